"""The store as the outbox: from a confirmed change to the one message in the channel, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.alerts import open_alerters
from prober.alerts.slack.bot import SlackBot
from prober.alerts.slack.client import Pace
from prober.incidents.routing import Routing
from prober.model.decision import Action
from prober.model.declaration import Endpoint
from prober.model.evidence import Judgement, Observation, Verdict
from prober.model.reply import Reply
from prober.service.act import try_to_act
from prober.service.deliver import StoredOutbox, deliver
from prober.service.settle import settle
from prober.settings import Settings
from prober.store import Store, incidents, replies, rounds
from tests.alerts.slack_server import CHANNEL, TOKEN, SlackServer, texts
from tests.alerts.test_slack import parts

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENDPOINT = Endpoint(name="acme/gpt-4o", provider="openai", model="gpt-4o-2024-08-06")
LENGTH = Verdict("length", 900.0, 1.34, 1.0, "ratio to reference", 0.34, "34 % longer", None, ())


def open_incident(store: Store, owed_to: tuple[str, ...]) -> None:
    claimed = store.change(rounds.claim, store.change(rounds.due, ENDPOINT, "money", NOW), "worker", NOW, 60)
    assert claimed is not None
    judgement = Judgement(claimed.round.label, "alarm", 812.0, 365.0, (LENGTH,), kind="behaviour_change")
    reply = Observation("s", "money/capital", 0, Reply(at=NOW, text="Paris"), None)
    store.change(replies.record, claimed, [reply])
    settle(store, claimed, ENDPOINT, judgement, "{}", Routing(owed_to), NOW)


def deliver_all(store: Store, settings: Settings, now: datetime, patience_s: float = 30.0) -> int:
    alerters = [
        replace(one, pace=Pace(interval_s=0)) if isinstance(one, SlackBot) else one for one in open_alerters(settings)
    ]
    for alerter in alerters:
        if client := getattr(alerter, "client", None):
            client.timeout = patience_s
    count = 0
    while deliver(StoredOutbox(store), alerters, lambda: now, "http://localhost:8501"):
        count += 1
    return count


@pytest.mark.parametrize("first_answer", ["", "posted_but_lost", "posted_but_hang", "server_error"])
def test_each_channel_gets_the_incident_once(tmp_path: Path, slack: SlackServer, first_answer: str) -> None:
    settings = Settings(slack_bot_token=TOKEN, slack_channel=CHANNEL, slack_base_url=slack.base_url)  # type: ignore[arg-type]
    slack.next.append(first_answer)
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as store:
        open_incident(store, ("slack", "log"))
        assert deliver_all(store, settings, NOW, slack.patience_s()) == 2
        assert deliver_all(store, settings, NOW + timedelta(hours=1)) == bool(first_answer)
        assert deliver_all(store, settings, NOW + timedelta(days=1)) == 0
        [incident] = store.query(incidents.recent)
        later = NOW + timedelta(days=1)
        try_to_act(store, incident.id, Action("acknowledge", "alice"), Routing(("slack",)), later)
        assert deliver_all(store, settings, NOW + timedelta(days=1)) == 2, "whoever was told: the log, too"
    assert parts(slack) == ["root", "evidence", "news"]
    assert "34 % longer (length, evidence 900)" in texts(slack.messages[1]["blocks"])
    assert str(slack.messages[2]["text"]).startswith("👀 Acknowledged · acme/gpt-4o")
    assert slack.roots[0]["text"] != slack.messages[2]["text"] and str(slack.roots[0]["text"]).startswith(
        "👀 Acknowledged · "
    )


def test_what_is_owed_to_a_channel_taken_away_fails_for_good(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as store:
        open_incident(store, ("slack",))
        assert deliver_all(store, Settings(), NOW) == 1
        assert deliver_all(store, Settings(), NOW + timedelta(days=1)) == 0
