"""What each verb costs before it does anything: `prober VERB --help` loads what the verb needs, and stops."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Final

from benchmarks.part import Effort, Part
from prober.cli import VERBS

RUNS: Final = 5


@dataclass(frozen=True)
class Start:
    """One verb."""

    verb: str
    cpu_s: float
    """CPU time of the process, in user and system mode, seconds; median."""
    memory_mb: float
    """Its largest resident memory; median."""


@dataclass(frozen=True)
class Starts:
    """The table."""

    runs: int
    python_s: float
    """CPU time of a Python that does nothing, seconds; median."""
    verbs: tuple[Start, ...]


def measure(effort: Effort) -> Starts:
    """Each verb in turn, after one run of it that is not counted: it may compile what it loads."""
    runs, verbs = effort.times(RUNS, quick=1), tuple(VERBS)[: 2 if effort.quick else None]
    found = Effort(workers=1).each("starts", partial(_start, runs=runs), verbs)  # one at a time, for they are timed
    return Starts(runs, _start("", runs).cpu_s, tuple(found))


def _start(verb: str, runs: int) -> Start:
    command = [sys.executable, "-c", "pass"] if not verb else [sys.executable, "-m", "prober", verb, "--help"]
    _used(command)
    used = [_used(command) for _ in range(runs)]
    return Start(verb, round(median(cpu_s for cpu_s, _ in used), 3), round(median(memory for _, memory in used), 1))


def _used(command: Sequence[str]) -> tuple[float, float]:
    """CPU seconds, and most megabytes of memory."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def lines(found: Starts) -> list[str]:
    """How, and the table."""
    return [
        f"`prober VERB --help`, which loads what the verb needs, and stops: CPU time and most memory of the whole "
        f"process, medians of {found.runs} runs. A Python that does nothing takes {found.python_s:.2f} s.",
        "",
        "| verb | CPU, s | memory, MB |",
        "|---|---|---|",
        *(f"| `{one.verb}` | {one.cpu_s:.2f} | {one.memory_mb:.0f} |" for one in found.verbs),
    ]


def headlines(found: Starts) -> list[str]:
    """The range."""
    least, most = (chosen(found.verbs, key=lambda one: one.cpu_s) for chosen in (min, max))
    return [
        f"Start-up takes from {least.cpu_s:.2f} s of CPU (`{least.verb}`) to {most.cpu_s:.2f} s (`{most.verb}`); "
        f"`status` {next((one.cpu_s for one in found.verbs if one.verb == 'status'), 0.0):.2f} s."
    ]


PART: Final = Part("starts", "Start-up of each verb", Starts, measure, lines, headlines, ())
