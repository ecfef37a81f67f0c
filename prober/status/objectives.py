"""What was declared, against what came: objectives of probe sets, and the promise about false alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prober.judging.objectives import PAUSE_DAYS, Batch, Standing, judge
from prober.judging.promise import chance
from prober.model.declaration import ProbeSet
from prober.model.objective import Measure, Objective
from prober.store.declared import AskedSet, probe_sets
from prober.store.engine import Transaction
from prober.store.pages.deliveries import AlarmsOfEndpoint, alarms
from prober.store.pages.objectives import Took, counts_of_set, took_of_set

_LIMIT: Final[Mapping[Measure, tuple[Callable[[Objective], float | None], Callable[[Took], float | None]]]] = {
    "faster_than": (lambda declared: declared.seconds, lambda answer: answer.seconds),
    "cheaper_than": (lambda declared: declared.dollars, lambda answer: answer.dollars),
}
"""Measure → (its limit, what an answer took)."""
_GOOD: Final[Mapping[Measure, tuple[str, str]]] = {
    "passed": ("checked", "passed"), "right": ("keyed", "right"), "refused": ("answered", "refused"),
    "answered": ("asked", "answered"),
}  # fmt: skip
"""Measure → (what is counted, what of it is so)."""


@dataclass(frozen=True, slots=True)
class ObjectiveStatus:
    """One objective of one set on one endpoint."""

    probe_set: str
    endpoint: str
    objective: Objective
    standing: Standing


def stored_objectives(tx: Transaction, now: datetime) -> tuple[ObjectiveStatus, ...]:
    """Of every set as it was declared last."""
    return objectives(tx, probe_sets(tx), now)


def objectives(tx: Transaction, sets: Iterable[ProbeSet | AskedSet], now: datetime) -> tuple[ObjectiveStatus, ...]:
    """In the order of their declaration. Only reads."""
    found = []
    for probe_set in sets:
        # The alert remembers longer than a short window.
        sinces = [
            now - max(timedelta(seconds=one.window_s), timedelta(days=PAUSE_DAYS)) for one in probe_set.objectives
        ]
        is_timed = any(one.measure in _LIMIT for one in probe_set.objectives)
        # Read once for all objectives of the set.
        read = {
            endpoint: (
                counts_of_set(tx, endpoint, probe_set.name, min(sinces)),
                took_of_set(tx, endpoint, probe_set.name, min(sinces)) if is_timed else (),
            )
            for endpoint in (probe_set.endpoints if sinces else ())
        }
        for objective, since in zip(probe_set.objectives, sinces, strict=True):
            for endpoint, (counted, took) in read.items():
                batches = (
                    [_limited(at, answers, objective) for at, answers in took if at >= since]
                    if objective.measure in _LIMIT
                    else [_counted(at, counts, objective) for at, counts in counted if at >= since]
                )
                window = timedelta(seconds=objective.window_s)
                standing = judge(batches, objective.allowed, window, _rounds_a_day(batches))
                found.append(ObjectiveStatus(probe_set.name, endpoint, objective, standing))
    return tuple(found)


def exit_code(found: Iterable[ObjectiveStatus]) -> int:
    """1 where one is missed or its budget burns; else 3 where there are too few replies; else 0."""
    states = {one.standing.state for one in found}
    return 1 if states & {"missed", "burning"} else 3 if not states or "too_few" in states else 0


def _counted(at: datetime, counts: Mapping[str, int], objective: Objective) -> Batch:
    of, so = (counts[name] for name in _GOOD[objective.measure])
    return _batch(at, of, so, objective)


def _limited(at: datetime, answers: Sequence[Took], objective: Objective) -> Batch:
    limit_of, took_of = _LIMIT[objective.measure]
    limit = limit_of(objective) or 0.0
    known = [took for one in answers if (took := took_of(one)) is not None]
    return _batch(at, len(known), sum(took <= limit for took in known), objective)


def _batch(at: datetime, of: int, so: int, objective: Objective) -> Batch:
    return Batch(at, of, so if objective.at_least is None else of - so)


def _rounds_a_day(batches: list[Batch]) -> float:
    """How many rounds a day there have been; one where that is not known yet."""
    if len(batches) < 2:
        return 1.0
    days = (batches[-1].at - batches[0].at) / timedelta(days=1)
    return (len(batches) - 1) / days if days > 0 else 1.0


_STAYED: Final = ("accepted", "superseded")


@dataclass(frozen=True, slots=True)
class PromiseView:
    """What was promised of an endpoint, and what happened."""

    endpoint: str
    false_alarms_per_year: float
    """As declared."""
    judged: int
    """Rounds judged against a complete reference, ever."""
    promised: float
    """False alarms that these rounds may raise at most, on average: the sum over rounds of 1 / threshold."""
    alarms: int
    """Changes that people were notified of."""
    stayed: int
    """How many of these a person accepted, or changed again later: certainly no false alarms."""
    unclear: int
    """How many of these are open still, or were ended by a new reference."""
    gone: int
    """How many of these ended by themselves: a change that passed, or a false alarm. Nobody can tell."""
    false: int
    """How many of these are false alarms, as a person says."""
    chance: float
    """P(at least so many of `gone` and `false` | false alarms come at the promised rate): small where the promise is in
    doubt."""

    @property
    def kept(self) -> bool:
        """Whether even if all that went away by themselves were false too, the promise is not in doubt (at 1 %).

        One alone never puts it in doubt: in the first days any false alarm is improbable, and many endpoints are looked
        at.
        """
        return self.gone + self.false <= max(1.0, self.promised) or self.chance >= 0.01


def promises(tx: Transaction) -> tuple[PromiseView, ...]:
    """Of every endpoint as declared last, by name, over all that was asked under its name."""
    return tuple(map(_promise_view, alarms(tx)))


def _promise_view(found: AlarmsOfEndpoint) -> PromiseView:
    total = sum(found.ends.values())
    gone, false = (found.ends.get(reason, 0) for reason in ("recovered", "dismissed"))
    stayed = sum(found.ends.get(reason, 0) for reason in _STAYED)
    return PromiseView(
        endpoint=found.endpoint,
        false_alarms_per_year=found.false_alarms_per_year,
        judged=found.judged,
        promised=found.promised,
        alarms=total,
        stayed=stayed,
        unclear=total - gone - false - stayed,
        gone=gone,
        false=false,
        chance=chance(gone + false, found.promised),
    )
