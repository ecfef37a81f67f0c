"""The checks that evidence above the threshold passes before it is an alarm.

Are the rounds of one day correlated, so that a day is the unit (see `day_clustering`)? Does the permutation check find
a change (see `permutation_check`)? Does noise last, so that several rounds count as one, or an alarm takes more
evidence (see `lasting_noise`)? Where the answer changes what a round is worth, all rounds are judged and checked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, inf, isnan
from typing import Final

from prober.judging import lasting_noise, permutation_check
from prober.judging.day_clustering import LEVEL_BEFORE_ALARM, can_be_clustered, day_of, is_clustered, whole_days
from prober.judging.explain.summary import judgement, log_e_of_all
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.judging.reference import History, gather, surplus
from prober.judging.statistic.onsets import between
from prober.judging.statistic.readings import Floats
from prober.judging.steps import step
from prober.model.evidence import Judgement, Round

MOST_NATS: Final = 40.0
"""ln of the most by which noise that lasts raises the threshold: a full swap shows more than that within days."""
LONGER: Final = 2.0
"""How many times as long the correlation time must be as was known, for all rounds to be judged again."""
COMPLETE: Final = "the reference is complete, and the next round is the first to be judged"
LASTS: Final = "noise lasts at this endpoint: about {:.1f} {} count as one, so an alarm takes longer"
ALIKE: Final = "rounds near in time are alike, so that an alarm takes {:.3g} times as much evidence"
REJECTED: Final = "the permutation check rejects it: the same rounds in another order often give as much evidence"


def checked(memory: Memory, judged: Judgement, rounds: Sequence[Round], promise: Promise) -> tuple[Memory, Judgement]:
    """An alarm after the checks of the rounds that led to it: whether a day is the unit, the permutation check, and
    whether rounds near in time are alike."""
    anew = None if memory.by_day else judged_by_day(memory, rounds, promise)
    while True:
        if anew is not None:
            memory, missing = anew
            if not memory.series:
                return memory, insufficient(rounds[-1], missing, promise)
            judged = judgement(memory, log_e_of_all(memory), judged.round, promise, missing)
        if judged.state != "alarm":
            return memory, explained(memory, judged)
        if not passes_permutation_check(memory, rounds):
            return _rejected(memory, judged, REJECTED)
        memory, is_longer = with_noise(memory, rounds, promise)
        if not is_longer:
            break
        anew = _judged_anew(memory, rounds, promise, memory.by_day)
    # Where rounds count as fewer already, a higher threshold would take that into account twice.
    price = price_of_lasting_noise(memory, rounds) if correlation_time(memory) < LONGER else 1.0
    if judged.e_value < price * judged.threshold:
        return _rejected(memory, judged, ALIKE.format(price))
    return replace(memory, alarmed=True, rejected_log_e=None, rejected_because=""), judged


def explained(memory: Memory, judged: Judgement) -> Judgement:
    """With the reason why a suspicion takes longer to become an alarm, where there is one."""
    if judged.state != "suspected" or correlation_time(memory) < LONGER:
        return judged
    lasts = LASTS.format(correlation_time(memory), "days" if memory.by_day else "rounds")
    return replace(judged, missing=f"{lasts}; {judged.missing}" if judged.missing else lasts)


def _rejected(memory: Memory, judged: Judgement, why: str) -> tuple[Memory, Judgement]:
    return replace(memory, rejected_log_e=log_e_of_all(memory), rejected_because=why), suspected(judged, why)


def suspected(judged: Judgement, missing: str) -> Judgement:
    return replace(judged, state="suspected", kind=None, missing=missing)


def insufficient(round_: Round, missing: str, promise: Promise) -> Judgement:
    return Judgement(round_.label, "insufficient_evidence", 0.0, promise.threshold, missing=missing or COMPLETE)


def passes_permutation_check(memory: Memory, rounds: Sequence[Round]) -> bool:
    """Whether the permutation check of the rounds, or days, finds a change in the channel with the most evidence."""
    name = _strongest(memory)
    held = memory.channels[name]
    of_round = surplus(name, held, whole_days(rounds) if memory.by_day else rounds)
    # A few replies of a kind never seen are lost among the scatter of all the others, so they are also looked at alone.
    never_seen = of_round[:, held.statistic.null.novel.ravel()].sum(axis=1, keepdims=True)
    return permutation_check.rejects_no_change(of_round) or permutation_check.rejects_no_change(
        never_seen, permutation_check.LEVEL / 2
    )


def correlation_time(memory: Memory) -> float:
    """How many rounds, or days, near in time count as one in the channel with the most evidence."""
    return memory.channels[_strongest(memory)].statistic.null.correlation_time


def with_noise(memory: Memory, rounds: Sequence[Round], promise: Promise) -> tuple[Memory, bool]:
    """With what the rounds before the onset's interval show of noise that lasts; and whether it lasts longer, in the
    channel with the most evidence, than was known when its rounds were judged. The rounds from the onset on are not
    read, so that a change is not taken for noise."""
    name = _strongest(memory)
    before, of_channel = _before_onset(memory, rounds)
    memory = replace(memory, noise_here=lasting_noise.log_likelihoods(of_channel, before))
    longer = lasting_noise.correlation_time(memory.noise_of(name), promise.every_s, memory.by_day)
    return memory, longer >= LONGER * correlation_time(memory)


def price_of_lasting_noise(memory: Memory, rounds: Sequence[Round]) -> float:
    """By how much the threshold rises where rounds near in time are alike before and after the onset: exp(z²), so
    that one endpoint in six whose rounds are independent pays more than e, and one in forty more than e⁴."""
    strongest = memory.channels[_strongest(memory)].statistic
    onset = "" if strongest.best is None else strongest.onsets.labels[strongest.best]
    units = (whole_days(rounds) if memory.by_day else rounds)[-lasting_noise.NEWEST :]
    before = sum(one.label < onset for one in units)
    z = lasting_noise.nearness(
        [surplus(name, held, units, before) for name, held in memory.channels.items()], units, before
    )
    return exp(min(max(z, 0.0) ** 2, MOST_NATS))


def judged_by_day(memory: Memory, rounds: Sequence[Round], promise: Promise) -> tuple[Memory, str] | None:
    """All rounds judged again by days, if those before the onset are clustered by now; None where they are not.

    A reference of a few days shows little of how days differ. All channels are tested, and the one that raises the
    alarm by itself, over the rounds before the onset's interval only, so that the change is not taken for a difference
    of days.
    """
    before, of_channel = _before_onset(memory, rounds)
    if not before or not can_be_clustered(before):
        return None
    if not any(
        is_clustered(of, before, LEVEL_BEFORE_ALARM) for of in (of_channel.values(), [of_channel[_strongest(memory)]])
    ):
        return None
    return _judged_anew(memory, rounds, promise, by_day=True)


def _judged_anew(memory: Memory, rounds: Sequence[Round], promise: Promise, by_day: bool) -> tuple[Memory, str]:
    """All rounds judged again: by days, or knowing how many near in time count as one. What came before the first
    round that gave evidence is reference, if that is enough."""
    stepped = max(held.statistic.rounds for held in memory.channels.values())
    first_judged = (whole_days(rounds) if memory.by_day else rounds)[-stepped].label
    anew, missing = Memory(by_day=by_day, noise=memory.noise, noise_here=memory.noise_here), ""
    anew = replace(anew, repeats_s=memory.repeats_s, begins=memory.begins, begins_at=memory.begins_at)
    for i, round_ in enumerate(rounds):
        anew = step(anew, [o for o in round_.observations if o.series in anew.series], round_)
        next_ = rounds[min(i + 1, len(rounds) - 1)]
        waiting = set(memory.series) - set(anew.series)
        if waiting and next_.label >= first_judged and not (anew.by_day and day_of(next_) == day_of(round_)):
            # The newest day is over with the first round of the next one.
            known = rounds[: i + 1 + anew.by_day]
            anew, missing = gather(anew, waiting, _known(known), promise)
    return anew, missing


def _known(rounds: Sequence[Round]) -> History:
    return lambda series: rounds


def _before_onset(memory: Memory, rounds: Sequence[Round]) -> tuple[list[Round], dict[str, Floats]]:
    """The rounds before the interval in which the change of the channel with the most evidence began, and the surplus
    of every channel in them."""
    held = memory.channels[_strongest(memory)]
    began = between(held.statistic.onsets, held.statistic.rounds, [label for label, _ in held.recent])
    before = [one for one in rounds if began is not None and one.label < began[0]]
    return before, {name: surplus(name, of, before) for name, of in memory.channels.items()}


def _strongest(memory: Memory) -> str:
    """The channel with the most evidence."""
    log_es = {name: held.statistic.log_e for name, held in memory.channels.items()}
    return max(log_es, key=lambda name: -inf if isnan(log_es[name]) else log_es[name])
