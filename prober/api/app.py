"""The addresses of the service, as one table, and what answers each."""

from __future__ import annotations

import hashlib
import json
import logging
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from prober.api import openapi
from prober.api.guard import Entry, Guard, problem
from prober.api.public_page import badge, status_page
from prober.api.source import Source
from prober.loading import otlp
from prober.loading.otel import Calls, logs_of, spans_of
from prober.model.errors import ConfigurationError, StoreError
from prober.model.sample import Taken
from prober.status.as_json import Json, of_endpoint, of_health, of_mark, plain
from prober.status.metrics import exposition, without_database

logger = logging.getLogger("prober.api")

Line: TypeAlias = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text without control characters."""
JSON_TYPE: Final = "application/json"
PROTOBUF_TYPE: Final = "application/x-protobuf"
MOST_UNPACKED_BYTES: Final = 8_000_000
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class MarkRequest(BaseModel):
    """The body of `POST /v1/marks`; the same as the arguments of `prober mark`."""

    model_config = ConfigDict(extra="forbid", title="Mark")

    kind: Literal["deploy", "known-good"]
    what: Annotated[Line, StringConstraints(min_length=1)] = Field(
        description="A service, a probe (`set/id`) or an endpoint."
    )
    ref: Line = Field("", description="Commit, release or version; empty for the newest version that is known.")
    by: Line = Field("api", description="Who did it.", min_length=1)
    note: Line = Field("", description="Shown beside it.")


class SamplesRequest(BaseModel):
    """The body of `POST /v1/samples`: objects such as a line of a reply log holds."""

    model_config = ConfigDict(extra="forbid", title="Samples")

    samples: list[dict[str, JsonValue]] = Field(max_length=1000)
    feature: Line = Field("", description="For samples that name none.")


@dataclass(frozen=True, slots=True)
class Address:
    """One address, and what answers it. The answer may wait for the database: it is given in a thread."""

    path: str
    method: Literal["GET", "POST"]
    answer: Callable[[Source, Request, bytes], Response]


def metrics(source: Source, request: Request, body: bytes) -> Response:
    try:
        now = source.status()
    except StoreError as error:
        logger.warning("/metrics: %s", error)
        return PlainTextResponse(without_database(), media_type=METRICS_TYPE)
    page = exposition(
        now.endpoints,
        now.deliveries,
        now.daemons,
        source.now(),
        now.budgets,
        now.features,
        now.shifts,
        now.accounts,
        source.objectives(),
        now.bills,
    )
    return PlainTextResponse(page, media_type=METRICS_TYPE)


def alive(source: Source, request: Request, body: bytes) -> Response:
    return JSONResponse({"status": "ok"})


def ready(source: Source, request: Request, body: bytes) -> Response:
    source.status()
    return JSONResponse({"status": "ok"})


def endpoints(source: Source, request: Request, body: bytes) -> Response:
    return _tagged(request, {"endpoints": [of_endpoint(one) for one in source.status().endpoints]})


def endpoint(source: Source, request: Request, body: bytes) -> Response:
    name = request.path_params["name"]
    for one in source.status().endpoints:
        if one.name == name:
            return _tagged(request, of_endpoint(one))
    return problem(404, "Unknown endpoint", "There is no such endpoint; /v1/endpoints lists all there are.")


def health(source: Source, request: Request, body: bytes) -> Response:
    name = request.path_params["name"]
    for one in source.status().endpoints:
        if one.name == name:
            content = of_health(one)
            status = 503 if content["status"] == "fail" else 200
            return JSONResponse(plain(content), status, media_type="application/health+json")
    return problem(404, "Unknown endpoint", "There is no such endpoint; /v1/endpoints lists all there are.")


def set_mark(source: Source, request: Request, body: bytes) -> Response:
    asked = _read(MarkRequest, request, body)
    if isinstance(asked, Response):
        return asked
    try:
        mark = source.mark(asked.kind, asked.what, asked.ref, asked.by, asked.note)
    except ConfigurationError as error:
        return problem(409, "Cannot be marked", "; ".join(map(str, error.problems)))
    return JSONResponse({"mark": of_mark(mark)}, 201)


def add_samples(source: Source, request: Request, body: bytes) -> Response:
    asked = _read(SamplesRequest, request, body)
    if isinstance(asked, Response):
        return asked
    try:
        taken = source.accept_samples(asked.samples, asked.feature or None)
    except ConfigurationError as error:
        return problem(409, "Cannot be read", "; ".join(map(str, error.problems))[:1000])
    return JSONResponse({"taken": plain(asdict(taken))}, 202)


def add_spans(source: Source, request: Request, body: bytes) -> Response:
    return _add_calls(otlp.TRACES, spans_of, source, request, body)


def add_logs(source: Source, request: Request, body: bytes) -> Response:
    return _add_calls(otlp.LOGS, logs_of, source, request, body)


def _add_calls(
    signal: otlp.Signal, calls_of: Callable[[otlp.Json], Calls], source: Source, request: Request, body: bytes
) -> Response:
    """Live samples from OpenTelemetry GenAI spans or events, as an OTLP/HTTP exporter or collector sends them."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (JSON_TYPE, PROTOBUF_TYPE):
        return problem(415, "Neither JSON nor protobuf", f"Send `Content-Type: {JSON_TYPE}` or `{PROTOBUF_TYPE}`.")
    try:
        plain_body = _unpacked(body, request.headers.get("content-encoding", ""))
        found = calls_of((otlp.read_json if kind == JSON_TYPE else otlp.read_protobuf)(signal, plain_body))
        taken = source.accept_samples(found.lines, source=f"{signal.name.lower()} request") if found.lines else Taken()
    except ConfigurationError as error:
        return problem(400, "Cannot be read", "; ".join(map(str, error.problems))[:1000])
    # Known is no loss: an exporter that got no answer sends the same again.
    rejected, message = found.rejected + taken.dropped + taken.too_old, _left_out(found, taken)
    if kind == PROTOBUF_TYPE:
        return Response(otlp.partial_success(signal, rejected, message), media_type=PROTOBUF_TYPE)
    said = {"partialSuccess": {signal.rejected_in_json: str(rejected), "errorMessage": message}} if message else {}
    return JSONResponse(said)


def _left_out(found: Calls, taken: Taken) -> str:
    """What of a request was not taken; empty where every model call was. Other work alone is no loss."""
    said = [f"{count} {why}" for why, count in sorted(found.left_out.items())]
    said += [f"{taken.dropped} beyond what a minute of a feature may hold"] if taken.dropped else []
    said += [f"{taken.too_old} older than samples are kept"] if taken.too_old else []
    if found.others and (said or not found.lines):
        said.append(f"{found.others} of other work than model calls")
    return f"left out: {'; '.join(said)}" if said else ""


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Raises ConfigurationError for what is too large once it is unpacked, or cannot be."""
    if encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() != "gzip":
        raise ConfigurationError("the encoding of the body is unknown; send it plain or with Content-Encoding: gzip")
    try:
        unpacker = zlib.decompressobj(wbits=31)
        plain_body = unpacker.decompress(body, MOST_UNPACKED_BYTES)
    except zlib.error as error:
        raise ConfigurationError("the body is not gzip, as its Content-Encoding says") from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ConfigurationError(
            f"the body is cut off, or larger than {MOST_UNPACKED_BYTES:,} bytes unpacked; send less at once"
        )
    return plain_body


def description(source: Source, request: Request, body: bytes) -> Response:
    return JSONResponse(openapi_document())


def openapi_document() -> Json:
    """The OpenAPI description of the service."""
    mark, samples = (
        body.model_json_schema(ref_template=f"#/components/schemas/{name}/$defs/{{model}}")
        for name, body in (("Mark", MarkRequest), ("Samples", SamplesRequest))
    )
    return openapi.document(mark, samples)


def page(source: Source, request: Request, body: bytes) -> Response:
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
    return HTMLResponse(status_page(source.status().endpoints, source.strips(), source.now()), headers=headers)


def badge_of(source: Source, request: Request, body: bytes) -> Response:
    name = request.path_params["name"]
    for one in source.status().endpoints:
        if one.name == name:
            headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'"}
            return Response(badge(one), headers=headers, media_type="image/svg+xml")
    return problem(404, "Unknown endpoint", "There is no such endpoint.")


ROUTES: Final = (
    Address("/metrics", "GET", metrics),
    Address("/healthz", "GET", alive),
    Address("/readyz", "GET", ready),
    Address("/v1/endpoints", "GET", endpoints),
    Address("/v1/endpoints/{name}", "GET", endpoint),
    Address("/v1/endpoints/{name}/health", "GET", health),
    Address("/v1/marks", "POST", set_mark),
    Address("/v1/samples", "POST", add_samples),
    Address("/v1/traces", "POST", add_spans),
    Address("/v1/logs", "POST", add_logs),
    Address("/openapi.json", "GET", description),
    Address("/status", "GET", page),
    Address("/badge/{name}.svg", "GET", badge_of),
)


def application(source: Source, entry: Entry) -> ASGIApp:
    """The whole service."""
    routes = [Route(one.path, _handler(source, one), methods=[one.method]) for one in ROUTES]
    return Guard(Starlette(routes=routes, exception_handlers={HTTPException: _http_error}), entry)


def _handler(source: Source, address: Address) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        body = await request.body()
        try:
            response = await run_in_threadpool(address.answer, source, request, body)
        except StoreError as error:
            logger.warning("%s: %s", address.path, error)
            response = problem(503, "Database", "The database cannot be read; the log says why.", {"Retry-After": "10"})
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


Asked = TypeVar("Asked", bound=BaseModel)


def _read(kind: type[Asked], request: Request, body: bytes) -> Asked | Response:
    """The body, or what is wrong with it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # A form on a page elsewhere can make a browser post text, but not this type.
        return problem(415, "Not JSON", "Send the body with `Content-Type: application/json`.")
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'the body'}: {one['msg']}" for one in error.errors(include_input=False)
        )
        return problem(422, "Not as described", wrong[:1000].encode("utf-8", "replace").decode())


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    return problem(error.status_code, title, error.detail, dict(error.headers or {}))


def _tagged(request: Request, content: Json) -> Response:
    """With an `ETag`, or 304 where the client has it already. The age of a round alone makes no new one."""
    headers = {"ETag": _etag(content), "Cache-Control": "no-cache", "Vary": "Accept"}
    given = request.headers.get("if-none-match", "")
    if given.strip() == "*" or headers["ETag"] in (one.strip() for one in given.split(",")):
        return Response(status_code=304, headers=headers)
    return JSONResponse(plain(content), headers=headers)


def _etag(content: Json) -> str:
    text = json.dumps(_lasting(plain(content)), sort_keys=True)
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _lasting(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _lasting(inner) for key, inner in value.items() if key != "age_s"}
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value
