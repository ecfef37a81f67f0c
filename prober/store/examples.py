"""Before and after: for the series that moved, a typical reference reply beside a typical changed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from sqlmodel import Session, col, func, select

from prober.incidents import Incident
from prober.notice import Comparison
from prober.reply import Reply
from prober.store.codec import unpack_reply
from prober.store.rows import EpochRow, ReplyRow, RoundRow, SeriesRow

_READ = 50
"""Replies of a series read on each side: enough to know the commonest, few enough for a page that is looked at."""


def examples(session: Session, incident: Incident, limit: int) -> tuple[Comparison, ...]:
    """One comparison a series, strongest channel first. A series where no reply differs is left out."""
    found: list[Comparison] = []
    for series in dict.fromkeys(series for verdict in incident.verdicts for series in verdict.series):
        if len(found) >= limit:
            break
        comparison = _compare(session, incident, series)
        if comparison is not None:
            found.append(comparison)
    return tuple(found)


def _compare(session: Session, incident: Incident, series: str) -> Comparison | None:
    start = _epoch_start(session, incident)
    before = _read(session, incident, series, start, incident.onset)
    after = _read(session, incident, series, incident.onset, _next_epoch_start(session, incident))
    if not before or not after:
        return None
    reference = _typical([_shown(reply) for _, reply in before])
    changed = [text for _, reply in after if (text := _shown(reply)) != reference]
    if not changed:
        return None
    asked = session.get(SeriesRow, series)
    return Comparison(
        probe=after[0][0], prompt=asked.prompt if asked else "", reference=reference, recent=_typical(changed)
    )


def _read(session: Session, incident: Incident, series: str, start: str, end: str | None) -> list[tuple[str, Reply]]:
    """(probe, reply) of the first rounds from label `start` up to, not including, `end`."""
    statement = (
        select(ReplyRow.probe, ReplyRow.reply)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(ReplyRow.series) == series,
            col(RoundRow.endpoint_hash) == incident.endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= start,
            col(ReplyRow.fingerprint).is_not(None),  # asks that failed have none
        )
        .order_by(col(RoundRow.label), col(ReplyRow.id))
        .limit(_READ)
    )
    if end is not None:
        statement = statement.where(col(RoundRow.label) < end)
    return [(probe, unpack_reply(packed)) for probe, packed in session.exec(statement)]


def _epoch_start(session: Session, incident: Incident) -> str:
    """Of the epoch the reference belongs to: an accepted incident starts a new one at its onset."""
    latest = select(func.max(EpochRow.start_label)).where(
        col(EpochRow.endpoint_hash) == incident.endpoint_hash, col(EpochRow.start_label) < incident.onset
    )
    return session.exec(latest).one() or ""


def _next_epoch_start(session: Session, incident: Incident) -> str | None:
    return session.exec(
        select(func.min(EpochRow.start_label)).where(
            col(EpochRow.endpoint_hash) == incident.endpoint_hash, col(EpochRow.start_label) > incident.onset
        )
    ).one()


def _typical(texts: Sequence[str]) -> str:
    """The commonest; among equally common ones the one nearest to the median length, then the earliest."""
    counts = Counter(texts)
    middle = median(map(len, texts))
    return max(counts, key=lambda text: (counts[text], -abs(len(text) - middle)))


def _shown(reply: Reply) -> str:
    """What a person would call the answer."""
    calls = (f"{call.name}({call.arguments})" for call in reply.tool_calls)
    return reply.text or reply.refusal or "\n".join(calls)
