"""Objectives and live samples become incidents: opened once, refreshed while they last, closed by themselves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from prober.incidents.lifecycle import closed
from prober.incidents.severity import severity
from prober.judging.objectives import Standing
from prober.model.declaration import Severity
from prober.model.incident import Decision, Measured
from prober.model.objective import Objective
from prober.model.sample import FoundShift


def objective(
    before: Measured | None,
    name: str,
    declared: Objective,
    standing: Standing,
    endpoint: str,
    endpoint_hash: str,
    now: datetime,
    rules: Mapping[str, Severity],
    in_maintenance: bool,
) -> Decision:
    """Where an objective stands after a round → whether its budget burns. `before`: its newest incident, open or not;
    `name`: `set/objective`.

    The e-detector alone opens and closes: a window in which too much was spent, long ago, is no news. A burn that a
    person closed opens nothing again.
    """
    is_open = before is not None and before.state != "closed"
    since, newest = standing.burning_since, standing.newest
    if since is None or newest is None:
        if before is None or not is_open:
            return Decision("quiet")
        return Decision("burn_over", closed(before, "recovered", "", "", now), event="objective_over")
    cause, detail = objective_words(declared, standing), objective_detail(declared, standing)
    if before is not None and is_open:
        said = replace(before, cause=cause, detail=detail)
        return Decision("already_open", before) if said == before else Decision("refreshed", said)
    if before is not None and before.closed_at is not None and since <= before.closed_at:
        return Decision("already_closed")
    if in_maintenance:
        return Decision("in_maintenance")
    found = Measured(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind="objective_missed",
        about=name,
        onset=_label(since),
        detected_round=_label(newest),
        opened_at=now,
        notified_at=now,
        cause=cause,
        detail=detail,
    )
    return Decision("budget_burns", replace(found, severity=severity(found, rules)), event="objective_missed")


def shift(
    before: Measured | None,
    found: FoundShift,
    is_learnt: bool,
    endpoint_hash: str,
    now: datetime,
    rules: Mapping[str, Severity],
    in_maintenance: bool,
) -> Decision:
    """The newest shift of one side of a feature → whether people are notified. `before`: the newest incident of the
    same side, open or not; `is_learnt`: whether the windows since are the reference by now."""
    onset = _label(found.onset)
    if before is not None and before.state != "closed":
        if before.onset != onset:
            return Decision("changed_again", closed(before, "superseded", "", "", now), event="superseded")
        if is_learnt:
            return Decision("shift_learnt", closed(before, "accepted", "", "", now), event="samples_learnt")
        return Decision("already_open", before)
    if is_learnt or (before is not None and before.onset >= onset):
        return Decision("quiet")
    if in_maintenance:
        return Decision("in_maintenance")
    side = "inputs" if found.side == "inputs" else "answers"
    opened = Measured(
        id=0,
        endpoint=found.endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind="input_shift" if found.side == "inputs" else "output_shift",
        about=found.feature,
        onset=onset,
        detected_round=_label(found.found_at),
        opened_at=now,
        notified_at=now,
        cause=f"{side} of {found.feature}: {found.words}",
        detail=f"live samples of {found.feature}, {found.side}: {found.words}",
    )
    return Decision("shift_found", replace(opened, severity=severity(opened, rules)), event="samples_shifted")


def withdrawn(standing: Measured, now: datetime) -> Decision:
    """What it is about is declared no more."""
    over = replace(closed(standing, "superseded", "", "", now), note="declared no more")
    return Decision("not_declared", over, event="superseded")


def objective_words(declared: Objective, standing: Standing) -> str:
    """In half a line, such as `billing-answers: passed 91.2 %, wanted at least 95 %`."""
    so, _, _ = _share(declared, standing)
    return f"{declared.name}: {declared.measure} {100 * so:.1f} %, wanted {wanted(declared)}"


def objective_detail(declared: Objective, standing: Standing) -> str:
    """Target, window, what was measured with its interval, budget left and burn rates, in a line."""
    so, low, high = _share(declared, standing)
    rates = ", ".join(
        f"{hours:g} h {rate:.1f}×"
        for window, rate, _ in standing.burn_rates
        if rate is not None and (hours := window.total_seconds() / 3600)
    )
    return (
        f"{declared.measure} {100 * so:.1f} % of {standing.replies:,} replies (95 %: {100 * low:.1f}–{100 * high:.1f} "
        f"%), wanted {wanted(declared)} over {declared.window}; {budget_words(standing.budget_left or 0.0)}"
        + (f"; burn rate {rates}" if rates else "")
    )


def wanted(declared: Objective) -> str:
    """`at least 95 %`."""
    return f"at least {declared.at_least}" if declared.at_least else f"at most {declared.at_most}"


def budget_words(left: float) -> str:
    """What is left of an error budget; below 0 more was spent than there was."""
    return f"error budget left {100 * left:.0f} %" if left >= 0 else f"{1 - left:.1f} times the error budget is spent"


def _share(declared: Objective, standing: Standing) -> tuple[float, float, float]:
    """Of the replies in the window, those that the measure names, and its interval."""
    bad, (low, high) = standing.bad / standing.replies, standing.interval
    return (1 - bad, 1 - high, 1 - low) if declared.at_least else (bad, low, high)


def _label(moment: datetime) -> str:
    """As a round begun then is labelled."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
