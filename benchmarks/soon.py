"""How soon a change is called, in minutes: README's plan, asked again as the daemon does, on a simulated clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product
from math import inf
from statistics import median
from typing import Final

import numpy as np
from scipy.special import gammaincinv

from benchmarks.part import ALARM, DAYS, JUDGE, ODD, Effort, Found, Part, once, statistic
from prober.fingerprint.fingerprint import fingerprint
from prober.incidents.confirmation import confirm
from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.model.declaration import Check, Probe
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reference import Confirm, ReferenceRule
from prober.model.reply import Reply
from prober.model.watch import Suspicion

START: Final = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
ROUND: Final = timedelta(seconds=10)
"""How long a round takes to ask."""
QUIET: Final = 10
"""Rounds between the end of the reference and the change."""
LATEST: Final = 60
"""Scheduled rounds after which a change counts as not found."""
EVERY_H: Final = (6.0, 1.0)
SEEDS: Final = 20
ALONE_SEEDS: Final = 8
"""Of these, without confirmation as well."""
STILL_DAYS: Final = 60
STILL_WORLDS: Final = {6.0: 60, 1.0: 12}
"""Endpoints of each kind that never change, by cadence."""
COLOUR: Final = Probe(id="colour", prompt="Pick a colour. Answer with one word.", samples=3)
INVOICE: Final = Probe(
    id="invoice",
    prompt="Return JSON with the keys name and total: Ada owes twelve euros.",
    expect=(Check(type="is-json"),),
)

Pool = Mapping[str, float]
"""Text → weight."""
OLD_COLOURS: Final[Pool] = {"Blue": 62, "Red": 14, "Green": 10, "Teal": 6, "Purple": 4, "Orange": 2, "Yellow": 1}
NEW_COLOURS: Final[Pool] = {"Cerulean": 45, "Green": 20, "Azure.": 20, "Blue": 15}
OLD_JSON: Final[Pool] = {
    '{"name": "Ada", "total": 12}': 70,
    '{"name": "Ada", "total": 12.0}': 15,
    '{"name": "Ada", "total": "12 euros"}': 10,
    '{"name":"Ada","total":12}': 5,
}
NEW_JSON: Final[Pool] = {
    '{\n  "name": "Ada",\n  "total": 12\n}': 60,
    '{\n  "name": "Ada",\n  "total": "€12"\n}': 25,
    '{"name": "Ada", "total": 12}': 15,
}
FENCED: Final[Pool] = {f"```json\n{text}\n```": weight for text, weight in OLD_JSON.items()}


@dataclass(frozen=True)
class Behaviour:
    """How an endpoint answers."""

    colours: Pool = field(default_factory=lambda: OLD_COLOURS)
    json: Pool = field(default_factory=lambda: OLD_JSON)
    model: str = "small-1"
    fingerprints: tuple[str, ...] = ("fp_1",)
    """One a round, at random."""


STILL: Final = Behaviour()
ALTERNATING: Final = replace(STILL, fingerprints=tuple(f"fp_{i}" for i in range(5)))
CHANGES: Final[Mapping[str, tuple[Behaviour, Behaviour]]] = {
    "full swap of both probes": (STILL, replace(STILL, colours=NEW_COLOURS, json=NEW_JSON)),
    "one probe only: colours": (STILL, replace(STILL, colours=NEW_COLOURS)),
    "JSON in a fence, its check fails": (STILL, replace(STILL, json=FENCED)),
    "another model name": (STILL, replace(STILL, model="small-2")),
    "five fingerprints alternating by round, all replaced": (
        ALTERNATING,
        replace(ALTERNATING, fingerprints=tuple(f"fp_new_{i}" for i in range(5))),
    ),
}
"""Name → (before, after)."""
Answers = Callable[[datetime], Behaviour]
"""Which behaviour answers a round at that time."""


def taking_turns(seed: int, lasts: timedelta) -> Answers:
    """Three replicas that answer a little differently; one is drawn anew for every stretch of that length."""
    rng = np.random.default_rng([seed, 1])
    replicas = [Behaviour(_near(rng, OLD_COLOURS), _near(rng, OLD_JSON), fingerprints=(f"fp_{i}",)) for i in range(3)]

    def answers(at: datetime) -> Behaviour:
        stretch = int((at - START) / lasts)
        return replicas[int(np.random.default_rng([seed, stretch]).integers(len(replicas)))]

    return answers


def _near(rng: np.random.Generator, pool: Pool) -> Pool:
    total = sum(pool.values())
    shares = rng.dirichlet([20 * weight / total for weight in pool.values()])
    return dict(zip(pool, map(float, shares), strict=True))


STILL_KINDS: Final[Mapping[str, Callable[[int], Answers]]] = {
    "independent replies": lambda seed: lambda at: STILL,
    "three replicas, one for ten minutes": lambda seed: taking_turns(seed, timedelta(minutes=10)),
    "three replicas, one for an hour": lambda seed: taking_turns(seed, timedelta(hours=1)),
    "three replicas, one for a day": lambda seed: taking_turns(seed, timedelta(days=1)),
}


def ask(rng: np.random.Generator, behaviour: Behaviour, at: datetime) -> Round:
    """One round."""
    system_fingerprint = behaviour.fingerprints[int(rng.integers(len(behaviour.fingerprints)))]
    observations = []
    for probe, pool in ((COLOUR, behaviour.colours), (INVOICE, behaviour.json)):
        shares = np.array(list(pool.values()), dtype=np.float64)
        for sample in range(probe.samples):
            text = list(pool)[int(rng.choice(len(shares), p=shares / shares.sum()))]
            print_ = _read(text, behaviour.model, system_fingerprint, probe.id)
            observations.append(Observation(probe.id, probe.id, sample, _REPLY, print_))
    return Round(at.isoformat(), "simulated", at, tuple(observations))


_REPLY = Reply(at=START, text="")


@lru_cache(maxsize=10_000)
def _read(text: str, model: str, system_fingerprint: str, probe: str) -> Fingerprint:
    reply = Reply(at=START, text=text, model=model, system_fingerprint=system_fingerprint, finish_reason="stop")
    return fingerprint(reply, COLOUR if probe == COLOUR.id else INVOICE)


@dataclass
class Daemon:
    """One endpoint, judged and asked again as the daemon does, without a store."""

    rng: np.random.Generator
    every: timedelta
    answers: Answers
    rule: Confirm = field(default_factory=Confirm)
    reference: ReferenceRule = field(default_factory=ReferenceRule)
    memory: Memory = field(default_factory=Memory)
    rounds: list[Round] = field(default_factory=list)
    since: str = ""
    used: int = 0
    confirmations: int = 0
    breaks: int = 0
    """Provisional changes, told while the reference was gathered."""
    today: tuple[str, int] = ("", 0)

    @property
    def promise(self) -> Promise:
        per_year = HOURS_PER_YEAR * 3600 / self.every.total_seconds()
        return Promise(1.0, per_year, self.reference, self.rule)

    def scheduled(self, at: datetime) -> datetime | None:
        """Ask the round due at that time, and what is asked again because of it; when an alarm was raised, if any."""
        due: datetime | None = at
        while due is not None:
            ended = due + ROUND
            alarm, again = self._one(due, ended)
            if alarm:
                return ended
            due = again if again is not None and again < at + self.every else None
            self.confirmations += due is not None
        return None

    def _one(self, at: datetime, ended: datetime) -> tuple[bool, datetime | None]:
        round_ = ask(self.rng, self.answers(at), at)
        self.rounds.append(round_)
        self.memory, judgement = advance(self.memory, round_, lambda series: self.rounds, self.promise)
        day = at.date().isoformat()
        today = self.today[1] if self.today[0] == day else 0
        suspicion = Suspicion(self.since, self.used if self.since else 0, today)
        made = confirm(self.rule, judgement, None, suspicion, True, ended)
        self.used = (self.used if made.since == self.since else 0) + (made.due_at is not None)
        self.since, self.today = made.since, (day, today + (made.due_at is not None))
        self.breaks += judgement.is_provisional
        return judgement.state == "alarm" and not judgement.is_provisional, made.due_at

    def forget(self) -> None:
        """After a false alarm: a new reference."""
        self.memory, self.rounds, self.since, self.used = self.memory.anew(), [], "", 0


def delay(seed: int, change: str, every_h: float, rule: Confirm) -> tuple[float | None, bool]:
    """Minutes from the start of the first changed round to the alarm, None where there is none; and whether there was
    an alarm before the change."""
    before, after = CHANGES[change]
    every = timedelta(hours=every_h)
    at = START + (round(168 / every_h) + QUIET) * every
    daemon = Daemon(np.random.default_rng(seed), every, lambda t: before if t < at else after, rule)
    moment, early = START, False
    while moment < at + LATEST * every:
        alarm = daemon.scheduled(moment)
        if alarm is not None and moment >= at:
            return (alarm - at).total_seconds() / 60, early
        if alarm is not None:
            early = True
            daemon.forget()
        moment += every
    return None, early


def still(seed: int, kind: str, every_h: float, days: int) -> tuple[int, int, int, int]:
    """False alarms after the reference and breaks within it, confirmation and scheduled rounds, of an endpoint that
    never changes."""
    answers = STILL_KINDS[kind](seed)
    daemon = Daemon(np.random.default_rng([seed, 7]), timedelta(hours=every_h), answers)
    reference, alarms = round(168 / every_h) + 1, 0
    count = reference + round(days * 24 / every_h)
    for number in range(count):
        if daemon.scheduled(START + number * daemon.every) is not None:
            alarms += 1
            daemon.forget()
    return alarms, daemon.breaks, daemon.confirmations, count - reference


@dataclass(frozen=True)
class DelayRow:
    """One change at one cadence."""

    change: str
    every_h: float
    minutes: tuple[float | None, ...]
    """From the start of the first changed round to the alarm, one a seed; None where it was not found."""
    alone_minutes: tuple[float | None, ...]
    """The same without confirmation rounds."""
    early: int
    """Alarms before the change, with confirmation."""


@dataclass(frozen=True)
class StillRow:
    """One kind of endpoint that never changes, at one cadence."""

    kind: str
    every_h: float
    years: float
    alarms: int
    endpoints: int
    breaks: int
    """Provisional changes while their references were gathered."""
    extra: float
    """Confirmation rounds for each scheduled one."""

    @property
    def rate(self) -> str:
        """False alarms a year, with Garwood's exact 95 % interval."""
        low = gammaincinv(self.alarms, 0.025) if self.alarms else 0.0
        high = gammaincinv(self.alarms + 1, 0.975)
        return f"{self.alarms / self.years:.2f} ({low / self.years:.2f}–{high / self.years:.2f})"


@dataclass(frozen=True)
class Soon:
    """Both tables."""

    delays: tuple[DelayRow, ...]
    stills: tuple[StillRow, ...]


def measure(effort: Effort) -> Soon:
    """Both tables; another run goes on where this one was interrupted, and all rows proceed alike."""
    some = effort.times(len(CHANGES) * len(EVERY_H), quick=1)
    changes, kinds = list(product(CHANGES, EVERY_H))[:some], list(product(STILL_KINDS, EVERY_H))[:some]
    days = effort.times(STILL_DAYS, quick=3)
    delays = [
        (change, every_h, rounds, seed)
        for seed in range(effort.times(SEEDS))
        for change, every_h in changes
        for rounds in ((Confirm().rounds, 0) if seed < ALONE_SEEDS else (Confirm().rounds,))
    ]
    stills = [
        (kind, every_h, days, seed) for kind, every_h in kinds for seed in range(effort.times(STILL_WORLDS[every_h]))
    ]
    stills.sort(key=lambda item: (item[3] + 1) / STILL_WORLDS[item[1]])
    kept, current = effort.kept("soon"), statistic(PART.measures)
    began = time.monotonic()
    found_delays = once(_delay, delays, kept, current, effort.workers, effort.minutes)
    left = effort.minutes - (time.monotonic() - began) / 60
    found_stills = once(_still, stills, kept, current, effort.workers, left)
    return Soon(
        tuple(found for row in changes if (found := _delay_row(*row, _of(row, found_delays))).minutes),
        tuple(_still_row(*row, mine) for row in kinds if (mine := _of(row, found_stills))),
    )


def _of(
    row: tuple[str, float], found: Iterable[tuple[tuple[str, float, int, int], Found]]
) -> dict[tuple[int, int], Found]:
    """What was found of one row of a table, by the rest of the item."""
    return {item[2:]: one for item, one in found if item[:2] == row}


Delayed = tuple[str, float, int, int]
"""Change, hours between rounds, confirmation rounds at most, seed."""
Stayed = tuple[str, float, int, int]
"""Kind, hours between rounds, days, seed."""


def _delay(item: Delayed) -> tuple[float | None, bool]:
    change, every_h, rounds, seed = item
    return delay(seed, change, every_h, Confirm(rounds=rounds))


def _still(item: Stayed) -> tuple[int, int, int, int]:
    kind, every_h, days, seed = item
    return still(seed, kind, every_h, days)


def _delay_row(change: str, every_h: float, found: Mapping[tuple[int, int], tuple[float | None, bool]]) -> DelayRow:
    with_ = [one for (rounds, _), one in found.items() if rounds]
    alone = tuple(minutes for (rounds, _), (minutes, _) in found.items() if not rounds)
    return DelayRow(change, every_h, tuple(minutes for minutes, _ in with_), alone, sum(early for _, early in with_))


def _still_row(kind: str, every_h: float, found: Mapping[tuple[int, int], tuple[int, int, int, int]]) -> StillRow:
    alarms, breaks, again, count = (sum(column) for column in zip(*found.values(), strict=True))
    return StillRow(kind, every_h, count * every_h / HOURS_PER_YEAR, alarms, len(found), breaks, again / count)


def lines(found: Soon) -> list[str]:
    """How, and the tables."""
    return [
        f"README's plan: three replies a round to a probe that asks for a colour, one to a probe that asks for JSON "
        f"and checks it, drawn from scripted pools; the judge and the daemon's rule of [confirmation]"
        f"(../operating/confirmation.md), on a simulated clock; a round takes {ROUND.total_seconds():g} s. The default "
        f"reference, {QUIET} quiet rounds, then the change; time is counted from the start of the first changed round. "
        f"At most {SEEDS} seeds each, {ALONE_SEEDS} without confirmation, and {LATEST} scheduled rounds.",
        "",
        "| change | a round every | called after, median (longest) | found | called before the change "
        "| without confirmation |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.change} | {row.every_h:g} h | {_lasting(row.minutes, median)} ({_lasting(row.minutes, max)}) "
            f"| {sum(one is not None for one in row.minutes)} of {len(row.minutes)} | {row.early} "
            f"| {_lasting(row.alone_minutes, median) if row.alone_minutes else '–'} |"
            for row in found.delays
        ),
        "",
        "The same plan at endpoints that never change. Intervals are Garwood's, 95 %; promised is one a year.",
        "",
        "| unchanged endpoint | a round every | years | false alarms | a year | confirmation rounds | false breaks "
        "while the reference is gathered |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row.kind} | {row.every_h:g} h | {row.years:.1f} | {row.alarms} | {row.rate} | {row.extra:.1%} more "
            f"| {row.breaks}, {row.endpoints} endpoints |"
            for row in found.stills
        ),
    ]


def _lasting(minutes: Sequence[float | None], which: Callable[[Sequence[float]], float]) -> str:
    found = which([inf if one is None else one for one in minutes])
    return "never" if found == inf else f"{found:.1f} min" if found < 100 else f"{found / 60:.1f} h"


def headlines(found: Soon) -> list[str]:
    """A full swap."""
    row = found.delays[0]
    return [
        f"README's plan, a round every {row.every_h:g} hours: a full swap is called "
        f"{_lasting(row.minutes, median)} after the start of the first changed round (median of {len(row.minutes)}), "
        f"{_lasting(row.alone_minutes, median)} without confirmation rounds."
    ]


PART = Part("soon", "Minutes, not hours", Soon, measure, lines, headlines, measures=JUDGE + ALARM + DAYS + ODD)
