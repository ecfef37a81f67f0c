"""The judge of one endpoint: a fold over its rounds. `advance` is all that production, replay and benchmarks call.

Every series first gathers its reference (see `reference`); from then on each round is one step of every channel, and
the channels' e-detectors are averaged with weights that the reference fixes, which keeps their promise under any
dependence. Where the rounds of one day are correlated, a step is a day (see `day_clustering`). Evidence that passes the
threshold is checked before it is an alarm (see `alarm_checks`). While the reference is gathered, two stretches of it
are compared (see `provisional`); where they differ, the newer one becomes the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from math import log
from typing import Final, TypeAlias

import numpy as np

from prober.judging import provisional
from prober.judging.alarm_checks import REJECTED, checked, explained, insufficient, suspected
from prober.judging.day_clustering import SOON_S, together
from prober.judging.explain.summary import judgement, kind_of, log_e_of_all
from prober.judging.lasting_noise import DAY_S
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.judging.reference import History, Times, gather
from prober.judging.statistic import edetector
from prober.judging.steps import step
from prober.model.evidence import Judgement, Observation, Round, moved
from prober.text import count

AllTimes: TypeAlias = Callable[[Collection[str]], Mapping[str, Times]]
RECHECKED_AT: Final = 2.0
"""How many times the evidence of a rejected alarm must have grown before it is checked again."""


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
    memory = step(memory, [o for o in answered if o.series in ready], round_)
    memory, missing = gather(memory, {o.series for o in answered} - set(ready), history, promise, times)
    if not ready:
        is_gathering = not (memory.series or memory.begins or memory.learns_noise)
        found = _break(answered, history, promise, times) if is_gathering else None
        if found is not None:
            at = next(r.at for r in history({o.series for o in answered}) if r.label == found.onset)
            return replace(memory, begins=found.onset, begins_at=at), _provisional(found, round_, promise)
        return memory, insufficient(round_, missing, promise)
    log_e = log_e_of_all(memory)
    judged = replace(
        judgement(memory, log_e, round_.label, promise, missing),
        is_odd=memory.is_odd,
        repeats_s=DAY_S if memory.by_day else memory.repeats_s,
        # By more than the unit that an unchanged round adds on average.
        is_growing=bool(log_e > np.logaddexp(before, 0.0)),
    )
    if judged.state != "alarm":
        return _without_alarm(memory), explained(memory, judged)
    if memory.alarmed:
        return memory, judged
    if memory.rejected_log_e is not None and log_e < memory.rejected_log_e + log(RECHECKED_AT):
        return memory, suspected(judged, memory.rejected_because or REJECTED)
    return checked(memory, judged, history(memory.series), promise)


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


def _without_alarm(memory: Memory) -> Memory:
    if not memory.alarmed and memory.rejected_log_e is None:
        return memory
    return replace(memory, alarmed=False, rejected_log_e=None, rejected_because="")
