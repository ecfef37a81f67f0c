"""OpenAI's Responses interface, chosen by `api: responses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from prober.asking.wire.format import BrokenWire, Request, count_of, dig, items, logprobs_of, text_of
from prober.asking.wire.openai_chat import BASE_URL, key_headers
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply, ToolCall

_DELTAS = ("response.output_text.delta", "response.refusal.delta", "response.function_call_arguments.delta")
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class Responses:
    """POST /responses."""

    base_url = BASE_URL

    def objection(self, endpoint: Endpoint) -> str | None:
        return None

    def headers(self, endpoint: Endpoint, key: str | None) -> Mapping[str, str]:
        return key_headers(endpoint, key)

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        body: dict[str, object] = {
            "model": endpoint.model,
            "input": [{"role": message.role, "content": message.content} for message in probe.conversation],
        }
        if probe.system:
            body["instructions"] = probe.system
        if probe.tools:
            body["tools"] = [{"type": "function", **tool.model_dump(exclude_defaults=True)} for tool in probe.tools]
        if endpoint.stream:
            body["stream"] = True
        return Request("/responses", body)

    def has_content(self, event: object) -> bool:
        return dig(event, "type") in _DELTAS and bool(dig(event, "delta"))

    def assemble(self, events: Sequence[object]) -> object:
        """The last event holds the whole answer."""
        for event in events:
            if dig(event, "type") == "error":
                return {"error": event}
            if dig(event, "type") in _ENDS:
                return dig(event, "response")
        raise BrokenWire("the stream broke off before response.completed")

    def read(self, body: object, at: datetime) -> Reply:
        output, status = dig(body, "output"), text_of(dig(body, "status"))
        if not isinstance(output, list):
            raise BrokenWire("no output list")
        if status not in ("completed", "incomplete"):
            raise BrokenWire(f"status is {status!r}, not completed")
        parts = [part for item in output if dig(item, "type") == "message" for part in items(dig(item, "content"))]
        texts = [part for part in parts if dig(part, "type") == "output_text"]
        reason = text_of(dig(body, "incomplete_details", "reason"))
        refusal = "".join(text_of(dig(part, "refusal")) or "" for part in parts)
        usage = dig(body, "usage")
        first = dig(texts, 0, "logprobs", 0)
        return Reply(
            at=at,
            text="".join(text_of(dig(part, "text")) or "" for part in texts),
            model=text_of(dig(body, "model")),
            system_fingerprint=text_of(dig(body, "system_fingerprint")),
            service_tier=text_of(dig(body, "service_tier")),
            finish_reason=reason or status,
            refusal=refusal or (reason if reason == "content_filter" else None),
            tool_calls=tuple(
                ToolCall(name, text_of(dig(item, "arguments")) or "")
                for item in output
                if dig(item, "type") == "function_call" and (name := text_of(dig(item, "name"))) is not None
            ),
            input_tokens=count_of(dig(usage, "input_tokens")),
            output_tokens=count_of(dig(usage, "output_tokens")),
            reasoning_tokens=count_of(dig(usage, "output_tokens_details", "reasoning_tokens")),
            cached_tokens=count_of(dig(usage, "input_tokens_details", "cached_tokens")),
            top_logprobs=logprobs_of(items(dig(first, "top_logprobs")) or [first]),
        )
