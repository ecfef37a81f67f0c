"""How severe an incident is, by what moved or failed, and by the rules of the team."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prober.model.declaration import Severity
from prober.model.evidence import NONE, Fact
from prober.model.incident import SEVERITIES, Change, Facts, Incident, Trouble

DEFAULTS: Final[Mapping[str, Severity]] = {
    "identity": "info",
    "serving": "info",
    "tokens": "info",
    "refusal": "critical",
    "expectation": "critical",
    "rate_limited": "info",
    "budget_exhausted": "info",
    "model_name": "info",
    "snapshot": "info",
    "fingerprint": "info",
    "check": "critical",
    "objective_missed": "critical",
    "input_shift": "info",
}
"""Channel, kind of fact, of trouble or of what is measured → level. What is not named is a `warning`:
answers are distributed otherwise; or an endpoint cannot be asked, which makes us blind, but is no outage of what our
users see."""
_PART_OF_PROVIDER_ERROR: Final = frozenset(("unauthorized", "out_of_credit", "model_not_found", "model_retired"))
"""Kinds of trouble that an older declaration means when it says `provider_error`."""


def severity(incident: Incident, rules: Mapping[str, Severity] | None = None) -> Severity:
    """The worst level among what moved; `rules` of the configuration come before the defaults. An improvement, and what
    follows from it, is `info`."""
    named = {**DEFAULTS, **(rules or {})}
    if isinstance(incident, Facts):
        return worst(fact_severity(fact, rules) for fact in incident.facts)
    if not isinstance(incident, Change):
        usual = named.get("provider_error", "warning") if incident.kind in _PART_OF_PROVIDER_ERROR else "warning"
        return named.get(incident.kind, usual)
    graver = [shift for shift in incident.shifts if not shift.is_harmless]
    levels = [named.get(shift.channel, "warning") for shift in graver]
    levels += [fact_severity(fact, rules) for fact in incident.facts]
    if incident.kind == "contract_break" and "expectation" not in (rules or {}):
        levels.append("critical")  # also where no channel alone says so
    return worst(levels or ["info" if incident.shifts else "warning"])


def fact_severity(fact: Fact, rules: Mapping[str, Severity] | None = None) -> Severity:
    """That a part begins or ceases to be sent is no more than `info`, where the rules do not say otherwise."""
    if rules and fact.kind in rules:
        return rules[fact.kind]
    return "info" if NONE in (fact.was, fact.now) else DEFAULTS.get(fact.kind, "warning")


def worst(levels: Iterable[Severity]) -> Severity:
    """The worst of some levels, of which there must be one."""
    return max(levels, key=SEVERITIES.index)


def gravity(level: Severity) -> int:
    """Sorts the gravest first."""
    return -SEVERITIES.index(level)


def urgency(incident: Incident) -> tuple[int, bool, bool, int]:
    """Sorts the most urgent first: by severity, then outages, then what nobody has acknowledged, then the newest. The
    order of endpoints (`prober.status.endpoint_status.endpoint_statuses`) is the same."""
    return gravity(incident.severity), not isinstance(incident, Trouble), incident.state != "open", -incident.id
