"""Replay: judge a reply log round by round, by the very functions the daemon calls, from nothing but the log."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any, Final

from prober.fingerprint.fingerprint import fingerprint
from prober.incidents.lifecycle import Circumstances, decide
from prober.judging import facts
from prober.judging.explain.findings import RECENT, ROUNDS, find
from prober.judging.facts.readings import read
from prober.judging.judge import advance
from prober.judging.memory import USUAL, Memory
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.loading.reply_log import LoggedReply
from prober.loading.round_labels import moment_of, sortable
from prober.model.decision import Decision
from prober.model.declaration import Probe, Severity
from prober.model.evidence import Between, Fact, Findings, Fingerprint, Judgement, Observation, Round, Verdict
from prober.model.incident import Change, Course, IncidentKind
from prober.model.reference import ReferenceRule

PATIENCE: Final = 12
"""Rounds after an alarm that are checked; fewer do not show whether the change stays."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One change found."""

    round: str
    onset: str
    kind: IncidentKind
    severity: Severity
    """By the default rules."""
    e_value: float
    verdicts: tuple[Verdict, ...]
    """Verdicts of the channels that moved, strongest first."""
    persistent: bool | None
    """Whether the rounds after it stay changed; None where there are too few of them to tell."""
    onset_between: Between | None
    """Where the onset is with 90 % belief."""
    findings: Findings
    """What the replies show, before the onset and from it up to the round of the alarm."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the judge would have said of one endpoint."""

    endpoint: str
    rounds: int
    reference_rounds: int
    """Rounds in the first reference; 0 where it was never complete."""
    promise: Promise
    alarms: tuple[Alarm, ...]
    judgements: tuple[Judgement, ...]
    """One a round."""
    facts: tuple[Fact, ...] = ()
    """Facts: what the provider reports, and what is deterministic; not part of the promise."""
    cached: int = 0
    """Replies that a cache gave in place of the model; they are not judged."""


def rounds_of(
    replies: Iterable[LoggedReply], read: Callable[[LoggedReply], Fingerprint] | None = None
) -> dict[str, list[Round]]:
    """Endpoint → its rounds in the order of what their labels mean. `read` fingerprints one answered reply.

    Raises ConfigurationError where labels of one endpoint are of several kinds.
    """
    read = read or _fingerprint
    gathered: dict[str, dict[str, list[Observation]]] = {}
    samples: dict[tuple[str, str, str], int] = {}
    for logged in replies:
        series = series_of(logged)
        place = (logged.endpoint, logged.round, series)
        sample = samples[place] = samples.get(place, -1) + 1
        print_ = read(logged) if logged.reply.answered else None
        observation = Observation(series, logged.probe, sample, logged.reply, print_)
        gathered.setdefault(logged.endpoint, {}).setdefault(logged.round, []).append(observation)
    return {endpoint: _in_order(endpoint, by_round) for endpoint, by_round in gathered.items()}


def _in_order(endpoint: str, by_round: Mapping[str, list[Observation]]) -> list[Round]:
    """The rounds in the order that their labels mean; rounds of the same moment become one."""
    labels = sortable(by_round)
    merged: dict[str, list[Observation]] = {}
    names: dict[str, str] = {}
    for label, observations in by_round.items():
        merged.setdefault(labels[label], []).extend(observations)
        if labels[label] != label and moment_of(label) is None:
            names.setdefault(labels[label], label)
    if len(merged) < len(by_round):
        merged = {label: list(_numbered(observations)) for label, observations in merged.items()}
    return [
        Round(label, endpoint, moment_of(label), tuple(observations), names.get(label, ""))
        for label, observations in sorted(merged.items())
    ]


def _numbered(observations: Iterable[Observation]) -> Iterator[Observation]:
    samples: Counter[str] = Counter()
    for one in observations:
        yield dataclasses.replace(one, sample=samples[one.series])
        samples[one.series] += 1


def rounds_per_year(rounds: Sequence[Round]) -> float:
    """From the median distance of the rounds' times; daily where labels are no times."""
    times = [r.at for r in rounds if r.at is not None]
    gaps = [(later - earlier).total_seconds() / 3600 for earlier, later in pairwise(times)]
    typical = median(gaps) if gaps else 24.0
    return round(HOURS_PER_YEAR / typical, 2) if typical > 0 else 365.25


def replay(rounds: Sequence[Round], promise: Promise, are_dismissed: bool = False) -> Replayed:
    """Judge the rounds of one endpoint in order; after an alarm a new epoch begins at its onset, or, where alarms
    `are_dismissed`, all rounds so far become the reference."""
    judged = list(_judge(rounds, promise, are_dismissed))
    judgements = tuple(judgement for judgement, _ in judged)
    alarms = [alarm for _, alarm in judged if alarm is not None]
    reference = next((i + 1 for i, j in enumerate(judgements[1:]) if j.state != "insufficient_evidence"), 0)
    cached = sum(bool(one.reply.cached_by) for round_ in rounds for one in round_.observations)
    found_facts = tuple(facts_of(rounds))
    found = Replayed(
        rounds[0].endpoint, len(rounds), reference, promise, tuple(alarms), judgements, found_facts, cached
    )
    return _as_named(found, {round_.label: round_.name for round_ in rounds if round_.name})


def _as_named(found: Replayed, names: Mapping[str, str]) -> Replayed:
    """With the names that the log gives its rounds in place of labels that sort."""

    def name(label: str) -> str:
        return names.get(label, label)

    def of_alarm(one: Alarm) -> Alarm:
        onset = one.onset_between and (name(one.onset_between[0]), name(one.onset_between[1]))
        return dataclasses.replace(one, round=name(one.round), onset=name(one.onset), onset_between=onset)

    if not names:
        return found
    return dataclasses.replace(
        found,
        alarms=tuple(map(of_alarm, found.alarms)),
        judgements=tuple(dataclasses.replace(one, round=name(one.round)) for one in found.judgements),
        facts=tuple(dataclasses.replace(one, round=name(one.round)) for one in found.facts),
    )


def facts_of(rounds: Sequence[Round]) -> Iterator[Fact]:
    """The facts of the rounds of one endpoint. Nobody can ask again, so replies of a log confirm one another."""
    memory = facts.FactMemory()
    for round_ in rounds:
        memory, news = facts.advance(memory, read(round_))
        yield from news


def promise_for(
    rounds: Sequence[Round],
    declared: Promise | None,
    reference: ReferenceRule | int | None = None,
    false_alarms_per_year: float | None = None,
    per_year: float | None = None,
) -> Promise:
    """The promise that the rounds of one endpoint are judged under: what is asked for, else as `declared`, else one
    false alarm a year, and rounds as often as their times say."""
    found = declared or Promise(rounds_per_year=rounds_per_year(rounds))
    asked: dict[str, Any] = {
        "reference": reference_of(reference) if isinstance(reference, int) else reference,
        "false_alarms_per_year": false_alarms_per_year,
        "rounds_per_year": per_year,
    }
    return dataclasses.replace(found, **{name: value for name, value in asked.items() if value is not None})


def noted(replies: Iterable[LoggedReply], promises: dict[str, Promise]) -> Iterator[LoggedReply]:
    """The replies; what they carry as promise of an endpoint is put into `promises` as they go by."""
    for logged in replies:
        if (promise := Promise.of_json(logged.extra.get("promise"))) is not None:
            promises[logged.endpoint] = promise
        yield logged


def reference_of(rounds: int) -> ReferenceRule:
    """The rule "the first N rounds, whatever their span"."""
    return ReferenceRule.model_construct(rounds=rounds, hours=0.0)


def _judge(rounds: Sequence[Round], promise: Promise, are_dismissed: bool) -> Iterator[tuple[Judgement, Alarm | None]]:
    """Each round's judgement; with an alarm, what the old epoch says of the rounds after it."""
    memory, start = Memory(), 0
    for i, round_ in enumerate(rounds):
        memory, judgement = advance(memory, round_, _history(rounds, start, i + 1), promise)
        decision = _decided(None, judgement, rounds[start : i + 1])
        incident = decision.incident
        if not isinstance(incident, Change) or decision.event != "opened":
            yield judgement, None
            continue
        onset = next(k for k in range(i + 1) if rounds[k].label == incident.onset)
        if judgement.is_provisional:
            yield judgement, _alarm(incident, incident.course)
            continue  # the memory itself begins anew at the break
        course = _course(incident, memory, rounds[i + 1 : i + 1 + PATIENCE], promise)
        yield judgement, _alarm(incident, course)
        if are_dismissed:
            start, memory = _usual_from(rounds[start : i + 1], memory) + start, memory.after_false_alarm()
        else:
            # The rounds since the onset become reference, not evidence: judged again, they would only repeat the alarm.
            start, memory = onset, memory.anew()


def _usual_from(rounds: Sequence[Round], memory: Memory) -> int:
    """The first of the rounds that are the reference after a false alarm in the last one."""
    most, span = USUAL
    old = sum(one.label <= memory.reference_rounds[-1] for one in rounds)
    now = rounds[-1].at
    lately = 0 if now is None else sum(one.at is not None and one.at > now - span for one in rounds)
    return max(len(rounds) - max(most, old, lately), 0)


def _course(change: Change, memory: Memory, later: Sequence[Round], promise: Promise) -> Course:
    """Whether the change stays, from the rounds after the alarm under the old reference."""
    for round_ in later:
        memory, judgement = advance(memory, round_, _history([round_]), promise)
        decided = _decided(change, judgement, ()).incident
        change = decided if isinstance(decided, Change) else change
        if change.course != "unknown":
            break
    return change.course


def _decided(incident: Change | None, judgement: Judgement, rounds: Sequence[Round]) -> Decision:
    """As the daemon decides, with what the rounds of the epoch show. Times and names are of no account here."""
    given = Circumstances(look=lambda change: _look(change, rounds) if rounds else change.findings)
    return decide(incident, judgement, "", "", datetime.min.replace(tzinfo=UTC), given=given)


def _look(change: Change, rounds: Sequence[Round]) -> Findings:
    before = [round_ for round_ in rounds if round_.label < change.onset]
    since = [round_ for round_ in rounds if round_.label >= change.onset]
    first = change.onset if change.onset_between is None else change.onset_between[0]
    reference = [round_ for round_ in before if round_.label < first] or before
    series = {observation.series for round_ in since for observation in round_.observations}
    return find(change.moved, reference[:ROUNDS], since[-RECENT:], len(series))


def _alarm(incident: Change, course: Course) -> Alarm:
    return Alarm(
        round=incident.detected_round,
        onset=incident.onset,
        kind=incident.kind,
        severity=incident.severity,
        e_value=incident.e_value,
        verdicts=incident.moved,
        persistent={"persistent": True, "transient": False, "unknown": None}[course],
        onset_between=incident.onset_between,
        findings=incident.findings,
    )


def _history(
    rounds: Sequence[Round], start: int = 0, end: int | None = None
) -> Callable[[Collection[str]], Sequence[Round]]:
    def history(series: Collection[str]) -> Sequence[Round]:
        # Cut only when asked, which is seldom: a copy a round would cost the square of a long history.
        kept = (
            Round(r.label, r.endpoint, r.at, tuple(o for o in r.observations if o.series in series))
            for r in rounds[start:end]
        )
        return [r for r in kept if r.observations]

    return history


def series_of(logged: LoggedReply) -> str:
    """The log's own, or else a hash of probe, prompt and expectations: an edited prompt starts another series."""
    if logged.series:
        return logged.series
    checks = [check.model_dump_json() for check in logged.expect]
    content = "\x1f".join([logged.probe, logged.prompt or "", logged.system or "", *checks])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def probe_of(logged: LoggedReply) -> Probe:
    """The probe as far as the log tells."""
    return Probe.model_construct(id=logged.probe, prompt=logged.prompt, system=logged.system, expect=logged.expect)


def _fingerprint(logged: LoggedReply) -> Fingerprint:
    return fingerprint(logged.reply, probe_of(logged))
