"""What is loaded, from where, and what comes of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from prober.fingerprint.bounded import matches_schema
from prober.loading import rules
from prober.loading.checks import schema_fault
from prober.loading.declarations import load
from prober.model.errors import ConfigurationError

ENDPOINTS = "endpoints:\n  demo: {provider: scripted, model: parrot-1}\n"
SET = """\
owner: team
endpoints: [demo]
schedule: {every: 6h, jitter: 5m}
probes:
  - {id: hello, prompt: Hello}
"""


def write(folder: Path, **files: str) -> Path:
    """Files by stem; `__` stands for a dot."""
    for stem, text in files.items():
        (folder / f"{stem.replace('__', '.')}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(*paths: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(*paths)
    return [str(problem) for problem in caught.value.problems]


def test_a_folder(tmp_path: Path) -> None:
    declared = load(write(tmp_path, endpoints=ENDPOINTS, billing=SET, audit=SET))
    assert [probe_set.name for probe_set in declared.sets] == ["audit", "billing"]
    (endpoint,) = declared.endpoints
    assert (endpoint.name, endpoint.provider, endpoint.model) == ("demo", "scripted", "parrot-1")
    assert declared.endpoint("demo") is endpoint
    assert declared.sets[0].schedule.every_s == 6 * 3600
    assert declared.sets[0].probes[0].conversation[0].content == "Hello"


def test_an_unknown_endpoint_is_named_with_its_nearest(tmp_path: Path) -> None:
    declared = load(write(tmp_path, endpoints=ENDPOINTS, billing=SET))
    with pytest.raises(ConfigurationError, match=r'^unknown endpoint "dmeo"; did you mean "demo"\?$'):
        declared.endpoint("dmeo")


def test_the_name_of_a_set_may_differ_from_its_file(tmp_path: Path) -> None:
    declared = load(write(tmp_path, endpoints=ENDPOINTS, billing="name: invoices\n" + SET))
    assert [probe_set.name for probe_set in declared.sets] == ["invoices"]


def test_a_single_file_finds_the_endpoints_beside_it_and_no_other_set(tmp_path: Path) -> None:
    write(tmp_path, models__endpoints=ENDPOINTS, billing=SET, broken="owner: [")
    declared = load(tmp_path / "billing.yaml")
    assert [probe_set.name for probe_set in declared.sets] == ["billing"]


def test_several_paths_are_one_declaration_and_each_file_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    write(tmp_path / "one", endpoints=ENDPOINTS, billing=SET)
    write(tmp_path / "two", audit=SET)
    declared = load(tmp_path / "one", tmp_path / "two", tmp_path / "one" / "billing.yaml", str(tmp_path / "one"))
    assert [probe_set.name for probe_set in declared.sets] == ["audit", "billing"]


def test_subfolders_count_and_hidden_ones_and_other_files_do_not(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / ".hidden").mkdir()
    write(tmp_path, endpoints=ENDPOINTS)
    write(tmp_path / "deeper", billing=SET)
    write(tmp_path / ".hidden", broken="owner: [")
    (tmp_path / "notes.txt").write_text("owner: [")
    (tmp_path / "other.yml").write_text(SET)
    assert [probe_set.name for probe_set in load(tmp_path).sets] == ["billing", "other"]


def test_all_problems_of_all_files_at_once_sorted(tmp_path: Path) -> None:
    write(tmp_path, endpoints="endpoints:\n  demo: {provider: scripted}\n", b=SET + "x: 1\ny: 2\n", a="owner: [")
    found = problems(tmp_path)
    assert [line.split(": ")[0].rsplit("/", 1)[1] for line in found] == [
        "a.yaml:1",
        "b.yaml:6",
        "b.yaml:7",
        "endpoints.yaml:2",
    ]


def test_a_faulty_endpoint_is_not_called_unknown_too(tmp_path: Path) -> None:
    found = problems(write(tmp_path, endpoints="endpoints:\n  demo: {provider: scripted}\n", a=SET))
    assert found == [f'{tmp_path}/endpoints.yaml:2: endpoints.demo.model: is missing; write "model: …"']


def test_an_unreadable_file_of_endpoints_does_not_make_every_name_unknown(tmp_path: Path) -> None:
    found = problems(write(tmp_path, endpoints="endpoints: {", a=SET))
    assert len(found) == 1
    assert "endpoints.yaml" in found[0]


@pytest.mark.parametrize("name", ["missing", "missing.yaml", "nul\0.yaml", "x" * 5000])
def test_a_path_that_is_not_there(name: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path / name)
    assert "; " in found


def test_a_folder_without_probe_sets(tmp_path: Path) -> None:
    (found,) = problems(tmp_path)
    assert found == f"{tmp_path}: holds no probe set; write one, such as canary.yaml, or name another folder"


def test_no_path_at_all() -> None:
    with pytest.raises(ConfigurationError, match="no path is named; name the folder"):
        load()


def test_a_huge_file_is_refused_without_reading_it_as_yaml(tmp_path: Path) -> None:
    (tmp_path / "huge.yaml").write_bytes(b"a" * 1_000_001)
    assert problems(tmp_path) == [f"{tmp_path}/huge.yaml: larger than 1 MB; split it into several files"]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    write(tmp_path, endpoints=ENDPOINTS)
    (tmp_path / "billing.yaml").write_bytes(b"\xef\xbb\xbf" + SET.replace("\n", "\r\n").encode())
    assert load(tmp_path).sets[0].owner == "team"


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    text = """\
owner: team
endpoints: [demo]
schedule: {every: 6h}
probes:
  - &choice
    id: number
    prompt: Pick a number.
    samples: 3
    tags: &tags [choice]
  - <<: *choice
    id: colour
    prompt: Pick a colour.
  - {id: coin, prompt: Flip a coin., tags: *tags}
"""
    probes = load(write(tmp_path, endpoints=ENDPOINTS, billing=text)).sets[0].probes
    assert [(probe.id, probe.samples, probe.tags) for probe in probes] == [
        ("number", 3, ("choice",)),
        ("colour", 3, ("choice",)),
        ("coin", 1, ("choice",)),
    ]


def test_values_arrive_as_they_were_meant(tmp_path: Path) -> None:
    endpoints = """\
endpoints:
  demo:
    provider: scripted
    model: !!str 5
    parameters: {a: 1e-3, b: 1.5, c: -4, d: true, e: null, f: [x, "no"], g: {h: "2026-01-29"}, i: y, j: +7, k: 1.0e+2}
"""
    endpoint = load(write(tmp_path, endpoints=endpoints, billing=SET)).endpoint("demo")
    assert endpoint.model == "5"
    assert endpoint.parameters == {
        "a": 0.001, "b": 1.5, "c": -4, "d": True, "e": None, "f": ["x", "no"], "g": {"h": "2026-01-29"}, "i": "y",
        "j": 7, "k": 100.0,
    }  # fmt: skip


def test_parameters_of_a_scripted_endpoint_are_its_own_affair(tmp_path: Path) -> None:
    endpoints = "endpoints:\n  demo: {provider: scripted, model: m, parameters: {n: 3, stream: 1, model: x, seed: 2}}\n"
    load(write(tmp_path, endpoints=endpoints, billing=SET))


@pytest.mark.parametrize(
    "base_url", ["http://localhost:1/v1", "http://127.0.0.9/v1", "http://[::1]:8080/v1", "http://llama.localhost"]
)
def test_this_machine_may_be_asked_often_and_without_encryption(base_url: str, tmp_path: Path) -> None:
    endpoints = f'endpoints:\n  demo: {{provider: openai, model: m, base_url: "{base_url}", api_key_env: LOCAL_KEY}}\n'
    text = SET.replace("every: 6h, jitter: 5m", "every: 1s")
    assert load(write(tmp_path, endpoints=endpoints, billing=text)).sets[0].schedule.every_s == 1.0


@pytest.mark.parametrize(
    "base_url",
    ["http://localhost.example.com/v1", "http://10.0.0.1/v1", "http://127.0.0.1.example.com", "http://[::2]/"],
)
def test_other_machines_are_not_this_one(base_url: str, tmp_path: Path) -> None:
    endpoints = f'endpoints:\n  demo: {{provider: openai, model: m, base_url: "{base_url}", api_key_env: LOCAL_KEY}}\n'
    text = SET.replace("every: 6h, jitter: 5m", "every: 1s")
    found = problems(write(tmp_path, endpoints=endpoints, billing=text))
    assert ["unencrypted" in found[1], "shorter than 10s" in found[0]] == [True, True]


def test_a_tool_call_of_an_offered_tool(tmp_path: Path) -> None:
    text = SET.replace(
        "{id: hello, prompt: Hello}",
        "{id: pay, prompt: Pay, tools: [{name: pay}], expect: [{type: tool-call, value: pay}, {type: not-is-refusal}]}",
    )
    (probe,) = load(write(tmp_path, endpoints=ENDPOINTS, billing=text)).sets[0].probes
    assert [check.type for check in probe.expect] == ["tool-call", "not-is-refusal"]


@pytest.mark.parametrize("value", ['""', "{a: 1}", "[1, 2]"])
def test_equals_takes_json_and_the_empty_text(value: str, tmp_path: Path) -> None:
    text = SET.replace("Hello}", f"Hello, expect: [{{type: equals, value: {value}}}]}}")
    load(write(tmp_path, endpoints=ENDPOINTS, billing=text))


LINKED: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/n"}]}},
}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}},
        {"type": "object", "properties": {"child": {"$ref": "#"}}},
        {"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}},
        {"$ref": "#/$defs/n", "$defs": {"n": LINKED}},
        {"$ref": "#named", "$defs": {"a": {"$anchor": "named", "type": "object"}}},
        {"$id": "https://x.example/s", "$ref": "https://x.example/s#/$defs/a", "$defs": {"a": {}}},
        {
            "$id": "https://x.example/s",
            "properties": {"a": {"$ref": "t"}},
            "$defs": {"t": {"$id": "t", "type": "null"}},
        },
        {"$ref": "#/$defs/%24", "$defs": {"$": {}}},
        {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"type": "null"}}}},
        {"enum": [{"$ref": "#/none"}]},
        {"const": {"$ref": "https://x.example"}},
        {"properties": {"$ref": {"type": "string"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"},
    ],
)
def test_a_schema_may_refer_to_itself(schema: dict[str, JsonValue]) -> None:
    assert schema_fault(schema) is None
    answers: list[JsonValue] = [{"next": {"next": None}, "child": {}}, [[]], None, "x"]
    for answer in answers:
        matches_schema(answer, schema)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#"}, '"#" on the same value'),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "never ends"),
        ({"anyOf": [{"type": "string"}, {"$ref": "#"}]}, "never ends"),
        ({"oneOf": [{"not": {"$ref": "#"}}]}, "never ends"),
        ({"if": {"type": "array"}, "then": {"$ref": "#"}}, "never ends"),
        ({"if": {"type": "string"}, "else": {"$ref": "#"}}, "never ends"),
        ({"dependentSchemas": {"a": {"$ref": "#"}}}, "never ends"),
        ({"properties": {"a": {"allOf": [{"$ref": "#/properties/a"}]}}}, '"#/properties/a" on the same value'),
        ({"items": {"$dynamicAnchor": "m", "$dynamicRef": "#m"}}, "never ends"),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {"$ref": "#/definitions/a"}},
          "$ref": "#/definitions/a"}, "never ends"),
        ({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "#"}, "never ends"),
        ({"$ref": "#/$defs/none"}, '"#/$defs/none", which is not in it'),
        ({"items": {"$ref": "#named"}}, '"#named", which is not in it'),
        ({"$dynamicRef": "#m"}, '"#m", which is not in it'),
        ({"$ref": "other.json"}, '"other.json", which is never fetched'),
        ({"$ref": "file:///etc/passwd"}, "never fetched"),
        ({"$ref": "https://json-schema.org/draft/2020-12/none"}, "never fetched"),
        ({"not": {"$ref": "urn:x:y"}}, "never fetched"),
        ({"$id": "https://x.example/s", "$ref": "t"}, "never fetched"),
        ({"pattern": "(a{1000}){1000}"}, "repeats more than 100,000 times"),
        ({"patternProperties": {"a": {}}, "unevaluatedProperties": False}, "cannot be bounded; write additionalProperties"),
    ],
)  # fmt: skip
def test_a_schema_that_no_reply_could_be_judged_by_is_refused(schema: dict[str, JsonValue], said: str) -> None:
    fault = schema_fault(schema) or ""
    assert said in fault and re.search("; (refer|correct|copy|shorten|write)", fault)
    answers: list[JsonValue] = [{"a": "x"}, ["x"], "x", 5]
    with pytest.raises(Exception):  # noqa: B017 -- whatever it is, the check is not judged
        for answer in answers:
            matches_schema(answer, schema)


def test_a_rule_that_trips_over_one_file_hides_no_mistake_of_another(tmp_path: Path, monkeypatch) -> None:
    def trips(probe: object, asked: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rules, "pairing_findings", trips)
    found = problems(write(tmp_path, endpoints=ENDPOINTS, billing=SET, other="owner: [team]\n"))
    assert any("billing.yaml:1: cannot be checked to its end (ZeroDivisionError)" in each for each in found)
    assert any("other.yaml:1: owner: expected a text" in each for each in found)


PROBES = "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes:\n  - id: a\n"
COPIED = "begins with blanks that YAML does not take for such"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("    prompt: {city} is where?", "a text that begins with { or [ needs quotes"),
        ("    prompt: {{city}} is where?", "a text that begins with { or [ needs quotes"),
        ("    prompt: [Draft] Improve this.", "a text that begins with { or [ needs quotes"),
        ("    prompt: 'Don't stop'", "the quotes are closed within the text; write '' for each ' inside"),
        ('    prompt: "Say "yes" now"', "the quotes are closed within the text"),
        ("    prompt: Pick.\n\u00a0\u00a0- {id: b, prompt: Choose.}", COPIED),
        ("    prompt: Pick.\n\u3000 \u3000samples: 2", "it begins with special blanks"),
        ("    prompt: Pick.\n<<<<<<< mine\n    samples: 2\n=======\n    samples: 3\n>>>>>>> theirs",
         "a merge conflict of git"),
        ("{% if prod %}\n    prompt: Pick.", "of a template of another program"),
        ("    prompt: #1 of what?", "probes.0.prompt: # begins a comment, so the text is empty"),
        ("    prompt: !include prompts/a.txt", "probes.0.prompt: the tag !include is not allowed; write file://"),
        ("    prompt: !Env PROMPT", "probes.0.prompt: the tag !Env is not allowed; write the value itself"),
        ("    prompt: !!binary aGk=", "probes.0.prompt: the tag !!binary is not allowed; remove it"),
        ("    prompt: !e!x Hi", "set.yaml:6: the tag !e!… is not known; remove it"),
        ('    prompt: "a\\U00110000"', "set.yaml:6: \\U00110000 is no character: the last is \\U0010FFFF; write another"),
        ('    prompt: "\\U0001F525\t\\UFFFFFFFF"', "set.yaml:6: \\UFFFFFFFF is no character"),
        ("    prompt: Pick.\n    vars: &v {x: *v}", "set.yaml:7: the anchor (&name) here holds an alias (*name) of itself"),
        ("    <<: &m\n      <<: *m", "set.yaml:6: the anchor (&name) here holds an alias (*name) of itself"),
        ("    prompt: Pick.\n%YAML 9.9\n---\nx: 1", "set.yaml:7: "),
    ],
)  # fmt: skip
def test_a_line_that_is_no_yaml_says_what_to_write(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text("endpoints:\n  bot: {provider: scripted, model: m}\n")
    (tmp_path / "set.yaml").write_text(f"{PROBES}{line}\n")
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path)
    [said] = str(raised.value).splitlines()
    assert message in said


@pytest.mark.parametrize("directive", ["%YAML 9.9", "%YAML x", "%YAML 1.1\n%YAML 1.1"])
def test_a_directive_that_is_not_read_is_named(directive: str, tmp_path: Path) -> None:
    found = problems(write(tmp_path, endpoints=ENDPOINTS, billing=f"{directive}\n---\n{SET}"))
    assert len(found) == 1 and "a %YAML line that is not read; remove it" in found[0]


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere.yaml")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_pipe, "neither a file nor a folder"),
        (_device, "neither a file nor a folder"),
        (_circle, "cannot be read (Too many levels of symbolic links)"),
        (_link_to_nothing, "cannot be read (No such file or directory)"),
    ],
)
def test_what_stands_in_place_of_a_file_is_named_and_not_waited_for(
    make: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    folder = write(tmp_path, endpoints=ENDPOINTS, billing=SET)
    make(folder / "odd.yaml")
    assert [f"odd.yaml: {message}" in each for each in problems(folder)] == [True]


def test_a_pipe_is_no_place_of_declarations(tmp_path: Path) -> None:
    _pipe(tmp_path / "odd.yaml")
    assert ["neither a file nor a folder" in each for each in problems(tmp_path / "odd.yaml")] == [True]


def test_a_name_of_a_file_does_not_break_the_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb.yaml").write_text("x")
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path)
    assert [line for line in str(raised.value).splitlines() if "a\\nb.yaml:1: " in line] == str(
        raised.value
    ).splitlines()


@pytest.mark.parametrize(
    ("line", "cut"),
    [
        ("    prompt: Which is #3 of these?", "#3 of these?"),
        ("    prompt: Pick.\n    system: Use #hashtags", "#hashtags"),
        ("    prompt: Pick. # a note", ""),
        ("    prompt: Pick. #!shebang", ""),
        ("    prompt: 'Which is #3?'", ""),
        ("    prompt: |\n      Which is #3?", ""),
        ("    prompt: C#minor", ""),
        ("    prompt: Pick.\n    samples: 2 #often", ""),
    ],
)
def test_a_text_that_a_comment_cuts_short_is_a_warning(line: str, cut: str, tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text("endpoints:\n  bot: {provider: scripted, model: m}\n")
    (tmp_path / "set.yaml").write_text(f"{PROBES}{line}\n")
    assert [f'the text ends before "{cut}"' in str(one) for one in load(tmp_path).warnings] == ([True] if cut else [])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("endpoints.yaml", "bot: {provider: scripted, model: m}\n",
         "endpoints.yaml:1: endpoints stand at the top of the file; write endpoints: above them"),
        ("endpoints.yaml", "endpoints:\n  7: {provider: scripted, model: m}\n",
         "endpoints.yaml:2: endpoints: 7 is not a field name; put it in quotes if it is one"),
        ("slo.yaml", "apiVersion: openslo/v1\nkind: SLO\nspec: {}\n",
         "slo.yaml:1: apiVersion: an OpenSLO document is no probe set; write it as an item of objectives:"),
        ("alert.yaml", "routes: [{to: [log]}]\ndigest: {at: '09:00'}\n",
         "alert.yaml:1: what it holds belongs in a file alerts.yaml; name this one so"),
        ("budget.yaml", "owners: {us: {asks_per_day: 500}}\n",
         "budget.yaml:1: what it holds belongs in a file budgets.yaml; name this one so"),
        ("models.yaml", "endpoints:\n  bit: {provider: scripted, model: m}\n",
         "models.yaml:1: endpoints are declared in a file endpoints.yaml; name this one so"),
        ("alerts.yaml", "routes: [{to: [log], owner: us}]\n", 'alerts.yaml:1: routes.0: unknown field "owner"; did you mean "owners"?'),
        ("job.yaml", "apiVersion: batch/v1\nkind: CronJob\n", "job.yaml:1: apiVersion: a manifest, and no probe set"),
        ("other.yaml", f"{PROBES}    prompt: Pick.\n".replace("probes:\n  - id: a\n    p", "probes:\n  a:\n    p"),
         "other.yaml:4: probes: expected a list, found fields; write each behind a dash, with its name as a field, as in - id: a"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_has_one_fault(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text("endpoints:\n  bot: {provider: scripted, model: m}\n")
    (tmp_path / "set.yaml").write_text(f"{PROBES}    prompt: Pick.\n")
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path)
    [said] = str(raised.value).replace(f"{tmp_path.as_posix()}/", "").splitlines()
    assert said.startswith(message)
