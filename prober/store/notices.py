"""The outbox: notices are claimed under a lease, sent by someone else, then settled. A crash sends again, never not."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, func, or_, select, update

from prober.errors import StoreError
from prober.incidents import Incident
from prober.notice import Moved, Notice, Outcome
from prober.store.declared import sets_of, touch
from prober.store.examples import examples
from prober.store.fleet import parts
from prober.store.incident_rows import to_incident
from prober.store.rows import EndpointRow, IncidentRow, NoticeRow, ReplyRow, RoundRow


def claim_notice(session: Session, now: datetime, lease_s: float) -> int | None:
    """Id of the notice that is ours now; None when nothing is due."""
    claimable = or_(
        and_(col(NoticeRow.state) == "owed", col(NoticeRow.next_try_at) <= now),
        and_(col(NoticeRow.state) == "claimed", col(NoticeRow.lease_until) <= now),
    )
    while True:
        notice_id = session.exec(select(NoticeRow.id).where(claimable).order_by(col(NoticeRow.id)).limit(1)).first()
        if notice_id is None:
            return None
        won = session.exec(
            update(NoticeRow)
            .where(col(NoticeRow.id) == notice_id, claimable)
            .values(state="claimed", lease_until=now + timedelta(seconds=lease_s), attempts=col(NoticeRow.attempts) + 1)
        )
        if won.rowcount == 1:
            _touch(session, notice_id)
            return notice_id


def notice(session: Session, notice_id: int, dashboard_url: str) -> Notice:
    """The notice in words, from what the store knows now."""
    row, incident_row = session.exec(
        select(NoticeRow, IncidentRow)
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id))
        .where(NoticeRow.id == notice_id)
    ).one()
    incident = to_incident(incident_row)
    endpoint = session.get(EndpointRow, (incident.endpoint, incident.endpoint_hash))
    owner, runbook = _owner(session, incident)
    return Notice(
        id=notice_id,
        alerter=row.alerter,
        attempts=row.attempts - 1,
        incident_id=incident.id,
        endpoint=incident.endpoint,
        model=endpoint.model if endpoint else "",
        kind=incident.kind,
        owner=owner,
        detected_at=incident.opened_at,
        onset=incident.onset,
        rounds_since_onset=_rounds_since(session, incident),
        e_value=incident.e_value,
        threshold=incident.threshold,
        false_alarms_per_year=endpoint.false_alarms_per_year if endpoint else 1.0,
        moved=_moved(incident),
        comparisons=examples(session, incident, 5),
        runbook=runbook,
        dashboard_url=dashboard_url,
        event=row.event,  # type: ignore[arg-type]  # the column holds what `carry_out` wrote
        actor=incident.actor,
        note=incident.note,
        onset_between=incident.onset_between,
        course=incident.course,
        passed=incident.passed,
        share=incident.findings.share,
        also=parts(session, incident),
        follows=_followed(session, row),
    )


def settle_notice(session: Session, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
    if session.get(NoticeRow, notice_id) is None:
        raise StoreError(f"there is no notice {notice_id}")
    this = update(NoticeRow).where(col(NoticeRow.id) == notice_id)
    if outcome.sent:
        # Whoever sent it has sent it, also where the lease had run out and another is at it.
        settled = this.values(state="sent", sent_at=now, receipt=outcome.receipt)
    elif retry_at is None:
        settled = this.where(col(NoticeRow.state) == "claimed").values(state="failed")
    else:
        settled = this.where(col(NoticeRow.state) == "claimed").values(state="owed", next_try_at=retry_at)
    session.exec(settled.values(last_reason=outcome.reason, lease_until=None))
    _touch(session, notice_id)


def _followed(session: Session, row: NoticeRow) -> str:
    """Receipt of the message that news of further endpoints belongs under."""
    if row.event != "joined":
        return ""
    first = select(NoticeRow.receipt).where(
        NoticeRow.incident_id == row.incident_id, NoticeRow.event == "opened", NoticeRow.alerter == row.alerter
    )
    return session.exec(first).first() or ""


def _touch(session: Session, notice_id: int) -> None:
    hashes = session.exec(
        select(IncidentRow.endpoint_hash)
        .join(NoticeRow, col(NoticeRow.incident_id) == col(IncidentRow.id))
        .where(NoticeRow.id == notice_id)
    )
    for endpoint_hash in hashes.all():
        touch(session, endpoint_hash)


def _moved(incident: Incident) -> tuple[Moved, ...]:
    """The channels that moved, as their replies say it where these could be counted."""
    counted = {shift.channel: shift for shift in incident.findings.shifts}
    return tuple(
        Moved(one.channel, one.e_value, shift.words, shift.replies, shift.reference_replies)
        if (shift := counted.get(one.channel)) is not None
        else Moved(one.channel, one.e_value, one.words)
        for one in incident.moved
    )


def _owner(session: Session, incident: Incident) -> tuple[str, str | None]:
    """Owners and first runbook: of the sets whose probes moved, or else of every set asked of the endpoint."""
    sets = sets_of(session, incident.endpoint)
    moved = {series for verdict in incident.verdicts for series in verdict.series}
    probes = session.exec(
        select(ReplyRow.probe)
        .distinct()
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == incident.endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label).between(incident.onset, incident.detected_round),
            col(ReplyRow.series).in_(moved),
        )
    ).all()
    concerned = [one for one in sets if any(probe.startswith(f"{one.name}/") for probe in probes)] or sets
    owners = dict.fromkeys(one.owner for one in concerned)
    return ", ".join(owners), next((one.runbook for one in concerned if one.runbook), None)


def _rounds_since(session: Session, incident: Incident) -> int:
    return session.exec(
        select(func.count()).where(
            col(RoundRow.endpoint_hash) == incident.endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= incident.onset,
        )
    ).one()
