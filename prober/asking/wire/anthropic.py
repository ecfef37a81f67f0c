"""Anthropic's Messages interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from prober.asking.error_body import parse
from prober.asking.wire.format import (
    THINKING,
    BrokenWire,
    Path,
    Request,
    as_json,
    body_signals,
    count_of,
    dig,
    explained,
    filled,
    first_of,
    index_of,
    system_text,
    text_of,
    total_of,
)
from prober.model.declaration import Endpoint, Probe
from prober.model.providers import version_of
from prober.model.reply import Reply, ToolCall

_CLOUD_PATHS: Final[Mapping[str, tuple[str, str]]] = {
    "vertex-2023-10-16": ("/models/{model}:rawPredict", "/models/{model}:streamRawPredict"),
    "bedrock-2023-05-31": ("/model/{model}/invoke", "/model/{model}/invoke-with-response-stream"),
}
"""Versions that clouds serve → path of a whole answer, and of a stream. The model is in the path there."""
_STREAM_IS_A_PATH: Final = frozenset({"bedrock-2023-05-31"})
"""Versions that take no `stream` in the body."""
_DELTAS = {"text_delta": "text", "input_json_delta": "partial_json"}
"""Kind of delta → where its piece of the answer is. Thinking and signatures are not the answer."""

THOUGHTS: Final[tuple[Path, ...]] = (("output_tokens_details", "thinking_tokens"), ("thinking_tokens",))
"""Where the tokens of thinking are counted, within the usage."""


class Messages:
    """POST /messages."""

    title = "Anthropic's Messages"

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        # The version of the interface; it says nothing about the model. The clouds take it in the body.
        version = version_of(endpoint)
        return {} if _CLOUD_PATHS.keys() & {version} else {"anthropic-version": version}

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        body: dict[str, object] = {
            "model": endpoint.model,
            "messages": [
                {"role": message.role, "content": message.content}
                for message in probe.conversation
                if message.role != "system"
            ],
        }
        if (system := system_text(probe)) is not None:
            body["system"] = system
        if probe.tools:
            body["tools"] = [
                {"name": tool.name, "input_schema": tool.parameters}
                | ({"description": tool.description} if tool.description else {})
                for tool in probe.tools
            ]
        if endpoint.stream:
            body["stream"] = True
        if (path := _CLOUD_PATHS.get(version := version_of(endpoint))) is None:
            return Request("/messages", body)
        model = quote(str(body.pop("model")), safe="")
        if version in _STREAM_IS_A_PATH:
            body.pop("stream", None)
        return Request(path[endpoint.stream].format(model=model), {"anthropic_version": version, **body})

    def has_content(self, event: object) -> bool:
        # A call is content as it begins: one without arguments brings no piece at all.
        block = dig(event, "content_block") if dig(event, "type") == "content_block_start" else None
        if dig(block, "type") == "tool_use" or text_of(dig(block, "text")) is not None:
            return True
        return bool(_piece(event))

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        message: dict[str, object] = {}
        usage: dict[str, object] = {}
        blocks: dict[int, dict[str, object]] = {}
        pieces: dict[int, list[str]] = {}
        for event in events:
            kind, index = dig(event, "type"), index_of(dig(event, "index"))
            for place in (dig(event, "message"), dig(event, "delta") if kind == "message_delta" else None):
                message |= place if isinstance(place, dict) else {}
            for place in (dig(event, "message", "usage"), dig(event, "usage")):
                # The last counts are the whole ones, but some say there that they read nothing.
                usage |= {name: value for name, value in filled(place).items() if value != 0 or name not in usage}
            if kind == "content_block_start" and isinstance(block := dig(event, "content_block"), dict):
                blocks[index] = block
            if piece := _piece(event):
                blocks.setdefault(index, {"type": "text"})
                pieces.setdefault(index, []).append(piece)
        if message.get("stop_reason") is None:
            raise BrokenWire("the stream broke off before message_stop")
        content = [_filled(block, "".join(pieces.get(index, ()))) for index, block in blocks.items()]
        return message | {"usage": usage, "content": content}

    def read(self, body: object, at: datetime) -> Reply:
        content = dig(body, "content")
        content = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if dig(body, "type") not in ("message", None) or not isinstance(content, list):
            raise BrokenWire("not a message with a content list")
        stop_reason = text_of(dig(body, "stop_reason"))
        if stop_reason is None:
            raise BrokenWire("no stop_reason")
        category = text_of(dig(body, "stop_details", "category"))
        usage = dig(body, "usage")
        cached = count_of(dig(usage, "cache_read_input_tokens"))
        reply = Reply(
            at=at,
            text="".join(text_of(dig(block, "text")) or "" for block in content if dig(block, "type") == "text"),
            model=text_of(dig(body, "model")),
            reply_id=text_of(dig(body, "id")),
            service_tier=text_of(dig(usage, "service_tier")),
            finish_reason=stop_reason,
            # The category, not the explanation: the explanation is worded differently each time.
            refusal=(category or stop_reason) if stop_reason == "refusal" else None,
            tool_calls=tuple(_tool_call(block) for block in content if dig(block, "type") == "tool_use"),
            headers=body_signals(usage, {"inference_geo": ("inference_geo",)}),
            input_tokens=total_of(dig(usage, "input_tokens"), dig(usage, "cache_creation_input_tokens"), cached),
            output_tokens=count_of(dig(usage, "output_tokens")),
            reasoning_tokens=first_of(count_of, usage, THOUGHTS),
            cached_tokens=cached,
        )
        thought = any(dig(block, "type") in ("thinking", "redacted_thinking") for block in content)
        return explained(reply, THINKING if thought else "")


def _piece(event: object) -> str:
    """The piece of the answer that an event brings; empty for all others."""
    kind = dig(event, "delta", "type")
    name = _DELTAS.get(kind) if isinstance(kind, str) else None
    return (text_of(dig(event, "delta", name)) or "") if name else ""


def _filled(block: Mapping[str, object], streamed: str) -> dict[str, object]:
    """A content block as it began, with what was streamed into it."""
    if block.get("type") == "tool_use":
        arguments = parse(streamed.encode("utf-8", errors="replace"))
        return {**block, "input": streamed if arguments is None else arguments} if streamed else dict(block)
    return {**block, "text": (text_of(block.get("text")) or "") + streamed}


def _tool_call(block: object) -> ToolCall:
    arguments = dig(block, "input")
    return ToolCall(
        text_of(dig(block, "name")) or "", arguments if isinstance(arguments, str) else as_json(arguments or {})
    )
