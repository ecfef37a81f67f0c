"""The response headers worth keeping, each with its meaning. Everything else is dropped.

Left out on purpose: `openai-version`, `server` and `x-inference-version` look like versions of the model and are not;
request ids, timings (`x-envoy-*`, `openai-processing-ms`) and a content network's points of presence differ every time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from prober.fingerprint.caches import CACHES
from prober.fingerprint.identity import IDENTITY_HEADERS, PASSED_ON

LIMITS: Mapping[str, str] = {
    **{
        f"x-ratelimit-{kind}-{of}": f"{kind} of {of}"
        for kind in ("limit", "remaining", "reset")
        for of in ("requests", "tokens")
    },
    **{
        f"x-ratelimit-{kind}-{of}-minute": f"Mistral: {kind} of {of} a minute"
        for kind in ("limit", "remaining")
        for of in ("req", "tokens")
    },
    **{
        f"anthropic-ratelimit-{of}-{kind}": f"Anthropic: {kind} of {of}"
        for kind in ("limit", "remaining", "reset")
        for of in ("requests", "tokens", "input-tokens", "output-tokens")
    },
}
"""Headers that say how much more we may ask. They differ from ask to ask and say nothing about the model."""

RETIREMENT: Mapping[str, str] = {
    "deprecation": "since when, or from when on, what was asked is deprecated (RFC 9745)",
    "sunset": "from when on it may not answer any more (RFC 8594)",
}
"""Headers that announce an end. They say nothing about what answered."""

HEADERS: Mapping[str, str] = {
    **{name: f"whether the cache of {whose} answered" for name, (whose, _) in CACHES.items()},
    **IDENTITY_HEADERS,
    **LIMITS,
    **RETIREMENT,
}
"""The allow-list: lower-case name → meaning. Those that identify a model are the fingerprint's to name."""

_ADDRESS = re.compile(r"(https?://)(?:[^/@\s]*@)?([^?#\s]*)[?#]?\S*")

LONGEST_VALUE = 200
"""Characters of a header's value that are kept."""


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The allow-listed ones among response headers (lower-case names), those that LiteLLM passes on among them."""
    return {
        name: _bare(value)[:LONGEST_VALUE] for name, value in headers.items() if name.removeprefix(PASSED_ON) in HEADERS
    }


def _bare(value: str) -> str:
    """An address without what may be secret in it; any other value as it is."""
    return _ADDRESS.sub(r"\1\2", value)
