"""The e-detector: against its slow twin, against its own bound, and in what it remembers."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.judging.statistic import bets, edetector
from prober.judging.statistic.bets import TEMPERED, WEIGHTS
from prober.judging.statistic.edetector import begin, extend, steps
from prober.judging.statistic.learning import learn
from prober.judging.statistic.null import CLASS_PRIOR, NullStack
from prober.judging.statistic.onsets import ONSETS, Onsets, OnsetStack
from prober.judging.statistic.onsets import thinned as thinned_stack
from prober.judging.statistic.readings import Table
from tests.judging.tables import (
    LABELS,
    equal_rounds,
    every_round,
    log_classes,
    random_table,
    small_world,
    step,
    table_of,
)
from tests.judging.twin import Twin


@pytest.fixture
def all_classes(monkeypatch):
    """Alternatives tried with every class, not with the likeliest only."""
    monkeypatch.setattr(edetector, "LEADING", len(CLASS_PRIOR))


@pytest.mark.usefixtures("all_classes")
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))])
def test_fast_and_slow_agree_on_every_round(seed: int) -> None:
    still, rng, widths = small_world(seed)
    state, twin = begin(still), Twin(still)
    for label in LABELS[: min(ONSETS, 5)]:
        table = random_table(rng, widths, least=1)
        state = step(state, table, label)
        twin.step(table.counts(still.base.shape[1]).astype(int).tolist())
        assert state.log_e == pytest.approx(twin.log_e, rel=1e-6, abs=1e-7)
        np.testing.assert_allclose(state.null.base, twin.base, rtol=1e-7)
        np.testing.assert_allclose(state.null.classes, twin.pi, rtol=1e-6)
        for i, onset in enumerate(twin.onsets):
            np.testing.assert_allclose(state.onsets.log_capital[i], np.log(onset["capital"]), rtol=1e-6, atol=1e-7)
            np.testing.assert_allclose(state.onsets.seen[i], onset["seen"], rtol=1e-6, atol=1e-12)


@pytest.mark.slow
def test_channels_stepped_together_are_what_each_is_alone() -> None:
    """Whatever their widths, repeats and numbers of onsets; a channel without a reply stays as it was."""
    worlds = [small_world(seed) for seed in range(4)]
    alone = [begin(still) for still, _, _ in worlds]
    assert len({state.null.base.shape for state in alone}) > 1
    alone[1] = step(alone[1], random_table(np.random.default_rng(1), worlds[1][2], least=1), "earlier")
    alone[2] = replace(alone[2], null=replace(alone[2].null, repeats=alone[2].null.repeats[:-2]))
    alone[2] = replace(alone[2], null=replace(alone[2].null, classes=alone[2].null.classes[:-2]))
    together = list(alone)
    for i, label in enumerate(LABELS[: ONSETS + 3]):
        tables = [random_table(rng, widths, least=1) for _, rng, widths in worlds]
        tables[3] = Table.of([], len(worlds[3][2])) if i == 2 else tables[3]
        alone = [step(state, table, label) for state, table in zip(alone, tables, strict=True)]
        together = steps(together, tables, label)
        for one, other in zip(alone, together, strict=True):
            assert other.rounds == one.rounds
            assert other.onsets.labels == one.onsets.labels
            for mine, its in (
                (one.null.base, other.null.base),
                (one.null.classes, other.null.classes),
                (one.onsets.seen, other.onsets.seen),
                (one.onsets.log_capital, other.onsets.log_capital),
            ):
                np.testing.assert_allclose(its, mine, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", [0, 5, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4))])
def test_probabilities_of_all_rounds_sum_to_one_in_every_alternative_and_class(seed: int) -> None:
    still, rng, widths = small_world(seed)
    state = begin(still)
    for label in LABELS[:3]:
        state = step(state, random_table(rng, widths, least=1), label)
    everything = np.arange(len(CLASS_PRIOR))[None]
    null = NullStack.of([state.null])
    onsets = OnsetStack.of([state.onsets], [state.rounds], null, np.array([edetector.unit(still)]), LABELS[3])
    since = onsets.mean, onsets.support, onsets.seen
    total = sum(
        np.exp(bets.log_alternatives(null, *since, table, everything, everything >= 0))
        for table in every_round(widths, 2 if len(widths) < 3 else 1)
    )
    assert np.shape(total) == (4, 1, len(WEIGHTS), len(CLASS_PRIOR))
    np.testing.assert_allclose(total, 1.0, rtol=1e-9)


def expected_e(state, widths):
    """E[R_{t+1}] when the next round, of two replies a row, is drawn from the null; by enumeration."""
    return sum(
        exp(np.logaddexp.reduce(log_classes(state.null, table)) + step(state, table, "9999").log_e)
        for table in every_round(widths, 2)
    )


@pytest.mark.usefixtures("all_classes")
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2))])
def test_before_tempering_every_bet_of_every_onset_is_fair(seed: int) -> None:
    """E[alternative / null] = 1 under the null, by enumeration, after other rounds and such as repeat each other."""
    still, rng, widths = small_world(seed, most_rows=2)
    state = begin(still)
    again = random_table(rng, widths, least=1)
    for label in LABELS[:4]:
        state = step(state, again if int(label) % 2 else random_table(rng, widths, least=1), label)
    ours = state.null.classes[: len(CLASS_PRIOR)].sum() / state.null.classes.sum()
    assert 0.5 < ours < 1.0, "some belief is in outliers and repeats"
    before = np.concatenate([state.onsets.log_capital, np.log(edetector.unit(still) * WEIGHTS)[None]])
    fair = sum(
        np.exp(np.logaddexp.reduce(log_classes(state.null, table)))
        * np.exp((step(state, table, "9999").onsets.log_capital - before) / np.where(TEMPERED, ours**2, 1.0))
        for table in every_round(widths, 2)
    )
    np.testing.assert_allclose(fair, 1.0, rtol=1e-9)


@pytest.mark.usefixtures("all_classes")
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2))])
def test_a_round_of_the_null_adds_at_most_one_to_r(seed: int) -> None:
    """R_t - t is a supermartingale, of which Theorem 2.4 makes the bound; it stays one where onsets are dropped."""
    still, rng, widths = small_world(seed, most_rows=2)
    state = begin(still)
    put = edetector.unit(still)
    assert put < 1.0
    assert 0.97 * put < expected_e(state, widths) <= put * (1 + 1e-9), "what tempering costs"
    for label in LABELS[: ONSETS + 3]:
        state = step(state, random_table(rng, widths, least=1), label)
    assert len(state.onsets.labels) == ONSETS
    most = exp(state.log_e) + put
    assert 0.97 * most < expected_e(state, widths) <= most * (1 + 1e-9)


@pytest.mark.parametrize("seed", [6, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 1, 2, 3))])
def test_the_classes_left_out_as_shipped_make_no_difference(seed: int) -> None:
    """Which classes lead depends on the round, so the bound is not exact; a round adds no more than one part in 50."""
    still, rng, widths = small_world(seed, most_rows=2)
    state = begin(still)
    for label in LABELS[:4]:
        before = exp(state.log_e)
        assert before < expected_e(state, widths) <= (before + edetector.unit(still)) * 1.02
        state = step(state, random_table(rng, widths, least=1), label)


def usual(state) -> float:
    """Belief in rounds that are neither strange nor a repetition."""
    return state.null.classes[: len(CLASS_PRIOR)].sum() / state.null.classes.sum()


@pytest.mark.usefixtures("all_classes")
def test_the_likelier_a_change_the_less_the_null_learns_of_it() -> None:
    state, learnt = begin(equal_rounds(((4, 0, 0),), rounds=12)), []
    for label in LABELS[:12]:
        after = step(state, table_of(((0, 4, 0),)), label)
        learnt.append(after.null.classes.sum() - state.null.classes.sum())
        state = after
    ratio = exp(state.onsets.log_ratio.max())
    assert ratio > edetector.DOUBT
    assert learnt[-1] == pytest.approx(edetector.DOUBT / (ratio + edetector.DOUBT), rel=1e-6), "rounds"
    assert learnt == sorted(learnt, reverse=True)


def test_where_rounds_repeat_each_other_a_change_is_less_telling() -> None:
    """Days of two kinds: a third kind is evidence, but less than where every day was like every other."""
    shape = np.full((3, 2), 0.5), np.zeros((3, 2)), np.zeros((3, 2), dtype=bool)
    even, odd = table_of(((4, 0), (0, 4), (4, 0))), table_of(((0, 4), (4, 0), (0, 4)))
    level = table_of(((2, 2), (2, 2), (2, 2)))
    clumped, free = (begin(learn(tables, *shape)) for tables in ([even, odd] * 5, [level] * 10))
    assert usual(clumped) < usual(free) - 0.2
    changed = table_of(((4, 0), (4, 0), (4, 0)))
    for label in LABELS[:5]:
        clumped, free = step(clumped, changed, label), step(free, changed, label)
    assert clumped.log_e < free.log_e - log(3)


@pytest.mark.slow
@given(st.lists(st.booleans(), min_size=1, max_size=4))
def test_alternatives_never_expect_less_that_is_new_than_the_null(has_new) -> None:
    rng = np.random.default_rng(len(has_new))
    rows, wide = len(has_new), 3
    novel = np.array([[False, False, new] for new in has_new])
    still = replace(equal_rounds(((4, 2, 2),) * rows), novel=novel, base=rng.dirichlet(np.ones(wide), rows) * 9)
    mean = rng.dirichlet(np.ones(wide), (5, rows))
    cautious = bets.no_less_new(mean, still)
    np.testing.assert_allclose(cautious.sum(axis=-1), 1.0)
    assert (cautious[:, novel] >= still.mean[novel] - 1e-12).all()
    np.testing.assert_allclose(cautious[:, ~np.array(has_new)], mean[:, ~np.array(has_new)])


def test_a_round_without_replies_changes_nothing() -> None:
    state = begin(equal_rounds(((6, 2),)))
    assert step(state, Table.of([], 1), "0") is state


def test_nothing_is_said_before_the_first_round() -> None:
    state = begin(equal_rounds(((6, 2),)))
    assert state.log_e == -np.inf
    assert state.best is None
    assert state.rounds == 0


def two_rows(before, after, seed=0):
    """Rounds of two rows of four replies each; their favourite answer changes."""
    rng = np.random.default_rng(seed)
    for i in range(before + after):
        p = 0.8 if i < before else 0.2
        yield Table.of([(row, int(rng.random() > p)) for row in range(2) for _ in range(4)], 2)


@pytest.mark.parametrize("seed", range(3))
def test_a_clear_change_is_dated_and_nothing_is_said_before_it(seed: int) -> None:
    tables = list(two_rows(28, 8, seed))
    shape = np.full((2, 2), 0.5), np.tile([0.0, 1.0], (2, 1)), np.zeros((2, 2), dtype=bool)
    state = begin(learn(tables[:8], *shape))
    said = []
    for i, table in enumerate(tables[8:], start=8):
        state = step(state, table, LABELS[i])
        said.append(state.log_e)
    assert max(said[:20]) < log(200) < said[-1]
    assert state.best is not None
    assert abs(int(state.onsets.labels[state.best]) - 28) <= 2


@pytest.mark.slow
def test_memory_is_constant_in_size_after_a_thousand_rounds() -> None:
    rng = np.random.default_rng(5)
    state = begin(equal_rounds(((2, 1), (1, 2))))
    sizes = set()
    for i in range(1000):
        state = step(state, Table.of([(row, int(rng.random() < 0.5)) for row in range(2)], 2), LABELS[i])
        if i >= ONSETS:
            arrays = [state.null.base, state.null.classes, state.null.repeats, state.onsets.seen, state.onsets.support]
            sizes.add((len(state.onsets.labels), *(array.shape for array in arrays)))
    assert len(sizes) == 1
    assert state.rounds == 1000
    assert np.isfinite(state.log_e)
    assert np.isfinite(state.null.base).all()
    # Units put in are not made out of nothing: an heir was the likelier, so its units grow by no more than it took over.
    assert state.onsets.mass.sum() <= 1000 * (1 + 1e-9)


def onsets_of(capitals, born=None):
    """Onsets with these capitals, a list of alternatives each, born in successive rounds."""
    n = len(capitals)
    born = list(range(n)) if born is None else born
    ones = np.ones((n, 1, 2))
    return Onsets(
        labels=tuple(str(b) for b in born),
        born=np.array(born, dtype=np.int64),
        mass=np.ones(n),
        log_capital=np.log(np.array(capitals, dtype=float)),
        mean=ones / 2,
        support=np.ones((n, 1)),
        seen=ones * np.array(born)[:, None, None],
    )


def thinned(onsets: Onsets) -> Onsets:
    """Onsets of one channel, one dropped after the other."""
    stack = OnsetStack(
        labels=[onsets.labels],
        born=onsets.born[:, None],
        mass=onsets.mass[:, None],
        log_capital=onsets.log_capital[:, None],
        mean=onsets.mean,
        support=onsets.support,
        seen=onsets.seen,
    )
    while len(stack.born) > ONSETS:
        stack, likeliest = thinned_stack(stack, np.zeros(1, dtype=np.int64))
        assert likeliest[0] == pytest.approx(single(stack).log_ratio.max())
    return single(stack)


def single(stack) -> Onsets:
    """What is held of the only channel."""
    return Onsets(
        labels=stack.labels[0],
        born=stack.born[:, 0],
        mass=stack.mass[:, 0],
        log_capital=stack.log_capital[:, 0],
        mean=stack.mean,
        support=stack.support,
        seen=stack.seen,
    )


@pytest.mark.slow
@given(st.lists(st.lists(st.floats(1e-9, 1e9), min_size=3, max_size=3), min_size=1, max_size=ONSETS + 6))
def test_dropping_onsets_neither_makes_nor_loses_capital(capitals) -> None:
    onsets = onsets_of(capitals)
    kept = thinned(onsets)
    assert len(kept.labels) == min(len(capitals), ONSETS)
    assert np.exp(kept.log_capital).sum() == pytest.approx(np.exp(onsets.log_capital).sum(), rel=1e-9)
    assert kept.mass.sum() <= len(capitals) * (1 + 1e-9)
    own = dict(zip(onsets.labels, onsets.log_ratio, strict=True))
    for label, ratio, born, seen in zip(kept.labels, kept.log_ratio, kept.born, kept.seen, strict=True):
        assert ratio == pytest.approx(own[label], abs=1e-6), "an heir's ratio stays its own"
        assert int(label) == born == seen[0, 0], "what belongs together is dropped together"
    assert list(kept.born) == sorted(kept.born)


def test_the_newest_onsets_are_exact_and_what_wins_is_not_dropped_for_what_does_not() -> None:
    onsets = onsets_of([[1.0]])
    for born in range(1, 200):
        new = onsets_of([[1e6 if born == 90 else 1.0]], [born])
        joined = {
            name: np.concatenate([getattr(onsets, name), getattr(new, name)])
            for name in ("born", "mass", "log_capital", "mean", "support", "seen")
        }
        onsets = thinned(Onsets(labels=(*onsets.labels, str(born)), **joined))
    assert list(onsets.born[-2:]) == [198, 199]
    assert 90 in onsets.born
    assert onsets.born[0] < 150, "old onsets are remembered too"
    assert onsets.mass.sum() <= 200 * (1 + 1e-9)


def test_rows_that_come_later_share_in_nothing_won_before() -> None:
    state = step(begin(equal_rounds(((6, 2),))), table_of(((0, 4),)), "0")
    later = equal_rounds(((1, 1, 1), (2, 0, 1)), novel=True)
    both = extend(state, later)
    assert both.log_e == pytest.approx(state.log_e)
    assert both.rounds == state.rounds
    assert both.onsets.seen[0, 1:].sum() == 0
    np.testing.assert_allclose(both.onsets.mean[0].sum(axis=1), 1.0)
    np.testing.assert_array_equal(both.onsets.support[0], [*state.onsets.support[0], *later.support])


def test_a_changed_row_is_evidence_also_where_it_came_later() -> None:
    both = extend(begin(equal_rounds(((6, 2),))), equal_rounds(((2, 6), (1, 7))))
    same, changed = table_of(((3, 1), (1, 3), (0, 4))), table_of(((3, 1), (4, 0), (4, 0)))
    quiet, moved = both, both
    for label in LABELS[:12]:
        quiet, moved = step(quiet, same, label), step(moved, changed, label)
    assert moved.log_e > quiet.log_e + log(20)


@pytest.mark.parametrize(
    ("replies", "rows"),
    [(10, 4), *(pytest.param(*large, marks=pytest.mark.slow) for large in ((1000, 1), (1000, 4), (5000, 1)))],
)
def test_evidence_stays_finite_however_large_a_change_and_however_many_replies(replies: int, rows: int) -> None:
    """Hourly rounds judged by days have hundreds of replies in a step; a shift of their logits overflows a double."""
    answers = [table_of(((*[0] * c, replies, *[0] * (2 - c)),) * rows) for c in range(3)]
    state = begin(equal_rounds(((replies, 0, 0),) * rows, rounds=8))
    largest = state.log_e
    for i, answer in enumerate([1] * 12 + [2] * 12 + [0] * 6):
        state = step(state, answers[answer], LABELS[i])
        largest = max(largest, state.log_e)
        held = (state.null.base, state.null.classes, state.onsets.log_capital, state.onsets.mass, state.onsets.seen)
        assert all(np.isfinite(array).all() for array in held)
        assert np.isfinite(state.log_e)
    assert largest > log(10.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_evidence_stays_finite_in_extreme_worlds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, wide = int(rng.integers(1, 5)), int(rng.integers(2, 14))
    novel = np.zeros((rows, wide), dtype=bool)
    novel[:, -1] = seed % 2

    def answers(concentration):
        shares = rng.dirichlet(np.full(wide, concentration), rows)
        return lambda replies: table_of([rng.multinomial(replies, share).tolist() for share in shares])

    before = answers(0.1)
    reference = [before(int(10 ** (seed % 4))) for _ in range(6)]
    state = begin(learn(reference, np.full((rows, wide), 0.05), np.tile(np.arange(float(wide)), (rows, 1)), novel))
    for change in range(3):
        after = answers(0.01 * 10**change)
        for i in range(6):
            state = step(state, after(1000), LABELS[10 * change + i])
            assert np.isfinite(state.log_e)
            assert np.isfinite(state.onsets.log_capital).all()
            assert np.isfinite(state.onsets.seen).all()
