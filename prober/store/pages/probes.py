"""One probe then and now, from a bounded sample of its raw replies. Everything here only reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from prober.judging.explain.probe import Distribution, ProbeInformation, distributions, of_probe
from prober.judging.memory import Memory, decode
from prober.model.declaration import Check
from prober.model.evidence import Observation
from prober.store.codec import unpack_judgement, unpack_observation, unpack_text
from prober.store.engine import Transaction
from prober.store.rows import UNKNOWN_PROMPT, EndpointRow, MemoryRow, ReplyRow, RoundRow, SeriesRow, WatchRow

ROUNDS: Final = 20
"""Rounds of a probe that are looked at on each side."""
REPLIES: Final = 400
"""Replies looked at on each side, at most."""
_ANSWERS: Final = 12
_LATELY: Final = 40
"""Newest rounds in which the probes of an endpoint are looked for."""


@dataclass(frozen=True, slots=True)
class ProbeView:
    """A probe as its endpoint is asked it now."""

    probe: str
    """`set/probe id`."""
    series: str
    prompt: str
    system: str | None
    expect: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One text that a probe is answered with."""

    text: str
    """Hostile."""
    then: int
    """Of the replies of the reference looked at, how many say this."""
    now: int


@dataclass(frozen=True, slots=True)
class CheckView:
    """One expectation of a probe."""

    label: str
    then: float | None
    """Share of the replies of the reference that met it."""
    now: float | None


@dataclass(frozen=True, slots=True)
class ProbePage:
    """A probe then, in its reference, and now, in the newest rounds."""

    probe: ProbeView
    then: int
    """Answers of the reference that were looked at; 0 while it grows."""
    now: int
    """Answers of the newest rounds that were looked at."""
    since: str
    """Label of the first of these rounds; empty where there is none."""
    rounds: int
    """How many they are."""
    distributions: tuple[Distribution, ...]
    """One a channel that reads this probe, those that moved most first; none while the reference grows."""
    answers: tuple[AnswerView, ...]
    """The commonest answers, then and now together, at most twelve."""
    checks: tuple[CheckView, ...]
    information: ProbeInformation | None = None
    """What its replies can tell at all; None while the reference grows."""


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


def page(tx: Transaction, endpoint: str, probe: str) -> ProbePage | None:
    """None where the newest rounds asked no such probe."""
    shown = next((one for one in probes(tx, endpoint) if one.probe == probe), None)
    content = content_of(tx, endpoint)
    if shown is None or content is None:
        return None
    memory = _memory(tx, content)
    learnt = shown.series in memory.series
    then = _replies(tx, content, shown.series, labels=memory.reference_rounds[:ROUNDS] if learnt else ())
    now = _replies(tx, content, shown.series, labels=None, after=memory.reference_rounds[-1:] if learnt else ())
    recent = [one for _, one in now]
    labels = sorted({label for label, _ in now})
    return ProbePage(
        probe=shown,
        then=len(then),
        now=len(recent),
        since=labels[0] if labels else "",
        rounds=len(labels),
        distributions=distributions(memory, shown.series, recent) if learnt else (),
        answers=_answers([one for _, one in then], recent),
        checks=_checks([one for _, one in then], recent),
        information=_information(tx, content, memory, shown.series, then),
    )


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


def _memory(tx: Transaction, content: str) -> Memory:
    """What the judge remembers; nothing where that is not known, or not of this version."""
    kept = tx.get(MemoryRow, content)
    try:
        return Memory() if kept is None else decode(unpack_text(kept.memory))
    except (KeyError, TypeError, ValueError):
        return Memory()


def _information(
    tx: Transaction, content: str, memory: Memory, series: str, then: Sequence[tuple[str, Observation]]
) -> ProbeInformation | None:
    """As often as the reference was asked, against the threshold of the newest judgement."""
    begun = [datetime.fromisoformat(label) for label in sorted({label for label, _ in then})]
    newest = tx.exec(
        select(RoundRow.judgement)
        .where(RoundRow.endpoint_hash == content, RoundRow.state == "completed")
        .order_by(col(RoundRow.label).desc())
        .limit(1)
    ).first()
    if len(begun) < 2 or newest is None:
        return None
    gap = median((later - earlier) / timedelta(days=1) for earlier, later in pairwise(begun))
    threshold = unpack_judgement(newest).threshold
    return of_probe(memory, series, [one for _, one in then], len(begun), 1 / gap, threshold)


def _replies(
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


def _answers(then: Sequence[Observation], now: Sequence[Observation]) -> tuple[AnswerView, ...]:
    before, since = (Counter(one.reply.said for one in side) for side in (then, now))
    share = {text: before[text] / max(len(then), 1) + since[text] / max(len(now), 1) for text in {**before, **since}}
    common = sorted(share, key=lambda text: (-share[text], text))[:_ANSWERS]
    return tuple(AnswerView(text, before[text], since[text]) for text in common)


def _checks(then: Sequence[Observation], now: Sequence[Observation]) -> tuple[CheckView, ...]:
    before, since = _passes(then), _passes(now)
    return tuple(CheckView(label, before.get(label), since.get(label)) for label in {**before, **since})


def _passes(replies: Sequence[Observation]) -> dict[str, float]:
    """Check → share of the replies it could be judged on that met it."""
    outcomes: dict[str, list[bool]] = {}
    for one in replies:
        for name, outcome in (one.fingerprint.categories if one.fingerprint else {}).items():
            label = name.removeprefix("expectation.")
            if label not in (name, "all"):
                outcomes.setdefault(label, []).append(outcome == "pass")
    return {label: sum(passed) / len(passed) for label, passed in outcomes.items()}
