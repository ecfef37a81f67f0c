"""Asking endpoints. What a provider is stands in `prober/model/providers.py`, how it writes in `wire/`."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from prober.asking.http_provider import HttpProvider
from prober.asking.interface import Describes, Provider
from prober.asking.scripted import ScriptedProvider
from prober.asking.wire.format import WireFormat
from prober.model.declaration import Endpoint
from prober.model.providers import PROVIDERS


def open_provider(endpoint: Endpoint) -> Provider:
    """A provider for this endpoint, and for any other of the same provider, from any thread. Close it when done."""
    return HttpProvider(wire_format) if PROVIDERS[endpoint.provider].formats else ScriptedProvider()


def wire_format(endpoint: Endpoint) -> WireFormat:
    """How the provider of this endpoint writes an ask and an answer."""
    return _opened(PROVIDERS[endpoint.provider].formats[endpoint.api])


@cache
def _opened(name: str) -> WireFormat:
    """`module:Class` of the table of providers → the wire format, which has no state."""
    module, _, kind = name.partition(":")
    opened: WireFormat = getattr(import_module(f"{__name__}.wire.{module}"), kind)()
    return opened


__all__ = ["Describes", "Provider", "open_provider", "wire_format"]
