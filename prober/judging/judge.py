"""The judge of one endpoint: a fold over its rounds. `advance` is all that production, replay and benchmarks call.

Every series first gathers its reference (see `reference`); from then on each round is one step of every channel, and
the channels' e-detectors are averaged with weights that the reference fixes, which keeps their promise under any
dependence. Where the rounds of one day are correlated, a step is a day (see `day_clustering`). Evidence that passes the
threshold is an alarm unless the permutation check rejects it (see `permutation_check`); where the endpoint stays
different for several rounds or days and comes back, it takes more evidence (see `nearness`). While the reference is
gathered, two stretches of it are compared (see `provisional`); where they differ, the newer one becomes the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from math import exp, inf, isnan, log
from typing import Final, TypeAlias

import numpy as np

from prober.judging import permutation_check, provisional
from prober.judging.channels import CHANNELS
from prober.judging.day_clustering import (
    LEVEL_BEFORE_ALARM,
    NEWEST,
    SOON_S,
    can_be_clustered,
    day_of,
    is_clustered,
    nearness,
    together,
    whole_days,
)
from prober.judging.explain.summary import judgement, kind_of, log_e_of_all, round_value
from prober.judging.memory import RECENT, Memory
from prober.judging.promise import Promise
from prober.judging.reference import History, Times, gather, outcomes, surplus
from prober.judging.statistic import edetector
from prober.judging.statistic.oddness import of_round, surprise
from prober.judging.statistic.onsets import between
from prober.judging.statistic.readings import Table
from prober.model.evidence import Judgement, Observation, Round, moved
from prober.text import count

AllTimes: TypeAlias = Callable[[Collection[str]], Mapping[str, Times]]
RECHECKED_AT: Final = 2.0
"""How many times the evidence of a rejected alarm must have grown before it is checked again."""
MOST_NATS: Final = 40.0
"""ln of the most by which noise that lasts raises the threshold: a full swap shows more than that within days."""
DAY_S: Final = 86_400.0
COMPLETE: Final = "the reference is complete, and the next round is the first to be judged"
LASTS: Final = "rounds near in time are alike, so that an alarm takes {:.3g} times as much evidence"
REJECTED: Final = "the permutation check rejects it: the same rounds in another order often give as much evidence"


def advance(
    memory: Memory,
    round_: Round,
    history: History,
    promise: Promise,
    times: AllTimes | None = None,
) -> tuple[Memory, Judgement]:
    """Judge one completed round, and take in the reference of every series that this round completes.

    `times` says as `times_in` when the rounds of a series were, sooner than by reading them.
    """
    if memory.begins:
        history, times = _since(memory, history), _times_since(memory, times)
    answered = [o for o in round_.observations if o.fingerprint is not None]
    ready = memory.series
    before = log_e_of_all(memory)
    memory = _step(memory, [o for o in answered if o.series in ready], round_)
    memory, missing = gather(memory, {o.series for o in answered} - set(ready), history, promise, times)
    if not ready:
        found = None if memory.series or memory.begins else _break(answered, history, promise, times)
        if found is not None:
            at = next(r.at for r in history({o.series for o in answered}) if r.label == found.onset)
            return replace(memory, begins=found.onset, begins_at=at), _provisional(found, round_, promise)
        return memory, _insufficient(round_, missing, promise)
    judged = replace(
        judgement(memory, round_.label, promise, missing),
        is_odd=memory.is_odd,
        repeats_s=DAY_S if memory.by_day else memory.repeats_s,
        # By more than the unit that an unchanged round adds on average.
        is_growing=bool(log_e_of_all(memory) > np.logaddexp(before, 0.0)),
    )
    if judged.state != "alarm":
        return _without_alarm(memory), judged
    if memory.alarmed:
        return memory, judged
    if memory.rejected_log_e is not None and log_e_of_all(memory) < memory.rejected_log_e + log(RECHECKED_AT):
        return memory, _suspected(judged, memory.rejected_because or REJECTED)
    return _checked(memory, judged, history(memory.series), promise)


def _since(memory: Memory, history: History) -> History:
    """The rounds from the break on, where one was found while the reference was gathered."""
    return lambda series: [round_ for round_ in history(series) if round_.label >= memory.begins]


def _times_since(memory: Memory, times: AllTimes | None) -> AllTimes | None:
    begins_at = memory.begins_at
    if times is None or begins_at is None:
        return None
    return lambda series: {
        name: [at for at in seen if at is not None and at >= begins_at] for name, seen in times(series).items()
    }


def _break(
    answered: Sequence[Observation],
    history: History,
    promise: Promise,
    times: AllTimes | None,
) -> provisional.Break | None:
    """What the rounds gathered so far show without a reference; they are read at few of the rounds (see `is_look`)."""
    series = {o.series for o in answered}
    if times is not None and not provisional.is_look(max(map(len, times(series).values()), default=0)):
        return None
    rounds = history(series)
    if 2 * SOON_S[0] <= promise.every_s:  # rounds asked again count as one, for they may repeat one another
        rounds = together(rounds, SOON_S[0])
    return provisional.find(rounds, promise) if provisional.is_look(len(rounds)) else None


def _provisional(found: provisional.Break, round_: Round, promise: Promise) -> Judgement:
    """An alarm whose evidence is on the promise's scale: it passes the threshold where its chance passes its share."""
    scaled = tuple(
        replace(one, e_value=one.e_value * promise.threshold, log_e=one.log_e + log(promise.threshold))
        for one in found.verdicts
    )
    basis = f" (provisional: {count(found.since, 'round')} against the {found.before} before them)"
    first = [replace(one, words=one.words + basis) for one in scaled[:1]]
    return Judgement(
        round=round_.label,
        state="alarm",
        e_value=found.share_of_threshold * promise.threshold,
        threshold=promise.threshold,
        verdicts=(*first, *scaled[1:]),
        onset=found.onset,
        kind=kind_of(moved(scaled, promise.threshold)),
        missing="there is no reference yet; the rounds since the break become the reference",
        onset_between=(found.onset, found.onset),
        is_provisional=True,
    )


def reset_evidence(memory: Memory, label: str) -> Memory:
    """The same knowledge of what is usual, before any evidence of a change; `label` is that of the newest round, or of
    the one that comes next."""
    channels = {
        name: replace(held, statistic=edetector.begin(held.statistic.null), pending=(), recent=())
        for name, held in memory.channels.items()
    }
    today, since = (label[:10], label) if memory.by_day else ("", "")
    return replace(_without_alarm(memory), channels=channels, today=today, since=since)


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


def _checked(memory: Memory, judged: Judgement, rounds: Sequence[Round], promise: Promise) -> tuple[Memory, Judgement]:
    """An alarm after two checks of the rounds that led to it: whether a day is the unit, and the permutation check."""
    anew = None if memory.by_day else judged_by_day(memory, rounds, promise)
    if anew is not None:
        memory, missing = anew
        if not memory.series:
            return memory, _insufficient(rounds[-1], missing, promise)
        judged = judgement(memory, judged.round, promise, missing)
        if judged.state != "alarm":
            return memory, judged
    why = "" if passes_permutation_check(memory, rounds) else REJECTED
    price = 1.0 if why else price_of_lasting_noise(memory, rounds)
    if judged.e_value < price * judged.threshold:
        why = LASTS.format(price)
    if not why:
        return replace(memory, alarmed=True, rejected_log_e=None, rejected_because=""), judged
    return replace(memory, rejected_log_e=log_e_of_all(memory), rejected_because=why), _suspected(judged, why)


def price_of_lasting_noise(memory: Memory, rounds: Sequence[Round]) -> float:
    """By how much the threshold rises where rounds near in time are alike before and after the onset: exp(z²), so
    that one endpoint in six whose rounds are independent pays more than e, and one in forty more than e⁴."""
    strongest = memory.channels[_strongest(memory)].statistic
    onset = "" if strongest.best is None else strongest.onsets.labels[strongest.best]
    units = (whole_days(rounds) if memory.by_day else rounds)[-NEWEST:]
    before = sum(one.label < onset for one in units)
    z = nearness([surplus(name, held, units, before) for name, held in memory.channels.items()], units, before)
    return exp(min(max(z, 0.0) ** 2, MOST_NATS))


def judged_by_day(memory: Memory, rounds: Sequence[Round], promise: Promise) -> tuple[Memory, str] | None:
    """All rounds judged again by days, if those before the onset are clustered by now; None where they are not.

    A reference of a few days shows little of how days differ. All channels are tested, and the one that raises the
    alarm by itself, over the rounds before the onset's interval only, so that the change is not taken for a difference
    of days.
    """
    name = _strongest(memory)
    strongest = memory.channels[name]
    began = between(strongest.statistic.onsets, strongest.statistic.rounds, [label for label, _ in strongest.recent])
    before = [round_ for round_ in rounds if began is not None and round_.label < began[0]]
    if not before or not can_be_clustered(before):
        return None
    of_channel = {channel: surplus(channel, held, before) for channel, held in memory.channels.items()}
    if not any(is_clustered(of, before, LEVEL_BEFORE_ALARM) for of in (of_channel.values(), [of_channel[name]])):
        return None
    anew, missing = Memory(by_day=True), ""
    for i, round_ in enumerate(rounds):
        anew = _step(anew, [o for o in round_.observations if o.series in anew.series], round_)
        waiting = set(memory.series) - set(anew.series)
        if waiting and day_of(rounds[min(i + 1, len(rounds) - 1)]) != day_of(round_):
            anew, missing = gather(anew, waiting, _known(rounds[: i + 2]), promise)
    return anew, missing


def _known(rounds: Sequence[Round]) -> History:
    return lambda series: rounds


def _strongest(memory: Memory) -> str:
    """The channel with the most evidence."""
    log_es = {name: held.statistic.log_e for name, held in memory.channels.items()}
    return max(log_es, key=lambda name: -inf if isnan(log_es[name]) else log_es[name])


def _without_alarm(memory: Memory) -> Memory:
    if not memory.alarmed and memory.rejected_log_e is None:
        return memory
    return replace(memory, alarmed=False, rejected_log_e=None, rejected_because="")


def _suspected(judged: Judgement, missing: str) -> Judgement:
    return replace(judged, state="suspected", kind=None, missing=missing)


def _insufficient(round_: Round, missing: str, promise: Promise) -> Judgement:
    return Judgement(round_.label, "insufficient_evidence", 0.0, promise.threshold, missing=missing or COMPLETE)


def _step(memory: Memory, observations: Sequence[Observation], round_: Round) -> Memory:
    """Take in the replies of one round; step every channel with what is pending, once the round or its day is over."""
    today = day_of(round_)
    if memory.by_day and today != memory.today:
        memory = replace(_flushed(memory, memory.since), today=today, since=round_.label)
    taken = {
        name: replace(held, pending=(*held.pending, *outcomes(CHANNELS[name], held, observations)))
        for name, held in memory.channels.items()
    }
    memory = replace(memory, channels=taken)
    return memory if memory.by_day else _flushed(memory, round_.label)


def _flushed(memory: Memory, label: str) -> Memory:
    pending = {name: held for name, held in memory.channels.items() if held.pending}
    tables = [
        Table.of([(row, category) for row, category, _ in held.pending], len(held.rows)) for held in pending.values()
    ]
    if not pending:
        return replace(memory, is_odd=False)
    if memory.oddness is not None:
        surprises = [surprise(held.reference, table) for held, table in zip(pending.values(), tables, strict=True)]
        bar, is_odd = memory.oddness.after(float(of_round(surprises)))
        memory = replace(memory, oddness=bar, is_odd=is_odd)
    stepped = edetector.steps([held.statistic for held in pending.values()], tables, label)
    taken = {
        name: replace(
            held, statistic=statistic, pending=(), recent=(*held.recent, (label, round_value(held)))[-RECENT:]
        )
        for (name, held), statistic in zip(pending.items(), stepped, strict=True)
    }
    return replace(memory, channels={**memory.channels, **taken})
