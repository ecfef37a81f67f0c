"""What waited, by endpoint: one line an incident, and equal news once, with how often it came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from prober.alerts.kinds import KINDS, OTHER_KIND
from prober.alerts.phrases import event_title, minute
from prober.incidents.events import EVENTS
from prober.model.incident import SEVERITIES
from prober.model.notice import DigestItem
from prober.text import visible

Listed: TypeAlias = tuple[str, tuple[str, ...]]
"""(heading, lines)"""

LINES_SHOWN: Final = 20
THE_PROBER: Final = "The prober"
"""Heading of what is about no endpoint."""


def grouped(items: Sequence[DigestItem]) -> tuple[Listed, ...]:
    """A heading for each endpoint, the one with the gravest news first; what is left out is counted."""
    groups: dict[str, dict[str, list[DigestItem]]] = {}
    seen = set[int]()
    for item in sorted(items, key=lambda one: -SEVERITIES.index(one.severity)):
        if item.incident_id is not None:
            if item.incident_id in seen:  # its first line says how it is by now
                continue
            seen.add(item.incident_id)
        name = visible(item.endpoint, 80, lines=False) or THE_PROBER
        groups.setdefault(name, {}).setdefault(_line(item), []).append(item)
    left = LINES_SHOWN
    shown: list[Listed] = []
    for name, lines in groups.items():
        said = tuple(f"{line}{_times(equal)}" for line, equal in list(lines.items())[: max(left, 0)])
        left -= len(said)
        shown += [(name, said)] if said else []
    hidden = sum(map(len, groups.values())) - (LINES_SHOWN - left)
    return (*shown, *([("More", (f"and {hidden} more on the dashboard",))] if hidden else []))


def _line(item: DigestItem) -> str:
    said = visible(item.words, 120, lines=False)
    # The words of trouble may be those of its kind, which the line begins with.
    words = f": {said}" if said and said.lower() != KINDS.get(item.kind, OTHER_KIND).title.lower() else ""
    if item.incident_id is None:
        return f"{event_title(item.event, item.severity, item.kind)}{words}"
    opens = EVENTS[item.event].opens
    what = KINDS.get(item.kind, OTHER_KIND).title if opens else event_title(item.event, item.severity, item.kind)
    state = visible(item.close_reason, 20, lines=False) or item.state
    return f"{what}{words} (incident {item.incident_id}, {state})"


def _times(equal: Sequence[DigestItem]) -> str:
    """When it came, and how often."""
    times = sorted(one.at for one in equal)
    last = minute(times[-1])
    return f", {last}" if len(times) == 1 else f", {len(times)} times, the last {last}"
