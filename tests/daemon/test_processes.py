"""Whole daemons as processes of their own, with APScheduler, threads and signals, and what is left when they are killed."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from prober.daemon import daemon as daemon_module
from prober.daemon import due_rounds as rounds_module
from prober.daemon import serve
from prober.model.errors import ConfigurationError
from prober.service import run_round
from prober.settings import Settings
from prober.store import Store, replies
from prober.store import daemons as stored_daemons
from prober.store.pages import overview
from tests.alerts.hook import listening
from tests.daemon.world import HeldUp, asked, completed, rounds, write_set
from tests.processes import wait_until

pytestmark = pytest.mark.slow

FORK = multiprocessing.get_context("fork")


def _daemon(folder: Path, url: str, free: int, lease_s: float | None) -> None:
    """In a process of its own: short waits, and asks that are noted, and held up after so many."""
    logging.basicConfig(filename=folder / "log", level=logging.DEBUG, force=True)
    daemon_module.LOOK_S = 0.05
    rounds_module.open_provider = lambda endpoint: HeldUp(folder, free)
    if lease_s is not None:
        run_round.LEASE_S = lease_s
    serve([folder], Settings(database_url=url))


@pytest.fixture
def start(files, url):
    """Start a daemon; all are killed at the end."""
    started = []

    def start(free=10**6, lease_s=None):
        daemon = FORK.Process(target=_daemon, args=(files, url, free, lease_s))
        daemon.start()
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        if daemon.is_alive():
            os.kill(daemon.pid, signal.SIGKILL)
        daemon.join()


def stop(*daemons, number=signal.SIGTERM):
    """Exit codes after a signal."""
    for daemon in daemons:
        os.kill(daemon.pid, number)
    for daemon in daemons:
        daemon.join(60)
    return [daemon.exitcode for daemon in daemons]


def looked(url, look):
    """What `look` finds. The store is opened for it alone, for no connection may be open while a process is forked."""
    with Store.open(url) as store:
        return look(store)


def log(files):
    path = files / "log"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_finishes_the_round_in_progress(files, url, start, number):
    write_set(files, every="1d", samples=6)
    daemon = start(free=2)
    wait_until((files / "held").exists)
    os.kill(daemon.pid, number)
    wait_until(lambda: "stopping" in log(files))
    assert daemon.is_alive()
    (files / "go").touch()
    daemon.join(60)
    assert daemon.exitcode == 0
    assert [(view.state, view.asked) for view in looked(url, lambda store: store.query(overview.recent_rounds))] == [
        ("completed", 6)
    ]
    assert "stopped" in log(files)


def test_asked_twice_it_stops_at_once_and_the_round_is_left(files, url, start):
    write_set(files, every="1d", samples=6)
    daemon = start(free=2)
    wait_until((files / "held").exists)
    os.kill(daemon.pid, signal.SIGTERM)
    wait_until(lambda: "stopping" in log(files))
    assert stop(daemon, number=signal.SIGINT) == [-signal.SIGINT]
    assert [view.state for view in looked(url, lambda store: store.query(overview.recent_rounds))] == ["claimed"]


def test_killed_in_a_round_the_next_one_goes_on_with_it(files, url, start):
    write_set(files, every="1d", samples=6)
    first = start(free=2, lease_s=0.05)
    wait_until(
        lambda: (
            (files / "held").exists() and looked(url, lambda store: store.query(overview.recent_rounds)[0].asked) == 2
        )
    )
    assert stop(first, number=signal.SIGKILL) == [-signal.SIGKILL]
    (left,) = looked(url, lambda store: store.query(overview.recent_rounds))
    assert (left.state, left.asked) == ("claimed", 2)
    (files / "go").touch()
    second = start(free=0)
    wait_until(lambda: looked(url, completed))
    assert stop(second) == [0]
    (view,) = looked(url, lambda store: store.query(overview.recent_rounds))
    assert (view.id, view.label, view.asked) == (left.id, left.label, 6)
    places = [(o.series, o.sample) for o in looked(url, lambda store: store.query(replies.recorded, view.id))]
    assert sorted(sample for _, sample in places) == [0, 1, 2, 3, 4, 5]
    assert Counter(asked(files)) == {f"parrot colour {sample}": 1 for sample in range(6)}


def test_two_sets_on_one_endpoint_are_asked_one_after_the_other(files, url, start):
    write_set(files, every="1d")
    write_set(files, "second", every="1d", prompt="Name an animal.")
    daemon = start()
    wait_until(lambda: len(looked(url, completed)) == 2)
    assert stop(daemon) == [0]
    first, second = sorted(looked(url, lambda store: store.query(overview.recent_rounds)), key=lambda view: view.label)
    assert first.completed_at.isoformat() <= second.label.replace("Z", "+00:00")


@pytest.mark.parametrize("url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_two_daemons_on_one_database_ask_each_round_once(files, url, start):
    write_set(files, every="2s", endpoints="parrot, magpie")
    both = [start(), start()]
    wait_until(lambda: len(looked(url, completed)) >= 6)
    assert stop(*both) == [0, 0]
    done = looked(url, completed)
    assert len(asked(files)) == sum(view.asked for view in done) == 3 * len(done)
    assert len({(view.endpoint, view.due_at) for view in done}) == len(done)


def test_rounds_that_come_while_one_hangs_are_missed_and_each_moment_has_its_row(files, url, start):
    write_set(files, every="0.5s")
    daemon = start(free=4)  # all of a first round, and one ask of the next
    # Which reason depends on who began the round that hangs, the schedule or the sweep.
    reasons = {"still_running", "overdue", "misfire"}
    wait_until(
        lambda: (
            len(
                [
                    view
                    for view in looked(url, lambda store: store.query(overview.recent_rounds))
                    if view.reason in reasons
                ]
            )
            >= 2
        )
    )
    (files / "go").touch()
    wait_until(lambda: len(looked(url, completed)) >= 3)
    assert stop(daemon) == [0]
    dues = sorted(view.due_at for view in looked(url, lambda store: store.query(overview.recent_rounds)))
    assert {later - earlier for earlier, later in pairwise(dues)} == {timedelta(seconds=0.5)}


def test_files_are_followed_and_broken_ones_leave_what_was(files, url, start):
    write_set(files, every="0.5s")
    daemon = start()
    wait_until(lambda: looked(url, completed))
    (files / "canary.yaml").write_text("name: canary\nprobs: []\n")
    wait_until(lambda: "now BROKEN" in log(files))
    before = len(looked(url, completed))
    wait_until(lambda: len(looked(url, completed)) >= before + 2)
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: log(files).count("now BROKEN") == 2)
    write_set(files, every="1d", endpoints="magpie")
    wait_until(lambda: looked(url, lambda store: [view for view in completed(store) if view.endpoint == "magpie"]))
    assert stop(daemon) == [0]
    assert "are fixed and in use again: 1 probe set" in log(files)
    assert "Traceback" not in log(files)


@pytest.mark.slow
def test_the_real_thing_from_a_fresh_interpreter(files, url):
    write_set(files, every="1d")
    code = "import sys, prober.daemon, prober.settings as s; prober.daemon.serve(sys.argv[1:], s.Settings())"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(files)],
        env={**os.environ, "PROBER_DATABASE_URL": url},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: looked(url, completed))
    child.terminate()
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0
    assert "Traceback" not in said
    assert [state for *_, state in looked(url, rounds)] == ["completed"]


def test_broken_files_at_the_start_make_no_database(files, tmp_path):
    (files / "canary.yaml").write_text("name: [")
    with pytest.raises(ConfigurationError):
        serve([files], Settings(database_url=f"sqlite:///{tmp_path / 'new.db'}"))
    assert not (tmp_path / "new.db").exists()


def test_a_daemon_gives_signs_of_life_and_says_when_it_ends(start, files, url, monkeypatch):
    with listening() as hook:
        monkeypatch.setenv("PROBER_HEARTBEAT_URL", hook.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        write_set(files)
        lost = start()
        wait_until(lambda: hook.received)
        assert stop(lost, number=signal.SIGKILL) == [-signal.SIGKILL]
        (killed,) = looked(url, lambda store: store.query(stored_daemons.statuses))
        assert (killed.endpoints, killed.stopped_at) == (("parrot",), None)
        path, _, body = hook.received[0]
        assert path.startswith("/hook?")
        assert body.startswith(b"watching 1 endpoint, ")

        later = start()
        wait_until(lambda: len(looked(url, lambda store: store.query(stored_daemons.statuses))) == 2)
        assert stop(later) == [0]
        ended = {
            sign.worker.split(":")[1]: sign.stopped_at
            for sign in looked(url, lambda store: store.query(stored_daemons.statuses))
        }
        assert ended[str(lost.pid)] is None, "nobody can say when it ended"
        assert ended[str(later.pid)] is not None
