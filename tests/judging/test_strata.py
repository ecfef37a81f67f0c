"""Movement of a group of probes between two stretches of rounds."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from prober.judging.strata import LEVEL, movement
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply
from tests.bounds import most

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def rounds(rng: np.random.Generator, count: int, length: float, passes: float, first: int = 0) -> list[Round]:
    """Rounds of three probes whose replies have lengths and pass a check."""
    found = []
    for i in range(count):
        luck = rng.normal(0, 0.2)  # the replies of a round are alike
        seen = []
        for probe in "abc":
            for sample in range(2):
                characters = float(np.exp(length + luck + rng.normal(0, 0.3)))
                outcome = "pass" if rng.random() < passes else "fail"
                taken = Fingerprint({"expectation.all": outcome}, {"text.characters": characters})
                seen.append(Observation(probe, probe, sample, Reply(at=NOW, text="x"), taken))
        found.append(Round(f"{first + i:04}", "e", None, tuple(seen)))
    return found


@pytest.mark.slow
def test_rounds_that_are_alike_do_not_move() -> None:
    """At most as often as the level says, though replies of a round are correlated."""
    rng = np.random.default_rng(1)
    moved = sum(bool(m and m.moved) for m in (
        movement(rounds(rng, 10, 5, 0.8), rounds(rng, 4, 5, 0.8), {"a", "b", "c"}) for _ in range(60)
    ))  # fmt: skip
    assert moved <= most(60, LEVEL)


@pytest.mark.slow
def test_longer_answers_and_broken_checks_are_seen_and_named() -> None:
    rng = np.random.default_rng(2)
    longer = movement(rounds(rng, 10, 5, 0.9), rounds(rng, 4, 6, 0.9), {"a", "b"})
    assert longer is not None and longer.moved and "longer" in longer.words and longer.rounds == (10, 4)
    broken = movement(rounds(rng, 10, 5, 1.0), rounds(rng, 1, 5, 0.0), {"a", "b", "c"})
    assert broken is not None and broken.moved and "checks pass 0 % (was 100 %)" in broken.words


def test_a_movement_beyond_that_of_others_is_a_movement_of_its_own() -> None:
    rng = np.random.default_rng(3)
    before, since = rounds(rng, 12, 5, 0.9), rounds(rng, 4, 6, 0.9)
    shared = movement(before, since, {"a"}, {"b", "c"}, ("length",))
    assert shared is not None and not shared.moved
    assert movement(before, since, {"elsewhere"}) is None
