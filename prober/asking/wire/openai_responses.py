"""OpenAI's Responses interface, chosen by `api: responses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from prober.asking.wire.format import (
    THINKING,
    BrokenWire,
    Path,
    Request,
    arguments_of,
    body_signals,
    dig,
    explained,
    first_of,
    index_of,
    items,
    logprobs_of,
    text_of,
)
from prober.asking.wire.openai_chat import MODEL, TIER
from prober.asking.wire.usage import RESPONSES, tokens_of
from prober.model.declaration import Endpoint, Probe
from prober.model.providers import is_at
from prober.model.reply import Reply, ToolCall, ending_of

CALLS: Final[Mapping[str, str]] = {"function_call": "arguments", "custom_tool_call": "input"}
"""Kinds of output item that call a tool of ours → where what they pass stands."""
BODY_SIGNALS: Final[Mapping[str, Path]] = {"reasoning_effort": ("reasoning", "effort")}
"""The effort is echoed where the request named none too: a default that moved shows here."""

MOVED: Final[Mapping[str, str]] = {
    "max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens",
    "response_format": "text: {format: …}", "reasoning_effort": "reasoning: {effort: …}",
}  # fmt: skip
"""Parameters of Chat Completions → where OpenAI's 400 says that they are here."""

_DELTAS: Final = frozenset(
    {
        "response.output_text.delta",
        "response.refusal.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
    }
)
_ENDS: Final = ("response.completed", "response.incomplete", "response.failed", "response.done")
_TEXTS: Final = ("output_text", "text")


class Responses:
    """POST /responses."""

    title = "OpenAI's Responses"

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        if endpoint.parameters.get("background") is True and not endpoint.stream:
            return {"background": "true queues the answer, and there is none to read; leave it out of parameters"}
        moved = MOVED.keys() & endpoint.parameters.keys() if is_at(endpoint, "openai.com", "azure.com") else ()
        return {name: f"the Responses API has no {name}; write {MOVED[name]}" for name in sorted(moved)}

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        body: dict[str, object] = {
            "model": endpoint.model,
            "input": [{"role": message.role, "content": message.content} for message in probe.conversation],
        }
        if probe.system:
            body["instructions"] = probe.system
        if probe.tools:
            # `parameters` and `strict` are required here; null is the provider's own default.
            body["tools"] = [
                {"type": "function", "strict": None, "parameters": tool.parameters}
                | tool.model_dump(exclude_defaults=True)
                for tool in probe.tools
            ]
        if endpoint.stream:
            body["stream"] = True
        return Request("/responses", body)

    def has_content(self, event: object) -> bool:
        kind = dig(event, "type")
        if kind == "response.output_item.added":
            return _calls_a_tool(dig(event, "item"))
        return isinstance(kind, str) and kind in _DELTAS and bool(dig(event, "delta"))

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        """The last event holds the whole answer; where it holds no output, the items that came before it do, and where
        there are none, the pieces."""
        output = [dig(event, "item") for event in events if dig(event, "type") == "response.output_item.done"]
        output = output or _from_pieces(events)
        for event in events:
            if dig(event, "type") == "error":
                return {"error": event}
            if dig(event, "type") in _ENDS:
                response = dig(event, "response")
                if isinstance(response, dict) and output and not response.get("output"):
                    return response | {"output": output}
                return response
        raise BrokenWire("the stream broke off before response.completed")

    def read(self, body: object, at: datetime) -> Reply:
        output, status = dig(body, "output"), text_of(dig(body, "status"))
        if not isinstance(output, list):
            raise BrokenWire("no output list")
        if status not in ("completed", "incomplete", "failed", "cancelled", None):
            raise BrokenWire(f"status is {status!r}, not completed")
        parts = [part for item in output if dig(item, "type") == "message" for part in _parts(dig(item, "content"))]
        texts = [part for part in parts if dig(part, "type") in _TEXTS]
        reason = text_of(dig(body, "incomplete_details", "reason"))
        refusal = "".join(text_of(dig(part, "refusal")) or "" for part in parts)
        tokens = tokens_of(dig(body, "usage"), RESPONSES)
        first = dig(texts, 0, "logprobs", 0)
        reply = Reply(
            at=at,
            text="".join(text_of(dig(part, "text")) or "" for part in texts) or text_of(dig(body, "output_text")) or "",
            model=first_of(text_of, body, MODEL),
            reply_id=text_of(dig(body, "id")),
            system_fingerprint=text_of(dig(body, "system_fingerprint")),
            service_tier=first_of(text_of, body, TIER),
            finish_reason=reason or status,
            refusal=refusal or (reason if ending_of(reason) == "filtered" else None),
            tool_calls=tuple(
                ToolCall(name, arguments_of(dig(item, CALLS[str(dig(item, "type"))])))
                for item in output
                if _calls_a_tool(item) and (name := text_of(dig(item, "name"))) is not None
            ),
            headers=body_signals(body, BODY_SIGNALS),
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            reasoning_tokens=tokens.reasoning,
            cached_tokens=tokens.cached,
            top_logprobs=logprobs_of(items(dig(first, "top_logprobs")) or [first]),
        )
        held = {"image_generation_call": "an image", "reasoning": THINKING}
        found = [dig(item, "type") for item in output]
        return explained(reply, next((name for kind, name in held.items() if kind in found), ""))


def _from_pieces(events: Sequence[object]) -> list[object]:
    """The output that the pieces of a stream add up to."""
    said = _pieces(events)
    kinds = {"response.output_text": "text", "response.refusal": "refusal"}
    parts = [{"type": "text", kinds[kind]: text} for (kind, _), text in said.items() if kind in kinds]
    output: list[object] = [{"type": "message", "content": parts}] if parts else []
    for event in events:
        item = dig(event, "item") if dig(event, "type") == "response.output_item.added" else None
        if isinstance(item, dict) and _calls_a_tool(item):
            place = CALLS[item["type"]]
            passed = said.get((f"response.{item['type']}_{place}", index_of(dig(event, "output_index"))))
            output.append(item if passed is None else item | {place: passed})
    return output


def _pieces(events: Sequence[object]) -> dict[tuple[str, int], str]:
    """(what it is a piece of, number of the output item) → its pieces; where none came, what their end repeats."""
    pieces: dict[tuple[str, int], list[str]] = {}
    again: dict[tuple[str, int], str] = {}
    for event in events:
        kind, _, step = (text_of(dig(event, "type")) or "").rpartition(".")
        at = (kind, index_of(dig(event, "output_index")))
        # The whole is repeated under the last word of its kind: `text` of `response.output_text`.
        if step == "delta" and (piece := text_of(dig(event, "delta"))):
            pieces.setdefault(at, []).append(piece)
        elif step == "done" and (whole := text_of(dig(event, kind.replace("_", ".").rpartition(".")[2]))):
            again[at] = whole
    return again | {at: "".join(some) for at, some in pieces.items()}


def _parts(content: object) -> list[object]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else items(content)


def _calls_a_tool(item: object) -> bool:
    kind = dig(item, "type")
    return isinstance(kind, str) and kind in CALLS
