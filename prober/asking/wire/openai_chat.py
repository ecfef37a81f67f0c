"""OpenAI's wire formats. Chat Completions is here; Responses, which newer models prefer, is in `openai_responses`.

With `base_url` Chat Completions also serves Azure, OpenRouter, Mistral, DeepSeek, xAI, vLLM, llama.cpp and Ollama;
their own signals are read where they have any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from prober.asking.wire.format import (
    BrokenWire,
    Path,
    Request,
    arguments_of,
    as_json,
    body_signals,
    dig,
    explained,
    first_choice,
    first_of,
    index_of,
    items,
    logprobs_of,
    text_of,
)
from prober.asking.wire.usage import CHAT, tokens_of
from prober.model.declaration import Endpoint, Probe
from prober.model.providers import is_at
from prober.model.reply import Reply, ToolCall

MODEL: Final[tuple[Path, ...]] = (("model",), ("model_id",))
TIER: Final[tuple[Path, ...]] = (("service_tier",), ("usage", "service_tier"), ("x_groq", "service_tier"))
USAGE: Final[tuple[Path, ...]] = (("usage",), ("x_groq", "usage"))
"""Where the model, its tier and the token counts stand, whoever speaks this format; the first place that says so."""

_ROUTING: Final[Path] = ("message", "provider_metadata", "gateway", "routing")
BODY_SIGNALS: Final[Mapping[str, Path]] = {
    "provider": ("provider",),  # OpenRouter: who answered
    "model_version": ("model_version",),  # watsonx
}
CHOICE_SIGNALS: Final[Mapping[str, Path]] = {
    "native_finish_reason": ("native_finish_reason",),  # OpenRouter
    "final_provider": (*_ROUTING, "finalProvider"),  # Vercel: who answered, and as which model
    "resolved_model": (*_ROUTING, "resolvedProviderApiModelId"),
}
"""Signals of routers and gateways → where they stand in the body, and in the choice.

Left out on purpose, as they differ with every reply: `x_groq.id`, `generationId`, `created`.
"""

COUNT_STREAMS: Final = ("openai.com", "azure.com", "openrouter.ai", "deepseek.com", "x.ai", "together.xyz", "groq.com")
"""Domains that count the tokens of a stream where `stream_options` asks them to. Others may refuse the parameter."""

FILTERED: Final = frozenset({"content_filter", "content_filtered", "guardrail_intervened", "safety"})
"""Finish reasons by which a filter ended the answer, in lower case."""
MEDIA: Final[Mapping[str, str]] = {"images": "an image", "audio": "audio"}
"""Fields of a message that stand in place of text → what they hold."""


class ChatCompletions:
    """POST /chat/completions."""

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
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
        delta = dig(first_choice(dig(event, "choices")), "delta")
        return bool(_spoken(dig(delta, "content"))) or any(
            dig(delta, name) for name in ("refusal", "tool_calls", "function_call")
        )

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        whole: dict[str, object] = {}
        choice: dict[str, object] = {}
        logprobs: list[object] = []
        answer = _Answer()
        for event in events:
            if isinstance(event, dict):
                whole |= {name: value for name, value in event.items() if value is not None}
            first = first_choice(dig(event, "choices"))
            answer.add(dig(first, "delta"))
            logprobs += items(dig(first, "logprobs", "content"))
            if isinstance(first, dict):
                choice |= {name: value for name, value in first.items() if value is not None}
        if not choice or not (choice.get("finish_reason") or done or _ends_in_usage(events)):
            raise BrokenWire("the stream broke off before a finish_reason")
        return whole | {"choices": [choice | {"message": answer.message(), "logprobs": {"content": logprobs}}]}

    def read(self, body: object, at: datetime) -> Reply:
        choice = first_choice(dig(body, "choices"))
        message = dig(choice, "message")
        finish_reason = text_of(dig(choice, "finish_reason"))
        filtered = finish_reason is not None and finish_reason.lower() in FILTERED
        # Azure leaves the message out where its filter stopped the answer.
        if not isinstance(message, dict) and not filtered:
            raise BrokenWire("no choices[0].message")
        tokens = tokens_of(first_of(_counts, body, USAGE), CHAT)
        first = dig(choice, "logprobs", "content", 0)
        content = dig(message, "content")
        reply = Reply(
            at=at,
            text=_spoken(content),
            model=first_of(text_of, body, MODEL),
            reply_id=text_of(dig(body, "id")),
            system_fingerprint=text_of(dig(body, "system_fingerprint")),
            service_tier=first_of(text_of, body, TIER),
            finish_reason=finish_reason,
            refusal=_refusal(message) or (finish_reason if filtered else None),
            tool_calls=_tool_calls(message),
            headers=body_signals(body, BODY_SIGNALS) | body_signals(choice, CHOICE_SIGNALS),
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            reasoning_tokens=tokens.reasoning,
            cached_tokens=tokens.cached,
            top_logprobs=logprobs_of(items(dig(first, "top_logprobs")) or [first]),
        )
        return explained(reply, next((name for field, name in MEDIA.items() if dig(message, field)), ""))


class _Answer:
    """A message in pieces: text, refusal and tool calls as they arrive."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[tuple[int, str], dict[str, list[str]]] = {}
        self._newest: dict[int, str] = {}
        self._last: dict[str, object] = {}

    def add(self, delta: object) -> None:
        self._text.append(_spoken(dig(delta, "content")))
        self._refusal.append(_refusal(delta) or "")
        if isinstance(delta, dict):
            self._last |= {name: value for name, value in delta.items() if value is not None}
        calls = dig(delta, "tool_calls")
        for call in calls if isinstance(calls, list) else [calls]:
            if isinstance(call, dict):
                self._add_call(index_of(call.get("index")), text_of(call.get("id")), *_called(call))
        if isinstance(legacy := dig(delta, "function_call"), dict):
            self._add_call(-1, None, text_of(legacy.get("name")), legacy.get("arguments"))

    def _add_call(self, index: int, call_id: str | None, name: str | None, arguments: object) -> None:
        # Gemini gives every call of a reply index 0, and an id of its own.
        if call_id is not None and (name is not None or index not in self._newest):
            self._newest[index] = call_id
        call = self._calls.setdefault((index, self._newest.get(index, "")), {"name": [], "arguments": []})
        if name is not None and "".join(call["name"]) != name:  # some repeat the name with every piece
            call["name"].append(name)
        call["arguments"].append(arguments_of(arguments))

    def message(self) -> dict[str, object]:
        calls = [{"function": {part: "".join(said) for part, said in call.items()}} for call in self._calls.values()]
        said = {"content": "".join(self._text), "refusal": "".join(self._refusal)}
        return self._last | said | {"tool_calls": calls, "function_call": None}


def _spoken(content: object) -> str:
    """A message's text. Some write a list of parts, thinking among them; some a JSON value; null is nothing said."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list) and all(isinstance(part, str) or text_of(dig(part, "type")) for part in content):
        return "".join(part if isinstance(part, str) else _text_in(part) for part in content)
    return as_json(content)


def _text_in(part: object) -> str:
    return (text_of(dig(part, "text")) or "") if dig(part, "type") in ("text", "output_text") else ""


def _refusal(message: object) -> str | None:
    parts = (text_of(dig(part, "refusal")) or "" for part in items(dig(message, "content")))
    return text_of(dig(message, "refusal")) or "".join(parts) or None


def _called(call: object) -> tuple[str | None, object]:
    """(name, arguments) of a tool call: of a function, or of a custom tool, whose input is plain text."""
    if isinstance(custom := dig(call, "custom"), dict):
        return text_of(custom.get("name")), custom.get("input")
    return text_of(dig(call, "function", "name")), dig(call, "function", "arguments")


def _tool_calls(message: object) -> tuple[ToolCall, ...]:
    calls = dig(message, "tool_calls")
    found = [_called(call) for call in (calls if isinstance(calls, list) else [calls])]
    found.append((text_of(dig(message, "function_call", "name")), dig(message, "function_call", "arguments")))
    return tuple(ToolCall(name, arguments_of(arguments)) for name, arguments in found if name is not None)


def _counts(usage: object) -> object:
    """A usage object that counts something, or None."""
    return usage if isinstance(usage, dict) and usage else None


def _ends_in_usage(events: Sequence[object]) -> bool:
    """Whether the last event, and no earlier one, counts tokens: Snowflake says no finish_reason, and counts last."""
    counting = [first_of(_counts, event, USAGE) is not None for event in events]
    return bool(counting) and counting[-1] and not any(counting[:-1])
