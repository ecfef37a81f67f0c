"""What the judge keeps of an endpoint: memory, suspicion, where the reference began; and how its rounds go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from statistics import median
from typing import Any, Final

from sqlalchemy import bindparam
from sqlmodel import col, delete, func, select, update

from prober.model.errors import StoreError
from prober.model.evidence import Judgement
from prober.model.watch import Confirmation, Gathered, Health, Suspicion
from prober.store import rounds
from prober.store.codec import pack_text, unpack_judgement, unpack_memory
from prober.store.engine import Transaction
from prober.store.rounds import Claim, label_at
from prober.store.rows import EndpointRow, EpochRow, FactMemoryRow, MemoryRow, RoundRow, WatchRow
from prober.store.views import EpochView, RoundView

FOR_REFERENCE: Final = "reference"
"""What stands in `RoundRow.confirms` of a round that was asked again while the reference was gathered."""
_BEGUN = ("claimed", "completed", "missed")


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of the newest judged round of an endpoint."""

    endpoint: str
    judgement: Judgement
    at: datetime
    period: timedelta
    """Between its scheduled rounds."""


def memory(tx: Transaction, endpoint_hash: str) -> str | None:
    """The judge's memory, as it was kept last in the current epoch; None before that."""
    row = tx.connection().execute(_MEMORY, {"of": endpoint_hash}).first()
    return None if row is None else unpack_memory(*row)


_MEMORY: Final = select(MemoryRow.memory, MemoryRow.constant).where(MemoryRow.endpoint_hash == bindparam("of"))
_KEEP: Final = (
    update(MemoryRow)
    .where(col(MemoryRow.endpoint_hash) == bindparam("of"), col(MemoryRow.digest) == bindparam("known"))
    .values(memory=bindparam("packed"))
)


def keep_memory(tx: Transaction, endpoint_hash: str, memory: str | None) -> None:
    """The judge's memory from now on, behind the lock of the endpoint; None forgets what was there. The lines after its
    first one seldom change, and are written only where they do."""
    if memory is None:
        tx.exec(delete(MemoryRow).where(col(MemoryRow.endpoint_hash) == endpoint_hash))
        return
    changing, _, constant = memory.partition("\n")
    digest, packed = (
        blake2b(constant.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() if constant else "",
        pack_text(changing),
    )
    if tx.connection().execute(_KEEP, {"of": endpoint_hash, "known": digest, "packed": packed}).rowcount == 0:
        rest = pack_text(constant) if constant else None
        tx.merge(MemoryRow(endpoint_hash=endpoint_hash, memory=packed, constant=rest, digest=digest))
        tx.flush()


def peers(tx: Transaction, endpoint_hash: str) -> tuple[Judged, ...]:
    """What was said last of the other endpoints of the same provider; by name."""
    newest_epoch = (
        select(func.max(EpochRow.at)).where(EpochRow.endpoint_hash == EndpointRow.endpoint_hash).scalar_subquery()
    )
    rows = tx.exec(
        select(EndpointRow, newest_epoch)
        .where(
            col(EndpointRow.origin).in_(select(EndpointRow.origin).where(EndpointRow.endpoint_hash == endpoint_hash)),
            col(EndpointRow.endpoint_hash) != endpoint_hash,
            col(EndpointRow.current),
            col(EndpointRow.endpoint_hash).in_(select(MemoryRow.endpoint_hash)),
        )
        .order_by(col(EndpointRow.name))
    )
    found = (_judged(tx, row, began) for row, began in rows.all())
    return tuple(one for one in found if one is not None)


def _judged(tx: Transaction, row: EndpointRow, began: datetime | None) -> Judged | None:
    """None where nothing was said yet, or only against a reference in whose place a person began another."""
    newest = tx.exec(
        select(RoundRow)
        .where(RoundRow.endpoint_hash == row.endpoint_hash, RoundRow.state == "completed")
        .order_by(col(RoundRow.label).desc())
        .limit(1)
    ).first()
    if newest is None or newest.judgement is None or newest.completed_at is None:
        return None
    if began is not None and newest.completed_at <= began:
        return None
    judgement = unpack_judgement(newest.judgement)
    return Judged(row.name, judgement, newest.completed_at, period(tx, row.endpoint_hash))


# Suspicion


def suspicion(tx: Transaction, endpoint_hash: str, probe_set: str, midnight: datetime) -> Suspicion:
    """What was asked of the present suspicion so far, and of this probe set since midnight."""
    here = {"of": endpoint_hash, "probe_set": probe_set, "midnight": label_at(midnight)}
    found = tx.connection().execute(_SUSPICION, here).first()
    return Suspicion() if found is None else Suspicion(found[0] or "", *found[1:])


def _suspicion() -> Any:
    mine = (col(RoundRow.endpoint_hash) == bindparam("of"), col(RoundRow.confirms).is_not(None))
    # A round that missed its budget was not asked, and one that was broken off cost its asks all the same.
    asked = (*mine, col(RoundRow.state).in_(_BEGUN), col(RoundRow.asked) > 0)
    since = col(WatchRow.suspected_since)
    used = select(func.count()).where(*asked, col(RoundRow.label) >= since, col(RoundRow.confirms) == since)
    today = select(func.count()).where(
        *asked,
        col(RoundRow.confirms) != FOR_REFERENCE,
        col(RoundRow.label) >= bindparam("midnight"),
        col(RoundRow.probe_set) == bindparam("probe_set"),
    )
    waiting = select(func.max(RoundRow.due_at)).where(*mine, col(RoundRow.state) == "due")
    counted = [one.correlate(WatchRow).scalar_subquery() for one in (used, today, waiting)]
    return select(since, *counted).where(col(WatchRow.endpoint_hash) == bindparam("of"))


_SUSPICION: Final = _suspicion()
_SUSPECT: Final = (
    update(WatchRow).where(col(WatchRow.endpoint_hash) == bindparam("of")).values(suspected_since=bindparam("since"))
)
_CONFIRMING: Final = (
    select(RoundRow)
    .where(
        col(RoundRow.endpoint_hash) == bindparam("of"),
        col(RoundRow.confirms).is_not(None),
        col(RoundRow.state).in_(("due", "claimed")),
    )
    .execution_options(populate_existing=True)
)


def keep_suspicion(tx: Transaction, claim: Claim, confirmation: Confirmation) -> None:
    """The suspicion after a judged round, and the round that is to confirm it, if any.

    At most one round waits to confirm an endpoint: one that is not wanted any more is missed, with the reason.
    """
    judged = claim.round
    tx.connection().execute(_SUSPECT, {"of": judged.endpoint_hash, "since": confirmation.since or None})
    if confirmation.reason == "already_due":
        return
    for row in tx.exec(_CONFIRMING, params={"of": judged.endpoint_hash}).all():  # unwanted
        rounds.end_unjudged(tx, row, confirmation.reason if confirmation.due_at is None else "superseded")
    if confirmation.due_at is not None:
        # Where a scheduled round is due at that very moment, it will do.
        place = (judged.endpoint, judged.endpoint_hash, judged.probe_set)
        rounds.insert_due(tx, *place, confirmation.due_at, confirms=confirmation.since or FOR_REFERENCE)


def gathered(tx: Transaction, claim: Claim) -> Gathered:
    """What was asked of the probe set of a round for the reference in the present epoch, this round included."""
    here = {"of": claim.round.endpoint_hash, "probe_set": claim.round.probe_set}
    here["start"] = epoch_start(tx, claim.round.endpoint_hash)
    return Gathered(*tx.connection().execute(_GATHERED, here).one())


def _gathered() -> Any:
    mine = (
        col(RoundRow.endpoint_hash) == bindparam("of"),
        col(RoundRow.probe_set) == bindparam("probe_set"),
        col(RoundRow.state) == "completed",
        col(RoundRow.label) >= bindparam("start"),
    )
    scheduled = (*mine, col(RoundRow.confirms).is_(None))
    newest = select(func.coalesce(func.max(RoundRow.label), "")).where(*scheduled).scalar_subquery()
    counts = [
        select(func.count()).where(*which).scalar_subquery()
        for which in (mine, scheduled, (*mine, col(RoundRow.label) > newest))
    ]
    return select(*counts)


_GATHERED: Final = _gathered()


# Epochs


_EPOCH_START: Final = select(WatchRow.epoch_start).where(WatchRow.endpoint_hash == bindparam("of"))


def epoch_start(tx: Transaction, endpoint_hash: str) -> str:
    """Label of the first round of the current epoch; empty for the first epoch."""
    return tx.connection().execute(_EPOCH_START, {"of": endpoint_hash}).scalar() or ""


def start_epoch(
    tx: Transaction,
    endpoint: str,
    endpoint_hash: str,
    start_label: str,
    author: str,
    note: str,
    now: datetime,
    memory: str | None = None,
) -> EpochView:
    """The old reference is dropped; `memory` is what the judge knows before any round of the new one. A round in
    progress was begun under it: it loses its claim, and is asked again.

    Raises StoreError where the endpoint is unknown.
    """
    watch = tx.exec(
        select(WatchRow)
        .where(WatchRow.endpoint_hash == endpoint_hash)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if watch is None:
        raise StoreError(f"the store does not know endpoint {endpoint}")
    if watch.round_id is not None:
        tx.exec(update(RoundRow).where(col(RoundRow.id) == watch.round_id).values(lease_until=now))
    watch.round_id, watch.lease_until, watch.token = None, None, watch.token + 1
    watch.epoch_start, watch.suspected_since = start_label, None
    tx.add(watch)
    keep_memory(tx, endpoint_hash, memory)
    tx.exec(delete(FactMemoryRow).where(col(FactMemoryRow.endpoint_hash) == endpoint_hash))
    tx.add(
        EpochRow(
            endpoint=endpoint, endpoint_hash=endpoint_hash, start_label=start_label, at=now, author=author, note=note
        )
    )
    tx.flush()
    return EpochView(start_label=start_label, at=now, author=author, note=note)


def epochs(tx: Transaction, endpoint: str) -> tuple[EpochView, ...]:
    """Where references began anew, oldest first; the first epoch, from the beginning, is not listed."""
    rows = tx.exec(select(EpochRow).where(EpochRow.endpoint == endpoint).order_by(col(EpochRow.id)))
    return tuple(EpochView(start_label=row.start_label, at=row.at, author=row.author, note=row.note) for row in rows)


_GAPS: Final = 5
"""Newest scheduled rounds whose distances tell how often an endpoint is asked."""
_UNKNOWN_PERIOD: Final = timedelta(days=1)
"""Where there was one round so far."""


def newest_completed_at(tx: Transaction, endpoint_hash: str) -> datetime | None:
    """When an endpoint last completed a round."""
    completed = select(RoundRow.completed_at).where(
        RoundRow.endpoint_hash == endpoint_hash, RoundRow.state == "completed"
    )
    return tx.exec(completed.order_by(col(RoundRow.label).desc()).limit(1)).first()


def freshness(tx: Transaction) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Content of every endpoint → since when it is known to be stale, and when it last completed a round."""
    newest = (
        select(RoundRow.completed_at)
        .where(col(RoundRow.endpoint_hash) == col(WatchRow.endpoint_hash), col(RoundRow.state) == "completed")
        .order_by(col(RoundRow.label).desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = tx.exec(select(col(WatchRow.endpoint_hash), col(WatchRow.stale_since), newest))
    return {key: (stale_since, at) for key, stale_since, at in rows}


def period(tx: Transaction, endpoint_hash: str) -> timedelta:
    """Between scheduled rounds of an endpoint: the median of the newest."""
    due_at = tx.exec(
        select(RoundRow.due_at)
        .where(
            RoundRow.endpoint_hash == endpoint_hash,
            RoundRow.state == "completed",
            col(RoundRow.confirms).is_(None),
        )
        .order_by(col(RoundRow.label).desc())  # as the index has them: no more than these are read
        .limit(_GAPS)
    ).all()
    gaps = [later - earlier for later, earlier in pairwise(due_at)]
    return timedelta(seconds=median(gap.total_seconds() for gap in gaps)) if gaps else _UNKNOWN_PERIOD


def health(tx: Transaction, here: RoundView, count: int) -> tuple[Health, ...]:
    """How the asks of the newest rounds of an endpoint of this name went, up to and with this one as it is now; oldest
    first."""
    mine = {"of": here.endpoint_hash, "name": here.endpoint, "label": here.label, "id": here.id, "most": count}
    newest = tx.connection().execute(_HEALTH, mine).all()
    return tuple(
        Health(label or "", asked, failed, reason or last_failure, last_detail or "")
        for label, asked, failed, reason, last_failure, last_detail in reversed(newest)
    )


def _health() -> Any:
    # A round nobody began says nothing of the endpoint; one its budget did not pay for does.
    tried = (col(RoundRow.state) == "completed") | (
        (col(RoundRow.state) == "missed") & col(RoundRow.reason).startswith("budget_exhausted")
    )
    counted = tried | (col(RoundRow.id) == bindparam("id"))
    # Not whole rows: each holds a judgement.
    names = ("label", "asked", "failed", "reason", "last_failure", "last_detail")
    columns = [getattr(RoundRow, name) for name in names]
    newest = select(*columns).order_by(col(RoundRow.label).desc()).limit(bindparam("most"))
    mine = (RoundRow.endpoint_hash == bindparam("of"), RoundRow.endpoint == bindparam("name"))
    return newest.where(*mine, col(RoundRow.label) <= bindparam("label"), counted)


_HEALTH: Final = _health()


def completed_since(tx: Transaction, endpoint_hash: str, label: str, until: str | None = None) -> int:
    """Completed rounds with this label or a later one, up to and with `until` where that is given."""
    return tx.exec(
        select(func.count()).where(
            col(RoundRow.endpoint_hash) == endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= label,
            *(() if until is None else [col(RoundRow.label) <= until]),
        )
    ).one()


def newest_since(tx: Transaction, endpoint_hash: str, label: str, most: int) -> str:
    """Label of the first of the newest completed rounds, at most so many, with this label or a later one."""
    newest = (
        select(col(RoundRow.label).label("label"))
        .where(RoundRow.endpoint_hash == endpoint_hash, RoundRow.state == "completed", col(RoundRow.label) >= label)
        .order_by(col(RoundRow.label).desc())
        .limit(most)
        .subquery()
    )
    return tx.exec(select(func.min(newest.c.label))).one() or label
