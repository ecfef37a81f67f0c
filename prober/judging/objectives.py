r"""Quality objectives: what share of the replies must be good, how much of the error budget is left, and burn alerts.

An objective allows a share $p_0$ of bad replies. The alert is an e-detector (Shin, Ramdas & Rinaldo 2024, "E-detectors:
a nonparametric framework for sequential change detection"): for each burn rate $k$ of `BURNS` the likelihood ratio of a
share $k p_0$ against $p_0$, summed over all possible beginnings, and averaged over $k$. Where exactly the budget is
spent, it takes `PAUSE_DAYS` days on average, at least, until it pages; where half of it is spent, far longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from math import exp, inf, log, log1p, sqrt
from typing import Final, Literal

ObjectiveState = Literal["met", "burning", "missed", "too_few"]

BURNS: Final = (2.0, 4.0, 8.0, 16.0)
"""How many times faster than allowed the budget may be spent, in the alternatives."""
PAUSE_DAYS: Final = 60.0
"""Mean days between false alerts where exactly the budget is spent, at least."""
ENDS_AT: Final = 0.01
"""An alert ends where the evidence is below this share of the threshold."""
LARGEST: Final = 0.95
Z: Final = 1.959964
"""Standard errors on either side of an interval that holds the truth in 95 % of cases."""
WORKBOOK: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(days=3))
"""Windows whose burn rates are shown for orientation: those of the SRE workbook, chapter 5."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one round adds: its time, replies that count, and those of them that are bad."""

    at: datetime
    replies: int
    bad: int


@dataclass(frozen=True, slots=True)
class Burn:
    """The e-detector after some rounds."""

    allowed: float
    """Share of bad replies that the objective allows."""
    log_evidence: tuple[float, ...] = (-inf,) * len(BURNS)
    """ln of each alternative's sum over beginnings."""

    def after(self, replies: int, bad: int) -> Burn:
        """With one more round."""
        good = replies - bad
        return Burn(
            self.allowed,
            tuple(
                _with_beginning(held) + (bad * of_bad + good * of_good)
                for held, (of_bad, of_good) in zip(self.log_evidence, _log_ratios(self.allowed), strict=True)
            ),
        )

    @property
    def e_value(self) -> float:
        return sum(exp(min(one, 700.0)) for one in self.log_evidence) / len(self.log_evidence)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one objective stands."""

    state: ObjectiveState
    replies: int
    """In the window."""
    bad: int
    interval: tuple[float, float]
    """Interval of the share of bad replies, 95 %."""
    budget_left: float | None
    """Share of the error budget that is left; below 0 where more was spent. None without a reply."""
    burning_since: datetime | None
    e_value: float
    threshold: float
    burn_rates: tuple[tuple[timedelta, float | None, int], ...] = ()
    """(window, how many times faster than allowed, replies); None without a reply."""
    newest: datetime | None = None
    """Nothing newer was measured: the state is as of then."""
    needed: int = 0
    """About how many more replies are needed to say that it is met; only where there are too few."""


@dataclass
class _Fold:
    burn: Burn
    since: datetime | None = None
    kept: list[Batch] = field(default_factory=list)


def judge(batches: Iterable[Batch], allowed: float, window: timedelta, rounds_a_day: float) -> Standing:
    """Where an objective stands after these rounds, oldest first. Time is that of the newest round: where nothing was
    measured since, the state stays as it was.

    `allowed`: share of bad replies, in (0, 1).
    """
    threshold = max(PAUSE_DAYS * rounds_a_day, 1.0)
    fold = _Fold(Burn(allowed))
    for batch in batches:
        if batch.replies:
            fold.kept.append(batch)
            fold.burn = fold.burn.after(batch.replies, batch.bad)
            e_value = fold.burn.e_value
            if e_value >= threshold:
                fold.since = fold.since or batch.at
            elif e_value < ENDS_AT * threshold:
                fold.since = None
    newest = fold.kept[-1].at if fold.kept else None
    replies, bad = _within(fold.kept, newest, window)
    low, high = wilson(bad, replies) if replies else (0.0, 1.0)
    is_enough = replies >= _enough(allowed)
    state: ObjectiveState = "met" if is_enough else "too_few"
    if low > allowed or (is_enough and bad > allowed * replies):
        state = "missed"
    elif fold.since is not None:
        state = "burning"
    return Standing(
        state=state,
        replies=replies,
        bad=bad,
        interval=(low, high),
        budget_left=1 - bad / (allowed * replies) if replies else None,
        burning_since=fold.since,
        e_value=fold.burn.e_value,
        threshold=threshold,
        burn_rates=tuple((each, *_rate(_within(fold.kept, newest, each), allowed)) for each in WORKBOOK),
        newest=newest,
        needed=max(0, _enough(allowed) - replies) if state == "too_few" else 0,
    )


def wilson(successes: int, tries: int) -> tuple[float, float]:
    """Interval of a share at 95 % (Wilson, *Probable inference*, 1927)."""
    share, square = successes / tries, Z * Z
    middle = (share + square / (2 * tries)) / (1 + square / tries)
    half = Z * sqrt(share * (1 - share) / tries + square / (4 * tries * tries)) / (1 + square / tries)
    return max(0.0, middle - half), min(1.0, middle + half)


def _within(batches: Sequence[Batch], newest: datetime | None, window: timedelta) -> tuple[int, int]:
    first = None if newest is None else newest - window
    here = [one for one in batches if first is not None and one.at > first]
    return sum(one.replies for one in here), sum(one.bad for one in here)


def _rate(seen: tuple[int, int], allowed: float) -> tuple[float | None, int]:
    replies, bad = seen
    return (bad / replies / allowed if replies else None), replies


def _enough(allowed: float) -> int:
    """Replies, none of them bad, after which the interval ends below what is allowed: from `wilson` of zero."""
    return int(Z * Z * (1 - allowed) / allowed) + 1


@cache
def _log_ratios(allowed: float) -> tuple[tuple[float, float], ...]:
    """ln of the likelihood ratio of each of `BURNS`: of a bad reply, and of a good one."""
    shares = [min(burn * allowed, LARGEST) for burn in BURNS]
    return tuple((log(share / allowed), log1p(-share) - log1p(-allowed)) for share in shares)


def _with_beginning(held: float) -> float:
    """ln(e^held + 1): one more beginning."""
    return held + log1p(exp(-held)) if held > 0 else log1p(exp(held))
