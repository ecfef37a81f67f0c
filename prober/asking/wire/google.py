"""Google's Gemini interface: generateContent, and streamGenerateContent as server-sent events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from prober.asking.wire.format import (
    BrokenWire,
    Request,
    as_json,
    body_signals,
    count_of,
    dig,
    items,
    logprobs_of,
    system_text,
    text_of,
    total_of,
)
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply, ToolCall

REFUSALS = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"})
"""Finish reasons by which the provider, not the length or a stop word, ended the answer."""

_SIGNALS = {
    "model_stage": ("modelStatus", "modelStage"),
    "retirement_time": ("modelStatus", "retirementTime"),
}


class GenerateContent:
    """POST /models/{model}:generateContent."""

    base_url = "https://generativelanguage.googleapis.com/v1beta"

    def objection(self, endpoint: Endpoint) -> str | None:
        return None

    def headers(self, endpoint: Endpoint, key: str | None) -> Mapping[str, str]:
        return {} if key is None else {"x-goog-api-key": key}

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        body: dict[str, object] = {
            "contents": [
                {"role": "model" if message.role == "assistant" else "user", "parts": [{"text": message.content}]}
                for message in probe.conversation
                if message.role != "system"
            ]
        }
        if (system := system_text(probe)) is not None:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        if probe.tools:
            functions = [
                {"name": tool.name, "parametersJsonSchema": tool.parameters}
                | ({"description": tool.description} if tool.description else {})
                for tool in probe.tools
            ]
            body["tools"] = [{"functionDeclarations": functions}]
        model = endpoint.model if "/" in endpoint.model else f"models/{endpoint.model}"
        verb = "streamGenerateContent?alt=sse" if endpoint.stream else "generateContent"
        return Request(f"/{quote(model)}:{verb}", body)

    def has_content(self, event: object) -> bool:
        return any(dig(part, "text") or dig(part, "functionCall") for part in _said(dig(event, "candidates", 0)))

    def assemble(self, events: Sequence[object]) -> object:
        whole: dict[str, object] = {}
        candidate: dict[str, object] = {}
        parts: list[object] = []
        logprobs: dict[str, list[object]] = {"topCandidates": [], "chosenCandidates": []}
        for event in events:
            whole |= event if isinstance(event, dict) else {}
            first = dig(event, "candidates", 0)
            candidate |= first if isinstance(first, dict) else {}
            parts += items(dig(first, "content", "parts"))
            for name, steps in logprobs.items():
                steps.extend(items(dig(first, "logprobsResult", name)))
        if "finishReason" not in candidate and dig(whole, "promptFeedback", "blockReason") is None:
            raise BrokenWire("the stream broke off before a finishReason")
        merged = candidate | {"content": {"parts": parts}, "logprobsResult": logprobs}
        return whole | ({"candidates": [merged]} if candidate else {})

    def read(self, body: object, at: datetime) -> Reply:
        candidate = dig(body, "candidates", 0)
        blocked = text_of(dig(body, "promptFeedback", "blockReason"))
        finish_reason = text_of(dig(candidate, "finishReason"))
        if finish_reason is None and blocked is None:
            raise BrokenWire("no candidates[0].finishReason and no promptFeedback.blockReason")
        parts = _said(candidate)
        usage = dig(body, "usageMetadata")
        thoughts = count_of(dig(usage, "thoughtsTokenCount"))
        logprobs = dig(candidate, "logprobsResult")
        chosen = [dig(logprobs, "chosenCandidates", 0)]
        return Reply(
            at=at,
            text="".join(text_of(dig(part, "text")) or "" for part in parts),
            model=text_of(dig(body, "modelVersion")),
            finish_reason=finish_reason or blocked,
            refusal=blocked or (finish_reason if finish_reason in REFUSALS else None),
            tool_calls=tuple(
                ToolCall(name, as_json(dig(part, "functionCall", "args") or {}))
                for part in parts
                if (name := text_of(dig(part, "functionCall", "name"))) is not None
            ),
            headers=body_signals(body, _SIGNALS),
            input_tokens=count_of(dig(usage, "promptTokenCount")),
            # Others count reasoning as output; Gemini counts it apart.
            output_tokens=total_of(dig(usage, "candidatesTokenCount"), thoughts),
            reasoning_tokens=thoughts,
            cached_tokens=count_of(dig(usage, "cachedContentTokenCount")),
            top_logprobs=logprobs_of(
                items(dig(logprobs, "topCandidates", 0, "candidates")) or chosen, "logProbability"
            ),
        )


def _said(candidate: object) -> list[object]:
    """The parts of the answer, without the thoughts."""
    return [part for part in items(dig(candidate, "content", "parts")) if dig(part, "thought") is not True]
