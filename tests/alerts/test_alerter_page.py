"""The page on alerters is true: its example works, and its tables name what there is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prober.alerts.alertmanager import NAMES, alerts
from prober.alerts.message import compose
from prober.alerts.pagerduty import ACTIONS
from prober.incidents.events import EVENTS
from prober.settings import Settings
from tests.alerts import slack_html
from tests.alerts.hook import Hook
from tests.alerts.notices import PLAIN, edited

DOCS = Path(__file__).parents[2] / "docs"
RECIPE = (DOCS / "contributing" / "alerter.md").read_text(encoding="utf-8")
PAGE = (DOCS / "operating" / "alerters.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_alerter_is_a_template(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.findall(r"```python\n(.*?)```", RECIPE, re.DOTALL)[0]
    written: dict[str, object] = {}
    exec(example, written)
    assert written["open_mine"](Settings()) is None  # type: ignore[operator]
    monkeypatch.setenv("PROBER_MINE_URL", hook.url)
    alerter = written["open_mine"](Settings())  # type: ignore[operator]
    assert alerter.send(PLAIN).sent
    [(_, _, body)] = hook.received
    assert json.loads(body)["title"] == compose(PLAIN).title


@pytest.mark.parametrize("phase", ACTIONS)
def test_the_table_says_which_event_does_what(phase: str) -> None:
    [row] = [line for line in PAGE.splitlines() if line.endswith(f"| `{ACTIONS[phase]}` |")]
    assert set(re.findall(r"`(\w+)`", row)) - {ACTIONS[phase]} == {
        event for event, rule in EVENTS.items() if rule.phase == phase
    }


def test_the_labels_of_an_alert_are_all_named() -> None:
    [alert] = alerts(edited(PLAIN, runbook="https://wiki"), datetime(2026, 2, 1, tzinfo=UTC))
    for name in (*alert["labels"], *alert["annotations"], *NAMES.values()):
        assert f"`{name}`" in PAGE, name


@pytest.mark.slow
@pytest.mark.parametrize("picture", slack_html.PAGES)
def test_the_pictures_are_of_payloads_that_are_sent(picture: str) -> None:
    assert "Canary prober" in slack_html.PAGES[picture]() or picture == "slack-accept"
    assert f"images/{picture}.png" in (DOCS / "operating" / "slack.md").read_text(encoding="utf-8")
