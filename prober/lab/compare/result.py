"""What a comparison says: how far each channel moved, in plain units, how sure that is, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from prober.judging.channels import percent, quoted_answer
from prober.lab.compare.exchange import Bools, Exchange, Exchanged
from prober.lab.compare.panel import REST, TINY, Floats, Panel, contrast
from prober.lab.compare.permutation import p_value

Outcome = Literal["same", "changed", "insufficient_evidence"]
_NOUNS = {"text": "wording:", "embedding": "topic:"}
"""What a distance is about."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One channel of the candidate against the same channel of the reference."""

    channel: str
    evidence: float
    """Evidence of this channel alone, in nats: see `permutation`."""
    p_value: float
    """p-value of this channel alone, never below 1 / (number of permutations + 1)."""
    changed: bool
    """Whether it counts when all channels are tested together, whichever of the others changed.

    Where only all of them together do, it is the one with the most evidence.
    """
    effect: float
    """Candidate minus reference where readings are numbers; else a distance: 0 to 1 for names, 0 to 2 for vectors."""
    interval: tuple[float, float] | None
    """Where the effect lies with confidence 1 - alpha, for this channel alone.

    None for a distance, which is never below zero even where nothing changed, and where too little was seen.
    """
    unit: str
    """Unit of `effect` and `interval`."""
    words: str
    """The effect as a person says it; names in it may be hostile text."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A channel that was not compared, and why."""

    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two logs, compared."""

    verdict: Outcome
    evidence: float
    """Of all channels together, in nats. It ranks comparisons of equally many rounds and replies."""
    alpha: float
    """Chance that anything at all is called changed where nothing did; over all channels together."""
    paired: bool
    """Whether the logs share probes; otherwise they are two groups of prompts of one kind."""
    exchanged: Exchanged
    probes: int
    """Probes compared: those answered in both logs, or all of both where none is shared."""
    replies: tuple[int, int]
    """Answers compared, of the reference and of the candidate."""
    failed: tuple[int, int]
    """Asks without an answer, left out."""
    unmatched: int
    """Probes answered in one log only, left out; 0 where none is shared."""
    channels: tuple[Difference, ...]
    """Those that changed first, then by p-value."""
    left_out: tuple[LeftOut, ...]
    missing: str = ""
    """How much is missing; empty unless the verdict is `insufficient_evidence`."""


def difference(panel: Panel, units: Exchange, found: Floats, changed: bool, alpha: float) -> Difference:
    """The effect of one channel, with its words; `found` is its evidence under all labels, shape (rows,)."""
    weights = contrast(units.labels[None, :], panel.readable, units.stratum)[0]
    strata = max(1, len(np.unique(units.stratum[weights != 0])))
    reference: Floats = (np.maximum(-weights, 0) @ panel.points) / strata
    candidate: Floats = (np.maximum(weights, 0) @ panel.points) / strata
    interval = None
    if panel.names:
        effect, unit = float(np.abs(candidate - reference).sum() / 2), "total variation distance"
        words = _moved(panel.channel.name, panel.names, candidate, reference)
    elif panel.is_number:
        mean, base = float(candidate[0]), float(reference[0])
        channel = panel.channel
        effect, unit = mean - base, channel.difference or channel.unit
        words = channel.words(channel.show(mean, base), channel.show(base, base))
        interval = _interval(panel, units, weights, effect, alpha)
    else:
        effect, unit = _cosine_distance(candidate, reference), "cosine distance"
        words = f"{_NOUNS.get(panel.channel.name, '')} mean replies {effect:.2f} apart".strip()
    if abs(effect) <= TINY:
        effect = 0.0
        if not changed:
            words = "no difference"
        elif REST in panel.names:  # what moved are names too rare for a corner of their own
            words = "common answers kept their shares, rare ones differ"
    return Difference(panel.channel.name, float(found[0]), p_value(found), changed, effect, interval, unit, words)


def _moved(channel: str, names: Sequence[str], candidate: Floats, reference: Floats) -> str:
    """The name whose share moved most, such as `“Blue” 31 % (was 62 %)`."""
    most = int(np.argmax(np.abs(candidate - reference)))
    shares = f"{percent(float(candidate[most]))} (was {percent(float(reference[most]))})"
    if channel == "exact":  # its names are digests of whole texts
        return f"{'rare texts' if names[most] == REST else 'one same text'} {shares}"
    name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in names[most])
    return f"{quoted_answer(channel, name)} {shares}"


def _cosine_distance(a: Floats, b: Floats) -> float:
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return max(0.0, 1 - float(a @ b) / norm) if norm else 0.0


def _interval(
    panel: Panel, units: Exchange, weights: Floats, effect: float, alpha: float
) -> tuple[float, float] | None:
    """Student's interval over what was permuted: rounds, prompts, or probes with their own difference each."""
    read = weights != 0
    values, labels = panel.points[:, 0], units.labels
    ends = (min(panel.channel.atoms), max(panel.channel.atoms)) if panel.channel.atoms else ()
    if units.kind == "prompts":
        return _of_two(values[read & labels], values[read & ~labels], ends, alpha)
    if units.kind == "rounds":
        spread = _of_two(*_round_effects(values, read, units), (), alpha)
        if spread is None or (ends and spread[0] == spread[1]):
            return None
        return _around(effect, (spread[1] - spread[0]) / 2, ends)
    differences = np.bincount(units.stratum, weights=weights * values)[np.unique(units.stratum[read])]
    return _of_one(differences, ends, alpha)


def _round_effects(values: Floats, read: Bools, units: Exchange) -> tuple[Floats, Floats]:
    """How far each round lies from its probes' means; of the candidate's rounds, and of the reference's."""
    units_read = np.maximum(np.bincount(units.stratum, weights=read), 1)
    middle = np.bincount(units.stratum, weights=values * read) / units_read
    of_round = np.bincount(units.thing, weights=read)
    effects = np.bincount(units.thing, weights=(values - middle[units.stratum]) * read) / np.maximum(of_round, 1)
    seen = of_round > 0
    return effects[seen & units.candidate], effects[seen & ~units.candidate]


def _of_one(differences: Floats, ends: tuple[float, ...], alpha: float) -> tuple[float, float] | None:
    """Around a mean. Of shares, which may not vary at all, after adding a half for each way (Agresti & Min 2005)."""
    if len(differences) < 2:
        return None
    values, weights = differences, np.ones(len(differences))
    if ends:
        span = ends[1] - ends[0]
        values = np.append(values, [span, 0.0, -span])
        weights = np.append(weights, [0.5, 1.0, 0.5])
    total = weights.sum()
    mean = float(weights @ values / total)
    error = float(np.sqrt(weights @ (values - mean) ** 2 / (total - 1) / total))
    return _around(mean, error * float(stdtrit(total - 1, 1 - alpha / 2)), ends)


def _of_two(a: Floats, b: Floats, ends: tuple[float, ...], alpha: float) -> tuple[float, float] | None:
    """Around a difference of means (Welch). Of shares, after adding one of each to both (Agresti & Caffo 2000)."""
    a, b = np.append(a, ends), np.append(b, ends)
    if min(len(a), len(b)) < 2:
        return None
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    error = float(np.sqrt(parts.sum()))
    sizes = np.array([len(a) - 1, len(b) - 1])
    freedom = float(parts.sum() ** 2 / (parts**2 / sizes).sum()) if error else float(sizes.sum())
    return _around(float(a.mean() - b.mean()), error * float(stdtrit(freedom, 1 - alpha / 2)), ends)


def _around(centre: float, half: float, ends: tuple[float, ...]) -> tuple[float, float]:
    """No difference of shares is further from 0 than the ends are from each other."""
    most = ends[1] - ends[0] if ends else np.inf
    return max(-most, centre - half), min(most, centre + half)
