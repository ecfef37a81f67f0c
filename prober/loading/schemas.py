"""JSON Schemas of the five kinds of file, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from prober.loading.openslo import Slo
from prober.model.alerting import Alerts
from prober.model.budget import Budgets
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.providers import PROVIDERS
from prober.model.sample import SampleRules

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, JsonValue]]:
    """File name → JSON Schema: `schema.json` of a probe set, and those of endpoints, alerts, budgets and samples."""
    probe_set = ProbeSet.model_json_schema()
    probe_set["required"].remove("name")  # without it, the file's own name is the set's
    slo = Slo.model_json_schema()
    probe_set["$defs"] |= slo.pop("$defs") | {"OpenSLO": slo}
    probe_set["properties"]["objectives"]["items"] = {
        "if": {"required": ["apiVersion"]},
        "then": {"$ref": "#/$defs/OpenSLO"},
        "else": {"$ref": "#/$defs/Objective"},
    }

    endpoint = Endpoint.model_json_schema()
    endpoint["required"].remove("name")  # the key above the fields
    endpoint["properties"].pop("name")
    endpoint["properties"]["provider"]["enum"] = list(PROVIDERS)
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
    notes: dict[str, JsonValue] = {"patternProperties": {"^x-": {"description": "Ignored."}}}
    return {
        "alerts.schema.json": {"$schema": _DIALECT, **Alerts.model_json_schema(), **notes},
        "budgets.schema.json": {"$schema": _DIALECT, **Budgets.model_json_schema(), **notes},
        "samples.schema.json": {"$schema": _DIALECT, **SampleRules.model_json_schema(), **notes},
        "schema.json": {"$schema": _DIALECT, **probe_set, **notes},
        "endpoints.schema.json": {"$schema": _DIALECT, **endpoints, **notes},
    }


def write_schemas(folder: str | Path) -> None:
    """Write the schemas into the folder of probe files."""
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (Path(folder) / name).write_text(text, encoding="utf-8")
