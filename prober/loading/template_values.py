"""The values of templates: from the declaration itself, a CSV or a YAML file; and the texts of files beside it."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import math
import os
import re
from collections.abc import Sequence, Sized
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

import yaml
from pydantic import JsonValue

from prober.loading.files import MAX_BYTES, TEXTS, explained
from prober.loading.lines import TooMuch, rows_of
from prober.text import LEAKED, count, leaks, quoted, short, shown

MOST: Final = 1000
"""Probes that one may stand for."""
MOST_NAMES: Final = 200
"""Values of one probe: each is compared with every other name, to suggest the one that was meant."""
LONGEST: Final = 131_072
"""Characters of a value in a CSV file."""

_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]+")

Row: TypeAlias = dict[str, str]


class Fault(Exception):
    """What is wrong with values or a file; the text says what to write."""


def constants_of(value: JsonValue, folder: Path) -> Row:
    """The values that the probes of a set share."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Fault(f"expected names and values, found {shown(value)}; write vars: {{company: ACME}}")
    _check_number(value)
    return {_column(name): _filled(_text(one, name), folder) for name, one in value.items()}


def _check_number(names: Sized) -> None:
    if len(names) > MOST_NAMES:
        raise Fault(f"{len(names):,} names of values, more than {MOST_NAMES:,}; remove those that no text names")


def _check_probes(number: int) -> None:
    if number > MOST:
        many = f"{number:,}" if number < 10**9 else "billions of"
        raise Fault(f"{many} probes of one, more than {MOST:,}; choose some of them")


def rows_from(value: JsonValue, folder: Path) -> list[tuple[str, Row]]:
    """(what is added to the probe's id, values) of every probe that one stands for; none where it has no values."""
    if value is None:
        return []
    if isinstance(value, dict):
        _check_number(value)
        columns = {_column(name): one if isinstance(one, list) else [one] for name, one in value.items()}
        if any(not one for one in columns.values()):
            raise Fault("a list of values is empty; write at least one")
        _check_probes(math.prod(map(len, columns.values())))
        found: Sequence[JsonValue] = [
            dict(zip(columns, one, strict=True)) for one in itertools.product(*columns.values())
        ]
        if all(len(one) == 1 for one in columns.values()):
            return [("", {name: _filled(_text(one[0], name), folder) for name, one in columns.items()})]
        varying = [name for name, one in columns.items() if len(one) > 1]
    elif isinstance(value, str):
        found, varying = _of_file(value, folder), []
    elif isinstance(value, list):
        found, varying = value, []
    else:
        raise Fault(f"expected names and values, found {shown(value)}; write vars: {{company: [ACME, Globex]}}")
    _check_probes(len(found))
    rows = [_row(one) for one in found]
    if any(row.keys() != rows[0].keys() for row in rows):
        raise Fault("not every row has the same names; write each name in each row")
    return [
        (
            _identity(row, varying or [name for name in row if name != "id"]),
            {name: _filled(one, folder) for name, one in row.items()},
        )
        for row in rows
    ]


def _filled(value: str, folder: Path) -> str:
    """A value; the text of a file beside the set where it names one."""
    return content_of(value, folder).rstrip("\n") if value.startswith("file://") else value


def _row(value: JsonValue) -> Row:
    if not isinstance(value, dict) or not value:
        raise Fault(f"expected a row of names and values, found {shown(value)}; write - {{company: ACME}}")
    _check_number(value)
    return {_column(name): _text(one, name) for name, one in value.items()}


def _identity(row: Row, varying: Sequence[str]) -> str:
    """Of a row among others, whatever their order and number: its `id`, its short values, or a hash of them."""
    if "id" in row:
        if not _SHORT.fullmatch(row["id"]):
            raise Fault(f"id {quoted(row['id'])} cannot be part of a name; use letters, digits and . _ -, at most 40")
        return row["id"]
    short = _ODD.sub("-", ".".join(row[name] for name in varying)).strip("-._")
    if _SHORT.fullmatch(short):
        return short
    return hashlib.sha256(json.dumps([row[name] for name in sorted(row)]).encode()).hexdigest()[:8]


def _column(name: str) -> str:
    if not _COLUMN.fullmatch(name):
        raise Fault(f"{quoted(name)} is no name of a value; use letters, digits and _, a letter first")
    return name


def _text(value: JsonValue, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        fix = "put it in quotes" if isinstance(value, bool) else "write a text"
        raise Fault(f"{short(name)}: expected a text or a number, found {shown(value)}; {fix}")
    return str(value)


def _of_file(address: str, folder: Path) -> Sequence[JsonValue]:
    """The rows of a CSV or YAML file."""
    if not address.startswith("file://"):
        raise Fault(f"expected names and values, found {shown(address)}; write vars: file://cases.csv for a file")
    name = address.rsplit("/", 1)[-1]
    if not name.lower().endswith((".csv", ".vars.yaml", ".vars.yml")):
        raise Fault(f"{name}: values come from a CSV file, or a YAML file whose name ends in .vars.yaml; rename it")
    text = content_of(address, folder)
    found = _of_csv(name, text) if name.lower().endswith(".csv") else _of_yaml(name, text)
    if not found:
        raise Fault(f"{name} holds no row; write at least one")
    return found


def _of_csv(name: str, text: str) -> list[JsonValue]:
    csv.field_size_limit(LONGEST)  # of the whole process: a reply log that was read before may have set another one
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows: list[JsonValue] = []
    try:
        _check_columns(name, reader.fieldnames or ())
        for row in reader:
            if None in row or None in row.values():
                columns = len(reader.fieldnames or ())
                raise Fault(
                    f"{name}:{reader.line_num}: not {count(columns, 'value')} as in the first line; give each its value"
                )
            rows.append(dict(row))
    except csv.Error as error:
        why = f"not CSV ({error}); quote values that hold commas or quotes"
        if "field limit" in str(error):
            why = f"a value longer than {LONGEST:,} characters; shorten it, or close the quote before it"
        raise Fault(f"{name}:{reader.reader.line_num}: {why}") from None
    return rows


def _check_columns(name: str, columns: Sequence[str]) -> None:
    if not columns:
        raise Fault(f"{name}:1: the first line is empty; write the names of the values there")
    if len(columns) > MOST_NAMES:
        raise Fault(f"{name}:1: {len(columns):,} columns, more than {MOST_NAMES:,}; remove those that no text names")
    for number, column in enumerate(columns):
        if column in columns[:number]:
            raise Fault(f"{name}:1: two columns are called {quoted(column)}; rename one")
        if column.strip() != column and column.strip():
            raise Fault(f"{name}:1: {quoted(column)} has blanks beside the comma; write none, in no line")
    if len(columns) == 1 and (found := re.search(r"[;\t|]", columns[0])):
        sign = "a tab" if found[0] == "\t" else f'"{found[0]}"'
        raise Fault(f"{name}:1: values are separated by {sign}; save the file as CSV with commas")


def _of_yaml(name: str, text: str) -> list[JsonValue]:
    """A list of rows, or rows by their id."""
    try:
        value, problems = rows_of(name, text)
    except yaml.YAMLError as error:
        line, message = explained(text, error)
        raise Fault(f"{name}:{line}: {message}") from None
    except TooMuch as error:
        raise Fault(f"{name}:{error.line}: {error.message}") from None
    except RecursionError:
        raise Fault(f"{name} is nested far too deeply; nest it less") from None
    if problems:
        raise Fault(f"{problems[0].path}:{problems[0].line}: {problems[0].message}")
    if isinstance(value, dict):
        return [one | {"id": key} if isinstance(one, dict) else one for key, one in value.items()]
    return value if isinstance(value, list) else []


def content_of(address: str, folder: Path) -> str:
    """The text of a file beside the probe set, or below."""
    name = address.removeprefix("file://")
    path = folder / name
    if not name.lower().endswith(TEXTS):
        raise Fault(f"{name[:100]}: a text is in a file that ends in {', '.join(TEXTS)}; rename it")
    try:
        inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
        if Path(name).is_absolute() or not inside:
            raise Fault(f"{name[:100]} is not in the folder of this file; put it there, or below")
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise Fault(f"{name[:100]} is neither a file nor a link to one; write the name of a file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # the latter of a name that no file can have
        why = error.strerror if isinstance(error, OSError) else "no name of a file"
        raise Fault(f"{name[:100]} cannot be read ({why}); check that it exists and may be read") from None
    if len(content) > MAX_BYTES:
        raise Fault(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; shorten it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault(f"{name} is not UTF-8 text; save the file as UTF-8") from None
    if _leaks(text):
        raise Fault(f"{name}: {LEAKED}")
    if "\0" in text:
        raise Fault(f"{name} holds a NUL character, which can be neither stored nor sent; remove it")
    if not text.strip():
        raise Fault(f"{name} is empty; write the text into it")
    return text


_leaks = lru_cache(maxsize=8)(leaks)
"""Remembered: many probes may ask with one file, and a long one takes longest to search."""
