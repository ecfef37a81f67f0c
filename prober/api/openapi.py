"""The OpenAPI document of the service. An endpoint is described by docs/schemas/status.schema.json, as everywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from prober.status.as_json import Json


def _object(properties: Mapping[str, object], required: Sequence[str] = ()) -> Json:
    return {"type": "object", **({"required": [*required]} if required else {}), "properties": dict(properties)}


_PROBLEM: Final = _object(
    {"title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}},
    required=["title", "status", "detail"],
)


def document(mark_request: Json, samples_request: Json) -> Json:
    """All of it, with the schemas of the bodies of `POST /v1/marks` and `POST /v1/samples`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "canary prober",
            "version": _version(),
            "description": "How every watched endpoint stands, for scrapers, routers and pipelines.",
        },
        "security": [{"token": []}, {}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"Problem": _json("What is wrong.", _PROBLEM, media_type="application/problem+json")},
            "schemas": {
                "Endpoint": _status_schema()["properties"]["endpoints"]["items"],  # type: ignore[index]
                "Mark": mark_request,
                "Samples": samples_request,
                "Set": _object(
                    {
                        "kind": {"enum": ["deploy", "known-good"]},
                        "at": {"type": "string", "format": "date-time"},
                        **{one: {"type": "string"} for one in ("what", "ref", "actor", "note")},
                    },
                    required=["kind", "at", "what", "ref", "actor", "note"],
                ),
            },
        },
    }


def _paths() -> Json:
    unchanged = {"304": {"description": "Unchanged since the version that `If-None-Match` names."}}
    endpoint = {"$ref": "#/components/schemas/Endpoint"}
    known = {"200": _json("As it is now.", endpoint, tagged=True), **unchanged, **_refused("404")}
    every = _object({"endpoints": {"type": "array", "items": endpoint}}, required=["endpoints"])
    listed = {"200": _json("All of them.", every, tagged=True), **unchanged}
    refused = _refused("400", "409", "413", "415", "422")
    set_ = {
        "201": _json("It is recorded.", _object({"mark": {"$ref": "#/components/schemas/Set"}}, ["mark"])),
        **refused,
    }
    counts = _object({"samples": {"type": "integer"}, "stored": {"type": "integer"}})
    taken = {**refused, "202": _json("Taken in.", _object({"taken": counts}))}
    ok = {"200": _json("Yes.", _object({"status": {"const": "ok"}}))}
    badge = {"200": _text("image/svg+xml"), **_refused("404")}
    return {
        "/metrics": {"get": _operation("metrics", "Prometheus' text format.", {"200": _text("text/plain")})},
        "/healthz": {"get": _operation("alive", "Whether the process answers.", ok, is_open=True)},
        "/readyz": {"get": _operation("ready", "Whether the database can be read.", ok, is_open=True)},
        "/v1/endpoints": {"get": _operation("endpoints", "Every endpoint, most urgent first.", listed, _IF)},
        "/v1/endpoints/{name}": {
            "get": _operation("endpoint", "One endpoint; `verdict` is for a router.", known, _NAME, _IF)
        },
        "/v1/endpoints/{name}/health": {
            "get": _operation("health", "One endpoint for a load balancer: pass, warn or fail.", _health(), _NAME)
        },
        "/v1/marks": {
            "post": _operation("mark", "Record a deploy of your own, or a known-good version.", set_) | _taking("Mark")
        },
        "/v1/samples": {
            "post": _operation("samples", "Store live samples; their texts are not kept.", taken) | _taking("Samples")
        },
        "/v1/traces": _otlp("traces", "spans", "resourceSpans", "ExportTraceServiceRequest", "rejectedSpans"),
        "/v1/logs": _otlp("logs", "log records", "resourceLogs", "ExportLogsServiceRequest", "rejectedLogRecords"),
        "/openapi.json": {"get": _operation("openapi", "This document.", {"200": _json("It.", {"type": "object"})})},
        "/status": {"get": _operation("page", "A page for people.", {"200": _text("text/html")})},
        "/badge/{name}.svg": {"get": _operation("badge", "A picture of the state.", badge, _NAME)},
    }


def _health() -> Json:
    schema = _object(
        {"status": {"enum": ["pass", "warn", "fail"]}, "serviceId": {"type": "string"}},
        required=["status", "serviceId", "checks"],
    )
    of_health = "application/health+json"
    return {
        "200": _json("It passes, or there is a warning.", schema, media_type=of_health),
        "503": {
            "description": "It changed or cannot be reached; or the database cannot be read (`problem+json`).",
            "content": {of_health: {"schema": schema}, "application/problem+json": {"schema": _PROBLEM}},
        },
        **_refused("404"),
    }


_NAME: Final = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "The endpoint's name, as declared.",
    "schema": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
}
_IF: Final = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}


def _operation(
    name: str,
    summary: str,
    responses: Mapping[str, object],
    *parameters: Mapping[str, object],
    is_open: bool = False,
) -> Json:
    refused = _refused("421", "503") if is_open else _refused("421", "503", "401")
    return {
        "operationId": name,
        "summary": summary,
        **({"parameters": list(parameters)} if parameters else {}),
        **({"security": []} if is_open else {}),
        "responses": {**refused, **responses},
    }


def _refused(*codes: str) -> Json:
    """Answers that say what is wrong, by status code."""
    return {code: {"$ref": "#/components/responses/Problem"} for code in codes}


def _taking(schema: str) -> Json:
    """The body of a `POST`, by the name of its schema."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"requestBody": {"required": True, "content": content}}


def _json(
    description: str, schema: Mapping[str, object], *, tagged: bool = False, media_type: str = "application/json"
) -> Json:
    headers = {"headers": {"ETag": {"schema": {"type": "string"}}}} if tagged else {}
    return {"description": description, "content": {media_type: {"schema": schema}}, **headers}


def _text(media_type: str) -> Json:
    return {"description": "As text.", "content": {media_type: {"schema": {"type": "string"}}}}


@cache
def _status_schema() -> Json:
    """In the wheel inside the package, in a checkout in its documentation."""
    package = Path(__file__).parents[1]
    inside = package / "schemas"
    folder = inside if inside.is_dir() else package.parent / "docs" / "schemas"
    schema: Json = json.loads((folder / "status.schema.json").read_text(encoding="utf-8"))
    return schema


def _version() -> str:
    try:
        return version("canary-prober")
    except PackageNotFoundError:
        return "0"


def _otlp(name: str, items: str, holds: str, request: str, rejected: str) -> Json:
    """An address that takes OTLP/HTTP."""
    success = _object({one: {"type": "string"} for one in (rejected, "errorMessage")}, [rejected, "errorMessage"])
    partly = _object({"partialSuccess": success})
    binary = {"application/x-protobuf": {"schema": {"type": "string", "format": "binary"}}}
    answers = {
        "200": {
            "description": "Taken in; `partialSuccess` counts what was left out, and says why.",
            "content": {"application/json": {"schema": partly}, **binary},
        },
        **_refused("400", "413", "415"),
    }
    return {
        "post": {
            **_operation(name, f"Store live samples from OpenTelemetry GenAI {items} (OTLP/HTTP).", answers),
            "requestBody": {
                "required": True,
                "description": f"An {request}, plain or gzip; protobuf needs the extra `otel`.",
                "content": {
                    "application/json": {"schema": _object({holds: {"type": "array"}})},
                    **binary,
                },
            },
        }
    }
