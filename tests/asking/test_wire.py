"""The pure parts: addresses, events, failures, headers, capabilities, and each vendor's own spelling of a request."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest

from prober.asking import failures, headers, redaction
from prober.asking.access import key_header
from prober.asking.error_body import retry_after_s
from prober.asking.http_provider import address, build
from prober.asking.wire.anthropic import Messages
from prober.asking.wire.format import BrokenWire, count_of, dig, logprobs_of, total_of
from prober.asking.wire.google import GenerateContent
from prober.asking.wire.openai_chat import ChatCompletions
from prober.asking.wire.openai_responses import Responses
from prober.asking.wire.streams import EventReader, FirstContent, read_events
from prober.fingerprint.caches import cache_hit
from prober.model.connection import Capabilities
from prober.model.declaration import Endpoint, Message, Probe, Tool
from prober.model.errors import ConfigurationError
from prober.model.refused_parameters import refused_parameters
from tests.asking.conftest import ask, endpoint_for
from tests.asking.wire_server import WireServer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TALK = Probe(
    id="talk",
    system="Be brief.",
    messages=(
        Message(role="system", content="Be kind."),
        Message(role="user", content="Hello"),
        Message(role="assistant", content="Hi."),
        Message(role="user", content="Colour?"),
    ),
    tools=(Tool(name="look", description="Looks", parameters={"type": "object"}),),
)


def declared(provider: str = "openai", **fields: object) -> Endpoint:
    return Endpoint.model_validate({"name": "e", "provider": provider, "model": "some-model", **fields})


# --- requests ---------------------------------------------------------------------------------------------------------


def test_chat_completions_request() -> None:
    request = ChatCompletions().request(declared(), TALK)
    assert request.path == "/chat/completions"
    assert request.body == {
        "model": "some-model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi."},
            {"role": "user", "content": "Colour?"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"stream": True}, {"include_usage": True}),
        ({"stream": True, "base_url": "https://x.openai.azure.com/openai/v1"}, {"include_usage": True}),
        ({"stream": True, "base_url": "https://openai.com.example/v1"}, None),
        ({"stream": True, "parameters": {"stream_options": {"include_usage": False}}}, {"include_usage": False}),
        ({}, None),
    ],
)
def test_streams_are_counted_where_the_provider_is_known_to(fields: dict[str, object], options: object) -> None:
    assert build(ChatCompletions(), declared(**fields), TALK).body.get("stream_options") == options


def test_responses_request() -> None:
    request = Responses().request(declared(api="responses", stream=True), TALK)
    assert request.path == "/responses"
    assert request.body["instructions"] == "Be brief."
    assert request.body["stream"] is True
    tool = {"type": "function", "strict": None, "parameters": {"type": "object"}}
    assert request.body["tools"] == [tool | {"name": "look", "description": "Looks"}]
    bare = TALK.model_copy(update={"tools": (Tool(name="look"),)})
    assert Responses().request(declared(api="responses"), bare).body["tools"] == [
        {"type": "function", "strict": None, "name": "look", "parameters": {"type": "object", "properties": {}}}
    ]


def test_a_background_answer_is_none_to_read(server: WireServer) -> None:
    reply = ask(endpoint_for("openai_responses", server.url, parameters={"background": True}))
    assert (reply.error, "background" in reply.error_detail, server.asked) == ("bad_request", True, [])


def test_messages_request_keeps_the_system_apart() -> None:
    request = Messages().request(declared("anthropic"), TALK)
    assert request.path == "/messages"
    assert request.body["system"] == "Be brief.\n\nBe kind."
    assert [message["role"] for message in request.body["messages"]] == ["user", "assistant", "user"]  # type: ignore[attr-defined]
    assert request.body["tools"] == [{"name": "look", "description": "Looks", "input_schema": {"type": "object"}}]


def test_generate_content_request() -> None:
    request = GenerateContent().request(declared("google"), TALK)
    assert request.path == "/models/some-model:generateContent"
    assert [content["role"] for content in request.body["contents"]] == ["user", "model", "user"]  # type: ignore[attr-defined]
    assert request.body["systemInstruction"] == {"parts": [{"text": "Be brief.\n\nBe kind."}]}
    tuned = declared("google", model="tunedModels/a?b", stream=True)
    assert GenerateContent().request(tuned, TALK).path == "/tunedModels/a%3Fb:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("base_url", "path", "whole"),
    [
        ("https://a/v1", "/chat", "https://a/v1/chat"),
        ("https://a/v1/", "/chat", "https://a/v1/chat"),
        ("https://a/d/x?api-version=2024-10-21", "/chat", "https://a/d/x/chat?api-version=2024-10-21"),
        ("https://a?k=1", "/m:s?alt=sse", "https://a/m:s?alt=sse&k=1"),
    ],
)
def test_address(base_url: str, path: str, whole: str) -> None:
    assert address(base_url, path) == whole


def test_azure_takes_its_key_in_a_header_of_its_own() -> None:
    azure = declared(base_url="https://res.openai.azure.com/openai/v1")
    assert key_header(azure, "k") == {"api-key": "k"}
    assert key_header(declared(), "k") == {"authorization": "Bearer k"}
    assert key_header(declared(base_url="https://x.azure.com.evil.example"), "k") == {"authorization": "Bearer k"}


@pytest.mark.parametrize("name", ["messages", "model", "stream", "tools"])
def test_a_parameter_that_would_replace_the_probe_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        build(ChatCompletions(), declared(parameters={name: 1}), TALK)
    assert f"e.parameters.{name}: the endpoint or probe sets this" in str(raised.value)


def test_an_address_that_is_none_is_a_configuration_error(server: WireServer) -> None:
    for url in ("ftp://127.0.0.1/v1", "127.0.0.1:1/v1", "http://[::1", "https://"):
        with pytest.raises(ConfigurationError) as raised:
            ask(endpoint_for("openai", url))
        assert "write an address such as https://host/v1" in str(raised.value)


def test_anthropic_without_max_tokens_is_not_asked(server: WireServer) -> None:
    endpoint = endpoint_for("anthropic", server.url).model_copy(update={"parameters": {}})
    reply = ask(endpoint)
    assert (reply.error, "max_tokens" in reply.error_detail) == ("bad_request", True)
    assert server.asked == []


@pytest.mark.slow
def test_one_provider_serves_many_threads(server: WireServer) -> None:
    def echo(handler: BaseHTTPRequestHandler) -> None:
        body = {"choices": [{"message": {"content": handler.headers["authorization"]}, "finish_reason": "stop"}]}
        raw = json.dumps(body).encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(raw) + raw)

    server.behave = echo
    endpoints = [endpoint_for("openai", f"{server.url}/{number}") for number in range(24)]
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(ask, endpoints))
    assert [reply.text for reply in said] == ["Bearer [redacted]"] * 24  # a key is no answer either
    assert {asked.path for asked in server.asked} == {f"/v1/{number}/chat/completions" for number in range(24)}


# --- capabilities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"parameters": {"temperature": 0}}, None),
        ({"parameters": {"temperature": 0}, "capabilities": Capabilities(temperature=False)}, "temperature"),
        ({"provider": "anthropic", "parameters": {"seed": 1}}, "seed"),
        ({"provider": "anthropic", "parameters": {"seed": 1}, "capabilities": Capabilities(seed=True)}, None),
        ({"provider": "anthropic", "model": "claude-opus-4-7", "parameters": {"temperature": 1}}, "temperature"),
        ({"provider": "anthropic", "model": "claude-opus-4-5", "parameters": {"temperature": 1}}, None),
        (
            {
                "provider": "google",
                "parameters": {"generationConfig": {"topP": 1}},
                "capabilities": Capabilities(top_p=False),
            },
            "topP",
        ),
        ({"capabilities": Capabilities(tools=False)}, "tools"),
        ({"capabilities": Capabilities(system=False)}, "system"),
    ],
)
def test_what_a_model_does_not_take(fields: dict[str, object], refused: str | None) -> None:
    found = refused_parameters(declared(**{"provider": "openai", **fields}), TALK)  # type: ignore[arg-type]
    assert list(found) == ([] if refused is None else [refused])


def test_what_a_model_does_not_take_is_not_sent(server: WireServer) -> None:
    endpoint = endpoint_for("openai", server.url, parameters={"seed": 1}, capabilities=Capabilities(seed=False))
    assert ask(endpoint).error == "unsupported_parameter"
    assert server.asked == []


# --- events -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_survive_any_split(size: int, end: str) -> None:
    lines = [": ping", "", "event: x", 'data: {"a": "é😀"}', "id: 1", "", "data:1", "data: 2", "", "data: last"]
    stream = end.join(lines).encode()
    reader = EventReader()
    events = [event for at in range(0, len(stream), size) for event in reader.feed(stream[at : at + size])]
    assert events + reader.finish() == ['{"a": "é😀"}', "1\n2", "last"]


def test_read_events_wants_json_and_knows_the_end() -> None:
    assert read_events(b'data: {"a": 1}\n\ndata: [DONE]\n\n') == [{"a": 1}]
    with pytest.raises(BrokenWire):
        read_events(b'data: {"a": \n\n')


def test_first_content_is_the_first_piece_of_the_answer() -> None:
    first = FirstContent(ChatCompletions().has_content)
    delta = b'data: {"choices": [{"delta": {"%s": "x"}}]}\n\n'
    assert [
        first(chunk) for chunk in (b": ping\n\n", delta % b"role", delta % b"reasoning_content", b"data: {\n\n")
    ] == [False] * 4
    assert first(delta % b"content")


@pytest.mark.parametrize(
    ("text", "finish_reason", "why"),
    [
        ("\u200b\u2060\ufeff", "stop", "the model said nothing (finish reason stop)"),
        ("<think>hm, hm</think>\n\u200b", "stop", "the reply holds only its thinking"),
        (" <think>hm, hm", "length", "the output limit was reached before the first word; raise it"),
        ("<think>hm</think>4", "stop", ""),
        ("What is <think>?", "stop", ""),
    ],
)
def test_why_a_reply_says_nothing(text: str, finish_reason: str, why: str) -> None:
    body = {"choices": [{"message": {"content": text}, "finish_reason": finish_reason}]}
    assert ChatCompletions().read(body, datetime.now(UTC)).empty_because == why


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "20", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Sun, 01 Mar 2026 00:01:00 GMT"}, 60.0),
        ({"retry-after": "Sun, 01 Mar 2026 00:01:00 GMT", "date": "Sun, 01 Mar 2026 00:00:50 GMT"}, 10.0),
        ({"retry-after": "Sat, 28 Feb 2026 00:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after(found: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(found, None, NOW) == seconds


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Unsupported parameter: 'stop' is not supported", "stop"),
        ("`stop` is deprecated", "stop"),
        ("Please stop sending this", None),
        ("stop: too long", "stop"),
        ("The temperature is too high", "temperature"),
        ("max_tokens is too large", "max_tokens"),
        ("max_tokens_x is too large", None),
        ("This one is deprecated", None),
        ("Item 'rs_1' of type 'stop' was provided without its required following item.", None),
    ],
)
def test_which_parameter_an_error_names(message: str, named: str | None) -> None:
    sent = {"stop": ["x"], "temperature": 0, "max_tokens": 5}
    failure, found = failures.failure_of(400, {"error": {"message": message}}, sent)
    assert (failure, found) == ("unsupported_parameter" if named else "bad_request", named)


def test_only_parameters_of_ours_are_named() -> None:
    body = {"error": {"message": "'temperature' is wrong", "param": "temperature"}}
    assert failures.failure_of(400, body, {})[0] == "bad_request"


def test_details_are_one_short_printable_line() -> None:
    detail = failures.detail_of(500, {"error": "a\x00b\n\n<!channel>\u202e" + "x" * 1000}, b"", None)
    assert detail.startswith("HTTP 500: a b <!channel>")
    assert detail.isprintable() and len(detail) < 330


def test_redaction_spares_words() -> None:
    assert redaction.redacted("key sk-12345678 is bad", "sk-12345678") == "key [redacted] is bad"
    assert redaction.redacted("none of it", "none") == "none of it"
    assert redaction.redacted("x", None) == "x"
    assert json.loads(redaction.redacted_bytes(b'{"a": "sk-12345678"}', "sk-12345678")) == {"a": "[redacted]"}


# --- small words ------------------------------------------------------------------------------------------------------


def test_headers_are_kept_by_meaning() -> None:
    given = {"server": "x", "openai-version": "1", "x-request-id": "r", "x-ms-region": "Sweden" + "x" * 999}
    assert headers.kept(given) == {"x-ms-region": given["x-ms-region"][:200]}
    assert all(name == name.lower() and meaning for name, meaning in headers.HEADERS.items())


def test_headers_that_a_gateway_passes_on_are_kept() -> None:
    given = {"llm_provider-x-ms-region": "Sweden", "llm_provider-server": "x", "llm_provider-openai-version": "1"}
    assert headers.kept(given) == {"llm_provider-x-ms-region": "Sweden"}


def test_addresses_in_headers_lose_what_may_be_secret() -> None:
    base = {"x-litellm-model-api-base": "https://user:secret@res.example/v1?code=secret#x"}
    assert headers.kept(base) == {"x-litellm-model-api-base": "https://res.example/v1"}


@pytest.mark.parametrize(
    ("name", "value", "hit"),
    [
        ("x-cache", "HIT", True),
        ("x-cache", "Hit from cloudfront", True),
        ("x-cache", "MISS", False),
        ("x-cache", "", False),
        ("x-cache", "white", False),
        ("x-cache", "MISS, HIT", True),
        ("cf-aig-cache-status", "HIT", True),
        ("cf-aig-cache-status", "MISS", False),
        ("cf-cache-status", "DYNAMIC", False),
        ("helicone-cache", "HIT", True),
        ("x-portkey-cache-status", "SEMANTIC HIT", True),
        ("x-portkey-cache-status", "DISABLED", False),
        ("x-litellm-cache-hit", "True", True),
        ("x-litellm-cache-hit", "False", False),
        ("x-litellm-cache-key", "a1b2c3", True),
        ("x-litellm-cache-key", "", False),
        ("x-vercel-cache", "STALE", True),
        ("x-vercel-cache", "MISS", False),
        ("x-compute-type", "cache", True),
        ("x-compute-type", "1-a10g", False),
        ("cache-status", "Nginx; fwd=miss, CDN; hit; ttl=30", True),
        ("cache-status", "cache; fwd=stale; stored", False),
        ("age", "12", True),
        ("age", "0", False),
        ("x-cache-hits", "0, 1", True),
        ("x-cache-hits", "0, 0", False),
        ("x-varnish", "32770 3", True),
        ("x-varnish", "32770", False),
        ("warning", '110 anderson/1.3.37 "Response is stale"', True),
        ("warning", '199 gateway "110 tokens were cut"', False),
        ("warning", '299 - "deprecated API"', False),
        ("cache-status", "ExampleCache; hit; ttl=376", True),
        ("cache-status", "ExampleCache; fwd=uri-miss; stored", False),
        ("x-cache", "TCP_HIT", True),
        ("x-cache", "CONFIG_NOCACHE", False),
        ("apisix-cache-status", "BYPASS", False),
        ("x-cache-hit", "1", True),
        ("x-cache-hit", "0", False),
        # names that are in no table
        ("akamai-cache-status", "Hit from child", True),
        ("x-cache-lookup", "HIT from proxy:3128", True),
        ("x-cache-lookup", "MISS from proxy:3128", False),
        ("x-own-gateway-cache", "hit", True),
        ("x-own-gateway-cached", "true", True),
        ("llm_provider-x-own-cache", "HIT", True),
        ("x-prompt-cache", "hit", False),
        ("x-prefix-cache-status", "HIT", False),
        ("x-kv-cache-hit", "true", False),
        ("x-cache-control", "hit", False),
        ("x-cached-tokens", "hit", False),
    ],
)
def test_cache_hits(server: WireServer, name: str, value: str, hit: bool) -> None:
    assert (cache_hit({name: value}) is not None) == hit
    body = {"choices": [{"message": {"content": "Teal"}, "finish_reason": "stop"}]}
    server.says(200, {"content-type": "application/json", name: value}, json.dumps(body).encode())
    reply = ask(endpoint_for("openai", server.url))
    assert (reply.error, reply.failure) == (("invalid_reply", "cached") if hit else (None, None))
    assert (reply.text is None) == hit
    assert ("cache" in reply.error_detail) == hit


def test_counts_and_digging() -> None:
    assert [count_of(value) for value in (3, 0, 2.0, "3")] == [3, 0, 2, 3]
    assert {count_of(value) for value in (-1, True, 2.5, float("inf"), "-3", "9" * 5_000, "", None)} == {None}
    assert total_of(1, None, -1, 2) == 3
    assert total_of(None) is None
    assert dig({"a": [{"b": 1}]}, "a", 0, "b") == 1
    assert dig({"a": [{"b": 1}]}, "a", 1, "b") is None
    assert dig("text", 0) is None
    unsorted = [{"token": "a", "logprob": -2}, {"token": "b", "logprob": -1.0}, {"token": 3, "logprob": 0}, None]
    assert logprobs_of([*unsorted, {"token": "c", "logprob": float("-inf")}]) == (("b", -1.0), ("a", -2.0))
