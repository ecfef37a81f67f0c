"""How bad an incident is: by what moved, and by a team's own rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prober.model.declaration import Severity
from prober.model.incident import SEVERITIES, Change, Incident

DEFAULTS: Final[Mapping[str, Severity]] = {
    "identity": "info",
    "serving": "info",
    "tokens": "info",
    "refusal": "critical",
    "expectation": "critical",
    "rate_limited": "info",
    "budget_exhausted": "info",
}
"""Channel, or kind of trouble → level. What is not named is a `warning`: answers are distributed otherwise."""


def severity(incident: Incident, rules: Mapping[str, Severity] | None = None) -> Severity:
    """The worst level among what moved; `rules` of the configuration come before the defaults."""
    named = {**DEFAULTS, **(rules or {})}
    if not isinstance(incident, Change):
        return named.get(incident.kind, "warning")
    levels = [named.get(verdict.channel, "warning") for verdict in incident.moved]
    if incident.kind == "contract_break" and "expectation" not in (rules or {}):
        levels.append("critical")  # also where no channel alone says so
    return worst(levels or ["warning"])


def worst(levels: Iterable[Severity]) -> Severity:
    """The worst of some levels, of which there must be one."""
    return max(levels, key=SEVERITIES.index)
