"""What is measured beside the answers becomes incidents: spending, objectives, live samples. Pure.

One course for every kind: opened once, refreshed while it lasts, closed by itself, quiet in maintenance (`course`). A
further kind is a row of `RULES` and a function that says where it stands (of `bill`, in a module of its own).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from prober.incidents.lifecycle import PLAIN, Circumstances, closed
from prober.incidents.objective_standing import objective_detail, objective_words
from prober.incidents.severity import severity
from prober.judging.objectives import PAUSE_DAYS, Standing
from prober.judging.runaway import CALM, Spending
from prober.model.decision import Decision, Reason
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.incident import CloseReason, Event, Incident, Measured, MeasuredKind
from prober.model.objective import Objective
from prober.model.sample import SIDE_WORDS, FoundShift
from prober.text import count


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRule:
    """What differs between the kinds."""

    opens: Event
    opens_because: Reason
    over: Event
    over_because: Reason
    runbook: str
    """Name of the shipped runbook."""
    by_chance: str = ""
    """How often chance alone would open one; empty where the incident's own evidence says so."""
    may_be_accepted: bool = False
    """Whether a person may take it as the plan from now on."""
    may_join: bool = False
    """Whether several endpoints of a provider that have it at once are one event."""


HELD_BACK: Final = "only rounds are asked, and scheduled ones wait while spending is ahead of the plan"
"""What is not asked while a runaway is open."""
HELD_BACK_IN_FULL: Final = (
    "canaries, shadows and gates are not asked. The set that spends too much is asked no faster than planned, and sets "
    "of lower priority wait too. Confirmation rounds are held back last; facts are always confirmed, and rounds of "
    "prober once never wait."
)

RULES: Final[Mapping[MeasuredKind, MeasuredRule]] = {
    "runaway": MeasuredRule(
        opens="runaway",
        opens_because="overspent",
        over="runaway_over",
        over_because="back_in_plan",
        runbook="cost-runaway",
        may_be_accepted=True,
        may_join=True,
    ),
    "objective_missed": MeasuredRule(
        opens="objective_missed",
        opens_because="budget_burns",
        over="objective_over",
        over_because="burn_over",
        runbook="semantic-regression",
        by_chance=f"about once in {PAUSE_DAYS:.0f} days",
    ),
    **dict.fromkeys(
        ("input_shift", "output_shift"),
        MeasuredRule(
            opens="samples_shifted",
            opens_because="shift_found",
            over="samples_learnt",
            over_because="shift_learnt",
            runbook="semantic-regression",
            by_chance="about once a year",
        ),
    ),
    "bill": MeasuredRule(
        opens="bill_above_plan",
        opens_because="bill_above_plan",
        over="bill_in_plan",
        over_because="bill_in_plan",
        runbook="cost-runaway",
        may_be_accepted=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Where one thing that is measured stands now."""

    found: Measured | None = None
    """The incident as it would open now; None where nothing is wrong, or too little is known."""
    closes_as: CloseReason = ""
    """How the open incident ends; empty where it does not."""
    already_closed: bool = False
    """Whether a closed incident was about the same: it does not open again."""


def course(before: Measured | None, stands: Measurement, now: datetime, given: Circumstances = PLAIN) -> Decision:
    """What becomes of an incident of any kind. `before`: the newest one about the same thing, open or not."""
    found = stands.found
    if before is not None and before.state != "closed":
        rule = RULES[before.kind]
        if stands.closes_as == "superseded":
            return Decision("changed_again", closed(before, "superseded", "", "", now), event="superseded")
        if stands.closes_as:
            return Decision(rule.over_because, closed(before, stands.closes_as, "", "", now), event=rule.over)
        if found is None:
            return Decision("quiet", before)
        e_value = max(before.e_value, found.e_value)
        said = replace(before, cause=found.cause, detail=found.detail, e_value=e_value)
        return Decision("already_open", before) if said == before else Decision("refreshed", said)
    if found is None:
        return Decision("quiet")
    if stands.already_closed:
        return Decision("already_closed")
    if given.in_maintenance:
        return Decision("in_maintenance")
    rule = RULES[found.kind]
    opened = replace(found, severity=severity(found, given.rules))
    return Decision(rule.opens_because, opened, event=rule.opens)


def withdrawn(standing: Measured, now: datetime) -> Decision:
    """What it is about is declared no more."""
    over = replace(closed(standing, "superseded", "", "", now), note="declared no more")
    return Decision("not_declared", over, event="superseded")


def may_join(incident: Incident) -> bool:
    """Whether it may be one event with what is open at other endpoints of its provider."""
    return not isinstance(incident, Measured) or RULES[incident.kind].may_join


def spending(
    before: Measured | None,
    known: Spending,
    threshold: float,
    endpoint: Endpoint,
    probe_set: ProbeSet,
    round_: str,
    now: datetime,
) -> Measurement:
    """Where the spending of a probe set on an endpoint stands. `before`: its newest incident, open or not; `known`:
    after the round. An incident opens at the threshold, and is over after `CALM` rounds in plan; that of a loop, which
    has no evidence of its own, is over with the loop."""
    is_open = before is not None and before.state != "closed"
    is_proven = known.is_learnt and known.e_value >= threshold
    if known.is_loop and not is_proven:
        rounds = count(len(known.unplanned), "round")
        loop = opened_as(
            "runaway", probe_set.name, endpoint.name, endpoint.content_hash, round_, round_, now,
            f"{rounds} in an hour that no schedule made due",
            f"probe set {probe_set.name} of {probe_set.owner} on {endpoint.name}: {rounds} of "
            f"{count(probe_set.asks, 'ask')} in the last hour that no schedule made due; look for a script or cron job "
            "that calls prober once in a loop",
        )  # fmt: skip
        return Measurement(found=loop)
    if before is not None and is_open and not before.e_value and not is_proven:
        return Measurement(closes_as="recovered")
    if is_open and known.calm:
        return Measurement(closes_as="recovered" if known.calm >= CALM else "")
    if not known.is_learnt or (not is_open and known.e_value < threshold):
        return Measurement()  # the plan of edited probes is learnt anew; until then there is nothing to compare with
    found = opened_as(
        "runaway", probe_set.name, endpoint.name, endpoint.content_hash, known.onset, round_, now,
        spending_words(known), spending_detail(known, endpoint.name, probe_set.name, probe_set.owner),
    )  # fmt: skip
    return Measurement(found=replace(found, e_value=known.e_value, threshold=threshold))


def objective(
    before: Measured | None,
    name: str,
    declared: Objective,
    standing: Standing,
    endpoint: Endpoint,
    now: datetime,
) -> Measurement:
    """Where an objective stands after a round. `before`: its newest incident, open or not; `name`: `set/objective`.

    The e-detector alone opens and closes: a window in which too much was spent, long ago, is no news. A burn that a
    person closed opens nothing again.
    """
    since, newest = standing.burning_since, standing.newest
    if since is None or newest is None:
        return Measurement(closes_as="recovered")
    found = opened_as(
        "objective_missed", name, endpoint.name, endpoint.content_hash, label_of(since), label_of(newest), now,
        objective_words(declared, standing), objective_detail(declared, standing),
    )  # fmt: skip
    closed_at = before.closed_at if before is not None else None
    return Measurement(found=found, already_closed=closed_at is not None and since <= closed_at)


def shift(
    before: Measured | None, found: FoundShift, is_learnt: bool, endpoint_hash: str, now: datetime
) -> Measurement:
    """Where one side of a feature stands, by its newest shift. `before`: the newest incident of the same side, open or
    not; `is_learnt`: whether the windows since are the reference by now."""
    onset = label_of(found.onset)
    if before is not None and before.state != "closed" and before.onset != onset:
        return Measurement(closes_as="superseded")
    if is_learnt:
        return Measurement(closes_as="accepted")
    opened = opened_as(
        "input_shift" if found.side == "inputs" else "output_shift", found.feature, found.endpoint, endpoint_hash,
        onset, label_of(found.found_at), now, f"{SIDE_WORDS[found.side]} of {found.feature}: {found.words}",
        f"live samples of {found.feature}, {SIDE_WORDS[found.side]}: {found.words}",
    )  # fmt: skip
    return Measurement(found=opened, already_closed=before is not None and before.onset >= onset)


def opened_as(
    kind: MeasuredKind,
    about: str,
    endpoint: str,
    endpoint_hash: str,
    onset: str,
    newest: str,
    now: datetime,
    cause: str,
    detail: str,
) -> Measured:
    """The incident as it would open now; how severe it is, is not said yet."""
    return Measured(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind=kind,
        about=about,
        onset=onset,
        detected_round=newest,
        opened_at=now,
        notified_at=now,
        cause=cause,
        detail=detail,
    )


def spending_words(known: Spending) -> str:
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
        return f"the same requests are made {times} as often as planned"
    return f"spends {times} its plan"


def spending_detail(known: Spending, endpoint: str, probe_set: str, owner: str) -> str:
    """Who spends, what, and what was planned."""
    planned = max(known.planned_rounds, 1.0)
    return (
        f"probe set {probe_set} of {owner} on {endpoint}: {count(known.made, 'ask')} took {count(known.took, 'token')}"
        f"{f', {known.reasoned:,} of them reasoning' if known.reasoned else ''}; planned were about "
        f"{count(round(planned * known.asks), 'ask')} and {count(round(planned * known.round_tokens), 'token')}"
    )


def label_of(moment: datetime) -> str:
    """As a round begun then is labelled."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
