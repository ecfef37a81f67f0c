"""OTLP/HTTP: requests and answers of traces and of logs, as JSON and as protobuf, and the values that they hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

from prober.loading.other_tools.chat import count, number
from prober.model.errors import ConfigurationError

Json: TypeAlias = Mapping[str, Any]
_DEEPEST: Final = 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of telemetry."""

    package: str
    """In `opentelemetry.proto.collector`."""
    name: str
    """In the names of its messages."""
    holds: str
    """The key of a request in JSON."""
    rejected: str
    """The field of an answer that counts what was not taken."""

    @property
    def request(self) -> str:
        return f"Export{self.name}ServiceRequest"

    @property
    def rejected_in_json(self) -> str:
        first, *others = self.rejected.split("_")
        return first + "".join(map(str.capitalize, others))


TRACES: Final = Signal("trace", "Trace", "resourceSpans", "rejected_spans")
LOGS: Final = Signal("logs", "Logs", "resourceLogs", "rejected_log_records")


def read_json(signal: Signal, body: bytes) -> Json:
    """A request in JSON. Raises ConfigurationError where it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get(signal.holds, []), list):
        raise ConfigurationError(f'the body is no {signal.request}; write {{"{signal.holds}": […]}}')
    return found


def read_protobuf(signal: Signal, body: bytes) -> Json:
    """A request in protobuf as its JSON form. Raises ConfigurationError where it is none, or where the extra is not
    installed."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.proto") is None:
        raise ConfigurationError("protobuf needs the extra otel: pip install 'canary-prober[otel]'; or send JSON")
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError

    try:
        found: Json = MessageToDict(getattr(_service(signal), signal.request).FromString(body))
    except (DecodeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"the body is no {signal.request} in protobuf; check the exporter") from error
    return found


def partial_success(signal: Signal, rejected: int, message: str) -> bytes:
    """The answer in protobuf."""
    answer = getattr(_service(signal), f"Export{signal.name}ServiceResponse")()
    if message:
        setattr(answer.partial_success, signal.rejected, rejected)
        answer.partial_success.error_message = message
    return bytes(answer.SerializeToString())


def _service(signal: Signal) -> Any:
    return import_module(f"opentelemetry.proto.collector.{signal.package}.v1.{signal.package}_service_pb2")


def attributes(of: Json) -> dict[str, Any]:
    """The attributes of a resource, a span or an event as plain values."""
    return {name_of(one.get("key")): _value(one.get("value")) for one in maps(of.get("attributes"))}


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
                return [_value(one, depth + 1) for one in maps(as_map(value).get("values"))]
            case "kvlistValue":
                pairs = maps(as_map(value).get("values"))
                return {name_of(one.get("key")): _value(one.get("value"), depth + 1) for one in pairs}
    return None


def moment(nanoseconds: object) -> datetime | None:
    """Nanoseconds since 1970, as OTLP counts; None where they are no moment."""
    found = count(nanoseconds)
    try:
        return _EPOCH + timedelta(microseconds=found // 1000) if found else None
    except OverflowError:
        return None


def name_of(value: object) -> str:
    """A text, cut to what names may have; empty for anything else."""
    return value[:300] if isinstance(value, str) else ""


def as_map(value: object) -> Json:
    """An object; empty for anything else."""
    return value if isinstance(value, Mapping) else {}


def maps(value: object) -> Sequence[Json]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
