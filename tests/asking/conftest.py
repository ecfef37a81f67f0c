from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from prober.asking import Provider, open_provider
from prober.model.declaration import Endpoint, Probe, Tool
from prober.model.providers import PROVIDERS
from prober.model.reply import Reply
from tests.asking.wire_server import WireServer

KEY = "sk-test-0123456789abcdef"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROBE = Probe(
    id="colour",
    system="Be brief.",
    prompt="Pick a colour. Reply with one word.",
    tools=(Tool(name="get_weather", description="Weather now"),),
)


@pytest.fixture(scope="session")
def _running() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.fixture
def server(_running: WireServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[WireServer]:
    monkeypatch.setenv("WIRE_KEY", KEY)
    yield _running
    _running.forget()


def endpoint_for(wire: str, url: str, **fields: object) -> Endpoint:
    """An endpoint of a wire format, named as its folder of examples: a provider, or provider_api."""
    provider, _, api = wire.partition("_")
    assert provider in PROVIDERS
    needed = {"max_tokens": 64} if provider == "anthropic" else {}
    declared = fields.pop("parameters", {})
    return Endpoint.model_validate(
        {
            "name": "wired",
            "provider": provider,
            "model": "some-model",
            "base_url": url,
            "api": api or "chat",
            "api_key_env": "WIRE_KEY",
            "parameters": {**needed, **declared},
            **fields,
        }
    )


def ask(endpoint: Endpoint, probe: Probe = PROBE) -> Reply:
    return _opened(endpoint.provider).ask(endpoint, probe, 0, NOW)


@functools.cache
def _opened(provider: str) -> Provider:
    """One a provider for all tests, as one serves all endpoints of a daemon: opening one reads certificates."""
    return open_provider(Endpoint(name="any", provider=provider, model="any"))
