"""Providers: PROVIDERS is the whole list. Adding one is a file and a row; the contract suite finds it by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prober.asking.http_provider import HttpProvider
from prober.asking.interface import Provider
from prober.asking.scripted import ScriptedProvider
from prober.asking.wire.anthropic import Messages
from prober.asking.wire.google import GenerateContent
from prober.asking.wire.openai_chat import ChatCompletions
from prober.asking.wire.openai_responses import Responses
from prober.model.declaration import Endpoint, ProviderName

PROVIDERS: Mapping[ProviderName, Callable[[], Provider]] = {
    "openai": lambda: HttpProvider(lambda endpoint: Responses() if endpoint.api == "responses" else ChatCompletions()),
    "anthropic": lambda: HttpProvider(lambda _: Messages()),
    "google": lambda: HttpProvider(lambda _: GenerateContent()),
    "scripted": ScriptedProvider,
}


def open_provider(endpoint: Endpoint) -> Provider:
    """A provider for this endpoint, and for any other of the same provider, from any thread. Close it when done."""
    return PROVIDERS[endpoint.provider]()


__all__ = ["PROVIDERS", "Provider", "open_provider"]
