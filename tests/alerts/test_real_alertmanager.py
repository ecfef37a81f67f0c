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
from prober.model.notice import Notice
from prober.settings import Settings
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
def alertmanager(receiver: Hook, tmp_path: Path) -> Iterator[str]:
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
    address = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={tmp_path}/config.yml", f"--storage.path={tmp_path}/data", "--cluster.listen-address="]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, *options, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(f"http://{address}/-/ready"))
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=30)


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


def test_an_incident_arrives_once_becomes_more_serious_and_ends(alertmanager: str, receiver: Hook) -> None:
    began = datetime.now(UTC) - timedelta(hours=2)
    opened = edited(PLAIN, severity="warning", since=began, at=began)
    send(alertmanager, opened)
    wait_until(lambda: ("firing", "warning", "12") in heard(receiver))
    send(alertmanager, opened)  # as after a crash between sending and marking as sent
    time.sleep(SETTLED_S)
    assert heard(receiver) == [("firing", "warning", "12")]

    send(alertmanager, edited(opened, event="escalated", severity="critical", fired=("warning",)))
    wait_until(lambda: ("firing", "critical", "12") in heard(receiver))
    wait_until(lambda: ("resolved", "warning", "12") in heard(receiver))

    fired = ("warning", "critical")
    send(alertmanager, edited(opened, event="closed", severity="critical", state="closed", fired=fired))
    wait_until(lambda: ("resolved", "critical", "12") in heard(receiver))
    time.sleep(SETTLED_S)
    assert sorted(heard(receiver)) == [
        ("firing", "critical", "12"), ("firing", "warning", "12"),
        ("resolved", "critical", "12"), ("resolved", "warning", "12"),
    ]  # fmt: skip
    with urllib.request.urlopen(f"{alertmanager}/api/v2/alerts?active=true", timeout=5) as answer:
        assert json.load(answer) == []
