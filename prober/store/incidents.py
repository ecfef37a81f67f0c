"""Incidents, and what people did to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import col, select

from prober.model.decision import Action, Reason
from prober.model.incident import LIVE, TROUBLES, Change, Facts, Incident, Measured, MeasuredKind, Trouble
from prober.model.notice import Comparison, Part
from prober.store import declared, replies
from prober.store.codec import to_incident, to_row
from prober.store.engine import Transaction
from prober.store.rows import UNKNOWN_PROMPT, ActionRow, EndpointRow, IncidentRow, SeriesRow
from prober.store.views import ActionView

NEWEST: Final = 200
"""How many `recent` gives, where nothing else is said."""


def get(tx: Transaction, incident_id: int) -> Incident | None:
    """As it is now; None where there is no such incident."""
    row = tx.get(IncidentRow, incident_id, populate_existing=True)
    return None if row is None else to_incident(row)


@dataclass(frozen=True, slots=True)
class OpenIncidents:
    """What is not closed about one endpoint."""

    change: Change | None
    """Also where it is only suspected. An endpoint has at most one."""
    trouble: Trouble | None
    """Why it cannot be asked; None where it can. An endpoint has at most one."""
    facts: tuple[Facts, ...]
    """What its provider said anew, the earliest first."""


_OPEN: Final = (
    select(IncidentRow)
    .where(IncidentRow.state != "closed")
    .order_by(col(IncidentRow.id))
    .execution_options(populate_existing=True)
)
_OPEN_OF: Final = _OPEN.where(IncidentRow.endpoint_hash == bindparam("of"))
_OPEN_MEASURED: Final = _OPEN.where(IncidentRow.kind == bindparam("kind"))
_OPEN_MEASURED_OF: Final = _OPEN_MEASURED.where(IncidentRow.endpoint_hash == bindparam("of"))
_NEWEST: Final = (
    select(IncidentRow)
    .where(IncidentRow.kind == bindparam("kind"))
    .order_by(col(IncidentRow.id).desc())
    .limit(1)
    .execution_options(populate_existing=True)
)
_NEWEST_OF_SPENDING: Final = _NEWEST.where(
    IncidentRow.endpoint_hash == bindparam("endpoint"), IncidentRow.probe_set == bindparam("about")
)
_NEWEST_OF_OTHERS: Final = _NEWEST.where(
    IncidentRow.endpoint == bindparam("endpoint"), IncidentRow.about == bindparam("about")
)


def open_of(tx: Transaction, endpoint_hash: str, name: str = "") -> OpenIncidents:
    """What is not closed about an endpoint, as it is now.

    What changed is about its content, whatever it is called. Trouble is about the name too, for another name may have
    another key: with a `name` it is that of this name, or of one that is asked no more, whose place it took.
    """
    found = [*map(to_incident, tx.exec(_OPEN_OF, params={"of": endpoint_hash}))]
    troubles = [one for one in found if isinstance(one, Trouble)]
    if name:
        own = [one for one in troubles if one.endpoint == name]
        troubles = own or [one for one in troubles if not declared.sets_of(tx, one.endpoint)]
    return OpenIncidents(
        next((one for one in found if isinstance(one, Change)), None),
        next(iter(troubles), None),
        tuple(one for one in found if isinstance(one, Facts)),
    )


def open_change(tx: Transaction, endpoint_hash: str) -> Change | None:
    """The change that is not closed, also where it is only suspected."""
    return open_of(tx, endpoint_hash).change


def not_asked(tx: Transaction) -> frozenset[str]:
    """Contents of all endpoints that cannot be asked, or whose rounds are held back because too much was spent."""
    kinds = (*TROUBLES, "runaway")
    found = select(IncidentRow.endpoint_hash).where(IncidentRow.state != "closed", col(IncidentRow.kind).in_(kinds))
    return frozenset(tx.exec(found))


def open_measured(tx: Transaction, kind: MeasuredKind, endpoint_hash: str | None = None) -> tuple[Measured, ...]:
    """Of an endpoint, or of all; the earliest first."""
    rows = (
        tx.exec(_OPEN_MEASURED, params={"kind": kind})
        if endpoint_hash is None
        else tx.exec(_OPEN_MEASURED_OF, params={"kind": kind, "of": endpoint_hash})
    )
    return tuple(one for one in map(to_incident, rows) if isinstance(one, Measured))


def newest_measured(tx: Transaction, kind: MeasuredKind, about: str, endpoint: str) -> Measured | None:
    """Open or not. `endpoint`: its content hash where spending is meant, else its name, whatever its content."""
    newest = _NEWEST_OF_SPENDING if kind == "runaway" else _NEWEST_OF_OTHERS
    row = tx.exec(newest, params={"kind": kind, "about": about, "endpoint": endpoint}).first()
    found = None if row is None else to_incident(row)
    return found if isinstance(found, Measured) else None


def save(tx: Transaction, incident: Incident) -> Incident:
    """Write an incident whole: a new one, which is given its id, or one that is there already.

    Whoever writes holds the lock of its endpoint, and has read the incident behind it.
    """
    row = to_row(incident)
    if incident.id == 0:
        tx.add(row)
    else:
        row.id = incident.id
        tx.merge(row)
    tx.flush()
    return incident if incident.id else replace(incident, id=row.id)


def not_closed(tx: Transaction) -> tuple[Incident, ...]:
    """Of every endpoint, the earliest first."""
    rows = tx.exec(select(IncidentRow).where(IncidentRow.state != "closed").order_by(col(IncidentRow.id)))
    return tuple(map(to_incident, rows))


def live_at_provider(tx: Transaction, incident: Incident) -> tuple[Incident, ...]:
    """Incidents of the same provider and nature, at other endpoints, that people know of and that are not over.

    Holds the provider until the transaction ends, so that of two incidents that open at once the second sees the first.
    """
    origin = declared.origin_of(tx, incident.endpoint_hash)
    if origin is None:
        return ()
    declared.lock_origin(tx, origin)
    rows = tx.exec(
        select(IncidentRow)
        .where(
            col(IncidentRow.state).in_(LIVE),
            *_of_nature(incident),
            col(IncidentRow.endpoint_hash) != incident.endpoint_hash,
            col(IncidentRow.endpoint_hash).in_(select(EndpointRow.endpoint_hash).where(EndpointRow.origin == origin)),
        )
        .order_by(col(IncidentRow.id))
    )
    return tuple(map(to_incident, rows))


def _of_nature(incident: Incident) -> tuple[ColumnElement[bool], ...]:
    """What holds of incidents that may be of one event with this one."""
    if isinstance(incident, Trouble | Measured):
        return (col(IncidentRow.kind) == incident.kind,)
    is_facts = col(IncidentRow.is_facts).is_(True if isinstance(incident, Facts) else None)
    return (~col(IncidentRow.kind).in_(TROUBLES), is_facts)


def parts(tx: Transaction, incident: Incident) -> tuple[Part, ...]:
    """The other endpoints of the event an incident belongs to: those with an incident of their own, then those whose
    evidence was only counted."""
    first = incident.part_of or incident.id
    rows = tx.exec(
        select(IncidentRow)
        .where((col(IncidentRow.id) == first) | (col(IncidentRow.part_of) == first))
        .order_by(col(IncidentRow.id))
    ).all()
    own = [Part(row.endpoint, row.id, row.state == "closed") for row in rows if row.endpoint != incident.endpoint]
    named = {incident.endpoint, *(part.endpoint for part in own)}
    together = incident.together if isinstance(incident, Change) else ()
    return (*own, *(Part(name, None) for name in together if name not in named))


def recent(
    tx: Transaction, *, endpoint: str | None = None, state: str | None = None, limit: int = NEWEST
) -> tuple[Incident, ...]:
    """Newest first; those that are or were only suspected only where their state is asked for."""
    statement = select(IncidentRow).order_by(col(IncidentRow.id).desc()).limit(limit)
    if endpoint is not None:
        statement = statement.where(IncidentRow.endpoint == endpoint)
    if state is not None:
        statement = statement.where(IncidentRow.state == state)
    else:
        statement = statement.where(
            (col(IncidentRow.state) != "suspected") & (col(IncidentRow.close_reason) != "faded")
        )
    return tuple(map(to_incident, tx.exec(statement)))


def examples(tx: Transaction, incident: Incident, limit: int = 5) -> tuple[Comparison, ...]:
    """Replies that show it best, the clearest first and each of another probe: of the answers that became rarer the
    commonest, beside the commonest of those that grew."""
    found: list[Comparison] = []
    for example in incident.findings.examples[:limit] if isinstance(incident, Change) else ():
        old, new = (
            replies.at(tx, incident.endpoint_hash, example.series, place)
            for place in (example.reference, example.recent)
        )
        if old is not None and new is not None:
            asked = tx.get(SeriesRow, example.series)
            found.append(
                Comparison(new.probe, asked.prompt or UNKNOWN_PROMPT if asked else "", old.reply.said, new.reply.said)
            )
    return tuple(found)


def keep_action(
    tx: Transaction, incident_id: int, action: Action, until: datetime | None, reason: Reason, now: datetime
) -> None:
    """What a person did, and what was decided; whether or not anything came of it."""
    tx.add(
        ActionRow(
            incident_id=incident_id,
            at=now,
            action=action.action,
            actor=action.actor,
            note=action.note,
            via=action.via,
            until=until,
            reason=reason,
        )
    )


def muted_for(tx: Transaction, incident: Incident) -> timedelta | None:
    """How long the mute of an incident was to last when it was set; None where it is not muted."""
    if incident.state != "muted":
        return None
    row = tx.exec(
        select(ActionRow)
        .where(ActionRow.incident_id == incident.id, ActionRow.reason == "muted")
        .order_by(col(ActionRow.id).desc())
        .limit(1)
    ).first()
    return None if row is None or row.until is None else row.until - row.at


def actions(tx: Transaction, incident_id: int | None = None, limit: int = 200) -> tuple[ActionView, ...]:
    """Newest first."""
    statement = select(ActionRow).order_by(col(ActionRow.id).desc()).limit(limit)
    if incident_id is not None:
        statement = statement.where(ActionRow.incident_id == incident_id)
    return tuple(
        ActionView(
            incident_id=row.incident_id,
            at=row.at,
            action=row.action,  # type: ignore[arg-type]  # the column holds what `keep_action` wrote
            actor=row.actor,
            note=row.note,
            via=row.via,
            until=row.until,
            reason=row.reason,
        )
        for row in tx.exec(statement)
    )
