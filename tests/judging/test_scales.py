"""Scales: few categories, learnt from the reference, that an unchanged world fills as they were learnt to be filled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.judging.statistic.readings import cosine
from prober.judging.statistic.scales import ATOMS, FEW, NAMED, learn

names = st.sampled_from(["red", "green", "blue", "", "<!channel>", "a\x00b", "a very long answer", "8", "9"])
numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
vectors = st.tuples(*[st.floats(-10, 10)] * 3)


def reference_of(readings):
    return st.lists(st.lists(readings, max_size=4), min_size=1, max_size=12).filter(any)


references = st.one_of(reference_of(names), reference_of(numbers), reference_of(vectors))


@pytest.mark.slow
@given(references)
def test_a_scale_is_whole_and_every_reading_of_the_reference_has_a_category_that_is_not_new(rounds) -> None:
    scale, categories = learn(rounds)
    assert len(scale.labels) == len(scale.prior) == len(scale.score) <= max(NAMED + 2, ATOMS + 1)
    assert all(p > 0 for p in scale.prior)
    assert np.isfinite(scale.score).all()
    assert [len(c) for c in categories] == [len(readings) for readings in rounds]
    flat = [category for by_round in categories for category in by_round]
    assert all(category is None or 0 <= category < len(scale.prior) for category in flat)
    assert scale.novel is None or scale.novel not in flat


@pytest.mark.slow
@given(reference_of(names) | reference_of(numbers))
def test_names_and_numbers_seen_before_keep_their_category(rounds) -> None:
    scale, categories = learn(rounds)
    for readings, by_round in zip(rounds, categories, strict=True):
        where = tuple(scale.index(x, scale.number(x)) for x in readings)
        assert by_round in (where, (None,) * len(readings))


@given(reference_of(names), st.text())
@pytest.mark.slow
def test_every_name_has_a_category_and_only_unseen_ones_are_new(rounds, name) -> None:
    scale, categories = learn(rounds)
    index = scale.index(name, scale.number(name))
    counted = {x for readings, by_round in zip(rounds, categories, strict=True)
               for x, category in zip(readings, by_round, strict=True) if category is not None}  # fmt: skip
    assert scale.number(name) is None
    if index == scale.novel:
        assert name not in counted
    if name not in scale.names:
        assert index == len(scale.names)
    assert 0 <= index < len(scale.labels)


@pytest.mark.slow
@given(reference_of(names))
def test_rounds_that_choose_the_names_are_the_first_and_do_not_count(rounds) -> None:
    scale, categories = learn(rounds)
    chose = [i for i, by_round in enumerate(categories) if None in by_round]
    if len({x for readings in rounds for x in readings}) <= FEW:
        assert not chose, "there is no choice"
    else:
        assert chose == [i for i in range(max(chose) + 1) if rounds[i]]
        assert 3 * (len(chose) - 1) < sum(map(bool, rounds)), "a third of those with a reading, at most"
        assert set(scale.names) <= {x for i in chose for x in rounds[i]}


@pytest.mark.slow
@given(reference_of(numbers), st.floats(allow_nan=False))
def test_every_number_has_a_category(rounds, number) -> None:
    scale, _ = learn(rounds)
    assert 0 <= scale.index(number, scale.number(number)) < len(scale.labels)


@pytest.mark.slow
@given(reference_of(vectors), vectors)
def test_every_vector_has_a_category(rounds, vector) -> None:
    scale, _ = learn(rounds)
    distance = scale.number(vector)
    assert distance is not None
    assert -1e-9 <= distance <= 2 + 1e-9
    assert 0 <= scale.index(vector, distance) < len(scale.labels)


@given(st.lists(numbers, min_size=1, max_size=40, unique=True))
def test_bins_rise_with_the_number(values) -> None:
    scale, _ = learn([values])
    if scale.edges:
        placed = [scale.index(x, x) for x in sorted(values)]
        assert placed == sorted(placed)
        assert set(placed) == set(range(len(scale.labels))), "no bin is empty in the reference"
        assert not set(scale.edges) & set(values), "an edge on a value would make a bin of whoever ties with it"


def test_few_names_have_a_category_each_the_commonest_first() -> None:
    scale, categories = learn([["b"] * 5, ["a"] * 9, ["c"], ["d"]])
    assert scale.names == ("a", "b", "c", "d")
    assert scale.labels == ("a", "b", "c", "d", "(other)")
    assert categories == ((1,) * 5, (0,) * 9, (2,), (3,))
    assert scale.index("never", None) == scale.novel == 4
    assert set(scale.score) == {0.0}, "names stand in no order"


def test_of_many_names_the_common_ones_are_distinguished_and_the_rest_is_lumped() -> None:
    chatter = [f"n{i}" for i in range(30)]
    rounds = [["a"] * 6 + ["b"] * 4 + chatter[2 * i : 2 * i + 2] for i in range(15)]
    scale, categories = learn(rounds)
    assert scale.names == ("a", "b")
    assert scale.labels == ("a", "b", "(other)")
    assert categories[:5] == ((None,) * 12,) * 5, "which chose"
    assert categories[5:] == ((0,) * 6 + (1,) * 4 + (2, 2),) * 10
    assert scale.novel is None, "others come and go"
    assert scale.index("never", None) == scale.index("n29", None) == 2


def test_what_is_distinguished_is_worth_an_eightieth_of_the_replies_or_is_the_commonest() -> None:
    names_of = [["a"] * 90 + ["b"] * 6 + ["c"] * 2 + ["d"] + [f"{r}-{k}" for k in range(5)] for r in range(6)]
    assert learn(names_of)[0].names == ("a", "b", "c"), "d came twice in 208 replies"
    assert learn([[f"n{i}" for i in range(100)] * 3] * 3)[0].names == ("n0",), "nothing is common"


def test_at_most_so_many_names_are_distinguished() -> None:
    scale, _ = learn([[f"n{i}" for i in range(20)] * 3] * 6)
    assert len(scale.names) == NAMED


def test_replies_enough_choose_and_more_of_them_do_not() -> None:
    _, categories = learn([[f"n{i}" for i in range(10)] * 20] * 12)
    assert [None in by_round for by_round in categories] == [True, True] + [False] * 10, "400 of them"


def test_names_that_were_chosen_are_no_rarer_afterwards_than_the_reference_says() -> None:
    """Of 40 equally common names the commonest few by chance; in rounds that chose them they would look commoner."""
    rng = np.random.default_rng(4)
    gap = []
    for _ in range(200):
        scale, categories = learn([[f"n{i}" for i in rng.integers(40, size=10)] for _ in range(12)])
        counted = [category for by_round in categories for category in by_round if category is not None]
        gap.append(np.mean([category < len(scale.names) for category in counted]) - len(scale.names) / 40)
    assert np.mean(gap) == pytest.approx(0.0, abs=3 * np.std(gap) / np.sqrt(len(gap)))


def test_what_came_once_makes_what_never_came_likelier() -> None:
    settled, open_ended = learn([["a", "a", "b", "b"]])[0], learn([["a", "a", "b", "c"]])[0]
    assert open_ended.prior[-1] > settled.prior[-1]


def test_a_few_numbers_that_come_again_and_again_are_kept_as_they_are() -> None:
    scale, categories = learn([[4.0, 7.0]] * 6)
    assert scale.atoms == (4.0, 7.0)
    assert categories == ((0, 1),) * 6
    assert scale.index(5.0, 5.0) == scale.novel == 2
    assert scale.mean == pytest.approx(5.5)


def test_one_number_is_an_atom_even_if_it_came_once() -> None:
    assert learn([[4.0]])[0].atoms == (4.0,)


def test_numbers_that_came_once_are_binned_since_more_of_them_are_to_come() -> None:
    scale, _ = learn([[float(x)] for x in (3, 4, 5, 6)])
    assert scale.novel is None
    assert scale.edges


def test_numbers_that_can_only_take_known_values_have_them_seen_or_not() -> None:
    scale, categories = learn([[0.0], [0.0]], atoms=(0.0, 1.0))
    assert scale.atoms == (0.0, 1.0)
    assert categories == ((0,), (0,))
    assert scale.index(1.0, 1.0) == 1


def test_one_value_that_dominates_does_not_hide_what_lies_beyond_it() -> None:
    scale, _ = learn([[5.0]] * 7 + [[9.0]])
    assert scale.index(5.0, 5.0) != scale.index(40.0, 40.0)


def test_the_same_vectors_again_keep_their_category() -> None:
    a, b = (1.0, 0.0, 0.2), (0.0, 1.0, 0.3)
    scale, categories = learn([[a], [b], [a], [a], [b], [a]])
    assert categories == ((0,), (1,), (0,), (0,), (1,), (0,))
    assert [scale.index(v, scale.number(v)) for v in (a, b)] == [0, 1]
    assert scale.index((-1.0, 0.1, 0.0), scale.number((-1.0, 0.1, 0.0))) == scale.novel


def test_a_vector_is_held_against_rounds_other_than_its_own() -> None:
    """What helped to place the centre is nearer to it than a new vector will be; the reference must not look nearer."""
    rng = np.random.default_rng(0)
    share = []
    for _ in range(40):
        drawn = rng.normal(0, 1, (60, 64)) + 0.3
        new = [tuple(map(float, v)) for v in drawn[10:]]
        scale, categories = learn([[tuple(map(float, v))] for v in drawn[:10]])
        top = len(scale.prior) - 1
        share.append(
            (
                np.mean([by_round[0] == top for by_round in categories]),
                np.mean([scale.index(v, scale.number(v)) == top for v in new]),
            )
        )
    learnt, met = np.mean(share, axis=0)
    assert learnt == pytest.approx(met, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("values", [4, 6, 9, 30, 10_000])
@pytest.mark.parametrize("replies", [8, 16, 48])
def test_a_still_world_fills_bins_as_the_reference_says(values: int, replies: int) -> None:
    """Averaged over references, the predictive of every bin is its true share; else many series would seem to move."""
    rng = np.random.default_rng(values + replies)
    gap = []
    for _ in range(300):
        drawn = [float(x) for x in rng.integers(values, size=replies)]
        scale, categories = learn([[x] for x in drawn])
        if scale.atoms:
            continue
        counts = np.bincount([c for (c,) in categories], minlength=len(scale.prior)) + np.array(scale.prior)
        truth = np.bincount(np.searchsorted(scale.edges, np.arange(values), side="right"), minlength=len(scale.prior))
        gap.append((counts / counts.sum() - truth / values)[[0, -1]])
    if len(gap) >= 50:
        np.testing.assert_allclose(np.mean(gap, axis=0), 0.0, atol=0.045)
    else:
        assert values <= 6, "many values are no atoms"


def test_vectors_of_nothing_have_a_distance_too() -> None:
    scale, _ = learn([[(0.0, 0.0)], [(0.0, 0.0)]])
    assert scale.number((0.0, 0.0)) == scale.number((1.0, 1.0)) == 1.0


def test_a_scale_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one reading"):
        learn([[], []])


def test_distances_are_rounded_so_that_floating_point_makes_no_category() -> None:
    assert cosine(np.array([1.0, 1e-9]), np.array([1.0, 0.0])) == 0.0
