"""What every part of the report is, how hard it is measured, and where its results are stored."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import takewhile
from math import inf
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from benchmarks import numbers
from benchmarks.numbers import Numbers

RESULTS = Path(__file__).parent / "results"
JUDGE: Final = (numbers.running,)
"""Numbers of the running statistic."""
DAYS: Final = (numbers.days,)
"""What is added where rounds have times and come several a day."""
LASTING: Final = (numbers.lasting,)
"""What is added where noise may last for days."""
ODD: Final = (numbers.odd,)
"""What is added where rounds are asked again at once."""
ALARM: Final = (numbers.alarms,)
"""What is added where alarms are counted."""
COMPARISON: Final = (numbers.comparison,)
"""Numbers of the statistic of `prober compare`."""

Result = TypeVar("Result")
Item = TypeVar("Item")
Found = TypeVar("Found")


@contextmanager
def unlogged() -> Iterator[None]:
    """Nothing that the product logs about simulated data is shown; as a decorator, while the function runs."""
    logger = logging.getLogger("prober")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@dataclass(frozen=True)
class Effort:
    """How hard to measure."""

    quick: bool = False
    """A few repetitions of a few rows, to see that everything runs; its numbers mean nothing."""
    workers: int = 1
    years: float = 200
    """Simulated unchanged worlds: endpoint-years of each kind, counted in daily rounds."""
    minutes: float = inf
    """What keeps every item as soon as it is measured begins no further one after so many minutes."""
    changes: int = 60
    """Simulated changes: endpoints for each share of the traffic."""

    def times(self, repetitions: int, quick: int = 2) -> int:
        """So many repetitions, or a few."""
        return quick if self.quick else repetitions

    def kept(self, name: str) -> Path:
        """The file in which a part keeps what it finds of each item, for another run to go on from (see `once`)."""
        return (Path(tempfile.mkdtemp()) if self.quick else RESULTS) / f"{name}.jsonl"

    def each(self, name: str, function: Callable[[Item], Found], items: Iterable[Item]) -> list[Found]:
        """`function` of every item, in their order, by as many processes as there are workers; progress is shown."""
        todo, found, began = list(items), list[Found](), time.monotonic()
        if self.workers > 1:
            with ProcessPoolExecutor(self.workers) as pool:
                for one in pool.map(function, todo):
                    found.append(one)
                    _show(name, len(found), len(todo), began)
        else:
            for item in todo:
                found.append(function(item))
                _show(name, len(found), len(todo), began)
        return found


@dataclass(frozen=True)
class Part(Generic[Result]):
    """One section of the report."""

    name: str
    """On the command line, and of its file of results."""
    title: str
    result: type[Result]
    """A frozen dataclass of plain values."""
    measure: Callable[[Effort], Result]
    lines: Callable[[Result], list[str]]
    """The section in Markdown, without its title."""
    headlines: Callable[[Result], list[str]]
    """What of it the summary says; a sentence each."""
    measures: tuple[Numbers, ...] = JUDGE
    """What the measured statistic says of small worlds: once it says something else, the results are out of date."""

    def run(self, effort: Effort, home: Path = RESULTS) -> None:
        """Measure, and keep the result with how long it took."""
        began = time.monotonic()
        result = self.measure(effort)
        kept = {
            "minutes": round((time.monotonic() - began) / 60, 1),
            "quick": effort.quick,
            "statistic": statistic(self.measures),
            "result": asdict(result),  # type: ignore[call-overload]
        }
        home.mkdir(exist_ok=True)
        (home / f"{self.name}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def kept(self, home: Path = RESULTS) -> Kept[Result] | None:
        """What the last run found; None where there was none. Raises ValidationError where it was another result."""
        path = home / f"{self.name}.json"
        if not path.exists():
            return None
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        is_current = not self.measures or held.get("statistic") == statistic(self.measures)
        return Kept(
            held["minutes"], held["quick"], TypeAdapter(self.result).validate_python(held["result"]), is_current
        )


@dataclass(frozen=True)
class Kept(Generic[Result]):
    """The result of a run that is over."""

    minutes: float
    quick: bool
    result: Result
    is_current: bool
    """Whether the statistic is still the one that was measured."""


def statistic(measures: Iterable[Numbers]) -> str:
    """Short hashes of what the statistic says of small worlds, so that old results are not taken for its own."""
    return " ".join(map(numbers.digest, measures))


def known(kept: Path, current: str) -> dict[str, Any]:
    """What the lines of the file `kept` say of each item, by its JSON, where they were measured with this statistic."""
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []
    return {json.dumps(line["item"]): line["found"] for line in lines if line["statistic"] == current}


def once(
    function: Callable[[Item], Any],
    items: Iterable[Item],
    kept: Path,
    current: str,
    workers: int,
    minutes: float = inf,
) -> list[tuple[Item, Any]]:
    """Items with the `function` of each, in their order; none is begun after so many `minutes`.

    What is found is a line of the file `kept` at once, so that another run goes on from there; lines that were measured
    with another statistic than the `current` one are left out. Items, and what is found, are plain values as JSON has
    them.
    """
    ends = time.monotonic() + 60 * minutes
    found, items = known(kept, current), list(items)
    todo = [item for item in items if json.dumps(item) not in found]
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("".join(_line(current, json.loads(item), one) for item, one in found.items()), encoding="utf-8")
    with kept.open("a", encoding="utf-8") as file, ProcessPoolExecutor(workers) as pool:
        measured = map(function, todo) if workers == 1 else pool.map(function, todo)
        for item, one in zip(takewhile(lambda item: time.monotonic() < ends, todo), measured, strict=False):
            found[json.dumps(item)] = one
            print(_line(current, item, one), end="", file=file, flush=True)
        pool.shutdown(cancel_futures=True)
    return [(item, found[json.dumps(item)]) for item in items if json.dumps(item) in found]


def _line(current: str, item: object, found: object) -> str:
    return json.dumps({"statistic": current, "item": item, "found": found}) + "\n"


def _show(name: str, done: int, of: int, began: float) -> None:
    left = (time.monotonic() - began) / done * (of - done)
    end = "\n" if done == of else ""
    print(f"\r{name}: {done} of {of}, {left:.0f} s left   ", end=end, file=sys.stderr, flush=True)
