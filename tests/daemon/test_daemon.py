"""What is asked when, what waits, what is missed and why: the daemon by hand, under a clock that is set by hand."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent

from prober.asking.scripted import ScriptedProvider
from prober.daemon import Daemon
from prober.daemon import daemon as daemon_module
from prober.daemon import due_rounds as rounds_module
from prober.fingerprint.fingerprint import fingerprint
from prober.incidents.routing import Routing
from prober.loading.declarations import load
from prober.model.errors import ConfigurationError, StoreError
from prober.model.evidence import Observation
from prober.model.notice import Outcome
from prober.service import ask_round, run_round
from prober.service.ask_round import plan
from prober.service.decisions import notify_of_no_incident
from prober.store import Store, incidents, judge_state, notices, replies
from prober.store import declared as stored_declared
from prober.store import notices as stored_notices
from prober.store import rounds as repository
from prober.store import rounds as stored_rounds
from prober.store.pages import overview
from tests.daemon.world import ENDPOINTS, HOUR, NOON, completed, look, rounds, tick, watching, work, write_set

KEY = "canary on parrot"


def never(*args: object) -> None:
    raise AssertionError("not to be called")


def refuse(*args: object, **given: object) -> None:
    raise StoreError("the disk is full; free some space and try again")


# The first round, and rounds on time


@pytest.mark.slow
def test_a_new_set_is_asked_at_once_under_the_moment_last_past(files, store, clock):
    clock.now = NOON + timedelta(minutes=59)
    work(watching(files, store, clock))
    assert rounds(store) == [("canary", "12:00", "completed")]
    (view,) = completed(store)
    assert (view.asked, view.failed, view.worker) == (3, 0, "here")


@pytest.mark.slow
def test_rounds_follow_at_their_due_times_and_are_due_then_however_late_they_start(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    for hour in (1, 2):
        clock.now = NOON + hour * HOUR + timedelta(minutes=7)
        tick(daemon, KEY)
    assert rounds(store) == [("canary", f"{hour}:00", "completed") for hour in (12, 13, 14)]


@pytest.mark.slow
def test_a_tick_too_many_asks_nothing(files, store, clock, monkeypatch):
    daemon = watching(files, store, clock)
    work(daemon)
    monkeypatch.setattr(run_round, "run", never)
    tick(daemon, KEY)
    tick(daemon, "gone on parrot")
    assert len(rounds(store)) == 1


@pytest.mark.slow
def test_a_restart_asks_nothing_twice_and_makes_up_for_nothing(files, store, clock):
    work(watching(files, store, clock))
    clock.go(timedelta(minutes=30))
    work(watching(files, store, clock))
    assert rounds(store) == [("canary", "12:00", "completed")]
    clock.go(5 * HOUR)
    work(watching(files, store, clock))
    assert rounds(store) == [("canary", "12:00", "completed"), ("canary", "17:00", "completed")]


def test_a_first_round_waits_for_its_jitter(files, store, clock):
    write_set(files, jitter="50m")
    daemon = watching(files, store, clock)
    daemon.scheduler.start(paused=True)
    daemon.claim_waiting()
    daemon.claim_waiting()  # until then it is handed over anew, and is still one
    (job,) = (job for job in daemon.scheduler.get_jobs() if job.id.startswith(f"{KEY} "))
    daemon.scheduler.shutdown()
    watched = daemon.rounds.watched[KEY]
    due = watched.moments.latest(clock.now)
    assert job.args[:2] == (watched, due)
    assert watched.moments.start(due) > due


@pytest.mark.slow
def test_every_endpoint_of_a_set_is_asked(files, store, clock):
    write_set(files, endpoints="parrot, magpie")
    work(watching(files, store, clock))
    assert sorted(view.endpoint for view in completed(store)) == ["magpie", "parrot"]


def test_the_store_knows_what_is_declared_before_anything_is_asked(files, store, clock):
    daemon = watching(files, store, clock)
    daemon.claim_waiting()
    assert [(view.name, view.owners) for view in store.query(overview.endpoints)] == [
        ("magpie", ()),
        ("parrot", ("us",)),
    ]


# One endpoint, many rounds


@pytest.mark.slow
def test_two_sets_due_at_once_on_one_endpoint_are_both_asked(files, store, clock):
    write_set(files, "second", prompt="Name an animal.")
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(HOUR)
    # While the first is in hand the second comes and finds the endpoint busy.
    (due,) = {watched.moments.latest(clock.now) for watched in daemon.rounds.watched.values()}
    parrot = load(files).endpoint("parrot")
    in_hand = store.change(stored_rounds.due, parrot, "canary", due)
    claim = store.change(stored_rounds.claim, in_hand, "another", clock.now, 60)
    assert claim
    tick(daemon, "second on parrot")
    tick(daemon, KEY)
    assert [state for _, at, state in rounds(store) if at == "13:00"] == ["claimed", "due"]
    store.change(stored_rounds.miss, in_hand, "over", clock.now, claim)
    work(daemon)
    assert [state for _, at, state in rounds(store) if at == "13:00"] == ["over", "completed"]


@pytest.mark.slow
def test_a_round_that_waited_until_the_next_was_due_is_overdue(files, store, clock, caplog):
    parrot = load(files).endpoint("parrot")
    store.change(stored_rounds.due, parrot, "canary", NOON - HOUR)
    work(watching(files, store, clock))
    assert rounds(store) == [("canary", "11:00", "overdue"), ("canary", "12:00", "completed")]
    assert "round 2026-03-02T11:00:00+00:00 of canary on parrot is missed: overdue" in caplog.text


def test_an_endpoint_edited_under_a_waiting_round_is_not_asked_for_it(files, store, clock):
    store.change(stored_rounds.due, load(files).endpoint("parrot"), "canary", NOON)
    (files / "endpoints.yaml").write_text(ENDPOINTS.replace("parrot-1", "parrot-2"))
    work(watching(files, store, clock))
    assert rounds(store) == [("canary", "12:00", "config_changed: the endpoint was edited meanwhile")]


# Rounds that were left


def leave(store, files, due_at, asks, lease_s=60.0, at=NOON):
    """A round whose worker was killed after so many asks."""
    (probe_set,), parrot = load(files).sets, load(files).endpoint("parrot")
    round_id = store.change(stored_rounds.due, parrot, probe_set.name, due_at)
    claim = store.change(stored_rounds.claim, round_id, "killed", at, lease_s)
    assert claim
    for ask in plan(probe_set, parrot)[:asks]:
        reply = ScriptedProvider().ask(parrot, ask.probe, ask.sample, at)
        found = Observation(
            ask.series, f"{probe_set.name}/{ask.probe.id}", ask.sample, reply, fingerprint(reply, ask.probe), ask.place
        )
        store.change(replies.record, claim, [found])
    return round_id


def test_a_round_left_young_is_taken_up_where_it_stood(files, store, clock):
    round_id = leave(store, files, NOON, asks=2)
    before = store.query(replies.recorded, round_id)
    daemon = watching(files, store, clock)
    work(daemon)
    assert rounds(store) == [("canary", "12:00", "claimed")], "its lease is still good"
    clock.go(timedelta(seconds=61))
    work(daemon)
    (view,) = completed(store)
    assert (view.id, view.asked, view.worker) == (round_id, 3, "here")
    assert store.query(replies.recorded, round_id)[:2] == before


@pytest.mark.slow
def test_a_round_left_until_the_next_was_due_is_abandoned(files, store, clock):
    leave(store, files, NOON - HOUR, asks=2, at=NOON - HOUR)
    work(watching(files, store, clock))
    assert rounds(store) == [("canary", "11:00", "abandoned"), ("canary", "12:00", "completed")]
    assert store.query(judge_state.memory, load(files).endpoint("parrot").content_hash)
    assert [
        len(r.observations)
        for r in store.query(
            replies.history, load(files).endpoint("parrot").content_hash, [store.query(replies.recorded, 1)[0].series]
        )
    ] == [3]


def test_a_round_of_nothing_we_declare_is_another_daemons_for_an_hour(files, store, clock):
    store.change(stored_rounds.due, load(files).endpoint("magpie"), "elsewhere", NOON)
    daemon = watching(files, store, clock)
    clock.go(timedelta(minutes=59))
    daemon.claim_waiting()
    assert ("elsewhere", "12:00", "due") in rounds(store)
    clock.go(timedelta(minutes=1))
    daemon.claim_waiting()
    assert ("elsewhere", "12:00", "not_declared") in rounds(store)


# DueTimes that were missed


def not_started(daemon, moment, key=KEY):
    daemon.rounds.not_started(JobSubmissionEvent(EVENT_JOB_MAX_INSTANCES, key, "default", [moment]))


@pytest.mark.slow
def test_a_round_still_running_makes_the_next_one_missed(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.now = NOON + HOUR
    not_started(daemon, NOON + HOUR)
    assert rounds(store)[1:] == [("canary", "13:00", "still_running")]


@pytest.mark.slow
def test_an_event_of_another_job_or_of_what_is_accounted_for_changes_nothing(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    not_started(daemon, NOON)
    not_started(daemon, NOON + HOUR, key="a6f3")
    assert rounds(store) == [("canary", "12:00", "completed")]


@pytest.mark.slow
@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=59)])
def test_what_was_slept_through_is_missed_and_the_newest_is_asked(files, store, clock, late, caplog):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.now = NOON + 4 * HOUR + late
    tick(daemon, KEY)
    assert [state for *_, state in rounds(store)] == ["completed", "misfire", "misfire", "misfire", "completed"]
    assert [r.getMessage()[:17] for r in caplog.records if r.levelno >= logging.WARNING] == ["the machine slept"]


@pytest.mark.slow
def test_a_very_long_sleep_is_counted_and_its_newest_rounds_recorded(files, store, clock, caplog, monkeypatch):
    monkeypatch.setattr(rounds_module, "MOST_MISSED", 4)
    daemon = watching(files, store, clock)
    work(daemon)
    clock.now = NOON + 100 * HOUR
    tick(daemon, KEY)
    assert [state for *_, state in rounds(store)] == ["completed", *["misfire"] * 4, "completed"]
    assert "more than 4 rounds of canary on parrot were passed over; the newest are recorded" in caplog.text


@pytest.mark.slow
def test_what_another_daemon_did_while_we_slept_is_not_missed(files, store, clock, url):
    daemon = watching(files, store, clock)
    work(daemon)
    with Store.open(url) as same:
        other = watching(files, same, clock, "there")
        clock.now = NOON + HOUR
        tick(other, KEY)
        later = same.change(stored_rounds.due, load(files).endpoint("parrot"), "canary", NOON + 2 * HOUR)
        assert same.change(stored_rounds.claim, later, "there", NOON + 3 * HOUR, 60)
    clock.now = NOON + 3 * HOUR
    not_started(daemon, clock.now)
    assert [state for *_, state in rounds(store)] == ["completed", "completed", "claimed", "still_running"]


# Faults


def test_a_round_the_store_refused_is_taken_up_by_the_sweep(files, store, clock, monkeypatch, caplog):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(HOUR)
    with monkeypatch.context() as full:
        full.setattr(repository, "make_due", refuse)
        tick(daemon, KEY)
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR] == [
        "round 2026-03-02T13:00:00+00:00 of canary on parrot: the disk is full; free some space and try again"
    ] * 2
    work(daemon)
    assert rounds(store)[1:] == [("canary", "13:00", "completed")]


@pytest.mark.slow
def test_a_missed_round_the_store_refused_is_missed_at_the_next_chance(files, store, clock, monkeypatch):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(HOUR)
    with monkeypatch.context() as full:
        full.setattr(repository, "pass_over", refuse)
        not_started(daemon, clock.now)
    clock.go(HOUR)
    tick(daemon, KEY)
    assert [state for *_, state in rounds(store)] == ["completed", "misfire", "completed"]


@pytest.mark.slow
def test_a_round_broken_off_by_the_store_goes_on_when_its_lease_is_over(files, store, clock, monkeypatch, caplog):
    daemon = watching(files, store, clock)
    with monkeypatch.context() as full:
        full.setattr(repository, "complete", refuse)
        work(daemon)
    assert "is left for another worker: the disk is full" in caplog.text
    assert rounds(store) == [("canary", "12:00", "claimed")]
    asked_at = [observation.reply.at for observation in store.query(replies.recorded, 1)]
    clock.go(timedelta(minutes=10))
    work(daemon)
    assert [view.asked for view in completed(store)] == [3]
    assert [observation.reply.at for observation in store.query(replies.recorded, 1)] == asked_at


@pytest.mark.slow
def test_names_that_could_not_be_remembered_are_remembered_by_the_next_sweep(files, store, clock, monkeypatch):
    daemon = watching(files, store, clock)
    with monkeypatch.context() as full:
        full.setattr(stored_declared, "remember", refuse)
        work(daemon)
        assert rounds(store) == []
    work(daemon)
    assert [view.owners for view in store.query(overview.endpoints)] == [(), ("us",)]


def failing_with(error):
    def open_provider(endpoint):
        raise error

    return open_provider


@pytest.mark.parametrize(
    ("error", "reason", "said"),
    [
        (ValueError("Illegal header value b'Bearer sk-secret'"), "crashed: ValueError", "crashed: ValueError"),
        (
            ConfigurationError("parameters.seed: write a number"),
            "configuration: parameters.seed: write a number",
            "write a number",
        ),
    ],
)
@pytest.mark.slow
def test_a_round_that_crashes_is_missed_and_frees_its_endpoint(
    files, store, clock, monkeypatch, caplog, error, reason, said
):
    write_set(files, "second", prompt="Name an animal.")
    daemon = watching(files, store, clock)
    with monkeypatch.context() as broken:
        broken.setattr(rounds_module, "open_provider", failing_with(error))
        work(daemon)
    assert {state for *_, state in rounds(store)} == {reason}
    assert [said in r.getMessage() for r in caplog.records if r.levelno == logging.ERROR] == [True, True]
    assert "sk-secret" not in caplog.text
    clock.go(HOUR)
    tick(daemon, KEY)
    tick(daemon, "second on parrot")
    assert len(completed(store)) == 2


def test_a_crash_the_store_cannot_note_is_not_tried_again_at_once(files, store, clock, monkeypatch, caplog):
    daemon = watching(files, store, clock)
    monkeypatch.setattr(repository, "miss", refuse)
    monkeypatch.setattr(rounds_module, "open_provider", failing_with(KeyError("x")))
    work(daemon)
    assert "missed: crashed: KeyError: the disk is full" in caplog.text
    assert [state for *_, state in rounds(store)] == ["due"], "it waits for the next look"


def test_a_crash_says_where(files, store, clock, monkeypatch, caplog):
    monkeypatch.setattr(rounds_module, "open_provider", failing_with(KeyError("x")))
    work(watching(files, store, clock))
    assert "in open_provider" in caplog.text and "raise error" in caplog.text


# Following the files


def jobs(daemon):
    return {job.id for job in daemon.scheduler.get_jobs()}


@pytest.mark.slow
def test_sets_come_and_go_with_their_files(files, store, clock):
    daemon = watching(files, store, clock)
    daemon.reload(unchanged_too=True)
    work(daemon)
    write_set(files, "second", every="10m", prompt="Name an animal.")
    daemon.reload()
    work(daemon)
    assert {KEY, "second on parrot"} == jobs(daemon)
    assert rounds(store) == [("canary", "12:00", "completed"), ("second", "12:00", "completed")]
    (files / "canary.yaml").unlink()
    daemon.reload()
    clock.go(HOUR)
    tick(daemon, KEY)
    assert jobs(daemon) == {"second on parrot"}
    assert len(rounds(store)) == 2


@pytest.mark.slow
def test_an_edited_probe_is_asked_from_the_next_round_on(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    write_set(files, prompt="Name a fruit.", samples=5)
    daemon.reload(unchanged_too=True)
    work(daemon)
    clock.go(HOUR)
    tick(daemon, KEY)
    assert [view.asked for view in reversed(completed(store))] == [3, 5]


@pytest.mark.slow
def test_a_new_schedule_is_followed_at_once(files, store, clock):
    clock.now = NOON + timedelta(minutes=25)
    daemon = watching(files, store, clock)
    work(daemon)
    write_set(files, cron="*/10 * * * *")
    daemon.reload(unchanged_too=True)
    work(daemon)
    clock.now = NOON + timedelta(minutes=30)
    tick(daemon, KEY)
    assert [at for _, at, state in rounds(store) if state == "completed"] == ["12:00", "12:20", "12:30"]


@pytest.mark.slow
def test_a_broken_file_leaves_everything_as_it_was(files, store, clock, caplog):
    daemon = watching(files, store, clock)
    work(daemon)
    (files / "canary.yaml").write_text("name: canary\n")
    daemon.reload()
    clock.go(HOUR)
    tick(daemon, KEY)
    assert [state for *_, state in rounds(store)] == ["completed", "completed"]
    assert "now BROKEN" in caplog.text


# The log, what is told, and the end


@pytest.mark.slow
def test_a_change_is_caught_and_notified_once(files, store, clock, caplog):
    swap = "{world: swap, changes_at: '2026-03-09T00:00:00Z'}"
    parrot = ENDPOINTS.replace("{world: still}", swap).replace(
        "{asked_again: 0}", "{rounds: 4, hours: 24, asked_again: 0}", 1
    )
    (files / "endpoints.yaml").write_text(parrot)
    write_set(files, every="1d", samples=8)
    daemon = watching(files, store, clock)
    work(daemon)
    while clock.now < NOON + timedelta(days=14):
        clock.go(timedelta(days=1))
        tick(daemon, KEY)
        look(daemon)
    (incident,) = store.query(incidents.recent)
    assert incident.onset >= "2026-03-07"  # one probe and four rounds of reference date a change to a day or two
    told = [(notice.alerter, notice.state, notice.event) for notice in reversed(store.query(notices.recent))]
    assert told[0] == ("log", "sent", "opened")
    assert set(told[1:]) == {("log", "sent", "reminded")}, "once a day, while nobody has it in hand"
    alarms = [record for record in caplog.records if ": alarm, evidence " in record.getMessage()]
    assert alarms
    assert {record.levelno for record in alarms} == {logging.WARNING}


@pytest.mark.slow
def test_one_line_a_round(files, store, clock, caplog):
    caplog.set_level(logging.INFO, "prober.daemon")
    work(watching(files, store, clock))
    (line,) = caplog.messages
    assert line.startswith(
        "round 2026-03-02T12:00:00+00:00 of canary on parrot: insufficient_evidence, the reference of 1 probe needs "
        "168 hours and 11 more of 12 rounds, evidence 0 of "
    )
    assert line.endswith("; 3 asks (2026-03-02T12:00:00.000000Z)")


@pytest.mark.slow
def test_replies_without_a_word_are_said_to_be_empty(files, store, clock, caplog, monkeypatch):
    caplog.set_level(logging.INFO, "prober.daemon")
    ask = ScriptedProvider.ask
    why = "the output limit was reached"
    monkeypatch.setattr(
        ScriptedProvider,
        "ask",
        lambda self, *given, **more: replace(ask(self, *given, **more), text="", empty_because=why),
    )
    work(watching(files, store, clock))
    (line,) = caplog.messages
    assert f"; 3 asks; 3 empty: {why} (" in line
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.slow
def test_failed_asks_are_counted_by_reason(files, store, clock, caplog, monkeypatch):
    # After a 429 the round waits: by the clock of the test.
    waits = SimpleNamespace(sleep=lambda seconds: clock.go(timedelta(seconds=seconds)), monotonic=time.monotonic)
    monkeypatch.setattr(ask_round, "time", waits)
    outage = "{world: outage, changes_at: 2026-03-02T00:00:00Z}"
    (files / "endpoints.yaml").write_text(
        ENDPOINTS.replace("{world: still}", outage.replace("2026", "'2026").replace("Z}", "Z'}"))
    )
    write_set(files, samples=12)
    work(watching(files, store, clock))
    (line,) = caplog.messages
    (view,) = completed(store)
    assert f"{view.failed} of {view.asked} asks failed: " in line and view.failed == view.asked > 0
    assert "provider_error ×" in line and "rate_limited ×" in line
    assert f"{view.asked} of 12 asks of the round were made" in line, "the breaker opened"
    assert caplog.records[0].levelno == logging.WARNING


def test_once_stopping_no_round_starts(files, store, clock):
    daemon = watching(files, store, clock)
    daemon.stop()
    tick(daemon, KEY)
    work(daemon)
    assert [state for *_, state in rounds(store)] == []


def test_notices_that_fail_to_be_claimed_are_reported(files, store, clock, monkeypatch, caplog):
    monkeypatch.setattr(stored_notices, "claim", refuse)
    watching(files, store, clock).deliver()
    assert "delivering notices to log: the disk is full" in caplog.text


def test_a_killed_workers_round_is_seen_to_be_left_within_fifteen_seconds():
    assert run_round.LEASE_S + daemon_module.LOOK_S <= 15


# What time alone brings


@pytest.mark.slow
def test_an_endpoint_nobody_can_ask_in_time_goes_stale_and_is_fresh_again(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    for hours, told in ((1, []), (3, []), (4, ["stale"]), (5, ["stale"])):
        clock.now = NOON + timedelta(hours=hours, minutes=1)
        daemon.pass_time()
        assert [one.event for one in store.query(notices.recent)] == told, hours
    tick(daemon, KEY)
    look(daemon)
    assert [(one.event, one.state) for one in store.query(notices.recent)] == [("fresh", "sent"), ("stale", "sent")]


@pytest.mark.slow
def test_who_starts_late_does_not_call_stale_what_it_is_about_to_ask(files, store, clock):
    work(watching(files, store, clock))
    clock.go(timedelta(days=3))
    late = watching(files, store, clock)
    late.pass_time()
    assert store.query(notices.recent) == ()


@pytest.mark.slow
def test_the_set_asked_most_often_says_when_an_endpoint_is_stale(files, store, clock):
    write_set(files, "daily", every="1d", prompt="Name an animal.")
    daemon = watching(files, store, clock)
    work(daemon)
    clock.now = NOON + timedelta(hours=4, minutes=1)
    daemon.pass_time()
    assert [one.event for one in store.query(notices.recent)] == ["stale"]


def test_a_route_to_an_alerter_that_is_not_there_is_refused_at_the_start_and_later_changes_nothing(
    files, store, clock, caplog
):
    daemon = watching(files, store, clock)
    (files / "alerts.yaml").write_text("routes: [{to: [slack]}]\n")
    with pytest.raises(ConfigurationError, match='a route leads to "slack", which this environment does not configure'):
        daemon.reload()
    with pytest.raises(ConfigurationError):
        watching(files, store, clock)
    (files / "alerts.yaml").write_text("routes: [{to: [log]}]\nreminders: {warning: 2h}\n")
    daemon.reload(unchanged_too=True)
    assert daemon.routing.alerts.reminders.warning == "2h"


# The end


class Hanging:
    """A receiver that does not answer until it is let go."""

    name = "hanging"

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def send(self, notice):
        self.asked.set()
        self.let_go.wait(60)
        return Outcome(True, "sent")


@pytest.mark.slow
def test_a_closing_daemon_ends_within_its_grace_whatever_hangs(files, store, clock):
    hanging = Hanging()
    for _ in range(200):
        store.change(notify_of_no_incident, "stale", Routing(("hanging",)), NOON, endpoint="parrot")
    daemon = Daemon([files], store, [hanging], "", worker="here", clock=clock, grace_s=0.5)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    assert hanging.asked.wait(60)
    daemon.stop()
    thread.join(60)
    is_over = not thread.is_alive()
    left = Counter(one.state for one in store.query(notices.recent))  # before the one in hand may go on
    hanging.let_go.set()
    thread.join()
    assert is_over
    assert left == {"owed": 199, "claimed": 1}, "for whoever comes next"


class Quick:
    name = "quick"

    def __init__(self) -> None:
        self.got = threading.Event()

    def send(self, notice):
        self.got.set()
        return Outcome(True, "sent")


@pytest.mark.slow
def test_a_receiver_that_hangs_holds_up_no_other(files, store, clock):
    hanging, quick = Hanging(), Quick()
    for name in ("hanging", "quick"):
        store.change(notify_of_no_incident, "stale", Routing((name,)), NOON, endpoint="parrot")
    daemon = Daemon([files], store, [hanging, quick], "", worker="here", clock=clock, grace_s=0.5)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    assert hanging.asked.wait(60)
    assert quick.got.wait(60), "while the other still hangs"
    daemon.stop()
    thread.join(60)
    hanging.let_go.set()


class Forgetful:
    """A receiver that keeps what fires in memory only."""

    name, forgets = "forgetful", True

    def __init__(self) -> None:
        self.got = []

    def send(self, notice):
        self.got.append(notice.event)
        return Outcome(True, "sent")


def test_what_fires_is_repeated_now_and_then_to_a_receiver_that_forgets(files, store, clock, monkeypatch):
    forgetful, other = Forgetful(), Quick()
    for name in ("forgetful", "quick"):
        store.change(notify_of_no_incident, "stale", Routing((name,)), NOON, endpoint="parrot")
    daemon = Daemon([files], store, [forgetful, other], "", worker="here", clock=clock)
    daemon.deliver()
    daemon.deliver()
    assert forgetful.got == ["stale", "stale"], "once as a notice, once as what holds at the start"
    monkeypatch.setattr("prober.daemon.notices.REPEAT_S", 0.0)
    other.got.clear()
    daemon.deliver()
    assert forgetful.got == ["stale"] * 3
    assert not other.got.is_set()


@pytest.mark.slow
def test_a_backlog_of_passed_moments_does_not_hold_up_the_end(files, store, clock):
    write_set(files, every="10s")
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(timedelta(days=30))
    daemon.stop()
    daemon.tick(KEY)
    assert len(rounds(store)) == 1
