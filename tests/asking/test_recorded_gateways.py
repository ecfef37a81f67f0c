"""What real gateways answered, recorded once and read again. Each file says how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prober.asking import wire_format
from prober.asking.http_provider import interpret
from prober.asking.transport import Arrived
from prober.fingerprint.caches import SeenReplies
from prober.fingerprint.fingerprint import fingerprint
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ENDPOINT = Endpoint(name="e", provider="openai", model="alias", base_url="http://gateway/v1")


def recorded(name: str) -> Mapping[str, Any]:
    return json.loads((Path(__file__).parent / "recorded" / f"{name}.json").read_text("utf-8"))["replies"]


@pytest.fixture(scope="module")
def litellm() -> Mapping[str, Any]:
    return recorded("litellm_cache")


def read(saved: Mapping[str, Any], without: str = "") -> Reply:
    headers = {name: value for name, value in saved["headers"].items() if name != without}
    arrived = Arrived(saved["status"], headers, json.dumps(saved["body"]).encode(), 0.1, None)
    return interpret(wire_format(ENDPOINT), ENDPOINT, arrived, NOW)


def identity(reply: Reply) -> dict[str, str]:
    print_ = fingerprint(reply, Probe(id="p", prompt="Pick a colour."), None)
    return {name: value for name, value in print_.categories.items() if name.startswith("identity.")}


def test_litellm_says_that_its_cache_answered(litellm: Mapping[str, Any]) -> None:
    assert read(litellm["first"]).answered
    assert read(litellm["again"]).cached_by == "LiteLLM"
    assert read(litellm["without_cache"]).answered


def test_its_cache_shows_by_the_reply_id_as_well(litellm: Mapping[str, Any]) -> None:
    seen = SeenReplies()
    replies = [read(litellm[name], without="x-litellm-cache-key") for name in ("first", "without_cache", "again")]
    assert [bool(seen.marked("s", reply).cached_by) for reply in replies] == [False, False, True]


def test_a_swap_under_an_alias_with_a_fixed_id_shows(litellm: Mapping[str, Any]) -> None:
    before, after = identity(read(litellm["first"])), identity(read(litellm["swapped"]))
    assert before["identity.model"] == after["identity.model"] == "alias"
    assert before["identity.header.x-litellm-model-id"] == after["identity.header.x-litellm-model-id"]
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {"identity.header.x-litellm-model-name", "identity.system_fingerprint"}
    assert before == identity(read(litellm["without_cache"])), "nothing moves where nothing was swapped"


def test_portkey_says_which_provider_it_asked_and_what_went_wrong_there() -> None:
    portkey = {name: read(saved) for name, saved in recorded("portkey").items()}
    assert portkey["first"].text == "Teal" and portkey["first"].cached_by == ""
    assert identity(portkey["first"])["identity.header.x-portkey-provider"] == "openai"
    failed = {name: (reply.error, reply.error_detail) for name, reply in portkey.items() if reply.error}
    assert failed == {
        "limited": ("rate_limited", "HTTP 429: openai error: Rate limit reached"),
        "retried": ("rate_limited", "HTTP 429: openai error: Rate limit reached"),
        "wrong_provider": ("bad_request", "HTTP 400: Invalid provider passed"),
    }
