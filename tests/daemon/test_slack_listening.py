"""The daemon listens for presses while it runs, and says at the start what a channel cannot do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prober.alerts import open_alerters
from prober.daemon import listening
from prober.daemon.log import log_remarks
from prober.daemon.notices import StoredIncidentActions
from prober.model.decision import Action
from prober.settings import Settings
from prober.store import notices
from tests.daemon.world import watching
from tests.store.world import alarm


class Listener:
    def __init__(self) -> None:
        self.journal: list[str] = []

    def start(self) -> None:
        self.journal.append("start")

    def close(self) -> None:
        self.journal.append("close")


def test_it_listens_while_it_runs_and_no_longer() -> None:
    listener = Listener()
    with pytest.raises(RuntimeError), listening(listener):  # type: ignore[arg-type]
        listener.journal.append("run")
        raise RuntimeError
    assert listener.journal == ["start", "run", "close"]
    with listening(None):
        pass


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slack_webhook_url": "https://hooks.example/x"}, "slack: an incoming webhook only posts"),
        (
            {"slack_bot_token": "xoxb-1", "slack_channel": "C1"},
            "slack: no buttons are shown: SLACK_APP_TOKEN is not set",
        ),
        ({"slack_bot_token": "xoxb-1", "slack_channel": "C1", "slack_app_token": "xapp-1"}, ""),
        ({}, ""),
    ],
)
def test_what_a_channel_cannot_do_is_said_at_the_start(
    given: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_WEBHOOK_URL", "PROBER_SLACK_CHANNEL"):
        monkeypatch.delenv(name, raising=False)
    log_remarks(open_alerters(Settings(**given)))  # type: ignore[arg-type]
    assert said in caplog.text and bool(said) == bool(caplog.records)


def test_what_is_clicked_at_night_waits_for_the_morning_as_the_files_say(files, store) -> None:
    (files / "alerts.yaml").write_text('quiet_hours: {start: "22:00", end: "07:00"}\n')
    night = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    daemon = watching(files, store, lambda: night)
    actions = StoredIncidentActions(store, "", lambda: night, lambda: daemon.routing, lambda: None)
    incident = alarm(store)
    for action in ("mute", "unmute"):
        actions.act(incident.id, Action(action, "ana", via="slack"))
    due = {one.event: (one.next_try_at, one.hold) for one in store.query(notices.recent) if one.event != "opened"}
    assert due == {
        "muted": (night, ""),
        "unmuted": (datetime(2026, 3, 2, 7, tzinfo=UTC), "quiet_hours"),
    }
