"""What models are known not to take. What an endpoint declares itself goes first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prober.model.declaration import CAPABILITY_PARAMETERS, Capabilities, Endpoint, Probe

KNOWN: tuple[tuple[str, str, Capabilities], ...] = (
    ("anthropic", r".*", Capabilities(logprobs=False, seed=False)),
    ("anthropic", r"claude-opus-4-[789](-.*)?", Capabilities(logprobs=False, seed=False, temperature=False)),
)
"""(provider, whole model name as a pattern, what it does not take). The last match holds.

Only what is certain belongs here: a wrong row stops asks that would have been answered, a missing one costs a 400 that
names the parameter.
"""


def refused_by(endpoint: Endpoint, probe: Probe) -> str | None:
    """The first thing this ask would send that the model is known not to take; None where all is well."""
    known = next(
        (row for provider, model, row in reversed(KNOWN) if provider == endpoint.provider and _fits(model, endpoint)),
        Capabilities(),
    )
    for capability, wanted in _wants(endpoint, probe):
        declared = getattr(endpoint.capabilities, capability)
        if (declared if declared is not None else getattr(known, capability)) is False:
            return wanted
    return None


def _wants(endpoint: Endpoint, probe: Probe) -> Iterator[tuple[str, str]]:
    """(capability, what needs it) of everything this ask would send."""
    grouped = (value for value in endpoint.parameters.values() if isinstance(value, dict))
    sent = set(endpoint.parameters).union(*grouped)
    for capability, names in CAPABILITY_PARAMETERS.items():
        for name in sorted(names & sent):
            yield capability, name
    if probe.tools:
        yield "tools", "tools"
    if probe.system:
        yield "system", "system"


def _fits(model: str, endpoint: Endpoint) -> bool:
    return re.fullmatch(model, endpoint.model) is not None
