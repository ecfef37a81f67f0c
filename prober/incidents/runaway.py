"""More is spent than planned: what is known of the spending of a probe set becomes an incident of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from prober.incidents.lifecycle import closed
from prober.incidents.severity import severity
from prober.judging.runaway import CALM, Spending
from prober.model.declaration import Severity
from prober.model.incident import Decision, Runaway


def runaway(
    standing: Runaway | None,
    known: Spending,
    threshold: float,
    endpoint: str,
    endpoint_hash: str,
    probe_set: str,
    owner: str,
    round_: str,
    now: datetime,
    rules: Mapping[str, Severity] | None = None,
    in_maintenance: bool = False,
) -> Decision:
    """`known`: after the round. It opens at the threshold, and is over after `CALM` rounds in plan."""
    if standing is not None:
        if known.calm >= CALM:
            return Decision("back_in_plan", closed(standing, "recovered", "", "", now), event="runaway_over")
        if known.calm:
            return Decision("quiet", standing)
        return Decision("refreshed", _in_numbers(standing, known, owner))
    if not known.is_learnt or known.e_value < threshold:
        return Decision("quiet")
    if in_maintenance:
        return Decision("in_maintenance")
    found = Runaway(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind="runaway",
        onset=known.onset,
        detected_round=round_,
        opened_at=now,
        probe_set=probe_set,
        detail="",
        e_value=0.0,
        threshold=threshold,
        notified_at=now,
    )
    found = _in_numbers(found, known, owner)
    return Decision("overspent", replace(found, severity=severity(found, rules)), event="runaway")


def _in_numbers(one: Runaway, known: Spending, owner: str) -> Runaway:
    detail = detail_of(known, one.endpoint, one.probe_set, owner)
    return replace(one, cause=headline_of(known), detail=detail, e_value=max(one.e_value, known.e_value))


def headline_of(known: Spending) -> str:
    """In half a line."""
    leading = known.leading
    if leading == "tokens" and 2 * known.reasoned > known.took:
        leading = "reasoning"
    much = known.times(leading)
    times = f"{much:,.1f} times" if much < 10 else f"{much:,.0f} times"
    if leading == "reasoning":
        return f"reasoning tokens are {times} the plan"
    if leading == "tokens":
        return f"asks take {times} the planned tokens"
    if known.times("tokens") <= 1.5:
        return f"the same is asked {times} as often as planned"
    return f"spends {times} its plan"


def detail_of(known: Spending, endpoint: str, probe_set: str, owner: str) -> str:
    """Who spends, what, and what was planned."""
    planned = max(known.planned_rounds, 1.0)
    return (
        f"probe set {probe_set} of {owner} on {endpoint}: {known.made:,} asks took {known.took:,} tokens"
        f"{f', {known.reasoned:,} of them reasoning' if known.reasoned else ''}; planned were about "
        f"{planned * known.asks:,.0f} asks and {planned * known.round_tokens:,.0f} tokens"
    )
