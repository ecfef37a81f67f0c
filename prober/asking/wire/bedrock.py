"""Amazon Bedrock's Converse interface, which is the same for the models of every maker there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

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
    index_of,
    items,
    system_text,
    text_of,
    total_of,
)
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply, ToolCall, ending_of

BODY_SIGNALS: Final[Mapping[str, Path]] = {
    "invoked_model": ("trace", "promptRouter", "invokedModelId"),
    "latency": ("performanceConfig", "latency"),
}


MEDIA: Final[Mapping[str, str]] = {
    "image": "an image", "video": "a video", "document": "a file", "reasoningContent": THINKING
}  # fmt: skip
"""Blocks that stand in place of text → what they hold."""


class Converse:
    """POST /model/{model}/converse."""

    title = "Bedrock's Converse"

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        body: dict[str, object] = {
            "messages": [
                {"role": message.role, "content": [{"text": message.content}]}
                for message in probe.conversation
                if message.role != "system"
            ]
        }
        if (system := system_text(probe)) is not None:
            body["system"] = [{"text": system}]
        if probe.tools:
            tools = [
                {"name": tool.name, "inputSchema": {"json": tool.parameters}}
                | ({"description": tool.description} if tool.description else {})
                for tool in probe.tools
            ]
            body["toolConfig"] = {"tools": [{"toolSpec": tool} for tool in tools]}
        verb = "converse-stream" if endpoint.stream else "converse"
        return Request(f"/model/{quote(endpoint.model, safe='')}/{verb}", body)

    def has_content(self, event: object) -> bool:
        return bool(
            dig(event, "contentBlockDelta", "delta", "text") or dig(event, "contentBlockStart", "start", "toolUse")
        )

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        whole: dict[str, object] = {}
        blocks: dict[int, dict[str, object]] = {}
        for event in events:
            for kind in ("messageStop", "metadata"):
                whole |= fields if isinstance(fields := dig(event, kind), dict) else {}
            if isinstance(begun := dig(event, "contentBlockStart"), dict):
                start = begun.get("start")
                blocks[index_of(begun.get("contentBlockIndex"))] = dict(start) if isinstance(start, dict) else {}
            if isinstance(added := dig(event, "contentBlockDelta"), dict):
                _add(blocks.setdefault(index_of(added.get("contentBlockIndex")), {}), added.get("delta"))
        if text_of(whole.get("stopReason")) is None:
            raise BrokenWire("the stream broke off before messageStop")
        return whole | {"output": {"message": {"content": list(blocks.values())}}}

    def read(self, body: object, at: datetime) -> Reply:
        content, stop_reason = dig(body, "output", "message", "content"), text_of(dig(body, "stopReason"))
        if not isinstance(content, list) or stop_reason is None:
            raise BrokenWire("no output.message.content with a stopReason")
        usage = dig(body, "usage")
        cached = count_of(dig(usage, "cacheReadInputTokens"))
        reply = Reply(
            at=at,
            text="".join(text_of(dig(part, "text")) or "" for block in content for part in _parts(block)),
            service_tier=text_of(dig(body, "serviceTier", "type")),
            finish_reason=stop_reason,
            refusal=stop_reason if ending_of(stop_reason) == "filtered" else None,
            tool_calls=tuple(
                ToolCall(name, _arguments(dig(block, "toolUse", "input")))
                for block in content
                if (name := text_of(dig(block, "toolUse", "name"))) is not None
            ),
            headers=body_signals(body, BODY_SIGNALS),
            input_tokens=total_of(dig(usage, "inputTokens"), dig(usage, "cacheWriteInputTokens"), cached),
            output_tokens=count_of(dig(usage, "outputTokens")),
            cached_tokens=cached,
        )
        return explained(reply, next((name for field, name in MEDIA.items() for one in content if dig(one, field)), ""))


def _parts(block: object) -> list[object]:
    """What has the text of a block: itself, or, where it cites, the parts in it."""
    return [block, *items(dig(block, "citationsContent", "content"))]


def _add(block: dict[str, object], delta: object) -> None:
    """Put one piece of a stream into its block: of the text, or of what a tool is called with."""
    if (text := text_of(dig(delta, "text"))) is not None:
        block["text"] = (text_of(block.get("text")) or "") + text
    if (piece := text_of(dig(delta, "toolUse", "input"))) is not None and isinstance(
        call := block.get("toolUse"), dict
    ):
        block["toolUse"] = {**call, "input": (text_of(call.get("input")) or "") + piece}


def _arguments(value: object) -> str:
    """What a tool was called with, as JSON: an object, or the text that a stream brought."""
    return value or "{}" if isinstance(value, str) else as_json(value or {})
