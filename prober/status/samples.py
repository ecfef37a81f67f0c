"""Where the live samples of each feature stand, and what they say of a moment to a triage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prober.incidents.triage.material import LiveSamples
from prober.judging.samples import FEWEST, LEVEL, MOST, WINDOW, Shift, Window, compare, compare_score, window_of
from prober.model.evidence import Judgement
from prober.model.sample import SIDES, FoundShift, Side
from prober.store import samples
from prober.store.engine import Transaction

HOUR: Final = timedelta(hours=1)
SINCE_HOURS: Final = 8
"""Newest hours since the moment in question that are compared."""
DAYS_BEFORE: Final = 14
"""Days before it whose same hours they are compared with: a day has its rhythm."""
NEWEST: Final = 4
"""Newest windows whose scores are compared with those of the `BEFORE` before them: whole days."""
BEFORE: Final = 28
LEAST: Final = 2
"""Hours, or windows, that are needed since; and as many days of them before."""


@dataclass(frozen=True, slots=True)
class SideStatus:
    """One side of a feature."""

    judged_until: datetime | None
    judgement: Judgement | None
    """Judgement of the newest window; None before the first."""


@dataclass(frozen=True, slots=True)
class FeatureStatus:
    """One feature of an endpoint."""

    counts: samples.Feature
    sides: dict[Side, SideStatus]
    shifts: tuple[FoundShift, ...]
    scores: dict[str, Shift]
    """Name → how its newest day differs from the week before; only of those with enough windows."""


def feature_statuses(tx: Transaction) -> tuple[FeatureStatus, ...]:
    """By endpoint and feature."""
    return tuple(_status(tx, one) for one in samples.features(tx))


def is_learnt(tx: Transaction, shift: FoundShift) -> bool:
    """Whether the windows since a shift are the reference by now."""
    held = samples.watched(tx, shift.endpoint, shift.feature, shift.side)
    return held is not None and _is_reference(held.judgement)


def open_shifts(found: Sequence[FeatureStatus]) -> tuple[FoundShift, ...]:
    """The newest shift of each side of these features, as long as the windows since it are not the reference."""
    newest = {(shift.endpoint, shift.feature, shift.side): shift for one in found for shift in one.shifts}
    sides = {(one.counts.endpoint, one.counts.name, name): side for one in found for name, side in one.sides.items()}
    return tuple(shift for key, shift in newest.items() if not _is_reference(sides[key].judgement))


def _is_reference(newest: Judgement | None) -> bool:
    """Whether the windows since the newest shift are the reference by now."""
    return newest is not None and newest.state in ("quiet", "suspected") and not newest.is_provisional


def live_samples(tx: Transaction, endpoint: str, since: datetime, now: datetime) -> LiveSamples | None:
    """What the samples of all features of an endpoint say of the newest hours since a moment, against the same hours
    of the days before it; None without samples of both."""
    features = samples.features(tx, endpoint)
    judged = [found for one in features if (found := _of_feature(tx, one, since, now)) is not None]
    # What the judge of the windows has found counts too: an hour may hold too few samples to compare.
    shifts = [shift for one in features for shift in samples.shifts(tx, endpoint, one.name)]
    shifted = {shift.side for shift in shifts if since <= shift.onset and shift.found_at <= now}
    if not judged and not shifted:
        return None
    return LiveSamples(
        inputs_moved=_any([*(one.inputs_moved for one in judged), "inputs" in shifted or None]),
        outputs_moved=_any([*(one.outputs_moved for one in judged), "outputs" in shifted or None]),
        retrieval_fell=_any([one.retrieval_fell for one in judged]),
    )


def _of_feature(tx: Transaction, feature: samples.Feature, since: datetime, now: datetime) -> LiveSamples | None:
    first = since.replace(minute=0, second=0, microsecond=0) + HOUR
    last = min(now, (feature.newest_at or since) + HOUR).replace(minute=0, second=0, microsecond=0)
    hours = [at for i in range(1, SINCE_HOURS + 1) if (at := last - i * HOUR) >= first]
    recent = _windows(tx, feature, hours, HOUR)
    # An hour of the night is compared with hours of the night.
    days = range(1, DAYS_BEFORE + 1 + (last - first).days)
    same = (at - timedelta(days=day) for day in days for at in hours)
    before = _windows(tx, feature, [at for at in same if at + HOUR <= since], HOUR)
    if len(recent) < LEAST or len(before) < LEAST * len(recent):
        return None
    return compared(before, recent)


def compared(before: Sequence[Window], recent: Sequence[Window]) -> LiveSamples:
    """What recent windows of a feature say beside earlier ones. A score of retrieval has `retriev` in its name."""
    retrieval = [name for name in _names(recent) if "retriev" in name.casefold()]
    fell = [_fell(compare_score(before, recent, name), len(retrieval)) for name in retrieval]
    return LiveSamples(
        inputs_moved=_moved(compare(before, recent, "inputs")),
        outputs_moved=_moved(compare(before, recent, "outputs")),
        retrieval_fell=_any(fell),
    )


def _status(tx: Transaction, feature: samples.Feature) -> FeatureStatus:
    place = (feature.endpoint, feature.name)
    sides: dict[Side, SideStatus] = {}
    for side in SIDES:
        held = samples.watched(tx, *place, side)
        sides[side] = SideStatus(held.judged_until if held else None, held.judgement if held else None)
    scores: dict[str, Shift] = {}
    if feature.newest_at is not None:
        end = window_of(feature.newest_at)
        begins = [end - i * WINDOW for i in range(NEWEST + BEFORE, 0, -1)]
        before, recent = (_windows(tx, feature, part, WINDOW) for part in (begins[:BEFORE], begins[BEFORE:]))
        for name in _names(recent) if len(recent) >= LEAST and len(before) >= LEAST * len(recent) else ():
            shift = compare_score(before, recent, name)
            if shift is not None:
                scores[name] = shift
    return FeatureStatus(feature, sides, samples.shifts(tx, *place), scores)


def _windows(tx: Transaction, feature: samples.Feature, begins: Sequence[datetime], length: timedelta) -> list[Window]:
    found = (samples.drawn(tx, feature.endpoint, feature.name, at, at + length, MOST) for at in begins)
    return [window for window in found if len(window) >= FEWEST]


def _names(windows: Sequence[Window]) -> list[str]:
    return sorted({name for window in windows for one in window for name in one.scores})


def _moved(shift: Shift | None) -> bool | None:
    return None if shift is None else shift.is_clear


def _fell(shift: Shift | None, of: int) -> bool | None:
    return None if shift is None else shift.p_value * of <= LEVEL and not shift.rose


def _any(said: Sequence[bool | None]) -> bool | None:
    """Whether any feature says so; None where none can say."""
    known = [one for one in said if one is not None]
    return any(known) if known else None
