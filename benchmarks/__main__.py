"""`python -m benchmarks [--worlds N]`: measure, print, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import numpy as np

from benchmarks import changed, still

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the prober promises.")
    arguments.add_argument("--worlds", type=int, default=502, help="still endpoints of each kind, a year each")
    arguments.add_argument("--changes", type=int, default=60, help="changed endpoints for each share of the traffic")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--output", type=Path, default=REPORT)
    chosen = arguments.parse_args()
    began = time.monotonic()
    lines = ["# Benchmarks", "", "Written by `make bench`; every number below was measured by that run.", ""]
    lines += _still(chosen.worlds, chosen.workers)
    lines += _changed(chosen.changes, chosen.workers)
    minutes = (time.monotonic() - began) / 60
    lines += [
        "## How",
        "",
        f"`python -m benchmarks --worlds {chosen.worlds} --changes {chosen.changes}`, Python "
        f"{platform.python_version()}, numpy {np.__version__}, {chosen.workers} processes, {minutes:.0f} minutes. "
        "All worlds are seeded: another run gives the same counts.",
        "",
    ]
    chosen.output.write_text("\n".join(lines), encoding="utf-8")
    print(f"wrote {chosen.output}")


def _still(worlds: int, workers: int) -> list[str]:
    lines = [
        "## False alarms on endpoints that never change",
        "",
        "The whole judge, all seven channels, one round a day for a year after a reference of 8 rounds, at the default",
        "promise of one false alarm a year. Worlds are random: 3–8 probes of 1–4 samples, deterministic or varied",
        "answers of up to 40 kinds, 1–5 alternating system fingerprints. In clustered worlds every day is a draw of",
        "its own: Dirichlet strength 5, 20 or 100 for answers, formats, refusals and failed checks, and lengths that",
        "move together by 0.2 or 0.6 standard deviations.",
        "",
        "| worlds | endpoint-years | false alarms | a year (95 % interval) | promised | endpoints with any (95 %) |",
        "|---|---|---|---|---|---|",
    ]
    for kind in ("independent", "clustered"):
        result = still.measure(kind, worlds, workers=workers)
        low, high = result.interval
        share_low, share_high = wilson(result.worlds_with_alarm, result.worlds)
        lines.append(
            f"| {kind} | {result.years:.0f} | {result.alarms} | {result.rate:.3f} ({low:.3f}–{high:.3f}) | 1 "
            f"| {result.worlds_with_alarm} of {result.worlds} ({share_low:.1%}–{share_high:.1%}) |"
        )
        print(lines[-1], flush=True)
    return [*lines, ""]


def _changed(worlds: int, workers: int) -> list[str]:
    lines = [
        "## Changes caught",
        "",
        f"Clustered worlds as above; after {changed.QUIET} quiet rounds a share of every probe's traffic is answered",
        f"by another model, and the next {changed.CHANGED} rounds are judged. Promise: one false alarm a year of",
        "hourly rounds (8,766).",
        "",
        "| share answered by another model | caught | median delay, rounds | 90 % within |",
        "|---|---|---|---|",
    ]
    for share in changed.SHARES:
        result = changed.measure(share, worlds, rounds_per_year=8766, workers=workers)
        judged = result.worlds - result.early
        median, most = (
            (f"{np.median(result.delays):.0f}", f"{np.quantile(result.delays, 0.9):.0f}")
            if result.delays
            else ("–", "–")
        )
        low, high = wilson(len(result.delays), judged)
        lines.append(f"| {share:.0%} | {len(result.delays)} of {judged} ({low:.0%}–{high:.0%}) | {median} | {most} |")
        print(lines[-1], flush=True)
    return [*lines, ""]


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share (Wilson 1927)."""
    share, spread = hits / n, z**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * float(np.sqrt(share * (1 - share) / n + spread / (4 * n)))
    return max(centre - half, 0.0), min(centre + half, 1.0)


if __name__ == "__main__":
    main()
