"""The gate beside those of others, on the same replies in the same run:

    python -m benchmarks.gate [--peers FOLDER] [--runs 200]

The replies are those of the ladder: a real small model, unchanged and changed. A run draws pairs of them, a reference
reply and a candidate reply to each probe in each block, and every gate gets the same. The peers are run by the
interpreters in `FOLDER/NAME/bin/python`, because they need other libraries; one that is missing is left out. The
results are kept in `benchmarks/results/gate.json`, and the table is printed as Markdown.

    python -m benchmarks.gate --edges [--runs 4000]

instead draws simulated pairs in worlds at the edge of a null hypothesis, where alpha is the share of wrong verdicts.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from benchmarks.ladder import recording
from benchmarks.ladder.rungs import BASE
from benchmarks.part import RESULTS
from prober.judging.noninferiority import Evidence, Looks
from prober.judging.objectives import wilson

CONTRACTS: Final[Mapping[str, Callable[[str], bool]]] = {
    "text/fruits": lambda text: re.search(r"^\s*1[.)]", text, re.MULTILINE) is not None,
    "text/json": lambda text: text.lstrip().startswith("{"),
    "text/capital": lambda text: "Canberra" in text,
    "text/code": lambda text: "def " in text,
}
"""Probe → what a reply must keep: a numbered list, an object, the right answer, a function."""
CANDIDATES: Final[Mapping[str, str]] = {
    BASE: "the same model", "q4_0": "weights in Q4_0 instead of Q4_1", "temperature-0.9": "temperature 0.9 instead of 1"
}  # fmt: skip
"""Rung → in words."""
OURS: Final = "`prober gate`"
STORED: Final = "`prober gate`, reference stored"
"""The reference is a reply log: only the candidate is asked."""
MARGIN, ALPHA, BUDGET = 0.1, 0.05, 600
PEERS: Final = ("evalsig", "evalgate-ci", "driftcut")
_SCRIPT: Final = Path(__file__).parent / "peers" / "gates.py"

Block: TypeAlias = list[tuple[str, bool, bool]]
"""(probe, reference passed, candidate passed)"""
Verdict: TypeAlias = tuple[str, int]
"""Verdict, asks of both sides."""


@dataclass(frozen=True)
class Row:
    """One gate and one candidate."""

    gate: str
    candidate: str
    difference: float
    """Of the pass rates, candidate minus reference: what is true in this world."""
    runs: int
    passed: int
    refused: int
    undecided: int
    median_asks: float
    most_asks: int


def drawn(candidate: str, rng: np.random.Generator, sides_asked: int = 2) -> list[Block]:
    """One run: as many blocks as the budget pays for, drawn with replacement. Where nothing changed, both sides are
    drawn from the same replies. `sides_asked`: 1 if the replies of the reference are stored, as many as are
    recorded."""
    sides = [outcomes(BASE), outcomes(candidate)]
    stored = min(map(len, sides[0].values())) if sides_asked == 1 else BUDGET
    blocks = min(BUDGET // (sides_asked * len(CONTRACTS)), stored)
    picks = {probe: [side[probe][rng.integers(len(side[probe]), size=blocks)] for side in sides] for probe in CONTRACTS}
    return [[(probe, bool(old[i]), bool(new[i])) for probe, (old, new) in picks.items()] for i in range(blocks)]


def outcomes(rung: str) -> dict[str, np.ndarray]:
    """Probe → whether each recorded reply keeps its contract."""
    texts = recording.load(rung).texts
    return {probe: np.array([keeps(one[probe]) for one in texts if probe in one]) for probe, keeps in CONTRACTS.items()}


def ours(blocks: Sequence[Block], sides_asked: int = 2) -> Verdict:
    """As `prober gate` decides: at a few looks, the last at the end of the budget."""
    evidence, looks = Evidence(MARGIN), Looks(ALPHA)
    for number, block in enumerate(blocks, start=1):
        evidence = evidence.after([(old, new) for _, old, new in block])
        if looks.is_due(part := number / len(blocks)):
            looks = looks.after(part, [evidence])
        if looks.verdict != "undecided":
            break
    return looks.verdict, sides_asked * evidence.pairs


def of_peer(python: Path, name: str, runs: Sequence[Sequence[Block]]) -> list[Verdict]:
    done = subprocess.run(
        [python, _SCRIPT, name], check=True, input=json.dumps(runs), capture_output=True, text=True, timeout=3600
    )
    return [(str(one), int(asks)) for one, asks in json.loads(done.stdout)]


def measure(runs: int, peers: Path | None) -> list[Row]:
    rows = []
    for candidate in CANDIDATES:
        rng = np.random.default_rng(20261129)
        worlds = [drawn(candidate, rng) for _ in range(runs)]
        means = [float(np.mean([one.mean() for one in outcomes(rung).values()])) for rung in (BASE, candidate)]
        found = {OURS: [ours(world) for world in worlds]}
        found[STORED] = [ours(drawn(candidate, rng, 1), 1) for _ in range(runs)]
        for name in PEERS if peers is not None else ():
            python = peers / name / "bin" / "python" if peers is not None else Path()
            if python.exists():
                found[name] = of_peer(python, name, worlds)
        for gate, said in found.items():
            verdicts, asks = [one for one, _ in said], [count for _, count in said]
            passed, refused, undecided = map(verdicts.count, ("not_worse", "worse", "undecided"))
            difference, median = means[1] - means[0], statistics.median(asks)
            rows.append(
                Row(gate, candidate, difference, runs, passed, refused, undecided, median, max(asks))
            )  # fmt: skip
    return rows


@dataclass(frozen=True)
class Edge:
    """A world at the edge of a null hypothesis."""

    passes: float
    """Share of the reference's replies that pass, of every probe."""
    loss: float
    """What the candidate passes less: the margin, or half of it."""
    probes: int
    losing: int
    """Probes that share the whole loss; the others lose nothing."""

    @property
    def wrong(self) -> str:
        """The verdict that alpha allows for."""
        return "not_worse" if self.loss == MARGIN else "worse"

    def drawn(self, rng: np.random.Generator) -> list[Block]:
        """One run, sides independent."""
        loses = np.where(np.arange(self.probes) < self.losing, self.loss * self.probes / self.losing, 0.0)
        shape = (BUDGET // (2 * self.probes), self.probes)
        old, new = rng.random(shape) < self.passes, rng.random(shape) < self.passes - loses
        return [
            [("", reference, candidate) for reference, candidate in zip(*block, strict=True)]
            for block in zip(old.tolist(), new.tolist(), strict=True)
        ]

    def __str__(self) -> str:
        where = "" if self.losing == self.probes else f", in {self.losing} of them"
        return f"{100 * self.passes:.0f} % | {self.probes} | {100 * self.loss:.0f} points{where} | `{self.wrong}`"


EDGES: Final = (
    *(Edge(passes, MARGIN, probes, probes) for passes in (0.5, 0.9, 1.0) for probes in (1, 4, 24)),
    Edge(0.9, MARGIN, 4, 1),
    Edge(1.0, MARGIN, 24, 3),
    *(Edge(passes, MARGIN / 2, probes, probes) for passes, probes in ((0.5, 1), (0.9, 4), (1.0, 1), (1.0, 24))),
)


def edges(runs: int) -> Iterator[str]:
    """How often the verdict is wrong, with Wilson's 95 % interval; a table in Markdown, line by line."""
    yield "| the reference passes | probes | the candidate passes less by | wrong verdict | share of runs |"
    yield "|---|---|---|---|---|"
    for number, edge in enumerate(EDGES):
        rng = np.random.default_rng([20261129, number])
        wrong = sum(ours(edge.drawn(rng))[0] == edge.wrong for _ in range(runs))
        low, high = wilson(wrong, runs)
        yield f"| {edge} | {100 * wrong / runs:.1f} % ({100 * low:.1f}–{100 * high:.1f}) |"


def table(rows: Sequence[Row]) -> list[str]:
    lines = ["| gate | the candidate | passed | refused | undecided | median asks |", "|---|---|---|---|---|---|"]
    for row in rows:
        shares = " | ".join(f"{100 * one / row.runs:.1f} %" for one in (row.passed, row.refused, row.undecided))
        what = f"{CANDIDATES[row.candidate]} ({100 * row.difference:+.0f} points)"
        lines.append(f"| {row.gate} | {what} | {shares} | {row.median_asks:.0f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description="The gate beside those of others.")
    parser.add_argument("--runs", type=int, help="of each candidate (200) or world (4,000)")
    parser.add_argument("--edges", action="store_true", help="only ours, in worlds at the edge of a null hypothesis")
    parser.add_argument("--peers", type=Path, help="folder with a virtual environment for each peer, by its name")
    chosen = parser.parse_args()
    if chosen.edges:
        for line in edges(chosen.runs or 4000):
            print(line, flush=True)
        return
    rows = measure(chosen.runs or 200, chosen.peers)
    kept = {"margin": MARGIN, "alpha": ALPHA, "budget": BUDGET, "rows": [asdict(row) for row in rows]}
    (RESULTS / "gate.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
