"""What changes slowly is found, or at least never taken in silently; what came after an alarm is no reference."""

from __future__ import annotations

import numpy as np
import pytest

from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from tests.judging.observed import REFERENCE, history, judged, observed, spoken

pytestmark = pytest.mark.slow


def drifting(seed, rounds=60, step=1.5):
    """From the end of the reference on, every answer is `step` characters longer than those of the round before."""
    for number in range(REFERENCE + rounds):
        rng = np.random.default_rng([seed, number])
        drift = step * max(0, number - REFERENCE)
        prints = [spoken(rng, **{"text.characters": float(rng.integers(90, 111)) + drift}) for _ in range(4)]
        yield observed(number, {"a": prints[:2], "b": prints[2:]})


@pytest.mark.parametrize("seed", range(2))
def test_a_drift_too_small_for_any_one_day_to_show_is_found(seed: int) -> None:
    _, judgements = judged(drifting(seed), until_alarm=True)
    assert judgements[-1].state == "alarm", "90 characters more in sixty rounds, one and a half a round"
    assert judgements[-1].verdicts[0].channel == "length"
    assert "longer" in judgements[-1].verdicts[0].words


def test_what_came_after_an_alarm_is_no_reference_before_anybody_accepts_it() -> None:
    def world(number):
        rng = np.random.default_rng(number)
        changes = {"text.choice": "no", "text.characters": 300.0} if number >= 12 else {}
        return observed(number, {"a": [spoken(rng, **changes) for _ in range(3)]})

    rounds = [world(number) for number in range(34)]
    memory, judgements = judged(rounds[:22])
    first = next(j for j in judgements if j.state == "alarm")
    assert first.onset is not None
    assert memory.reference_rounds == tuple(r.label for r in rounds[:REFERENCE])
    learnt, _ = judged(rounds[:REFERENCE])
    for name, held in memory.channels.items():
        assert held.scales == learnt.channels[name].scales
        assert np.array_equal(held.reference, learnt.channels[name].reference)
    # Accepted: the epoch begins at the onset, and so does the reference.
    onset = int(first.onset)
    anew = Memory()
    for i in range(onset, len(rounds)):
        anew, judgement = advance(anew, rounds[i], history(rounds[onset : i + 1]), Promise())
    assert anew.reference_rounds == tuple(r.label for r in rounds[onset : onset + REFERENCE])
    assert judgement.state == "quiet", "the new behaviour is what is expected now"
