"""The first line of a message: how bad, what, which endpoint, since when, how sure. Pure."""

from __future__ import annotations

from prober.alerts.phrases import CLOSE_TITLES, KINDS, OTHER_KIND, STATE_TITLES, chance, when
from prober.incidents.events import EVENTS
from prober.model.declaration import Severity
from prober.model.incident import TROUBLES, Event
from prober.model.notice import Notice
from prober.text import visible

TITLE_LIMIT = 150
"""Slack's limit of a header block; everyone else lives with it."""


def lead(notice: Notice) -> str:
    """What happened, before the endpoint is named."""
    return event_title(notice.event, notice.severity)


def event_title(event: Event, severity: Severity) -> str:
    """The first words about an event."""
    return EVENTS[event].title.format(severity=severity, Severity=severity.title())


def current_lead(notice: Notice) -> str:
    """The same, of the incident as it is now."""
    if notice.state == "closed":
        return CLOSE_TITLES.get(notice.close_reason, "Closed")
    return STATE_TITLES.get(notice.state, notice.severity.title())


def titled(notice: Notice, said: str, *, sure: bool) -> str:
    """The endpoint's name gives way first: it is written out below, in full. `sure` adds how sure it is."""
    said = f"Drill: {said.lower()}" if notice.drill else said
    mark = "," if notice.drill else ":"
    if notice.event == "digest":
        return f"{said}{mark} {len(notice.items)} thing{'' if len(notice.items) == 1 else 's'} that could wait"
    if EVENTS[notice.event].about in ("stale", "daemon"):
        cause = f": {visible(notice.cause, 80, lines=False)}" if notice.cause else ""
        return _fitted(f"{said}{mark} " if notice.endpoint else said, notice.endpoint, cause)
    kind = KINDS.get(notice.kind, OTHER_KIND).title.lower()
    if notice.kind in TROUBLES:
        return _fitted(f"{said}{mark} {kind}, ", notice.endpoint, f" cannot be asked since {when(notice.onset)}")
    how_sure = f"; a false alarm like this: {odds(notice)}" if sure else ""
    return _fitted(f"{said}{mark} {kind} of ", notice.endpoint, f" since {when(notice.onset)}{how_sure}")


def _fitted(before: str, name: str, after: str) -> str:
    shown = visible(name, max(1, TITLE_LIMIT - len(before) - len(after)), lines=False)
    return visible(before + shown + after, TITLE_LIMIT, lines=False)


def odds(notice: Notice) -> str:
    """How often chance alone would do it, such as `about once in 22 years`."""
    return chance(notice.e_value, notice.threshold, notice.false_alarms_per_year).removeprefix("by chance ")
