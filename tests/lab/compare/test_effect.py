"""Effects in units of people, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from prober.judging.channels import CHANNELS as ALL_CHANNELS
from prober.judging.channels import Channel
from prober.lab.compare import judge
from prober.model.evidence import Fingerprint
from tests.bounds import fewest
from tests.lab.compare.worlds import CHANNELS, NAME, NUMBER, VECTOR, fingerprint, gathered

SHARE = Channel(
    "share", lambda f: f.numbers.get("x"), "share of replies", lambda recent, reference: "", atoms=(0.0, 1.0)
)


def only(channel, world, alpha=0.1):
    return judge(world, alpha, np.random.default_rng(0), {channel.name: channel}).channels[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "least"),
    [
        ({"probes": 20}, 0.9),
        ({"probes": 6, "samples": (3, 6)}, 0.9),
        ({"probes": 6, "rounds": (9, 9)}, 0.9),
        ({"probes": 20, "paired": False}, 0.9),
    ],
)
@pytest.mark.parametrize("channel", [NUMBER, SHARE], ids=lambda channel: channel.name)
def test_intervals_cover_the_true_effect(channel, shape, least):
    """Rounds have shocks of their own where there are several."""
    rng, worlds, covered = np.random.default_rng(6), 60, 0
    truth = 0.4 if channel is NUMBER else 0.3
    for _ in range(worlds):
        shock = rng.normal(size=(2, 9)) * (0.5 if "rounds" in shape and channel is NUMBER else 0)

        def draw(_, side, round_, shock=shock):
            if channel is NUMBER:
                return fingerprint(rng.normal() + truth * side + shock[int(side), round_], "a")
            return fingerprint(rng.random() < 0.05 + truth * side, "a")

        low, high = only(channel, gathered(draw, **shape)).interval
        covered += low <= truth <= high
    assert covered >= fewest(worlds, least, 1e-4)


def test_an_interval_of_shares_that_never_vary_is_not_a_point():
    for paired in (True, False):
        one = only(SHARE, gathered(lambda *_: fingerprint(0, "a"), probes=30, paired=paired))
        low, high = one.interval
        assert one.effect == 0.0
        assert -0.2 < low < 0 < high < 0.2


def test_rounds_of_shares_that_never_vary_give_no_interval():
    assert only(SHARE, gathered(lambda *_: fingerprint(0, "a"), probes=3, rounds=(9, 9))).interval is None


def test_one_probe_has_no_interval_over_probes():
    rng = np.random.default_rng(1)
    one = only(NUMBER, gathered(lambda *_: fingerprint(rng.normal(), "a"), probes=1, samples=(9, 9)))
    assert one.interval is None


def test_a_number_is_the_mean_over_probes_whatever_their_replies():
    values = {(0, False): 1.0, (0, True): 3.0, (1, False): 10.0, (1, True): 20.0}
    world = gathered(lambda probe, side, _: fingerprint(values[probe, side], "a"), probes=2, samples=(3, 1))
    assert only(NUMBER, world).effect == pytest.approx((2 + 10) / 2)


def test_a_name_says_which_share_moved_most():
    world = gathered(lambda probe, side, _: fingerprint(0, "Blue" if probe % 4 or not side else "Red"), probes=40)
    one = only(NAME, world)
    assert one.effect == pytest.approx(0.25)
    assert one.unit == "total variation distance"
    assert one.interval is None
    assert one.words == "“Blue” 75 % (was 100 %)"


def test_a_vector_says_how_far_apart_the_means_are():
    world = gathered(lambda probe, side, _: fingerprint(0, "a", (0, 1) if side else (1, 0)), probes=20)
    one = only(VECTOR, world)
    assert one.effect == pytest.approx(1.0)
    assert one.words == "mean replies 1.00 apart"
    assert only(VECTOR, gathered(lambda *_: fingerprint(0, "a", (0, 0)), probes=20)).effect == 0.0


def test_what_does_not_differ_is_said_not_to():
    for channel in (NAME, NUMBER, VECTOR):
        one = only(channel, gathered(lambda probe, *_: fingerprint(probe / 3, f"a{probe % 4}", (1, probe)), probes=20))
        assert (one.effect, one.words, one.changed) == (0.0, "no difference", False)


def test_rare_names_that_all_differ_are_not_said_to_be_the_same():
    world = gathered(lambda probe, side, _: fingerprint(0, f"{probe} {side}"), probes=20, samples=(2, 2))
    one = only(NAME, world)
    assert (one.changed, one.words) == (True, "common answers kept their shares, rare ones differ")


def test_no_difference_of_shares_is_said_to_be_beyond_all_of_them():
    one = only(SHARE, gathered(lambda *_: fingerprint(0, "a"), probes=3, samples=(4, 4)), alpha=0.01)
    assert one.interval == (-1.0, 1.0)


def test_length_is_a_log_ratio_and_a_person_reads_a_percentage():
    world = gathered(lambda probe, side, _: Fingerprint(numbers={"text.characters": 99 if side else 199}), probes=20)
    one = only(ALL_CHANNELS["length"], world)
    assert one.effect == pytest.approx(-np.log(2))
    assert one.interval == pytest.approx((-np.log(2), -np.log(2)))
    assert one.unit == "ln ratio"
    assert one.words == "50 % shorter"


def test_hostile_names_are_shown_on_one_short_line():
    name = "\x1b[31m\x00<!channel>\n\ud800" + "x" * 500
    words = only(NAME, gathered(lambda probe, side, _: fingerprint(0, name if side else "a"), probes=20)).words
    words.encode()
    assert words.isprintable()
    assert len(words) < 120


def test_swapping_the_logs_turns_every_sign():
    rng = np.random.default_rng(2)
    drawn = {
        (probe, side): fingerprint(rng.normal() + 0.3 * side, "abc"[rng.integers(3)], rng.normal(size=3))
        for probe in range(30)
        for side in (False, True)
    }
    for paired in (True, False):
        there = gathered(lambda probe, side, _: drawn[probe, side], probes=30, paired=paired)
        back = gathered(lambda probe, side, _: drawn[probe, not side], probes=30, paired=paired)
        for channel in CHANNELS.values():
            a, b = only(channel, there), only(channel, back)
            assert b.effect == pytest.approx(-a.effect if channel is NUMBER else a.effect)
            assert abs(a.p_value - b.p_value) < (0.2 if not paired else 1e-12)
            if a.interval and b.interval:
                assert b.interval == pytest.approx((-a.interval[1], -a.interval[0]))
