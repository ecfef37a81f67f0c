"""How messages fare, place by place; and how alarms ended. Everything here only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select

from prober.model.incident import TROUBLES
from prober.store.engine import Transaction
from prober.store.rows import EndpointRow, IncidentRow, NoticeRow, TallyRow
from prober.store.tallies import EVER
from prober.store.views import DeliveryView

_STATES: Final = {
    "owed": "owed", "claimed": "owed", "held": "held", "digested": "held", "sent": "sent", "failed": "failed",
}  # fmt: skip
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AlarmsOfEndpoint:
    """What was promised of an endpoint, and how the changes ended that people were notified of."""

    endpoint: str
    false_alarms_per_year: float
    """As declared."""
    judged: int
    """Rounds judged against a complete reference, ever."""
    promised: float
    """False alarms that these rounds may raise at most, on average: the sum over rounds of 1 / threshold."""
    ends: Mapping[str, int]
    """Why a change was closed → how many; those that are open under the empty name."""


def deliveries(tx: Transaction) -> tuple[DeliveryView, ...]:
    """How messages fare, by alerter and channel."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    sent_at: dict[tuple[str, str], datetime] = {}
    channel = func.coalesce(col(NoticeRow.channel), "")
    grouped = columns(col(NoticeRow.alerter), channel, col(NoticeRow.state), func.count(), func.max(NoticeRow.sent_at))
    for alerter, place, state, count, last in tx.connection().execute(
        grouped.group_by(col(NoticeRow.alerter), channel, col(NoticeRow.state))
    ):
        counts.setdefault((alerter, place), Counter())[_STATES[state]] += count
        if last is not None:
            sent_at[alerter, place] = last
    undelivered = _undelivered(tx)
    return tuple(
        _view(place, counts[place], sent_at.get(place), undelivered.get(place, [])) for place in sorted(counts)
    )


def _undelivered(tx: Transaction) -> dict[tuple[str, str], list[NoticeRow]]:
    """Messages that were tried and did not arrive, by place, in the order of their last try."""
    tried = select(NoticeRow).where(
        or_(
            col(NoticeRow.state) == "failed",
            col(NoticeRow.state).in_(("owed", "claimed")) & (col(NoticeRow.last_reason) != ""),
        )
    )
    found: dict[tuple[str, str], list[NoticeRow]] = {}
    for row in tx.exec(tried.order_by(col(NoticeRow.next_try_at), col(NoticeRow.id))):
        found.setdefault((row.alerter, row.channel or ""), []).append(row)
    return found


def _view(
    place: tuple[str, str], counts: Counter[str], sent_at: datetime | None, tried: Sequence[NoticeRow]
) -> DeliveryView:
    # What failed for good before a later message arrived was fixed; it was last tried when it was due.
    last = sent_at or _NEVER
    missing = [row for row in tried if row.state != "failed" or row.next_try_at > last]
    newest = missing[-1] if missing else None
    return DeliveryView(
        alerter=place[0],
        channel=place[1],
        owed=counts["owed"],
        held=counts["held"],
        sent=counts["sent"],
        failed=counts["failed"],
        last_sent_at=sent_at,
        failing=any(row.state == "failed" for row in missing),
        last_reason=newest.last_reason if newest else "",
        since=min((row.created_at for row in missing), default=None),
    )


def alarms(tx: Transaction) -> tuple[AlarmsOfEndpoint, ...]:
    """Of every endpoint as declared last, by name, over all that was asked under its name."""
    judged = {
        name: (int(rounds), float(promised))
        for name, rounds, promised in tx.connection().execute(
            columns(col(TallyRow.endpoint), func.sum(TallyRow.judged), func.sum(TallyRow.promised))
            .where(col(TallyRow.day) == EVER)
            .group_by(col(TallyRow.endpoint))
        )
    }
    ends = _ends(tx)
    declared = tx.exec(select(EndpointRow).where(col(EndpointRow.current)).order_by(col(EndpointRow.name)))
    return tuple(
        AlarmsOfEndpoint(row.name, row.false_alarms_per_year, *judged.get(row.name, (0, 0.0)), ends.get(row.name, {}))
        for row in declared
    )


def _ends(tx: Transaction) -> dict[str, Counter[str]]:
    """Endpoint → how the changes ended that people were notified of; still open ones under the empty name."""
    notified = (col(IncidentRow.state) != "suspected") & (col(IncidentRow.close_reason) != "faded")
    found: dict[str, Counter[str]] = {}
    for name, reason, count in tx.connection().execute(
        columns(col(IncidentRow.endpoint), col(IncidentRow.close_reason), func.count())
        .where(notified, ~col(IncidentRow.kind).in_(TROUBLES), col(IncidentRow.is_facts).is_(None))
        .group_by(col(IncidentRow.endpoint), col(IncidentRow.close_reason))
    ):
        found.setdefault(name, Counter())[reason] += count
    return found
