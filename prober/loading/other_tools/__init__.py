"""Logs that other tools wrote, read as reply logs. One row a tool in `TOOLS`: how its files look, how they are read.

A file is a JSON document, JSON Lines, a CSV table, or a packed Inspect log.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prober.fingerprint.caches import SeenReplies
from prober.loading import reply_log
from prober.loading.files import why_not_json
from prober.loading.other_tools.chat import number, parsed
from prober.loading.other_tools.tools import (
    Numbered,
    Record,
    Source,
    alpaca_eval,
    helicone,
    inspect,
    langfuse,
    lm_eval,
    openai_evals,
    promptfoo,
)
from prober.loading.reply_log import LoggedReply
from prober.model.errors import LogError, Problem

OWN: Final = "prober"
"""Name of our own format."""
BOM: Final = b"\xef\xbb\xbf"
"""What some editors and spreadsheets write before the first line."""
_OWN_KEYS: Final = frozenset({"round", "endpoint", "probe"})


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool whose files are read."""

    title: str
    is_its: Callable[[Record], bool]
    """Whether a file whose first record is this is one of its."""
    read: Callable[[Iterable[tuple[int, Record]], Source], Iterator[Numbered]]
    not_carried: str
    """What a reply log never has a place for."""


TOOLS: Final[Mapping[str, Tool]] = {
    "promptfoo": Tool(
        "promptfoo results",
        lambda one: _has_results(one) or {"promptIdx", "testIdx"} <= set(one),
        promptfoo,
        "assertions, scores, variables and costs",
    ),
    "lm-eval": Tool(
        "lm-evaluation-harness samples", lambda one: {"doc_id", "resps"} <= set(one), lm_eval, "targets and metrics"
    ),
    "openai-evals": Tool(
        "an OpenAI evals log",
        lambda one: (
            isinstance(one.get("spec"), Mapping)
            or {"run_id", "event_id", "type", "data"} <= set(one)
            or one.get("object") == "eval.run.output_item"
        ),
        openai_evals,
        "matches, metrics and the final report",
    ),
    "langfuse": Tool(
        "a Langfuse export",
        lambda one: (
            bool({"startTime", "start_time", "timestamp"} & set(one))
            and bool({"input", "output", "observations"} & set(one))
        ),
        langfuse,
        "traces, users, scores, model parameters and costs",
    ),
    "helicone": Tool(
        "a Helicone export",
        lambda one: bool({"request_created_at", "request_body", "response_body"} & set(one)),
        helicone,
        "users, properties, scores, request parameters and costs",
    ),
    "inspect": Tool(
        "an Inspect log", lambda one: isinstance(one.get("eval"), Mapping), inspect, "targets, scores, steps and events"
    ),
    "alpaca-eval": Tool(
        "AlpacaEval outputs",
        lambda one: "instruction" in one and bool({"output", "output_1"} & set(one)),
        alpaca_eval,
        "annotations",
    ),
}
"""Name, as `--from` takes it → tool. A file is the first's whose shape fits."""


def read(
    path: Path, name: str | None, progress: Callable[[int], None], tell: Callable[[str], object]
) -> Iterator[LoggedReply]:
    """Every reply of a file: of `name`'s, or of the tool's whose shape it has. `tell` hears what was left out.

    Raises LogError naming path:line where the file, or a line of it, cannot be read.
    """
    content = b"" if name == OWN else _foreign_content(path, is_sure=name is not None)
    if not content:
        yield from reply_log.read(path, progress)
        return
    progress(len(content))
    records = list(records_of(path, content))
    first = records[0][1] if records else {}
    if name is None and set(first) & _OWN_KEYS:
        yield from reply_log.replies(((number, _own(record)) for number, record in records), str(path))
        return
    name = name or next((name for name, tool in TOOLS.items() if records and tool.is_its(first)), None)
    if name is None:
        raise LogError([Problem(str(path), records[0][0] if records else 0, "", _unknown(first))])
    tool, source, found = TOOLS[name], Source(path), 0
    seen: dict[str, SeenReplies] = {}
    try:
        for number, line in tool.read(records, source):
            if line:
                found += 1
                yield reply_log.noticed(reply_log.logged(line, str(path), number), seen)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        message = f"cannot be read as {tool.title} ({type(error).__name__}): it is not of the usual shape"
        raise LogError([Problem(str(path), 0, "", message)]) from error
    replies = "1 reply" if found == 1 else f"{found} replies"
    tell(f"{path}: {tool.title}, {replies}; not carried over: {tool.not_carried}")
    for what, times in source.left_out.items():
        tell(f"{path}: left out: {f'{times} ' if times > 1 else ''}{what}")


def _foreign_content(path: Path, *, is_sure: bool) -> bytes:
    """What a file holds that is not ours; empty where it is ours, or cannot be read: then our reader says why."""
    try:
        with reply_log.opened(path) as file:
            start = file.readline().removeprefix(BOM)
            while start and not start.strip():
                start = file.readline()
            first = _first(start)
            if not is_sure and (first is None or _OWN_KEYS & set(first)):
                return b""
            return start + file.read()
    except (OSError, EOFError, *reply_log.PACKING_ERRORS):
        return b""


def _first(line: bytes) -> Mapping[str, object] | None:
    """The record of a first line; None where it is no line of any file we know."""
    if line.startswith(b"PK\x03\x04") or line.lstrip()[:1] not in (b"{", b"["):
        return {} if line.startswith(b"PK\x03\x04") or _is_header(line) else None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}  # the first line of a document, or broken
    return record if isinstance(record, dict) else {}


def _is_header(line: bytes) -> bool:
    """Of a CSV table of ours, or of a tool's."""
    names = {name.strip(b'"\r\n ').decode(errors="replace"): "" for name in line.split(_delimiter(line).encode())}
    return len(names) > 2 and (set(names) >= _OWN_KEYS or any(tool.is_its(names) for tool in TOOLS.values()))


def _delimiter(header: bytes) -> str:
    return max(",;\t", key=lambda one: header.count(one.encode()))


def _own(record: Record) -> Record:
    """A line of ours that was read off a table: its texts stay texts, and its numbers are numbers."""
    if not isinstance(record, _Row):
        return record
    found = {key: value if key in reply_log.TEXTS else parsed(value) for key, value in record.items()}
    found |= {key: number(value) for key in reply_log.NUMBERS if (value := found.get(key)) is not None}
    return found if "error" in found else {"text": "", **found}


def _has_results(record: Record) -> bool:
    results = record.get("results")
    rows = results.get("results") if isinstance(results, Mapping) else results
    if not isinstance(rows, list) or "object" in record:  # the latter is of OpenAI's evals
        return False
    first = rows[0] if rows else {"prompt": ""}
    return isinstance(first, Mapping) and bool({"prompt", "provider", "response"} & set(first))


def _unknown(first: Record) -> str:
    if isinstance(first.get("results"), Mapping) and "configs" in first:
        return (
            "holds the scores of lm-evaluation-harness only; run it with --log_samples, and give the samples_*.jsonl "
            "that it writes"
        )
    return (
        'is no reply log: its lines have no "round", "endpoint" and "probe", and it is not of the shape of '
        f"{', '.join(tool.title for tool in TOOLS.values())}; name the tool with --from"
    )


MOST_UNPACKED: Final = 4 << 30
"""Bytes that a packed log may have once it is unpacked."""


class _Row(dict[str, Any]):
    """A row of a table: every value is a text."""


def records_of(path: Path, content: bytes) -> Iterator[tuple[int, Record]]:
    """(line, record) of a JSON document, JSON Lines, a CSV table, or a packed Inspect log; line 0 where it is not
    known. Raises LogError."""
    if content.startswith(b"PK\x03\x04"):
        yield 0, _unpacked(path, content)
        return
    start = content.lstrip()[:1]
    if start not in (b"{", b"["):
        yield from _rows(path, content)
        return
    try:
        text = content.decode()
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(path, content)
        return
    if isinstance(whole, list):
        yield from ((line, one) for line, one in _elements(text) if isinstance(one, dict))
        return
    data = whole.get("data") if isinstance(whole, dict) else whole
    is_line = isinstance(whole, dict) and b"\n" not in content.strip()
    for record in data if isinstance(data, list) else [whole]:
        if isinstance(record, dict):
            yield int(is_line), record


def _elements(text: str) -> Iterator[tuple[int, object]]:
    """(line, value) of what a JSON array holds."""
    decoder, line, before, at = json.JSONDecoder(), 1, 0, text.index("[") + 1
    while (at := _BLANK.match(text, at).end()) < len(text) and text[at] != "]":  # type: ignore[union-attr]
        line, before = line + text.count("\n", before, at), at
        value, at = decoder.raw_decode(text, at)
        yield line, value


_BLANK: Final = re.compile(r"[\s,]*")


def _rows(path: Path, content: bytes) -> Iterator[tuple[int, Record]]:
    header = content.lstrip().partition(b"\n")[0]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _problem(path, content.count(b"\n", 0, error.start) + 1, why_not_json(b"", 2, error)) from error
    if not _is_header(header):
        raise _problem(path, 1, why_not_json(header, 1, json.JSONDecodeError("Expecting value", "", 0)))
    csv.field_size_limit(1 << 28)
    rows = csv.DictReader(io.StringIO(text.lstrip(), newline=""), delimiter=_delimiter(header))
    is_own = set(rows.fieldnames or ()) >= _OWN_KEYS
    for row in rows:
        cells = {key.strip(): value for key, value in row.items() if key is not None and value}
        yield rows.line_num, _Row(cells) if is_own else {key: _cell(value) for key, value in cells.items()}


def _cell(value: str) -> object:
    """A cell of a tool's table, which may hold JSON."""
    if value.startswith('"') and value.endswith('"'):
        with suppress(ValueError):
            return json.loads(value)
    return parsed(value)


def _lines(path: Path, content: bytes) -> Iterator[tuple[int, Record]]:
    for number_, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _problem(path, number_, why_not_json(line, number_, error)) from error
        if isinstance(record, dict):
            yield number_, record


_INSPECT_STARTS: Final = ("header.json", "_journal/start.json")


def _unpacked(path: Path, content: bytes) -> Record:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if not any(name in packed.namelist() for name in _INSPECT_STARTS):
                raise _problem(path, 0, "a zip archive, and no Inspect log; unpack it, and give the files in it")
            if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                raise _problem(path, 0, "it is too large once it is unpacked")
            names = [name for name in packed.namelist() if name.startswith("samples/") and name.endswith(".json")]
            header = next(name for name in _INSPECT_STARTS if name in packed.namelist())
            return {**json.loads(packed.read(header)), "samples": [json.loads(packed.read(name)) for name in names]}
    except (zipfile.BadZipFile, NotImplementedError, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"cannot be read as an Inspect log ({error}); write it as JSON with: inspect log dump FILE"
        raise _problem(path, 0, message) from error


def _problem(path: Path, line: int, message: str) -> LogError:
    return LogError([Problem(str(path), line, "", message)])
