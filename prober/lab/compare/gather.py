"""Two logs → the answers that can be compared, in places: side, round and stratum.

A stratum is what an answer may be held against: its probe where the logs share probes, everything where they do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from prober.fingerprint import fingerprint
from prober.loading.reply_log import LoggedReply, line_of
from prober.model.declaration import Check, Probe
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.evidence import Fingerprint

Key: TypeAlias = tuple[str, str, str]
"""Probe, prompt, system: an edited prompt is another probe. The last two are empty where a log does not say them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered ask."""

    key: Key
    candidate: bool
    round: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Gathered:
    """What can be compared."""

    answers: tuple[Answer, ...]
    """By key, side and round; the order does not depend on the order of the logs' lines."""
    paired: bool
    kinds: dict[tuple[bool, str], frozenset[Key]]
    """(candidate, round) → the probes asked in it, answered or not. Only rounds of one kind may change places."""
    same_endpoint: bool
    """Whether both logs are of one endpoint, so that who answers is evidence and not a choice."""
    failed: tuple[int, int]
    unmatched: int


def gather(reference: Iterable[LoggedReply], candidate: Iterable[LoggedReply]) -> Gathered:
    """Leave out failed asks, match probes, fingerprint the rest.

    Raises:
        ConfigurationError: a log holds several endpoints, so it is not one behaviour.
        NotEnough: a log holds no answer.
    """
    logs = [sorted(log, key=line_of) for log in (reference, candidate)]
    endpoints = [_one_endpoint(log, name) for log, name in zip(logs, ("reference", "candidate"), strict=True)]
    prompts = all(logged.prompt is not None for log in logs for logged in log)
    asked = [[(_key(logged, prompts), logged) for logged in log] for log in logs]
    answered = [[(key, logged) for key, logged in log if logged.reply.answered] for log in asked]
    keys = [{key for key, _ in log} for log in answered]
    shared = keys[0] & keys[1]
    kept = shared or keys[0] | keys[1]
    checks = _checks(answered)
    answers = [
        Answer(key, side == 1, logged.round, _fingerprint(logged, checks[key]))
        for side, log in enumerate(answered)
        for key, logged in log
        if key in kept
    ]
    rounds: dict[tuple[bool, str], set[Key]] = {}
    for side, log in enumerate(asked):
        for key, logged in log:
            if key in kept:
                rounds.setdefault((side == 1, logged.round), set()).add(key)
    return Gathered(
        answers=tuple(sorted(answers, key=lambda answer: (answer.key, answer.candidate, answer.round))),
        paired=bool(shared),
        kinds={place: frozenset(probes) for place, probes in rounds.items()},
        same_endpoint=endpoints[0] == endpoints[1],
        failed=(len(asked[0]) - len(answered[0]), len(asked[1]) - len(answered[1])),
        unmatched=len(keys[0] ^ keys[1]) if shared else 0,
    )


def _one_endpoint(log: Sequence[LoggedReply], name: str) -> str:
    endpoints = sorted({logged.endpoint for logged in log})
    if len(endpoints) > 1:
        shown = ", ".join(endpoint[:60] for endpoint in endpoints[:5])
        raise ConfigurationError(
            f"the {name} log holds replies of {len(endpoints)} endpoints ({shown}); give a log of one endpoint"
        )
    if not any(logged.reply.answered for logged in log):
        what = "no answered reply: every ask in it failed" if log else "no reply"
        raise NotEnough(f"the {name} log holds {what}; give a log with at least one answer")
    return endpoints[0]


def _key(logged: LoggedReply, prompts: bool) -> Key:
    return (logged.probe, (logged.prompt or "") if prompts else "", (logged.system or "") if prompts else "")


def _checks(answered: Sequence[Sequence[tuple[Key, LoggedReply]]]) -> dict[Key, tuple[Check, ...]]:
    """One yardstick for both sides of a probe: what the reference expects, else what the candidate does."""
    checks: dict[Key, tuple[Check, ...]] = {}
    for log in answered:
        for key, logged in log:
            checks[key] = checks.get(key) or logged.expect
    return checks


def _fingerprint(logged: LoggedReply, expect: tuple[Check, ...]) -> Fingerprint:
    probe = Probe.model_construct(id=logged.probe, prompt=logged.prompt, system=logged.system, expect=expect)
    return fingerprint(logged.reply, probe)
