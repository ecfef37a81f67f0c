"""Which channels there are, and the log, which is always there."""

from __future__ import annotations

import logging

import pytest

from prober.alerts import ALERTERS, open_alerters
from prober.alerts.log import LogAlerter
from prober.alerts.message import compose
from prober.model.errors import ConfigurationError
from prober.model.notice import Outcome
from prober.settings import Settings
from tests.alerts.notices import HOSTILE, PLAIN

ALL = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "PROBER_SLACK_CHANNEL": "C1",
    "PROBER_WEBHOOK_URL": "https://a.example/hook",
    "PROBER_WEBHOOK_SECRET": "s",
    "PROBER_PAGERDUTY_ROUTING_KEY": "0123456789abcdef0123456789abcdef",
    "PROBER_APPRISE_URLS": "json://a.example/hook",
    "PROBER_ALERTMANAGER_URL": "http://a.example:9093",
}


def test_an_empty_environment_has_the_log_alone() -> None:
    assert [alerter.name for alerter in open_alerters(Settings())] == ["log"]


@pytest.mark.slow
def test_every_row_opens_an_alerter_of_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    assert [alerter.name for alerter in open_alerters(Settings())] == list(ALERTERS)


def test_all_that_is_half_configured_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_alerters(Settings(slack_bot_token="xoxb-1", webhook_url="nowhere"))  # type: ignore[arg-type]
    assert [problem.message.split()[0] for problem in caught.value.problems] == [
        "SLACK_BOT_TOKEN",
        "PROBER_WEBHOOK_URL",
    ]


def test_the_log_has_one_warning_a_notice_and_the_details_below(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert LogAlerter().send(PLAIN) == Outcome(True, "sent")
    warning, details = caplog.records
    assert (warning.levelno, warning.getMessage()) == (logging.WARNING, compose(PLAIN).title)
    assert "34 % longer" in details.getMessage()


def test_no_reply_can_forge_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    LogAlerter().send(HOSTILE)
    warning, details = caplog.records
    assert "\n" not in warning.getMessage()
    assert all(line.startswith("  | ") for line in details.getMessage().split("\n")[1:])
