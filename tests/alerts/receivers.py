"""What PagerDuty and Alertmanager document of the bodies they take, written down as JSON Schema; and Alertmanager's
own rule for putting an alert in place of the one it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_TEXT = {"type": "string"}
_LINK = {"type": "string", "pattern": "^https?://"}

PAGERDUTY: dict[str, Any] = {
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key"],
    "additionalProperties": False,
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": _TEXT,
        "client_url": _TEXT,
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "additionalProperties": False,
                "properties": {"href": _LINK, "text": _TEXT},
            },
        },
        "payload": {
            "type": "object",
            "required": ["summary", "severity", "source"],
            "additionalProperties": False,
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": {"type": "string", "minLength": 1},
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"},
                "component": _TEXT,
                "group": _TEXT,
                "class": _TEXT,
                "custom_details": {"type": "object"},
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
}
PAGERDUTY_BYTES = 512_000

_LABELS = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
    "additionalProperties": {"type": "string", "minLength": 1},
}
ALERTMANAGER: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["labels"],
        "additionalProperties": False,
        "properties": {
            "labels": {**_LABELS, "required": ["alertname"]},
            "annotations": _LABELS,
            "startsAt": {"type": "string", "format": "date-time"},
            "endsAt": {"type": "string", "format": "date-time"},
            "generatorURL": _TEXT,
        },
    },
}


@dataclass
class Alertmanager:
    """What it holds after some posts, by the rules of its oldest version that speaks v2: where the stretches of two
    alerts overlap, the later end stays."""

    held: dict[frozenset[tuple[str, str]], tuple[datetime, datetime]] = field(default_factory=dict)
    """Labels → from when to when."""

    def take(self, body: list[dict[str, Any]]) -> None:
        for alert in body:
            key = frozenset(alert["labels"].items())
            starts, ends = (datetime.fromisoformat(alert[name]) for name in ("startsAt", "endsAt"))
            assert starts <= ends, "the start must not be after the end"
            if key in self.held:
                old_starts, old_ends = self.held[key]
                if old_starts < ends < old_ends or old_starts < starts < old_ends:
                    starts, ends = min(starts, old_starts), max(ends, old_ends)
            self.held[key] = (starts, ends)

    def firing(self, now: datetime) -> list[str]:
        """Severities of the alerts that fire."""
        return sorted(dict(key)["severity"] for key, (_, ends) in self.held.items() if ends > now)
