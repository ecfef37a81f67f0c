"""Words of other tools are answered with what means the same here, and typographic quotes are named as such."""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import get_args

import pytest

from prober.alerts import ALERTERS
from prober.loading.declarations import load
from prober.loading.foreign import CHECKS, FIELDS, MEANT, RENAMED, SENT
from prober.model.alerting import Alerts, QuietHours, Route
from prober.model.allowance import AccountLimits
from prober.model.budget import Budget
from prober.model.connection import Timeouts
from prober.model.declaration import (
    Check,
    CheckType,
    Endpoint,
    Maintenance,
    Message,
    Probe,
    ProbeSet,
    Schedule,
    Severity,
    Tool,
)
from prober.model.errors import ConfigurationError
from prober.model.objective import Measure, Objective
from prober.model.reference import ReferenceRule

SET = "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes:\n  - {id: a, prompt: Pick., expect: [EXPECT]}\n"


def said(folder: Path, text: str, endpoint: str = "") -> str:
    (folder / "endpoints.yaml").write_text(f"endpoints:\n  bot: {{provider: scripted, model: m{endpoint}}}\n")
    (folder / "set.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load(folder)
    return str(raised.value).replace(f"{folder.as_posix()}/", "")


def test_what_is_suggested_exists_here() -> None:
    known = set(typing.get_args(CheckType))
    for word, instead in CHECKS.items():
        assert word not in known
        assert set(re.findall(r"type: ([a-z-]+)", instead)) <= known, word
    shapes = (
        ProbeSet, Probe, Check, Message, Tool, Schedule, Endpoint, Alerts, Route, Maintenance, QuietHours, Budget, Objective, AccountLimits,
        ReferenceRule, Timeouts,
    )  # fmt: skip
    fields = {name for shape in shapes for name in shape.model_fields}
    assert {field for several in RENAMED.values() for field in several.split()} <= fields
    assert not SENT & Endpoint.model_fields.keys()
    words = {"measure": get_args(Measure), "severity": get_args(Severity), "alerter": ALERTERS}
    for kind, known_words in words.items():
        assert set(MEANT[kind].values()) <= set(known_words) and not set(MEANT[kind]) & set(known_words)
    assert not FIELDS.keys() & {name for shape in (ProbeSet, Probe, Schedule, Endpoint) for name in shape.model_fields}


@pytest.mark.slow
@pytest.mark.parametrize("word", [*CHECKS, *(f"not-{word}" for word in list(CHECKS)[:5]), "Contains_All"])
def test_a_check_of_another_tool_is_not_taken_for_one_of_another_meaning(tmp_path: Path, word: str) -> None:
    found = said(tmp_path, SET.replace("EXPECT", f"{{type: {word}, value: x}}"))
    assert f'there is no check "{word}"; ' in found and "did you mean" not in found


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("contians", "contains"),
        ("is_json", "is-json"),
        ("startswith", "starts-with"),
        ("regexp", "regex"),
        ("notContains", "not-contains"),
        ("does-not-contain", "not-contains"),
        ("no-icontain", "not-icontains"),
        ("not_is_jsn", "not-is-json"),
        ("Max Length", "max-length"),
    ],
)
def test_a_misspelt_check_is_still_recognised(tmp_path: Path, wrong: str, right: str) -> None:
    assert f'did you mean "{right}"?' in said(tmp_path, SET.replace("EXPECT", f"{{type: {wrong}, value: x}}"))


@pytest.mark.parametrize(
    ("word", "instead"),
    [
        ("not-refusal", "write type: not-is-refusal"),
        ("no-schema", "write type: not-is-json, with the schema as value"),
        ("not-ends-with", "write type: not-regex, value: 'text$'"),
        ("not-contains-all", "write one of: equals, "),
        ("never-toxicity", "no model judges replies here"),
        ("FaithfulnessMetric", "no model judges replies here"),
        ("jsonschema", "write type: is-json, with the schema as value"),
    ],
)
def test_the_opposite_of_a_foreign_check_is_the_opposite(tmp_path: Path, word: str, instead: str) -> None:
    assert f'there is no check "{word}"; {instead}' in said(tmp_path, SET.replace("EXPECT", f"{{type: {word}}}"))


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("expect: [{is-refusal: true}]", 'expect.0: unknown field "is-refusal"; write {type: is-refusal}'),
        ("expect: [not-is-json]", 'expect.0: expected fields, found the text "not-is-json"; write {type: not-is-json}'),
        ("expect: icontains red", 'expect: expected a list, found the text "icontains red"; '
         "write [{type: icontains, value: red}]"),
        ("expect: {type: is-json}", "expect: expected a list, found fields; write a dash before the first"),
        ("expect: [{assert: contains, value: x}]", 'expect.0: unknown field "assert"; did you mean "type"?'),
        ("expect: [{kind: equals, text: x}]", 'expect.0: unknown field "text"; did you mean "value"?'),
        ("expect: [{type: is-refusal, threshold: 0.2}]", 'unknown field "threshold"; changes are found without'),
        ("expect: [{type: regex, value: /^red$/i}]", 'slashes and what stands behind them are part of the pattern here; '
         'write "(?i)^red$"'),
        ("tools: [{type: function, function: {name: f}}]", 'tools.0: unknown field "function"; write name, description'),
        ("tools: [{name: f, inputSchema: {}}]", 'tools.0: unknown field "inputSchema"; did you mean "parameters"?'),
        ("expect: [{type: is-json, value: {object: {a: 1}}}]", 'value: "object" is no keyword of JSON Schema, so nothing'),
        ("expect: [{type: is-json, value: {fields: [a], strict: true}}]", 'value: "fields" is no keyword of JSON Schema'),
        ("tools: [{name: f, parameters: {type: array}}]", 'parameters.type: arguments of a tool are an object, found'),
        ("temperature: 0", 'probes.0: unknown field "temperature"; what is sent to the model belongs under parameters'),
        ("model: m", 'probes.0: unknown field "model"; write model in an endpoint'),
        ("runbook: x.md", 'probes.0: unknown field "runbook"; write runbook at the top of a probe set'),
        ("ideal: Red", 'probes.0: unknown field "ideal"; write expect: [{type: contains, value: …}]'),
        ("images: [a.png]", 'probes.0: unknown field "images"; only texts are sent'),
        ("metadata: {a: b}", 'probes.0: unknown field "metadata"; write one of: id'),
        ("samples: 1e1", "samples: expected a whole number, found the number 10.0; write 10"),
        ("samples: '3'", 'samples: expected a whole number, found the text "3"; write 3, without quotes'),
        ("samples: many", 'samples: expected a whole number, found the text "many"; write a whole number'),
    ],
)  # fmt: skip
def test_a_probe_of_another_tool(tmp_path: Path, expect: str, message: str) -> None:
    found = said(tmp_path, SET.replace("expect: [EXPECT]", expect))
    assert message in found and len(found.splitlines()) <= 2


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ("Hi", 'messages: expected a list, found the text "Hi"; write prompt in place of messages'),
        ("[Hi]", 'messages.0: expected fields, found the text "Hi"; write {role: user, content: …}'),
        ("[{human: Hi}]", 'messages.0: unknown field "human"; write {role: user, content: …}'),
        ("[{role: ai, content: Hi}]", 'messages.0.role: unknown role "ai"; did you mean "assistant"?'),
        ("[{role: developer, content: Hi}]", 'messages.0.role: unknown role "developer"; did you mean "system"?'),
        ("[{role: user, text: Hi}]", 'messages.0: unknown field "text"; did you mean "content"?'),
    ],
)
def test_messages_of_another_tool(tmp_path: Path, messages: str, message: str) -> None:
    text = SET.replace("prompt: Pick., expect: [EXPECT]", f"messages: {messages}")
    assert said(tmp_path, text) == f"set.yaml:5: probes.0.{message}".replace("; write prompt in place of messages", (
        "; write prompt in place of messages, or [{role: user, content: …}]"))  # fmt: skip


def test_a_check_by_its_name_alone_has_one_fault(tmp_path: Path) -> None:
    assert said(tmp_path, SET.replace("EXPECT", "{contains: blue}")) == (
        'set.yaml:5: probes.0.expect.0: unknown field "contains"; write {type: contains, value: …}'
    )


@pytest.mark.parametrize(
    ("field", "instead"),
    [
        ("retries: 3", "one ask is one observation"),
        ("organization: org-1", "write headers: {OpenAI-Organization: …}"),
        ("insecure: true", "write ca_file"),
        ("apiHost: x", 'did you mean "base_url"?'),
        ("default_headers: {a: b}", 'did you mean "headers"?'),
        ("timeout: 3", "write timeouts: {total_s: 30}, in seconds"),
        ("top_p: 1", "what is sent to the model belongs under parameters"),
        ("runbook: x.md", "write runbook at the top of a probe set"),
        ("interval: 60s", "write every under schedule, in a probe set"),
        ("every: 1h", "write every under schedule, in a probe set"),
        ("system_prompt: Be.", "write system in a probe"),
        ("deployment: d", "model is there already; remove one of the two"),
        ("labels: {a: b}", "remove it, or write it under parameters if the model is to be sent it"),
        ("dns: {}", "remove it, or write it under parameters"),
        ("id: x", "remove it, or write it under parameters"),
        ("budget: {usd_per_day: 3}", 'unknown field "usd_per_day"; did you mean "dollars_per_day"?'),
        ("budget: {asks_per_week: 3}", 'unknown field "asks_per_week"; write one of: asks_per_hour, '),
        ("budget: 5", "a budget has fields such as {dollars_per_day: 5, asks_per_hour: 100}"),
        ("price: {input_per_1k: 1}", "write input_per_million, a thousand times as much"),
        ("severity: {refusal: high}", 'unknown severity "high"; did you mean "critical"?'),
        ("severity: {refusal: [info]}", "expected a word, found a list; write one of: info"),
        ("api_key_command: vault read -field=k x", "write [vault, read, "),
    ],
)
def test_fields_of_other_tools(tmp_path: Path, field: str, instead: str) -> None:
    assert instead in said(tmp_path, SET.replace("EXPECT", ""), f", {field}")


@pytest.mark.parametrize(
    "line",
    [
        "schedule: {every: “6h”}",
        "schedule: {every: ‘6h’}",
        "description: “Pick: one”",
        "description: «Un»",
        "tags: [“a”, “b”]",
        "“description”: x",
        "description: ‚Un‘",
    ],
)
def test_curly_quotes_are_named_as_such(tmp_path: Path, line: str) -> None:
    text = SET.replace("EXPECT", "").replace("schedule: {every: 6h}\n", "") if "schedule" in line else SET
    found = said(tmp_path, line + "\n" + text.replace("EXPECT", ""))
    assert "set.yaml:1: " in found and "curly quotes" in found


@pytest.mark.parametrize("prompt", ["“Yes” he said. Go on.", '"“Yes.”"', "It’s “fine”, isn’t it?"])
def test_curly_quotes_in_a_text_are_text(tmp_path: Path, prompt: str) -> None:
    (tmp_path / "endpoints.yaml").write_text("endpoints:\n  bot: {provider: scripted, model: m}\n")
    text = "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes:\n  - id: a\n    prompt: "
    (tmp_path / "set.yaml").write_text(f"{text}{prompt}\n")
    assert load(tmp_path).sets[0].probes[0].prompt == prompt.strip('"')
