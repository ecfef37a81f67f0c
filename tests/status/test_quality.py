"""Quality against the days before: worse and better where counts say so, chance where they do not, the worst named."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from prober.judging.explain.counts import share_p_value
from prober.model.evidence import Fingerprint, Observation
from prober.model.reply import Reply
from prober.status.quality import quality, sentence, verdict_words
from prober.store import Store, declared
from tests.bounds import most
from tests.store.world import BILLING, CHAT, DAY, MONEY, NOW, SEARCH, SERIES, complete

SINCE, UNTIL = (NOW + 5 * DAY).date(), (NOW + 10 * DAY).date()


def answers(passed: int, of: int) -> list[Observation]:
    said = [{"expectation.all": "pass" if n < passed else "fail", "refusal.refused": "no"} for n in range(of)]
    return [
        Observation(SERIES, "money/capital", n, Reply(at=NOW, text="Paris"), Fingerprint(one, {}))
        for n, one in enumerate(said)
    ]


def asked(then: list[int], since: list[int], endpoint=BILLING, store: Store | None = None) -> Store:
    """A round of 20 replies a day, of which so many pass."""
    store = store or Store.in_memory()
    store.change(declared.remember, [MONEY, CHAT], [BILLING, SEARCH], NOW)
    for day, passed in enumerate([*then, *since]):
        complete(store, NOW + day * DAY + timedelta(hours=endpoint is SEARCH), *answers(passed, 20), endpoint=endpoint)
    return store


def test_what_got_worse_is_said_with_its_numbers_and_nothing_of_what_did_not():
    with asked([20, 19, 20, 20, 20], [12, 13, 11, 12, 14]) as store:
        (one,) = store.query(quality, "probe_set", SINCE, UNTIL)
    assert one.verdict == "worse"
    assert sentence(one) == "checks pass 62.0 % of 100 (was 99.0 % of 100)"


def test_where_nothing_was_asked_before_it_is_not_for_want_of_replies():
    with asked([20], [20]) as store:
        (first,) = store.query(quality, "owner", NOW.date(), (NOW + DAY).date())
        (second,) = store.query(quality, "owner", (NOW + DAY).date(), (NOW + 2 * DAY).date())
    assert (first.verdict, verdict_words(first)) == ("too_few", "nothing before")
    assert (second.verdict, verdict_words(second)) == ("too_few", "too few to say")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("then", "since", "verdict"),
    [
        ([12, 13, 11, 12, 14], [20, 19, 20, 20, 20], "better"),
        ([18, 19, 18, 19, 18], [19, 18, 19, 18, 18], "as_before"),
        ([20, 8, 20, 16, 20], [9, 20, 17, 20, 8], "unclear"),
        ([20], [12, 13, 11, 12, 14], "too_few"),
        ([20] * 5, [20] * 5, "as_before"),
    ],
)
def test_every_verdict(then, since, verdict):
    with asked(then, since) as store:
        begin = (NOW + len(then) * DAY).date()
        (one,) = store.query(quality, "owner", begin, begin + timedelta(days=len(then) if len(then) > 1 else 5))
    assert one.verdict == verdict


@pytest.mark.slow
def test_a_set_is_worse_where_one_of_its_endpoints_is_and_that_one_is_named():
    store = asked([20] * 5, [20] * 5)
    with asked([20] * 5, [13, 12, 13, 14, 12], SEARCH, store):
        (one,) = store.query(quality, "probe_set", SINCE, UNTIL)
        worst, fine = store.query(quality, "endpoint", SINCE, UNTIL)
    assert one.verdict == "worse"
    assert sentence(one) == "checks pass 82.0 % of 200 (was 100 % of 200); lowest at search: 64.0 % (was 100 %)"
    assert (worst.key, fine.verdict) == ("search", "as_before")


@pytest.mark.slow
def test_equal_shares_are_called_different_no_more_often_than_the_level_says():
    rng, level, times = np.random.default_rng(5), 0.01, 2_000
    days = rng.beta(30, 3, size=(times, 14))  # the shares of days scatter, as those of alike replies do
    passed = rng.binomial(20, days)
    found = 0
    for one in passed:
        sides = [np.column_stack([side, 20 - side]).astype(float) for side in (one[:7], one[7:])]
        found += share_p_value(*sides) <= level
    assert found <= most(times, 1.5 * level), found
