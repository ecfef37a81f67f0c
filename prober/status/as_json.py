"""Endpoints and incidents as JSON: the shapes that the command line and the HTTP service share. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from prober.model.evidence import Findings
from prober.model.incident import Change, Facts, Measured, Trouble

if TYPE_CHECKING:
    from prober.asking.breaker import Breaker
    from prober.asking.gates import Overspending
    from prober.model.allowance import AccountView
    from prober.model.bill import Bill
    from prober.model.comparison import Candidate
    from prober.model.evidence import Fact, Verdict
    from prober.model.incident import Incident
    from prober.model.version import Mark
    from prober.status.endpoint_status import EndpointStatus
    from prober.store.views import BudgetView

Json: TypeAlias = dict[str, object]


def plain(value: object) -> object:
    """Without tuples, and without numbers that JSON does not have: they become null."""
    match value:
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case float():
            return value if math.isfinite(value) else None
        case _:
            return value


def of_time(at: datetime | None) -> str | None:
    from prober.alerts.phrases import iso

    return None if at is None else iso(at)


def of_endpoint(one: EndpointStatus) -> Json:
    """One endpoint: of `status --json`, and of `GET /v1/endpoints`; docs/schemas/status.schema.json describes it."""
    view = one.endpoint
    return {
        "endpoint": one.name,
        "provider": view.provider,
        "model": view.model,
        "owners": view.owners,
        "vantage": view.vantage or None,
        "state": one.state,
        "verdict": one.verdict,
        "why": one.why,
        "since": of_time(one.since),
        "newest_round": view.last_round,
        "age_s": one.age_s,
        "severity": one.severity,
        "incident": one.incident.id if one.incident else None,
        "channels": [
            {
                "channel": point.channel,
                "e_value": point.e_value,
                "value": point.value,
                "reference_value": point.reference_value,
                "unit": point.unit,
                "words": point.words,
            }
            for point in view.channels
        ],
        "promise": {"false_alarms_per_year": view.false_alarms_per_year},
        "protected_by": one.protected_by,
        "judged_from": of_time(one.judged_from),
        "budget": asdict(one.budget) if one.budget else None,
        "breaker": _of_breaker(one.breaker) if one.breaker else None,
        "runaways": [_of_runaway(each, one.overspending) for each in view.runaways],
        "missing": one.missing,
        "e_value": view.e_value,
        "threshold": view.threshold,
        "last_round": view.last_round,
        "last_completed_at": of_time(view.last_completed_at),
        "last_answered_at": of_time(one.answered_at),
        "clock_ahead_at": of_time(one.clock_ahead_at),
        "confirmation_due_at": of_time(view.confirmation_due_at),
        "next_round_at": of_time(one.next_round_at),
        "paused_until": of_time(one.paused_until),
        "rounds": view.rounds,
        "missed": view.missed,
        "asks": view.asks,
        "failed_asks": view.failed_asks,
        "cached_asks": view.cached_asks,
        "last_round_cached": view.last_round_cached,
        "last_failure": view.last_failure,
        "last_detail": view.last_detail,
        "open_incident": of_incident(view.open_incident) if view.open_incident else None,
        "trouble": of_incident(view.trouble) if view.trouble else None,
        "facts": of_facts(view.open_facts),
        "measured": [of_incident(one) for one in view.measured],
        "stale_since": of_time(view.stale_since),
        "notices": {"owed": view.notices_owed, "failed": view.notices_failed},
    }


def of_health(one: EndpointStatus) -> Json:
    """One endpoint as `application/health+json` (draft-inadarei-api-health-check-06): `fail` where the verdict for a
    router is `changed` or `unreachable`, `warn` where it is `degraded` or `unknown`, else `pass`."""
    health = {"ok": "pass", "changed": "fail", "unreachable": "fail"}.get(one.verdict, "warn")
    evidence = one.endpoint.e_value / one.endpoint.threshold if one.endpoint.threshold > 0 else None
    return {
        "status": health,
        "serviceId": one.name,
        "description": f"{one.endpoint.model} of {one.endpoint.provider}, as the prober sees it",
        "output": "" if health == "pass" else one.why,
        "notes": [f"verdict: {one.verdict}", f"state: {one.state}"],
        "checks": {
            "prober:evidence": [
                {
                    "observedValue": evidence,
                    "observedUnit": "share of the threshold",
                    "status": "fail" if one.state == "changed" else "warn" if one.state == "suspected" else "pass",
                    "time": of_time(one.completed_at),
                }
            ],
            "prober:age": [
                {
                    "observedValue": one.age_s,
                    "observedUnit": "s",
                    "status": "warn" if one.is_stale else "pass",
                    "time": of_time(one.completed_at),
                }
            ],
        },
    }


def _of_breaker(one: Breaker) -> Json:
    return {
        "failure": one.failure,
        "failures": one.failures,
        "since": of_time(one.opened_at),
        "next_test_at": of_time(one.next_test_at),
    }


def _of_runaway(incident: Measured, overspending: Sequence[Overspending]) -> Json:
    ahead = next((one.ahead for one in overspending if one.incident == incident.id), None)
    return {
        "incident": incident.id,
        "probe_set": incident.probe_set,
        "severity": incident.severity,
        "state": incident.state,
        "since": incident.onset,
        "words": incident.headline,
        "detail": incident.detail,
        "rounds_ahead": ahead,
    }


def of_incident(incident: Incident) -> Json:
    """Trouble has every key of a change, which say that nothing moved."""
    change = incident if isinstance(incident, Change) else None
    counted = incident if isinstance(incident, Change | Measured) else None
    return {
        "id": incident.id,
        "endpoint": incident.endpoint,
        "state": incident.state,
        "kind": incident.kind,
        "onset": incident.onset,
        "onset_between": change.onset_between if change else None,
        "course": change.course if change else "unknown",
        "passed": change.back_since if change else None,
        "detected_round": incident.detected_round,
        "opened_at": of_time(incident.opened_at),
        "closed_at": of_time(incident.closed_at),
        "close_reason": incident.close_reason,
        "severity": incident.severity,
        "cause": incident.cause,
        "about": incident.about if isinstance(incident, Measured) and incident.kind != "runaway" else "",
        "detail": incident.detail if isinstance(incident, Trouble | Measured) else "",
        "cause_before": incident.cause_before if isinstance(incident, Trouble) else "",
        "failed_share": incident.failed_share if isinstance(incident, Trouble) else None,
        "acknowledged_at": of_time(incident.acknowledged_at),
        "muted_until": of_time(incident.muted_until),
        "actor": incident.actor,
        "note": incident.note,
        "e_value": counted.e_value if counted else 0.0,
        "threshold": counted.threshold if counted else 0.0,
        "channels": [of_verdict(verdict) for verdict in change.verdicts] if change else [],
        "facts": [of_fact(fact) for fact in incident.facts] if isinstance(incident, Change | Facts) else [],
        **of_findings(change.findings if change else Findings()),
    }


def of_verdict(verdict: Verdict) -> Json:
    return {
        "channel": verdict.channel,
        "e_value": verdict.e_value,
        "effect": verdict.effect,
        "unit": verdict.unit,
        "words": verdict.words,
    }


def of_findings(findings: Findings) -> Json:
    return {
        "moved": [asdict(shift) for shift in findings.shifts],
        "share": None if findings.share is None else asdict(findings.share),
    }


def of_fact(fact: Fact) -> Json:
    return {
        "round": fact.round,
        "kind": fact.kind,
        "part": fact.part,
        "was": fact.was,
        "is": fact.now,
        "seen": fact.seen,
        "of": fact.of,
        "probes": list(fact.probes),
    }


def of_facts(incidents: Sequence[Facts]) -> list[Json]:
    return [
        {"incident": one.id, "severity": one.severity, "state": one.state, **of_fact(fact)}
        for one in incidents
        for fact in one.facts
    ]


def of_mark(one: Mark) -> Json:
    return {
        "kind": one.kind, "at": of_time(one.at), "what": one.what, "ref": one.ref, "actor": one.actor, "note": one.note
    }  # fmt: skip


def of_bill(one: Bill, now: datetime) -> Json:
    """What a feature or an account of the team's own costs: of `status --json`."""
    dollars, low, high = one.month(now)
    newest = one.newest
    return {
        "source": one.source,
        "name": one.name,
        "endpoint": None if one.is_account else one.endpoint,
        "owner": one.owner,
        "share": one.share,
        "month": {"dollars": dollars, "low": low, "high": high},
        "newest_day": None if newest is None else asdict(newest),
        "dollars_per_day": one.dollars_per_day,
        "learnt": one.is_learnt,
        "no_price": one.no_price,
        "problem": one.problem,
        "read_at": of_time(one.read_at),
    }


def of_budget(one: BudgetView) -> Json:
    """One limit of a budget, of `status --json`."""
    return {
        "scope": one.scope,
        "limit": one.limit.name,
        "most": one.limit.shown,
        "spent": one.limit.amount(one.spent),
    }


def of_account(one: AccountView) -> Json:
    """Limits of a minute of a provider's account, of `status --json`."""
    return {
        "endpoints": one.endpoints,
        "limits": [
            {"unit": each.unit, "limit": each.most, "used": each.used, "declared": each.is_declared}
            for each in one.limits
        ],
        "waiting": one.waiting,
        "blocked_until": of_time(one.blocked_until),
    }


def of_candidate(one: Candidate) -> Json:
    """Of `candidates --json`, `status --json` and `once --json`; docs/schemas/candidates.schema.json describes it."""
    return {
        "id": one.id,
        "kind": one.kind,
        "probe_set": one.probe_set,
        "endpoint": one.endpoint,
        "name": one.name,
        "reference_version": one.reference or None,
        "candidate_version": one.number or None,
        "began_at": of_time(one.began_at),
        "state": one.state,
        "rounds": one.rounds,
        "verdict": one.verdict,
        "words": one.words,
        "ended_at": of_time(one.ended_at),
        "actor": one.actor,
        "note": one.note,
    }
