"""Whatever a file holds, only ConfigurationError comes out, and every problem names its file and a fix."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prober.loading import checks
from prober.loading.declarations import load
from prober.model.errors import ConfigurationError

pytestmark = pytest.mark.slow

STARTERS = Path(__file__).parents[2] / "probes"
TEXTS = {path.name: path.read_bytes() for path in sorted(STARTERS.glob("*.yaml"))}
SPLINTERS = [
    b"\0", b"\xff", b"\t", b"\n", b": ", b"- ", b"[", b"]", b"{", b"}", b"&a ", b"*a", b"<<: *a", b"!!python/object ",
    b"'", b'"', b"|", b">", b"no", b"null", b"2026-01-29", b"1e999", b"0x1f", b"\xed\xa0\x80", b"\\ud800", b"%", b"@",
    b"? ", b"---\n", b"...\n", b"!!binary ", b"!!set ", b"!!int x", b"9" * 5000, b"-1", b"\xe2\x80\xa8", b"#",
]  # fmt: skip


def survives(folder: Path) -> None:
    try:
        load(folder)
    except ConfigurationError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.path.startswith(folder.as_posix())
            assert "; " in problem.message or "did you mean" in problem.message, problem
            assert "\n" not in str(problem)
            assert len(str(problem)) < 1000


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, bytes]:
    """The starter files, one of them with pieces cut out and splinters put in."""
    name = draw(st.sampled_from(sorted(TEXTS)))
    content = TEXTS[name]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        removed = draw(st.integers(0, 12))
        splinter = draw(st.sampled_from(SPLINTERS) | st.binary(max_size=4))
        content = content[:start] + splinter + content[start + removed :]
    return TEXTS | {name: content}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "name", "owner", "endpoints", "schedule", "probes", "id", "prompt", "messages", "system", "tools", "samples",
    "expect", "type", "value", "every", "cron", "jitter", "tags", "provider", "model", "base_url", "parameters", "api",
    "capabilities", "budget", "timeouts", "reference", "api_key_env", "runbook", "role", "content",
]  # fmt: skip


SOME_FIELDS = st.dictionaries(
    st.sampled_from(FIELDS),
    JSON | st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5), max_size=3),
    max_size=6,
)


@st.composite
def misshapen(draw: st.DrawFn) -> dict[str, bytes]:
    """Right fields with any values; JSON is YAML, but for escapes of astral characters, which are halves there."""
    endpoints = draw(st.dictionaries(st.sampled_from(["a", "b c", ""]), SOME_FIELDS, max_size=3))
    return {
        "set.yaml": json.dumps(draw(SOME_FIELDS), ensure_ascii=draw(st.booleans())).encode(),
        "endpoints.yaml": json.dumps({"endpoints": endpoints}).encode(),
    }


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=damaged() | misshapen())
def test_only_problems_come_out(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    survives(folder)


SET = b"""owner: us
endpoints: [bot]
schedule: {cron: '0 6 * * *', timezone: Europe/Berlin}
vars: {who: Ada}
probes:
  - id: a
    prompt: "Greet {{who}}."
    samples: 3
    expect: [{type: contains, value: Ada}, {type: is-json, value: {type: object}}]
  - {id: b, messages: [{role: user, content: Hi}], tools: [{name: look}]}
"""
ENDPOINTS = (
    b"endpoints:\n  bot: {provider: openai, model: m-1, api_key_env: A, parameters: {max_tokens: 9}, stream: true}\n"
)
FILES_A_FOLDER = 20


def with_splinters(content: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(content) + 1)
        content = content[:at] + rng.choice(SPLINTERS) + content[at + rng.randrange(12) :]
    return content


LONG = "w" + "9" * 5000


@pytest.mark.parametrize(
    "change",
    [
        ("owner: us", f"owner: *{LONG}"),
        ("{who: Ada}", f"{{{LONG}: [1]}}"),
        ("{{who}}", f"{{{{{LONG}}}}}"),
        ("  - {id: b,", f"  - {{id: b, vars: {{{LONG}: x}},"),
        ("  - {id: b,", f"  - {{id: b, {LONG}: x,"),
        ("type: contains", f"type: not-{LONG}"),
        ("'0 6 * * *'", f"'0 6 * * {LONG}'"),
        ("Europe/Berlin", LONG),
        ("samples: 3", f"samples: !{LONG} 3"),
        ("[bot]", f"[{LONG}]"),
        ("{type: object}", f"{{$ref: '#/{LONG}'}}"),
        ("contains, value: Ada", f"regex, value: /{LONG}/"),
    ],
)
def test_a_long_name_is_not_repeated_whole(change: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_bytes(ENDPOINTS)
    assert change[0] in SET.decode()
    (tmp_path / "set.yaml").write_text(SET.decode().replace(*change, 1))
    with pytest.raises(ConfigurationError):
        load(tmp_path)
    survives(tmp_path)


@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_odd_files(seed: int, tmp_path: Path) -> None:
    """A thousand for each seed, twenty to a folder: each is checked whatever is wrong with the others."""
    rng = random.Random(seed)
    for folder in range(1_000 // FILES_A_FOLDER):
        home = tmp_path / str(folder)
        home.mkdir()
        (home / "endpoints.yaml").write_bytes(with_splinters(ENDPOINTS, rng) if folder % 4 == 0 else ENDPOINTS)
        for number in range(FILES_A_FOLDER):
            (home / f"set{number}.yaml").write_bytes(with_splinters(SET, rng))
        survives(home)


@pytest.mark.parametrize(
    "value",
    ["[" * 600, "{a: " * 600, "- " * 600, "(" * 50_000, "9" * 10_000, "!" * 10_000, "'" + "é" * 100_000 + "'"],
    ids=lambda value: value[:3],
)
def test_large_and_deep_values(value: str, tmp_path: Path) -> None:
    (tmp_path / "set.yaml").write_text(f"probes: {value}\n", encoding="utf-8")
    survives(tmp_path)


def test_a_regular_expression_and_a_schema_too_deep_to_compile(tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text("endpoints:\n  demo: {provider: scripted, model: m}\n")
    (tmp_path / "set.yaml").write_text(
        "owner: team\nendpoints: [demo]\nschedule: {every: 1h}\nprobes:\n  - id: a\n    prompt: Hello\n    expect:\n"
        f"      - {{type: regex, value: '{'(' * 5000}{')' * 5000}'}}\n"
        "      - {type: regex, value: 'a{99999999999999999999}'}\n"
        "      - {type: is-json, value: {type: [1, {a: 2}], pattern: '(', $ref: 5, properties: []}}\n"
    )
    survives(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert [problem.line for problem in caught.value.problems] == [8, 9, 10]


def test_the_schemas_of_a_file_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(name: str, where: str, key: str) -> str:
        properties = ", ".join(f"{key}{number}: {{type: string}}" for number in range(8))
        schema = f"{{type: object, properties: {{{properties}}}}}"
        field = f"expect: [{{type: is-json, value: {schema}}}]" if where == "expect" else (
            f"tools: [{{name: look, parameters: {schema}}}]"
        )  # fmt: skip
        return f"  - id: {name}\n    prompt: Say {name}\n    {field}\n"

    monkeypatch.setattr(checks, "LARGEST_SCHEMAS", 20)
    (tmp_path / "endpoints.yaml").write_text("endpoints:\n  demo: {provider: scripted, model: m}\n")
    begin = "owner: team\nendpoints: [demo]\nschedule: {every: 1h}\nprobes:\n"
    same = "".join(probe(f"s{number}", "expect", "a") for number in range(9))  # one schema in many places counts once
    (tmp_path / "set.yaml").write_text(begin + same + probe("b", "tools", "b"))
    load(tmp_path)
    (tmp_path / "set.yaml").write_text(begin + same + probe("b", "tools", "b") + probe("c", "expect", "c"))
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.field, problem.line) == ("probes.10.expect.0.value", 37)
    assert "the JSON Schemas of this file have more than 20 parts together" in problem.message
