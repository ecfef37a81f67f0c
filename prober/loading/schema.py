"""JSON Schemas of the three kinds of file, from which editors complete and check while a person types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from prober.model.declaration import Alerts, Endpoint, ProbeSet

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, JsonValue]]:
    """File name → JSON Schema: `schema.json` of a probe set, `endpoints.schema.json` and `alerts.schema.json`."""
    probe_set = ProbeSet.model_json_schema()
    probe_set["required"].remove("name")  # without it, the file's own name is the set's

    endpoint = Endpoint.model_json_schema()
    endpoint["required"].remove("name")  # the key above the fields
    endpoint["properties"].pop("name")
    shared = endpoint.pop("$defs", {})
    endpoints: dict[str, Any] = {
        "title": "Endpoints",
        "description": "The endpoints that probe sets beside this file name.",
        "type": "object",
        "additionalProperties": False,
        "required": ["endpoints"],
        "properties": {
            "endpoints": {
                "type": "object",
                "description": "Name → endpoint.",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/Endpoint"},
            }
        },
        "$defs": shared | {"Endpoint": endpoint},
    }
    alerts: dict[str, JsonValue] = Alerts.model_json_schema()
    return {
        "alerts.schema.json": {"$schema": _DIALECT, **alerts},
        "schema.json": {"$schema": _DIALECT, **probe_set},
        "endpoints.schema.json": {"$schema": _DIALECT, **endpoints},
    }


def write_schemas(folder: str | Path) -> None:
    """Write the schemas into the folder of probe files."""
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (Path(folder) / name).write_text(text, encoding="utf-8")
