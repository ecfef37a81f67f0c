"""Replies as counts: which of a probe's known outputs each reply was. Shared by the peers that read categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.peers.interface import Floats, Ints, Rounds, texts


@dataclass(frozen=True)
class Outcomes:
    """The cells replies are counted in: each probe's outputs, commonest first, then one cell for all others."""

    cells: Mapping[str, Mapping[str, int]]
    """Probe → output → column."""
    starts: Ints
    """Shape (probes,): first column of each probe; its last stands for every other output."""
    width: int
    """Columns in all."""
    read: Callable[[str], str]
    """What of a text is its output."""

    @staticmethod
    def of(
        rounds: Rounds,
        most: int | None = None,
        rarest: float = 0.0,
        probes: Sequence[str] | None = None,
        read: Callable[[str], str] = str,
    ) -> Outcomes:
        """Outputs seen in `rounds`: at most `most` cells a probe, counting the one for others; mute probes are out.

        A cell holds at least the share `rarest` of what was seen: rarer outputs count as others, and so does the
        least common of the rest where others would hold less. One output always keeps its cell.
        """
        names = sorted({p for answers in rounds for p in answers.texts}) if probes is None else probes
        cells, starts, width = {}, [], 0
        for probe in names:
            seen = Counter(map(read, texts(rounds, probe)))
            if not seen:
                continue
            least = rarest * seen.total()
            ranked = sorted(seen, key=lambda output: (-seen[output], output))[: None if most is None else most - 1]
            while len(ranked) > 1 and (
                seen[ranked[-1]] < least or seen.total() - sum(map(seen.__getitem__, ranked)) < least
            ):
                ranked.pop()
            cells[probe] = {output: width + i for i, output in enumerate(ranked)}
            starts.append(width)
            width += len(ranked) + 1
        return Outcomes(cells, np.array(starts, dtype=np.int64), width, read)

    @property
    def sizes(self) -> Ints:
        """Shape (probes,): cells of each."""
        return np.diff(self.starts, append=self.width)

    def count(self, rounds: Rounds) -> Floats:
        """Shape (rounds, width)."""
        counts = np.zeros((len(rounds), self.width))
        for probe, last in zip(self.cells, self.starts + self.sizes - 1, strict=True):
            known = self.cells[probe]
            for row, answers in enumerate(rounds):
                for text in answers.texts.get(probe, ()):
                    counts[row, known.get(self.read(text), last)] += 1
        return counts

    def per_probe(self, cells: Floats) -> Floats:
        """Sums over each probe's cells: (…, width) → (…, probes)."""
        return np.add.reduceat(cells, self.starts, axis=-1) if self.width else cells

    def spread(self, probes: Floats) -> Floats:
        """Each probe's value in all of its cells: (…, probes) → (…, width)."""
        return np.repeat(probes, self.sizes, axis=-1)
