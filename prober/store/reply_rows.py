"""Row → the reply in its place."""

from __future__ import annotations

from prober.model.evidence import Observation
from prober.store.codec import unpack_fingerprint, unpack_reply
from prober.store.rows import ReplyRow


def observation(row: ReplyRow) -> Observation:
    return Observation(
        series=row.series,
        probe=row.probe,
        sample=row.sample,
        reply=unpack_reply(row.reply),
        fingerprint=unpack_fingerprint(row.fingerprint),
        place=row.place,
    )
