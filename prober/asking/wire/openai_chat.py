"""OpenAI's wire formats. Chat Completions is here; Responses, which newer models prefer, is in `openai_responses`.

With `base_url` Chat Completions also serves Azure, OpenRouter, Mistral, DeepSeek, xAI, vLLM, llama.cpp and Ollama;
their own signals are read where they have any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from prober.asking.wire.format import (
    BrokenWire,
    Request,
    body_signals,
    count_of,
    dig,
    items,
    logprobs_of,
    text_of,
    whole_of,
)
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply, ToolCall

BASE_URL = "https://api.openai.com/v1"


def key_headers(endpoint: Endpoint, key: str | None) -> Mapping[str, str]:
    """How OpenAI and those who speak like it take a key."""
    if key is None:
        return {}
    host = urlsplit(endpoint.base_url or BASE_URL).hostname or ""
    # Azure takes a bearer only for its directory's tokens; its keys have a header of their own.
    return {"api-key": key} if host.endswith(".azure.com") else {"authorization": f"Bearer {key}"}


class ChatCompletions:
    """POST /chat/completions."""

    base_url = BASE_URL

    def objection(self, endpoint: Endpoint) -> str | None:
        return None

    def headers(self, endpoint: Endpoint, key: str | None) -> Mapping[str, str]:
        return key_headers(endpoint, key)

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
        return Request("/chat/completions", body)

    def has_content(self, event: object) -> bool:
        delta = dig(event, "choices", 0, "delta")
        return any(dig(delta, name) for name in ("content", "refusal", "tool_calls"))

    def assemble(self, events: Sequence[object]) -> object:
        whole: dict[str, object] = {}
        said: dict[str, str] = {}
        calls: dict[int | None, dict[str, str]] = {}
        logprobs: list[object] = []
        choice: dict[str, object] = {}
        for event in events:
            if isinstance(event, dict):
                whole |= {name: value for name, value in event.items() if value is not None}
            first = dig(event, "choices", 0)
            for name in ("content", "refusal"):
                if (piece := text_of(dig(first, "delta", name))) is not None:
                    said[name] = said.get(name, "") + piece
            for call in items(dig(first, "delta", "tool_calls")):
                so_far = calls.setdefault(whole_of(dig(call, "index")), {"name": "", "arguments": ""})
                for name in so_far:
                    so_far[name] += text_of(dig(call, "function", name)) or ""
            logprobs += items(dig(first, "logprobs", "content"))
            for name in ("finish_reason", "native_finish_reason"):
                if (value := dig(first, name)) is not None:
                    choice[name] = value
        if "finish_reason" not in choice:
            raise BrokenWire("the stream broke off before a finish_reason")
        message = {"content": None, **said, "tool_calls": [{"function": call} for call in calls.values()]}
        return whole | {"choices": [choice | {"message": message, "logprobs": {"content": logprobs}}]}

    def read(self, body: object, at: datetime) -> Reply:
        choice = dig(body, "choices", 0)
        message = dig(choice, "message")
        if not isinstance(message, dict):
            raise BrokenWire("no choices[0].message")
        finish_reason = text_of(dig(choice, "finish_reason"))
        usage = dig(body, "usage")
        cached = count_of(dig(usage, "prompt_tokens_details", "cached_tokens"))
        first = dig(choice, "logprobs", "content", 0)
        signals = {"provider": ("provider",)}
        return Reply(
            at=at,
            text=_content(message.get("content")),
            model=text_of(dig(body, "model")),
            system_fingerprint=text_of(dig(body, "system_fingerprint")),
            service_tier=text_of(dig(body, "service_tier")),
            finish_reason=finish_reason,
            refusal=text_of(message.get("refusal")) or (finish_reason if finish_reason == "content_filter" else None),
            tool_calls=_tool_calls(message),
            headers=body_signals(body, signals)
            | body_signals(choice, {"native_finish_reason": ("native_finish_reason",)}),
            input_tokens=count_of(dig(usage, "prompt_tokens")),
            output_tokens=count_of(dig(usage, "completion_tokens")),
            reasoning_tokens=count_of(dig(usage, "completion_tokens_details", "reasoning_tokens")),
            cached_tokens=count_of(dig(usage, "prompt_cache_hit_tokens")) if cached is None else cached,
            top_logprobs=logprobs_of(items(dig(first, "top_logprobs")) or [first]),
        )


def _content(content: object) -> str:
    """A message's text. Some write it as a list of parts, with the reasoning as one of them; null is nothing said."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "".join(text_of(dig(part, "text")) or "" for part in content if dig(part, "type") == "text")
    raise BrokenWire("choices[0].message.content is neither text nor null")


def _tool_calls(message: object) -> tuple[ToolCall, ...]:
    functions = [dig(call, "function") for call in items(dig(message, "tool_calls"))]
    return tuple(
        ToolCall(name, text_of(dig(function, "arguments")) or "")
        for function in functions
        if (name := text_of(dig(function, "name"))) is not None
    )
