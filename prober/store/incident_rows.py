"""Incident ↔ row."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, isfinite, isnan

from prober.incidents.severity import severity
from prober.model.incident import Incident
from prober.store.codec import pack_findings, pack_verdicts, unpack_findings, unpack_verdicts
from prober.store.rows import IncidentRow


def to_row(incident: Incident) -> IncidentRow:
    first, last = incident.onset_between or (None, None)
    return IncidentRow(
        endpoint=incident.endpoint,
        endpoint_hash=incident.endpoint_hash,
        state=incident.state,
        kind=incident.kind,
        onset=incident.onset,
        detected_round=incident.detected_round,
        opened_at=incident.opened_at,
        e_value=incident.e_value,
        threshold=incident.threshold,
        verdicts=pack_verdicts(incident.verdicts),
        onset_first=first,
        onset_last=last,
        course=incident.course,
        rounds_after=incident.rounds_after,
        peak_log_e=incident.peak_log_e if isfinite(incident.peak_log_e) else None,
        passed=incident.passed,
        findings=pack_findings(incident.findings),
        together=json.dumps(incident.together),
        part_of=incident.part_of,
        severity=incident.severity,
        cause=incident.cause,
        acknowledged_at=incident.acknowledged_at,
        muted_until=incident.muted_until,
        settled_round=incident.settled_round,
        calm_rounds=incident.calm_rounds,
        told_at=incident.told_at,
        closed_at=incident.closed_at,
        close_reason=incident.close_reason,
        actor=incident.actor,
        note=incident.note,
    )


def to_incident(row: IncidentRow) -> Incident:
    between = None if row.onset_first is None or row.onset_last is None else (row.onset_first, row.onset_last)
    incident = Incident(
        id=row.id,
        endpoint=row.endpoint,
        endpoint_hash=row.endpoint_hash,
        state=row.state,  # type: ignore[arg-type]  # these columns hold what this room wrote
        kind=row.kind,  # type: ignore[arg-type]
        onset=row.onset,
        detected_round=row.detected_round,
        opened_at=row.opened_at,
        e_value=row.e_value,
        threshold=row.threshold,
        verdicts=unpack_verdicts(row.verdicts),
        onset_between=between,
        course=row.course,  # type: ignore[arg-type]
        rounds_after=row.rounds_after,
        peak_log_e=-inf if row.peak_log_e is None or isnan(row.peak_log_e) else row.peak_log_e,
        passed=row.passed,
        findings=unpack_findings(row.findings),
        together=tuple(json.loads(row.together)),
        part_of=row.part_of,
        severity=row.severity or "warning",  # type: ignore[arg-type]
        cause=row.cause or "",
        acknowledged_at=row.acknowledged_at,
        muted_until=row.muted_until,
        settled_round=row.settled_round,
        calm_rounds=row.calm_rounds or 0,
        told_at=row.told_at,
        closed_at=row.closed_at,
        close_reason=row.close_reason,  # type: ignore[arg-type]
        actor=row.actor,
        note=row.note,
    )
    return incident if row.severity is not None else replace(incident, severity=severity(incident))
