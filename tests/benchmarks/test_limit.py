"""The detector that knows no direction: its bet is the average over all directions, also where the usual shares are learnt."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import limit

pytestmark = pytest.mark.slow  # what measures the prober is not the prober


@pytest.mark.parametrize("known", [np.inf, 20.0])
@pytest.mark.parametrize(("dimensions", "length", "n"), [(2, 0.5, 10), (5, 1.0, 4), (33, 0.7, 25)])
def test_the_bet_is_the_likelihood_averaged_over_directions(dimensions, length, n, known):
    rng = np.random.default_rng(3)
    direction = rng.normal(size=(400_000 // dimensions, dimensions))
    direction *= length / np.linalg.norm(direction, axis=1, keepdims=True)
    total, noise = rng.normal(size=dimensions) * 2, 1 + n / known
    plain = np.log(np.mean(np.exp((direction @ total - n * length**2 / 2) / noise)))
    squared = np.array([total @ total])
    [found] = limit.of_all_directions(length, dimensions, known)(np.array([float(n)]), squared)
    assert found == pytest.approx(plain, abs=0.05)


def test_who_knows_more_is_sooner_and_a_larger_change_is_found_sooner():
    def mean(nats: float) -> list[float]:
        bets = [None, limit.of_all_directions(np.sqrt(2 * nats), 15), limit.of_all_lengths(15)]
        return list(np.mean([limit.delays([seed], nats, 15, bets) for seed in range(4)], axis=0))

    large, small = mean(3.0), mean(1.0)
    assert large == sorted(large) and small == sorted(small)
    assert all(np.less(large, small))
