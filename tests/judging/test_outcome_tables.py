"""Tables of outcomes, and the two sums of logarithms beside them."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.judging.statistic.readings import Table, logsumexp, posterior


def test_a_table_counts_what_it_was_given() -> None:
    table = Table.of([(0, 2), (1, 0), (0, 2), (0, 1)], rows=3)
    assert table.counts(3).tolist() == [[0, 1, 2], [1, 0, 0], [0, 0, 0]]
    assert table.replies.tolist() == [3, 1, 0]
    assert table.nth_in_cell.tolist() == [0, 0, 1, 0]
    assert table.nth_in_row.tolist() == [0, 0, 1, 2]


def test_an_empty_table_has_rows_and_no_replies() -> None:
    table = Table.of([], rows=2)
    assert table.counts(4).shape == (2, 4)
    assert not table.counts(4).any()
    assert table.row.size == 0


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=30))
def test_every_reply_is_counted_once(outcomes) -> None:
    table = Table.of(outcomes, rows=4)
    assert table.counts(5).sum() == len(outcomes) == table.replies.sum()
    assert (table.nth_in_cell <= table.nth_in_row).all()


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6))
def test_logsumexp_is_the_logarithm_of_a_sum(x) -> None:
    assert logsumexp(np.array(x)) == pytest.approx(log(sum(exp(v) for v in x)), abs=1e-9)


def test_logsumexp_and_posterior_bear_what_exp_does_not() -> None:
    assert logsumexp(np.array([2000.0, 2000.0])) == pytest.approx(2000 + log(2))
    np.testing.assert_allclose(posterior(np.array([[-5000.0, -5000.0], [0.0, -np.inf]])), [[0.5, 0.5], [1.0, 0.0]])
