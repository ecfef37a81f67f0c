"""Amazon Bedrock's Converse interface, which is the same for the models of every maker there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from prober.asking.wire.format import (
    BrokenWire,
    Path,
    Request,
    as_json,
    body_signals,
    count_of,
    dig,
    explained,
    system_text,
    text_of,
    total_of,
)
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply, ToolCall

FILTERED: Final = frozenset({"guardrail_intervened", "content_filtered"})
"""Stop reasons by which a filter ended the answer."""

BODY_SIGNALS: Final[Mapping[str, Path]] = {
    "invoked_model": ("trace", "promptRouter", "invokedModelId"),
    "latency": ("performanceConfig", "latency"),
}


class Converse:
    """POST /model/{model}/converse."""

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
        return Request(f"/model/{quote(endpoint.model, safe='')}/converse", body)

    def has_content(self, event: object) -> bool:
        return False

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        raise BrokenWire("streams of Bedrock are not read")

    def read(self, body: object, at: datetime) -> Reply:
        content, stop_reason = dig(body, "output", "message", "content"), text_of(dig(body, "stopReason"))
        if not isinstance(content, list) or stop_reason is None:
            raise BrokenWire("no output.message.content with a stopReason")
        usage = dig(body, "usage")
        cached = count_of(dig(usage, "cacheReadInputTokens"))
        reply = Reply(
            at=at,
            text="".join(text_of(dig(block, "text")) or "" for block in content),
            service_tier=text_of(dig(body, "serviceTier", "type")),
            finish_reason=stop_reason,
            refusal=stop_reason if stop_reason in FILTERED else None,
            tool_calls=tuple(
                ToolCall(name, as_json(dig(block, "toolUse", "input")))
                for block in content
                if (name := text_of(dig(block, "toolUse", "name"))) is not None
            ),
            headers=body_signals(body, BODY_SIGNALS),
            input_tokens=total_of(dig(usage, "inputTokens"), dig(usage, "cacheWriteInputTokens"), cached),
            output_tokens=count_of(dig(usage, "outputTokens")),
            cached_tokens=cached,
        )
        return explained(reply, "an image" if any(dig(block, "image") for block in content) else "")
