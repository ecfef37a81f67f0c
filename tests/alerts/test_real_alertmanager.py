"""A real Alertmanager, as Debian packages it: our alerts arrive at its receiver once, become more serious, and end."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.alerts.alertmanager import open_alertmanager
from prober.incidents.routing import Routing
from prober.model.notice import Notice
from prober.service.decisions import notify_of_no_incident
from prober.service.deliver import StoredOutbox, deliver, repeat
from prober.settings import Settings
from prober.store import Store
from tests.alerts.hook import Hook, listening
from tests.alerts.notices import PLAIN, edited
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.slow

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
SETTLED_S = 3.0
"""Well over the time that Alertmanager waits for further alerts of a group, as configured here."""


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with listening() as hook:
        yield hook


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as opened:
        yield opened


class Server:
    """An Alertmanager that can be restarted, by a kill."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM is not None
        address = f"127.0.0.1:{free_port()}"
        self.url, self._log = f"http://{address}", folder / "log"
        options = [f"--config.file={folder}/config.yml", f"--storage.path={folder}/data", "--cluster.listen-address="]
        self._command = [PROGRAM, *options, f"--web.listen-address={address}"]

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_until(lambda: answers(f"{self.url}/-/ready"))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(timeout=30)

    def active(self) -> list[str]:
        """Severities of the alerts that fire."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts?active=true", timeout=5) as answer:
            return [alert["labels"]["severity"] for alert in json.load(answer)]


@pytest.fixture
def alertmanager(receiver: Hook, tmp_path: Path) -> Iterator[Server]:
    if PROGRAM is None:
        pytest.skip("Alertmanager is not installed; apt-get install prometheus-alertmanager installs it")
    route = {
        "receiver": "hook",
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "1h",
    }
    hook = {"name": "hook", "webhook_configs": [{"url": f"{receiver.base}/am", "send_resolved": True}]}
    (tmp_path / "config.yml").write_text(json.dumps({"route": route, "receivers": [hook]}))
    server = Server(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def send(url: str, notice: Notice) -> None:
    alerter = open_alertmanager(Settings(PROBER_ALERTMANAGER_URL=url))
    assert alerter is not None
    outcome = alerter.send(notice)
    assert outcome.sent, outcome


def heard(receiver: Hook) -> list[tuple[str, str, str]]:
    """(status, severity, incident) of every alert in every message to the receiver."""
    messages = [json.loads(body) for _, _, body in receiver.received]
    return [
        (alert["status"], alert["labels"]["severity"], alert["labels"]["incident"])
        for message in messages
        for alert in message["alerts"]
    ]


def test_an_incident_arrives_once_becomes_more_serious_and_ends(alertmanager: Server, receiver: Hook) -> None:
    began = datetime.now(UTC) - timedelta(hours=2)
    opened = edited(PLAIN, severity="warning", since=began, at=began)
    send(alertmanager.url, opened)
    wait_until(lambda: ("firing", "warning", "12") in heard(receiver))
    send(alertmanager.url, opened)  # as after a crash between sending and marking as sent
    time.sleep(SETTLED_S)
    assert heard(receiver) == [("firing", "warning", "12")]

    send(alertmanager.url, edited(opened, event="escalated", severity="critical", fired=("warning",)))
    wait_until(lambda: ("firing", "critical", "12") in heard(receiver))
    wait_until(lambda: ("resolved", "warning", "12") in heard(receiver))

    fired = ("warning", "critical")
    send(alertmanager.url, edited(opened, event="closed", severity="critical", state="closed", fired=fired))
    wait_until(lambda: ("resolved", "critical", "12") in heard(receiver))
    time.sleep(SETTLED_S)
    assert sorted(heard(receiver)) == [
        ("firing", "critical", "12"), ("firing", "warning", "12"),
        ("resolved", "critical", "12"), ("resolved", "warning", "12"),
    ]  # fmt: skip
    assert alertmanager.active() == []


def test_what_fires_outlives_a_restart_of_alertmanager_and_its_end_arrives(
    alertmanager: Server, receiver: Hook, store: Store
) -> None:
    alerter = open_alertmanager(Settings(PROBER_ALERTMANAGER_URL=alertmanager.url))
    assert alerter is not None
    now = datetime.now(UTC)
    routing = Routing(("alertmanager",))
    store.change(notify_of_no_incident, "daemon_silent", routing, now, cause="the daemon a:1 is silent")
    assert deliver(StoredOutbox(store), [alerter], lambda: now, "") is not None
    wait_until(lambda: heard(receiver) == [("firing", "critical", "0")])
    alertmanager.stop()
    alertmanager.start()
    assert alertmanager.active() == [], "it keeps what fires in memory"
    repeat(store, alerter, "", now)
    wait_until(lambda: alertmanager.active() == ["critical"])
    wait_until(lambda: heard(receiver)[1:] == [("firing", "critical", "0")])  # it was killed before it noted the first

    store.change(notify_of_no_incident, "daemon_back", routing, now, cause="the daemon a:1 is back")
    assert deliver(StoredOutbox(store), [alerter], lambda: now, "") is not None
    wait_until(lambda: heard(receiver)[2:] == [("resolved", "critical", "0")])
    repeat(store, alerter, "", now)
    time.sleep(SETTLED_S)
    assert (len(heard(receiver)), alertmanager.active()) == (3, [])
