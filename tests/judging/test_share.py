"""How much of the traffic changed: a lower bound that is one, on worlds whose share is known."""

from __future__ import annotations

import numpy as np
import pytest

from prober.judging.explain.counts import CLEARLY_BELOW, least_share
from prober.model.evidence import Share

OLD, OTHER = np.array([0.6, 0.3, 0.1, 0.0]), np.array([0.05, 0.05, 0.1, 0.8])
REPLIES = 10


def rounds(rng, p, count, replies=REPLIES):
    return rng.multinomial(replies, p, size=count).astype(float)


def world(seed, q, since=20, whole=False, probes=1):
    """(reference, since) a probe, where a share `q` of the replies, or of the rounds, comes from elsewhere."""
    rng = np.random.default_rng(seed)
    elsewhere = rng.random(since) < q
    rows = []
    for _ in range(probes):
        if whole:
            after = np.array([rounds(rng, OTHER if is_new else OLD, 1)[0] for is_new in elsewhere])
        else:
            after = rounds(rng, (1 - q) * OLD + q * OTHER, since)
        rows.append((rounds(rng, OLD, 40), after))
    return rows


def test_a_sixth_of_the_traffic_is_said_to_be_about_a_sixth() -> None:
    found = least_share(world(1, 0.16, since=40), probes=1)
    assert found is not None
    assert found.low < 0.16 * 0.85 < found.high, "total variation is .85 of the share here"
    assert 0.05 < found.low < found.at_least < found.high < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("probes", [1, 5])
def test_the_bound_lies_above_the_truth_in_one_of_forty_worlds_at_most(probes: int) -> None:
    runs, above = 200, 0
    for seed in range(runs):
        found = least_share(world(seed, 0.2, since=8, probes=probes), probes)
        above += found is not None and found.low > 0.2
    assert above <= 12, "5 expected, and chance"


@pytest.mark.slow
@pytest.mark.parametrize("probes", [1, 5])
def test_where_nothing_changed_hardly_ever_is_a_share_named(probes: int) -> None:
    runs = 200
    named = sum(least_share(world(seed, 0.0, since=8, probes=probes), probes) is not None for seed in range(runs))
    assert named <= 12


def test_all_of_the_traffic_is_no_part_of_it() -> None:
    rng = np.random.default_rng(3)
    assert least_share([(rounds(rng, OLD, 40), rounds(rng, [0, 0, 0.02, 0.98], 20))], 1) is None
    assert CLEARLY_BELOW < 1


def test_one_round_is_no_interval() -> None:
    (before, after) = world(4, 0.3)[0]
    assert least_share([(before, after[:1])], 1) is None
    assert least_share([(before[:1], after)], 1) is None
    assert least_share([], 1) is None


def test_rounds_without_a_reading_do_not_count() -> None:
    (before, after) = world(5, 0.3)[0]
    empty = np.zeros((3, 4))
    padded = [(np.concatenate([before, empty]), np.concatenate([empty, after]))]
    assert least_share(padded, 1) == least_share([(before, after)], 1)


def test_traffic_that_changes_by_whole_rounds_is_said_to() -> None:
    found = least_share(world(6, 0.4, since=24, whole=True), 1)
    assert found is not None
    changed = int((np.random.default_rng(6).random(24) < 0.4).sum())
    assert (found.changed_rounds, found.rounds) == (changed, 24)
    scattered = least_share(world(6, 0.4, since=24), 1)
    assert scattered is not None
    assert (scattered.changed_rounds, scattered.rounds) == (0, 0)


def test_whole_rounds_make_the_interval_wider() -> None:
    whole, scattered = (least_share(world(7, 0.4, since=24, whole=is_whole), 1) for is_whole in (True, False))
    assert whole is not None and scattered is not None
    assert whole.high - whole.low > 1.5 * (scattered.high - scattered.low)


def test_many_probes_ask_for_more() -> None:
    one, many = (least_share(world(8, 0.3), probes) for probes in (1, 100))
    assert isinstance(one, Share) and isinstance(many, Share)
    assert many.at_least == one.at_least
    assert many.low < one.low and many.high > one.high
