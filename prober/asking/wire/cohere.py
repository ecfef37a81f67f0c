"""Cohere's own stream (v2), as the chunks of Chat Completions that would say the same. Pure."""

from __future__ import annotations

from typing import Final

from prober.asking.wire.format import dig, filled

KINDS: Final = (
    "message-start", "message-end", "content-start", "content-delta", "tool-call-start", "tool-call-delta",
)  # fmt: skip
"""Types of the events that add to the answer."""


def as_chunk(event: object) -> object:
    """An event of Cohere's stream → a chunk; whatever else is one already, and stays as it is.

    What there is a choice among in Chat Completions stands here under `delta.message`, and is one object where that has
    a list.
    """
    if dig(event, "type") not in KINDS:
        return event
    message = dig(event, "delta", "message")
    delta = filled({"content": dig(message, "content", "text"), "reasoning": dig(message, "content", "thinking")})
    if isinstance(call := dig(message, "tool_calls"), dict):
        delta["tool_calls"] = [{**call, "index": dig(event, "index")}]
    choice = {"index": 0, "delta": delta, "finish_reason": dig(event, "delta", "finish_reason")}
    return {"id": dig(event, "id"), "usage": dig(event, "delta", "usage"), "choices": [choice]}
