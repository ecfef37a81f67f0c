"""The response headers worth keeping, each with its meaning. Everything else is dropped.

Left out on purpose: `openai-version` and `server` look like versions of the model and are not; request ids differ every
time.
"""

from __future__ import annotations

from collections.abc import Mapping

from prober.fingerprint.identity import IDENTITY_HEADERS

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

CACHES: Mapping[str, str] = {
    "cf-aig-cache-status": "Cloudflare's gateway",
    "helicone-cache": "Helicone",
    "x-cache": "a web cache",
    "x-portkey-cache-status": "Portkey",
}
"""Headers by which a gateway says that its cache answered, and whose cache it is."""

HEADERS: Mapping[str, str] = {**IDENTITY_HEADERS, **LIMITS, **CACHES}
"""The allow-list: lower-case name → meaning. Those that identify a model are the fingerprint's to name."""

LONGEST_VALUE = 200
"""Characters of a header's value that are kept."""


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The allow-listed ones among response headers (lower-case names)."""
    return {name: value[:LONGEST_VALUE] for name, value in headers.items() if name in HEADERS}


def cache_hit(headers: Mapping[str, str]) -> str | None:
    """Whose cache answered in place of the model; None where the model did."""
    hits = (whose for name, whose in CACHES.items() if "hit" in headers.get(name, "").lower().split())
    return next(hits, None)
