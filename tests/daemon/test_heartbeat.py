"""Heartbeats of the daemon: a row, a ping, and the news when another has fallen silent."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from prober.alerts.post import Ping
from prober.asking.scripted import ScriptedProvider
from prober.daemon import due_rounds
from prober.daemon.heartbeat import Heartbeat, condition
from prober.daemon.log import JsonLines
from prober.incidents.routing import Routing
from prober.model.errors import StoreError
from prober.model.notice import Outcome
from prober.model.reply import Reply
from prober.service.deliver import StoredOutbox
from prober.service.upkeep import beat, look_for_silent_daemons
from prober.store import Store, daemons, incidents, notices
from prober.store.pages import overview
from prober.store.pages.deliveries import deliveries
from tests.alerts.hook import Hook, listening
from tests.daemon.world import HOUR, NOON, Clock, tick, watching, work, write_set

MINUTE = timedelta(minutes=1)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as listener:
        yield listener


def paths(hook: Hook) -> list[str]:
    return [path.split("?")[0] for path, _, _ in hook.received]


def said(hook: Hook) -> list[str]:
    return [body.decode() for _, _, body in hook.received]


def test_a_daemon_says_what_it_watches(store: Store, tmp_path: Path) -> None:
    write_set(tmp_path / "probes", endpoints="parrot, magpie")
    daemon = watching(tmp_path / "probes", store, Clock())
    assert store.query(daemons.statuses) == ()
    daemon.beat()
    [sign] = store.query(daemons.statuses)
    assert (sign.worker, sign.seen_at, sign.stopped_at) == ("here", NOON, None)
    assert sign.endpoints == ("magpie", "parrot")


def test_the_row_follows_the_clock_and_the_files(store: Store, tmp_path: Path) -> None:
    write_set(tmp_path / "probes", endpoints="parrot, magpie")
    clock = Clock()
    daemon = watching(tmp_path / "probes", store, clock)
    daemon.beat()
    write_set(tmp_path / "probes", endpoints="magpie")
    daemon.reload(unchanged_too=True)
    clock.go(MINUTE)
    daemon.beat()
    [sign] = store.query(daemons.statuses)
    assert (sign.started_at, sign.seen_at, sign.endpoints) == (NOON, NOON + MINUTE, ("magpie",))


def test_a_broken_file_is_in_the_sign_of_life_until_it_is_fixed(store: Store, tmp_path: Path) -> None:
    write_set(tmp_path / "probes")
    daemon = watching(tmp_path / "probes", store, Clock())
    file = next((tmp_path / "probes").glob("canary*.yaml"))
    good = file.read_text()
    file.write_text(good + "probs: []\n")
    daemon.reload()
    daemon.beat()
    [sign] = store.query(daemons.statuses)
    [problem] = sign.file_problems
    assert problem.startswith(f"{file}:") and 'unknown field "probs"; probes is there already' in problem
    file.write_text(good)
    daemon.reload()
    daemon.beat()
    assert store.query(daemons.statuses)[0].file_problems == ()


def test_all_is_well_is_pinged(store: Store, hook: Hook) -> None:
    Heartbeat(store, "here", Ping(hook.url)).beat(["bot"], Routing(("log",)), NOON)
    assert paths(hook) == ["/hook"]
    assert said(hook) == ["watching 1 endpoint, 0 with an open incident"]


def test_a_channel_nobody_is_reached_by_is_pinged_as_a_fault(store: Store, hook: Hook) -> None:
    beat(store, "lost:1", ["bot"], Routing(("slack",)), NOON - HOUR)
    look_for_silent_daemons(store, Routing(("slack",)), NOON)
    [notice] = [StoredOutbox(store).claim_notice(NOON, 60, "https://dash")]
    assert notice is not None
    store.change(notices.settle, notice.id, Outcome(False, "channel_not_found", permanent=True), None, NOON)
    Heartbeat(store, "here", Ping(hook.url)).beat(["bot"], Routing(("slack",)), NOON + MINUTE)
    assert paths(hook) == ["/hook/fail"]
    assert said(hook)[0].startswith("messages to slack fail permanently: channel_not_found\n")


def test_a_database_that_cannot_be_used_is_pinged_as_a_fault(
    store: Store, hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(*arguments: object) -> None:
        raise StoreError("prober.db: another process holds the database")

    monkeypatch.setattr(daemons, "see", locked)
    pulse = Heartbeat(store, "here", Ping(hook.url))
    pulse.beat(["bot"], Routing(("log",)), NOON)
    assert paths(hook) == ["/hook/fail"]
    assert said(hook) == ["the database cannot be used: prober.db: another process holds the database"]
    assert "sending a heartbeat: prober.db: another process holds the database" in caplog.text
    monkeypatch.setattr(daemons, "stop", locked)
    pulse.stop(NOON)


@pytest.mark.slow
def test_a_heartbeat_that_does_not_arrive_is_said_once_and_when_it_does_again(
    store: Store, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pulse = Heartbeat(store, "here", Ping(hook.url))
    hook.status = 503
    for number in range(3):
        pulse.beat(["bot"], Routing(("log",)), NOON + number * MINUTE)
    hook.status = 200
    for number in range(3, 6):
        pulse.beat(["bot"], Routing(("log",)), NOON + number * MINUTE)
    told = [record.getMessage() for record in caplog.records if "heartbeat" in record.getMessage()]
    assert told == ["the heartbeat does not arrive: server_error: 503", "the heartbeat arrives again"]
    assert "not-a-real-secret" not in caplog.text


def test_a_changed_model_is_no_fault_of_the_prober(store: Store) -> None:
    assert condition(store.query(overview.endpoints), store.query(deliveries), ["bot"]) == (
        True,
        "watching 1 endpoint, 0 with an open incident",
    )


def test_the_daemon_ends_in_order(store: Store, tmp_path: Path) -> None:
    write_set(tmp_path / "probes")
    daemon = watching(tmp_path / "probes", store, Clock())
    daemon.beat()
    daemon.stop()
    daemon.run()
    [sign] = store.query(daemons.statuses)
    assert sign.stopped_at == NOON


def test_daemons_that_crash_and_are_started_again_within_seconds_are_no_news(store: Store) -> None:
    for worker, seconds in (("a", [0]), ("b", range(10, 290, 60)), ("c", range(305, 725, 60))):
        for each in seconds:
            beat(store, worker, ["bot"], Routing(("log",)), NOON + timedelta(seconds=each))
    assert store.query(notices.recent) == ()


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False], ids=["the same name", "another name"])
@pytest.mark.parametrize("last_beat_s", [0, 30, 59], ids=lambda seconds: f"lost {seconds} s after its heartbeat")
@pytest.mark.parametrize(
    ("away_s", "news"), [(1, []), (10, []), (60, []), (300, []), (900, ["daemon_back"]), (86_400, ["daemon_back"])]
)
def test_a_daemon_that_is_started_again_within_five_minutes_is_no_news(
    store: Store, same: bool, last_beat_s: int, away_s: int, news: list[str]
) -> None:
    def run(worker: str, since: datetime) -> None:
        for minute in range(8):
            now = since + timedelta(minutes=minute)
            beat(store, worker, ["bot"], Routing(("log",)), now, goes_on=minute > 0)

    run("a", NOON)
    run("a" if same else "b", NOON + timedelta(minutes=7, seconds=last_beat_s + away_s))
    assert [one.event for one in store.query(notices.recent)] == news


@pytest.mark.parametrize("starts", [2, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lived_s", [0, 30, 130])
def test_a_crash_loop_is_no_news_of_daemons(store: Store, starts: int, lived_s: int) -> None:
    now = NOON
    for number in range(starts):
        for second in range(0, lived_s + 1, 60):
            beat(store, f"host:{number}", ["bot"], Routing(("log",)), now + timedelta(seconds=second))
        now += timedelta(seconds=lived_s + 10)
    for minute in range(15):
        beat(store, "host:last", ["bot"], Routing(("log",)), now + timedelta(minutes=minute), goes_on=minute > 0)
    assert store.query(notices.recent) == ()
    assert [one.worker for one in store.query(daemons.statuses)] == ["host:last"]


def test_a_log_in_json_names_what_each_line_is_about() -> None:
    record = logging.LogRecord("prober", logging.WARNING, "", 0, "incident %d: %s", (7, 'a "b"'), None)
    record.incident, record.round = 7, "2026-03-01T00:00:00.000000Z"
    line = json.loads(JsonLines().format(record))
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "WARNING", "message": 'incident 7: a "b"', "incident": 7, "round": "2026-03-01T00:00:00.000000Z",
    }  # fmt: skip


@pytest.mark.slow
def test_every_line_about_a_round_an_incident_or_a_notice_has_its_id(files, store, clock, monkeypatch, caplog):
    caplog.set_level("INFO", "prober")
    caplog.handler.setFormatter(JsonLines())
    daemon = watching(files, store, clock)
    work(daemon)
    monkeypatch.setattr(ScriptedProvider, "ask", lambda self, e, p, s, now: Reply(at=now, error="unauthorized"))
    for _ in range(3):
        clock.go(HOUR)
        tick(daemon, "canary on parrot")
    daemon.deliver()
    monkeypatch.setattr(due_rounds, "open_provider", lambda endpoint: 1 / 0)
    clock.go(HOUR)
    tick(daemon, "canary on parrot")
    lines = [json.loads(line) for line in caplog.text.splitlines()]
    (label,) = {one.label for one in store.query(overview.recent_rounds) if one.due_at == NOON}
    assert [line["round"] for line in lines if "3 asks" in line["message"]][:1] == [label]
    (trouble,) = store.query(incidents.recent)
    news = [line for line in lines if f"incident {trouble.id} " in line["message"]]
    assert news and {line["incident"] for line in news} == {trouble.id}
    sent = [line for line in lines if line["message"].startswith("notice ")]
    assert sent and all(line["notice"] and line["incident"] == trouble.id for line in sent)
    (crash,) = [line for line in lines if "ZeroDivisionError" in line["message"]]
    assert crash["round"] == (NOON + 4 * HOUR).isoformat()
