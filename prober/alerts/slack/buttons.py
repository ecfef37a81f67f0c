"""What can be pressed in a message in Slack, and the modals that open. Pure.

A button carries the number of its incident and a mark of it: two installations may share one app, and each may have an
incident of that number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from prober.alerts.keys import Json
from prober.alerts.phrases import iso
from prober.model.notice import ChangeNews, IncidentNews, Notice
from prober.text import visible

Block: TypeAlias = dict[str, Json]
Name = Literal["acknowledge", "mute", "unmute", "accept", "dismiss", "evidence"]

PREFIX: Final = "prober_"
"""Begins every `action_id` and `callback_id`, because others may use the app as well."""
MUTES: Final = (("1 hour", 1), ("4 hours", 4), ("1 day", 24), ("3 days", 72), ("1 week", 168))
"""(words, hours)"""
REASON: Final = "reason"
"""Block and action of the text that the modal asks for."""
REASON_LIMIT: Final = 500


def incident_value(incident_id: int, endpoint: str, opened_at: datetime) -> str:
    """What a button says of its incident: number and mark."""
    about = json.dumps([incident_id, endpoint, iso(opened_at)])
    return f"{incident_id}.{hashlib.sha256(about.encode()).hexdigest()[:16]}"


def buttons(notice: Notice) -> Block | None:
    """The row of buttons; None where nothing can be done any more, or there is no incident."""
    incident = notice.about
    if not isinstance(incident, IncidentNews) or incident.incident_id is None:
        return None
    value = incident_value(incident.incident_id, notice.endpoint, incident.detected_at)
    is_change, elements = isinstance(incident, ChangeNews), list[Json]()
    if incident.state in ("open", "muted"):
        elements.append(_button("acknowledge", "Acknowledge", value, "primary"))
    if incident.state == "muted":
        elements.append(_button("unmute", "Unmute", value))
    if incident.state in ("open", "acknowledged"):
        elements.append(_mute_menu(value))
    if incident.state != "closed" and is_change:
        elements.append(_button("accept", "Accept new behaviour", value, "danger"))
        if not incident.facts:  # which are never a false alarm
            elements.append(_button("dismiss", "False alarm", value))
    if is_change:
        elements.append(_button("evidence", "Show evidence", value))
    return {"type": "actions", "elements": elements} if elements else None


@dataclass(frozen=True, slots=True)
class Asks:
    """The texts of a modal that asks for the reason of an action."""

    title: str
    submit: str
    comes_of_it: str
    """What later rounds are judged against."""
    why: str


NEED_REASON: Final[Mapping[str, Asks]] = {
    "accept": Asks(
        "Accept new behaviour", "Accept", "the new behaviour", "Why is the new behaviour to be the reference?"
    ),
    "dismiss": Asks("False alarm", "Dismiss", "a reference that holds these rounds too", "Why is it a false alarm?"),
}
"""Actions that change the reference."""


def reason_modal(name: str, incident_id: int, endpoint: str, metadata: str) -> Block:
    """Asks for the reason of an action of `NEED_REASON`. `metadata` comes back with it."""
    asks = NEED_REASON[name]
    said = (
        f"Incident {incident_id} of {visible(endpoint, 200, lines=False)} closes, and later rounds are judged against "
        f"{asks.comes_of_it}. This cannot be undone."
    )
    return {
        **_modal(asks.title, f"{PREFIX}{name}", metadata),
        "submit": plain(asks.submit),
        "close": plain("Cancel"),
        "blocks": [
            _paragraph(said),
            {
                "type": "input",
                "block_id": REASON,
                "label": plain(asks.why),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "min_length": 1,
                    "max_length": REASON_LIMIT,
                },
            },
        ],
    }


def evidence_modal(incident_id: int, blocks: list[Block]) -> Block:
    """The evidence of one incident, for whoever asked for it alone."""
    title = visible(f"Incident {incident_id}", 24)
    return {**_modal(title, f"{PREFIX}evidence", ""), "close": plain("Close"), "blocks": list(blocks)}


def _modal(title: str, callback: str, metadata: str) -> Block:
    return {"type": "modal", "callback_id": callback, "private_metadata": metadata, "title": plain(title)}


def _button(name: Name, text: str, value: str, style: str = "") -> Json:
    button: Block = {"type": "button", "action_id": f"{PREFIX}{name}", "text": plain(text), "value": value}
    return {**button, "style": style} if style else button


def _mute_menu(value: str) -> Json:
    return {
        "type": "static_select",
        "action_id": f"{PREFIX}mute",
        "placeholder": plain("Mute for…"),
        "options": [{"text": plain(words), "value": f"{value}.{hours}"} for words, hours in MUTES],
    }


def _paragraph(text: str) -> Json:
    return {"type": "section", "text": plain(text)}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}
