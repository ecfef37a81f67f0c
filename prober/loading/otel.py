"""OpenTelemetry GenAI spans and log records, sent by OTLP/HTTP, as objects such as a line of a reply log holds.

Content is read in every form that instrumentations write: attributes `gen_ai.input.messages` and
`gen_ai.output.messages`, older ones such as `gen_ai.prompt` and `gen_ai.completion.0.content`, and events, be they of a
span or log records of their own. Nothing sent can raise: what cannot be read is counted in `Calls.left_out`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prober.loading.other_tools.chat import UNSAID, asked, count, number, parsed, text_of
from prober.loading.otlp import Json, as_map, attributes, maps, moment, name_of
from prober.loading.samples import MOST_SCORES, UNNAMED

MOST: Final = 1000
"""Model calls of one request that are taken."""
CALLS: Final = frozenset({"chat", "text_completion", "generate_content"})
"""Values of `gen_ai.operation.name` of a model call."""
ENDPOINT: Final = "prober.endpoint"
FEATURE: Final = "prober.feature"
"""Attributes, of the span or record or its resource, by which a team names the declared endpoint and the feature."""
_TEXT: Final = ("text", "input_text", "output_text")
_INDEXED: Final = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,4})\.(\w+)")
_ROLES: Final = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}
"""Events of one message each."""
_TOKENS: Final[Mapping[str, tuple[str, ...]]] = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "reasoning_tokens": ("reasoning.output_tokens", "reasoning_tokens"),
    "cached_tokens": ("cache_read.input_tokens", "cache_read_input_tokens"),
}
"""Key of a reply log → attributes under `gen_ai.usage.`."""


_DETAILS: Final = "gen_ai.client.inference.operation.details"
_EVALUATION: Final = "gen_ai.evaluation.result"
_MESSAGES: Final = frozenset({*_ROLES, "gen_ai.choice"})


@dataclass(slots=True)
class Calls:
    """What one request held."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    """Model calls, as keys and values of a reply log."""
    others: int = 0
    """Spans or records of other work."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Why a model call, or a part of one, could not be taken → how often."""
    rejected: int = 0
    """Spans or records of model calls that could not be taken."""


def spans_of(request: Json) -> Calls:
    """Every model call of an `ExportTraceServiceRequest`, as lines of a reply log; all else it holds is counted."""
    found = Calls()
    for resource, span in _each(request, "resourceSpans", "scopeSpans", "spans"):
        _take(found, resource, span, 1)
    return found


def logs_of(request: Json) -> Calls:
    """The same of an `ExportLogsServiceRequest`. A model call is one record that holds all of it, or the records of its
    messages, which name the same span; its evaluations are records of that span too."""
    found, spans = Calls(), dict[tuple[object, ...], _Records]()
    for place, (resource, record) in enumerate(_each(request, "resourceLogs", "scopeLogs", "logRecords")):
        event = _event(record)
        if event["name"] not in (_DETAILS, _EVALUATION, *_MESSAGES):
            found.others += 1
            continue
        span = record.get("traceId"), record.get("spanId")
        key = (*map(name_of, span), *([] if all(span) else [place]))
        of = spans.setdefault(key, _Records(resource, record))
        if event["name"] == _DETAILS:
            if of.is_whole:
                of = spans.setdefault((*key, place), _Records(resource, record))  # the same span asked again
            of.is_whole = True
        of.events.append(event)
    for of in spans.values():
        if all(one["name"] == _EVALUATION for one in of.events):
            found.left_out["evaluations of a call that is not in the same request"] += len(of.events)
            found.rejected += len(of.events)
        else:
            _take(found, of.resource, of.as_span, len(of.events))
    return found


@dataclass(slots=True)
class _Records:
    """Log records of one span."""

    resource: dict[str, Any]
    first: Json
    events: list[dict[str, Any]] = field(default_factory=list)
    is_whole: bool = False
    """Whether one of them holds all of a model call."""

    @property
    def as_span(self) -> Json:
        """How long the call took is not known."""
        began = self.first.get("timeUnixNano") or self.first.get("observedTimeUnixNano")
        return {**self.first, "startTimeUnixNano": began, "events": self.events}


def _event(record: Json) -> dict[str, Any]:
    """A log record as an event of a span has it: its body is a map of further attributes."""
    given = [*maps(record.get("attributes"))]
    name = name_of(record.get("eventName")) or name_of(attributes(record).get("event.name"))
    body = as_map(record.get("body"))
    given += maps(as_map(body.get("kvlistValue")).get("values"))
    if isinstance(said := parsed(body.get("stringValue")), Mapping):
        texts = {key: one if isinstance(one, str) else json.dumps(one) for key, one in said.items()}
        given += [{"key": key, "value": {"stringValue": text}} for key, text in texts.items()]
    return {"name": name, "attributes": given}


def _take(found: Calls, resource: dict[str, Any], span: Json, many: int) -> None:
    """Adds the line of a span that is a model call, or counts it. `many`: what was sent of it."""
    try:
        given = {**resource, **attributes(span)}
        for name, said in _events(span):
            if name == _DETAILS:
                given |= said
        if not _is_call(given, span):
            found.others += many
            return
        why = "beyond 1,000 in one request" if len(found.lines) >= MOST else _add(found, given, span)
    except (RecursionError, ValueError, TypeError, ArithmeticError, AttributeError):
        why = "cannot be read"
    if why:
        found.left_out[why] += 1
        found.rejected += many


def _each(request: Json, groups: str, scopes: str, items: str) -> Iterator[tuple[dict[str, Any], Json]]:
    """(attributes of its resource, span or record)"""
    for group in maps(request.get(groups)):
        resource = attributes(as_map(group.get("resource")))
        for scope in maps(group.get(scopes)):
            for one in maps(scope.get(items)):
                yield resource, one


def _is_call(given: Json, span: Json) -> bool:
    operation = given.get("gen_ai.operation.name")
    if operation is not None:
        return operation in CALLS
    # Older instrumentations name no operation.
    named = any(key.startswith(("gen_ai.request.", "gen_ai.completion", "gen_ai.output.messages")) for key in given)
    return named or any(name in _MESSAGES or name.startswith("gen_ai.c") for name, _ in _events(span))


def _add(found: Calls, given: dict[str, Any], span: Json) -> str:
    """Adds the line of a model call; or gives why there is none."""
    inputs, outputs = _messages(given, span)
    calls = _tool_calls(outputs)
    text, failed = text_of(_texts(outputs, found.left_out)), _failure(given, span)
    if text is None and calls:
        text = ""
    if text is None and not failed:
        return "without a reply: the instrumentation does not record content, or the answer was no text"
    began, ended = (moment(span.get(key)) for key in ("startTimeUnixNano", "endTimeUnixNano"))
    said = asked(_texts(inputs, found.left_out)) if inputs else {}
    system = text_of(_texts(parsed(given.get("gen_ai.system_instructions")), found.left_out))
    reasons = parsed(given.get("gen_ai.response.finish_reasons")) or [
        said.get("finish_reason") for name, said in _events(span) if name == "gen_ai.choice"
    ]
    requested, answered = (name_of(given.get(f"gen_ai.{side}.model")) for side in ("request", "response"))
    id_ = f"{name_of(span.get('traceId'))}{name_of(span.get('spanId'))}"
    line = {
        "endpoint": name_of(given.get(ENDPOINT)) or requested or answered or UNNAMED,
        "feature": name_of(given.get(FEATURE)) or name_of(given.get("service.name")) or UNNAMED,
        "at": began.isoformat() if began else None,
        "id": id_ or None,
        "trace": name_of(span.get("traceId")) or None,
        "text": text,
        "error": failed if text is None else None,
        "tool_calls": calls or None,
        "prompt": said.get("prompt"),
        "system": system or said.get("system"),
        "model": answered or None,
        "requested_model": requested or None,
        "finish_reason": name_of(reasons[0]) if isinstance(reasons, list) and reasons else None,
        "latency_s": (ended - began).total_seconds() if began and ended and ended >= began else None,
        "scores": _scores(span, found.left_out),
    }
    for key, names in _TOKENS.items():
        counts = (count(given.get(f"gen_ai.usage.{name}")) for name in names)
        line[key] = next((one for one in counts if one is not None), None)
    found.lines.append({key: value for key, value in line.items() if value is not None})
    return ""


def _messages(given: Json, span: Json) -> tuple[object, object]:
    """What was asked, and the first choice of what was answered, in the newest form that the span has."""
    inputs, outputs = (parsed(given.get(f"gen_ai.{side}.messages")) for side in ("input", "output"))
    older: dict[str, dict[int, dict[str, Any]]] = {"prompt": {}, "completion": {}}
    for key, value in given.items():
        if (match := _INDEXED.fullmatch(key)) is not None:
            side, place, name = match.groups()
            older[side].setdefault(int(place), {})[name] = value
    events: tuple[list[Any], list[Any]] = [], []
    for name, said in _events(span):
        message = as_map(parsed(said.get("message"))) or said
        content = parsed(message.get("content", said.get("gen_ai.event.content")))
        if name in _ROLES:
            events[0].append({"role": _ROLES[name], "content": content})
        elif name == "gen_ai.choice":
            events[1].append({"role": "assistant", "content": _with_calls(content, message)})
        elif name == "gen_ai.content.prompt":
            events[0].append({"role": "user", "content": parsed(said.get("gen_ai.prompt"))})
        elif name == "gen_ai.content.completion":
            events[1].append({"role": "assistant", "content": parsed(said.get("gen_ai.completion"))})
    indexed = [[one for _, one in sorted(older[side].items())] for side in ("prompt", "completion")]
    asked_ = inputs or indexed[0] or parsed(given.get("gen_ai.prompt")) or events[0]
    answered = outputs or indexed[1] or parsed(given.get("gen_ai.completion")) or events[1]
    return asked_, answered[:1] if isinstance(answered, list) else answered


def _with_calls(content: object, message: Json) -> object:
    """The content of a choice, and the calls that it asks for in OpenAI's form."""
    calls = [{"type": "tool_call", **as_map(one.get("function"))} for one in maps(parsed(message.get("tool_calls")))]
    texts = [{"type": "text", "text": content}] if isinstance(content, str) and content else []
    return [*texts, *calls] if calls else content


def _texts(messages: object, left_out: Counter[str]) -> object:
    """Without parts that are no text; those that might have been, such as images, are counted."""
    if not isinstance(messages, list):
        return messages
    kept: list[object] = []
    for one in messages:
        if not isinstance(one, Mapping):
            kept.append(one)
        elif isinstance(parts := one.get("parts", one.get("content")), list):
            kept.append({"role": one.get("role", "user"), "content": _text_parts(parts, left_out)})
        else:
            kept += _text_parts([one], left_out)
    return kept


def _text_parts(parts: Sequence[object], left_out: Counter[str]) -> list[object]:
    kinds = [part.get("type", "text") if isinstance(part, Mapping) else "text" for part in parts]
    if lost := sum(kind not in _TEXT and kind not in UNSAID and kind != "tool_call_response" for kind in kinds):
        left_out["parts that are no text, such as images"] += lost
    return [part for part, kind in zip(parts, kinds, strict=True) if kind in _TEXT]


def _tool_calls(outputs: object) -> list[list[str]]:
    """(name, arguments as JSON) of each call that an answer asks for."""
    messages = maps(outputs)
    parts = [part for one in messages for part in maps(one.get("parts", one.get("content")))]
    return [
        [name_of(part.get("name")), given if isinstance(given := part.get("arguments"), str) else json.dumps(given)]
        for part in parts
        if part.get("type") == "tool_call"
    ]


def _failure(given: Json, span: Json) -> str:
    """Why there is no reply, in a word of ours; empty where the span does not say that it failed."""
    status = as_map(span.get("status"))
    kind = str(given.get("error.type") or "")
    if not kind and status.get("code") not in (2, "STATUS_CODE_ERROR"):
        return ""
    said = f"{kind} {status.get('message') or ''}".casefold()[:300]
    words = {"timeout": "timeout", "timed out": "timeout", "429": "rate_limited", "rate limit": "rate_limited",
             "ratelimit": "rate_limited", "401": "unauthorized", "unauthor": "unauthorized"}  # fmt: skip
    return next((word for sign, word in words.items() if sign in said), "failed")


def _scores(span: Json, left_out: Counter[str]) -> dict[str, float]:
    """Of events `gen_ai.evaluation.result`."""
    scores: dict[str, float] = {}
    for name, said in _events(span):
        if name == _EVALUATION:
            value, of = number(said.get("gen_ai.evaluation.score.value")), name_of(said.get("gen_ai.evaluation.name"))
            if value is None or not of or (len(scores) >= MOST_SCORES and of not in scores):
                left_out["evaluations without a number or a name, or too many"] += 1
            else:
                scores[of[:80]] = value
    return scores


def _events(span: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in maps(span.get("events")):
        yield name_of(event.get("name")), attributes(event)
