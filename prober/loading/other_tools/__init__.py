"""Logs that other tools wrote, read as reply logs. One row a tool in `TOOLS`: how its files look, how they are read.

A file is a JSON document, JSON Lines, a CSV table, or a packed Inspect log.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prober.fingerprint.caches import SeenReplies
from prober.loading import reply_log
from prober.loading.other_tools.chat import parsed
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
        lambda one: isinstance(_results(one), list) or {"promptIdx", "testIdx"} <= set(one),
        promptfoo,
        "assertions, scores, variables and costs",
    ),
    "lm-eval": Tool(
        "lm-evaluation-harness samples", lambda one: {"doc_id", "resps"} <= set(one), lm_eval, "targets and metrics"
    ),
    "openai-evals": Tool(
        "an OpenAI evals log",
        lambda one: isinstance(one.get("spec"), Mapping) or {"run_id", "event_id", "type", "data"} <= set(one),
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
        "AlpacaEval outputs", lambda one: {"instruction", "output"} <= set(one), alpaca_eval, "annotations"
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
    name = name or next((name for name, tool in TOOLS.items() if records and tool.is_its(records[0][1])), None)
    if name is None:
        raise LogError([Problem(str(path), 1 if records and records[0][0] else 0, "", _unknown())])
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
    """Of a CSV table of a tool's."""
    names = {name.strip(b'"\r\n ').decode(errors="replace"): "" for name in line.split(b",")}
    return len(names) > 2 and any(tool.is_its(names) for tool in TOOLS.values())


def _results(record: Record) -> object:
    results = record.get("results")
    return results.get("results") if isinstance(results, Mapping) else results


def _unknown() -> str:
    return (
        'is no reply log: its lines have no "round", "endpoint" and "probe", and it is not of the shape of '
        f"{', '.join(tool.title for tool in TOOLS.values())}; name the tool with --from"
    )


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
