"""Exact texts: evidence where they come again, and no cost at all where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.judging.statistic.readings import RECURS, Digest, recurring
from prober.judging.statistic.scales import MUTE, learn
from prober.model.evidence import Fingerprint
from tests.judging.observed import REFERENCE, judged, observed


def texts(*rounds):
    return [[Digest(text) for text in readings] for readings in rounds]


def plain(groups):
    """Share of readings that some other group has too, in plain loops."""
    seen = [any(x in ys for j, ys in enumerate(groups) if j != i) for i, xs in enumerate(groups) for x in xs]
    return sum(seen) / len(seen) if seen else 0.0


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=4), max_size=6))
def test_what_recurs_is_what_another_round_has_too(groups) -> None:
    assert recurring(groups) == pytest.approx(plain(groups))


def test_texts_that_hardly_ever_come_again_have_a_scale_that_reads_nothing() -> None:
    scale, categories = learn(texts("ab", "cd", "ea", "fg"))
    assert scale is MUTE
    assert categories == ((0, 0),) * 4
    assert not scale.reads(Digest("a"))


def test_a_round_that_repeats_only_itself_does_not_recur() -> None:
    assert learn(texts("aaaa", "bbbb", "cccc"))[0] is MUTE


def test_half_of_them_coming_again_is_enough() -> None:
    rounds = texts("ab", "ac")
    assert recurring(rounds) == RECURS
    scale, _ = learn(rounds)
    assert scale.names == ("a", "b", "c"), "few enough to have a category each"
    assert scale.labels[0] == "text no. 1", "a digest says nothing to a person"
    assert scale.reads(Digest("never seen"))
    assert scale.index(Digest("never seen"), None) == scale.novel


def test_other_names_are_never_mute() -> None:
    assert learn([["a"], ["b"], ["c"]])[0] is not MUTE


def prints(of, rounds):
    for number in range(rounds):
        said = [Fingerprint({"text.exact": of(number, k), "text.choice": "yes"}) for k in range(2)]
        yield observed(number, {"a": said})


def test_a_probe_whose_texts_never_come_again_costs_nothing_and_says_nothing() -> None:
    _, judgements = judged(prints(lambda n, k: f"{n} {k}", REFERENCE + 20))
    assert [v.channel for v in judgements[-1].verdicts] == ["choice"], "it has no share in the evidence either"
    assert judgements[-1].e_value == pytest.approx(judgements[-1].verdicts[0].e_value)


def test_a_text_that_always_came_and_comes_no_more_is_seen_though_the_choice_stays() -> None:
    _, judgements = judged(prints(lambda n, k: "old" if n < REFERENCE + 6 else "new", REFERENCE + 30), until_alarm=True)
    assert judgements[-1].state == "alarm"
    assert len(judgements) > REFERENCE + 6
    assert judgements[-1].verdicts[0].channel == "exact"


def test_one_probe_that_recurs_speaks_beside_one_that_does_not() -> None:
    def rounds(count):
        for n in range(count):
            yield observed(n, {
                "a": [Fingerprint({"text.exact": "old" if n < REFERENCE + 6 else "new"})] * 2,
                "b": [Fingerprint({"text.exact": f"{n} {k}"}) for k in range(2)],
            })  # fmt: skip

    _, judgements = judged(rounds(REFERENCE + 30), until_alarm=True)
    assert judgements[-1].state == "alarm"
    assert judgements[-1].verdicts[0].series == ("a",)
    assert np.isfinite(judgements[-1].verdicts[0].value)
