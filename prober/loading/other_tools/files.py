"""The records of a file: a JSON document, JSON Lines, a CSV table, or a packed Inspect log."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prober.loading.other_tools.chat import parsed
from prober.loading.other_tools.tools import Record
from prober.model.errors import LogError, Problem

MOST_UNPACKED: Final = 4 << 30
"""Bytes that a packed log may have once it is unpacked."""


def records_of(path: Path, content: bytes) -> Iterator[tuple[int, Record]]:
    """(line, record) of a JSON document, JSON Lines, a CSV table, or a packed Inspect log. Raises LogError."""
    if content.startswith(b"PK\x03\x04"):
        yield 0, _unpacked(path, content)
        return
    start = content.lstrip()[:1]
    if start not in (b"{", b"["):
        csv.field_size_limit(1 << 28)
        for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace"))):
            yield 0, {key: parsed(value) for key, value in row.items() if key is not None and value != ""}
        return
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        yield from _lines(path, content)
        return
    data = whole.get("data") if isinstance(whole, dict) else whole
    is_line = isinstance(whole, dict) and b"\n" not in content.strip()
    for record in data if isinstance(data, list) else [whole]:
        if isinstance(record, dict):
            yield int(is_line), record


def _lines(path: Path, content: bytes) -> Iterator[tuple[int, Record]]:
    for number_, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _problem(path, number_, "not JSON; every line is one JSON object") from error
        if isinstance(record, dict):
            yield number_, record


def _unpacked(path: Path, content: bytes) -> Record:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                raise _problem(path, 0, "it is too large once it is unpacked")
            names = [name for name in packed.namelist() if name.startswith("samples/") and name.endswith(".json")]
            header = next((name for name in ("header.json", "_journal/start.json") if name in packed.namelist()), "")
            return {**json.loads(packed.read(header)), "samples": [json.loads(packed.read(name)) for name in names]}
    except (zipfile.BadZipFile, NotImplementedError, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"cannot be read as an Inspect log ({error}); write it as JSON with: inspect log dump FILE"
        raise _problem(path, 0, message) from error


def _problem(path: Path, line: int, message: str) -> LogError:
    return LogError([Problem(str(path), line, "", message)])
