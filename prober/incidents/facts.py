"""Facts become incidents: opened once, over when the old values are back. One story with a change of the same onset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from prober.incidents.lifecycle import closed
from prober.incidents.severity import fact_severity, severity, worst
from prober.model.decision import Decision
from prober.model.declaration import Severity
from prober.model.evidence import Fact, FactKind, Kind
from prober.model.incident import SERIOUS, SEVERITIES, Change, Facts, Incident

_KINDS: Final[Mapping[FactKind, Kind]] = {"check": "contract_break", "empty": "behaviour_change"}
"""The diagnosis of a kind of fact; of the others it is `identity_change`."""
CERTAIN: Final = "certain: the provider itself says so, or the value is deterministic, and asking again gave the same."
"""How sure a fact is."""


def found(
    facts: Sequence[Fact],
    open_change: Change | None,
    endpoint: str,
    endpoint_hash: str,
    round_: str,
    now: datetime,
    rules: Mapping[str, Severity],
    in_maintenance: bool,
) -> Decision:
    """New facts of a round → an incident, and whether people are notified of it.

    What belongs to a change that they know of is a line of that change.
    """
    if not facts:
        return Decision("quiet")
    if in_maintenance:
        return Decision("in_maintenance")
    gravest = sorted(facts, key=lambda fact: -SEVERITIES.index(fact_severity(fact, rules)))
    incident = Facts(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind=max((_KINDS.get(fact.kind, "identity_change") for fact in facts), key=SERIOUS.index),
        onset=min(fact.round for fact in facts),
        detected_round=round_,
        opened_at=now,
        notified_at=now,
        facts=tuple(gravest),
    )
    if open_change is not None and open_change.is_live and is_same_story(open_change, incident):
        return _joined(open_change, incident, now, rules)
    return Decision("fact_found", replace(incident, severity=severity(incident, rules)), event="fact")


def _joined(change: Change, facts: Facts, now: datetime, rules: Mapping[str, Severity]) -> Decision:
    """They are lines of a change that people know of."""
    kind = max(change.kind, facts.kind, key=SERIOUS.index)
    wider = replace(change, facts=(*change.facts, *facts.facts), kind=kind)
    wider = replace(wider, severity=worst([change.severity, severity(wider, rules)]))
    if not _is_graver(wider, change):
        return Decision("joined", wider)
    state = "open" if change.state == "muted" else change.state
    return Decision("more_serious", replace(wider, state=state, muted_until=None, notified_at=now), event="escalated")


def become(facts: Facts, change: Change) -> Decision:
    """Evidence of a change that began with facts: the incident of the facts goes on as the change."""
    kind = max(change.kind, facts.kind, key=SERIOUS.index)
    wider = replace(
        change,
        id=facts.id,
        kind=kind,
        severity=worst([change.severity, facts.severity]),
        opened_at=facts.opened_at,
        part_of=facts.part_of,
        facts=facts.facts,
        actor=facts.actor,
        note=facts.note,
    )
    if _is_graver(wider, facts):
        return Decision("more_serious", wider, event="escalated")
    quiet = replace(wider, state=facts.state, muted_until=facts.muted_until, notified_at=facts.notified_at)
    # Where only names moved, the facts have said so already.
    is_news = change.kind != "identity_change" and facts.state == "open"
    return Decision("change_confirmed", quiet, event="answers_changed" if is_news else None)


def over(incident: Facts, now: datetime) -> Decision:
    """Only the values from before come."""
    return Decision("fact_over", closed(incident, "recovered", "", "", now), event="fact_over")


def is_same_story(change: Change, facts: Facts) -> bool:
    """Whether both may have begun in the same round."""
    first, last = change.onset_between or (change.onset, change.onset)
    return min(first, change.onset) <= facts.onset <= max(last, change.onset)


def _is_graver(one: Incident, other: Incident) -> bool:
    return SEVERITIES.index(one.severity) > SEVERITIES.index(other.severity)
