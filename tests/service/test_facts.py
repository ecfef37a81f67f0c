"""Facts, end to end: asked again at once, one notice, and over when the old value is back or somebody has seen it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from prober.asking import Description
from prober.incidents.actions import act_on
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.model.budget import Budget, ScopedBudget
from prober.model.decision import Action
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.incident import Change
from prober.model.reply import Reply
from prober.service import run_round
from prober.service.act import act, begin_reference, done
from prober.service.deliver import StoredOutbox
from prober.status.endpoint_status import endpoint_status
from prober.store import Store, incidents, notices, spending
from prober.store.engine import Transaction
from prober.store.pages import overview
from prober.store.rows import FactMemoryRow

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
PROBES = (
    Probe(id="colour", prompt="Name a colour.", samples=2),
    Probe(id="json", prompt="Say it in JSON.", samples=2, expect=(Check(type="is-json"),)),
)
CANARY = ProbeSet(name="canary", owner="us", endpoints=("e",), schedule=Schedule(every="6h"), probes=PROBES)
LOG = Routing(("log",))
E = ScopedBudget("e", Budget(), endpoint="e")


def endpoint(**fields):
    return Endpoint.model_validate({"name": "e", "provider": "openai", "model": "m", **fields})


class Says:
    """A provider whose every reply is what is set, or what comes next."""

    def __init__(self, **said):
        self.said = {"model": "m", "text": "{}", "input_tokens": 9, "output_tokens": 1, **said}
        self.itself, self.asks, self.pages = {}, 0, []

    def ask(self, endpoint, probe, sample, now):
        self.asks += 1
        said = {name: value(self.asks) if callable(value) else value for name, value in self.said.items()}
        return Reply(at=now, **said)

    def describe(self, endpoint, without=()):
        asked = [page for page in ("props", "tags") if page not in without]
        self.pages += asked
        silent = tuple(page for page in asked if not any(name.startswith(f"{page}.") for name in self.itself))
        return Description(self.itself, silent)

    def close(self):
        pass


class World:
    """One endpoint over its rounds."""

    def __init__(self, **fields):
        self.store, self.endpoint, self.provider, self.round = Store.in_memory(), endpoint(**fields), Says(), 0

    def rounds(self, count=1, **said):
        self.provider.said |= said
        for _ in range(count):
            due = START + self.round * timedelta(hours=6)
            promise = Promise(1.0, 1460, self.endpoint.reference)
            result = run_round.run(
                CANARY, self.endpoint, promise, self.provider, self.store, LOG, due, clock=lambda due=due: due
            )
            assert result.outcome == "completed"
            self.round += 1
        return self

    @property
    def news(self):
        """Events, the oldest first."""
        return [one.event for one in reversed(self.store.query(notices.recent))]

    @property
    def found(self):
        return self.store.query(incidents.recent)

    @property
    def now(self):
        return START + self.round * timedelta(hours=6)

    def act(self, name, number=1):
        return act(self.store, number, Action(name, "ann", "seen"), LOG, self.now)

    @property
    def status(self):
        (view,) = self.store.query(overview.endpoints)
        return endpoint_status(view, self.store.query(overview.recent_rounds, "e"), self.now)


def test_another_model_name_is_one_notice_in_the_first_changed_round():
    world = World().rounds(2)
    asked = world.provider.asks
    world.rounds(1, model="m-2026-01-01")
    assert world.provider.asks == asked + 4 + 1  # one ask more, to confirm it
    (incident,) = world.found
    assert (incident.kind, incident.severity, incident.onset) == ("identity_change", "info", incident.detected_round)
    assert incident.words == "served model: m → m-2026-01-01, seen in 4 of 4 replies"
    world.rounds(1)
    assert world.news == ["fact"]
    notice = StoredOutbox(world.store).claim_notice(world.now, 60, "https://prober")
    assert [fact.now for fact in notice.about.facts] == ["m-2026-01-01"]
    assert world.status.state == "gathering"
    assert world.status.severity == "info"
    # The old value is back: over, once. The new one is known by now: it is not said again.
    world.rounds(2, model="m")
    assert world.news == ["fact", "fact_over"]
    world.rounds(2, model="m-2026-01-01")
    assert world.news == ["fact", "fact_over"]


@pytest.mark.slow
def test_what_somebody_has_acknowledged_is_closed_and_known():
    world = World().rounds(2).rounds(1, input_tokens=11)
    assert [(one.severity, one.state) for one in world.found] == [("warning", "open")]
    assert world.found[0].words == "input tokens of the same prompt: 9 → 11, seen in 4 of 4 replies to 2 probes"
    decision = act_on(world.found[0], Action("acknowledge", "ann", ""), START)
    assert (
        done(decision.incident, decision)
        == f"Incident {world.found[0].id} of {world.found[0].endpoint} is acknowledged and closed by ann."
    )
    world.act("acknowledge")
    world.rounds(3)
    (incident,) = world.found
    assert (incident.state, incident.close_reason, incident.actor) == ("closed", "accepted", "ann")
    assert world.news == ["fact", "fact_acknowledged"]


@pytest.mark.slow
def test_several_facts_of_one_round_are_one_notice_with_the_gravest_first():
    world = World().rounds(4).rounds(1, model="other-1", text="no JSON", input_tokens=12)
    (incident,) = world.found
    assert (incident.kind, incident.severity) == ("contract_break", "critical")
    assert incident.facts[0].kind == "check"
    assert {one.kind for one in incident.facts} == {"check", "requested_model", "model_name", "token_count"}
    assert world.news == ["fact"]
    assert world.status.state == "changed"


@pytest.mark.slow
@pytest.mark.parametrize(
    "fingerprint", [lambda n: f"fp {n}", lambda n: f"fp {n * 7 % 5}", lambda n: f"fp {n // 5 % 2}"]
)
def test_fingerprints_that_never_repeat_or_alternate_are_no_facts(fingerprint):
    assert World().rounds(8, system_fingerprint=fingerprint).news == []


@pytest.mark.slow
def test_the_severity_is_as_declared():
    world = World(severity={"model_name": "critical"}).rounds(2).rounds(1, model="m-1")
    assert world.found[0].severity == "critical"


@pytest.mark.slow
def test_a_budget_that_is_spent_leaves_it_to_the_next_round():
    world = World(budget=Budget(asks_per_day=8)).rounds(2)
    world.round = 4  # the next day
    world.rounds(1).rounds(1, model="m-1")
    assert world.news == []
    assert world.store.query(spending.spent, E, world.now - timedelta(hours=6))["day"].asks == 8
    world.round = 8
    world.rounds(1)
    (incident,) = world.found
    assert world.news == ["fact"]
    assert incident.onset < incident.detected_round


@pytest.mark.slow
def test_an_upgrade_raises_nothing():
    """What is known is learnt from the rounds there are; another name than requested is no news any more."""

    def forget(tx: Transaction) -> None:
        tx.delete(tx.get_one(FactMemoryRow, world.endpoint.content_hash))

    world = World().rounds(3, model="other")
    assert world.news == ["fact"]  # another model than requested, in the first round
    world.act("acknowledge")
    world.store.change(forget)
    world.rounds(1)
    assert world.news == ["fact", "fact_acknowledged"]
    world.rounds(1, model="a third")
    assert world.found[0].words.startswith("served model: other → a third")


@pytest.mark.slow
def test_metadata_is_no_ask_of_the_model_and_a_page_that_says_nothing_is_left_out_for_a_day():
    world = World().rounds(2)
    assert world.provider.pages == ["props", "tags"]
    world.provider.itself = {"props.model_path": "a.gguf"}
    world.rounds(3)
    assert world.provider.pages == ["props", "tags"] * 2
    asked = world.provider.asks
    world.provider.itself = {}
    world.rounds(1)
    world.provider.itself = {"props.model_path": "b.gguf"}
    world.rounds(2)
    assert world.provider.asks == asked + 3 * 4
    # One that said something before is asked in every round, and once more to confirm what is new.
    assert world.provider.pages == ["props", "tags"] * 2 + ["props"] * 4
    assert [(one.words, one.severity) for one in world.found] == [("props.model path: a.gguf → b.gguf", "warning")]
    assert world.news == ["fact"]


@pytest.mark.slow
def test_a_new_reference_takes_what_is_said_now_as_known():
    world = World().rounds(2).rounds(1, model="m-1")
    begin_reference(world.store, "e", "ann", "wanted", LOG, world.now)
    assert world.store.query(incidents.open_of, world.endpoint.content_hash).facts == ()
    world.rounds(2)
    assert world.news == ["fact", "fact_acknowledged"]


@pytest.mark.slow
def test_a_change_with_the_same_onset_is_one_story():
    """The incident goes on as the change, under the same number; it pages again only where it is graver."""
    graver = World(reference={"rounds": 8, "hours": 24}).rounds(30).rounds(8, model="m-1", text='{"a": 1}')
    assert graver.news == ["fact", "escalated"]
    (change,) = graver.found
    assert isinstance(change, Change)
    assert (change.id, [one.now for one in change.facts]) == (1, ["m-1"])
    alike = World(reference={"rounds": 8, "hours": 24}).rounds(30).rounds(8, model="m-1")
    assert alike.news == ["fact"]
    assert [(one.id, one.severity) for one in alike.found] == [(1, "info")]
