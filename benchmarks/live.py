"""`python -m benchmarks.live WORLDS`: false alarms of live samples, in simulated traffic where nothing shifts.

A world has six topics with a mix that wanders from window to window and has the rhythm of a day and of a week; 16 weeks
of windows of 30 to 120 samples.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import numpy as np

from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.samples import FEWEST, PROMISE, WINDOW, round_of
from prober.model.evidence import Fingerprint, Round
from prober.model.sample import SIDES, StoredSample

WEEKS = 16
START = datetime(2026, 1, 5, tzinfo=UTC)


def traffic(seed: int) -> list[tuple[datetime, list[StoredSample]]]:
    """(begin, samples) of every window of one world."""
    rng = np.random.default_rng(seed)
    topics, mix = rng.normal(size=(6, 16)), np.log(rng.dirichlet(np.ones(6) * 3))
    day, week, phase = rng.normal(size=6) * 0.5, rng.normal(size=6) * 0.3, rng.random() * 24
    about, wander = int(rng.integers(30, 121)), 0.15 * rng.random()
    found = []
    for at in (START + i * WINDOW for i in range(WEEKS * 28)):
        rhythm = day * np.cos((at.hour + 3 - phase) / 12 * np.pi) + week * (at.weekday() >= 5)
        weights = np.exp(mix + rhythm + rng.normal(size=6) * wander)
        chosen = rng.choice(6, size=int(rng.poisson(about)), p=weights / weights.sum())
        found.append((at, [_sample(rng, at, int(topic), topics[topic]) for topic in chosen]))
    return found


def _sample(rng: np.random.Generator, at: datetime, topic: int, direction: np.ndarray) -> StoredSample:
    def read() -> Fingerprint:
        vector = direction + rng.normal(size=16) * 0.8
        length = float(np.exp(4 + 0.3 * topic + rng.normal() * 0.5))
        return Fingerprint(
            {
                "text.reply_type": f"English Latin, stop, {int(np.log(length) / 1.2)}",
                "structure.shape": "plain" if rng.random() < 0.7 + 0.05 * topic else "list",
                "refusal.refused": "yes" if rng.random() < 0.01 else "no",
            },
            {"text.characters": float(int(length))},
            {"embedding.simulated": tuple(np.round(vector / np.linalg.norm(vector), 2).tolist())},
        )

    return StoredSample("", "bot", "chat", at, inputs=read(), outputs=read())


def alarms(rounds: Sequence[Round]) -> int:
    """Raised over these rounds; after each, the rounds since its onset are the new reference."""
    memory, start, found = Memory(), 0, 0
    for i, round_ in enumerate(rounds):

        def history(series: Collection[str], first: int = start, end: int = i + 1) -> Sequence[Round]:
            return rounds[first:end]

        memory, judged = advance(memory, round_, history, PROMISE)
        if judged.state == "alarm" and judged.onset:
            found += 1
            if not judged.is_provisional:
                start = next(k for k, one in enumerate(rounds) if one.label == judged.onset)
                memory = memory.anew()
    return found


def main(worlds: int) -> None:
    years, found = worlds * WEEKS * 7 / 365.25, dict.fromkeys(SIDES, 0)
    for seed in range(worlds):
        windows = [(at, samples) for at, samples in traffic(seed) if len(samples) >= FEWEST]
        for side in SIDES:
            found[side] += alarms([round_of(at, samples, side) for at, samples in windows])
    for side in SIDES:
        print(f"{side}: {found[side]} false alarms in {years:.1f} years of {worlds} worlds")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
