"""What the channels say of a round, in numbers and in words: memory → verdicts → judgement. What moved, and how far."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import exp, inf, isnan, log, nan
from statistics import fmean
from typing import Final

import numpy as np

from prober.fingerprint.language import NAMES
from prober.judging.channels import CHANNELS, Channel, percent, quoted_answer
from prober.judging.memory import ChannelMemory, Memory
from prober.judging.promise import Promise
from prober.judging.statistic.onsets import between
from prober.judging.statistic.readings import Floats
from prober.judging.statistic.scales import Scale
from prober.model.evidence import Judgement, Kind, Shift, State, Verdict, moved

logger = logging.getLogger(__name__)

NOT_A_NUMBER: Final = (
    "internal error: the evidence of {channels} is not a number, so it is not judged; "
    "report this, and run `prober reference reset` to judge it again"
)
_NEW: Final = {
    "identity": "values",
    "serving": "values",
    "format": "formats",
    "reply_type": "types of reply",
    "language": "languages",
}
"""What is new, by channel; answers elsewhere."""
NEW_LANGUAGES: Final = 2
"""Languages never seen before that are named; other new answers are too many, or too long, and an example shows one."""
WORTH_SAYING: Final = 0.05
"""Change of share from which on a second answer is worth saying."""


def judgement(memory: Memory, log_e: float, label: str, promise: Promise, missing: str) -> Judgement:
    """What all channels together say of the round they were last stepped with; `log_e` is their `log_e_of_all`."""
    lost = [name for name, held in memory.channels.items() if isnan(held.statistic.log_e)]
    verdicts = [
        _verdict(CHANNELS[name], held, memory.series, label, promise.threshold)
        for name, held in memory.channels.items()
        if name not in lost
    ]
    verdicts.sort(key=lambda verdict: -verdict.e_value)
    ratio = log_e - log(promise.threshold)
    state: State = "alarm" if ratio >= 0 else "suspected" if ratio >= log(0.1) else "quiet"
    if lost:
        error = NOT_A_NUMBER.format(channels=", ".join(lost))
        logger.error("round %s: %s", label, error)
        missing = f"{error}; {missing}" if missing else error
        state = "insufficient_evidence" if state == "quiet" else state
    whole = Judgement(
        round=label,
        state=state,
        e_value=_finite_exp(log_e),
        threshold=promise.threshold,
        verdicts=tuple(verdicts),
        missing=missing,
    )
    if not whole.moved:
        return replace(whole, kind=kind_of(()) if state == "alarm" else None)
    first = whole.moved[0]
    return replace(
        whole,
        onset=first.onset,
        onset_between=first.onset_between,
        kind=kind_of(whole.moved) if state == "alarm" else None,
    )


def log_e_of_all(memory: Memory) -> float:
    """ln of the evidence of all channels: their e-detectors' weighted mean, in which one that is NaN counts as none."""
    log_es = np.array([held.statistic.log_e for held in memory.channels.values()])
    log_es[np.isnan(log_es)] = -inf
    return float(np.logaddexp.reduce(log_es + np.log(weights(memory)), initial=-inf))


def weights(memory: Memory) -> Floats:
    """What each channel's evidence counts, shape (channels,): sums to one, and the reference alone decides.

    Half is shared equally, half by how much the replies of the reference vary in the channel, in nats over its series:
    a channel where they do not needs little weight, for what changes there is beyond doubt at once.
    """
    vary = [
        -float(np.sum(held.reference * np.log(np.maximum(held.reference, 1e-12)))) for held in memory.channels.values()
    ]
    total = sum(vary)
    equal = np.full(len(vary), 1 / max(len(vary), 1))
    return 0.5 * equal + 0.5 * np.array(vary) / total if total else equal


def kind_of(moved: Iterable[Verdict | Shift]) -> Kind:
    """The diagnosis: the gravest kind among the channels that moved, but those that only improved."""
    graver = [one for one in moved if not (isinstance(one, Shift) and one.is_harmless)]
    # What an older version stored may name a channel that is no more.
    kinds = {CHANNELS[one.channel].kind if one.channel in CHANNELS else "behaviour_change" for one in graver}
    if "contract_break" in kinds:
        return "contract_break"
    return "identity_change" if kinds == {"identity_change"} else "behaviour_change"


def strongest(before: Floats, since: Floats) -> list[int]:
    """Rows with evidence of a change, those with the most first."""
    gain = _gains(before, since)
    return [int(row) for row in np.argsort(-gain, kind="stable") if gain[row] > 0]


def named(channel: str, scale: Scale, before: Floats, after: Floats, new: Sequence[str] = ()) -> str:
    """The answers whose shares changed most, such as `“Blue” 31 % (was 88 %), “Red” 60 % (was 3 %)`.

    `new` are those never seen before, the commonest first, where the replies are at hand: memory only counts them.
    """
    shares = list(zip(before.tolist(), after.tolist(), strict=True))
    moved_by = [abs(now - then) for then, now in shares]
    first, *others = sorted(range(len(shares)), key=lambda one: -moved_by[one])[:2]
    shown = [first, *(other for other in others if moved_by[other] >= WORTH_SAYING)]
    said = [(_answer(channel, scale, one, new), *shares[one]) for one in shown]
    return ", ".join(f"{answer} {percent(now)} (was {percent(then)})" for answer, then, now in said)


def _verdict(channel: Channel, held: ChannelMemory, everything: Sequence[str], label: str, threshold: float) -> Verdict:
    best = held.statistic.best
    reference, offset = _level(held)
    now = held.recent[-1][1] + offset if held.recent and held.recent[-1][0] == label else nan
    onsets, log_e = held.statistic.onsets, held.statistic.log_e
    onset = None if best is None else onsets.labels[best]
    since = [] if onset is None else [value for at, value in held.recent if at >= onset]
    lately = fmean(since) + offset if since else reference
    shown, shown_reference = channel.show(lately, reference), channel.show(reference, reference)
    ranked = [] if best is None else strongest(onsets.mean[best], onsets.seen[best])
    verdict = Verdict(
        channel=channel.name,
        e_value=_finite_exp(log_e),
        value=nan if isnan(now) else channel.show(now, reference),
        reference_value=shown_reference,
        unit=channel.unit,
        effect=shown - shown_reference,
        words=_words(channel, held, best, ranked, shown, shown_reference),
        onset=onset,
        series=tuple(everything if channel.is_endpoint_wide else [held.rows[row] for row in ranked])[:5],
        log_e=log_e,
    )
    if not moved([verdict], threshold):
        return verdict
    return replace(verdict, onset_between=between(onsets, held.statistic.rounds, [label for label, _ in held.recent]))


def round_value(held: ChannelMemory) -> float:
    """Mean over series of: names, how common the answers were in the reference; numbers, the shift from its mean."""
    shifts: dict[int, list[float]] = {}
    reference = held.reference.tolist()
    for row, category, number in held.pending:
        shift = reference[row][category] if number is None else number - held.scales[row].mean
        shifts.setdefault(row, []).append(shift)
    return sum(sum(values) / len(values) for values in shifts.values()) / len(shifts)


def as_shown(channel: Channel, held: ChannelMemory, value: float) -> float:
    """A `round_value` as the history of the channel shows it."""
    reference, offset = _level(held)
    return channel.show(value + offset, reference)


def _level(held: ChannelMemory) -> tuple[float, float]:
    """Mean reading of the reference, and what is added to a `round_value` to compare it with that."""
    if any(scale.names for scale in held.scales):
        return float(np.vdot(held.reference, held.reference)) / len(held.scales), 0.0
    mean = fmean(scale.mean for scale in held.scales)
    return mean, mean


def _words(
    channel: Channel, held: ChannelMemory, best: int | None, ranked: Sequence[int], shown: float, reference: float
) -> str:
    if best is None or not ranked:
        return ""
    row = ranked[0]
    if not held.scales[row].names:
        return channel.words(shown, reference)
    onsets = held.statistic.onsets
    before, since = onsets.mean[best][row], onsets.seen[best][row]
    return (
        f"{held.probes[row]}: {named(channel.name, held.scales[row], before, since / max(float(since.sum()), 1e-12))}"
    )


def _finite_exp(x: float) -> float:
    return exp(min(x, 700.0))


def _gains(before: Floats, since: Floats) -> Floats:
    """The evidence each row brings: ln likelihood ratio of what was seen since against the mean before.

    `before` are shares and `since` counts, both (rows, categories). The mean since is shrunk towards the one before by
    one reply's worth.
    """
    after = (since + before) / (since.sum(axis=1, keepdims=True) + 1)
    gain: Floats = (since * np.log(np.where(since > 0, after / np.maximum(before, 1e-12), 1.0))).sum(axis=1)
    return gain


def _answer(channel: str, scale: Scale, category: int, new: Sequence[str]) -> str:
    if category == scale.novel:
        known = [one for one in new if one in NAMES][:NEW_LANGUAGES] if channel == "language" else []
        if known:
            others = " and others" if len(new) > len(known) else ""
            return f"{', '.join(quoted_answer(channel, one) for one in known)}{others} (never seen before)"
        return f"{_NEW.get(channel, 'answers')} never seen before"
    if scale.names and category == len(scale.names):
        return "rare answers"
    return quoted_answer(channel, scale.labels[category])
