"""Logs that other tools wrote, read as reply logs. One row a tool in `TOOLS`: how its files look, how they are read.

A file is a JSON document, JSON Lines, a CSV table, a packed Inspect log, or YAML of promptfoo's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prober.fingerprint.caches import SeenReplies
from prober.loading import reply_log
from prober.loading.files import names_of
from prober.loading.other_tools.chat import number, parsed
from prober.loading.other_tools.promptfoo import promptfoo
from prober.loading.other_tools.records import OWN_KEYS, Row, delimiter, is_yaml, promptfoo_columns, records_of
from prober.loading.other_tools.tools import (
    Numbered,
    Record,
    Source,
    alpaca_eval,
    inspect,
    lm_eval,
    openai_evals,
    problem,
)
from prober.loading.other_tools.traffic import batch, helicone, is_batch, is_langfuse, langfuse
from prober.loading.reply_log import LoggedReply
from prober.text import count

OWN: Final = "prober"
"""Name of our own format."""
BOM: Final = b"\xef\xbb\xbf"
"""What some editors and spreadsheets write before the first line."""


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
        lambda one: {"promptIdx", "testIdx"} <= set(one) or _has_results(one),
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
            or {"run_id", "type", "data"} <= set(one)
            or one.get("object") == "eval.run.output_item"
        ),
        openai_evals,
        "matches, metrics and the final report",
    ),
    "langfuse": Tool(
        "a Langfuse export",
        is_langfuse,
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
    "batch": Tool(
        "the output of a batch",
        is_batch,
        batch,
        "parameters, and the prompts where only the batch's input holds them",
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
    path: Path, name: str | None, progress: Callable[[int], None], report: Callable[[str], object]
) -> Iterator[LoggedReply]:
    """Every reply of a file: of `name`'s, or of the tool's whose shape it has. `report` gets what was left out.

    Raises LogError naming path:line where the file, or a line of it, cannot be read.
    """
    content = b"" if name == OWN else _foreign_content(path, is_sure=name is not None)
    if not content:
        yield from reply_log.read(path, progress)
        return
    progress(len(content))
    records = list(records_of(path, content, _is_header, is_yaml=name == "promptfoo"))
    first = records[0][1] if records else {}
    if name is None and set(first) & OWN_KEYS:
        yield from reply_log.replies(((number, _own(record)) for number, record in records), str(path))
        return
    name = name or next((name for name, tool in TOOLS.items() if records and tool.is_its(first)), None)
    if name is None:
        raise problem(path, records[0][0] if records else 0, _unknown(first))
    tool, source, found = TOOLS[name], Source(path), 0
    seen: dict[str, SeenReplies] = {}
    try:
        for number, line in tool.read(records, source):
            if line:
                found += 1
                yield reply_log.noticed(reply_log.logged(line, str(path), number), seen)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        message = f"cannot be read as {tool.title} ({type(error).__name__}): it is not of the usual shape"
        raise problem(path, 0, message) from error
    report(f"{path}: {tool.title}, {count(found, 'reply')}; not carried over: {tool.not_carried}")
    for what, times in source.left_out.items():
        report(f"{path}: left out: {f'{times} ' if times > 1 else ''}{what}")


def _foreign_content(path: Path, *, is_sure: bool) -> bytes:
    """What a file holds that is not ours; empty where it is ours, or cannot be read: then our reader says why."""
    try:
        with reply_log.opened(path) as file:
            start = file.readline().removeprefix(BOM)
            while start and not start.strip():
                start = file.readline()
            first = _first(start)
            if not is_sure and (first is None or OWN_KEYS & set(first)):
                return b""
            return start + file.read()
    except (OSError, EOFError, *reply_log.PACKING_ERRORS):
        return b""


def _first(line: bytes) -> Mapping[str, object] | None:
    """The record of a first line; None where it is no line of any file we know."""
    if line.startswith(b"PK\x03\x04") or is_yaml(line) or promptfoo_columns(line):
        return {}
    if line.lstrip()[:1] not in (b"{", b"["):
        return {} if _is_header(line) else None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}  # the first line of a document, or broken
    return record if isinstance(record, dict) else {}


def _is_header(line: bytes) -> bool:
    """Of a CSV table of ours, or of a tool's."""
    if promptfoo_columns(line):
        return True
    names = {name.strip(b'"\r\n ').decode(errors="replace"): "" for name in line.split(delimiter(line).encode())}
    return len(names) > 2 and (set(names) >= OWN_KEYS or any(tool.is_its(names) for tool in TOOLS.values()))


def _own(record: Record) -> Record:
    """A line of ours that was read off a table: its texts stay texts, and its numbers are numbers."""
    if not isinstance(record, Row):
        return record
    found = {key: value if key in reply_log.TEXTS else parsed(value) for key, value in record.items()}
    found |= {key: number(value) for key in reply_log.NUMBERS if (value := found.get(key)) is not None}
    return found if "error" in found else {"text": "", **found}


def _has_results(record: Record) -> bool:
    if "object" in record or {"results", "configs"} <= set(record):  # of OpenAI's evals, and of lm-evaluation-harness
        return False
    results = record.get("results")
    run: Record = results if isinstance(results, Mapping) else {}
    table = run.get("table") or record.get("table") or record
    if {"outputs", "vars"} <= set(record) or (isinstance(table, Mapping) and {"head", "body"} <= set(table)):
        return True
    rows = run.get("results") if run else results
    first = next((row for row in rows if isinstance(row, Mapping)), {}) if isinstance(rows, list) else {}
    return rows == [] or bool({"prompt", "provider", "response"} & set(first))


def _unknown(first: Record) -> str:
    if not first:
        return "is no reply log: it holds no JSON objects"
    if {"custom_id", "body"} <= set(first) or {"recordId", "modelInput"} <= set(first) or set(first) == {"request"}:
        return "is the input of a batch, and holds no answers; give the output file of the batch"
    if isinstance(first.get("results"), Mapping) and "configs" in first:
        return (
            "holds the scores of lm-evaluation-harness only; run it with --log_samples, and give the samples_*.jsonl "
            "that it writes"
        )
    return (
        f"is no reply log: its first entry has {names_of(first)}, and not round, endpoint, probe and text, and it is "
        f"not of the shape of {', '.join(tool.title for tool in TOOLS.values())}; rename its keys, or "
        "name the tool with --from"
    )
