"""What one channel read, as points: one row a unit, so that one statistic serves names, numbers and vectors.

A number is a point on a line, a vector itself, and a name a corner of a simplex, so that a mean of names is the share
of each. Probabilities of first tokens are a point inside the simplex. Several answers of one unit are averaged.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from prober.judging.channels import Channel
from prober.judging.statistic.readings import RECURS, Reading, Recurring, TopTokens, recurring
from prober.lab.compare.exchange import Answer, Bools, Exchange, Ints

Floats = npt.NDArray[np.float64]

NAMED: Final = 50
"""Names that have a corner of their own; the rest share one."""
RARE: Final = 5
"""Answers a name must have, in both logs together, to have a corner of its own among all probes."""
REST: Final = "(rare)"
TINY: Final = 1e-9
"""A spread of readings that is rounding, not scatter; also the share of the largest reading that is."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The readings of one channel."""

    channel: Channel
    names: tuple[str, ...]
    """Names of the columns, where readings are names; else empty."""
    points: Floats
    """Shape (units, columns); zero where nothing could be read."""
    readable: Bools
    """Shape (units,)."""
    local: Floats
    """Shape (units, columns): like `points`, centred within each stratum; names have the stratum's own columns, and
    numbers the stratum's own scale."""
    standard: Floats
    """Shape (units, columns): of names, `local` over its standard deviation in the stratum; else no columns."""
    typical: Floats
    """Shape (units,): of names, the mean ln share that they have in the stratum, centred there; else 0."""
    weight: Floats
    """Shape (columns,): one over the standard deviation of a column's sum of differences; 0 where it cannot vary.

    Half-way between no weight, by which only common names would count, and the variance, by which rare names would add
    mostly noise.
    """
    is_number: bool


def panel(channel: Channel, answers: Sequence[Answer], exchange: Exchange) -> Panel | None:
    """Read one channel off all answers; None where it could not be read on both sides of any stratum."""
    stratum = exchange.stratum
    readings = _telling([channel.read(answer.fingerprint) for answer in answers], exchange)
    kept = [i for i, reading in enumerate(readings) if reading is not None]
    units, unit = len(stratum), exchange.unit_of_answer[kept]
    readable = np.bincount(unit, minlength=units) > 0
    if not contrast(exchange.labels[None, :], readable, stratum).any():
        return None
    values = [readings[i] for i in kept]
    names: tuple[str, ...] = ()
    standard, typical = np.zeros((units, 0)), np.zeros(units)
    if isinstance(values[0], str | TopTokens):
        shares = [_shares(value) for value in values]
        names, corners = _corners(shares, RARE)
        points = _means(corners, unit, units)
        own = _local_names(shares, unit, stratum)
        typical = _log_share(own, readable, stratum)
        local, spread = _within(own, readable, stratum)
        standard = _over(local, np.sqrt(spread)[stratum])
    else:
        rows = np.array(values, dtype=np.float64).reshape(len(values), -1)
        points = _means(rows, unit, units)
        local, spread = _within(points, readable, stratum)
        if points.shape[1] == 1:
            local = _over(local, np.sqrt(spread)[stratum])
    _, variance = _within(points, readable, stratum)
    deviation = np.sqrt(_variance_of_sum(variance, readable, stratum))
    weight = _over(np.ones_like(deviation), deviation)
    number = not names and points.shape[1] == 1
    return Panel(channel, names, points, readable, local, standard, typical, weight, number)


def contrast(labels: Bools, readable: Bools, stratum: Ints) -> Floats:
    """Weights that turn points into differences, shape of `labels` (rows, units).

    Within each stratum they take the mean of the candidate's units less the mean of the reference's; a stratum where
    one side has nothing to read weighs nothing.
    """
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))
    ones = labels & readable
    taken = np.add.reduceat(ones, starts, axis=1, dtype=np.float64)
    other = np.add.reduceat(readable, starts, dtype=np.float64) - taken
    both = (taken > 0) & (other > 0)
    up = np.divide(1.0, taken, out=np.zeros_like(taken), where=both)
    down = np.divide(-1.0, other, out=np.zeros_like(other), where=both)
    return np.where(ones, up[:, stratum], down[:, stratum]) * readable


def _telling(readings: Sequence[Reading | None], exchange: Exchange) -> list[Reading | None]:
    """Without the names that tell something only where they come again, in every stratum where they do not.

    Whether they do is asked of both sides together, so that shuffling labels does not change the answer.
    """
    kept = list(readings)
    if not any(isinstance(reading, Recurring) for reading in readings):
        return kept
    groups: dict[int, dict[int, list[int]]] = {}
    for i, unit in enumerate(exchange.unit_of_answer.tolist()):
        if readings[i] is not None:
            groups.setdefault(int(exchange.stratum[unit]), {}).setdefault(unit, []).append(i)
    for units in groups.values():
        if recurring([[readings[i] for i in members] for members in units.values()]) < RECURS:
            for members in units.values():
                for i in members:
                    kept[i] = None
    return kept


def _shares(reading: Reading | None) -> Mapping[str, float]:
    """A name is all of itself; of first tokens each has its probability."""
    if isinstance(reading, TopTokens):
        return {token: math.exp(log_probability) for token, log_probability in reading.pairs}
    return {str(reading): 1.0}


def _corners(shares: Sequence[Mapping[str, float]], rare: float) -> tuple[tuple[str, ...], Floats]:
    """Columns, commonest first, and each reading's share of each; shape (readings, columns)."""
    counts: Counter[str] = Counter()
    for reading in shares:
        counts.update(reading)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    own = {name: i for i, name in enumerate(ranked[:NAMED]) if counts[name] >= rare}
    columns = (*own, REST) if len(own) < len(counts) else tuple(own)
    corners = np.zeros((len(shares), len(columns)))
    for row, reading in enumerate(shares):
        for name, share in reading.items():
            corners[row, own.get(name, len(own))] += share
    return columns, corners


def _local_names(shares: Sequence[Mapping[str, float]], unit: Ints, stratum: Ints) -> Floats:
    """Shape (units, columns): shares of each name, where every stratum ranks its own names."""
    of_stratum: dict[int, list[int]] = {}
    for i, u in enumerate(unit.tolist()):
        of_stratum.setdefault(int(stratum[u]), []).append(i)
    parts = {key: _corners([shares[i] for i in members], 0)[1] for key, members in of_stratum.items()}
    corners = np.zeros((len(shares), max(part.shape[1] for part in parts.values())))
    for key, part in parts.items():
        corners[of_stratum[key], : part.shape[1]] = part
    return _means(corners, unit, len(stratum))


def _means(rows: Floats, unit: Ints, units: int) -> Floats:
    totals = np.zeros((units, rows.shape[1]))
    np.add.at(totals, unit, rows)
    return totals / np.maximum(np.bincount(unit, minlength=units), 1)[:, None]


def _within(points: Floats, readable: Bools, stratum: Ints) -> tuple[Floats, Floats]:
    """Points less the mean of their stratum, and the strata's variances; shapes (units, columns), (strata, columns)."""
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))
    seen = np.add.reduceat(readable, starts, dtype=np.float64)[:, None]
    mean = np.add.reduceat(points * readable[:, None], starts) / np.maximum(seen, 1)
    centred: Floats = (points - mean[stratum]) * readable[:, None]
    # Means of equal readings differ from them by rounding, which must not count as scatter.
    centred[np.abs(centred) <= TINY * np.abs(points).max(initial=0.0)] = 0.0
    return centred, np.add.reduceat(centred**2, starts) / np.maximum(seen - 1, 1)


def _log_share(points: Floats, readable: Bools, stratum: Ints) -> Floats:
    """Shape (units,): of the names of a unit the mean logarithm of their share of its stratum, centred there."""
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))
    seen = np.add.reduceat(readable, starts, dtype=np.float64)[:, None]
    share = np.add.reduceat(points, starts) / np.maximum(seen, 1)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    mean_log: Floats = (points * logs[stratum]).sum(axis=1)
    centred, _ = _within(mean_log[:, None], readable, stratum)
    return centred[:, 0]


def _over(values: Floats, scale: Floats) -> Floats:
    """0 where the scale is rounding."""
    result: Floats = np.divide(values, scale, out=np.zeros_like(values), where=scale > TINY)
    return result


def _variance_of_sum(spread: Floats, readable: Bools, stratum: Ints) -> Floats:
    """Of the sum over strata of differences of means, as if sides were even: shuffling labels must not move it."""
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))
    seen = np.add.reduceat(readable, starts, dtype=np.float64)[:, None]
    total: Floats = (spread * 4 / np.maximum(seen, 1)).sum(axis=0)
    return total
