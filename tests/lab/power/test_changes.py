"""Each kind of change does to replies what its words say, and a larger one does all that a smaller one does."""

from __future__ import annotations

import numpy as np
import pytest

from prober.lab.power.changes import CHANGES, changes
from tests.lab.power.world import COIN, FIXED, PROBES, PROSE, choices, history, observe, print_of

BY_NAME = {one.name: one for one in changes(PROBES)}


def changed(name, size, seed=0, passes=10):
    """Every reply of the reference, met by one change again and again."""
    rng = np.random.default_rng(seed)
    alter = BY_NAME[name].prepare(history(40), rng)
    chances = np.random.default_rng(99).random((passes * len(history(40).observations), 2)).tolist()
    return [alter(o, size, *pair) for o, pair in zip(history(40).observations * passes, chances, strict=True)]


def share(observations, series, such):
    mine = [o.fingerprint for o in observations if o.series == series]
    return sum(map(such, mine)) / len(mine)


def total_variation(p, q):
    return sum(abs(p.get(k, 0) - q.get(k, 0)) for k in p.keys() | q.keys()) / 2


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.name)
def test_nothing_happens_at_size_nothing(change):
    assert changed(change.name, 0.0, passes=1) == list(history(40).observations)


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.name)
def test_sizes_ascend_and_are_nested(change):
    assert list(change.sizes) == sorted(set(change.sizes))
    small, large = (changed(change.name, size, passes=1) for size in change.sizes[-3:-1])
    before = history(40).observations
    moved = [s.fingerprint != o.fingerprint for s, o in zip(small, before, strict=True)]
    also = [b.fingerprint != o.fingerprint for b, o in zip(large, before, strict=True)]
    assert any(moved)
    if change.name != "longer":  # grows each reply further
        assert all(b.fingerprint == s.fingerprint for s, b, m in zip(small, large, moved, strict=True) if m)
    assert all(later for earlier, later in zip(moved, also, strict=True) if earlier)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("size", [0.05, 0.2])
def test_shifted_moves_the_shares_by_just_that_total_variation(seed, size):
    before, after = choices(history(40).observations), choices(changed("shifted", size, seed))
    assert total_variation(before, after) == pytest.approx(size, abs=0.02)
    assert after.keys() <= before.keys()


def test_shifted_leaves_a_probe_of_one_answer_alone():
    assert choices(changed("shifted", 0.8), FIXED) == {"4": 1.0}


@pytest.mark.slow
def test_elsewhere_takes_that_share_and_may_answer_what_was_never_seen():
    unseen = [
        choices(changed("elsewhere", 1.0, seed, passes=1), FIXED).get("(an answer never seen)", 0.0)
        for seed in range(20)
    ]
    assert min(unseen) < 0.2 < 0.8 < max(unseen)  # Jeffreys' prior prefers the ends
    most = int(np.argmax(unseen))
    part = choices(changed("elsewhere", 0.2, most), FIXED).get("(an answer never seen)", 0.0)
    assert part == pytest.approx(0.2 * unseen[most], abs=0.03)


@pytest.mark.slow
def test_elsewhere_answers_under_the_same_name():
    other = history(12)
    named = [observe(COIN, 0, print_of("heads", 5, model="m-2"))]
    alter = BY_NAME["elsewhere"].prepare(other, np.random.default_rng(0))
    for which in (0.01, 0.5, 0.99):
        assert alter(named[0], 1.0, 0.0, which).fingerprint.categories["identity.model"] == "m-2"


def test_longer_lengthens_prose_and_leaves_choices_alone():
    after = changed("longer", 0.5, passes=1)
    for old, new in zip(history(40).observations, after, strict=True):
        ratio = new.fingerprint.numbers["text.characters"] / old.fingerprint.numbers["text.characters"]
        assert ratio == pytest.approx(1.5 if old.series == PROSE else 1.0, abs=0.02)
        assert old.fingerprint.categories == new.fingerprint.categories


def test_refusing_adds_refusals_that_are_read_like_real_ones():
    after = changed("refusing", 0.2)
    for series in PROBES:
        assert share(after, series, lambda f: f.categories["refusal.refused"] == "yes") == pytest.approx(0.2, abs=0.03)
    refused = next(o.fingerprint for o in after if o.fingerprint.categories["refusal.refused"] == "yes")
    assert refused.categories["text.choice"] == "I'm"
    assert refused.categories["identity.model"] == "m-1"
    broken = share(after, PROSE, lambda f: f.categories["expectation.all"] == "fail")
    assert broken == pytest.approx(share(history(40).observations, PROSE, lambda f: f.categories["expectation.all"] == "fail")
                                   * 0.8 + 0.2, abs=0.03)  # fmt: skip


def test_what_was_refused_already_stays_and_the_rate_rises_by_the_points():
    made = [observe(COIN, k, print_of("heads", 5)) for k in range(2)]
    made[0].fingerprint.categories["refusal.refused"] = "yes"
    half = type(history(40))(
        (history(40).rounds[0].__class__("0", "bot", None, tuple(made)),), ((0,),), history(40).memory
    )
    alter = BY_NAME["refusing"].prepare(half, np.random.default_rng(0))
    assert alter(made[0], 0.5, 0.0, 0.0) is made[0]
    answered = [alter(made[1], 0.25, whether, 0.0) is made[1] for whether in np.linspace(0, 0.999, 100)]
    assert np.mean(answered) == pytest.approx(0.5, abs=0.02)  # half of the other half: a quarter more of all


def test_failing_raises_the_share_by_the_points_and_touches_nothing_unchecked():
    fails = lambda f: f.categories.get("expectation.all") == "fail"  # noqa: E731
    after = changed("failing", 0.2)
    assert share(after, PROSE, fails) == pytest.approx(share(history(40).observations, PROSE, fails) + 0.2, abs=0.02)
    assert not any("expectation.all" in o.fingerprint.categories for o in after if o.series == COIN)
