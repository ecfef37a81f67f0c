"""The path of a drill: copy, change, judge, decide, deliver, and clean up, each step timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from prober.alerts import Alerter
from prober.incidents.facts import over
from prober.incidents.routing import Routing
from prober.judging.judge import reset_evidence
from prober.judging.memory import encode
from prober.lab.drill.stream import Asked, ChangeName, Stream, changed, stream
from prober.loading.declarations import Declarations
from prober.model.alerting import Target
from prober.model.decision import Action
from prober.model.declaration import Endpoint, Probe, series_key
from prober.model.evidence import Judgement, Observation
from prober.model.incident import SEVERITIES, Change, Event, Facts, Incident, Trouble
from prober.model.notice import IncidentNews, Notice, Outcome
from prober.model.reply import Reply
from prober.service import run_round
from prober.service.act import try_to_act
from prober.service.decisions import carry_out, locked
from prober.service.deliver import StoredOutbox, deliver
from prober.service.run_round import import_round
from prober.store import Store, declared, incidents, notices
from prober.text import count

PATIENCE_S: Final = 120.0
"""How long a message that fails is sent again."""
LOOK_S: Final = 1.0
"""Between two checks of what is owed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the path, done."""

    name: str
    seconds: float
    words: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one message."""

    alerter: str
    event: Event
    outcome: Outcome
    """Outcome of the last try."""
    tries: int
    seconds: float
    """How long the tries took, without the waits between them."""


@dataclass(slots=True)
class Drilled:
    """How a drill went."""

    endpoint: str
    change: ChangeName
    rounds: int = 0
    """Changed rounds that were judged."""
    seen: int = 0
    """Number of the one that opened an incident; 0 where none did."""
    incident: Incident | None = None
    """As it was after the last of them; None where the change was not seen."""
    steps: list[Step] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    """A message a row: first those that it opened, then those that it is over."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a drill takes from outside."""

    clock: run_round.Clock = run_round.now_utc
    timer: Callable[[], float] = time.perf_counter
    """Seconds."""
    sleep: Callable[[float], None] = time.sleep
    patience_s: float = PATIENCE_S


def drill(
    store: Store,
    declarations: Declarations,
    endpoint: Endpoint,
    change: ChangeName,
    alerters: Sequence[Alerter],
    dashboard_url: str,
    tools: Tools | None = None,
) -> Drilled:
    """Play one change of one endpoint through to the channels, and close what it opened. `store` is only read.

    Raises NotEnough where the endpoint has no complete reference.
    """
    tools = tools or Tools()
    done = Drilled(endpoint.name, change)
    routing = _routing(declarations, [alerter.name for alerter in alerters])
    with TemporaryDirectory(prefix="prober-drill-") as home:
        with Store.open(f"sqlite:///{Path(home) / 'drill.db'}") as scratch:
            with _step(done, "copy", tools) as said:
                copied = stream(store, declarations, endpoint, change)
                _copy(copied, declarations, scratch, tools.clock())
                said += [f"{count(len(copied.before), 'round')} as they are, {len(copied.after)} to be changed"]
            begun = _judge(copied, change, routing, scratch, tools.clock())
            outbox = _Marked(scratch)
            with _step(done, "judge and decide", tools) as said:
                said += [_until_opened(begun, scratch, done)]
            if done.incident is None:
                return done
            try:
                _notify(done, "notify", outbox, alerters, dashboard_url, tools)
                with _step(done, "judge the rest", tools) as said:
                    said += [to_the_end(begun, scratch, done)]
                if not _nothing_owed(scratch):
                    _notify(done, "notify that it is worse", outbox, alerters, dashboard_url, tools)
            finally:  # also when the drill was stopped: whoever was notified learns that it is over
                with _step(done, "close", tools) as said:
                    for incident in _live_incidents(scratch):
                        _close(incident, routing, scratch, tools.clock())
                    said += ["the incident of the copy is closed"]
                _notify(done, "notify that it is over", outbox, alerters, dashboard_url, tools)
        with _step(done, "clean up", tools) as said:
            said += ["the copy is deleted"]
    return done


def _routing(declarations: Declarations, alerters: Sequence[str]) -> Routing:
    """As declared, as far as it leads to these alerters; at once, because whoever starts a drill waits for it."""
    routes = [
        route.model_copy(update={"to": tuple(to for to in route.to if Target.of(to).alerter in alerters)})
        for route in declarations.alerts.routes
    ]
    kept = tuple(route for route in routes if route.to)
    at_once = {"routes": kept, "quiet_hours": None, "digest": None}
    return Routing(tuple(alerters), declarations.alerts.model_copy(update=at_once))


def _copy(copied: Stream, declarations: Declarations, scratch: Store, now: datetime) -> None:
    """The rounds before the change, and what the judge knew, into the store of the drill."""
    scratch.change(declared.remember, declarations.sets, [copied.endpoint], now)
    memory = encode(reset_evidence(copied.memory, copied.after[0].round.label))
    for one in copied.before:
        quiet = Judgement(one.round.label, "quiet", 0.0, copied.promise.threshold)
        import_round(scratch, copied.endpoint, one.probe_set.name, one.round, {}, quiet, memory)


def _judge(
    copied: Stream, change: ChangeName, routing: Routing, scratch: Store, now: datetime
) -> Iterator[run_round.RoundResult]:
    """The changed rounds, by the ordinary journey, as if the newest of them were asked now."""
    by = now - datetime.fromisoformat(copied.after[-1].round.label)
    # Nobody is asked, so nothing is spent. Maintenance does not matter either: the routing here knows of none.
    for one in copied.after:
        begun = datetime.fromisoformat(one.round.label) + by
        yield run_round.run(
            one.probe_set,
            copied.endpoint,
            copied.promise,
            _Recorded(one, change),
            scratch,
            routing,
            one.view.due_at + by,
            worker="drill",
            budgets=(),
            clock=lambda begun=begun: begun,  # type: ignore[misc]
        )


def _until_opened(rounds: Iterator[run_round.RoundResult], scratch: Store, done: Drilled) -> str:
    """Up to the round that opens an incident: of new facts, or of changed answers."""
    for _ in rounds:
        done.rounds += 1
        if live := _live_incidents(scratch):
            done.seen, done.incident = done.rounds, live[0]
            break
    if done.incident is None:
        return f"not seen in {count(done.rounds, 'changed round')}"
    incident = done.incident
    evidence = f" (evidence {incident.e_value:.3g})" if isinstance(incident, Change) else ""
    return f"{incident.kind}, {incident.severity}, opened in changed round {done.seen}{evidence}"


def to_the_end(rounds: Iterator[run_round.RoundResult], scratch: Store, done: Drilled) -> str:
    """The rounds that are left: what moves later may make it worse."""
    for _ in rounds:
        done.rounds += 1
    done.incident = next(iter(_live_incidents(scratch)), done.incident)
    return "" if done.incident is None else f"{done.incident.kind}, {done.incident.severity}"


def _live_incidents(scratch: Store) -> list[Incident]:
    """The incidents that people know of and that are not over: a change before facts alone, then the gravest first."""
    live = [one for one in scratch.query(incidents.not_closed) if one.is_live and not isinstance(one, Trouble)]
    return sorted(live, key=lambda one: (isinstance(one, Facts), -SEVERITIES.index(one.severity)))


def _close(incident: Incident, routing: Routing, scratch: Store, now: datetime) -> None:
    if isinstance(incident, Facts):  # closed by a person, the new value would be known
        with locked(scratch, incident.endpoint_hash) as tx:
            carry_out(tx, over(incident, now), routing, now)
    else:
        # By nobody: what is rehearsed is a recovery.
        try_to_act(scratch, incident.id, Action("close", "", "the drill is over", via="drill"), routing, now)


class _Recorded:
    """A provider that answers what was answered then, changed."""

    def __init__(self, asked: Asked, change: ChangeName) -> None:
        self._replies: Mapping[tuple[str, int], Observation] = {
            (one.series, one.sample): one for one in asked.round.observations
        }
        self._change = change

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        # Asked once more, so that a fact is confirmed, it answers as it did first.
        one = self._replies.get((series_key(endpoint, probe), sample if sample < probe.samples else 0))
        reply = Reply(at=now, error="not_recorded") if one is None else replace(one.reply, at=now)
        return changed(reply, self._change)

    def close(self) -> None:
        """Nothing is open."""


class _Marked(StoredOutbox):
    """The outbox of a drill: whatever leaves it says so, and names no incident of the real store."""

    def __init__(self, scratch: Store) -> None:
        super().__init__(scratch)
        self.scratch = scratch
        self.delivered: dict[int, Delivered] = {}
        """Id of a notice → what became of it so far."""

    def claim_notice(self, now: datetime, lease_s: float, dashboard_url: str) -> Notice | None:
        notice = super().claim_notice(now, lease_s, dashboard_url)
        if notice is None:
            return None
        about = notice.about
        unnumbered = replace(about, incident_id=None) if isinstance(about, IncidentNews) else about
        return replace(notice, drill=True, about=unnumbered)


def _notify(
    done: Drilled, name: str, outbox: _Marked, alerters: Sequence[Alerter], dashboard_url: str, tools: Tools
) -> None:
    """Deliver what is owed, each message as often as the patience allows."""
    delivered = outbox.delivered
    with _step(done, name, tools) as said:
        give_up = tools.clock() + timedelta(seconds=tools.patience_s)
        while True:
            began = tools.timer()
            delivery = deliver(outbox, alerters, tools.clock, dashboard_url)
            took = tools.timer() - began
            if delivery is not None:
                notice, before = delivery.notice, delivered.get(delivery.notice.id)
                seconds, tries = (before.seconds, before.tries) if before else (0.0, 0)
                delivered[notice.id] = Delivered(
                    notice.alerter, notice.event, delivery.outcome, tries + 1, seconds + took
                )
                continue
            due = _next_try(outbox.scratch, give_up)
            if due is None or tools.clock() >= give_up:
                break
            tools.sleep(LOOK_S)
        for left in outbox.scratch.query(notices.recent):
            if left.state == "owed" and left.attempts == 0:
                delivered[left.id] = Delivered(
                    left.alerter, left.event, Outcome(False, "waits for an earlier message"), 0, 0.0
                )
        unsent = sum(not one.outcome.sent for one in delivered.values())
        said += [f"{len(delivered) - unsent} of {count(len(delivered), 'message')} sent so far"]
    done.delivered = [delivered[notice_id] for notice_id in sorted(delivered)]


def _nothing_owed(scratch: Store) -> bool:
    return all(one.state not in ("owed", "claimed") for one in scratch.query(notices.recent))


def _next_try(scratch: Store, give_up: datetime) -> datetime | None:
    """When something is to be sent again, where that is soon enough."""
    owed = [one.next_try_at for one in scratch.query(notices.recent) if one.state in ("owed", "claimed")]
    return min((at for at in owed if at <= give_up), default=None)


@contextmanager
def _step(done: Drilled, name: str, tools: Tools) -> Iterator[list[str]]:
    """Times the block; what it says is kept."""
    said: list[str] = []
    began = tools.timer()
    yield said
    done.steps.append(Step(name, tools.timer() - began, "; ".join(said)))
