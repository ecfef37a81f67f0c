"""The contract of every row of CHANNELS, in both worlds: quiet where nothing changes, first to speak where it moved.

A new channel is found by itself; it needs one row in MOVED, which says how its own reading moves and nothing else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
import pytest

from benchmarks import worlds
from prober.judging.channels import CHANNELS
from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.model.evidence import Fingerprint, Judgement, Round
from tests.bounds import most
from tests.judging.observed import REFERENCE, history, judged, whole

QUIET: Final = 8
"""Rounds after the reference in which nothing changes."""
QUICK: Final = {"identity", "choice", "length", "refusal"}
"""Channels that also `make test` sees alarm: a name, an answer, a number and a share."""
WITHIN: Final = 36
"""Rounds in which a change is to be seen."""


@dataclass(frozen=True)
class Moved:
    """A world in which one channel alone moves."""

    change: Callable[[Fingerprint], Fingerprint]
    """What becomes of every fingerprint after the change."""
    sign: int
    """Of the channel's effect."""


def category(key: str, value: str) -> Callable[[Fingerprint], Fingerprint]:
    return lambda print_: replace(print_, categories={**print_.categories, key: value})


def times(key: str, factor: float) -> Callable[[Fingerprint], Fingerprint]:
    return lambda print_: replace(print_, numbers={**print_.numbers, key: factor * print_.numbers[key]})


def turned(feature: str) -> Callable[[Fingerprint], Fingerprint]:
    """Its vector points the other way."""
    return lambda print_: replace(
        print_,
        vectors={k: tuple(-x for x in v) if k.startswith(feature) else v for k, v in print_.vectors.items()},
    )


MOVED: Final[Mapping[str, Moved]] = {
    "identity": Moved(category("identity.model", "simulated-2"), -1),
    "choice": Moved(category("text.choice", "an answer never given"), -1),
    "length": Moved(times("text.characters", 2.0), +1),
    "format": Moved(category("structure.shape", "table"), -1),
    "refusal": Moved(category("refusal.refused", "yes"), +1),
    "expectation": Moved(category("expectation.all", "fail"), -1),
    "embedding": Moved(turned("embedding."), +1),
    "serving": Moved(category("identity.service_tier", "priority"), -1),
    "tokens": Moved(times("identity.input_tokens", 2.0), -1),
    "exact": Moved(category("text.exact", "3d"), -1),
    "logprobs": Moved(times("logprobs.token.yes", 9.0), +1),
    "reasoning": Moved(times("usage.reasoning_tokens", 12.0), +1),
    "language": Moved(category("language.name", "German"), -1),
    "reply_type": Moved(category("text.reply_type", "Latin, length, 4096 to 32767 characters, repeats itself"), -1),
    "text": Moved(turned("text."), +1),
}


def moved(channel: str) -> Moved:
    assert channel in MOVED, (
        f"channel {channel!r} is new: add a row to MOVED in {__name__} that says how its reading moves "
        "while every other channel's stays, and the sign of its effect"
    )
    return MOVED[channel]


def test_every_channel_has_its_changed_world_and_no_world_is_left_over() -> None:
    for channel in CHANNELS:
        moved(channel)
    assert set(MOVED) <= set(CHANNELS), "a row of MOVED is of no channel; remove it"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_is_what_its_row_says(channel: str) -> None:
    row = CHANNELS[channel]
    assert row.name == channel
    assert row.unit
    assert row.kind in {"identity_change", "behaviour_change", "contract_break"}
    assert row.read(Fingerprint()) is None, "nothing to read is None, never a made-up value"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_changed_world_moves_the_reading_of_its_channel_only(channel: str) -> None:
    rng = np.random.default_rng(1)
    world = worlds.still(rng, clustered=False)
    prints = [o.fingerprint for r in whole(rng.spawn(1)[0], worlds.rounds(rng, world, 4)) for o in r.observations]
    for name, row in CHANNELS.items():
        differs = any(row.read(moved(channel).change(p)) != row.read(p) for p in prints if p)
        assert differs == (name == channel), name


def changed_at(rounds: Iterator[Round], at: int, change: Callable[[Fingerprint], Fingerprint]) -> Iterator[Round]:
    for number, round_ in enumerate(rounds):
        yield round_ if number < at else replace(
            round_,
            observations=tuple(
                replace(o, fingerprint=change(o.fingerprint)) if o.fingerprint else o for o in round_.observations
            ),
        )  # fmt: skip


@cache
def still_until_the_change(clustered: bool) -> tuple[list[Round], Memory, list[Judgement]]:
    """(all rounds of an unchanged world, memory and judgements before the change): the same whichever channel moves then."""
    rng = np.random.default_rng([11, clustered])
    world = worlds.still(rng, clustered)
    change = REFERENCE + QUIET
    rounds = list(whole(rng.spawn(1)[0], worlds.rounds(rng, world, change + WITHIN)))
    return rounds, *judged(rounds[:change])


@pytest.mark.parametrize(
    "clustered", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["independent", "clustered"]
)
@pytest.mark.parametrize(
    "channel", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CHANNELS]
)
def test_a_channel_that_moves_alone_alarms_and_is_named_first(channel: str, clustered: bool) -> None:
    rounds, memory, before = still_until_the_change(clustered)
    change = len(before)
    assert all(judgement.state != "alarm" for judgement in before), "nothing had changed yet"
    changed = list(changed_at(iter(rounds), change, moved(channel).change))
    for upto in range(change + 1, len(changed) + 1):
        memory, alarm = advance(memory, changed[upto - 1], history(changed[:upto]), Promise())
        if alarm.state == "alarm":
            break
    assert alarm.state == "alarm", f"{channel} moved for {WITHIN} rounds and nobody saw it"
    strongest = alarm.verdicts[0]
    assert strongest.channel == channel
    assert np.sign(strongest.effect) == moved(channel).sign
    assert strongest.words
    assert strongest.onset is not None
    assert abs(int(strongest.onset) - change) <= 2
    assert all(v.e_value < alarm.threshold for v in alarm.verdicts[1:])


@pytest.mark.slow
def test_still_worlds_are_quiet_in_every_channel_and_together() -> None:
    """R_t passes A within T rounds with probability at most T/A; so many streams do so as the binomial allows.

    Of ten streams three may: a channel that alarms in half of them is found with a probability of 83 %.
    """
    streams, rounds, threshold = 10, 14, Promise().threshold
    highest: dict[str, list[float]] = {name: [] for name in ("all together", *CHANNELS)}
    for seed in range(streams):
        rng = np.random.default_rng([29, seed])
        world = worlds.still(rng, clustered=bool(seed % 2))
        _, judgements = judged(whole(rng.spawn(1)[0], worlds.rounds(rng, world, REFERENCE + rounds)))
        after = judgements[REFERENCE:]
        assert len(after) == rounds
        highest["all together"].append(max(j.e_value for j in after))
        for channel in CHANNELS:
            highest[channel].append(max(v.e_value for j in after for v in j.verdicts if v.channel == channel))
    allowed = most(streams, rounds / threshold)
    for name, es in highest.items():
        passed = sum(e >= threshold for e in es)
        assert passed <= allowed, f"{name}: {passed} of {streams} unchanged streams alarm, {allowed} are allowed"
    # The median stream has little to say: a statistic that drifts upwards is caught long before it alarms.
    assert np.median(highest["all together"]) < threshold / 5
