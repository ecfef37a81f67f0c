"""Which runbook fits an incident: by its event, and by what a triage found. The files are in `runbooks/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from prober.incidents.measured import RULES
from prober.model.incident import Change, Incident, Measured, Trouble
from prober.model.reply import is_refused_request
from prober.model.triage import Cause

RUNBOOKS: Final[Mapping[str, str]] = {
    "prompt-rollback": "Roll back a prompt or a parameter",
    "model-version": "The model is another version: pin it, or move on",
    "semantic-regression": "The answers got worse",
    "cost-runaway": "Replies cost more than before",
    "refusal-spike": "The model refuses, or refuses less than it should",
    "provider-outage": "The provider fails",
    "request-refused": "The provider refuses the request",
    "gateway-cache": "A cache answers in place of the model",
    "credentials": "The credentials are missing or refused",
    "rate-limit": "A rate limit, a budget or the credit is used up",
}
"""Name of the file → its title."""
_OF_CAUSE: Final[Mapping[Cause, str]] = {
    "prompt": "prompt-rollback",
    "configuration": "prompt-rollback",
    "gateway_cache": "gateway-cache",
    "provider_outage": "provider-outage",
    "budget": "rate-limit",
    "key_refused": "credentials",
    "model_gone": "model-version",
    "request_refused": "request-refused",
}
_OF_TROUBLE: Final[Mapping[str, str]] = {
    "rate_limited": "rate-limit",
    "budget_exhausted": "rate-limit",
    "out_of_credit": "rate-limit",
    "unauthorized": "credentials",
    "provider_error": "provider-outage",
    "model_not_found": "model-version",
    "model_retired": "model-version",
}
_OF_CHANNEL: Final[Mapping[str, str]] = {
    "refusal": "refusal-spike",
    "expectation": "semantic-regression",
    "format": "semantic-regression",
    "length": "model-version",
    "reasoning": "model-version",
}
"""By the channel that is said first: the gravest."""


def choose(incident: Incident | None, causes: Sequence[Cause] = ()) -> str:
    """Name of the runbook. What we changed ourselves comes first, for it can be undone at once; then what the incident
    is. Empty where nothing changed."""
    for cause in causes:
        if cause in _OF_CAUSE:
            return _OF_CAUSE[cause]
    if isinstance(incident, Trouble):
        if is_refused_request(incident.cause):
            return "request-refused"
        return "gateway-cache" if incident.cause == "cached" else _OF_TROUBLE[incident.kind]
    if isinstance(incident, Change):
        shifts = incident.shifts
        if incident.kind == "identity_change" or not shifts:
            return "model-version"
        return _OF_CHANNEL.get(shifts[0].channel, "semantic-regression")
    if isinstance(incident, Measured):
        return RULES[incident.kind].runbook
    if incident is not None or "model" in causes:
        return "model-version"
    return "semantic-regression" if causes and causes != ("none",) else ""
