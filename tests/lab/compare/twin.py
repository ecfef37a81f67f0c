"""The statistics of `permutation` once more: slow, plain, in the letters of its docstring."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
from scipy.special import gammaincc

from prober.judging.statistic.scales import Reading
from prober.lab.compare.exchange import Exchange


def p_value(readings: list[Reading | None], units: Exchange, labels: list[list[bool]]) -> float:
    """`labels[0]` is what was seen; one reading a unit, all names, all numbers or all vectors."""
    found = evidence(readings, units, labels)
    return sum(one >= found[0] - 1e-6 for one in found) / len(found)


def evidence(readings: list[Reading | None], units: Exchange, labels: list[list[bool]]) -> list[float]:
    of_rows = []
    for statistic in (shift, scatter, rarity, typicality):
        values = [statistic(readings, units, row) for row in labels]
        mean, variance = float(np.mean(values)), float(np.var(values))
        if variance > 1e-12 * mean**2:
            of_rows.append([float(gammaincc(mean**2 / variance, v * mean / variance)) for v in values])
    if not of_rows:
        return [0.0] * len(labels)
    return [sum(-math.log(max(p, 1e-300)) for p in row) / len(row) for row in zip(*of_rows, strict=True)]


def joint(channels: list[list[float]]) -> list[float]:
    """Of the evidence of several channels, a list of rows each: the mean of order 2 in every row."""
    return [math.sqrt(sum(one * one for one in row) / len(row)) for row in zip(*channels, strict=True)]


def every_labelling(units: Exchange) -> list[list[bool]]:
    """All arrangements of sides within pairs, the one seen first."""
    seen = units.labels.tolist()
    pairs = [seen[i : i + 2] for i in range(0, len(seen), 2)]
    flipped = [(pair, pair[::-1]) for pair in pairs]
    return [list(itertools.chain(*choice)) for choice in itertools.product(*flipped)]


def shift(readings: list[Reading | None], units: Exchange, labels: list[bool]) -> float:
    points = _points(readings)
    total = 0.0
    for k in range(len(points[next(i for i, r in enumerate(readings) if r is not None)])):
        column = {i: point[k] for i, point in points.items()}
        s = sum(_difference(column, _members(units, p), labels) for p in _strata(units))
        v = 0.0
        for p in _strata(units):
            seen = [column[i] for i in _members(units, p) if i in column]
            if len(seen) > 1:
                v += float(np.var(seen, ddof=1)) * 4 / len(seen)
        total += s * s / np.sqrt(v) if v > 1e-18 else 0.0
    return total


def scatter(readings: list[Reading | None], units: Exchange, labels: list[bool]) -> float:
    total = 0.0
    for p in _strata(units):
        members = [i for i in _members(units, p) if readings[i] is not None]
        values = [readings[i] for i in members]
        if len(_members(units, p)) < 3:
            continue
        if isinstance(values[0] if values else None, str):
            for name in set(values):
                column = {i: float(readings[i] == name) for i in members}
                total += _difference(column, members, labels) ** 2
        elif values and isinstance(values[0], float):
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
            if spread > 1e-9:
                column = {i: float(readings[i]) / spread for i in members}  # type: ignore[arg-type]
                total += _difference(column, members, labels) ** 2
        else:
            for k in range(len(values[0]) if values else 0):  # type: ignore[arg-type]
                column = {i: readings[i][k] for i in members}  # type: ignore[index]
                total += _difference(column, members, labels) ** 2
    return total


def rarity(readings: list[Reading | None], units: Exchange, labels: list[bool]) -> float:
    total = 0.0
    for p in _strata(units):
        members = [i for i in _members(units, p) if isinstance(readings[i], str)]
        if len(_members(units, p)) < 3:
            continue
        for name in {readings[i] for i in members}:
            column = {i: float(readings[i] == name) for i in members}
            v = float(np.var(list(column.values()), ddof=1)) if len(column) > 1 else 0.0
            total += _difference(column, members, labels) ** 2 / v if v > 0 else 0.0
    return total


def typicality(readings: list[Reading | None], units: Exchange, labels: list[bool]) -> float:
    total = 0.0
    for p in _strata(units):
        members = [i for i in _members(units, p) if isinstance(readings[i], str)]
        seen = Counter(readings[i] for i in members)
        total += _difference({i: float(np.log(seen[readings[i]] / len(members))) for i in members}, members, labels)
    return total**2


def _points(readings: list[Reading | None]) -> dict[int, list[float]]:
    names = Counter(r for r in readings if isinstance(r, str))
    own = [name for name in sorted(names) if names[name] >= 5]
    points = {}
    for i, reading in enumerate(readings):
        if isinstance(reading, str):
            points[i] = [float(reading == name) for name in own]
            if len(own) < len(names):
                points[i].append(float(reading not in own))
        elif reading is not None:
            points[i] = list(reading) if isinstance(reading, tuple) else [reading]
    return points


def _difference(column: dict[int, float], members: list[int], labels: list[bool]) -> float:
    ours = [column[i] for i in members if i in column and labels[i]]
    theirs = [column[i] for i in members if i in column and not labels[i]]
    return sum(ours) / len(ours) - sum(theirs) / len(theirs) if ours and theirs else 0.0


def _strata(units: Exchange) -> list[int]:
    return sorted(set(units.stratum.tolist()))


def _members(units: Exchange, stratum: int) -> list[int]:
    return [i for i, p in enumerate(units.stratum.tolist()) if p == stratum]
