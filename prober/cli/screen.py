"""What people and programs see: plain lines, tables and bars; one JSON object. Hostile text is made visible here."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from prober.text import visible

PLAIN_WIDTH = 10_000
"""Columns where nobody looks: a line of a file or a pipe is never wrapped."""
LONGEST_LINE = 4_000
LONGEST_CELL = 200


class Screen(Console):
    """A console that lets a closed pipe be told as such."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def screen(*, stderr: bool = False) -> Screen:
    """Standard output or error; no colours and no wrapping unless it is a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Screen(file=stream, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False, markup=False)


def say(*lines: str) -> None:
    """Lines on standard output."""
    _print(screen(), lines)


def complain(*lines: str) -> None:
    """Lines on standard error."""
    _print(screen(stderr=True), lines)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output; a cell is one line."""
    on = screen()
    shown = Table(box=box.SIMPLE_HEAD if on.is_terminal else None, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(visible(cell, LONGEST_CELL, lines=False)) for cell in row))
    if on.is_terminal:
        on.print(shown)
        return
    with on.capture() as captured:
        on.print(shown)
    say(*(line.rstrip() for line in captured.get().splitlines()))


def print_json(content: Mapping[str, object]) -> None:
    """One JSON object on one line; numbers that JSON does not have become null."""
    typer.echo(json.dumps(_plain(content), ensure_ascii=True, allow_nan=False))


def count(number: float, thing: str) -> str:
    """`1 probe`, `2 probes`."""
    return f"{number:g} {thing}{'' if number == 1 else 's'}"


def bars() -> Progress:
    """Progress bars on standard error, gone when done; none where nobody looks."""
    on = screen(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=on, transient=True, disable=not on.is_terminal)


def _print(on: Screen, lines: Iterable[str]) -> None:
    for line in lines:
        on.print(Text(visible(line, LONGEST_LINE)), soft_wrap=True)


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case float():
            return value if math.isfinite(value) else None
        case _:
            return value
