"""Are the answers as good as before? Each probe set, owner, tag or endpoint over a stretch of days, against the stretch
of the same length before it; and the sentence that says so, the same on pages and in reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np

from prober.judging.explain.counts import share_p_value
from prober.judging.statistic.readings import Floats
from prober.store.engine import Transaction
from prober.store.pages.days import By, Cell, cells, keys_by
from prober.store.sums import Sums, total_of

Measure = Literal["passed", "right", "refused"]
COUNTED: Final[Mapping[Measure, tuple[str, str]]] = {
    "passed": ("checked", "passed"),
    "right": ("keyed", "right"),
    "refused": ("answered", "refused"),
}
"""Measure → (what is counted, what of it is so), as `Sums` name them."""
Verdict = Literal["worse", "better", "unclear", "as_before", "too_few"]
VERDICT_WORDS: Final[Mapping[Verdict, str]] = {
    "worse": "worse",
    "better": "better",
    "unclear": "may be chance",
    "as_before": "as before",
    "too_few": "too few to say",
}
FEWEST: Final = 20
"""Replies on either side below which nothing is said of a difference."""
LEVEL: Final = 0.01
"""p-value above which a difference may be chance. Nobody is notified of it."""
FEWEST_DAYS: Final = 3
"""On either side, likewise."""
LEAST: Final = 0.01
"""How far a share must have moved to be called another: a point."""
STANDS_OUT: Final = 0.05
"""How much worse than all together an endpoint must be to be named."""


@dataclass(frozen=True, slots=True)
class Worst:
    """The endpoint whose replies pass their checks least often, or of those that got worse the one."""

    endpoint: str
    now: float
    before: float | None
    is_worse: bool
    """Than before, clearly."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One key over two stretches of days."""

    key: str
    """Name of the set, owner, tag or endpoint; empty for those without one."""
    now: Sums
    before: Sums
    verdicts: Mapping[Measure, Verdict]
    """Of each measure: whether the counts say that it differs, days being what varies."""
    worst: Worst | None
    """None for a single endpoint, and where none stands out."""
    daily: tuple[tuple[date, Sums], ...]
    """The days of now, oldest first."""

    @property
    def verdict(self) -> Verdict:
        """The first of `Verdict` that any measure has; worse where one endpoint is."""
        if self.worst is not None and self.worst.is_worse:
            return "worse"
        said = self.verdicts.values()
        return next(one for one in VERDICT_WORDS if one in said)


def share(sums: Sums, measure: Measure) -> float | None:
    """Of what is counted, what is so; None where nothing is."""
    of, so = COUNTED[measure]
    counted: int = getattr(sums, of)
    return getattr(sums, so) / counted if counted else None


def quality(tx: Transaction, by: By, since: date, until: date) -> tuple[Compared, ...]:
    """Every key with an answer in the UTC days [since, until), the worst first."""
    middle, span = since, until - since
    begin = since - span if since - date.min >= span else date.min
    keys, groups = keys_by(tx, by), dict[str, list[Cell]]()
    for cell in cells(tx, begin, until, daily=True):
        for key in keys(cell):
            groups.setdefault(key, []).append(cell)
    found = [_compared(key, group, middle) for key, group in groups.items()]
    order = list(VERDICT_WORDS)
    return tuple(
        sorted(
            (one for one in found if one.now.answered),
            key=lambda one: (order.index(one.verdict), share(one.now, "passed") or 1.0, one.key),
        )
    )


def verdict_words(one: Compared) -> str:
    """Of all measures together. Where nothing was asked before, more replies would not help."""
    return VERDICT_WORDS[one.verdict] if one.before.answered else "nothing before"


def sentence(one: Compared) -> str:
    """What a product manager wants to know of it, in plain text without its name. May hold hostile text."""
    passed, refused, right = (_said(one, measure) for measure in ("passed", "refused", "right"))
    said = [f"checks pass {passed}"] if passed else ["no checks are declared"]
    if one.worst is not None:
        was = "" if one.worst.before is None else f" (was {_percent(one.worst.before)})"
        said.append(f"lowest at {one.worst.endpoint}: {_percent(one.worst.now)}{was}")
    if one.verdicts["right"] in ("worse", "better") and right != passed:
        said.append(f"right answers {right}")
    if one.verdicts["refused"] in ("worse", "better") or not passed:
        said.append(f"refuses {refused}")
    return "; ".join(said)


def _said(one: Compared, measure: Measure) -> str:
    """`89.4 % of 1,234 (was 97.2 % of 1,300)`; empty where nothing is counted now."""
    now, before = share(one.now, measure), share(one.before, measure)
    if now is None:
        return ""
    of = COUNTED[measure][0]
    was = f"was {_percent(before)} of {getattr(one.before, of):,}" if before is not None else "nothing before"
    return f"{_percent(now)} of {getattr(one.now, of):,} ({was})"


def _percent(part: float) -> str:
    """A share that is not all is never written as all."""
    return f"{100 * part:.0f} %" if part in (0, 1) else f"{min(max(100 * part, 0.1), 99.9):.1f} %"


def _compared(key: str, group: Sequence[Cell], middle: date) -> Compared:
    now, before = ([one for one in group if one.day and (one.day >= middle) == is_now] for is_now in (True, False))
    total = total_of([one.sums for one in now])
    days: dict[date, list[Sums]] = {}
    for one in now:
        if one.day is not None:
            days.setdefault(one.day, []).append(one.sums)
    return Compared(
        key=key,
        now=total,
        before=total_of([one.sums for one in before]),
        verdicts={measure: _verdict(now, before, measure) for measure in COUNTED},
        worst=_worst(now, before, total),
        daily=tuple((day, total_of(days[day])) for day in sorted(days)),
    )


def _verdict(now: Sequence[Cell], before: Sequence[Cell], measure: Measure, level: float = LEVEL) -> Verdict:
    sides = [_by_day(side, measure) for side in (before, now)]
    if any(len(side) < FEWEST_DAYS or side.sum() < FEWEST for side in sides):
        return "too_few"
    then, since = (float(side[:, 0].sum() / side.sum()) for side in sides)
    if abs(since - then) < LEAST:
        return "as_before"
    if share_p_value(*sides) > level:
        return "unclear"
    return "better" if (since > then) == (measure != "refused") else "worse"


def _by_day(side: Sequence[Cell], measure: Measure) -> Floats:
    """(days on which anything is counted, 2): how many are so, and how many are not."""
    of, so = COUNTED[measure]
    days: dict[date | None, list[int]] = {}
    for one in side:
        if counted := getattr(one.sums, of):
            day = days.setdefault(one.day, [0, 0])
            day[0] += getattr(one.sums, so)
            day[1] += counted - getattr(one.sums, so)
    return np.array(list(days.values()), dtype=np.float64).reshape(-1, 2)


def _worst(now: Sequence[Cell], before: Sequence[Cell], total: Sums) -> Worst | None:
    all_ = share(total, "passed")
    names = sorted({one.endpoint for one in now})
    if all_ is None or len(names) < 2:
        return None
    found = []
    for name in names:
        mine, then = ([one for one in side if one.endpoint == name] for side in (now, before))
        part, was = (share(total_of([one.sums for one in side]), "passed") for side in (mine, then))
        if part is not None:
            is_worse = _verdict(mine, then, "passed", LEVEL / len(names)) == "worse"
            found.append(Worst(name, part, was, is_worse))
    worst = min(found, key=lambda one: (not one.is_worse, one.now))
    return worst if worst.is_worse or all_ - worst.now >= STANDS_OUT else None
