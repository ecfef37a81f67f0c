"""Both sides are plain counts, and categories are words."""

from __future__ import annotations

import numpy as np
import pytest

from prober.judging.channels import CHANNELS
from prober.judging.explain.probe import Distribution, category, distributions
from prober.judging.memory import Memory
from tests.judging.observed import REFERENCE, judged, observed, spoken

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(5)
STILL = [observed(n, {"s": [spoken(RNG) for _ in range(5)]}) for n in range(REFERENCE)]


def seen(**changes: object) -> tuple[Distribution, ...]:
    memory, _ = judged(STILL)
    now = observed(99, {"s": [*(spoken(RNG, **changes) for _ in range(20)), None]})
    return distributions(memory, "s", [one for round_ in STILL for one in round_.observations], now.observations)


def test_a_name_that_takes_over_moves_its_channel_first() -> None:
    first, *_ = seen(**{"text.choice": "new answer", "text.exact": "new answer"})
    assert first.channel in ("choice", "exact")
    assert (first.now[-1], first.read) == (1.0, 20)  # all of it is what the reference never held
    assert (first.moved, first.read_then) == (1.0, 5 * REFERENCE)


def test_what_is_still_hardly_moves_and_shares_add_up() -> None:
    for one in seen():
        assert sum(one.then) == pytest.approx(1)
        assert sum(one.now) == pytest.approx(1)
        assert len(one.labels) == len(one.then) == len(one.now)
        assert one.moved < 0.5
    assert {"choice", "length"} <= {one.channel for one in seen()}


def test_longer_answers_move_length_alone_to_the_top() -> None:
    first, *_ = seen(**{"text.characters": 900.0})
    assert (first.channel, first.now[-1]) == ("length", 1.0)


def test_endpoint_wide_channels_speak_of_no_probe() -> None:
    pooled = {name for name, channel in CHANNELS.items() if channel.is_endpoint_wide}
    assert "identity" in pooled
    assert not pooled & {one.channel for one in seen()}


def test_nothing_is_known_of_a_series_without_a_reference() -> None:
    memory, _ = judged(STILL)
    still = STILL[0].observations
    assert distributions(memory, "other", still, still) == distributions(Memory(), "s", (), ()) == ()
    assert distributions(memory, "s", still, ()) == ()


def test_categories_are_words_and_shares_are_counts() -> None:
    assert category("length", "-inf..3.652") == "up to 38 characters"
    assert category("length", "1.386") == "3 characters"
    assert category("length", "3.652..inf") == "over 38 characters"
    assert (category("refusal", "1"), category("refusal", "(new)")) == ("refuses", "something new")
    assert category("format", "first_token=brace|json=object|terminal=open") == "a JSON object"
    assert category("choice", "Teal") == "Teal" and category("choice", "a=b c") == "a=b c"
    (refusal,) = [one for one in seen(**{"text.characters": 900.0}) if one.channel == "refusal"] or [None]
    assert refusal is None or refusal.then[refusal.labels.index("refuses")] == 0.0, "no smoothed belief"
