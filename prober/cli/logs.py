"""Reply logs as arguments: how the promise is given, and how far reading has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Optional, TypeAlias

import typer
from rich.progress import Progress

from prober.judging.promise import Promise
from prober.lab.replay import reference_of, rounds_per_year
from prober.loading.reply_log import LoggedReply, read
from prober.model.declaration import ReferenceRule
from prober.model.evidence import Round

Logs: TypeAlias = Annotated[list[Path], typer.Argument(metavar="LOG...", help="Reply logs, .jsonl or .jsonl.gz.")]
Reference: TypeAlias = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        "--reference",
        metavar="N",
        min=2,
        help="The first N rounds are the reference.",
        show_default="12 that span a week",
    ),
]
FalseAlarms: TypeAlias = Annotated[
    float, typer.Option("--false-alarms-per-year", metavar="X", min=1e-6, max=365.0, help="The promise.")
]
RoundsPerYear: TypeAlias = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(
        "--rounds-per-year", metavar="N", min=1e-6, help="Of each endpoint.", show_default="from the log's own times"
    ),
]


def promise_of(
    rounds: Sequence[Round], reference: int | None, false_alarms_per_year: float, per_year: float | None
) -> Promise:
    """The promise these rounds are judged under."""
    return Promise(
        false_alarms_per_year=false_alarms_per_year,
        rounds_per_year=rounds_per_year(rounds) if per_year is None else per_year,
        reference=ReferenceRule() if reference is None else reference_of(reference),
    )


def replies_of(logs: Sequence[Path], shown: Progress) -> Iterator[LoggedReply]:
    """Every reply of every log, in order. Raises LogError."""
    for log in logs:
        task = shown.add_task(f"Reading {log.name}", total=_size(log))
        yield from read(log, lambda count, task=task: shown.advance(task, count))  # type: ignore[misc]


def _size(log: Path) -> int | None:
    """Bytes once unpacked; of a gzip file, what its last four bytes say. None where it cannot be told."""
    try:
        with log.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(-4 if packed else 0, 2)
            return int.from_bytes(file.read(4), "little") if packed else file.tell()
    except OSError:
        return None
