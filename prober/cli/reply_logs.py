"""Arguments and options about reply logs, and the replies in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.progress import Progress

from prober.cli.output import complain
from prober.loading.other_tools import OWN, TOOLS, read
from prober.loading.reply_log import LoggedReply
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError
from prober.text import quoted

Logs: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="LOG", help="Reply logs, .jsonl or .jsonl.gz; or files of other tools.")
]
From: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TOOL",
        help=f"Whose files these are: {', '.join((OWN, *TOOLS))}.",
        show_default="recognised by their shape",
    ),
]
Reference: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--reference",
        metavar="N",
        min=2,
        help="The first N rounds are the reference.",
        show_default="as an export says, or else the first 12 that span a week",
    ),
]
FalseAlarms: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--false-alarms-per-year",
        metavar="X",
        min=1e-6,
        max=365.0,
        help="False alarms a year that you accept.",
        show_default="as an export says, or else 1",
    ),
]
RoundsPerYear: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--rounds-per-year",
        metavar="N",
        min=1e-6,
        help="Rounds a year that are scheduled for an endpoint.",
        show_default="as an export says, or else from the times in the log",
    ),
]


def replies_of(logs: Sequence[Path], shown: Progress, tool: str | None = None) -> Iterator[LoggedReply]:
    """Every reply of every log, in order; says on standard error what of other tools' files was left out.

    Raises LogError, or ConfigurationError for a tool that is not known.
    """
    if tool not in (None, OWN, *TOOLS):
        raise ConfigurationError(f"unknown tool {quoted(tool or '')}; {did_you_mean(tool or '', [OWN, *TOOLS])}")
    for log in logs:
        task = shown.add_task(f"Reading {log.name}", total=_size(log))
        yield from read(log, tool, lambda count, task=task: shown.advance(task, count), complain)  # type: ignore[misc]


def _size(log: Path) -> int | None:
    """Bytes once unpacked; of a gzip file, what its last four bytes say. None if unknown."""
    try:
        with log.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(-4 if packed else 0, 2)
            return int.from_bytes(file.read(4), "little") if packed else file.tell()
    except OSError:
        return None
