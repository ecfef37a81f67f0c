"""The unchanged world: a probability over rounds, learnt from a reference, that no reply enters twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.judging.statistic import learning, null
from prober.judging.statistic.learning import absorb, extend, learn
from prober.judging.statistic.null import CLASS_PRIOR, CLASS_STRENGTH, NullStack
from prober.judging.statistic.readings import Table, posterior
from tests.judging.tables import equal_rounds, every_round, log_classes, random_table, small_world, table_of
from tests.judging.twin import Twin, kappa


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_classes_agree_with_the_slow_twin(seed: int) -> None:
    still, rng, widths = small_world(seed)
    twin = Twin(still)
    for _ in range(3):
        table = random_table(rng, widths, least=1)
        slow = np.log(twin.null(table.counts(still.base.shape[1]).astype(int).tolist()))
        np.testing.assert_allclose(log_classes(still, table), slow, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_probabilities_of_all_rounds_sum_to_one_in_every_class(seed: int) -> None:
    still, _, widths = small_world(seed)
    total = sum(np.exp(log_classes(still, table)) for table in every_round(widths, 2 if len(widths) < 3 else 1))
    np.testing.assert_allclose(total, still.classes / still.classes.sum(), rtol=1e-9)


@given(st.floats(0, 1e9), st.floats(0.01, 1e6))
def test_scatter_and_ignorance_add_up(s: float, c: float) -> None:
    """The concentration is below either strength alone: neither can hide the other."""
    assert -1e-6 <= kappa(s, c) <= min(s, c) * (1 + 1e-6) + 1e-6


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=12), st.randoms())
def test_the_order_of_replies_is_no_evidence(outcomes, random) -> None:
    still = equal_rounds(((3, 1, 0, 1), (1, 1, 1, 1), (0, 2, 2, 0)))
    reordered = random.sample(outcomes, len(outcomes))
    given_, other = (log_classes(still, Table.of(pairs, 3)) for pairs in (outcomes, reordered))
    np.testing.assert_allclose(given_, other, rtol=1e-9)


def test_many_replies_of_one_row_do_not_underflow() -> None:
    still = equal_rounds(((5, 1), (5, 1)))
    assert np.isfinite(log_classes(still, table_of(((0, 3000), (0, 3000))))).all()


@pytest.mark.parametrize("seed", range(4))
def test_every_reference_round_is_in_some_class_and_no_reply_counts_more_than_once(seed: int) -> None:
    still, _, _ = small_world(seed)
    prior = CLASS_PRIOR.sum() + null.OUTLIER_PRIOR + null.REPEAT_PRIOR
    assert still.classes.sum() == pytest.approx(prior + 5)
    assert (still.classes[: len(CLASS_PRIOR)] >= CLASS_PRIOR).all()
    assert (still.base[still.valid] > 0).all()
    assert not still.base[~still.valid].any()
    np.testing.assert_allclose(still.mean.sum(axis=1), 1.0)
    most = 0.5 * still.valid.sum(axis=1) + 5 * 4
    assert (still.support <= most + 1e-9).all()


@pytest.mark.parametrize("seed", range(4))
def test_what_tilts_act_on_is_cut_and_only_where_there_is_a_category(seed: int) -> None:
    still, _, _ = small_world(seed)
    assert (np.abs(still.score) <= 3.0).all()
    assert not still.score[:, ~still.valid].any()


def test_scores_have_mean_zero_and_variance_one_under_the_reference() -> None:
    still = equal_rounds(((5, 3, 4, 2),), rounds=40)
    for axis in still.score[:, 0]:
        assert still.mean[0] @ axis == pytest.approx(0.0, abs=0.02)
        assert still.mean[0] @ axis**2 == pytest.approx(1.0, abs=0.05)


def test_a_row_whose_answers_are_equally_common_has_no_sharpness() -> None:
    np.testing.assert_allclose(equal_rounds(((4, 4),)).score[0], 0.0)


@pytest.mark.slow
def test_rounds_that_are_nearly_one_draw_are_recognised() -> None:
    rng = np.random.default_rng(3)
    shape = np.full((4, 2), 0.5), np.tile([0.0, 1.0], (4, 1)), np.zeros((4, 2), dtype=bool)
    alike = [[(p, int(c)) for p, c in enumerate(rng.integers(2, size=4)) for _ in range(6)] for _ in range(20)]
    apart = [[(p, int(c)) for p in range(4) for c in rng.integers(2, size=6)] for _ in range(20)]
    clumped, free = (learn([Table.of(pairs, 4) for pairs in rounds], *shape) for rounds in (alike, apart))
    independent = CLASS_STRENGTH.max() == CLASS_STRENGTH
    shares = [still.classes[: len(CLASS_PRIOR)][independent].sum() / still.classes.sum() for still in (clumped, free)]
    assert shares[0] < 0.2 < 0.5 < shares[1]
    assert clumped.support.sum() < free.support.sum(), "replies that are alike are worth less"


def test_a_reference_of_two_replicas_in_turn_expects_either_again() -> None:
    """Days of one kind or another: what was one of them in the reference is no surprise as a whole."""
    even, odd = table_of(((4, 0), (0, 4), (4, 0), (0, 4))), table_of(((0, 4), (4, 0), (0, 4), (4, 0)))
    mixed = table_of(((4, 0), (0, 4), (0, 4), (4, 0)))
    shape = np.full((4, 2), 0.5), np.tile([0.0, 1.0], (4, 1)), np.zeros((4, 2), dtype=bool)
    still = learn([even, odd] * 5, *shape)
    known, unknown = (np.logaddexp.reduce(log_classes(still, table)) for table in (odd, mixed))
    assert known > unknown + np.log(3)


def test_a_round_is_absorbed_once() -> None:
    still = equal_rounds(((6, 2), (1, 3)))
    table = table_of(((1, 0), (0, 0)))
    belief = posterior(log_classes(still, table))
    [after] = absorb(NullStack.of([still]), table, belief[None], np.ones(1))
    np.testing.assert_allclose(after.base - still.base, [[1, 0], [0, 0]], atol=1e-9)
    assert after.classes.sum() == pytest.approx(still.classes.sum() + 1)


def test_replies_of_one_class_are_worth_the_inverse_design_effect() -> None:
    belief, strength = np.array([[1.0], [1.0]]), np.array([[3.0], [1.0]])
    replies, channel = np.array([0.0, 1.0, 5.0, 3.0]), np.array([0, 0, 0, 1])
    np.testing.assert_allclose(learning.discount(belief, replies, strength, channel), [1.0, 1.0, 4 / 8, 2 / 4])


def test_rows_that_come_later_leave_the_old_ones_as_they_are() -> None:
    still, later = equal_rounds(((6, 2),)), equal_rounds(((1, 1, 1), (2, 0, 1)), novel=True)
    both = extend(still, later)
    assert both.base.shape == both.valid.shape == both.novel.shape == (3, 3)
    np.testing.assert_array_equal(both.base[:, :2][0], still.base[0])
    np.testing.assert_array_equal(both.base[1:], later.base)
    assert both.valid.tolist() == [[True, True, False], [True] * 3, [True] * 3]
    assert both.novel.tolist() == [[False] * 3, [False, False, True], [False, False, True]]
    assert both.classes.sum() == pytest.approx(
        still.classes.sum() + later.classes.sum() - CLASS_PRIOR.sum() - null.OUTLIER_PRIOR
    )
    np.testing.assert_allclose(both.repeats.sum(axis=-1), 1.0)
    assert len(both.repeats) == len(still.repeats) + len(later.repeats)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_probabilities_still_sum_to_one_with_rows_that_came_later(seed: int) -> None:
    (a, _, widths_a), (b, _, widths_b) = small_world(seed, 1), small_world(seed + 50, 1)
    both = extend(a, b)
    total = sum(np.exp(log_classes(both, table)) for table in every_round([*widths_a, *widths_b], 2))
    np.testing.assert_allclose(total, both.classes / both.classes.sum(), rtol=1e-9)


def test_the_mean_is_what_the_base_says() -> None:
    still = equal_rounds(((6, 2),))
    halved = replace(still, base=still.base / 2)
    np.testing.assert_allclose(halved.mean, still.mean)
    np.testing.assert_allclose(halved.support, still.support / 2)


def test_a_round_of_the_reference_is_held_against_the_others(monkeypatch) -> None:
    held_against = []

    def spy(still, table):
        held_against.append(still.base)
        return null.log_classes(still, table)

    monkeypatch.setattr(learning, "log_classes", spy)
    tables = [table_of(counts) for counts in (((4, 0),), ((0, 4),), ((1, 3),))]
    learn(tables, np.full((1, 2), 0.5), np.array([[0.0, 1.0]]), np.zeros((1, 2), dtype=bool))
    np.testing.assert_allclose(held_against[0], [[0.5 + 1, 0.5 + 7], [0.5 + 5, 0.5 + 3], [0.5 + 4, 0.5 + 4]])


@pytest.mark.parametrize("rounds", [2, 33])
def test_how_many_rounds_are_looked_at_in_one_call_changes_no_bit(rounds: int, monkeypatch) -> None:
    rng = np.random.default_rng(rounds)
    tables = [table_of(rng.multinomial(9, [0.6, 0.3, 0.1, 0.0], size=3)) for _ in range(rounds)]
    arguments = tables, np.full((3, 4), 0.25), rng.normal(size=(3, 4)), np.zeros((3, 4), dtype=bool)
    together = learn(*arguments)
    monkeypatch.setattr(learning, "TOGETHER", 1)
    one_by_one = learn(*arguments)
    for name in ("base", "classes", "score", "repeats"):
        assert getattr(together, name).tobytes() == getattr(one_by_one, name).tobytes()


def test_probabilities_whose_product_is_below_the_smallest_double_are_finite_in_logs() -> None:
    still = equal_rounds(((5, 1),) * 32)
    mean = np.tile([1.0, 1e-30], (1, 32, 1))
    independent = np.zeros((1, 1), dtype=np.int64)
    stack, table = NullStack.of([still]), table_of(((0, 1),) * 32)
    [[[found]]] = null.log_predictive(table, mean, np.full((1, 32), 1e9), stack, independent, independent == 0)
    assert found == pytest.approx(32 * np.log(1e-30))
