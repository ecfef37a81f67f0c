"""Every endpoint now, in a handful of statements however many endpoints there are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import select as columns
from sqlmodel import and_, col, func, or_, select

from prober.model.budget import Budget
from prober.model.incident import LIVE, TROUBLES, Change, Measured, Trouble
from prober.model.reference import ReferenceRule
from prober.model.watch import CLOCK_SLACK
from prober.store.codec import to_incident, unpack_judgement
from prober.store.engine import Transaction
from prober.store.facts import live_facts
from prober.store.judge_state import FOR_REFERENCE
from prober.store.rounds import OF_VIEW
from prober.store.rounds import view as round_view
from prober.store.rows import EndpointRow, EpochRow, IncidentRow, NoticeRow, ProbeSetRow, RoundRow, TallyRow, WatchRow
from prober.store.spending import newest_spending
from prober.store.tallies import EVER
from prober.store.views import ChannelPoint, EndpointView, GatheredView, RoundState, RoundView


@dataclass(frozen=True, slots=True)
class _Tally:
    completed: int = 0
    missed: int = 0
    asks: int = 0
    failed: int = 0
    cached: int = 0
    characters: int = 0


def endpoints(tx: Transaction) -> tuple[EndpointView, ...]:
    """Every endpoint as declared last, now; by name."""
    declared = tx.exec(select(EndpointRow).where(col(EndpointRow.current)).order_by(col(EndpointRow.name)))
    tallies = _tallies(tx)
    latest = _newest_rounds(tx, col(RoundRow.state) == "completed")
    answered = _newest_rounds(tx, and_(col(RoundRow.state) == "completed", col(RoundRow.asked) > col(RoundRow.failed)))
    notices = _notices(tx)
    failures, owners = _newest_rounds(tx, col(RoundRow.failed) > 0), _owners(tx)
    open_incidents, troubles, measured = _live(tx)
    open_facts, spending = live_facts(tx), newest_spending(tx)
    watches = {
        key: (stale_since, suspected_since or "")
        for key, stale_since, suspected_since in tx.exec(
            select(WatchRow.endpoint_hash, WatchRow.stale_since, WatchRow.suspected_since)
        )
    }
    confirmations = _confirmations(tx)
    began = dict(tx.exec(select(EpochRow.endpoint_hash, func.max(EpochRow.at)).group_by(EpochRow.endpoint_hash)).all())
    views = [
        replace(
            _view(
                row,
                owners.get(row.name, ()),
                tallies.get(row.name, _Tally()),
                latest.get(row.name),
                failures.get(row.name),
                open_incidents.get(row.endpoint_hash),
                confirmations.get(row.endpoint_hash),
            ),
            trouble=troubles.get((row.name, row.endpoint_hash)),
            runaways=tuple(one for one in measured if one.is_of_content and one.endpoint_hash == row.endpoint_hash),
            open_facts=open_facts.get(row.endpoint_hash, ()),
            measured=tuple(one for one in measured if not one.is_of_content and one.endpoint == row.name),
            stale_since=watches.get(row.endpoint_hash, (None, ""))[0],
            suspected_since=watches.get(row.endpoint_hash, (None, ""))[1],
            last_answered_at=answered[row.name].completed_at if row.name in answered else None,
            false_alarms_per_year=row.false_alarms_per_year,
            notices_owed=notices.get((row.name, False), 0),
            notices_failed=notices.get((row.name, True), 0),
            reference_began_at=began.get(row.endpoint_hash),
            reference=_rule(row, "reference", ReferenceRule),
            budget=_rule(row, "budget", Budget),
            vantage=json.loads(row.rules or "{}").get("vantage", ""),
            spending=spending.get(row.name, ()),
        )
        for row in declared
    ]
    closed = _closed(tx, [one.endpoint_hash for one in views if one.state == "alarm" and one.open_incident is None])
    gathered = _gathered(tx, [one.endpoint_hash for one in views if one.state not in ("quiet", "suspected", "alarm")])
    return tuple(
        replace(one, closed_incident=closed.get(one.endpoint_hash), gathered=gathered.get(one.endpoint_hash, ()))
        for one in views
    )


def recent_rounds(
    tx: Transaction, endpoint: str | None = None, limit: int = 200, *, state: RoundState | None = None
) -> tuple[RoundView, ...]:
    """By the time they were due, newest first."""
    statement = columns(*OF_VIEW).order_by(col(RoundRow.due_at).desc(), col(RoundRow.id).desc()).limit(limit)
    if endpoint is not None:
        statement = statement.where(col(RoundRow.endpoint) == endpoint)
    if state is not None:
        statement = statement.where(col(RoundRow.state) == state)
    return tuple(map(round_view, tx.connection().execute(statement)))


def recent_rounds_of_each(tx: Transaction, now: datetime, each: int = 40) -> tuple[RoundView, ...]:
    """The newest rounds of every endpoint as declared last, at most `each`; by when they were due, newest first.

    Without those that ended by a clock that was ahead: so many may be missed in the future that no other is among the
    newest.
    """
    is_past = or_(col(RoundRow.due_at) <= now + CLOCK_SLACK, col(RoundRow.state).in_(("due", "claimed")))
    # One look into an index for each endpoint; ranking the rounds of all would read every one of them.
    names = select(EndpointRow.name).where(col(EndpointRow.current)).distinct().subquery()
    earliest = (
        select(RoundRow.due_at)
        .where(col(RoundRow.endpoint) == names.c.name, is_past)
        .order_by(col(RoundRow.due_at).desc())
        .limit(1)
        .offset(each - 1)
        .correlate(names)
        .scalar_subquery()
    )
    since_then = func.coalesce(earliest, datetime.min.replace(tzinfo=UTC)).label("earliest")
    # Otherwise Postgres looks for the moment again at every round.
    begins = columns(names.c.name, since_then).cte("begins").prefix_with("MATERIALIZED", dialect="postgresql")
    rows = tx.connection().execute(
        columns(*OF_VIEW)
        .join(begins, and_(col(RoundRow.endpoint) == begins.c.name, col(RoundRow.due_at) >= begins.c.earliest))
        .where(is_past)
        .order_by(col(RoundRow.due_at).desc(), col(RoundRow.id).desc())
    )
    found, rounds = Counter[str](), []
    for row in rows:
        found[row.endpoint] += 1
        if found[row.endpoint] <= each:  # of several that were due at that moment, some are too many
            rounds.append(round_view(row))
    return tuple(rounds)


def _view(
    row: EndpointRow,
    owners: tuple[str, ...],
    tally: _Tally,
    latest: RoundRow | None,
    failure: RoundRow | None,
    incident: Change | None,
    confirmation_due_at: datetime | None,
) -> EndpointView:
    # A judgement of an earlier content of this endpoint says nothing of what it is now.
    judged = latest if latest is not None and latest.endpoint_hash == row.endpoint_hash else None
    judgement = unpack_judgement(judged.judgement) if judged is not None and judged.judgement is not None else None
    return EndpointView(
        name=row.name,
        endpoint_hash=row.endpoint_hash,
        provider=row.provider,
        model=row.model,
        owners=owners,
        state=judgement.state if judgement else "unknown",
        missing=judgement.missing if judgement else "",
        e_value=judgement.e_value if judgement else 0.0,
        threshold=judgement.threshold if judgement else 0.0,
        last_round=latest.label if latest else None,
        last_completed_at=latest.completed_at if latest else None,
        rounds=tally.completed,
        missed=tally.missed,
        failed_asks=tally.failed,
        asks=tally.asks,
        cached_asks=tally.cached,
        characters=tally.characters,
        last_round_cached=latest.cached if latest else 0,
        last_failure=failure.last_failure if failure else "",
        last_detail=(failure.last_detail or "") if failure else "",
        channels=_channel_points(row.name, judged.label, judged.completed_at, judged.judgement) if judged else (),
        open_incident=incident,
        confirmation_due_at=confirmation_due_at,
    )


Rule = TypeVar("Rule", ReferenceRule, Budget)


def _rule(row: EndpointRow, name: str, shape: type[Rule]) -> Rule | None:
    """A rule as it was declared; None where an earlier version did not keep it."""
    found = json.loads(row.rules or "{}").get(name)
    return None if found is None else shape.model_validate(found)


def _gathered(tx: Transaction, gathering: Sequence[str]) -> dict[str, tuple[GatheredView, ...]]:
    """Hash of an endpoint that has no whole reference → what there is of it."""
    rows = tx.connection().execute(
        columns(col(RoundRow.endpoint_hash), col(RoundRow.probe_set), func.count(), func.min(RoundRow.due_at))
        .join(WatchRow, col(WatchRow.endpoint_hash) == col(RoundRow.endpoint_hash))
        .where(
            col(RoundRow.endpoint_hash).in_(gathering),
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= col(WatchRow.epoch_start),
            col(RoundRow.asked) > col(RoundRow.failed),
        )
        .group_by(col(RoundRow.endpoint_hash), col(RoundRow.probe_set))
        .order_by(col(RoundRow.probe_set))
    )
    found: dict[str, tuple[GatheredView, ...]] = {}
    for endpoint_hash, probe_set, count, first_at in rows:
        found[endpoint_hash] = (*found.get(endpoint_hash, ()), GatheredView(probe_set, int(count), first_at))
    return found


def _tallies(tx: Transaction) -> dict[str, _Tally]:
    """Endpoint → counts over all its rounds: of those that ended, added up already, and of those in progress."""
    tallies: dict[str, _Tally] = {}
    ended = columns(
        col(TallyRow.endpoint), func.sum(TallyRow.rounds), func.sum(TallyRow.missed), func.sum(TallyRow.asks),
        func.sum(TallyRow.failed), func.sum(TallyRow.from_cache), func.sum(TallyRow.characters),
    )  # fmt: skip
    for name, *counts in tx.connection().execute(
        ended.where(col(TallyRow.day) == EVER).group_by(col(TallyRow.endpoint))
    ):
        tallies[name] = _Tally(*map(int, counts))
    in_hand = columns(
        col(RoundRow.endpoint), func.sum(RoundRow.asked), func.sum(RoundRow.failed), func.sum(RoundRow.cached)
    )
    for name, asked, failed, cached in tx.connection().execute(
        in_hand.where(col(RoundRow.state).in_(("due", "claimed"))).group_by(col(RoundRow.endpoint))
    ):
        known = tallies.get(name, _Tally())
        tallies[name] = replace(
            known, asks=known.asks + int(asked), failed=known.failed + int(failed), cached=known.cached + int(cached)
        )
    return tallies


def _newest_rounds(tx: Transaction, condition: ColumnElement[bool]) -> dict[str, RoundRow]:
    """Endpoint → its newest round that meets the condition; one look into an index each."""
    newest = (
        select(func.max(RoundRow.label))
        .where(col(RoundRow.endpoint) == col(EndpointRow.name), condition)
        .correlate(EndpointRow)
        .scalar_subquery()
    )
    of_each = columns(col(EndpointRow.name).label("name"), newest.label("label")).where(col(EndpointRow.current))
    found = of_each.subquery()
    rows = tx.exec(
        select(RoundRow).join(found, and_(col(RoundRow.endpoint) == found.c.name, col(RoundRow.label) == found.c.label))
    )
    return {row.endpoint: row for row in rows}


def _owners(tx: Transaction) -> dict[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for row in tx.exec(select(ProbeSetRow).order_by(col(ProbeSetRow.name))):
        for name in json.loads(row.endpoints):
            owners[name] = tuple(dict.fromkeys((*owners.get(name, ()), row.owner)))
    return owners


def _confirmations(tx: Transaction) -> dict[str, datetime]:
    """Endpoint's hash → when its confirmation round is due, while one waits or is in progress."""
    rows = tx.exec(
        select(RoundRow).where(
            col(RoundRow.state).in_(("due", "claimed")),
            col(RoundRow.confirms).is_not(None),
            col(RoundRow.confirms) != FOR_REFERENCE,
        )
    )
    return {row.endpoint_hash: row.due_at for row in rows}


def _notices(tx: Transaction) -> dict[tuple[str, bool], int]:
    """(endpoint, whether they failed for good) → notices that have not arrived."""
    name = func.coalesce(col(IncidentRow.endpoint), col(NoticeRow.endpoint), "")
    has_failed = col(NoticeRow.state) == "failed"
    rows = tx.connection().execute(
        columns(name, has_failed, func.count())
        .select_from(NoticeRow)
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id), isouter=True)
        .where(col(NoticeRow.state).in_(("owed", "claimed", "failed")))
        .group_by(name, has_failed)
    )
    return {(endpoint, bool(failed)): int(count) for endpoint, failed, count in rows}


def _live(tx: Transaction) -> tuple[dict[str, Change], dict[tuple[str, str], Trouble], list[Measured]]:
    """Endpoint's hash → the change that people know of and that is not over; its name and hash → the trouble; and what
    is measured, the newest first."""
    rows = tx.exec(select(IncidentRow).where(col(IncidentRow.state).in_(LIVE)).order_by(col(IncidentRow.id).desc()))
    found = [to_incident(row) for row in rows]
    changes = {one.endpoint_hash: one for one in found if isinstance(one, Change)}
    troubles = {(one.endpoint, one.endpoint_hash): one for one in found if isinstance(one, Trouble)}
    return changes, troubles, [one for one in found if isinstance(one, Measured)]


def _closed(tx: Transaction, hashes: Sequence[str]) -> dict[str, Change]:
    """Endpoint's hash → its newest change, where that is closed."""
    if not hashes:
        return {}
    no_facts = col(IncidentRow.is_facts).is_(None)
    of_change = (col(IncidentRow.endpoint_hash).in_(hashes), ~col(IncidentRow.kind).in_(TROUBLES), no_facts)
    newest = select(func.max(IncidentRow.id)).where(*of_change).group_by(IncidentRow.endpoint_hash)
    found = map(to_incident, tx.exec(select(IncidentRow).where(col(IncidentRow.id).in_(newest))))
    return {one.endpoint_hash: one for one in found if isinstance(one, Change) and one.state == "closed"}


def _channel_points(
    endpoint: str, label: str | None, at: datetime | None, judgement: bytes | None
) -> tuple[ChannelPoint, ...]:
    if label is None or at is None or judgement is None:
        return ()
    return tuple(
        ChannelPoint(
            endpoint=endpoint,
            round=label,
            at=at,
            channel=verdict.channel,
            e_value=verdict.e_value,
            value=verdict.value,
            reference_value=verdict.reference_value,
            unit=verdict.unit,
            words=verdict.words,
        )
        for verdict in unpack_judgement(judgement).verdicts
    )
