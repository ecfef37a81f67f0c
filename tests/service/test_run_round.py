"""The journey of one round: completed, resumed, refused, unlucky; and, over simulated days, from nothing to an alarm."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from prober.asking import open_provider
from prober.asking.scripted import ScriptedProvider
from prober.fingerprint.fingerprint import fingerprint
from prober.incidents.routing import NOBODY, Routing
from prober.judging.judge import advance
from prober.judging.memory import Memory, encode
from prober.judging.promise import Promise
from prober.model.alerting import Alerts
from prober.model.budget import Budget, ScopedBudget
from prober.model.declaration import Check, Endpoint, Maintenance, Probe, ProbeSet, Schedule, series_key
from prober.model.errors import ClaimLost, StoreError
from prober.model.evidence import Judgement, Observation, Round
from prober.model.incident import Trouble
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.model.watch import Confirmation
from prober.service import run_round
from prober.store import Store, daemons, declared, incidents, judge_state, notices, replies, spending
from prober.store import rounds as stored_rounds
from prober.store.pages import overview

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CHANGES = START + 12 * DAY - timedelta(hours=1)
COLOUR = Probe(id="colour", prompt="Name a colour. One word.", samples=6)
SUM = Probe(id="sum", prompt="What is 2 + 2?", samples=2, expect=(Check(type="not-contains", value="five"),))
CANARY = ProbeSet(
    name="canary", owner="us", endpoints=("parrot",), schedule=Schedule(every="1d"), probes=(COLOUR, SUM)
)  # fmt: skip


def parrot(world: str = "still", **fields: object) -> Endpoint:
    parameters = {"world": world} if world == "still" else {"world": world, "changes_at": CHANGES.isoformat()}
    return Endpoint.model_validate(
        {"name": "parrot", "provider": "scripted", "model": "p-1", "parameters": parameters, **fields}
    )


def promise(endpoint: Endpoint) -> Promise:
    return Promise(endpoint.false_alarms_per_year, 365.25, endpoint.reference)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as opened:
        yield opened


LOG = Routing(("log",))


def round_of(store, endpoint, due=START, provider=None, probe_set=CANARY, at=None, routing=LOG):
    """One round, at the time it is due unless `at` says another."""
    provider = provider or ScriptedProvider()
    return run_round.run(
        probe_set, endpoint, promise(endpoint), provider, store, routing, due, worker="here", clock=lambda: at or due
    )


class Counting(ScriptedProvider):
    """Notes what is asked, and may break down."""

    def __init__(self, breaks_at=None):
        super().__init__()
        self.asked, self.at_once, self.most_at_once = [], 0, 0
        self.breaks_at = breaks_at
        self.lock = threading.Lock()

    def ask(self, endpoint, probe, sample, now):
        with self.lock:
            self.asked.append((probe.id, sample))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            if len(self.asked) == self.breaks_at:
                raise KeyboardInterrupt
        try:
            return super().ask(endpoint, probe, sample, now)
        finally:
            with self.lock:
                self.at_once -= 1


def test_a_round_is_asked_recorded_judged_and_settled(store):
    provider, endpoint = Counting(), parrot()
    result = round_of(store, endpoint, provider=provider)
    assert (result.outcome, result.asked, result.failures, result.reason) == ("completed", 8, (), "")
    assert result.judgement.state == result.decision.reason == "insufficient_evidence"
    assert sorted(provider.asked) == [("colour", n) for n in range(6)] + [("sum", 0), ("sum", 1)]
    (view,) = store.query(overview.recent_rounds)
    assert (view.state, view.due_at, view.completed_at, view.worker) == ("completed", START, START, "here")
    assert view.label == result.judgement.round == "2026-03-01T06:00:00.000000Z"
    recorded = store.query(replies.recorded, view.id)
    assert {(o.series, o.probe, o.sample) for o in recorded} == {
        (series_key(endpoint, probe), f"canary/{probe.id}", n) for probe in (COLOUR, SUM) for n in range(probe.samples)
    }
    probes = {series_key(endpoint, probe): probe for probe in (COLOUR, SUM)}
    assert all(o.fingerprint == fingerprint(o.reply, probes[o.series]) for o in recorded)
    assert all(o.reply.at == START for o in recorded)


def test_samples_take_turns_so_that_a_cut_round_has_something_of_every_probe(store):
    provider = Counting()
    round_of(store, parrot(concurrency=1), provider=provider)
    assert provider.asked[:4] == [("colour", 0), ("sum", 0), ("colour", 1), ("sum", 1)]


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_asks_at_once_than_declared(store, concurrency):
    provider = Counting()
    round_of(store, parrot(concurrency=concurrency), provider=provider)
    assert 1 <= provider.most_at_once <= concurrency


def test_a_finished_round_is_not_asked_again(store):
    round_of(store, parrot())
    provider = Counting()
    assert round_of(store, parrot(), provider=provider, at=START + DAY).outcome == "busy"
    assert provider.asked == []
    assert len(store.query(overview.recent_rounds)) == 1


def test_after_a_break_only_the_rest_is_asked(store):
    endpoint = parrot(concurrency=1)
    with pytest.raises(KeyboardInterrupt):
        round_of(store, endpoint, provider=Counting(breaks_at=4))
    (left,) = store.query(overview.recent_rounds)
    before = store.query(replies.recorded, left.id)
    assert (left.state, len(before)) == ("claimed", 3)
    later = START + timedelta(hours=2)
    provider = Counting()
    result = round_of(store, endpoint, provider=provider, at=later)
    assert (result.outcome, result.asked) == ("completed", 8)
    assert provider.asked == [("sum", 1), *(("colour", n) for n in range(2, 6))]
    (view,) = store.query(overview.recent_rounds)
    assert (view.id, view.label) == (left.id, left.label)
    assert [one.reply for one in store.query(replies.recorded, view.id)[:3]] == [one.reply for one in before]


def test_an_interrupted_round_is_found_at_once_and_no_later_than_half_a_period(store):
    endpoint, every_s = parrot(concurrency=1), 6 * 3600.0
    with pytest.raises(KeyboardInterrupt):
        round_of(store, endpoint, provider=Counting(breaks_at=4))

    def found(probe_set="canary", of=endpoint, after=timedelta(seconds=1)):
        return run_round.interrupted(store, probe_set, of, every_s, START + after)

    left = found()
    assert left is not None and (left.due_at, left.asked) == (START, 3)
    assert found("another set") is None and found(of=parrot(world="swap")) is None
    assert found(after=timedelta(hours=2)) == left and found(after=timedelta(hours=3)) is None
    provider = Counting()
    assert round_of(store, endpoint, provider=provider, at=START + timedelta(seconds=1)).asked == 8
    assert len(provider.asked) == 5 and found() is None


def test_a_round_all_recorded_but_not_settled_is_judged_without_an_ask(store, monkeypatch):
    def refuse(*args):
        raise StoreError("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(stored_rounds, "complete", refuse)
        with pytest.raises(StoreError):
            round_of(store, parrot())
    provider = Counting()
    assert round_of(store, parrot(), provider=provider, at=START + timedelta(hours=2)).outcome == "completed"
    assert provider.asked == []


def test_while_it_is_in_progress_it_is_busy(store):
    endpoint = parrot()
    other = store.change(stored_rounds.due, endpoint, "another set", START)
    assert store.change(stored_rounds.claim, other, "there", START, 60)
    assert round_of(store, endpoint).outcome == "busy"
    assert sorted(view.state for view in store.query(overview.recent_rounds)) == ["claimed", "due"]


class Slow(ScriptedProvider):
    """Its first ask takes until `seen` says that the lease was renewed since."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def ask(self, endpoint, probe, sample, now):
        assert self.seen.wait(60)
        return super().ask(endpoint, probe, sample, now)


def renewing(store, monkeypatch, renew):
    """(leases renewed so far, whether there was any); `renew` is done in their place."""
    monkeypatch.setattr(run_round, "LEASE_S", 0.03)
    leases, seen = [], threading.Event()

    def noted(tx, claim, now, lease_s):
        leases.append((claim.round.id, now, lease_s))
        try:
            renew(len(leases), tx, claim, now, lease_s)
        finally:
            if len(leases) >= 3:
                seen.set()

    monkeypatch.setattr(stored_rounds, "renew", noted)
    return leases, seen


def test_a_round_in_progress_gives_signs_of_life_however_slow_its_asks(store, monkeypatch):
    really = stored_rounds.renew
    leases, seen = renewing(store, monkeypatch, lambda n, *lease: really(*lease))
    assert round_of(store, parrot(), provider=Slow(seen)).outcome == "completed"
    assert set(leases) == {(1, START, 0.03)}
    assert not [thread for thread in threading.enumerate() if thread.name == "lease"]


def test_a_sign_of_life_the_database_refused_is_given_again(store, monkeypatch):
    really = stored_rounds.renew

    def refuse_once(n, *lease):
        if n == 1:
            raise StoreError("the database is locked")
        really(*lease)

    leases, seen = renewing(store, monkeypatch, refuse_once)
    assert round_of(store, parrot(), provider=Slow(seen)).outcome == "completed"
    assert len(leases) >= 3


def test_a_worker_that_lost_its_round_stops_giving_signs_of_life(store, monkeypatch):
    taken = threading.Event()

    def lost(n, *lease):
        taken.set()
        raise ClaimLost("in other hands")

    leases, _ = renewing(store, monkeypatch, lost)
    provider = Slow(taken)
    assert round_of(store, parrot(), provider=provider).outcome == "completed", "here only the renewal was refused"
    assert len(leases) == 1


# Confirmed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("confirming", "budget", "reason", "waiting"),
    [
        (True, Budget(), "confirm", 1),
        (False, Budget(), "switched_off", 0),
        (True, Budget(asks_per_day=15), "budget_used", 0),
        (True, Budget(asks_per_day=16), "confirm", 1),
    ],
)
def test_a_suspicious_round_makes_the_next_one_due(store, monkeypatch, confirming, budget, reason, waiting):
    def suspicious(store, endpoint, round_, promise, now):
        return run_round.Judged(Judgement(round_.label, "suspected", 80.0, 365.0), "{}", ())

    monkeypatch.setattr(run_round, "judge", suspicious)
    endpoint = parrot(budget=budget)
    result = run_round.run(
        CANARY, endpoint, promise(endpoint), ScriptedProvider(), store, NOBODY, START, clock=lambda: START,
        confirming=confirming,
    )  # fmt: skip
    assert (result.confirmation.reason, result.confirmation.since) == (reason, result.judgement.round)
    assert [view.due_at for view in store.query(stored_rounds.unfinished, START)] == [
        START + timedelta(minutes=1)
    ] * waiting


def test_a_quiet_round_is_not_confirmed(store):
    assert round_of(store, parrot()).confirmation == Confirmation("insufficient_evidence")


# Refused


def spent(store):
    return store.query(
        spending.spent, ScopedBudget("parrot", Budget(), endpoint="parrot"), START + timedelta(hours=12)
    )["day"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Budget(asks_per_day=8), "budget_exhausted: 8 of 8 asks of the last 24 hours are spent"),
        (
            Budget(tokens_per_day=700),
            "budget_exhausted: {tokens} of 700 tokens of the last 24 hours are spent, and the next ask may need 526",
        ),
    ],
)
def test_a_spent_budget_misses_the_round_until_tomorrow(store, budget, reason):
    endpoint = parrot(budget=budget)
    assert round_of(store, endpoint).outcome == "completed"
    provider = Counting()
    result = round_of(store, endpoint, due=START + timedelta(hours=6), provider=provider)
    assert (result.outcome, result.reason) == (
        "missed",
        reason.format(tokens=spent(store).tokens),
    )
    assert provider.asked == []
    assert [(view.state, view.reason) for view in store.query(overview.recent_rounds)] == [
        ("missed", result.reason),
        ("completed", ""),
    ]
    assert round_of(store, endpoint, due=START + timedelta(hours=25)).outcome == "completed", "a day later"


@pytest.mark.slow
def test_a_budget_that_pays_for_two_rounds_pays_for_two(store):
    endpoint = parrot(budget=Budget(asks_per_day=16))
    outcomes = [round_of(store, endpoint, due=START + timedelta(hours=n)).outcome for n in range(3)]
    assert outcomes == ["completed", "completed", "missed"]


@pytest.mark.slow
def test_a_resumed_round_needs_budget_for_its_rest_only(store):
    endpoint = parrot(concurrency=1, budget=Budget(asks_per_day=8))
    with pytest.raises(KeyboardInterrupt):
        round_of(store, endpoint, provider=Counting(breaks_at=5))
    assert round_of(store, endpoint, at=START + timedelta(hours=2)).outcome == "completed"
    assert spent(store).asks == 8, "the ask that was lost among them"


def test_a_spent_budget_is_no_matter_for_a_round_in_other_hands(store):
    endpoint = parrot(budget=Budget(asks_per_day=8))
    round_of(store, endpoint)
    assert round_of(store, endpoint, at=START + timedelta(hours=1)).outcome == "busy"
    in_hand = store.change(stored_rounds.due, endpoint, "canary", START + timedelta(hours=1))
    assert store.change(stored_rounds.claim, in_hand, "there", START + timedelta(hours=1), 60)
    assert round_of(store, endpoint, due=START + timedelta(hours=1)).outcome == "busy"
    assert [view.state for view in store.query(overview.recent_rounds)] == ["claimed", "completed"]


@pytest.mark.slow
def test_a_round_made_due_under_other_content_is_not_mixed_with_ours(store):
    store.change(stored_rounds.due, parrot(), "canary", START)
    edited = parrot(model="p-2")
    result = round_of(store, edited, provider=Counting())
    assert (result.outcome, result.reason) == ("missed", "config_changed: the endpoint was edited meanwhile")
    assert store.query(judge_state.memory, parrot().content_hash) is None
    assert store.query(judge_state.memory, edited.content_hash) is None
    assert round_of(store, edited, due=START + DAY).outcome == "completed"


# Unlucky


@pytest.mark.slow
def test_an_endpoint_that_is_not_there_makes_a_completed_round_of_failures(store):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        endpoint = Endpoint(name="parrot", provider="openai", model="m", base_url=address)
        provider = open_provider(endpoint)
        result = round_of(store, endpoint, provider=provider)
        provider.close()
    assert (result.outcome, result.asked) == ("completed", 3), "then the breaker opens"
    assert result.failures == ("unreachable",) * 3
    assert (result.judgement.state, result.judgement.missing) == (
        "insufficient_evidence",
        "the newest round has no reply",
    )
    assert [(o.reply.error, o.fingerprint) for o in store.query(replies.recorded, 1)] == [("unreachable", None)] * 3
    (view,) = store.query(overview.endpoints)
    assert (view.asks, view.failed_asks, view.last_failure) == (3, 3, "unreachable")


def test_a_missing_key_does_not_stop_the_same_endpoint_with_another_key(store):
    class OneKey(ScriptedProvider):
        def ask(self, endpoint, probe, sample, now):
            if endpoint.name == "keyless":
                return Reply(at=now, error="missing_key")
            return super().ask(endpoint, probe, sample, now)

    keyed, keyless = parrot(api_key_env="GOOD"), parrot(name="keyless", api_key_env="MISSING")
    assert keyed.content_hash == keyless.content_hash
    probe_set = CANARY.model_copy(update={"endpoints": ("keyless", "parrot")})
    store.change(declared.remember, [probe_set], [keyed, keyless], START)
    at = [START + hours * timedelta(hours=1) for hours in range(6)]
    tried = [
        round_of(store, endpoint, due, OneKey(), probe_set)
        for endpoint, due in zip((keyless, keyed) * 3, at, strict=True)
    ]
    assert [(one.asked, len(one.failures)) for one in tried] == [(3, 3), (8, 0), (1, 1), (8, 0), (1, 1), (8, 0)]
    (incident,) = store.query(incidents.recent)
    assert (incident.endpoint, incident.kind, incident.state) == ("keyless", "unauthorized", "open")
    views = {one.name: one for one in store.query(overview.endpoints)}
    assert views["keyless"].trouble == incident and views["parrot"].trouble is None

    alone = CANARY.model_copy(update={"endpoints": ("parrot",)})  # the name without a key is asked no more
    store.change(declared.remember, [alone], [keyed], at[-1])
    for hours in (7, 8):
        round_of(store, keyed, START + timedelta(hours=hours), OneKey(), alone)
    (incident,) = store.query(incidents.recent)
    assert (incident.endpoint, incident.state) == ("parrot", "closed"), "it took the place of the other"


@pytest.mark.slow
def test_failures_are_evidence_of_nothing(store):
    """A day of outage in an unchanged world: no alarm on that day nor after it."""
    endpoint = parrot("outage", reference=ReferenceRule(rounds=4, hours=24))
    ticks = [round_of(store, endpoint, due=START + n * DAY) for n in range(16)]
    out = [n for n, result in enumerate(ticks) if result.failures]
    assert out == [12]
    assert set(ticks[12].failures) <= {"provider_error", "rate_limited"}
    assert {result.judgement.state for result in ticks[5:]} <= {"quiet", "suspected"}
    assert ticks[12].judgement.e_value == ticks[11].judgement.e_value


# From nothing to an alarm


@pytest.fixture(scope="module")
def swapped(tmp_path_factory):
    """Three weeks of daily rounds by two sets on one endpoint, whose model is swapped on the thirteenth day."""
    endpoint = parrot("swap", reference=ReferenceRule(rounds=8, hours=24))
    second = CANARY.model_copy(update={"name": "second", "probes": (Probe(id="pet", prompt="Name a pet.", samples=4),)})
    path = tmp_path_factory.mktemp("swapped") / "prober.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.change(declared.remember, [CANARY, second], [endpoint], START)
        ticks = []
        for day in range(18):
            for hours, probe_set in ((0, CANARY), (9, second)):
                due = START + day * DAY + timedelta(hours=hours)
                ticks.append(
                    (due, round_of(store, endpoint, due=due, probe_set=probe_set, routing=Routing(("log", "slack"))))
                )
        yield store, endpoint, ticks


def test_evidence_is_insufficient_then_quiet_then_an_alarm(swapped):
    _, _, ticks = swapped
    states = [result.judgement.state for _, result in ticks]
    first_quiet, first_alarm = states.index("quiet"), states.index("alarm")
    assert set(states[:first_quiet]) == {"insufficient_evidence"}
    assert first_quiet == 15, "eight rounds of a set are its reference; the one after them is judged"
    assert ticks[first_alarm][0] >= CHANGES
    assert not [1 for due, result in ticks if due < CHANGES and result.judgement.state == "alarm"]
    after = {result.decision.reason for _, result in ticks[first_alarm + 1 :]}
    assert not after & {"change_confirmed", "transient"}, "one change, one incident, and it stays"


def test_one_change_is_one_incident_and_one_notice_a_channel(swapped):
    store, endpoint, ticks = swapped
    opened = [result for _, result in ticks if result.decision.event == "opened"]
    (incident,) = store.query(incidents.recent)
    assert [result.decision.incident.id for result in opened] == [incident.id]
    assert opened[0].decision.incident.verdicts[0].channel == incident.verdicts[0].channel
    assert incident.id > 0
    assert incident.onset >= CHANGES.isoformat()[:10]
    assert incident.endpoint_hash == endpoint.content_hash
    assert sorted((notice.alerter, notice.event) for notice in store.query(notices.recent)) == [
        ("log", "opened"),
        ("slack", "opened"),
    ]


@pytest.mark.slow
def test_judging_the_stored_rounds_afresh_gives_the_same_to_the_last_bit(swapped):
    store, endpoint, ticks = swapped
    assert len(ticks) == 36
    judged_afresh_alike(store, endpoint, ticks)


@pytest.mark.slow
def test_judging_a_few_stored_rounds_afresh_gives_the_same_to_the_last_bit(store):
    endpoint = parrot(reference=ReferenceRule(rounds=4, hours=24))
    few = CANARY.model_copy(update={"probes": (COLOUR,)})
    ticks = [(due, round_of(store, endpoint, due, probe_set=few)) for due in (START + n * DAY for n in range(7))]
    assert ticks[-1][1].judgement.state == "quiet"
    judged_afresh_alike(store, endpoint, ticks)


def judged_afresh_alike(store, endpoint, ticks):
    series = {
        o.series
        for view in store.query(overview.recent_rounds, limit=1000)
        for o in store.query(replies.recorded, view.id)
    }
    rounds = store.query(replies.history, endpoint.content_hash, series)
    assert len(rounds) == len(ticks)
    memory, judgements = Memory(), []
    for n, round_ in enumerate(rounds):

        def history(some, upto=n + 1):
            return [_only(each, some) for each in rounds[:upto] if _only(each, some).observations]

        memory, judgement = advance(memory, round_, history, promise(endpoint))
        judgements.append(judgement)
    assert encode(memory) == store.query(judge_state.memory, endpoint.content_hash)
    assert [repr(judgement) for judgement in judgements] == [repr(result.judgement) for _, result in ticks]


def _only(round_: Round, series) -> Round:
    kept: tuple[Observation, ...] = tuple(o for o in round_.observations if o.series in series)
    return Round(round_.label, round_.endpoint, round_.at, kept)


# What cannot be asked is not a change


FAILURES = {"unauthorized": "unauthorized", "rate_limited": "rate_limited", "timeout": "provider_error"}


class Failing(ScriptedProvider):
    """Fails every ask, or so many of each hundred."""

    def __init__(self, failure, percent=100):
        super().__init__()
        self.failure, self.percent, self.count = failure, percent, 0

    def ask(self, endpoint, probe, sample, now):
        self.count += 1
        if (self.count * 37) % 100 < self.percent:
            return Reply(at=now, error=self.failure)
        return super().ask(endpoint, probe, sample, now)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.slow
def test_rounds_that_fail_are_trouble_of_their_own_and_never_a_change(store, failure):
    endpoint = parrot(concurrency=1)
    ticks = [round_of(store, endpoint, START + n * DAY) for n in range(13)]
    assert ticks[-1].judgement.state == "quiet"
    ticks = [round_of(store, endpoint, START + n * DAY, Failing(failure)) for n in range(13, 17)]
    assert [one.trouble.reason for one in ticks] == ["failing", "failing", "rounds_failed", "still_failing"]
    (incident,) = store.query(incidents.recent)
    assert (incident.kind, incident.cause, type(incident)) == (FAILURES[failure], failure, Trouble)
    assert [one.event for one in store.query(notices.recent)] == ["trouble"]
    ticks = [round_of(store, endpoint, START + n * DAY) for n in (17, 18)]
    assert [one.trouble.reason for one in ticks] == ["recovering", "rounds_succeed"]
    assert [one.event for one in store.query(notices.recent)] == ["trouble_over", "trouble"]
    assert store.query(incidents.open_of, endpoint.content_hash).trouble is None


@pytest.mark.slow
def test_a_budget_that_is_spent_is_trouble_too(store):
    endpoint = parrot(budget={"asks_per_day": 8})
    round_of(store, endpoint)
    ticks = [round_of(store, endpoint, START + timedelta(hours=n)) for n in (1, 2, 3)]
    assert [one.trouble.reason for one in ticks] == ["failing", "failing", "rounds_failed"]
    (incident,) = store.query(incidents.recent)
    assert (incident.kind, incident.severity) == ("budget_exhausted", "info")
    assert incident.cause == "budget_exhausted: 8 of 8 asks of the last 24 hours are spent"


@pytest.mark.slow
def test_a_change_is_not_opened_from_what_little_is_answered(store):
    endpoint = parrot("swap", concurrency=1)
    for n in range(12):
        round_of(store, endpoint, START + n * DAY)
    reasons = [
        round_of(store, endpoint, START + n * DAY, Failing("timeout", 60)).decision.reason for n in range(12, 24)
    ]
    assert "inhibited" in reasons, "evidence grows, and opens nothing"
    assert [one.kind for one in store.query(incidents.recent)] == ["provider_error"]
    later = [round_of(store, endpoint, START + n * DAY).decision.reason for n in range(24, 28)]
    assert "change_confirmed" in later, "whole rounds tell"


@pytest.mark.parametrize("how", ["declared", "announced"])
@pytest.mark.slow
def test_in_maintenance_nothing_opens_and_what_is_still_there_afterwards_does(store, how):
    end = START + 20 * DAY
    endpoint = parrot("swap")
    told = Routing(("log",))
    if how == "declared":
        begins = (CHANGES - DAY).strftime("%Y-%m-%dT%H:%MZ")
        window = Maintenance(begins=begins, lasts="7d")
        end = CHANGES + 6 * DAY
        told = Routing.declared(("log",), Alerts(), [parrot("swap", maintenance=[window.model_dump()])])
    reasons = {}
    for n in range(24):
        at = START + n * DAY
        if n == 11 and how == "announced":
            store.change(daemons.announce, "parrot", end, "ana", "upgrade", at)
        reasons[at] = round_of(store, endpoint, at, routing=told).decision.reason
    opened = [at for at, reason in reasons.items() if reason == "change_confirmed"]
    assert len(opened) == 1 and opened[0] >= end
    assert "in_maintenance" in reasons.values()


def test_a_round_finds_its_rows_by_an_index(store: Store) -> None:
    """What it reads does not grow with the rounds before it, with other endpoints, nor with what they reported."""
    at, provider, plans = START, ScriptedProvider(), dict[str, str]()
    store.change(declared.remember, [CANARY], [parrot()], START)

    def explain(
        connection: Connection, _: object, statement: str, parameters: tuple[object, ...], *_of: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and not _of[-1]:  # not of many rows at once
            rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans[statement] = "; ".join(row[3] for row in rows)

    def ask() -> None:
        run_round.run(
            CANARY, parrot(), promise(parrot()), provider, store, NOBODY, at, clock=lambda: at, confirming=True
        )

    ask()
    at += DAY
    event.listen(Engine, "before_cursor_execute", explain)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    assert len(plans) > 20
    assert {plan for plan in plans.values() if re.search(r"SCAN (round|reply|watch|incident|notice)\b", plan)} == set()
    newest = [plan for statement, plan in plans.items() if "FROM round" in statement and "label DESC" in statement]
    assert newest
    assert not any("TEMP B-TREE" in plan for plan in newest)
