"""The OpenAPI document of the service. An endpoint is described by docs/schemas/status.schema.json, as everywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from prober.status.as_json import Json

_PROBLEM: Final = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {"title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}},
}
_TIME: Final = {"type": "string", "format": "date-time"}


def document(mark_request: Json, samples_request: Json) -> Json:
    """All of it, with the schemas of the bodies of `POST /v1/marks` and `POST /v1/samples`."""
    endpoint = _status_schema()["properties"]["endpoints"]["items"]  # type: ignore[index]
    known = {
        "200": _json("As it is now.", {"$ref": "#/components/schemas/Endpoint"}, tagged=True),
        "304": {"description": "Unchanged since the version that `If-None-Match` names."},
        **_refused("404"),
    }
    of_health = {
        "type": "object",
        "required": ["status", "serviceId", "checks"],
        "properties": {"status": {"enum": ["pass", "warn", "fail"]}, "serviceId": {"type": "string"}},
    }
    healthy = {
        "200": _json("It passes, or there is a warning.", of_health, media_type="application/health+json"),
        "503": {
            "description": "It changed or cannot be reached; or the database cannot be read (`problem+json`).",
            "content": {
                "application/health+json": {"schema": of_health}, "application/problem+json": {"schema": _PROBLEM}
            },
        },
        **_refused("404"),
    }  # fmt: skip
    list_ = {"type": "array", "items": {"$ref": "#/components/schemas/Endpoint"}}
    every = {"type": "object", "required": ["endpoints"], "properties": {"endpoints": list_}}
    listed = {"200": _json("All of them.", every, tagged=True), "304": known["304"]}
    set_ = {
        "201": _json(
            "It is recorded.",
            {"type": "object", "required": ["mark"], "properties": {"mark": {"$ref": "#/components/schemas/Set"}}},
        ),
        **_refused("400", "409", "413", "415", "422"),
    }
    counts = {"type": "object", "properties": {"samples": {"type": "integer"}, "stored": {"type": "integer"}}}
    taken = {**set_, "202": _json("Taken in.", {"type": "object", "properties": {"taken": counts}})}
    del taken["201"]
    ok = {"200": _json("Yes.", {"type": "object", "properties": {"status": {"const": "ok"}}})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "canary prober",
            "version": _version(),
            "description": "How every watched endpoint stands, for scrapers, routers and pipelines.",
        },
        "security": [{"token": []}, {}],
        "paths": {
            "/metrics": {"get": _operation("metrics", "Prometheus' text format.", {"200": _text("text/plain")})},
            "/healthz": {"get": _operation("alive", "Whether the process answers.", ok, is_open=True)},
            "/readyz": {"get": _operation("ready", "Whether the database can be read.", ok, is_open=True)},
            "/v1/endpoints": {"get": _operation("endpoints", "Every endpoint, most urgent first.", listed, _IF)},
            "/v1/endpoints/{name}": {
                "get": _operation("endpoint", "One endpoint; `verdict` is for a router.", known, _NAME, _IF)
            },
            "/v1/endpoints/{name}/health": {
                "get": _operation("health", "One endpoint for a load balancer: pass, warn or fail.", healthy, _NAME)
            },
            "/v1/marks": {
                "post": _operation("mark", "Record a deploy of your own, or a known-good version.", set_)
                | _taking("Mark")
            },
            "/v1/samples": {
                "post": _operation("samples", "Store live samples; their texts are not kept.", taken)
                | _taking("Samples")
            },
            "/v1/traces": _otlp("traces", "spans", "resourceSpans", "ExportTraceServiceRequest", "rejectedSpans"),
            "/v1/logs": _otlp("logs", "log records", "resourceLogs", "ExportLogsServiceRequest", "rejectedLogRecords"),
            "/openapi.json": {
                "get": _operation("openapi", "This document.", {"200": _json("It.", {"type": "object"})})
            },
            "/status": {"get": _operation("page", "A page for people.", {"200": _text("text/html")})},
            "/badge/{name}.svg": {
                "get": _operation(
                    "badge", "A picture of the state.", {"200": _text("image/svg+xml"), **_refused("404")}, _NAME
                )
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"Problem": _json("What is wrong.", _PROBLEM, media_type="application/problem+json")},
            "schemas": {
                "Endpoint": endpoint,
                "Mark": mark_request,
                "Samples": samples_request,
                "Set": {
                    "type": "object",
                    "required": ["kind", "at", "what", "ref", "actor", "note"],
                    "properties": {
                        "kind": {"enum": ["deploy", "known-good"]},
                        "at": _TIME,
                        **{one: {"type": "string"} for one in ("what", "ref", "actor", "note")},
                    },
                },
            },
        },
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
    partly = {
        "type": "object",
        "properties": {
            "partialSuccess": {
                "type": "object",
                "required": [rejected, "errorMessage"],
                "properties": {rejected: {"type": "string"}, "errorMessage": {"type": "string"}},
            }
        },
    }
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
                    "application/json": {"schema": {"type": "object", "properties": {holds: {"type": "array"}}}},
                    **binary,
                },
            },
        }
    }
