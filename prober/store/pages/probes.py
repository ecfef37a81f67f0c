"""Probes as they are asked now, and bounded samples of their raw replies. Everything here only reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from prober.model.declaration import Check
from prober.model.evidence import Observation
from prober.store.codec import unpack_judgement, unpack_observation
from prober.store.engine import Transaction
from prober.store.rows import UNKNOWN_PROMPT, EndpointRow, EpochRow, ReplyRow, RoundRow, SeriesRow, WatchRow

ROUNDS: Final = 20
"""Rounds of a probe that are looked at on each side."""
REPLIES: Final = 400
"""Replies looked at on each side, at most."""
_LATELY: Final = 40
"""Newest rounds in which the probes of an endpoint are looked for."""
_EPOCHS: Final = 4
"""Newest epochs that are sampled."""
_ROUNDS_OF_EPOCH: Final = 12
"""Rounds sampled at either end of an epoch."""


@dataclass(frozen=True, slots=True)
class ProbeView:
    """A probe as its endpoint is asked it now."""

    probe: str
    """`set/probe id`."""
    series: str
    prompt: str
    system: str | None
    expect: tuple[Check, ...]


def probes(tx: Transaction, endpoint: str) -> tuple[ProbeView, ...]:
    """What the newest rounds asked, by name."""
    content = content_of(tx, endpoint)
    newest = (
        select(RoundRow.id, RoundRow.probe_set)
        .where(RoundRow.endpoint_hash == content, RoundRow.state == "completed")
        .order_by(col(RoundRow.label).desc())
        .limit(_LATELY)
    )
    last_of: dict[str, int] = {}
    for round_id, probe_set in tx.exec(newest):
        last_of.setdefault(probe_set, round_id)
    found = tx.exec(
        select(col(ReplyRow.probe), col(ReplyRow.series), SeriesRow)
        .join(SeriesRow, col(SeriesRow.series) == col(ReplyRow.series), isouter=True)
        .where(col(ReplyRow.round_id).in_(last_of.values()), col(ReplyRow.sample) == 0)
    )
    return tuple(sorted((_view(*one) for one in found), key=lambda view: view.probe))


def content_of(tx: Transaction, endpoint: str) -> str | None:
    """The hash of what the name means now."""
    here = select(EndpointRow.endpoint_hash).where(EndpointRow.name == endpoint, col(EndpointRow.current))
    return tx.exec(here).first()


def _view(probe: str, series: str, row: SeriesRow | None) -> ProbeView:
    if row is None:
        return ProbeView(probe, series, "", None, ())
    return ProbeView(
        probe,
        series,
        row.prompt or UNKNOWN_PROMPT,
        row.system,
        tuple(map(Check.model_validate, json.loads(row.expect))),
    )


def sample_of_probe(
    tx: Transaction, content: str, series: str, *, labels: Sequence[str] | None, after: Sequence[str] = ()
) -> list[tuple[str, Observation]]:
    """(label, answered reply) of one series: of the rounds with these labels, or of the newest of this epoch, which
    come after the reference where it is complete."""
    if labels is not None:
        which: tuple[ColumnElement[bool], ...] = (col(RoundRow.label).in_(labels),)
    else:
        watch = tx.get(WatchRow, content)
        which = (col(RoundRow.label) >= (watch.epoch_start if watch else ""),)
        which = (*which, *(col(RoundRow.label) > label for label in after))
    in_rounds = (
        select(col(RoundRow.id), col(RoundRow.label))
        .where(
            col(RoundRow.endpoint_hash) == content,
            col(RoundRow.state) == "completed",
            *which,
            select(ReplyRow.id).where(col(ReplyRow.round_id) == col(RoundRow.id), ReplyRow.series == series).exists(),
        )
        .order_by(col(RoundRow.label).desc())
        .limit(ROUNDS)
    )
    label_of = {round_id: label or "" for round_id, label in tx.exec(in_rounds)}
    found = tx.exec(
        select(ReplyRow)
        .where(col(ReplyRow.round_id).in_(label_of), ReplyRow.series == series)
        .order_by(col(ReplyRow.id).desc())
        .limit(REPLIES)
    )
    read = [(label_of[row.round_id], unpack_observation(row)) for row in found]
    return [(label, one) for label, one in read if one.reply.answered]


def newest_threshold(tx: Transaction, content: str) -> float | None:
    """Of the newest judgement of an endpoint; None before the first."""
    newest = tx.exec(
        select(RoundRow.judgement)
        .where(RoundRow.endpoint_hash == content, RoundRow.state == "completed")
        .order_by(col(RoundRow.label).desc())
        .limit(1)
    ).first()
    return None if newest is None else unpack_judgement(newest).threshold


@dataclass(frozen=True, slots=True)
class SampledReply:
    """A reply, and where it is kept."""

    epoch: str
    """Label with which its epoch starts; empty for the first."""
    round: str
    observation: Observation


def sample_of_epochs(tx: Transaction, endpoint: str, probe: str | None, most: int) -> list[SampledReply]:
    """Replies with a fingerprint, in the order of their rounds: of each of the newest epochs the first and the newest
    rounds. Of one probe, or of all; the epochs share the `most` replies alike."""
    content = content_of(tx, endpoint)
    if content is None:
        return []
    started = tx.exec(
        select(EpochRow.start_label).where(EpochRow.endpoint_hash == content).order_by(col(EpochRow.id).desc())
    )
    starts = ["", *reversed(list(islice(started, _EPOCHS - 1)))]
    share = max(most // (2 * len(starts)), 1)
    found: list[SampledReply] = []
    for start, end in zip(starts, [*starts[1:], "~"], strict=True):
        both = [
            *_end_of_epoch(tx, content, probe, (start, end), share, newest=False),
            *_end_of_epoch(tx, content, probe, (start, end), share, newest=True),
        ]
        once = {(label, one.series, one.sample): SampledReply(start, label, one) for label, one in both}
        found += once.values()
    return sorted(found, key=lambda one: one.round)


def _end_of_epoch(
    tx: Transaction, content: str, probe: str | None, within: tuple[str, str], most: int, *, newest: bool
) -> list[tuple[str, Observation]]:
    """(label, reply with a fingerprint) of the first or the newest rounds with labels in [start, end)."""
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
        .limit(_ROUNDS_OF_EPOCH)
    )
    label_of = {round_id: name or "" for round_id, name in tx.exec(in_rounds)}
    statement = select(ReplyRow).where(col(ReplyRow.round_id).in_(label_of), col(ReplyRow.fingerprint).is_not(None))
    if probe is not None:
        statement = statement.where(ReplyRow.probe == probe)
    # One sample of each probe, before a second of any.
    rows = tx.exec(statement.order_by(col(ReplyRow.sample), col(ReplyRow.id)).limit(most))
    return [(label_of[row.round_id], unpack_observation(row)) for row in rows]
