"""The response headers worth keeping, each with its meaning. Everything else is dropped.

Left out on purpose: `openai-version`, `server` and `x-inference-version` look like versions of the model and are not;
request ids, timings (`x-envoy-*`, `openai-processing-ms`) and a content network's points of presence differ every time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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

_HIT = frozenset({"hit", "stale", "true", "cache", "cached", "revalidated", "updating"})

CACHES: Mapping[str, tuple[str, frozenset[str]]] = {
    "cf-aig-cache-status": ("Cloudflare's gateway", _HIT),
    "cf-cache-status": ("Cloudflare", _HIT),
    "helicone-cache": ("Helicone", _HIT),
    "x-cache": ("a web cache", _HIT),
    "x-cache-status": ("a gateway's cache", _HIT),
    "x-cache-hit": ("a gateway's cache", _HIT),
    "x-proxy-cache": ("a proxy", _HIT),
    "x-semantic-cache": ("a semantic cache", _HIT),
    "x-portkey-cache-status": ("Portkey", _HIT),
    "x-kong-cache-status": ("Kong", _HIT),
    "x-openrouter-cache-status": ("OpenRouter", _HIT),
    "x-vercel-cache": ("Vercel", _HIT),
    "x-litellm-cache-hit": ("LiteLLM", _HIT),
    "x-litellm-cache-key": ("LiteLLM", frozenset()),  # sent only where its cache answered
    "x-compute-type": ("Hugging Face", frozenset({"cache", "cached"})),  # else the hardware that ran the model
}
"""Header by which a gateway says that its cache answered → (whose cache, words that mean a hit; none: any value)."""

HEADERS: Mapping[str, str] = {
    **{name: f"whether the cache of {whose} answered" for name, (whose, _) in CACHES.items()},
    **IDENTITY_HEADERS,
    **LIMITS,
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


def cache_hit(headers: Mapping[str, str]) -> str | None:
    """Whose cache answered in place of the model; None where the model did."""
    for name, (whose, words) in CACHES.items():
        value = headers.get(name, "").lower()
        if value.strip() and (not words or words.intersection(value.replace(",", " ").split())):
            return whose
    return None


def _bare(value: str) -> str:
    """An address without what may be secret in it; any other value as it is."""
    return _ADDRESS.sub(r"\1\2", value)
