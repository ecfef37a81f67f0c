"""What the scripted worlds of the goldens declare, as files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.goldens.databases.make_old import CANARY
from tests.goldens.world import on_day

ROOT = Path(__file__).parents[2]
REFERENCE = {"rounds": 6, "hours": 24, "asked_again": 0}


def write(home: Path, endpoints: Mapping[str, Any], *sets: Mapping[str, Any], **more: Any) -> None:
    """`probes/` with these endpoints and probe sets; `more` are other files there."""
    folder = home / "probes"
    folder.mkdir(exist_ok=True)
    (folder / "endpoints.yaml").write_text(
        json.dumps({"endpoints": endpoints}, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    for one in sets:
        (folder / f"{one['name']}.yaml").write_text(json.dumps(one, indent=1, ensure_ascii=False), encoding="utf-8")
    for name, content in more.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def starters(home: Path) -> None:
    """The starter probe sets as they lie in this checkout."""
    shutil.copytree(ROOT / "probes", home / "probes")


def scripted(world: str, seed: int = 3, model: str = "parrot-1", day: float = 7.5, **more: Any) -> dict[str, Any]:
    """An endpoint that changes on `day`; `strength` and `clustering` belong to its world, the rest to the endpoint."""
    parameters: dict[str, Any] = {"world": world, "seed": seed, "changes_at": on_day(day).isoformat()}
    parameters |= {name: more.pop(name) for name in ("strength", "clustering") if name in more}
    return {"provider": "scripted", "model": model, "parameters": parameters, "reference": REFERENCE, **more}


def canary(*endpoints: str, **more: Any) -> dict[str, Any]:
    return {**CANARY, "endpoints": list(endpoints), **more}


ODD_ENDPOINTS: Mapping[str, Any] = {
    "plain": {"provider": "openai", "model": "gpt-x", "base_url": "http://127.0.0.1:9/v1"},
    "renamed-and-priced": {
        "provider": "openai",
        "model": "gpt-x",
        "base_url": "http://127.0.0.1:9/v1",
        "price": {"input_per_million": 1.5, "output_per_million": 6, "per_ask": 0.001},
        "budget": {"asks_per_day": 1000},
        "concurrency": 1,
        "false_alarms_per_year": 0.5,
        "severity": {"length": "critical"},
        "maintenance": [{"at": "02:00", "lasts": "2h", "days": ["sun"], "why": "backup"}],
    },
    "responses": {"provider": "openai", "model": "gpt-x", "base_url": "http://127.0.0.1:9/v1", "api": "responses"},
    "streamed": {"provider": "openai", "model": "gpt-x", "base_url": "http://127.0.0.1:9/v1", "stream": True},
    "parameters": {
        "provider": "openai",
        "model": "gpt-ä/ü:latest",
        "base_url": "http://127.0.0.1:9/v1",
        "parameters": {
            "temperature": 0.7,
            "max_tokens": 60,
            "logprobs": True,
            "stop": ["\n", "ß"],
            "nested": {"b": 1, "a": {"z": None, "y": [1, 2.5, 1e-7, 1e22]}},
        },
    },
    "anthropic": {
        "provider": "anthropic",
        "model": "claude-x",
        "base_url": "http://127.0.0.1:9",
        "parameters": {"max_tokens": 10},
    },
    "google": {
        "provider": "google",
        "model": "gemini-x",
        "base_url": "http://127.0.0.1:9",
        "parameters": {"generationConfig": {"maxOutputTokens": 5}},
    },
    "world": scripted("drift", clustering=200, strength=0.25),
}
ODD_SET: Mapping[str, Any] = {
    "name": "odd",
    "owner": "Ünïcode & <team>",
    "description": "one probe of every shape",
    "runbook": "https://runbooks.example/odd?a=b&c=d",
    "endpoints": list(ODD_ENDPOINTS),
    "schedule": {"cron": "20 5 * * mon-fri", "jitter": "10m"},
    "tags": ["odd", "pager"],
    "probes": [
        {"id": "a/b.c_d-1", "prompt": 'Straße 😀 \\ "quoted" \ttab', "samples": 2, "tags": ["x"]},
        {"id": "same-as-first-but-for-its-name", "prompt": "x"},
        {"id": "same-as-first-but-for-its-samples", "prompt": "x", "system": "y", "samples": 3},
        {
            "id": "talk",
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": "u"},
                {"role": "assistant", "content": "a"},
                {"role": "user", "content": "u2"},
            ],
        },
        {
            "id": "tools",
            "prompt": "What is the weather in Bern?",
            "tools": [
                {
                    "name": "weather",
                    "description": "Tells it",
                    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
                }
            ],
            "expect": [{"type": "tool-call", "value": "weather"}],
        },
        {
            "id": "every-check",
            "prompt": "Answer.",
            "expect": [
                {"type": "equals", "value": "a"},
                {"type": "contains", "value": "ä"},
                {"type": "icontains", "value": "B"},
                {"type": "contains-any", "value": ["c", "d"]},
                {"type": "starts-with", "value": "e"},
                {"type": "regex", "value": "^f+$"},
                {"type": "is-json", "value": {"type": "object", "required": ["x"]}},
                {"type": "not-is-refusal"},
                {"type": "max-length", "value": 80},
                {"type": "not-equals", "value": ""},
            ],
        },
    ],
}

LIFE_ALERTS: Mapping[str, Any] = {
    "routes": [
        {"to": ["webhook", "slack", "pagerduty", "alertmanager"]},
        {"to": ["log"], "severity": "critical", "private": True},
    ],
    "reminders": {"critical": "12h", "warning": "2d", "info": None},
}
