"""The records of a file, whatever its dress: JSON, JSON Lines, a CSV table, YAML, or a packed Inspect log."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from prober.loading.files import why_not_json
from prober.loading.other_tools.tools import Record, problem
from prober.loading.other_tools.yaml_record import yaml_record

OWN_KEYS: Final = frozenset({"round", "endpoint", "probe"})
MOST_OPENING: Final = 10_000
"""Bytes of comments and marks that YAML may begin with."""
_YAML: Final = re.compile(rb"(?:evalId|results|config|shareableUrl|metadata|version|timestamp|prompts|stats):(?:\s|$)")
"""How YAML of promptfoo's begins."""
_UNSAID: Final = (b"#", b"---", b"%YAML")
"""How lines of YAML begin that hold nothing."""
_COLUMN: Final = re.compile(rb'(^|[,;\t]) *"?\[[^\]\n",{}]{1,200}\] ')
"""How the name of a column of answers begins in promptfoo's tables: the provider, then what it was asked."""
_SCORES: Final = ("Status", "Score")
"""What newer versions write behind each column of answers."""
MOST_UNPACKED: Final = 4 << 30
"""Bytes that a packed log may have once it is unpacked."""


class Row(dict[str, Any]):
    """A row of a table: every value is a text."""


def records_of(
    path: Path, content: bytes, is_header: Callable[[bytes], bool], is_yaml: bool = False
) -> Iterator[tuple[int, Record]]:
    """(line, record) of a file; line 0 where it is not known. Raises LogError.

    `is_header`: whether a first line is that of a table that is read. `is_yaml`: whether YAML is expected.
    """
    if content.startswith(b"PK\x03\x04"):
        yield 0, _unpacked(path, content)
        return
    first = content.lstrip().partition(b"\n")[0]
    if promptfoo_columns(first):
        yield from _promptfoo_rows(path, _decoded(path, content))
        return
    lines = content[:MOST_OPENING].splitlines()
    opening = next((line for line in lines if line.strip() and not line.startswith(_UNSAID)), b"")
    if _YAML.match(opening) or (is_yaml and first[:1] not in (b"{", b"[", b"<", b"")):
        yield 0, yaml_record(path, _decoded(path, content))
        return
    start = content.lstrip()[:1]
    if start not in (b"{", b"["):
        yield from _rows(path, content, is_header)
        return
    try:
        text = content.decode()
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(path, content) if _is_line(first) else _documents(path, _decoded(path, content))
        return
    if isinstance(whole, list):
        yield from ((line, one) for line, one in _elements(text) if isinstance(one, dict))
        return
    if isinstance(whole, dict) and (rows := _from_columns(whole)):
        yield from ((0, row) for row in rows)
        return
    data = whole.get("data") if isinstance(whole, dict) else whole
    is_line = isinstance(whole, dict) and b"\n" not in content.strip()
    for record in data if isinstance(data, list) else [whole]:
        if isinstance(record, dict):
            yield int(is_line), record


def _from_columns(whole: Record) -> list[Record]:
    """The rows of a table that was written column by column, as pandas does: `{"column": {"0": value}}`; else none."""
    columns = list(whole.values())
    numbers = list(columns[0]) if columns and isinstance(columns[0], dict) else []
    if len(columns) < 2 or not all(isinstance(one, dict) and list(one) == numbers for one in columns):
        return []
    if not all(number.isdigit() for number in numbers):
        return []
    return [{name: column[number] for name, column in whole.items()} for number in numbers]


def _elements(text: str) -> Iterator[tuple[int, object]]:
    """(line, value) of what a JSON array holds."""
    decoder, line, before, at = json.JSONDecoder(), 1, 0, text.index("[") + 1
    while (at := _BLANK.match(text, at).end()) < len(text) and text[at] != "]":  # type: ignore[union-attr]
        line, before = line + text.count("\n", before, at), at
        value, at = decoder.raw_decode(text, at)
        yield line, value


LONGEST_CELL: Final = 1 << 28
"""Characters."""
_BLANK: Final = re.compile(r"[\s,]*")


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise problem(path, content.count(b"\n", 0, error.start) + 1, why_not_json(b"", 2, error)) from error


def _rows(path: Path, content: bytes, is_header: Callable[[bytes], bool]) -> Iterator[tuple[int, Record]]:
    header = content.lstrip().partition(b"\n")[0]
    text = _decoded(path, content)
    if not is_header(header):
        raise problem(path, 1, why_not_json(header, 1, json.JSONDecodeError("Expecting value", "", 0)))
    csv.field_size_limit(LONGEST_CELL)
    between = delimiter(header)
    rows = csv.DictReader(
        io.StringIO(text.lstrip(), newline=""),
        delimiter=between,
        # Only where the first line shows it: a reply may begin with a blank.
        skipinitialspace=f"{between} ".encode() in header,
        strict=True,
    )
    try:
        names = [name.strip() for name in rows.fieldnames or ()]
        if twice := next((name for name in names if name and names.count(name) > 1), None):
            raise problem(path, 1, f"a table with two columns {twice}; leave one out")
        is_own = set(names) >= OWN_KEYS
        for row in rows:
            if None in row:
                message = "has more cells than the first line has columns; put cells that hold a separator into quotes"
                raise problem(path, rows.line_num, message)
            if is_own and row.get("text", "") is None:
                raise problem(path, rows.line_num, "ends before the column text; is the file complete?")
            cells = {key.strip(): value for key, value in row.items() if value}
            yield rows.line_num, Row(cells) if is_own else {key: _cell(value) for key, value in cells.items()}
    except csv.Error as error:
        message = f"is no table that can be read ({error}); is the file complete, and are its quotes closed?"
        raise problem(path, rows.line_num, message) from error


def _cell(value: str) -> object:
    """A cell of a tool's table: a text may stand there as JSON."""
    if value.startswith('"') and value.endswith('"'):
        with suppress(ValueError):
            return json.loads(value)
    return value


def _is_line(first: bytes) -> bool:
    """Whether the first line of a file is one of JSON Lines, which may be broken."""
    first = first.strip()
    if first.startswith(b"{") and first.endswith((b"}", b"},")):
        return True
    try:
        return isinstance(json.loads(first), dict | list)
    except (ValueError, RecursionError):
        return False


def _documents(path: Path, text: str) -> Iterator[tuple[int, Record]]:
    """(line, record) of JSON documents one after another, as jq writes them. Raises LogError."""
    decoder, line, before, at = json.JSONDecoder(), 1, 0, 0
    while (at := _BLANK.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        line, before = line + text.count("\n", before, at), at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            line, why = getattr(error, "lineno", line), getattr(error, "msg", "nested too deeply")
            raise problem(path, line, f"not JSON ({why}); is the file complete?") from error
        yield from ((line, one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def _lines(path: Path, content: bytes) -> Iterator[tuple[int, Record]]:
    for number_, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise problem(path, number_, why_not_json(line, number_, error)) from error
        if isinstance(record, dict):
            yield number_, record


_INSPECT_STARTS: Final = ("header.json", "_journal/start.json")


def _unpacked(path: Path, content: bytes) -> Record:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if "[Content_Types].xml" in packed.namelist():
                raise problem(path, 0, "is a file of a spreadsheet or an office program; save it as CSV")
            if not any(name in packed.namelist() for name in _INSPECT_STARTS):
                raise problem(path, 0, "a zip archive, and no Inspect log; unpack it, and give the files in it")
            if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                raise problem(path, 0, "too large once it is unpacked; unpack it, and give the files in it")
            names = [name for name in packed.namelist() if name.startswith("samples/") and name.endswith(".json")]
            header = next(name for name in _INSPECT_STARTS if name in packed.namelist())
            return {**json.loads(packed.read(header)), "samples": [json.loads(packed.read(name)) for name in names]}
    # NotImplementedError is what zipfile raises for a compression that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"cannot be read as an Inspect log ({error}); write it as JSON with: inspect log dump FILE"
        raise problem(path, 0, message) from error


def is_yaml(line: bytes) -> bool:
    """Whether a first line may be that of YAML of promptfoo's."""
    return line.startswith(_UNSAID) or _YAML.match(line) is not None


def promptfoo_columns(line: bytes) -> bool:
    """Whether a first line begins a table of promptfoo's: columns of answers are named after provider and prompt."""
    line = line.lstrip()
    if _COLUMN.match(line) is not None:
        return True
    if line[:1] in (b"{", b"["):  # JSON, whatever its texts hold
        return False
    if _COLUMN.search(line) is not None:
        return True
    names = {name.strip(b'" \r\n').decode(errors="replace") for name in line.split(b",")}
    return names.issuperset({*_SCORES, "Grader Reason"})


def delimiter(header: bytes) -> str:
    return max(",;\t", key=lambda one: header.count(one.encode()))


def _promptfoo_rows(path: Path, text: str) -> Iterator[tuple[int, Record]]:
    """One record for each answer of each row, in the shape of promptfoo's JSON Lines.

    A row holds the variables of a test, and the answers of all providers.
    """
    csv.field_size_limit(LONGEST_CELL)
    text = text.lstrip()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_before_answers(text.partition("\n")[0].encode()))
    try:
        names = next(rows)
        answers = _answers(names)
        if not answers:
            message = "has no column of answers; write JSON, with: promptfoo eval --output results.json"
            raise problem(path, 1, message)
        for number, row in enumerate(rows):
            cells = [_unquoted(cell) for cell in row] + [""] * (len(names) - len(row))
            known = dict(zip(names[: answers[0]], cells, strict=False))
            for place, after in pairwise([*answers, len(names)]):
                yield (
                    rows.line_num,
                    {
                        "promptIdx": answers.index(place),
                        "testIdx": number,
                        **_answer(cells[place], dict(zip(names[place + 1 : after], cells[place + 1 :], strict=False))),
                        **_asked(names[place], known, number),
                    },
                )
    except (csv.Error, StopIteration, IndexError) as error:
        raise problem(path, rows.line_num, f"is no table that can be read ({error})") from error


def _before_answers(header: bytes) -> str:
    """What separates the columns: a prompt in the name of one may hold any of them, more often."""
    found = _COLUMN.search(header)
    return found[1].decode() if found and found[1] else delimiter(header)


def _answers(names: list[str]) -> list[int]:
    """Columns that hold answers."""
    return [at for at, name in enumerate(names) if _COLUMN.match(name.encode()) or names[at + 1 : at + 3] == [*_SCORES]]


def _unquoted(cell: str) -> str:
    """A cell without the quote that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if re.match(r"'\s*[=+\-@\t\r]", cell) else cell


_VERDICT: Final = re.compile(r"\[(PASS|FAIL|ERROR)\](?:[ \t]*\(\d[^()\n]*\))?\s*")
_REASON: Final = re.compile(r"\n(?:Pass|Fail) Reason: ")


def _answer(cell: str, beside: Mapping[str, str]) -> dict[str, object]:
    """What a cell says: the answer alone, or, in older versions, with its verdict before and the reason behind."""
    verdict, text = beside.get("Status", ""), cell
    if not verdict and (older := _VERDICT.match(cell)):
        verdict, text = older[1], cell[older.end() :]
        if reason := _REASON.search(text):
            text = text[: reason.start()].rstrip()
        if verdict == "FAIL" and "\n---\n" in text:  # why it failed stood first
            text = text.partition("\n---\n")[2]
    if verdict == "ERROR":
        return {"error": text or beside.get("Grader Reason") or "provider_error", "response": {}}
    return {"response": {"output": text}}


def _asked(name: str, known: Mapping[str, str], number: int) -> dict[str, object]:
    """Provider, prompt and description of an answer, from the name of its column and the variables of its row."""
    found = re.match(r"\[([^\]\n]+)\] (.*)\Z", name, re.DOTALL)
    provider, label = (found[1], found[2]) if found else ("promptfoo", name)
    prompt = re.sub(r"\{\{\s*([\w.-]+)\s*\}\}", lambda one: known.get(one[1], one[0]), label)
    description = known.get("Description") or None
    if prompt == label and known.keys() - {"Description"}:  # a name of the prompt, which does not say what was asked
        return {"provider": provider, "description": description or f"test-{number}: {label}"[:200]}
    return {"provider": provider, "prompt": {"raw": prompt}, "description": description}
