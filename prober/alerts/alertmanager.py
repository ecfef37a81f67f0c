"""Alertmanager, by its API v2, for teams whose routing, silences and receivers live there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from prober.alerts.keys import Json, Subject, incident_url, subject, subject_key
from prober.alerts.message import compose
from prober.alerts.phrases import iso, utc
from prober.alerts.post import PostAlerter, checked_address, given
from prober.incidents.events import EVENTS
from prober.model.declaration import Severity
from prober.model.notice import IncidentNews, Notice
from prober.settings import Settings
from prober.text import link, visible

NAMES: Final[Mapping[Subject, str]] = {
    "change": "ProberChange",
    "trouble": "ProberTrouble",
    "runaway": "ProberRunaway",
    "bill": "ProberBill",
    "objective": "ProberObjective",
    "samples": "ProberSamples",
    "stale": "ProberStale",
    "daemon": "ProberDaemonSilent",
    "database": "ProberDatabaseLost",
}
"""Subject → `alertname`."""
FIRES_FOR: Final = timedelta(days=365)
"""Alertmanager forgets an alert that nobody sends again within minutes, unless it says until when it holds; and every
alert when it is restarted."""
LABEL_LIMIT: Final = 200
TEXT_LIMIT: Final = 4000


def alerts(notice: Notice, now: datetime) -> Json:
    """The body: the alert as it is now; None for a digest, and for the end of what never fired here.

    Labels are an alert's identity, and severity is one, so that it can be routed by. When an incident has become more
    serious the alert of its former level must end: of the levels that fired, all but the present one are sent as over.
    """
    phase = EVENTS[notice.event].phase
    levels = _levels(notice)
    if phase is None or not levels:
        return None
    started = min(utc(notice.since), utc(now))
    if phase == "resolved" and not isinstance(notice.about, IncidentNews):
        started -= FIRES_FOR  # an incident knows when it began; of these, only that it was no longer ago
    fires_until = now + FIRES_FOR if phase != "resolved" else started
    return [
        {
            "labels": {
                "alertname": NAMES[subject(notice)],
                "endpoint": _label(notice.endpoint),
                "owner": _label(notice.source.owner if notice.source else ""),
                "severity": level,
                "incident": str(notice.incident_id or 0),
                "key": subject_key(notice),
                "drill": "true" if notice.drill else "false",
            },
            "annotations": _annotations(notice),
            "startsAt": iso(started),
            # Of two stretches that overlap, older Alertmanagers keep the later end: what is over must not overlap.
            "endsAt": iso(fires_until if level == notice.severity else started),
            "generatorURL": link(incident_url(notice)) or "",
        }
        for level in levels
    ]


def _levels(notice: Notice) -> list[Severity]:
    """Severities that this notice says something of: the present one, and those that fired before."""
    rule = EVENTS[notice.event]
    if rule.phase != "resolved":
        return [notice.severity, *(level for level in notice.fired if level != notice.severity)]
    if isinstance(notice.about, IncidentNews):
        return list(notice.fired)
    return [(EVENTS[rule.after].severity if rule.after else None) or notice.severity]


def _annotations(notice: Notice) -> Json:
    message, source = compose(notice), notice.source
    incident = notice.about if isinstance(notice.about, IncidentNews) else None
    said = {
        "summary": message.title,
        "description": "\n".join(f"{label}: {words}" for label, words in message.paragraphs),
        "moved": "\n".join(message.moved),
        "state": incident.close_reason or incident.state if incident else "open",
        "kind": incident.kind if incident else notice.event,
        "model": _label(source.model if source else ""),
        "runbook_url": link(source.runbook if source else None) or "",
    }
    return {name: visible(text, TEXT_LIMIT) for name, text in said.items() if text}


def _label(text: str) -> str:
    """Alertmanager drops a label without a value, and with it what tells two alerts apart."""
    return visible(text, LABEL_LIMIT, lines=False) or "none"


def open_alertmanager(settings: Settings) -> PostAlerter | None:
    """From PROBER_ALERTMANAGER_URL, where Alertmanager itself is. Raises `ConfigurationError` for no address."""
    url = given(settings.alertmanager_url)
    if url is None:
        return None
    base = checked_address("PROBER_ALERTMANAGER_URL", url).rstrip("/")
    return PostAlerter("alertmanager", f"{base}/api/v2/alerts", alerts, forgets=True)
