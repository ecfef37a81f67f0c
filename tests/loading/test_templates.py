"""One probe that stands for several: values from everywhere, stable ids, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prober.loading.declarations import load
from prober.loading.files import find_texts
from prober.model.declaration import Probe
from prober.model.errors import ConfigurationError

ENDPOINTS = "endpoints:\n  bot: {provider: scripted, model: m}\n"
HEAD = "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\n"


def probes_of(folder: Path, text: str, **files: str) -> list[Probe]:
    (folder / "endpoints.yaml").write_text(ENDPOINTS)
    (folder / "set.yaml").write_text(HEAD + text)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return list(load(folder).sets[0].probes)


def said(folder: Path, text: str, **files: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        probes_of(folder, text, **files)
    return str(raised.value).replace(f"{folder.as_posix()}/", "")


def asked(probes: list[Probe]) -> dict[str, str | None]:
    return {probe.id: probe.prompt for probe in probes}


@pytest.mark.parametrize(
    ("vars_", "files", "expected"),
    [
        ("{city: Oslo, days: 3}", {}, {"a": "Oslo 3"}),
        ("{city: [Oslo, New York], days: 3}", {}, {"a/Oslo": "Oslo 3", "a/New-York": "New York 3"}),
        ("{city: [Oslo, Rome], days: [1, 2]}", {},
         {"a/Oslo.1": "Oslo 1", "a/Oslo.2": "Oslo 2", "a/Rome.1": "Rome 1", "a/Rome.2": "Rome 2"}),
        ("[{id: north, city: Oslo, days: 3}, {id: south, city: Rome, days: 2.5}]", {},
         {"a/north": "Oslo 3", "a/south": "Rome 2.5"}),
        ("file://c.csv", {"c__csv": '\ufeffcity,days\nOslo,3\n"Rome, old","2"\n'},
         {"a/Oslo.3": "Oslo 3", "a/Rome-old.2": "Rome, old 2"}),
        ("file://c.vars.yaml", {"c__vars__yaml": "north: {city: Oslo, days: 3}\nsouth: {city: Rome, days: 2}\n"},
         {"a/north": "Oslo 3", "a/south": "Rome 2"}),
        ("file://c.vars.yaml", {"c__vars__yaml": "- {city: Oslo, days: 3}\n"}, {"a/Oslo.3": "Oslo 3"}),
    ],
)  # fmt: skip
def test_each_row_of_values_is_a_probe(
    tmp_path: Path, vars_: str, files: dict[str, str], expected: dict[str, str]
) -> None:
    text = f"probes:\n  - {{id: a, prompt: '{{{{city}}}} {{{{ days }}}}', vars: {vars_}}}\n"
    assert asked(probes_of(tmp_path, text, **files)) == expected


def test_every_text_is_filled_and_what_a_set_shares(tmp_path: Path) -> None:
    [probe] = probes_of(
        tmp_path,
        "vars: {shop: ACME, mood: dry}\n"
        "probes:\n"
        "  - id: a\n"
        "    system: 'You sell for {{shop}}. Be {{mood}}.'\n"
        "    messages: [{role: user, content: '{{thing}}?'}]\n"
        "    vars: {thing: A lamp, mood: kind}\n"
        "    expect: [{type: contains-any, value: ['{{thing}}', '{{unknown}}']}]\n",
    )
    assert (probe.system, probe.conversation[0].content) == ("You sell for ACME. Be kind.", "A lamp?")
    assert probe.expect[0].value == ["A lamp", "{{unknown}}"]
    assert probe.content_hash == Probe(
        id="b", system=probe.system, messages=probe.messages, expect=probe.expect
    ).content_hash  # fmt: skip


def test_another_row_renames_no_probe(tmp_path: Path) -> None:
    text = "probes: [{id: a, prompt: '{{q}}', vars: file://q.csv}]\n"
    long = "a very long question, whose id cannot be its text, as it has far too many characters"
    before = asked(probes_of(tmp_path, text, q__csv=f'q\n"{long}"\ntwo\n'))
    after = asked(probes_of(tmp_path, text, q__csv=f'q\none\ntwo\n"{long}"\n'))
    assert before.items() <= after.items() and len(after) == 3


def test_a_long_text_is_put_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "p.txt").write_text("Hello {{name}},\nwrite.\n\n")
    [probe] = probes_of(tmp_path, "probes: [{id: a, prompt: file://texts/p.txt, vars: {name: Ann}}]\n")
    assert probe.prompt == "Hello Ann,\nwrite."
    assert find_texts([tmp_path]) == [tmp_path / "texts" / "p.txt"], "the daemon looks whether it changes"


@pytest.mark.parametrize("rows", ["{order: file://o.txt}", "[{order: file://o.txt}, {order: None.}]", "file://r.csv"])
def test_a_value_may_be_the_text_of_a_file(tmp_path: Path, rows: str) -> None:
    files = {"o__txt": '3 chairs, "oak"\n', "r__csv": "order\nfile://o.txt\nNone.\n"}
    shared = "vars: {rules: file://o.txt}\n"
    text = f"{shared}probes: [{{id: a, prompt: '{{{{order}}}}|{{{{rules}}}}', vars: {rows}}}]\n"
    found = probes_of(tmp_path, text, **files)
    assert found[0].prompt == '3 chairs, "oak"|3 chairs, "oak"'
    ids = [probe.id for probe in found]
    edited = probes_of(tmp_path, text, **{**files, "o__txt": "4 chairs"})
    assert [probe.id for probe in edited] == ids, "an edit of the text renames no probe"


def test_a_text_about_templates_is_sent_as_it_is(tmp_path: Path) -> None:
    text = "What does {{ user.name | upper }} mean, and ${HOME}, and file://x?"
    [probe] = probes_of(tmp_path, f"probes: [{{id: a, prompt: '{text}', template: false}}]\n")
    assert probe.prompt == text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (
            "prompt: '{{company}}?'",
            "probes.0.prompt: no value for {{company}}; write vars: {company: …}, or template: false",
        ),
        ("prompt: '{{compani}}?', vars: {company: a}", 'no value for {{compani}}; did you mean "company"?'),
        ("prompt: '{{a.b}}'", '"{{a.b}}": only names are filled in'),
        ("prompt: '{% if x %}'", '"{% if x %}": only names are filled in'),
        ("prompt: 'Use ${MODEL_NAME}.'", "nothing of the environment is put into a prompt"),
        ("prompt: '{{env.MODEL}}'", "nothing of the environment is put into a prompt"),
        ("prompt: Hi, vars: {a: b}", 'no text names "a"; write it into a text as {{a}}, or remove it'),
        ("prompt: '{{a}}', vars: {a: [x, x]}", '"q/x" is the id of an earlier probe too'),
        ("prompt: '{{a}}', vars: {a: []}", "a list of values is empty"),
        ("prompt: '{{a}}', vars: {a: yes please, b c: d}", '"b c" is no name of a value'),
        ("prompt: '{{a}}', vars: {a: {b: c}}", "a: expected a text or a number"),
        ("prompt: '{{a}}', vars: 3", "expected names and values, found the number 3"),
        ("prompt: '{{a}}', vars: [{a: 1}, {b: 1}]", "not every row has the same names"),
        ("prompt: '{{a}}', vars: [{a: 1, id: x y}]", 'id "x y" cannot be part of a name'),
        ("prompt: '{{a}}', vars: cases.csv", "write vars: file://cases.csv"),
        ("prompt: '{{a}}', vars: file://cases.json", "rename it"),
        ("prompt: '{{a}}', vars: file://none.csv", "none.csv cannot be read (No such file or directory)"),
        ("prompt: '{{a}}', vars: file://bad.csv", "bad.csv:3: not 2 values as in the first line"),
        ("prompt: '{{a}}', vars: file://bad.vars.yaml", "bad.vars.yaml:1: not valid YAML (expected the node content"),
        ("prompt: file://../outside.txt", "../outside.txt is not in the folder of this file"),
        ("prompt: file:///etc/hostname.txt", "/etc/hostname.txt is not in the folder of this file"),
        ("prompt: file:///etc/passwd", "a text is in a file that ends in .txt"),
        ("prompt: file://empty.txt", "empty.txt is empty"),
        ("prompt: '{{{a}}}', vars: {a: b}", '"{{{a}}}": only names are filled in'),
        ("prompt: 'FILE://a.md'", "write file://a.md for its text"),
        ("prompt: 'file: notes/a.txt'", "write file://notes/a.txt for its text"),
        ("prompt: https://wiki.example/prompts/7", "is sent as it stands, for nothing is fetched or run"),
        ("system: 'langfuse://support:3', prompt: Hi", "is sent as it stands, for nothing is fetched or run"),
        ("prompt: 'exec:./prompt.sh'", "is sent as it stands, for nothing is fetched or run"),
        ("prompt: '{{a}}', vars: {a: file://none.txt}", "none.txt cannot be read (No such file or directory)"),
        ("prompt: '{{a}}', vars: {a: null}", "a: expected a text or a number, found nothing; write a text"),
        ("prompt: '{{a}}', vars: file://twice.csv", 'twice.csv:1: two columns are called "a"; rename one'),
        ("prompt: '{{a}} {{b}}', vars: file://blank.csv", 'blank.csv:1: " b" has blanks beside the comma; write none'),
        (
            "prompt: '{{a}} {{b}}', vars: file://other.csv",
            'other.csv:1: values are separated by ";"; save the file as CSV',
        ),
        (
            "prompt: '{{a}} {{b}}', vars: file://tabs.csv",
            "tabs.csv:1: values are separated by a tab; save the file as CSV",
        ),
        ("prompt: file://pipe.txt", "pipe.txt is neither a file nor a link to one; write the name of a file"),
        ("prompt: '{{a}}', vars: file://pipe.csv", "pipe.csv is neither a file nor a link to one"),
        ("prompt: '{{a}}', vars: file://circle.csv", "circle.csv cannot be read (Too many levels of symbolic links)"),
        ("prompt: '{{a}}', vars: file://blank_first.csv", "blank_first.csv:1: the first line is empty"),
        ("prompt: '{{a}}', vars: file://open.csv", "open.csv:3: not CSV (unexpected end of data)"),
        ("prompt: '{{a}}', vars: file://wide.csv", "wide.csv:2: a value longer than 131,072 characters; shorten it"),
        ("prompt: '{{a}}', vars: file://control.vars.yaml", "control.vars.yaml:2: a control character; remove it"),
        ("prompt: '{{a}}', vars: file://endless.vars.yaml", "endless.vars.yaml:1: the anchor (&name) here holds"),
        ("prompt: file://latin.md", "latin.md is not UTF-8 text; save the file as UTF-8"),
        ("prompt: Hi, vars: {a: b}, template: false", "template: false sends every text as it stands"),
    ],
)
def test_what_cannot_be_filled_in_is_refused_with_its_line(tmp_path: Path, probe: str, message: str) -> None:
    files = {"bad__csv": "a,b\n1,2\n3\n", "bad__vars__yaml": "a: [", "empty__txt": "\n"}
    files |= {"twice__csv": "a,a\n1,2\n", "blank__csv": "a, b\n1, 2\n", "other__csv": "a;b\n1;2\n"}
    files |= {"tabs__csv": "a\tb\n1\t2\n"}
    files |= {"blank_first__csv": "\na\n1\n", "open__csv": 'a\n"1\n2\n', "wide__csv": "a\n" + "x" * 200_000 + "\n"}
    files |= {"control__vars__yaml": "- a: 1\n- a: '\x07'\n", "endless__vars__yaml": "- &a {a: *a}\n"}
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "circle.csv").symlink_to("circle.csv")
    (tmp_path / "latin.md").write_bytes("Größe?".encode("latin-1"))
    (tmp_path.parent / "outside.txt").write_text("secret")
    found = said(tmp_path, f"probes:\n  - {{id: q, {probe}}}\n", **files)
    assert message in found
    assert all(line.startswith("set.yaml:5: ") for line in found.splitlines())


def test_a_fault_of_one_probe_has_the_line_of_that_probe(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        "probes:\n"
        "  - {id: many, prompt: '{{n}}', vars: {n: [1, 2, 3]}}\n"
        "  - {id: wrong, prompt: Hi, smaples: 3}\n"
        "  - {id: last, prompt: Ho, expect: [{type: regex, value: '('}]}\n",
    )
    assert [line.partition(" ")[0] for line in found.splitlines()] == ["set.yaml:6:", "set.yaml:7:"]
    assert "probes.1: unknown field" in found and "probes.2.expect.0.value" in found


def test_too_many_probes_of_one_are_refused(tmp_path: Path) -> None:
    many = "[" + ", ".join(map(str, range(40))) + "]"
    text = f"probes: [{{id: a, prompt: '{{{{a}}}} {{{{b}}}}', vars: {{a: {many}, b: {many}}}}}]\n"
    assert "1,600 probes of one, more than 1,000" in said(tmp_path, text)


def test_more_probes_of_one_than_fit_into_memory_are_refused_before_they_are_made(tmp_path: Path) -> None:
    values = ", ".join(f"a{n}: [1, 2]" for n in range(60))
    found = said(tmp_path, f"probes: [{{id: a, prompt: '{{{{a0}}}}', vars: {{{values}}}}}]\n")
    assert "billions of probes of one, more than 1,000" in found


@pytest.mark.parametrize(
    "text",
    [
        f"vars: {{x: {'y' * 9_000}}}\nprobes: [{{id: a, prompt: '{'{{x}}' * 5_000}'}}]\n",
        f"vars: {{x: {'y' * 9_000}}}\nprobes: [{{id: a, prompt: '{'{{x}}' * 5}{{{{n}}}}', vars: {{n: [{', '.join(map(str, range(999)))}]}}}}]\n",
        f"vars: {{x: {'y' * 9_000}}}\nprobes: [{{id: a, prompt: '{{{{n}}}}', vars: {{n: 1}}, expect: [{{type: contains, value: '{'{{x}}' * 5_000}'}}]}}]\n",
        pytest.param(
            "probes:\n" + "".join(f"  - {{id: a{n}, system: s{n}, prompt: 'file://long.txt'}}\n" for n in range(60)),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["a long text", "many rows", "a check", "one file many times"],
)  # fmt: skip
def test_texts_that_would_fill_the_memory_are_refused_before_they_are_filled_in(tmp_path: Path, text: str) -> None:
    found = said(tmp_path, text, long__txt="word " * 100_000)
    assert "the texts of the set have more than 20,000,000 characters, filled in; shorten" in found
    assert len(found.splitlines()) == 1


def test_notes_to_other_programs_are_left_alone(tmp_path: Path) -> None:
    [probe] = probes_of(tmp_path, "x-shared: {text: &hello Hello}\nprobes: [{id: a, prompt: *hello}]\n")
    assert probe.prompt == "Hello"


def test_a_text_that_cannot_be_read_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text("endpoints: {demo: {provider: scripted, model: m}}\n")
    (tmp_path / "set.yaml").write_text(
        "owner: t\nendpoints: [demo]\nschedule: {every: 6h}\n"
        "probes: [{id: a, prompt: 'file://none.txt'}, {id: b, prompt: \"\\u200b\"}]\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    first, second = (str(problem) for problem in caught.value.problems)
    assert "probes.0.prompt: none.txt cannot be read (No such file or directory)" in first
    assert second.endswith("probes.1.prompt: is blank; write what to ask")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "vars: {" + ", ".join(f"a{n}: x" for n in range(201)) + "}\nprobes: [{id: a, prompt: q}]\n",
            "vars: 201 names",
        ),
        ("probes: [{id: a, prompt: q, vars: {" + ", ".join(f"a{n}: x" for n in range(201)) + "}}]\n", "201 names"),
        ("probes: [{id: a, prompt: q, vars: file://c.csv}]\n", "c.csv:1: 50,000 columns, more than 200"),
    ],
)
def test_too_many_names_of_values_are_refused(tmp_path: Path, text: str, found: str) -> None:
    assert found in said(tmp_path, text, c__csv=",".join(f"a{n}" for n in range(50_000)) + "\n")
