"""Suspicion followed up: asked again at once, within bounds, across kills and other rounds, until it is settled."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from prober.loading.declarations import load
from prober.model.evidence import Judgement
from prober.service import run_round
from prober.store import Store, incidents
from prober.store import rounds as stored_rounds
from prober.store.pages import overview
from tests.daemon.test_daemon import KEY, leave
from tests.daemon.world import ENDPOINTS, HOUR, NOON, completed, handed_on, rounds, tick, watching, work, write_set

MINUTE = timedelta(minutes=1)


@pytest.fixture
def evidence(monkeypatch):
    """Shares of the threshold that the rounds to come will have; the last one goes on for ever."""
    shares = [0.2]

    def judge(store, endpoint, round_, promise, now):
        share = shares.pop(0) if len(shares) > 1 else shares[0]
        judgement = Judgement(round_.label, "suspected", share * promise.threshold, promise.threshold)
        return run_round.Judged(judgement, "{}", ())

    monkeypatch.setattr(run_round, "judge", judge)
    return shares


def declared(files, confirm="{}", **fields):
    (files / "endpoints.yaml").write_text(
        ENDPOINTS.replace("concurrency: 1", f"concurrency: 1\n    confirm: {confirm}")
    )
    write_set(files, **fields)


def follow_up(daemon, store, clock, until=NOON + HOUR):
    """Let time pass to every confirmation round, one after the other."""
    while waiting := [
        view for view in store.query(stored_rounds.unfinished, clock.now) if view.confirms and view.due_at < until
    ]:
        clock.now = max(clock.now, waiting[0].due_at)
        work(daemon)


def outcomes(store):
    """(minute due, state or reason), oldest first."""
    return [
        (f"{view.due_at:%H:%M}", view.reason or view.state)
        for view in reversed(store.query(overview.recent_rounds, limit=1000))
    ]


@pytest.mark.slow
def test_suspicion_is_followed_up_minute_by_minute_and_no_longer_than_declared(files, store, clock, evidence):
    declared(files, "{rounds: 3}")
    daemon = watching(files, store, clock)
    work(daemon)
    follow_up(daemon, store, clock)
    assert outcomes(store) == [(f"12:0{n}", "completed") for n in range(4)]
    clock.now = NOON + HOUR
    tick(daemon, KEY)
    follow_up(daemon, store, clock, NOON + 2 * HOUR)
    assert outcomes(store)[4:] == [("13:00", "completed")], "one suspicion, three rounds"


@pytest.mark.slow
def test_evidence_that_falls_back_ends_it_and_a_new_suspicion_has_rounds_again(files, store, clock, evidence):
    declared(files, "{rounds: 2}")
    evidence[:] = [0.2, 0.3, 0.01, 0.2, 0.2, 0.2]
    daemon = watching(files, store, clock)
    work(daemon)
    follow_up(daemon, store, clock)
    assert len(completed(store)) == 3
    clock.now = NOON + HOUR
    tick(daemon, KEY)
    follow_up(daemon, store, clock, NOON + 2 * HOUR)
    assert [at for at, _ in outcomes(store)] == ["12:00", "12:01", "12:02", "13:00", "13:01", "13:02"]


@pytest.mark.slow
def test_the_bound_of_a_day_holds_over_many_suspicions(files, store, clock, evidence):
    declared(files, "{rounds: 2, per_day: 3}")
    evidence[:] = [0.2, 0.2, 0.01] * 30
    clock.now = NOON + 9 * HOUR
    daemon = watching(files, store, clock)
    work(daemon)
    counts = {}
    for hour in range(9, 15):  # until three hours past midnight
        clock.now = NOON + hour * HOUR
        tick(daemon, KEY)
        follow_up(daemon, store, clock, clock.now + HOUR)
        counts[hour] = sum(bool(view.confirms) for view in completed(store))
    assert counts[10] == counts[11] == 3
    assert counts[13] > 3, "another day"


@pytest.mark.slow
@pytest.mark.parametrize("confirm", ["{rounds: 0}", "{at: 0.3}"])
def test_nothing_is_asked_again_where_that_is_not_wanted(files, store, clock, evidence, confirm):
    declared(files, confirm)
    daemon = watching(files, store, clock)
    work(daemon)
    assert store.query(stored_rounds.unfinished, NOON + HOUR) == ()
    assert outcomes(store) == [("12:00", "completed")]


@pytest.mark.slow
def test_a_budget_that_does_not_pay_for_it_is_kept(files, store, clock, evidence):
    declared(files, "{}\n    budget: {asks_per_day: 8}")
    daemon = watching(files, store, clock)
    work(daemon)
    follow_up(daemon, store, clock)
    assert outcomes(store) == [("12:00", "completed"), ("12:01", "completed")], "three asks a round"


def test_the_log_says_when_it_is_asked_again(files, store, clock, evidence, caplog):
    caplog.set_level(logging.INFO, "prober.daemon")
    start(files, store, clock)
    assert caplog.messages == [
        "round 2026-03-02T12:00:00+00:00 of canary on parrot: suspected, evidence 1,839 of 9,197; 3 asks; asked "
        "again at 12:01:00 (2026-03-02T12:00:00.000000Z)"
    ]


# Whatever comes between


def start(files, store, clock):
    """A daemon after its first round, whose confirmation is due in a minute."""
    daemon = watching(files, store, clock)
    work_only_due(daemon, store, clock)
    return daemon


def work_only_due(daemon, store, clock):
    """A sweep, and of its jobs those whose time has come."""
    daemon.claim_waiting()
    due = {
        view.due_at.isoformat() for view in store.query(stored_rounds.unfinished, clock.now) if view.due_at <= clock.now
    }
    for job in daemon.scheduler.get_jobs():
        if job.id.count(" ") == 3:
            job.remove()
            if job.id.split(" ")[-1] in due:
                job.func(*job.args)


@pytest.mark.slow
def test_it_waits_for_its_pause(files, store, clock, evidence):
    daemon = start(files, store, clock)
    clock.now = NOON + timedelta(seconds=59)
    work_only_due(daemon, store, clock)
    assert outcomes(store) == [("12:00", "completed"), ("12:01", "due")]
    clock.now = NOON + MINUTE
    work_only_due(daemon, store, clock)
    assert outcomes(store)[:2] == [("12:00", "completed"), ("12:01", "completed")]


@pytest.mark.slow
def test_jitter_is_no_matter_to_it(files, store, clock, evidence):
    write_set(files, jitter="50m")
    daemon = start(files, store, clock)
    daemon.claim_waiting()
    (job,) = handed_on(daemon)
    assert (job.trigger.run_date - run_round.now_utc()).total_seconds() <= 60


@pytest.mark.slow
def test_a_daemon_that_comes_after_a_kill_asks_it(files, store, clock, evidence, url):
    start(files, store, clock)
    clock.now = NOON + 10 * MINUTE
    with Store.open(url) as later:
        successor = watching(files, later, clock, "there")
        work_only_due(successor, later, clock)
    view = next(view for view in completed(store) if view.confirms)
    assert (view.due_at, view.worker) == (NOON + MINUTE, "there")


@pytest.mark.slow
def test_killed_in_a_confirmation_round_the_next_one_goes_on_with_it(files, store, clock, evidence):
    start(files, store, clock)
    clock.now = NOON + MINUTE
    round_id = leave(store, files, NOON + MINUTE, asks=2, lease_s=10, at=clock.now)
    clock.now += timedelta(seconds=11)
    evidence[:] = [0.01]
    work(watching(files, store, clock, "there"))
    (view,) = (view for view in completed(store) if view.confirms)
    assert (view.id, view.asked, view.worker) == (round_id, 3, "there")


@pytest.mark.slow
def test_a_restart_begins_no_new_count(files, store, clock, evidence):
    declared(files, "{rounds: 4}")
    work(watching(files, store, clock))
    for _ in range(20):
        waiting = [view for view in store.query(stored_rounds.unfinished, clock.now) if view.confirms]
        if waiting:
            clock.now = waiting[0].due_at
        work(watching(files, store, clock))
    assert sum(bool(view.confirms) for view in completed(store)) == 4


@pytest.mark.slow
def test_one_still_waiting_when_the_next_round_is_due_is_overdue(files, store, clock, evidence):
    daemon = start(files, store, clock)
    clock.now = NOON + HOUR
    work_only_due(daemon, store, clock)
    assert ("canary", "12:01", "overdue") in rounds(store)


@pytest.mark.slow
def test_a_scheduled_round_between_that_shows_nothing_calls_it_off_after_three(files, store, clock, evidence):
    write_set(files, "second", cron="5,35 * * * *", prompt="Name an animal.")
    declared(files, "{pause: 10m}")
    evidence[:] = [0.01, 0.2]
    daemon = start(files, store, clock)

    def second_shows_nothing(minute):
        clock.now = NOON + minute * MINUTE
        evidence[:] = [0.01]
        tick(daemon, "second on parrot")

    second_shows_nothing(5)
    assert ("canary", "12:10", "due") in rounds(store), "three rounds are asked in any case"
    evidence[:] = [0.2]
    for minute in (10, 20, 30):
        clock.now = NOON + minute * MINUTE
        work_only_due(daemon, store, clock)
    assert ("canary", "12:40", "due") in rounds(store)
    second_shows_nothing(35)
    assert ("canary", "12:40", "too_little_evidence") in rounds(store)


@pytest.mark.slow
def test_it_waits_for_another_round_of_its_endpoint_to_end(files, store, clock, evidence):
    daemon = start(files, store, clock)
    clock.now = NOON + MINUTE
    in_hand = store.change(stored_rounds.due, load(files).endpoint("parrot"), "another", NOON)
    claim = store.change(stored_rounds.claim, in_hand, "elsewhere", clock.now, 300)
    assert claim
    work_only_due(daemon, store, clock)
    assert ("canary", "12:01", "due") in rounds(store)
    store.change(stored_rounds.miss, in_hand, "over", clock.now, claim)
    work_only_due(daemon, store, clock)
    assert ("canary", "12:01", "completed") in rounds(store)


@pytest.mark.slow
def test_an_endpoint_edited_meanwhile_is_not_asked_for_it(files, store, clock, evidence):
    start(files, store, clock)
    (files / "endpoints.yaml").write_text(ENDPOINTS.replace("parrot-1", "parrot-2"))
    clock.now = NOON + MINUTE
    work_only_due(watching(files, store, clock), store, clock)
    assert ("canary", "12:01", "config_changed: the endpoint was edited meanwhile") in rounds(store)


# In earnest


def hours_until_caught(files, url, clock, confirm):
    """From a change of an endpoint asked every hour to the incident, in hours."""
    changes = NOON + timedelta(hours=12, minutes=-1)
    swap = f"{{world: swap, changes_at: '{changes.isoformat()}'}}"
    endpoints = ENDPOINTS.replace("{world: still}", swap, 1)
    extra = f"{{rounds: 6, hours: 0, asked_again: 0}}\n    confirm: {confirm}"
    files.mkdir(exist_ok=True)
    (files / "endpoints.yaml").write_text(endpoints.replace("{asked_again: 0}", extra, 1))
    write_set(files, samples=3)
    clock.now = NOON
    with Store.open(url) as store:
        daemon = watching(files, store, clock)
        work_only_due(daemon, store, clock)
        while not store.query(incidents.recent) and clock.now < changes + timedelta(days=2):
            waiting = [view.due_at for view in store.query(stored_rounds.unfinished, clock.now) if view.confirms]
            hour = clock.now.replace(minute=0) + HOUR
            clock.now = min([*waiting, hour])
            if clock.now == hour:
                tick(daemon, KEY)
            else:
                work_only_due(daemon, store, clock)
        assert not [view for view in completed(store) if view.confirms and view.due_at < changes]
        (incident,) = store.query(incidents.recent)
        assert store.query(stored_rounds.unfinished, clock.now + HOUR) == (), "confirmed, so nobody asks again"
        return (incident.opened_at - changes).total_seconds() / 3600


@pytest.mark.slow
def test_hours_become_minutes(tmp_path, clock):
    with_it = hours_until_caught(tmp_path / "with", f"sqlite:///{tmp_path / 'with.db'}", clock, "{}")
    without = hours_until_caught(tmp_path / "without", f"sqlite:///{tmp_path / 'without.db'}", clock, "{rounds: 0}")
    assert with_it < without - 0.8, "an hour at least"


@pytest.mark.slow
def test_a_trial_has_its_reference_eight_minutes_after_the_first_round_whatever_the_schedule(files, store, clock):
    (files / "endpoints.yaml").write_text(ENDPOINTS.replace("{asked_again: 0}", "trial", 1))
    write_set(files, every="6h")
    daemon = watching(files, store, clock)
    work(daemon)
    follow_up(daemon, store, clock)
    assert [at for at, state in outcomes(store) if state == "completed"] == [f"12:0{minute}" for minute in range(9)]
    (view,) = [one for one in store.query(overview.endpoints) if one.name == "parrot"]
    assert view.state == "quiet"


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [6 * HOUR, 30 * 24 * HOUR, 800 * 24 * HOUR])
def test_a_confirmation_that_a_clock_ahead_made_due_holds_nothing_back(files, store, clock, evidence, ahead):
    declared(files, "{rounds: 3}")
    clock.now = NOON + ahead
    work(watching(files, store, clock))
    (far,) = [view for view in store.query(stored_rounds.unfinished, clock.now) if view.confirms]
    clock.now = NOON + HOUR
    daemon = watching(files, store, clock)
    work(daemon)
    waiting = [view for view in store.query(stored_rounds.unfinished, clock.now) if view.confirms]
    assert far.due_at not in [view.due_at for view in waiting]
    follow_up(daemon, store, clock, NOON + 2 * HOUR)
    assert {at for at, state in outcomes(store) if state == "completed"} >= {f"13:0{n}" for n in range(4)}
