"""Where an objective stands, as people read it: one sentence for messages, reports and pages. Pure."""

from __future__ import annotations

from datetime import timedelta

from prober.judging.objectives import Standing
from prober.model.objective import Objective
from prober.text import count


def objective_words(declared: Objective, standing: Standing) -> str:
    """In half a line, such as `billing-answers: passed 91.2 %, wanted at least 95 %`; where that much was wanted, that
    it will not last."""
    so, _, _ = _share(declared, standing)
    burns = "" if (standing.budget_left or 0.0) < 0 else "spends its error budget too fast: "
    return f"{declared.name}: {burns}{declared.words} {100 * so:.1f} %, wanted {wanted(declared)}"


def objective_detail(declared: Objective, standing: Standing) -> str:
    """`objective_standing`, and how fast the error budget is spent."""
    rates = [f"{window_words(window)} {rate:.1f}×" for window, rate, _ in standing.burn_rates if rate is not None]
    said = objective_standing(declared, standing, with_interval=True)
    return said + (f"; burn rate {', '.join(rates)}" if rates else "")


def objective_standing(declared: Objective, standing: Standing, *, with_interval: bool = False) -> str:
    """What was measured, target, window and what is left of the error budget, in a line: the same in messages, reports
    and on the dashboard."""
    aim = f"wanted {wanted(declared)} over {over(declared)}"
    if not standing.replies:
        return f"no reply yet, {aim}"
    so, low, high = _share(declared, standing)
    interval = f" (95 %: {100 * low:.1f}–{100 * high:.1f} %)" if with_interval else ""
    return (
        f"{declared.words} {100 * so:.1f} % of {count(standing.replies, 'reply')}{interval}, {aim}; "
        f"{budget_words(standing.budget_left or 0.0)}"
    )


def wanted(declared: Objective) -> str:
    """`at least 95 %`."""
    return f"at least {declared.at_least}" if declared.at_least else f"at most {declared.at_most}"


def over(declared: Objective) -> str:
    """Its window: `28 d`."""
    return window_words(timedelta(seconds=declared.window_s))


def window_words(window: timedelta) -> str:
    """`1 h`, `6 h`, `3 d`."""
    hours = window / timedelta(hours=1)
    return f"{hours:g} h" if hours < 48 else f"{hours / 24:g} d"


def budget_words(left: float) -> str:
    """What is left of an error budget; below 0 more was spent than there was."""
    return f"error budget left {100 * left:.0f} %" if left >= 0 else f"{1 - left:.1f} times the error budget is spent"


def _share(declared: Objective, standing: Standing) -> tuple[float, float, float]:
    """Of the replies in the window, those that the measure names, and its interval."""
    bad, (low, high) = standing.bad / standing.replies, standing.interval
    return (1 - bad, 1 - high, 1 - low) if declared.at_least else (bad, low, high)
