"""PagerDuty, by its Events API v2: one alert an incident, acknowledged and resolved as the incident is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final

from prober.alerts.keys import Json, incident_url, subject, subject_key
from prober.alerts.message import compose
from prober.alerts.phrases import iso
from prober.alerts.post import PostAlerter, checked_address, given
from prober.incidents.events import EVENTS, Phase
from prober.model.errors import ConfigurationError
from prober.model.notice import IncidentNews, Notice
from prober.settings import Settings
from prober.text import link, visible

ACTIONS: Final[Mapping[Phase, str]] = {"firing": "trigger", "acknowledged": "acknowledge", "resolved": "resolve"}
SOURCE_LIMIT: Final = 255
TEXT_LIMIT: Final = 1000
"""UTF-16 units of a detail. PagerDuty takes half a megabyte in all, and cuts a summary at 1,024 characters."""
_KEY = re.compile(r"[A-Za-z0-9]{32}")


def event(notice: Notice, now: datetime, *, routing_key: str) -> Json:
    """The body of one event; None for a digest, which is for nobody's pager. No reply of a model is in it."""
    phase = EVENTS[notice.event].phase
    if phase is None:
        return None
    head: dict[str, Json] = {
        "routing_key": routing_key,
        "event_action": ACTIONS[phase],
        "dedup_key": subject_key(notice),
    }
    if phase != "firing":
        return head
    message = compose(notice)
    source, incident = notice.source, notice.about if isinstance(notice.about, IncidentNews) else None
    model, owner, runbook = (source.model, source.owner, source.runbook) if source else ("", "", None)
    links = [("Incident", incident_url(notice)), ("Runbook", runbook or "")]
    details: dict[str, Json] = {
        **{label: visible(words, TEXT_LIMIT) for label, words in message.paragraphs},
        "What moved": list(message.moved),
        "What to do now": list(message.todo),
        "drill": notice.drill,
    }
    return {
        **head,
        "client": "canary-prober",
        "client_url": incident_url(notice),
        "links": [{"href": address, "text": text} for text, address in links if link(address)],
        "payload": {
            "summary": message.title,
            "source": visible(notice.endpoint, SOURCE_LIMIT, lines=False) or "prober",
            "severity": notice.severity,  # PagerDuty knows the same words, and `error`
            "timestamp": iso(notice.at),
            "component": visible(model, SOURCE_LIMIT, lines=False),
            "group": visible(owner, SOURCE_LIMIT, lines=False),
            "class": incident.kind if incident else subject(notice),
            "custom_details": details,
        },
    }


def open_pagerduty(settings: Settings) -> PostAlerter | None:
    """From PROBER_PAGERDUTY_ROUTING_KEY. Raises `ConfigurationError` where it is none."""
    key = given(settings.pagerduty_routing_key)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise ConfigurationError(
            "PROBER_PAGERDUTY_ROUTING_KEY is not an integration key of Events API v2: 32 letters and digits; "
            "copy it from the service's integrations"
        )
    url = checked_address("PROBER_PAGERDUTY_URL", settings.pagerduty_url.strip())
    return PostAlerter("pagerduty", url, partial(event, routing_key=key))
