"""What time alone brings, written down: mutes that end, reminders, digests, staleness, endpoints that were edited."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select, update

from prober.incidents.clock import freshness, pass_time, replaced
from prober.incidents.routing import Routing
from prober.model.declaration import Reminders
from prober.model.incident import Decision, Incident
from prober.store.acting import carry_out, standing
from prober.store.declared import touch, touch_all
from prober.store.incident_rows import to_incident
from prober.store.owing import owe_news
from prober.store.pages.views import MaintenanceView
from prober.store.rows import EndpointRow, IncidentRow, MaintenanceRow, NoticeRow, RoundRow, WatchRow


def due(session: Session, reminders: Reminders, now: datetime) -> list[int]:
    """Incidents that time alone changes now."""
    rows = session.exec(select(IncidentRow).where(IncidentRow.state != "closed").order_by(col(IncidentRow.id)))
    incidents = [to_incident(row) for row in rows]
    return [one.id for one in incidents if _decide(session, one, reminders, now).reason != "nothing_due"]


def pass_one(session: Session, incident_id: int, routing: Routing, now: datetime) -> Decision | None:
    """Carry out what time brings to one incident; None where somebody was quicker."""
    touch(session, session.get_one(IncidentRow, incident_id).endpoint_hash)
    row = session.get_one(IncidentRow, incident_id, populate_existing=True)
    if row.state == "closed":
        return None
    decision = _decide(session, to_incident(row), routing.alerts.reminders, now)
    if decision.reason == "nothing_due":
        return None
    carry_out(session, decision, routing, now)
    return decision


def _decide(session: Session, incident: Incident, reminders: Reminders, now: datetime) -> Decision:
    here = select(EndpointRow.name).where(EndpointRow.endpoint_hash == incident.endpoint_hash, col(EndpointRow.current))
    if session.exec(here).first() is None and _is_declared(session, incident.endpoint):
        return replaced(incident, now)
    return pass_time(incident, reminders, now)


def _is_declared(session: Session, endpoint: str) -> bool:
    named = select(EndpointRow.name).where(EndpointRow.name == endpoint, col(EndpointRow.current))
    return session.exec(named).first() is not None


def has_digest(session: Session, now: datetime) -> bool:
    held = select(NoticeRow.id).where(NoticeRow.state == "held", col(NoticeRow.next_try_at) <= now)
    return session.exec(held).first() is not None


def gather_digests(session: Session, now: datetime) -> int:
    """One digest for every target that notices are held for until now. Gives how many."""
    mine = (col(NoticeRow.state) == "held", col(NoticeRow.next_try_at) <= now)
    places = session.exec(select(NoticeRow.alerter, NoticeRow.channel).where(*mine).distinct()).all()
    for alerter, channel in places:
        here = (*mine, col(NoticeRow.alerter) == alerter, func.coalesce(NoticeRow.channel, "") == (channel or ""))
        kept_private = (
            session.exec(select(NoticeRow.id).where(*here, col(NoticeRow.private).is_(True))).first() is not None
        )
        digest = NoticeRow(
            event="digest",
            reason="digest",
            severity="info",
            alerter=alerter,
            channel=channel,
            private=kept_private or None,
            created_at=now,
            next_try_at=now,
        )
        session.add(digest)
        session.flush()
        session.exec(update(NoticeRow).where(*here).values(state="digested", digest_id=digest.id))
    return len(places)


def check_freshness(
    session: Session, endpoint: str, endpoint_hash: str, since: datetime, deadline: datetime, routing: Routing,
    now: datetime,
) -> Decision:  # fmt: skip
    """Whether an endpoint has gone stale, or is fresh again; told once each. `since`: from when on it is watched."""
    decision = freshness_of(session, endpoint_hash, since, deadline)
    if decision.event is None:
        return decision
    touch(session, endpoint_hash)
    # Read again behind the lock: another daemon may have been quicker.
    decision = freshness_of(session, endpoint_hash, since, deadline)
    if decision.event is None:
        return decision
    is_stale = decision.event == "stale"
    session.exec(
        update(WatchRow)
        .where(col(WatchRow.endpoint_hash) == endpoint_hash)
        .values(stale_since=now if is_stale else None)
    )
    newest = _newest(session, endpoint_hash)
    last = f"the last one {newest:%Y-%m-%d %H:%M} UTC" if newest else "none yet"
    cause = f"no completed round in {routing.alerts.stale_after} schedules; {last}" if is_stale else "rounds complete"
    owe_news(session, decision.event, endpoint, cause, decision.reason, routing, now)
    return decision


def freshness_of(session: Session, endpoint_hash: str, since: datetime, deadline: datetime) -> Decision:
    if standing(session, endpoint_hash, trouble=True) is not None:
        return Decision("inhibited")  # people know already that it cannot be asked
    stale_since = session.exec(select(WatchRow.stale_since).where(WatchRow.endpoint_hash == endpoint_hash)).first()
    newest = max(since, _newest(session, endpoint_hash) or since)
    return freshness(stale_since is not None, newest, deadline)


def _newest(session: Session, endpoint_hash: str) -> datetime | None:
    completed = select(func.max(RoundRow.completed_at)).where(
        RoundRow.endpoint_hash == endpoint_hash, RoundRow.state == "completed"
    )
    return session.exec(completed).one()


def announce(
    session: Session, endpoint: str, until: datetime, author: str, note: str, now: datetime
) -> MaintenanceView:
    session.add(MaintenanceRow(endpoint=endpoint, start=now, until=until, author=author, note=note))
    touch_all(session, endpoint)
    return MaintenanceView(endpoint=endpoint, start=now, until=until, author=author, note=note)


def end_maintenance(session: Session, endpoint: str, now: datetime) -> int:
    going_on = update(MaintenanceRow).where(
        col(MaintenanceRow.endpoint) == endpoint, col(MaintenanceRow.start) <= now, col(MaintenanceRow.until) > now
    )
    ended = session.exec(going_on.values(until=now)).rowcount
    ours = select(IncidentRow.id).where(IncidentRow.endpoint == endpoint)
    session.exec(
        update(NoticeRow)
        .where(
            col(NoticeRow.state) == "owed",
            col(NoticeRow.hold) == "maintenance",
            (col(NoticeRow.endpoint) == endpoint) | col(NoticeRow.incident_id).in_(ours),
        )
        .values(next_try_at=now, hold=None)
    )
    touch_all(session, endpoint)
    return ended
