"""A simulated year: hourly rounds of 20 endpoints by the real daemon and store, with all that goes wrong in a year.

`python -m benchmarks.year` drives the daemon by hand on a simulated clock; providers are scripted. Models are swapped,
providers fail for hours, a budget is cut, the daemon is killed in the middle of rounds and stays down for a night, and
the clock jumps. A person accepts a change two days after it was reported, and acknowledges facts. What is measured:
whether each incident is reported exactly once, the budget and the promise are kept, memory and the database stay small.

It may be interrupted at any moment, and continues from there when it is called again.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Final
from unittest.mock import patch

from scipy.stats import poisson
from sqlmodel import func, select

from benchmarks import numbers
from benchmarks.part import RESULTS, Effort, Part, unlogged
from prober.asking.scripted import ScriptedProvider
from prober.daemon import Daemon, due_rounds
from prober.incidents.events import EVENTS
from prober.loading.declarations import load
from prober.model.decision import Action
from prober.model.declaration import Endpoint, Probe
from prober.model.incident import Change, Facts, Incident
from prober.model.notice import Notice, Outcome
from prober.model.reply import Reply
from prober.service import ask_round, upkeep
from prober.service.act import try_to_act
from prober.store import Store, incidents
from prober.store.rows import NoticeRow, ReplyRow, RoundRow

START: Final = datetime(2026, 1, 5, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
HOME: Final = Path("build") / "year"
YEAR: Final = 365
"""Days."""
ENDPOINTS: Final = 20
ASKS: Final = 4
"""Of a round."""
LIMIT: Final = 60
"""Asks a day that a cut budget allows, of 96 that are planned."""
LOOKS: Final = (1, 3, 5, 7, 9, 15, 30, 45)
"""Minutes after the hour at which the daemon takes up what waits; the real one looks every few seconds."""
STEP_S: Final = 15
"""Between two looks at the clock: less than what the daemon takes for a machine that slept."""
OPENING: Final = frozenset(name for name, rule in EVENTS.items() if rule.opens)
CREDITED: Final = timedelta(days=21)
"""A change that is reported so long after it happened, or sooner, counts as found."""


class Killed(BaseException):
    """The daemon is gone, in the middle of an ask."""


@dataclass(frozen=True)
class Plan:
    """What happens in the year; a shorter one has the same in less time."""

    days: int
    endpoints: int

    def at(self, share: float, hour: float = 0.0) -> datetime:
        """A full hour at that share of the year, past the first reference."""
        first = min(10.0, self.days / 3)
        return START + timedelta(days=round(first + share * (self.days - first))) + timedelta(hours=hour)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"endpoint-{number:02d}" for number in range(self.endpoints))

    @property
    def changes(self) -> dict[str, tuple[str, datetime]]:
        """Endpoint → the scripted world it is of, and when that changes."""
        kinds = ("swap", "mixture", "verbosity", "refusal", "format", "swap", "identity", "transient")
        few = max(1, min(len(kinds), self.endpoints // 2))
        return {
            name: (kind, self.at(0.1 + 0.7 * number / len(kinds), 7))
            for number, (name, kind) in enumerate(zip(self.names[:few], kinds, strict=False))
        }

    @property
    def outages(self) -> tuple[tuple[datetime, datetime, frozenset[str]], ...]:
        """From when until when these do not answer."""
        half = self.endpoints // 2
        groups = (self.names, self.names[half:], self.names[:half], self.names[-1:])
        return tuple(
            (at := self.at(0.15 + 0.2 * number, 3), at + hours * HOUR, frozenset(group))
            for number, (hours, group) in enumerate(zip((5, 9, 26, 12), groups, strict=True))
        )

    @property
    def budget_cut(self) -> tuple[datetime, datetime, str]:
        return self.at(0.5), self.at(0.5) + 4 * DAY, self.names[-2:][0]

    @property
    def kills(self) -> frozenset[datetime]:
        """Hours in which the daemon is killed in the middle of a round."""
        return frozenset(self.at((number + 0.5) / 12, 13) for number in range(min(12, self.days)))

    def is_down(self, moment: datetime) -> bool:
        """Whether nothing runs: a night without the machine."""
        return self.at(0.3, 22) <= moment < self.at(0.3, 30)

    def clock_error(self, moment: datetime) -> timedelta:
        """The clock is six hours ahead for half a day, and three hours behind for another."""
        if self.at(0.45, 9) <= moment < self.at(0.45, 21):
            return 6 * HOUR
        return -3 * HOUR if self.at(0.62, 4) <= moment < self.at(0.62, 16) else timedelta(0)


@dataclass
class Clock:
    """Simulated time."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Recorder:
    """An alerter that only counts."""

    name: str = "recorder"
    received: Counter[int] = field(default_factory=Counter)

    def send(self, notice: Notice) -> Outcome:
        self.received[notice.id] += 1
        return Outcome(sent=True, reason="sent")


@dataclass
class World:
    """What answers: scripted providers, and what happens to them."""

    plan: Plan
    clock: Clock
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    asks: int = 0
    die_after: int | None = None
    """Asks until the daemon is killed."""
    booked: deque[datetime] = field(default_factory=deque)
    """Asks of the endpoint whose budget is cut, of the last day."""
    most_booked: int = 0
    """The most of them in any day in which the budget was cut."""
    clock_error: timedelta = timedelta(0)
    """How far the daemon's clock is ahead of true time, by which the budget is checked."""

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        if self.die_after is not None:
            self.die_after -= 1
            if self.die_after < 0:
                self.die_after = None
                raise Killed
        self.asks += 1
        begins, ends, name = self.plan.budget_cut
        if endpoint.name == name:
            true = now - self.clock_error
            self.booked.append(true)
            while self.booked[0] <= true - DAY:
                self.booked.popleft()
            if begins < true < ends:
                self.most_booked = max(self.most_booked, len(self.booked))
        if any(start <= now < end and endpoint.name in names for start, end, names in self.plan.outages):
            return Reply(at=now, error="provider_error", error_detail="HTTP 503: scripted outage", latency_s=0.2)
        return self.provider.ask(endpoint, probe, sample, now)

    def close(self) -> None: ...


@dataclass(frozen=True)
class Sample:
    """How large all was at one moment."""

    day: int
    memory_mb: float
    """Resident, of this process."""
    database_mb: float
    rounds: int
    replies: int
    process: int
    """Counted from 1: an interrupted year has several."""


@dataclass(frozen=True)
class Year:
    """The numbers."""

    days: int
    endpoints: int
    minutes: float
    """Of all processes together."""
    rounds: int
    missed: dict[str, int]
    """Reason → rounds."""
    asks: int
    samples: tuple[Sample, ...]
    changes: int
    hours_to_find: tuple[float, ...]
    false_alarms: int
    promised: float
    """False alarms promised at most, on average, in all endpoint-years."""
    is_broken: bool
    """Whether so many false alarms show that the promise is broken."""
    incidents: dict[str, int]
    """Kind → how many."""
    told_wrongly: int
    """Incidents that were not reported exactly once, or as part of another one."""
    sent_twice: int
    """Notices that were sent more than once."""
    owed: int
    """Notices that were not sent by the end."""
    notices: int
    limit: int
    most_booked: int
    kills: int
    processes: int
    unfinished: int
    """Rounds that were neither completed nor missed at the end."""


def measure(effort: Effort) -> Year:
    """The whole year, or a few days of it."""
    if effort.quick:
        with tempfile.TemporaryDirectory() as home:
            return simulate(Plan(1, 1), Path(home))
    return simulate(Plan(YEAR, ENDPOINTS), HOME)


@dataclass
class State:
    """How far a simulation is. It is kept after every hour."""

    hour: int = 0
    process: int = 0
    minutes: float = 0.0
    asks: int = 0
    kills: int = 0
    most_booked: int = 0
    booked: list[str] = field(default_factory=list)
    received: dict[str, int] = field(default_factory=dict)
    samples: list[dict[str, float]] = field(default_factory=list)

    @staticmethod
    def read(home: Path) -> State:
        path = home / "state.json"
        return State(**json.loads(path.read_text())) if path.exists() else State()

    def keep(self, home: Path) -> None:
        draft = home / "state.draft"
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(home / "state.json")


@unlogged()
def simulate(plan: Plan, home: Path) -> Year:
    """Go on from where `home` stands to the end, and count."""
    home.mkdir(parents=True, exist_ok=True)
    state = State.read(home)
    state.process += 1
    clock = Clock(START + state.hour * HOUR)
    world = World(plan, clock, asks=state.asks, most_booked=state.most_booked)
    world.booked.extend(map(datetime.fromisoformat, state.booked))
    recorder = Recorder(received=Counter({int(id_): times for id_, times in state.received.items()}))
    with (
        Store.open(f"sqlite:///{home / 'prober.db'}") as store,
        patch.object(due_rounds, "open_provider", lambda endpoint: world),
        patch.object(ask_round, "time", SimpleNamespace(sleep=clock.sleep, monotonic=time.monotonic)),
    ):
        newest = store.query(lambda tx: tx.exec(select(func.max(RoundRow.label))).one())
        clock.now = max(clock.now, datetime.fromisoformat(newest)) if newest else clock.now  # an hour was broken off
        daemon: Daemon | None = None
        for hour in range(state.hour, 24 * plan.days):
            began, moment = time.monotonic(), START + hour * HOUR
            declare(plan, home / "probes", moment)
            if plan.is_down(moment):
                daemon = None
            else:
                world.clock_error = plan.clock_error(moment)
                starts = moment + world.clock_error
                clock.now = starts if daemon else max(starts, clock.now)
                daemon = daemon or start(home, store, recorder, clock, state)
                if moment in plan.kills:
                    world.die_after, state.kills = ASKS + 2, state.kills + 1
                try:
                    one_hour(daemon, store, clock)
                except Killed:
                    clock.sleep(15)  # until its claims end
                    daemon = start(home, store, recorder, clock, state)
                    one_hour(daemon, store, clock)
            if (hour + 1) % 24 == 0:
                upkeep.prune(store, clock())
                store.compact()
                if (hour + 1) % (24 * max(1, plan.days // 24)) == 0 or hour + 1 == 24 * plan.days:
                    state.samples.append(asdict(sample(store, home, (hour + 1) // 24, state.process)))
                print(f"\ryear: day {(hour + 1) // 24} of {plan.days}  ", end="", file=sys.stderr, flush=True)
            state.hour, state.asks, state.most_booked = hour + 1, world.asks, world.most_booked
            state.booked = [at.isoformat() for at in world.booked]
            state.received = {str(id_): times for id_, times in recorder.received.items()}
            state.minutes += (time.monotonic() - began) / 60
            state.keep(home)
        print(file=sys.stderr)
        return count(plan, store, state)


def declare(plan: Plan, folder: Path, moment: datetime) -> None:
    """The files as they are at that moment: for some days somebody cuts the budget of an endpoint."""
    begins, ends, poor = plan.budget_cut
    is_cut = begins <= moment < ends
    lines = ["endpoints:"]
    for number, name in enumerate(plan.names):
        kind, at = plan.changes.get(name, ("still", None))
        changes = "" if at is None else f", changes_at: '{at.isoformat()}'"
        budget = f", budget: {{asks_per_day: {LIMIT}}}" if is_cut and name == poor else ""
        parameters = f"{{world: {kind}, seed: {number}{changes}}}"
        lines.append(f"  {name}: {{provider: scripted, model: model-{number}, parameters: {parameters}{budget}}}")
    folder.mkdir(exist_ok=True)
    written = "\n".join(lines) + "\n"
    path = folder / "endpoints.yaml"
    if not path.exists() or path.read_text() != written:
        path.write_text(written)
    if not (folder / "canary.yaml").exists():
        (folder / "canary.yaml").write_text(
            f"name: canary\nowner: us\nendpoints: [{', '.join(plan.names)}]\nschedule: {{every: 1h}}\n"
            f"keep_replies: 30d\nprobes:\n  - {{id: colour, prompt: Name a colour., samples: {ASKS // 2}}}\n"
            "  - {id: invoice, prompt: 'Return JSON with the keys name and total: Ada owes twelve euros.', "
            f"samples: {ASKS // 2}}}\n"
        )


def start(home: Path, store: Store, recorder: Recorder, clock: Clock, state: State) -> Daemon:
    """A new process of the daemon."""
    worker = f"year:{state.process}:{state.hour}:{state.kills}"
    daemon = Daemon([home / "probes"], store, [recorder], "http://localhost:8501", worker=worker, clock=clock)
    daemon.declare(load(home / "probes"))
    return daemon


def one_hour(daemon: Daemon, store: Store, clock: Clock) -> None:
    """All that the daemon's jobs do in an hour, in their order."""
    began = clock.now
    for passed_s in range(0, 3600, STEP_S):
        clock.now = max(clock.now, began + timedelta(seconds=passed_s))
        daemon.watch_clock()
        minute, second = divmod(passed_s, 60)
        if second:
            continue
        if minute == 0:
            daemon.reload()
            for key in tuple(daemon.rounds.watched):
                daemon.tick(key)
        if minute == 0 or minute in LOOKS:
            daemon.claim_waiting()
            finish(daemon)
        if minute == 32:
            daemon.pass_time()
            daemon.deliver()
            daemon.beat()
        if minute == 40:
            attend(daemon, store, clock())


def finish(daemon: Daemon) -> None:
    """Do, here and now, the rounds that were handed to the scheduler and are due."""
    while due := [
        job for job in daemon.scheduler.get_jobs() if job.id.count(" ") == 3 and job.args[1] <= daemon.clock()
    ]:
        for job in due:
            job.remove()
        for job in {job.id: job for job in due}.values():  # a scheduler that runs keeps one of each id
            job.func(*job.args)


def attend(daemon: Daemon, store: Store, now: datetime) -> None:
    """What a person does: takes a change as the new reference two days after it was reported, acknowledges facts."""
    for one in store.query(incidents.recent, limit=1000):
        if isinstance(one, Change) and one.is_live and now - one.opened_at >= 2 * DAY:
            try_to_act(store, one.id, Action("accept", "ana"), daemon.routing, now)
        elif isinstance(one, Facts) and one.state == "open":
            try_to_act(store, one.id, Action("acknowledge", "ana"), daemon.routing, now)


def sample(store: Store, home: Path, day: int, process: int) -> Sample:
    statm = Path("/proc/self/statm")
    memory = (
        int(statm.read_text().split()[1]) * resource.getpagesize()
        if statm.exists()
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )
    files = sum(path.stat().st_size for path in home.glob("prober.db*"))
    with store.read() as tx:
        rounds, replies = (tx.exec(select(func.count()).select_from(row)).one() for row in (RoundRow, ReplyRow))
    return Sample(day, memory / 1e6, files / 1e6, rounds, replies, process)


def count(plan: Plan, store: Store, state: State) -> Year:
    """What came of it."""
    with store.read() as tx:
        every = incidents.recent(tx, limit=100_000)
        states = Counter(tx.exec(select(RoundRow.state, RoundRow.reason)).all())
        notices = tx.exec(select(NoticeRow)).all()
    told = Counter(one.incident_id for one in notices if one.event in OPENING)
    known = [one for one in every if one.state != "suspected" and one.close_reason != "faded"]
    wrong = [one for one in known if told[one.id] != (one.part_of is None)]
    for one in wrong:
        events = [notice.event for notice in notices if notice.incident_id == one.id]
        print(f"incident {one.id} of {one.endpoint} ({one.kind}, {one.opened_at}): {events}", file=sys.stderr)
    changes = [one for one in known if isinstance(one, Change)]
    hours = [found for name, (_, at) in plan.changes.items() if (found := hours_to_find(known, name, at)) is not None]
    false = [one for one in changes if not is_of_change(plan, one)]
    for one in false:
        print(f"false alarm {one.id} of {one.endpoint}: {one.kind}, {one.opened_at}", file=sys.stderr)
    promised = plan.endpoints * plan.days / 365.25
    missed = Counter[str]()
    for (kind, reason), times in states.items():
        if kind == "missed":
            missed[(reason or "").partition(":")[0]] += times
    return Year(
        days=plan.days,
        endpoints=plan.endpoints,
        minutes=round(state.minutes, 1),
        rounds=sum(times for (kind, _), times in states.items() if kind == "completed"),
        missed=dict(missed.most_common()),
        asks=state.asks,
        samples=tuple(Sample(**one) for one in state.samples),  # type: ignore[arg-type]
        changes=len(plan.changes),
        hours_to_find=tuple(hours),
        false_alarms=len(false),
        promised=promised,
        # So many or more would come by chance once in 40 such years, if the promise were just kept.
        is_broken=float(poisson.sf(len(false) - 1, promised)) < 0.025,
        incidents=dict(Counter(one.kind for one in known).most_common()),
        told_wrongly=len(wrong),
        sent_twice=sum(times > 1 for times in state.received.values()),
        owed=sum(one.state in ("owed", "claimed") for one in notices),
        notices=len(notices),
        limit=LIMIT,
        most_booked=state.most_booked,
        kills=state.kills,
        processes=state.process,
        unfinished=sum(times for (kind, _), times in states.items() if kind not in ("completed", "missed")),
    )


def hours_to_find(known: Sequence[Incident], name: str, at: datetime) -> float | None:
    """From the change to the first report of it; None where there was none."""
    reported = [
        one.opened_at
        for one in known
        if one.endpoint == name and isinstance(one, (Change, Facts)) and at <= one.opened_at < at + CREDITED
    ]
    return (min(reported) - at) / HOUR if reported else None


def is_of_change(plan: Plan, one: Change) -> bool:
    """Whether it reports what truly changed, or that it is over."""
    _, at = plan.changes.get(one.endpoint, ("", None))
    return at is not None and at <= one.opened_at < at + CREDITED


def lines(found: Year) -> list[str]:
    """How, and what was found."""
    first, middle, last = found.samples[0], found.samples[len(found.samples) // 2], found.samples[-1]
    missed = ", ".join(f"{reason} {times:,}" for reason, times in found.missed.items()) or "none"
    hours = ", ".join(f"{hours:.0f}" for hours in sorted(found.hours_to_find))
    rows = {
        "rounds": f"{found.rounds:,} completed; missed: {missed}; left over: {found.unfinished}",
        "changes found": f"{len(found.hours_to_find)} of {found.changes}" + (f", after {hours} hours" if hours else ""),
        "false alarms": f"{found.false_alarms}; promised at most {found.promised:.1f} on average"
        + ("; **the promise is broken**" if found.is_broken else ""),
        "incidents": ", ".join(f"{kind} {times}" for kind, times in found.incidents.items()) or "none",
        "not reported exactly once": f"{found.told_wrongly} incidents; of {found.notices} notices {found.sent_twice} "
        f"sent twice, {found.owed} still owed",
        "budget": f"at most {found.most_booked} asks in any 24 hours while it was cut, of {found.limit} allowed",
        "memory": ", ".join(f"{one.memory_mb:.0f} MB on day {one.day}" for one in (first, middle, last))
        + ("" if found.processes == 1 else f"; in {found.processes} processes, one after the other"),
        "database": ", ".join(
            f"{one.database_mb:.0f} MB with {one.replies:,} replies of {one.rounds:,} rounds on day {one.day}"
            for one in (first, middle, last)
        )
        + f": {1000 * last.database_mb / last.replies:.1f} kB a reply that is kept, all that stays of rounds within",
    }
    return [
        f"{found.endpoints} endpoints, {ASKS} asks an hour each, for {found.days} days, by the daemon and a SQLite "
        f"database on a simulated clock ({found.minutes:g} minutes). The daemon is killed {found.kills} times in the "
        "middle of a round, and is down for a night. Providers fail for 5 to 26 hours, four times. The clock is six "
        "hours ahead for half a day, and three hours behind for another. Somebody cuts a budget for four days. "
        "Replies are kept for 30 days. A person accepts a change two days after it was reported."
        + ("" if found.days >= YEAR else f" The rest of a year, {YEAR - found.days} days, was not simulated."),
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {words} |" for name, words in rows.items()),
    ]


def headlines(found: Year) -> list[str]:
    """In a sentence."""
    first, last = found.samples[0], found.samples[-1]
    return [
        f"{found.days} simulated days of {found.endpoints} endpoints with outages, kills and wrong clocks: "
        f"{found.false_alarms} false alarms ({found.promised:.1f} promised), {len(found.hours_to_find)} of "
        f"{found.changes} changes found, {found.told_wrongly} incidents not reported exactly once, memory "
        f"{first.memory_mb:.0f} MB at first and {last.memory_mb:.0f} MB at the end."
    ]


PART: Final = Part("year", "A simulated year", Year, measure, lines, headlines, (numbers.running, numbers.days))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--days", type=int, default=YEAR)
    parser.add_argument("--endpoints", type=int, default=ENDPOINTS)
    parser.add_argument("--home", type=Path, default=HOME, help="where it goes on after an interruption")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder in which the numbers are kept")
    given = parser.parse_args()
    plan = Plan(given.days, given.endpoints)
    replace(PART, measure=lambda effort: simulate(plan, given.home)).run(Effort(), given.results)
    print("\n".join(PART.lines(PART.kept(given.results).result)))  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
