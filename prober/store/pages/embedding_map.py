"""Replies as dots of a map: a bounded sample of the raw replies. Everything here only reads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlmodel import col, select

from prober.judging.explain.probe import Dot, lay
from prober.model.evidence import Observation
from prober.store.codec import unpack_observation
from prober.store.engine import Transaction
from prober.store.pages.probes import content_of
from prober.store.rows import EpochRow, ReplyRow, RoundRow

_EPOCHS: Final = 4
"""Newest epochs on the map."""
_MAP_ROUNDS: Final = 12
"""Rounds on the map, of either end of an epoch."""
_TEXT: Final = 200
"""Characters of a reply on the map."""


@dataclass(frozen=True, slots=True)
class MapDot:
    """One reply on the map."""

    dot: Dot
    round: str
    epoch: str
    """Label with which its epoch starts; empty for the first."""
    probe: str
    sample: int
    text: str
    """The beginning of the reply. Hostile."""


@dataclass(frozen=True, slots=True)
class EmbeddingMap:
    """Replies in the plane in which they differ most; near means alike."""

    dots: tuple[MapDot, ...]
    """A bounded sample: of each of the newest epochs the first and the newest rounds."""
    shown: float
    """Share of all their differences that the plane shows."""


def embedding_map(tx: Transaction, endpoint: str, probe: str | None = None, most: int = 300) -> EmbeddingMap:
    """Of one probe, or of all; the epochs share the dots alike."""
    content = content_of(tx, endpoint)
    if content is None:
        return EmbeddingMap((), 0.0)
    started = tx.exec(
        select(EpochRow.start_label).where(EpochRow.endpoint_hash == content).order_by(col(EpochRow.id).desc())
    )
    starts = ["", *reversed(list(islice(started, _EPOCHS - 1)))]
    share = max(most // (2 * len(starts)), 1)
    placed: list[tuple[str, str, Observation]] = []
    for start, end in zip(starts, [*starts[1:], "~"], strict=True):
        both = [
            *_sample(tx, content, probe, (start, end), share, newest=False),
            *_sample(tx, content, probe, (start, end), share, newest=True),
        ]
        once = {(label, one.series, one.sample): (start, label, one) for label, one in both}
        placed += once.values()
    placed.sort(key=lambda one: one[1])
    # Vectors of different embedders are never compared: those of the newest reply's are shown.
    alike = [one for one in placed if _embedder(one[2]) == _embedder(placed[-1][2])]
    dots, shown = lay([vector for _, _, one in alike for vector in _vectors(one)[:1]])
    return EmbeddingMap(
        tuple(
            MapDot(dot, label, epoch, one.probe, one.sample, one.reply.said[:_TEXT])
            for dot, (epoch, label, one) in zip(dots, alike, strict=True)
        ),
        shown,
    )


def _sample(
    tx: Transaction, content: str, probe: str | None, within: tuple[str, str], most: int, *, newest: bool
) -> list[tuple[str, Observation]]:
    """(label, reply with a vector) of the first or the newest rounds with labels in [start, end)."""
    label = col(RoundRow.label)
    in_rounds = (
        select(col(RoundRow.id), label)
        .where(
            col(RoundRow.endpoint_hash) == content,
            col(RoundRow.state) == "completed",
            label >= within[0],
            label < within[1],
        )
        .order_by(label.desc() if newest else label)
        .limit(_MAP_ROUNDS)
    )
    label_of = {round_id: name or "" for round_id, name in tx.exec(in_rounds)}
    statement = select(ReplyRow).where(col(ReplyRow.round_id).in_(label_of), col(ReplyRow.fingerprint).is_not(None))
    if probe is not None:
        statement = statement.where(ReplyRow.probe == probe)
    # One sample of each probe, before a second of any.
    rows = tx.exec(statement.order_by(col(ReplyRow.sample), col(ReplyRow.id)).limit(most))
    read = [(label_of[row.round_id], unpack_observation(row)) for row in rows]
    return [(name, one) for name, one in read if _vectors(one)]


def _vectors(one: Observation) -> list[tuple[float, ...]]:
    return [] if one.fingerprint is None else list(one.fingerprint.vectors.values())


def _embedder(one: Observation) -> tuple[object, ...]:
    """What made its vector: the name, library and weights."""
    if one.fingerprint is None:
        return ()
    (name, vector), *_ = one.fingerprint.vectors.items()
    return name, len(vector), one.fingerprint.categories.get("embedding.source")
