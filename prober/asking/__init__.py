"""Asking endpoints. `prober/model/providers.py` has the table of providers, `wire/` their formats."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from prober.asking.interface import Describes, Description, ListsModels, Provider
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError
from prober.model.providers import PROVIDERS

if TYPE_CHECKING:
    from prober.asking.wire.format import WireFormat

# Modules that speak HTTP are imported only where something is asked, so that a page need not wait for them.


def open_provider(endpoint: Endpoint) -> Provider:
    """A provider for this endpoint, and for any other of the same provider, from any thread. Close it when done."""
    from prober.asking.http_provider import HttpProvider
    from prober.asking.scripted import ScriptedProvider

    return HttpProvider(wire_format) if PROVIDERS[endpoint.provider].formats else ScriptedProvider()


def wire_format(endpoint: Endpoint) -> WireFormat:
    """How the provider of this endpoint writes an ask and an answer."""
    return _opened(PROVIDERS[endpoint.provider].formats[endpoint.api])


def refusals(endpoint: Endpoint, probe: Probe) -> Mapping[str, str]:
    """Parameters of the endpoint with which this probe is not asked, whatever the provider would say → why."""
    from prober.asking import http_provider
    from prober.asking.scripted import World

    if PROVIDERS[endpoint.provider].formats:
        return http_provider.refusals(wire_format(endpoint), endpoint, probe)
    try:
        World.of(endpoint)
    except ConfigurationError as error:
        return {each.field.removeprefix(f"{endpoint.name}.parameters."): each.message for each in error.problems}
    return {}


@cache
def _opened(name: str) -> WireFormat:
    """`module:Class` of the table of providers → the wire format, which has no state."""
    module, _, kind = name.partition(":")
    opened: WireFormat = getattr(import_module(module if "." in module else f"{__name__}.wire.{module}"), kind)()
    return opened


__all__ = ["Describes", "Description", "ListsModels", "Provider", "open_provider", "refusals", "wire_format"]
