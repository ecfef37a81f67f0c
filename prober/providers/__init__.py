"""Providers: PROVIDERS is the whole list. Adding one is a file and a row; the contract suite finds it by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prober.declaration import Endpoint, ProviderName
from prober.providers.anthropic import Messages
from prober.providers.google import GenerateContent
from prober.providers.http import HttpProvider
from prober.providers.interface import Provider
from prober.providers.openai import ChatCompletions
from prober.providers.openai_responses import Responses
from prober.providers.scripted import ScriptedProvider

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
