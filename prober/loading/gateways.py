"""Gateways that may answer from a cache, as far as a declaration shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from prober.model.declaration import Endpoint


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway, and the request headers (lower-case names) that govern its cache."""

    name: str
    host: str
    """The end of its host's name."""
    off: tuple[str, str]
    """Header and value that switch the cache off for a request."""
    on: tuple[str, ...] = ()
    """Headers without which nothing is cached; empty where the gateway's own settings decide."""


GATEWAYS: Final[tuple[Gateway, ...]] = (
    Gateway("Cloudflare AI Gateway", "gateway.ai.cloudflare.com", ("cf-aig-skip-cache", "true")),
    Gateway("Hugging Face", "api-inference.huggingface.co", ("x-use-cache", "false")),
    Gateway("Portkey", "portkey.ai", ("x-portkey-cache-force-refresh", "true"), ("x-portkey-config",)),
    Gateway("Helicone", "helicone.ai", ("helicone-cache-enabled", "false"), ("helicone-cache-enabled",)),
)


def cache_warning(endpoint: Endpoint) -> str | None:
    """Whose cache may answer in place of the model, and how to switch it off; None where nothing shows one."""
    host = urlsplit(endpoint.base_url or "").hostname or ""
    headers = {name.lower(): value for name, value in endpoint.headers.items()}
    for gateway in GATEWAYS:
        name, value = gateway.off
        is_here = host == gateway.host or host.endswith(f".{gateway.host}")
        if is_here and headers.get(name, "").lower() != value and (not gateway.on or headers.keys() & set(gateway.on)):
            return (
                f"{gateway.name} may answer from its cache, and a cached reply says nothing about the model; "
                f'declare `headers: {{{name}: "{value}"}}`'
            )
    return None
