"""`python -m benchmarks [part …]`: measure these parts (default: all) and write docs/mathematics/benchmarks.md."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import (
    asking,
    auc,
    cost,
    delay,
    first,
    killed,
    mixture,
    pages,
    quiet,
    samples,
    scale,
    simulated,
    soon,
    starters,
    year,
)  # fmt: skip
from benchmarks.part import RESULTS, Effort, Part

REPORT: Final = Path(__file__).parent.parent / "docs" / "mathematics" / "benchmarks.md"
PARTS: Final[tuple[Part[Any], ...]] = (
    auc.PART,
    delay.PART,
    mixture.PART,
    samples.PART,
    starters.PART,
    quiet.PART,
    first.PART,
    simulated.STILL,
    simulated.CHANGED,
    soon.PART,
    cost.PART,
    asking.PART,
    killed.PART,
    pages.PART,
    year.PART,
    scale.PART,
)
"""In the order of the report."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the prober promises.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(part.name for part in PARTS)}; else all")
    parser.add_argument("--quick", action="store_true", help="a few repetitions, to see that it runs; means nothing")
    parser.add_argument("--years", type=float, default=200, help="still: endpoint-years of each kind, in daily rounds")
    parser.add_argument("--changes", type=int, default=60, help="changed: endpoints for each share of the traffic")
    parser.add_argument("--minutes", type=float, default=inf, help="soon, still: then begin nothing further")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder in which numbers are kept")
    parser.add_argument("--output", type=Path, default=REPORT, help="the page")
    parser.add_argument("--page", action="store_true", help="measure nothing, only write the page")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.parts) - {part.name for part in PARTS}):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(part.name for part in PARTS)}")
    effort = Effort(chosen.quick, chosen.workers, chosen.years, chosen.minutes, chosen.changes)
    for part in PARTS:
        if not chosen.page and (not chosen.parts or part.name in chosen.parts):
            part.run(effort, chosen.results)
            print(f"measured {part.name}", flush=True)
    chosen.output.write_text("\n".join(page(chosen.results)), encoding="utf-8")
    print(f"wrote {chosen.output}")


def page(results: Path = RESULTS) -> list[str]:
    """The report, line by line, from the numbers that are kept."""
    summary, sections, took = list[str](), list[str](), list[str]()
    for part in PARTS:
        kept = part.kept(results)
        sections += [f"## {part.title}", ""]
        if kept is None:
            sections += [f"Not measured yet: `python -m benchmarks {part.name}`.", ""]
            continue
        earlier = "" if kept.is_current else " (before the statistic last changed)"
        summary += [f"- {line}{earlier}" for line in part.headlines(kept.result)]
        rough = ["*Measured with --quick: these numbers mean nothing.*", ""] if kept.quick else []
        if not kept.is_current:
            rough += [
                f"*Measured before the statistic last changed: `python -m benchmarks {part.name}` measures it again.*",
                "",
            ]
        sections += [*rough, *part.lines(kept.result), ""]
        took.append(f"{part.name} {kept.minutes:g}")
    return [
        "# Benchmarks",
        "",
        "`make bench` writes this page from its measurements. The numbers are stored in `benchmarks/results/`; "
        "`python -m benchmarks PART` measures one part again. *Ladder*: real small changes of a real small model "
        "(`benchmarks/ladder`). *Peers*: the methods that others use (`benchmarks/peers`). *Ours*: the judge that runs "
        "in production, unchanged.",
        "",
        "## In short",
        "",
        *summary,
        "",
        *sections,
        "## How long it took",
        "",
        f"Minutes of the last run of each part, which may have gone on from an earlier one: "
        f"{', '.join(took) or 'nothing was measured'}. Python {platform.python_version()}, numpy "
        f"{np.__version__}. All draws are seeded: another run gives the same counts, but not the same times.",
        "",
    ]


if __name__ == "__main__":
    main()
