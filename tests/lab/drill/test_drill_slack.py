"""The whole path to Slack itself, as far as a server that knows its limits is Slack."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from prober.alerts import open_alerters
from prober.lab.drill import drill
from prober.lab.drill.run import Tools
from prober.settings import Settings
from prober.store import Store
from tests.alerts.slack_server import APP_TOKEN, CHANNEL, TOKEN, SlackServer
from tests.lab.drill.world import Time, declarations, hashes

pytestmark = pytest.mark.slow

DECLARED = declarations()
(PARROT,) = DECLARED.endpoints


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with SlackServer() as server:
        yield server


def test_a_drill_is_one_message_marked_edited_and_without_buttons(watched: str, slack: SlackServer) -> None:
    settings = Settings(
        slack_bot_token=TOKEN,  # type: ignore[arg-type]
        slack_app_token=APP_TOKEN,  # type: ignore[arg-type]
        slack_channel=CHANNEL,
        slack_base_url=slack.base_url,
    )
    [bot] = [alerter for alerter in open_alerters(settings) if alerter.name == "slack"]
    before, time = hashes(watched), Time()
    with Store.open(watched, read_only=True) as store:
        done = drill(
            store, DECLARED, PARROT, "refusal", [bot], "https://dash", Tools(time.clock, time.timer, time.sleep)
        )
    assert hashes(watched) == before
    assert all(one.outcome.sent for one in done.delivered), done.delivered
    [root] = slack.roots
    assert root["text"].startswith("✅ Drill, recovered")
    assert '"actions"' not in json.dumps(root["blocks"]), "nothing of a drill can be pressed: it would be another's"
    thread = slack.thread(root)
    assert any("Part of a drill" in json.dumps(one) for one in thread), "the replies that were made up say so"
    titles = [one["text"] for one in thread if one.get("text", "").startswith("✅ Drill")]
    assert len(titles) >= 1
    assert not any("prober incidents" in json.dumps(one) for one in (root, *thread)), "no step leads to a real incident"
