"""One probe then and now, and the map of replies, from bounded samples of raw replies. Everything here only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final, Literal

from prober.judging.channels import CHANNELS
from prober.judging.explain.probe import Distribution, Dot, ProbeInformation, distributions, lay, of_probe, unread
from prober.judging.explain.summary import as_shown, round_value
from prober.judging.memory import Memory, decode
from prober.judging.reference import outcomes
from prober.model.evidence import Observation
from prober.store import judge_state, replies
from prober.store.engine import Transaction
from prober.store.pages.probes import (
    ROUNDS,
    ProbeView,
    SampledReply,
    content_of,
    newest_threshold,
    probes,
    sample_of_epochs,
    sample_of_probe,
)

_ANSWERS: Final = 12
_TEXT: Final = 200
"""Characters of a reply on the map."""
_DAY: Final = len("2026-01-29")
"""How many characters of a round's label are its day."""
_MOST_A_DAY: Final = 50
"""Rounds of one day that a band looks at."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One text that a probe is answered with."""

    text: str
    """Hostile."""
    then: int
    """How many of the looked-at replies of the reference say this."""
    now: int


@dataclass(frozen=True, slots=True)
class CheckView:
    """One expectation of a probe."""

    label: str
    then: float | None
    """Share of the replies of the reference that met it."""
    now: float | None
    judged_then: int = 0
    """Replies of the reference on which it could be judged."""
    judged_now: int = 0


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
    unread: tuple[str, ...] = ()
    """Channels that are judged at this endpoint, but not for this probe."""


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


def probe_page(tx: Transaction, endpoint: str, probe: str) -> ProbePage | None:
    """None where the newest rounds asked no such probe."""
    shown = next((one for one in probes(tx, endpoint) if one.probe == probe), None)
    content = content_of(tx, endpoint)
    if shown is None or content is None:
        return None
    memory = _memory(tx, content)
    learnt = shown.series in memory.series
    then = sample_of_probe(tx, content, shown.series, labels=memory.reference_rounds[:ROUNDS] if learnt else ())
    now = sample_of_probe(tx, content, shown.series, labels=None, after=memory.reference_rounds[-1:] if learnt else ())
    recent = [one for _, one in now]
    labels = sorted({label for label, _ in now})
    return ProbePage(
        probe=shown,
        then=len(then),
        now=len(recent),
        since=labels[0] if labels else "",
        rounds=len(labels),
        distributions=distributions(memory, shown.series, [one for _, one in then], recent) if learnt else (),
        answers=_answers([one for _, one in then], recent),
        checks=_checks([one for _, one in then], recent),
        information=_information(tx, content, memory, shown.series, then),
        unread=unread(memory, shown.series) if learnt else (),
    )


@dataclass(frozen=True, slots=True)
class Band:
    """Between which values of a channel the rounds of the reference lay; its days, where a day is one step."""

    probe_set: str
    low: float
    high: float
    steps: int
    """Rounds, or days, that were looked at."""
    begin: str
    """Label of the first of them."""
    step: Literal["round", "day"] = "round"


def reference_bands(tx: Transaction, endpoint: str, channel: str) -> tuple[Band, ...]:
    """One a probe set; none while the reference grows, or where its replies were deleted. Reads about 600 replies."""
    content = content_of(tx, endpoint)
    memory = _memory(tx, content) if content else Memory()
    held = memory.channels.get(channel)
    if content is None or held is None or channel not in CHANNELS or not memory.reference_rounds:
        return ()
    row, length = CHANNELS[channel], _DAY if memory.by_day else None
    wanted = frozenset(label[:length] for label in memory.reference_rounds)  # of a day, its first round alone
    most = len(wanted) * (_MOST_A_DAY if memory.by_day else 1)
    read: dict[tuple[str, str], list[Observation]] = {}
    for one in replies.first_rounds(tx, content, memory.series, min(memory.reference_rounds), None, most):
        if one.label[:length] in wanted and one.observations:
            of_set = one.observations[0].probe.rpartition("/")[0]
            read.setdefault((of_set, one.label[:length]), []).extend(one.observations)
    values: dict[str, list[tuple[str, float]]] = {}
    for (of_set, label), observations in read.items():
        if found := outcomes(row, held, observations):
            value = as_shown(row, held, round_value(replace(held, pending=tuple(found))))
            values.setdefault(of_set, []).append((label, value))
    return tuple(
        Band(
            name, min(value for _, value in of), max(value for _, value in of), len(of), min(of)[0],
            "day" if memory.by_day else "round",
        )
        for name, of in sorted(values.items())
        if len(of) > 1
    )  # fmt: skip


def judged_by_day(tx: Transaction, endpoint: str) -> bool:
    """Whether the rounds of one day are one step of the statistic, so that a single round has no value."""
    content = content_of(tx, endpoint)
    return content is not None and _memory(tx, content).by_day


def embedding_map(tx: Transaction, endpoint: str, probe: str | None = None, most: int = 300) -> EmbeddingMap:
    """Of one probe, or of all; the epochs share the dots alike."""
    placed = [one for one in sample_of_epochs(tx, endpoint, probe, most) if _vectors(one.observation)]
    # Vectors of different embedders are never compared: those of the newest reply's are shown.
    alike = [one for one in placed if _embedder(one.observation) == _embedder(placed[-1].observation)]
    dots, shown = lay([_vectors(one.observation)[0] for one in alike])
    return EmbeddingMap(tuple(_map_dot(dot, one) for dot, one in zip(dots, alike, strict=True)), shown)


def _map_dot(dot: Dot, sampled: SampledReply) -> MapDot:
    one = sampled.observation
    return MapDot(dot, sampled.round, sampled.epoch, one.probe, one.sample, one.reply.said[:_TEXT])


def _memory(tx: Transaction, content: str) -> Memory:
    """What the judge remembers; nothing where that is not known, or not of this version."""
    try:
        kept = judge_state.memory(tx, content)
        return Memory() if kept is None else decode(kept)
    except (KeyError, TypeError, ValueError):
        return Memory()


def _information(
    tx: Transaction, content: str, memory: Memory, series: str, then: Sequence[tuple[str, Observation]]
) -> ProbeInformation | None:
    """As often as the reference was asked, against the threshold of the newest judgement."""
    begun = [datetime.fromisoformat(label) for label in sorted({label for label, _ in then})]
    threshold = newest_threshold(tx, content)
    if len(begun) < 2 or threshold is None:
        return None
    gap = median((later - earlier) / timedelta(days=1) for earlier, later in pairwise(begun))
    return of_probe(memory, series, [one for _, one in then], len(begun), 1 / gap, threshold)


def _answers(then: Sequence[Observation], now: Sequence[Observation]) -> tuple[AnswerView, ...]:
    before, since = (Counter(one.reply.said for one in side) for side in (then, now))
    share = {text: before[text] / max(len(then), 1) + since[text] / max(len(now), 1) for text in {**before, **since}}
    common = sorted(share, key=lambda text: (-share[text], text))[:_ANSWERS]
    return tuple(AnswerView(text, before[text], since[text]) for text in common)


def _checks(then: Sequence[Observation], now: Sequence[Observation]) -> tuple[CheckView, ...]:
    before, since = _passes(then), _passes(now)
    return tuple(_check(label, before.get(label, []), since.get(label, [])) for label in {**before, **since})


def _check(label: str, then: Sequence[bool], now: Sequence[bool]) -> CheckView:
    return CheckView(label, _share(then), _share(now), len(then), len(now))


def _share(passed: Sequence[bool]) -> float | None:
    return sum(passed) / len(passed) if passed else None


def _passes(replies: Sequence[Observation]) -> dict[str, list[bool]]:
    """Check → of each reply it could be judged on, whether it met it."""
    outcomes: dict[str, list[bool]] = {}
    for one in replies:
        for name, outcome in (one.fingerprint.categories if one.fingerprint else {}).items():
            label = name.removeprefix("expectation.")
            if label not in (name, "all"):
                outcomes.setdefault(label, []).append(outcome == "pass")
    return outcomes


def _vectors(one: Observation) -> list[tuple[float, ...]]:
    return [] if one.fingerprint is None else list(one.fingerprint.vectors.values())


def _embedder(one: Observation) -> tuple[object, ...]:
    """What made its vector: the name, library and weights."""
    if one.fingerprint is None:
        return ()
    (name, vector), *_ = one.fingerprint.vectors.items()
    return name, len(vector), one.fingerprint.categories.get("embedding.source")
