"""Rounds as durable units of work: due → claimed → completed | missed.

Who may write is decided on the endpoint's watch. A claim is taken behind its lock, where no other claim is live, and
draws a new token. Whoever comes with an older token has lost the claim, however late they wake up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from sqlalchemy import ColumnElement, Row, bindparam
from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select, update

from prober.model.declaration import Endpoint
from prober.model.errors import ClaimLost, StoreError
from prober.model.evidence import Judgement, Observation
from prober.model.watch import CLOCK_SLACK
from prober.store import tallies
from prober.store.codec import pack_judgement
from prober.store.declared import remember_endpoints
from prober.store.engine import Transaction
from prober.store.inserts import insert_all_missing, insert_missing
from prober.store.rows import RoundRow, WatchRow
from prober.store.views import RoundView
from prober.store.watches import lock, lock_all

LONGEST_LEASE: Final = timedelta(minutes=10)
"""No round is leased for longer. A lease that ends later was written by a clock that was ahead, and holds nothing."""
OF_VIEW: Final = [one for one in RoundRow.metadata.tables["round"].c if one.name != "judgement"]
"""The columns that a RoundView is made of, and two short ones: read as such they take half the time of a RoundRow."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A round in progress. Whoever holds it may write to the round, until the endpoint is claimed again."""

    round: RoundView
    """As it was when it was claimed."""
    token: int
    """Grows with every claim of the endpoint, so that an older claim is refused."""


# Making rounds due, and taking them


def due(tx: Transaction, endpoint: Endpoint, probe_set: str, due_at: datetime) -> int:
    """Id of the round of this set on this endpoint at this time: made by the first call, found by every other."""
    here = {"endpoint": endpoint.name, "probe_set": probe_set, "due_at": due_at}
    found = tx.connection().execute(_DUE, here).first()
    if found is None or found[1] != endpoint.content_hash:
        make_due(tx, [(endpoint, probe_set, due_at)])
        found = tx.connection().execute(_DUE, here).one()
    return found[0]


_DUE: Final = select(RoundRow.id, RoundRow.endpoint_hash).where(
    *(getattr(RoundRow, name) == bindparam(name) for name in ("endpoint", "probe_set", "due_at"))
)
_DUE_THEN: Final = select(RoundRow).where(
    col(RoundRow.endpoint).in_(bindparam("names", expanding=True)),
    col(RoundRow.due_at).in_(bindparam("moments", expanding=True)),
)


def make_due(
    tx: Transaction,
    wanted: Sequence[tuple[Endpoint, str, datetime]],
    reopened: str = "",
    repeated: Mapping[tuple[str, str], str] | None = None,
) -> None:
    """The rounds of these sets on these endpoints at these times, where they are not there already.

    `reopened`: the reason with which one may have been missed before its time, and is due all the same. `repeated`:
    (endpoint, set) → `newest_ahead`. A moment that was asked by then comes a second time, and has a second round, which
    is due a microsecond later.
    """
    remember_endpoints(tx, [endpoint for endpoint, _, _ in wanted])
    new = {(endpoint.name, probe_set, due_at): endpoint.content_hash for endpoint, probe_set, due_at in wanted}
    names, _, moments = map(set, zip(*new, strict=True))
    for row in tx.exec(_DUE_THEN, params={"names": [*names], "moments": [*moments]}):
        key = (row.endpoint, row.probe_set, row.due_at)
        if key in new and reopened and (row.state, row.reason, row.label) == ("missed", reopened, None):
            tallies.forget_missed(tx, row)  # nobody ever claimed it: it is as if it had never been there
            tx.delete(row)
        elif key in new:
            endpoint_hash = new.pop(key)
            if (again := _again(tx, row, (repeated or {}).get(key[:2], ""))) is not None:
                new[row.endpoint, row.probe_set, again] = endpoint_hash
    tx.flush()
    insert_all_missing(tx, RoundRow, [_begun(*key, endpoint_hash) for key, endpoint_hash in sorted(new.items())])
    lock_all(tx, {*new.values()})


def newest_ahead(tx: Transaction, endpoint: str, probe_set: str, now: datetime) -> str:
    """Label of the newest round of a set that was due or completed in the future: later, or while it was asked, the
    clock was set back. Empty where there is none."""
    ahead = (
        RoundRow.endpoint == endpoint,
        RoundRow.probe_set == probe_set,
        col(RoundRow.state).in_(("claimed", "completed")),
        col(RoundRow.due_at) > now - _LONGEST_AGO,
        or_(col(RoundRow.due_at) > now + CLOCK_SLACK, col(RoundRow.completed_at) > now + CLOCK_SLACK),
    )
    return tx.exec(select(func.max(RoundRow.label)).where(*ahead)).one() or ""


_LONGEST_AGO: Final = timedelta(days=1)
"""A round that is completed now was not due longer ago; so not all rounds are read."""


def _again(tx: Transaction, row: RoundRow, ahead: str) -> datetime | None:
    """When the round of a moment is due that comes a second time; None where this one is not over, or came since."""
    while row.state in {"completed", "missed"} and row.label is not None and row.label <= ahead:
        due_at = row.due_at + timedelta.resolution
        here = (RoundRow.endpoint == row.endpoint, RoundRow.probe_set == row.probe_set, RoundRow.due_at == due_at)
        if (after := tx.exec(select(RoundRow).where(*here)).first()) is None:
            return due_at
        row = after
    return None


def insert_due(
    tx: Transaction,
    endpoint: str,
    endpoint_hash: str,
    probe_set: str,
    due_at: datetime,
    confirms: str | None = None,
    missed: str = "",
) -> bool:
    """A round as it begins; False where it is there already. `confirms` as in RoundRow. `missed`: the reason why it
    ends before it began."""
    return insert_missing(tx, RoundRow, _begun(endpoint, probe_set, due_at, endpoint_hash, confirms, missed))


def _begun(
    endpoint: str, probe_set: str, due_at: datetime, endpoint_hash: str, confirms: str | None = None, missed: str = ""
) -> dict[str, object]:
    key = {"endpoint": endpoint, "probe_set": probe_set, "due_at": due_at}
    rest = {"worker": "", "reason": missed, "last_failure": "", "asked": 0, "failed": 0, "cached": 0}
    state = "missed" if missed else "due"
    return {**key, **rest, "endpoint_hash": endpoint_hash, "state": state, "confirms": confirms}


_WATCH_OF_ROUND: Final = (
    columns(col(WatchRow.round_id), col(WatchRow.lease_until), col(WatchRow.token))
    .where(
        col(WatchRow.endpoint_hash)
        == select(RoundRow.endpoint_hash).where(RoundRow.id == bindparam("round")).scalar_subquery()
    )
    .with_for_update()
)
_ONE_ROUND: Final = columns(*OF_VIEW).where(col(RoundRow.id) == bindparam("round"))
_TAKE: Final = (
    update(WatchRow)
    .where(col(WatchRow.endpoint_hash) == bindparam("of"))
    .values(
        round_id=bindparam("round"),
        lease_until=bindparam("until"),
        token=bindparam("drawn"),
        changes=col(WatchRow.changes) + 1,
    )
)
_TAKEN: Final = (
    update(RoundRow)
    .where(col(RoundRow.id) == bindparam("round"))
    .values(state="claimed", label=bindparam("named"), worker=bindparam("by"), lease_until=bindparam("until"))
)


def claim(tx: Transaction, round_id: int, worker: str, now: datetime, lease_s: float) -> Claim | None:
    """Claim a round for `lease_s` seconds, and with it the endpoint.

    None when it is finished, someone has it, or another round of the endpoint is in progress: one round an endpoint
    at a time. The first claim gives the label; a later one keeps it, unless a later round of the endpoint was completed
    in between: labels grow in the order of judging. The claim outlives its lease until somebody else takes the
    endpoint.
    """
    here = {"round": round_id}
    watch = tx.connection().execute(_WATCH_OF_ROUND, here).first()
    # Behind the watch's lock nobody else changes the rounds of this endpoint.
    row = tx.connection().execute(_ONE_ROUND, here).first()
    if row is None:
        raise _unknown(round_id)
    if watch is None or (
        watch.round_id is not None and (watch.lease_until is None or _is_live(watch.lease_until, now))
    ):
        return None
    if row.state not in {"due", "claimed"}:
        return None
    before = view(row)
    label, lease_until = _label(tx, before, now), now + timedelta(seconds=lease_s)
    taken = {**here, "of": before.endpoint_hash, "until": lease_until, "named": label, "by": worker}
    tx.connection().execute(_TAKE, {**taken, "drawn": watch.token + 1})
    tx.connection().execute(_TAKEN, taken)
    one = replace(before, state="claimed", label=label, worker=worker, lease_until=lease_until)
    return Claim(one, watch.token + 1)


def claim_of(tx: Transaction, round_id: int, worker: str) -> Claim | None:
    """The claim by which this worker holds a round; None where it does not."""
    row = get(tx, round_id)
    watch = tx.exec(select(WatchRow).where(WatchRow.endpoint_hash == row.endpoint_hash)).one()
    return Claim(view(row), watch.token) if watch.round_id == round_id and row.worker == worker else None


def _is_live(lease_until: datetime, now: datetime) -> bool:
    return now < lease_until <= now + LONGEST_LEASE


def _label(tx: Transaction, one: RoundView, now: datetime) -> str:
    """Kept when claimed again, unless a later round was judged meanwhile: labels grow in the order of judging."""
    if one.label:
        same = or_(col(RoundRow.endpoint_hash) == one.endpoint_hash, col(RoundRow.endpoint) == one.endpoint)
        overtaken = tx.exec(
            select(RoundRow.id).where(same, col(RoundRow.state) == "completed", col(RoundRow.label) > one.label)
        ).first()
        if overtaken is None:
            return one.label
    return label_after_all(tx, one.endpoint, one.endpoint_hash, now)


def label_at(moment: datetime) -> str:
    """The label of a round begun at this moment."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def label_after_all(tx: Transaction, endpoint: str, endpoint_hash: str, now: datetime) -> str:
    """The label of a round begun now, or, if that is later, just after the newest round of the endpoint."""
    of_each = tx.connection().execute(_NEWEST_LABELS, {"endpoint": endpoint, "endpoint_hash": endpoint_hash}).one()
    newest = max((label for label in of_each if label is not None), default=None)
    after = now if newest is None else max(now, datetime.fromisoformat(newest) + timedelta(microseconds=1))
    return label_at(after)


# Each the end of an index; both conditions in one would read every round of the endpoint.
_NEWEST_LABELS: Final = select(
    *(
        select(func.max(RoundRow.label)).where(getattr(RoundRow, same) == bindparam(same)).scalar_subquery()
        for same in ("endpoint", "endpoint_hash")
    )
)


# Holding a claim, and ending it

_IS_HELD: Final = (
    col(WatchRow.endpoint_hash) == bindparam("of"),  # the key: found without a look at the others
    col(WatchRow.round_id) == bindparam("held_round"),
    col(WatchRow.token) == bindparam("held_token"),
)
_HOLD: Final = update(WatchRow).where(*_IS_HELD).values(changes=col(WatchRow.changes) + 1)
_END: Final = _HOLD.values(round_id=None, lease_until=None)


def hold(tx: Transaction, claim: Claim, *, ends: bool = False) -> None:
    """Lock the endpoint for this transaction. Raises ClaimLost unless the claim is in force. `ends`: the endpoint is
    free for its next round."""
    held = tx.connection().execute(_END if ends else _HOLD, _held_by(claim))
    if held.rowcount == 0:
        _refuse(get(tx, claim.round.id, fresh=True))


def _held_by(claim: Claim) -> dict[str, object]:
    return {"of": claim.round.endpoint_hash, "held_round": claim.round.id, "held_token": claim.token}


def renew(tx: Transaction, claim: Claim, now: datetime, lease_s: float) -> None:
    """The claim holds for `lease_s` seconds from now on. Raises ClaimLost where it is not in force."""
    # Readers see no change: a round in progress stays in progress.
    lease_until = now + timedelta(seconds=lease_s)
    renewed = tx.connection().execute(
        update(WatchRow).where(*_IS_HELD).values(lease_until=lease_until), _held_by(claim)
    )
    if renewed.rowcount == 0:
        _refuse(get(tx, claim.round.id))
    tx.exec(update(RoundRow).where(col(RoundRow.id) == claim.round.id).values(lease_until=lease_until))


def complete(
    tx: Transaction,
    claim: Claim,
    judgement: Judgement,
    now: datetime,
    observations: Sequence[Observation] | None = None,
) -> None:
    """The round was judged; the endpoint is free for its next one.

    `observations` are all that it holds, in order; None reads them. Raises ClaimLost where the claim is not in force,
    so that nothing is judged twice.
    """
    hold(tx, claim, ends=True)
    row = get(tx, claim.round.id, fresh=True)
    row.state, row.completed_at, row.lease_until = "completed", now, None
    row.judgement = pack_judgement(judgement)
    tx.add(row)
    tx.flush()
    tallies.end(tx, row, judgement, observations)


def miss(tx: Transaction, round_id: int, reason: str, now: datetime, claim: Claim | None = None) -> bool:
    """The round will not be completed, and why; whether that is news. Its replies stay; they are never judged.

    Whoever holds its claim may give it up. Raises ClaimLost while another holds it under a live lease, StoreError when
    it is completed.
    """
    lock(tx, get(tx, round_id).endpoint_hash)
    row = get(tx, round_id, fresh=True)
    if row.state == "missed":
        return False
    if row.state == "completed":
        raise StoreError(f"round {round_id} of {row.endpoint} is completed; it cannot be marked missed")
    if row.state == "claimed" and row.lease_until is not None and _is_live(row.lease_until, now):
        if claim is None:
            _refuse(row)
        hold(tx, claim)
    end_unjudged(tx, row, reason)
    _release(tx, row)
    return True


def pass_over(
    tx: Transaction, endpoint: Endpoint, probe_set: str, moments: Sequence[datetime], reason: str, now: datetime
) -> int:
    """Rounds of these moments are missed: those that nobody made due, and those that still wait. Gives how many."""
    remember_endpoints(tx, [endpoint])
    lock(tx, endpoint.content_hash)
    new: Counter[str] = Counter()
    for moment in moments:
        if insert_due(tx, endpoint.name, endpoint.content_hash, probe_set, moment, missed=reason):
            new[moment.date().isoformat()] += 1
    for day, missed in new.items():
        tallies.count_missed(tx, endpoint.name, probe_set, day, missed)
    waiting = tx.exec(
        select(RoundRow.id)
        .where(RoundRow.endpoint == endpoint.name, RoundRow.probe_set == probe_set, col(RoundRow.due_at).in_(moments))
        .where(*_IS_UNCLAIMED)
        .order_by(col(RoundRow.due_at)),
        params={"now": now, "longest": now + LONGEST_LEASE},
    ).all()
    return new.total() + sum(miss(tx, round_id, reason, now) for round_id in waiting)


def end_unjudged(tx: Transaction, row: RoundRow, reason: str) -> None:
    """The row as that of a missed round, counted as such."""
    row.state, row.reason, row.lease_until = "missed", reason, None
    tx.add(row)
    tx.flush()
    tallies.end(tx, row, None)


def _release(tx: Transaction, row: RoundRow) -> None:
    """The endpoint is free for its next round."""
    held = col(WatchRow.endpoint_hash) == row.endpoint_hash, col(WatchRow.round_id) == row.id
    tx.exec(update(WatchRow).where(*held).values(round_id=None, lease_until=None))


def _refuse(row: RoundRow) -> NoReturn:
    by = f" ({row.worker})" if row.worker else ""
    raise ClaimLost(
        f"round {row.id} of {row.endpoint} is {row.state}: another process took it over or ended it{by}; "
        "there is nothing to do, for nothing is written twice"
    )


# Reading


def get(tx: Transaction, round_id: int, *, fresh: bool = False) -> RoundRow:
    """The row of a round. Raises StoreError where there is none."""
    row = tx.get(RoundRow, round_id, populate_existing=fresh)
    if row is None:
        raise _unknown(round_id)
    return row


def _unknown(round_id: int) -> StoreError:
    return StoreError(f"there is no round {round_id}")


def unfinished(tx: Transaction, now: datetime, endpoint_hash: str | None = None) -> tuple[RoundView, ...]:
    """Rounds that wait for someone: due, or claimed under a lease that ran out. Of one endpoint, or of all; oldest
    first."""
    here = {"now": now, "longest": now + LONGEST_LEASE}
    which = (_UNFINISHED, here) if endpoint_hash is None else (_UNFINISHED_OF_ONE, {**here, "of": endpoint_hash})
    return tuple(view(row) for row in tx.connection().execute(*which))


_IS_UNCLAIMED: Final[tuple[ColumnElement[bool], ...]] = (
    col(RoundRow.state).in_(("due", "claimed")),
    or_(
        col(RoundRow.lease_until).is_(None),
        col(RoundRow.lease_until) <= bindparam("now"),
        col(RoundRow.lease_until) > bindparam("longest"),
    ),
)
_UNFINISHED: Final = columns(*OF_VIEW).where(*_IS_UNCLAIMED).order_by(col(RoundRow.due_at), col(RoundRow.id))
_UNFINISHED_OF_ONE: Final = _UNFINISHED.where(col(RoundRow.endpoint_hash) == bindparam("of"))


def view(row: RoundRow | Row[Any]) -> RoundView:
    """The row as readers see it; of its columns, `OF_VIEW` will do."""
    return RoundView(
        id=row.id,
        endpoint=row.endpoint,
        endpoint_hash=row.endpoint_hash,
        probe_set=row.probe_set,
        due_at=row.due_at,
        state=row.state,  # type: ignore[arg-type]  # the column holds what this module wrote
        label=row.label or "",
        worker=row.worker,
        lease_until=row.lease_until,
        completed_at=row.completed_at,
        reason=row.reason,
        asked=row.asked,
        failed=row.failed,
        cached=row.cached,
        confirms=row.confirms or "",
    )
