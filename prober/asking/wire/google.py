"""Google's Gemini interface: generateContent, and streamGenerateContent as server-sent events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
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
    first_choice,
    first_of,
    index_of,
    items,
    logprobs_of,
    system_text,
    text_of,
    total_of,
)
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply, ToolCall, ending_of

TIER: Final[tuple[Path, ...]] = (("usageMetadata", "serviceTier"), ("serviceTier",))
MEDIA: Final[Mapping[str, str]] = {
    "inlineData": "an image or a file", "fileData": "an image or a file", "executableCode": "code that was run",
    "codeExecutionResult": "code that was run",
}  # fmt: skip
"""Fields of a part that stand in place of text → what they hold."""
BODY_SIGNALS: Final[Mapping[str, Path]] = {
    "model_stage": ("modelStatus", "modelStage"),
    "retirement_time": ("modelStatus", "retirementTime"),
    "traffic_type": ("usageMetadata", "trafficType"),  # Vertex: on demand, or provisioned
}

_DEEPEST: Final = 32
"""Steps of a path within streamed arguments."""
_LOW: Final = re.compile(r"(?<=[a-z0-9])_([a-z])")
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,4})\]")
_VALUES: Final = ("stringValue", "numberValue", "boolValue", "nullValue")


class GenerateContent:
    """POST /models/{model}:generateContent."""

    title = "Google's generateContent"

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        if dig(endpoint.parameters, "generationConfig", "candidateCount") in (None, 1):
            return {}
        return {"generationConfig": "candidateCount asks for several answers at once; write samples in the probe"}

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

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
        event = _in_camel(event)
        return any(
            dig(part, "text") or dig(part, "functionCall") for part in _said(first_choice(dig(event, "candidates")))
        )

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        whole: dict[str, object] = {}
        candidate: dict[str, object] = {}
        parts: list[object] = []
        logprobs: dict[str, list[object]] = {"topCandidates": [], "chosenCandidates": []}
        for event in map(_in_camel, events):
            whole |= filled(event)
            first = first_choice(dig(event, "candidates"))
            candidate |= filled(first)
            parts += items(dig(first, "content", "parts"))
            for name, steps in logprobs.items():
                steps.extend(items(dig(first, "logprobsResult", name)))
        if "finishReason" not in candidate and dig(whole, "promptFeedback", "blockReason") is None:
            raise BrokenWire("the stream broke off before a finishReason")
        merged = candidate | {"content": {"parts": parts}, "logprobsResult": logprobs}
        return whole | ({"candidates": [merged]} if candidate else {})

    def read(self, body: object, at: datetime) -> Reply:
        # A stream that was not asked for as events is a list of what they would have been.
        body = self.assemble(body) if isinstance(body, list) else _in_camel(body)
        candidate = first_choice(dig(body, "candidates"))
        blocked = text_of(dig(body, "promptFeedback", "blockReason"))
        finish_reason = text_of(dig(candidate, "finishReason"))
        if finish_reason is None and blocked is None:
            raise BrokenWire("no candidates[0].finishReason and no promptFeedback.blockReason")
        parts = _said(candidate)
        usage = dig(body, "usageMetadata")
        thoughts = _thoughts(usage)
        logprobs = dig(candidate, "logprobsResult")
        chosen = [dig(logprobs, "chosenCandidates", 0)]
        reply = Reply(
            at=at,
            text="".join(text_of(dig(part, "text")) or "" for part in parts),
            model=text_of(dig(body, "modelVersion")),
            reply_id=text_of(dig(body, "responseId")),
            service_tier=first_of(text_of, body, TIER),
            finish_reason=finish_reason or blocked,
            refusal=blocked or (finish_reason if ending_of(finish_reason) == "filtered" else None),
            tool_calls=_tool_calls(parts),
            headers=body_signals(body, BODY_SIGNALS),
            input_tokens=count_of(dig(usage, "promptTokenCount")),
            # Others count reasoning as output; Gemini counts it apart.
            output_tokens=total_of(dig(usage, "candidatesTokenCount"), thoughts),
            reasoning_tokens=thoughts,
            cached_tokens=count_of(dig(usage, "cachedContentTokenCount")),
            top_logprobs=logprobs_of(
                items(dig(logprobs, "topCandidates", 0, "candidates")) or chosen, "logProbability"
            ),
        )
        thought = THINKING if items(dig(candidate, "content", "parts")) and not parts else ""
        held = (name for part in parts for field, name in MEDIA.items() if dig(part, field))
        return explained(reply, next(held, thought))


def _in_camel(value: object, depth: int = _DEEPEST) -> object:
    """A body whose names are as Google writes them; some gateways write `finish_reason`. Arguments stay as they are."""
    if isinstance(value, list) and depth:
        return [_in_camel(one, depth - 1) for one in value]
    if not isinstance(value, dict) or not depth:
        return value
    named = {_LOW.sub(lambda found: found[1].upper(), name): one for name, one in value.items()}
    return {name: one if name == "args" else _in_camel(one, depth - 1) for name, one in named.items()}


def _thoughts(usage: object) -> int | None:
    """Tokens of thinking, which are counted beside the answer's; where they are not named, they follow from the
    total."""
    thoughts, total = count_of(dig(usage, "thoughtsTokenCount")), count_of(dig(usage, "totalTokenCount"))
    named = ("promptTokenCount", "candidatesTokenCount", "toolUsePromptTokenCount")
    if thoughts is not None or total is None or count_of(dig(usage, "candidatesTokenCount")) is None:
        return thoughts
    return max(0, total - (total_of(*(dig(usage, name) for name in named)) or 0)) or None


def _said(candidate: object) -> list[object]:
    """The parts of the answer, without the thoughts."""
    return [part for part in items(dig(candidate, "content", "parts")) if dig(part, "thought") is not True]


def _tool_calls(parts: Sequence[object]) -> tuple[ToolCall, ...]:
    """Calls, whole or streamed: Vertex sends the name first, then arguments as values with their places."""
    calls: list[tuple[str, dict[str, object]]] = []
    for part in parts:
        call = dig(part, "functionCall")
        arguments = dig(call, "args")
        if (name := text_of(dig(call, "name"))) is not None:
            if isinstance(arguments, str):
                arguments = parse(arguments.encode("utf-8", errors="replace"))
            calls.append((name, dict(arguments) if isinstance(arguments, dict) else {}))
        for piece in items(dig(call, "partialArgs")) if calls else []:
            _put(calls[-1][1], text_of(dig(piece, "jsonPath")) or "", piece)
    return tuple(ToolCall(name, as_json(arguments)) for name, arguments in calls)


def _put(arguments: dict[str, object], path: str, piece: object) -> None:
    """Set the value at a path such as `$.city` or `$.days[0].name`; pieces of one text are joined."""
    steps: list[str | int] = [name or index_of(int(number)) for name, number in _STEP.findall(path.removeprefix("$"))]
    kind = next((kind for kind in _VALUES if isinstance(piece, dict) and kind in piece), None)
    if kind is None or not 0 < len(steps) <= _DEEPEST:
        return
    place: object = arguments
    for step, after in pairwise(steps):
        place = _entered(place, step, [] if isinstance(after, int) else {})
    value = None if kind == "nullValue" else dig(piece, kind)
    before = dig(place, steps[-1])
    if isinstance(before, str) and isinstance(value, str):
        value = before + value
    _entered(place, steps[-1], value, replacing=True)


def _entered(place: object, step: str | int, value: object, replacing: bool = False) -> object:
    """What stands at one step of a place; `value` where nothing does, or where it is to be replaced."""
    if isinstance(place, dict) and isinstance(step, str):
        if replacing or step not in place:
            place[step] = value
        return place[step]
    if isinstance(place, list) and isinstance(step, int) and step <= len(place):
        if step == len(place):
            place.append(value)
        elif replacing:
            place[step] = value
        return place[step]
    return None
