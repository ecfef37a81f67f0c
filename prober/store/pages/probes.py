"""One probe then and now, and replies as dots of a map: bounded samples of the raw replies. Everything only reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice, pairwise
from statistics import median
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from prober.judging.explain.findings import said
from prober.judging.explain.probe import ProbeInformation, distributions, lay, of_probe
from prober.judging.memory import Memory, decode
from prober.model.declaration import Check
from prober.model.evidence import Observation
from prober.store.codec import unpack_judgement, unpack_observation, unpack_text
from prober.store.engine import Transaction
from prober.store.pages.page_views import AnswerView, CheckView, EmbeddingMap, MapDot, ProbePage, ProbeView
from prober.store.rows import UNKNOWN_PROMPT, EndpointRow, EpochRow, MemoryRow, ReplyRow, RoundRow, SeriesRow, WatchRow

ROUNDS: Final = 20
"""Rounds of a probe that are looked at on each side."""
REPLIES: Final = 400
"""Replies looked at on each side, at most."""
_ANSWERS: Final = 12
_EPOCHS: Final = 4
"""Newest epochs on the map."""
_MAP_ROUNDS: Final = 12
"""Rounds on the map, of either end of an epoch."""
_LATELY: Final = 40
"""Newest rounds in which the probes of an endpoint are looked for."""
_TEXT: Final = 200
"""Characters of a reply on the map."""


def probes(tx: Transaction, endpoint: str) -> tuple[ProbeView, ...]:
    """What the newest rounds asked, by name."""
    content = _content(tx, endpoint)
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
    content = _content(tx, endpoint)
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


def embedding_map(tx: Transaction, endpoint: str, probe: str | None = None, most: int = 300) -> EmbeddingMap:
    """Of one probe, or of all; the epochs share the dots alike."""
    content = _content(tx, endpoint)
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
            MapDot(dot, label, epoch, one.probe, one.sample, said(one.reply)[:_TEXT])
            for dot, (epoch, label, one) in zip(dots, alike, strict=True)
        ),
        shown,
    )


def _content(tx: Transaction, endpoint: str) -> str | None:
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


def _answers(then: Sequence[Observation], now: Sequence[Observation]) -> tuple[AnswerView, ...]:
    before, since = (Counter(said(one.reply) for one in side) for side in (then, now))
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
