"""OpenAI's wire formats. Chat Completions is here; Responses, which newer models prefer, is in `openai_responses`.

With `base_url` Chat Completions also serves Azure, OpenRouter, Mistral, DeepSeek, xAI, vLLM, llama.cpp and Ollama;
their own signals are read where they have any. Gateways that pass on Ollama's own answers, those of Cohere's v2 or of
OpenAI's old Completions are read as well: they say the same in other places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Final

from prober.asking.wire import cohere
from prober.asking.wire.format import (
    THINKING,
    BrokenWire,
    Path,
    Request,
    body_signals,
    count_of,
    dig,
    explained,
    filled,
    first_choice,
    first_of,
    items,
    logprobs_of,
    snaked,
    text_of,
)
from prober.asking.wire.openai_message import Answer, content_of, refusal_of, spoken, tool_calls_of
from prober.asking.wire.usage import CHAT, tokens_of
from prober.model.declaration import Endpoint, Probe
from prober.model.providers import is_at
from prober.model.reply import Ending, Reply, ending_of

MODEL: Final[tuple[Path, ...]] = (("model",), ("model_id",))
TIER: Final[tuple[Path, ...]] = (("service_tier",), ("usage", "service_tier"), ("x_groq", "service_tier"))
USAGE: Final[tuple[Path, ...]] = (
    ("usage", "tokens"),  # Cohere's v2
    ("usage",),
    ("x_groq", "usage"),
    ("choices", 0, "usage"),  # Moonshot, streamed
    ("choices", 0, "message", "usage"),
    ("usage_metadata",),
    ("token_usage",),
    ("metadata", "usage"),
    ("meta", "tokens"),  # Cohere
    ("timings",),  # llama.cpp, streamed
)
"""Where servers of this format put the model, its tier and the token counts; the first place that has one counts."""

ROUTING: Final[tuple[Path, ...]] = tuple(
    (*holder, metadata, "gateway", "routing")
    for holder in (("message",), ())
    for metadata in ("provider_metadata", "providerMetadata")
)
"""Where Vercel's gateway says who answered, and as which model: in the choice, or in the body."""
BODY_SIGNALS: Final[Mapping[str, Path]] = {
    "provider": ("provider",),  # OpenRouter: who answered
    "model_version": ("model_version",),  # watsonx
    "quantization": ("model_info", "quant"),  # LM Studio
    "runtime": ("runtime", "version"),
    "traffic_type": ("usage", "extra_properties", "google", "traffic_type"),  # Vertex: on demand, or provisioned
}
CHOICE_SIGNALS: Final[Mapping[str, Path]] = {
    "native_finish_reason": ("native_finish_reason",),  # OpenRouter
}
ROUTING_SIGNALS: Final[Mapping[str, Path]] = {
    "final_provider": ("finalProvider",),
    "resolved_model": ("resolvedProviderApiModelId",),
}
"""Signals of routers and gateways → where they stand in the body, and in the choice.

Left out on purpose, as they differ with every reply: `x_groq.id`, `generationId`, `created`.
"""

COUNT_STREAMS: Final = ("openai.com", "azure.com", "openrouter.ai", "deepseek.com", "x.ai", "together.xyz", "groq.com")
"""Domains that count the tokens of a stream where `stream_options` asks them to. Others may refuse the parameter."""

MAY_BE_SILENT: Final[frozenset[Ending]] = frozenset({"filtered", "bad_call", "bad_output", "failed"})
"""Endings after which a choice may have no message."""
MEDIA: Final[Mapping[str, str]] = {
    "images": "an image", "audio": "audio", "reasoning_content": THINKING, "reasoning": THINKING,
    "reasoning_details": THINKING, "thinking": THINKING,
}  # fmt: skip
"""Fields of a message that stand in place of text → what they hold."""

HELD: Final[Mapping[str | None, str]] = {
    "thinking": THINKING, "redacted_thinking": THINKING, "reasoning": THINKING, "image": "an image",
    "image_url": "an image", "output_image": "an image", "audio": "audio", "input_audio": "audio", "file": "a file",
    "document": "a file", "document_url": "a file",
}  # fmt: skip
"""Types of parts of content that are no text → what they hold."""
_WRAPPERS: Final = ("data", "result", "response", "body", "output")
"""Names under which some gateways put the whole body, and DashScope's own API all but the counts."""
SENSITIVE: Final = ("output_sensitive", "input_sensitive")
"""MiniMax: what its filter says of an answer that it emptied."""


class ChatCompletions:
    """POST /chat/completions."""

    title = "Chat Completions"

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        if "max_output_tokens" in endpoint.parameters and is_at(endpoint, "openai.com", "azure.com"):
            return {"max_output_tokens": "Chat Completions has no max_output_tokens; write max_completion_tokens"}
        return {}

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        messages = [{"role": "system", "content": probe.system}] if probe.system else []
        messages += [{"role": message.role, "content": message.content} for message in probe.conversation]
        body: dict[str, object] = {"model": endpoint.model, "messages": messages}
        if probe.tools:
            body["tools"] = [
                {"type": "function", "function": tool.model_dump(exclude_defaults=True)} for tool in probe.tools
            ]
        if endpoint.stream:
            body["stream"] = True
            if is_at(endpoint, *COUNT_STREAMS) and "stream_options" not in endpoint.parameters:
                body["stream_options"] = {"include_usage": True}
        return Request("/chat/completions", body)

    def has_content(self, event: object) -> bool:
        delta = _delta(_choice(cohere.as_chunk(event)))
        return bool(spoken(delta)) or any(dig(delta, name) for name in ("refusal", "tool_calls", "function_call"))

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        whole: dict[str, object] = {}
        choice: dict[str, object] = {}
        logprobs: list[object] = []
        answer = Answer()
        chunks = [cohere.as_chunk(event) for event in events]
        for chunk in chunks:
            whole |= filled(chunk)
            first = _choice(chunk)
            delta = _delta(first)
            if first is not chunk and delta is dig(first, "message") and answer.begins(delta):
                answer = Answer()  # MiniMax says all of it again at the end
            answer.add(delta)
            logprobs += _logprobs(first)
            choice |= filled(first)
        if not choice or not (_finish_reason(choice) or done or _ends_in_usage(chunks)):
            raise BrokenWire("the stream broke off before a finish_reason")
        return whole | {"choices": [choice | {"message": answer.message(), "logprobs": {"content": logprobs}}]}

    def read(self, body: object, at: datetime) -> Reply:
        body = snaked(_unwrapped(body))
        choice = _choice(body)
        message = _message(choice)
        if isinstance(message, dict) and isinstance(choice, dict):
            message = {"tool_calls": choice.get("tool_calls"), **message}  # some put them beside the message
        finish_reason = _finish_reason(choice)
        ending = ending_of(finish_reason)
        # Azure leaves the message out where its filter stopped the answer, Gemini where a call could not be read.
        if not isinstance(message, dict) and ending not in MAY_BE_SILENT:
            raise BrokenWire("no choices[0].message")
        tokens = tokens_of(first_of(_filled, body, USAGE) or body, CHAT)  # Ollama counts at the top
        first = next(iter(_logprobs(choice)), None)
        routing = first_of(_filled, choice, ROUTING) or first_of(_filled, body, ROUTING)
        filtered = finish_reason if ending == "filtered" else _filter_of(body, choice, message)
        reply = Reply(
            at=at,
            text=spoken(message),
            model=first_of(text_of, body, MODEL),
            reply_id=text_of(dig(body, "id")),
            system_fingerprint=text_of(dig(body, "system_fingerprint")),
            service_tier=first_of(text_of, body, TIER),
            finish_reason=finish_reason,
            refusal=refusal_of(message) or filtered,
            tool_calls=tool_calls_of(message),
            headers=body_signals(body, BODY_SIGNALS)
            | body_signals(choice, CHOICE_SIGNALS)
            | body_signals(routing, ROUTING_SIGNALS),
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            reasoning_tokens=tokens.reasoning,
            cached_tokens=count_of(dig(body, "usage", "cached_tokens")) if tokens.cached is None else tokens.cached,
            top_logprobs=logprobs_of(items(dig(first, "top_logprobs")) or [first]),
        )
        held = [name for field, name in MEDIA.items() if dig(message, field)]
        held += [HELD[kind] for part in items(content_of(message)) if (kind := text_of(dig(part, "type"))) in HELD]
        return explained(reply, next((name for name in held if name != THINKING), *held[:1] or [""]))


def _unwrapped(body: object) -> object:
    """The body itself, or the one that a gateway put into an envelope."""
    if _choice(body) is not None or not isinstance(body, dict):
        return body
    if dig(body, "output", "message") is not None:
        return body  # Bedrock's Converse
    inner = next((one for name in _WRAPPERS if _choice(one := body.get(name)) is not None), None)
    outer = {name: body[name] for name in ("usage", "model") if name in body}
    return outer | inner if isinstance(inner, dict) else body


def _filter_of(body: object, choice: object, message: object) -> str | None:
    """A filter that emptied the answer, where only its results say so: Azure's, MiniMax's."""
    if spoken(message):
        return None
    if any(dig(one, "filtered") is True for one in filled(dig(choice, "content_filter_results")).values()):
        return "content_filter"
    return next((name for name in SENSITIVE if dig(body, name) is True), None)


def _choice(body: object) -> object:
    """The first choice; of those who write it at the top, such as Ollama's own API and Cohere's v2, the body itself."""
    is_one = isinstance(dig(body, "message"), dict) or isinstance(dig(body, "response"), str)
    is_one |= isinstance(dig(body, "text"), str) and _finish_reason(body) is not None  # DashScope, Cohere's v1
    return body if is_one and dig(body, "choices") is None else first_choice(dig(body, "choices"))


def _message(choice: object) -> object:
    """What a choice says; Completions and Ollama's `/api/generate` have a text in place of a message."""
    message, said = dig(choice, "message"), (dig(choice, "text"), dig(choice, "response"))
    text = next((one for one in said if isinstance(one, str)), None)
    return {"content": text} if message is None and text is not None else message


def _finish_reason(choice: object) -> str | None:
    places = ("finish_reason", "done_reason", "finishReason")
    return next((reason for name in places if (reason := text_of(dig(choice, name)))), None)


def _delta(choice: object) -> object:
    """What a chunk adds; some send a whole message in its place."""
    delta = dig(choice, "delta")
    return delta if isinstance(delta, dict) else _message(choice)


def _logprobs(choice: object) -> list[object]:
    """Tokens, each with what else was likely; Together and the old Completions write three lists side by side."""
    said = dig(choice, "logprobs")
    columns = (items(dig(said, name)) for name in ("tokens", "token_logprobs", "top_logprobs"))
    return items(dig(said, "content")) or [
        {"token": token, "logprob": value, "top_logprobs": [{"token": t, "logprob": v} for t, v in filled(top).items()]}
        for token, value, top in zip_longest(*columns)
    ]


def _filled(value: object) -> object:
    """An object that holds something, such as counts of tokens, or None."""
    return filled(value) or None


def _ends_in_usage(events: Sequence[object]) -> bool:
    """Whether the last event, and no earlier one, counts tokens: Snowflake says no finish_reason, and counts last."""
    counting = [first_of(_filled, event, USAGE) is not None for event in events]
    return bool(counting) and counting[-1] and not any(counting[:-1])
