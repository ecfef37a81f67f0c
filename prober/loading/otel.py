"""OpenTelemetry GenAI spans, sent by OTLP/HTTP, as objects such as a line of a reply log holds.

Content is read in every form that instrumentations write: attributes `gen_ai.input.messages` and
`gen_ai.output.messages`, older ones such as `gen_ai.prompt` and `gen_ai.completion.0.content`, and events of the span.
Nothing in a span can raise: what cannot be read is counted in `Spans.left_out`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

from prober.loading.other_tools.chat import UNSAID, asked, count, number, parsed, text_of
from prober.loading.samples import MOST_SCORES, UNNAMED
from prober.model.errors import ConfigurationError

Json: TypeAlias = Mapping[str, Any]
MOST: Final = 1000
"""Spans of model calls of one request that are taken."""
CALLS: Final = frozenset({"chat", "text_completion", "generate_content"})
"""Values of `gen_ai.operation.name` of a model call."""
ENDPOINT: Final = "prober.endpoint"
FEATURE: Final = "prober.feature"
"""Attributes, of the span or its resource, by which a team names the declared endpoint and the feature."""
_DEEPEST: Final = 20
_TEXT: Final = ("text", "input_text", "output_text")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
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


@dataclass(slots=True)
class Spans:
    """What one request held."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    """Of model calls, as keys and values of a reply log."""
    others: int = 0
    """Spans of other work."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Why a model call, or a part of one, could not be taken → how often."""
    rejected: int = 0
    """Model calls that could not be taken."""


def read_protobuf(body: bytes) -> Json:
    """An `ExportTraceServiceRequest` in protobuf as its JSON form. Raises ConfigurationError where it is none, or where
    the extra is not installed."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.proto") is None:
        raise ConfigurationError("protobuf needs the extra otel: pip install 'canary-prober[otel]'; or send JSON")
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        found: Json = MessageToDict(ExportTraceServiceRequest.FromString(body))
    except (DecodeError, ValueError, RecursionError) as error:
        raise ConfigurationError("the body is no ExportTraceServiceRequest in protobuf; check the exporter") from error
    return found


def partial_success(rejected: int, message: str) -> bytes:
    """The answer in protobuf."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    answer = ExportTraceServiceResponse()
    if message:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = message
    return bytes(answer.SerializeToString())


def read_json(body: bytes) -> Json:
    """The JSON form of the same. Raises ConfigurationError where it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("resourceSpans", []), list):
        raise ConfigurationError('the body is no ExportTraceServiceRequest; write {"resourceSpans": […]}')
    return found


def spans_of(request: Json) -> Spans:
    """Every model call of a request, as lines of a reply log; whatever else it holds is counted."""
    found = Spans()
    for resource, span in _each(request):
        try:
            given = {**resource, **_attributes(span)}
            details = [one for one in _events(span) if one[0] == "gen_ai.client.inference.operation.details"]
            for _, said in details:
                given |= said
            if not _is_call(given, span):
                found.others += 1
                continue
            why = "beyond 1,000 in one request" if len(found.lines) >= MOST else _add(found, given, span)
        except (RecursionError, ValueError, TypeError, ArithmeticError, AttributeError):
            why = "cannot be read"
        if why:
            found.left_out[why] += 1
            found.rejected += 1
    return found


def _each(request: Json) -> Iterator[tuple[dict[str, Any], Json]]:
    """(attributes of its resource, span)"""
    for group in _maps(request.get("resourceSpans")):
        resource = _attributes(_map(group.get("resource")))
        for scope in _maps(group.get("scopeSpans")):
            for span in _maps(scope.get("spans")):
                yield resource, span


def _is_call(given: Json, span: Json) -> bool:
    operation = given.get("gen_ai.operation.name")
    if operation is not None:
        return operation in CALLS
    # Older instrumentations name no operation.
    named = any(key.startswith(("gen_ai.request.", "gen_ai.completion", "gen_ai.output.messages")) for key in given)
    return named or any(name in _ROLES or name.startswith("gen_ai.c") for name, _ in _events(span))


def _add(found: Spans, given: dict[str, Any], span: Json) -> str:
    """Adds the line of a model call; or gives why there is none."""
    inputs, outputs = _messages(given, span)
    calls = _tool_calls(outputs)
    text, failed = text_of(_texts(outputs, found.left_out)), _failure(given, span)
    if text is None and calls:
        text = ""
    if text is None and not failed:
        return "without a reply: the instrumentation does not record content, or the answer was no text"
    began, ended = (_moment(span.get(key)) for key in ("startTimeUnixNano", "endTimeUnixNano"))
    said = asked(_texts(inputs, found.left_out)) if inputs else {}
    system = text_of(_texts(parsed(given.get("gen_ai.system_instructions")), found.left_out))
    reasons = parsed(given.get("gen_ai.response.finish_reasons"))
    requested, answered = (_name(given.get(f"gen_ai.{side}.model")) for side in ("request", "response"))
    id_ = f"{_name(span.get('traceId'))}{_name(span.get('spanId'))}"
    line = {
        "endpoint": _name(given.get(ENDPOINT)) or requested or answered or UNNAMED,
        "feature": _name(given.get(FEATURE)) or _name(given.get("service.name")) or UNNAMED,
        "at": began.isoformat() if began else None,
        "id": id_ or None,
        "text": text,
        "error": failed if text is None else None,
        "tool_calls": calls or None,
        "prompt": said.get("prompt"),
        "system": system or said.get("system"),
        "model": answered or None,
        "requested_model": requested or None,
        "finish_reason": _name(reasons[0]) if isinstance(reasons, list) and reasons else None,
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
        message = _map(parsed(said.get("message"))) or said
        content = parsed(message.get("content", said.get("gen_ai.event.content")))
        if name in _ROLES:
            events[0].append({"role": _ROLES[name], "content": content})
        elif name == "gen_ai.choice":
            events[1].append({"role": "assistant", "content": content})
        elif name == "gen_ai.content.prompt":
            events[0].append({"role": "user", "content": parsed(said.get("gen_ai.prompt"))})
        elif name == "gen_ai.content.completion":
            events[1].append({"role": "assistant", "content": parsed(said.get("gen_ai.completion"))})
    indexed = [[one for _, one in sorted(older[side].items())] for side in ("prompt", "completion")]
    asked_ = inputs or indexed[0] or parsed(given.get("gen_ai.prompt")) or events[0]
    answered = outputs or indexed[1] or parsed(given.get("gen_ai.completion")) or events[1]
    return asked_, answered[:1] if isinstance(answered, list) else answered


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
    messages = _maps(outputs)
    parts = [part for one in messages for part in _maps(one.get("parts", one.get("content")))]
    return [
        [_name(part.get("name")), given if isinstance(given := part.get("arguments"), str) else json.dumps(given)]
        for part in parts
        if part.get("type") == "tool_call"
    ]


def _failure(given: Json, span: Json) -> str:
    """Why there is no reply, in a word of ours; empty where the span does not say that it failed."""
    status = _map(span.get("status"))
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
        if name == "gen_ai.evaluation.result":
            value, of = number(said.get("gen_ai.evaluation.score.value")), _name(said.get("gen_ai.evaluation.name"))
            if value is None or not of or (len(scores) >= MOST_SCORES and of not in scores):
                left_out["evaluations without a number or a name, or too many"] += 1
            else:
                scores[of[:80]] = value
    return scores


def _events(span: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in _maps(span.get("events")):
        yield _name(event.get("name")), _attributes(event)


def _attributes(of: Json) -> dict[str, Any]:
    """The attributes of a resource, a span or an event as plain values."""
    return {_name(one.get("key")): _value(one.get("value")) for one in _maps(of.get("attributes"))}


def _value(said: object, depth: int = 0) -> object:
    """What an OTLP `AnyValue` stands for; None where it is none, or deeper than anything that is meant."""
    if not isinstance(said, Mapping) or depth > _DEEPEST:
        return None
    for key, value in said.items():
        match key:
            case "stringValue" | "boolValue":
                return value if isinstance(value, (str, bool)) else None
            case "intValue":
                return count(value)
            case "doubleValue":
                return value if isinstance(value, float) and math.isfinite(value) else number(value)
            case "arrayValue":
                return [_value(one, depth + 1) for one in _maps(_map(value).get("values"))]
            case "kvlistValue":
                pairs = _maps(_map(value).get("values"))
                return {_name(one.get("key")): _value(one.get("value"), depth + 1) for one in pairs}
    return None


def _moment(nanoseconds: object) -> datetime | None:
    found = count(nanoseconds)
    try:
        return _EPOCH + timedelta(microseconds=found // 1000) if found else None
    except OverflowError:
        return None


def _name(value: object) -> str:
    return value[:300] if isinstance(value, str) else ""


def _map(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> Sequence[Json]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
