"""The distance of first tokens from those of the reference: against a slow, plain twin, and in both worlds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.judging.channels import CHANNELS
from prober.judging.statistic.readings import TOKENS, TopTokens
from prober.judging.statistic.scales import learn
from prober.model.evidence import Fingerprint

pairs = st.dictionaries(
    st.sampled_from(["yes", "no", " Yes", "\n", "\ud800", "<!channel>"]), st.floats(-12, 0), min_size=1
)
replies = pairs.map(lambda d: TopTokens(tuple(sorted(d.items(), key=lambda pair: -pair[1]))))
references = st.lists(st.lists(replies, max_size=3), min_size=2, max_size=6).filter(any)


def ln_p(x, token):
    """What a reply does not list is as likely as the least it lists."""
    listed = dict(x.pairs)
    return listed[token] if token in listed else min(listed.values())


def lt(x, reference):
    """Mean over the reference's tokens of |ln p - mean ln p of the reference|, in plain loops."""
    tokens = {token for y in reference for token, _ in y.pairs}
    gaps = [abs(ln_p(x, t) - sum(ln_p(y, t) for y in reference) / len(reference)) for t in tokens]
    return sum(gaps) / len(gaps)


def others(rounds, r):
    """What reading of round r are held against: the other rounds, where there are any."""
    return [y for i, ys in enumerate(rounds) if i != r for y in ys]


@pytest.mark.slow
@settings(max_examples=60)
@given(references, replies)
def test_a_new_reply_is_as_far_as_the_plain_twin_says(rounds, x) -> None:
    scale, _ = learn(rounds)
    assert scale.number(x) == pytest.approx(lt(x, [y for ys in rounds for y in ys]), abs=0.00051)
    assert scale.reads(x)
    assert 0 <= scale.index(x, scale.number(x)) < len(scale.labels)


@pytest.mark.slow
@settings(max_examples=60)
@given(references)
def test_the_references_own_are_held_against_other_rounds_unless_they_come_again(rounds) -> None:
    scale, _ = learn(rounds)
    whole = [y for ys in rounds for y in ys]
    expected = []
    for r, xs in enumerate(rounds):
        for x in xs:
            again = any(x in ys for i, ys in enumerate(rounds) if i != r)
            expected.append(lt(x, whole if again or not others(rounds, r) else others(rounds, r)))
    assert scale.mean == pytest.approx(np.mean(expected), abs=0.00051)


def top(rng, yes=-0.2, noise=0.0):
    return TopTokens((("yes", yes + noise * rng.normal()), ("no", -1.9 + noise * rng.normal())))


def test_what_is_deterministic_is_0_and_anything_else_is_new() -> None:
    rng = np.random.default_rng(0)
    scale, categories = learn([[top(rng)] * 2] * 8)
    assert scale.atoms == (0.0,)
    assert {c for by_round in categories for c in by_round} == {0}
    assert scale.number(top(rng, yes=-0.25)) == 0.025
    assert scale.index(TopTokens(()), 0.025) == scale.novel


def test_the_noise_of_floating_point_makes_no_category() -> None:
    rng = np.random.default_rng(1)
    scale, _ = learn([[top(rng, noise=1e-6)] for _ in range(8)])
    assert scale.atoms == (0.0,)
    assert scale.number(top(rng, noise=1e-6)) == 0.0


@pytest.mark.slow
def test_a_noisy_reference_is_no_nearer_to_its_centre_than_new_replies_are() -> None:
    """Tokens that came only once are not what a new reply is asked for, and their own reply is not asked either."""
    rng = np.random.default_rng(2)

    def reply():
        listed = [("yes", rng.normal(-0.2, 0.05)), *((f"t{i}", rng.normal(-6, 0.3)) for i in rng.permutation(30)[:8])]
        return TopTokens(tuple(listed))

    learnt, met = [], []
    for _ in range(60):
        scale, _ = learn([[reply(), reply()] for _ in range(8)])
        learnt.append(scale.mean)
        met += [scale.number(reply()) for _ in range(20)]
    assert np.mean(learnt) == pytest.approx(np.mean(met), rel=0.05)


def test_what_is_remembered_of_tokens_is_bounded_and_survives() -> None:
    rng = np.random.default_rng(3)
    scale, _ = learn([[TopTokens(tuple((f"r{r}t{i}", float(rng.normal(-5))) for i in range(20)))] for r in range(40)])
    assert len(scale.tokens) == len(scale.centre) == TOKENS


def test_only_first_tokens_belong_on_their_scale() -> None:
    rng = np.random.default_rng(4)
    tokens, vectors = learn([[top(rng)]] * 3)[0], learn([[(1.0, 0.0)]] * 3)[0]
    assert tokens.reads(top(rng))
    assert not tokens.reads((1.0, 0.0))
    assert not vectors.reads(top(rng))


def test_it_is_read_from_the_tokens_of_the_fingerprint() -> None:
    channel = CHANNELS["logprobs"]
    numbers = {"logprobs.top1": -0.1, "logprobs.token.yes": -0.1, "logprobs.token.a.b": -3.0, "text.words": 1.0}
    assert channel.read(Fingerprint(numbers=numbers)) == TopTokens((("yes", -0.1), ("a.b", -3.0)))
    assert channel.read(Fingerprint(numbers={"logprobs.top1": -0.1})) is None
    assert channel.words(0.8, 0.05) == "first-token ln p 0.80 from the reference's (was 0.05)"
