"""The words of the house as JSON: what `--json` prints of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from prober.alerts.phrases import iso
from prober.judging.promise import Promise
from prober.model.evidence import Findings, Judgement, Verdict
from prober.model.incident import Incident

Json = dict[str, object]


def of_time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def of_verdict(verdict: Verdict) -> Json:
    return {
        "channel": verdict.channel,
        "e_value": verdict.e_value,
        "effect": verdict.effect,
        "unit": verdict.unit,
        "words": verdict.words,
    }


def of_judgement(judgement: Judgement) -> Json:
    return {
        "round": judgement.round,
        "state": judgement.state,
        "e_value": judgement.e_value,
        "threshold": judgement.threshold,
        "missing": judgement.missing,
        "onset": judgement.onset,
        "onset_between": judgement.onset_between,
        "kind": judgement.kind,
        "channels": [of_verdict(verdict) for verdict in judgement.verdicts],
    }


def of_promise(promise: Promise) -> Json:
    return {"false_alarms_per_year": promise.false_alarms_per_year, "rounds_per_year": promise.rounds_per_year}


def of_findings(findings: Findings) -> Json:
    return {
        "moved": [asdict(shift) for shift in findings.shifts],
        "share": None if findings.share is None else asdict(findings.share),
    }


def of_incident(incident: Incident) -> Json:
    return {
        "id": incident.id,
        "endpoint": incident.endpoint,
        "state": incident.state,
        "kind": incident.kind,
        "onset": incident.onset,
        "onset_between": incident.onset_between,
        "course": incident.course,
        "passed": incident.passed,
        "detected_round": incident.detected_round,
        "opened_at": of_time(incident.opened_at),
        "closed_at": of_time(incident.closed_at),
        "close_reason": incident.close_reason,
        "severity": incident.severity,
        "cause": incident.cause,
        "acknowledged_at": of_time(incident.acknowledged_at),
        "muted_until": of_time(incident.muted_until),
        "actor": incident.actor,
        "note": incident.note,
        "e_value": incident.e_value,
        "threshold": incident.threshold,
        "channels": [of_verdict(verdict) for verdict in incident.verdicts],
        **of_findings(incident.findings),
    }
