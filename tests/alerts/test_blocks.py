"""What Slack is sent: pinned for every state and event, within every limit, and free of markup that a reply could use."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given, settings
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from prober.alerts.slack.blocks import (
    FALLBACK_LIMIT,
    TEXTS_LIMIT,
    evidence_blocks,
    evidence_text,
    fallback_text,
    news_blocks,
    root_blocks,
    root_text,
    slack_blocks,
)
from prober.alerts.slack.buttons import NEED_REASON, PREFIX, buttons, evidence_modal, incident_value, reason_modal
from prober.incidents.events import EVENTS
from prober.model.decision import CHANGE_REFERENCE
from prober.model.incident import IncidentState
from prober.model.notice import Notice
from prober.text import private
from tests.alerts.notices import HOSTILE, NAMED, PLAIN, any_notice, edited
from tests.alerts.slack_limits import refusal, texts, view_refusal
from tests.alerts.test_hostile import UNSEEN
from tests.alerts.test_message import same_as_golden

Body = dict[str, object]
LAYOUTS: dict[str, Callable[[Notice], Body]] = {
    "whole": lambda notice: {"text": fallback_text(notice), "blocks": slack_blocks(notice)},
    "root": lambda notice: {"text": root_text(notice), "blocks": root_blocks(notice, interactive=True)},
    "evidence": lambda notice: {"text": evidence_text(notice), "blocks": evidence_blocks(notice)},
    "news": lambda notice: {"text": fallback_text(notice), "blocks": news_blocks(notice)},
}
PARSED = {"header", "plain_text", "rich_text", "rich_text_section", "rich_text_list", "text", "link", "section", "date"}
PRESSED = {"actions", "button", "static_select"}


def layouts(notice: Notice) -> dict[str, Body]:
    return {name: layout(private(notice)) for name, layout in LAYOUTS.items()}


@pytest.mark.parametrize("name", NAMED)
def test_slack_sees_the_golden_message(name: str) -> None:
    same_as_golden(f"slack_{name}.json", json.dumps(layouts(NAMED[name]), indent=1, ensure_ascii=False) + "\n")


def test_every_event_and_state_that_people_hear_of_is_pinned() -> None:
    assert {notice.event for notice in NAMED.values()} == set(EVENTS)
    assert {getattr(notice.about, "state", "open") for notice in NAMED.values()} == set(get_args(IncidentState)) - {
        "suspected"
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_the_models_of_slacks_own_sdk_take_every_payload(name: str) -> None:
    for body in layouts(NAMED[name]).values():
        assert refusal(body) is None
        blocks = body["blocks"]
        assert isinstance(blocks, list) and blocks
        for block in blocks:
            parsed = Block.parse(block)
            assert parsed is not None
            parsed.validate_json()
            assert parsed.to_dict()["type"] == block["type"]


def test_the_models_of_slacks_own_sdk_refuse_what_is_too_long() -> None:
    """Else the test above could not fail."""
    block = Block.parse({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}})
    with pytest.raises(Exception, match="150"):
        block.validate_json()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(any_notice())
def test_any_notice_is_within_every_limit_of_slack_and_shows_nothing_unseen(notice: Notice) -> None:
    for name, body in layouts(notice).items():
        blocks = body["blocks"]
        assert refusal(body) is None, name
        assert sum(len(text.encode("utf-16-le")) // 2 for text in texts(blocks)) <= TEXTS_LIMIT
        # Nothing that Slack would parse as markup: no mrkdwn object, and no control sequence in the one text it parses.
        assert _types(blocks) <= (PARSED | PRESSED if name == "root" else PARSED)
        assert not set("<>`") & set(str(body["text"]))
        assert not re.search(r"&(?!amp;|lt;|gt;)", str(body["text"]))
        assert len(str(body["text"])) <= FALLBACK_LIMIT
        assert not any(UNSEEN.search(text) for text in [*texts(blocks), str(body["text"])])


@pytest.mark.parametrize("notice", [PLAIN, HOSTILE], ids=["plain", "hostile"])
def test_modals_are_within_every_limit_and_known_to_the_sdk(notice: Notice) -> None:
    assert tuple(NEED_REASON) == CHANGE_REFERENCE
    for view in (
        *(reason_modal(name, notice.incident_id, notice.endpoint, "x" * 300) for name in NEED_REASON),
        evidence_modal(notice.incident_id, evidence_blocks(notice)),
        evidence_modal(2**62, evidence_blocks(notice)),
    ):
        assert view_refusal(view) is None
        View(**view).validate_json()


def pressable(notice: Notice) -> list[str]:
    row = buttons(notice)
    return [one["action_id"].removeprefix(PREFIX) for one in row["elements"]] if row else []  # type: ignore[union-attr,index]


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("open", ["acknowledge", "mute", "accept", "dismiss", "evidence"]),
        ("acknowledged", ["mute", "accept", "dismiss", "evidence"]),
        ("muted", ["acknowledge", "unmute", "accept", "dismiss", "evidence"]),
        ("closed", ["evidence"]),
    ],
)
def test_what_can_be_clicked_fits_the_state(state: IncidentState, names: list[str]) -> None:
    assert pressable(edited(PLAIN, state=state)) == names
    trouble = edited(NAMED["trouble"], state=state)
    assert pressable(trouble) == [name for name in names if name not in ("accept", "dismiss", "evidence")]
    assert pressable(edited(NAMED["stale"], state=state)) == []
    certain = edited(PLAIN, state=state, facts=NAMED["fact"].about.facts)  # type: ignore[union-attr]
    assert pressable(certain) == [name for name in names if name != "dismiss"], "a fact is never a false alarm"


def test_a_button_names_one_incident_of_one_installation() -> None:
    mine = incident_value(12, "acme/gpt-4o", PLAIN.since)
    assert mine.startswith("12.")
    assert mine != incident_value(12, "acme/gpt-4", PLAIN.since)
    assert mine != incident_value(12, "acme/gpt-4o", PLAIN.since.replace(year=2025))


def test_replies_stand_side_by_side() -> None:
    fields = [block["fields"] for block in evidence_blocks(PLAIN) if block["type"] == "section"]
    assert [cell["text"] for cell in fields[0]] == [  # type: ignore[union-attr,index,call-overload]
        "Reference",
        "Recent",
        "7 %",
        "The reduced rate of 7 % applies to books.",
    ]


def test_in_private_mode_no_word_of_a_prompt_or_reply_is_sent() -> None:
    secret = edited(
        PLAIN,
        private=True,
        comparisons=tuple(
            edited(one, prompt="the secret prompt", reference="a secret", recent="no secret")
            for one in PLAIN.about.comparisons
        ),
        moved=(edited(PLAIN.about.moved[0], words="a/b: “the ” secret” 31 % (was 88 %), “” 9 % (was 2 %)"),),
    )
    shown = json.dumps(layouts(secret), ensure_ascii=False)
    assert "secret" not in shown
    assert "a/b: an answer 9 % (was 2 %)" in shown
    assert "8 characters, 1 line" in shown and "9 characters, 1 line" in shown
    assert "secret" in json.dumps(layouts(edited(secret, private=False)))


def _types(node: object) -> set[str]:
    if isinstance(node, list):
        return {kind for item in node for kind in _types(item)}
    if not isinstance(node, dict):
        return set()
    return (
        {str(node["type"])} | {kind for value in node.values() for kind in _types(value)} if "type" in node else set()
    )
