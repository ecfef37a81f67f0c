"""Words of other tools are answered with what means the same here, and typographic quotes are named as such."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest

from prober.loading import load
from prober.loading.foreign import CHECKS, FIELDS, RENAMED
from prober.model.alerting import Alerts, QuietHours, Route
from prober.model.declaration import Check, CheckType, Endpoint, Maintenance, Probe, ProbeSet, Schedule
from prober.model.errors import ConfigurationError

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
    shapes = (ProbeSet, Probe, Check, Schedule, Endpoint, Alerts, Route, Maintenance, QuietHours)
    fields = {name for shape in shapes for name in shape.model_fields}
    assert set(RENAMED.values()) <= fields
    assert not FIELDS.keys() & {name for shape in (ProbeSet, Probe, Schedule, Endpoint) for name in shape.model_fields}


@pytest.mark.slow
@pytest.mark.parametrize("word", [*CHECKS, *(f"not-{word}" for word in list(CHECKS)[:5]), "Contains_All"])
def test_a_check_of_another_tool_is_not_taken_for_one_of_another_meaning(tmp_path: Path, word: str) -> None:
    found = said(tmp_path, SET.replace("EXPECT", f"{{type: {word}, value: x}}"))
    assert f'there is no check "{word}"; ' in found and "did you mean" not in found


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("contians", "contains"), ("is_json", "is-json"), ("startswith", "starts-with"), ("regexp", "regex")],
)
def test_a_misspelt_check_is_still_recognised(tmp_path: Path, wrong: str, right: str) -> None:
    assert f'did you mean "{right}"?' in said(tmp_path, SET.replace("EXPECT", f"{{type: {wrong}, value: x}}"))


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
        ("timeout: 3", 'did you mean "timeouts"?'),
        ("top_p: 1", "what is sent to the model belongs under parameters"),
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
