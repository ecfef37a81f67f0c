"""What the channels say of a round, in numbers and in words: memory → verdicts → judgement."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, isnan, log, nan

import numpy as np

from prober.detectors import DETECTORS, Channel
from prober.detectors.channel import percent
from prober.detectors.memory import ChannelMemory, Memory
from prober.detectors.promise import Promise
from prober.detectors.table import Floats
from prober.detectors.verdict import Judgement, Kind, State, Verdict


def judgement(memory: Memory, label: str, promise: Promise, missing: str) -> Judgement:
    """What all channels together say of the round they were last stepped with."""
    verdicts = [_verdict(DETECTORS[name], held, label) for name, held in memory.channels.items()]
    verdicts.sort(key=lambda verdict: -verdict.e_value)
    log_es = [held.statistic.log_e for held in memory.channels.values()]
    log_e = float(np.logaddexp.reduce(log_es, initial=-inf)) - log(len(DETECTORS))
    ratio = log_e - log(promise.threshold)
    state: State = "alarm" if ratio >= 0 else "suspected" if ratio >= log(0.1) else "quiet"
    moved = [verdict for verdict in verdicts if verdict.e_value >= promise.threshold / 10]
    return Judgement(
        round=label,
        state=state,
        e_value=_finite_exp(log_e),
        threshold=promise.threshold,
        verdicts=tuple(verdicts),
        onset=verdicts[0].onset if moved else None,
        kind=_kind(moved) if state == "alarm" else None,
        missing=missing,
    )


def _kind(moved: Sequence[Verdict]) -> Kind:
    kinds = {DETECTORS[verdict.channel].kind for verdict in moved}
    if "contract_break" in kinds:
        return "contract_break"
    return "identity_change" if kinds == {"identity_change"} else "behaviour_change"


def _verdict(channel: Channel, held: ChannelMemory, label: str) -> Verdict:
    best = held.statistic.best
    numeric = all(not scale.names for scale in held.scales)
    reference = (
        float(np.mean([scale.mean for scale in held.scales]))
        if numeric
        else float(np.mean((held.reference**2).sum(axis=1)))
    )
    offset = reference if numeric else 0.0
    now = held.recent[-1][1] + offset if held.recent and held.recent[-1][0] == label else nan
    onset = None if best is None else held.statistic.onsets.labels[best]
    since = [value for at, value in held.recent if onset is not None and at >= onset]
    lately = float(np.mean(since)) + offset if since else reference
    shown, shown_reference = channel.show(lately, reference), channel.show(reference, reference)
    before, after = _before_and_since(held)
    ranked = _moved_rows(before, after)
    return Verdict(
        channel=channel.name,
        e_value=_finite_exp(held.statistic.log_e),
        value=nan if isnan(now) else channel.show(now, reference),
        reference_value=shown_reference,
        unit=channel.unit,
        effect=shown - shown_reference,
        words="" if not ranked else channel.words(shown, shown_reference) if numeric else _name(held, ranked[0]),
        onset=onset,
        series=tuple(held.rows[row] for row in ranked[:5]),
    )


def _before_and_since(held: ChannelMemory) -> tuple[Floats, Floats]:
    """Mean before the likeliest onset and counts since: both (rows, categories); no counts where there is none."""
    best, onsets = held.statistic.best, held.statistic.onsets
    if best is None:
        return held.reference, np.zeros_like(held.reference)
    return onsets.mean[best], onsets.seen[best]


def _moved_rows(before: Floats, since: Floats) -> list[int]:
    """Rows by the evidence each brings: log-likelihood ratio of what was seen since against the mean before."""
    after = (since + before) / (since.sum(axis=1, keepdims=True) + 1)
    gain = (since * np.log(np.where(since > 0, after / np.maximum(before, 1e-12), 1.0))).sum(axis=1)
    return [int(row) for row in np.argsort(-gain, kind="stable") if gain[row] > 0]


def _name(held: ChannelMemory, row: int) -> str:
    """The category of a row that moved most, such as `probe: “Blue” 31 % instead of 62 %`."""
    before, since = (x[row] for x in _before_and_since(held))
    after = since / max(float(since.sum()), 1e-12)
    category = int(np.argmax(np.abs(after - before)))
    scale = held.scales[row]
    label = scale.labels[category]
    answers = (
        "answers never seen before"
        if category == scale.novel
        else f"“{label if len(label) <= 60 else label[:59] + '…'}”"
    )
    shares = f"{percent(float(after[category]))} instead of {percent(float(before[category]))}"
    return f"{held.probes[row]}: {answers} {shares}"


def _finite_exp(x: float) -> float:
    return exp(min(x, 700.0))
