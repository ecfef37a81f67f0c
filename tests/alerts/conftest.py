from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts.hook import Hook, listening
from tests.alerts.slack_server import SlackServer


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own Slack, and no proxy between a test and its server."""
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "PROBER_SLACK_ALLOWED",
        "SLACK_WEBHOOK_URL",
        "PROBER_SLACK_CHANNEL",
        "PROBER_SLACK_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in (
        "PROBER_WEBHOOK_URL",
        "PROBER_WEBHOOK_SECRET",
        "PROBER_PAGERDUTY_ROUTING_KEY",
        "PROBER_PAGERDUTY_URL",
        "PROBER_ALERTMANAGER_URL",
        "PROBER_HEARTBEAT_URL",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as listener:
        yield listener
