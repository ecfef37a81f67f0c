"""Rounds as durable units of work: due → claimed → completed | missed. Settling is in `judging`.

Who may write is decided on the endpoint's watch: a claim is one UPDATE … WHERE no other claim is live, and it draws a
new token. Whoever comes with an older token has lost the claim, however late they wake up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, insert
from sqlmodel import Session, col, func, or_, select, update

from prober.model.declaration import Endpoint
from prober.model.errors import ClaimLost, StoreError
from prober.model.evidence import Observation
from prober.model.reply import Reply
from prober.store import tallies
from prober.store.codec import pack_fingerprint, pack_reply
from prober.store.declared import insert_missing, remember_endpoint, touch
from prober.store.pages.views import RoundView
from prober.store.reply_rows import observation
from prober.store.rows import ReplyRow, RoundRow, WatchRow

LONGEST_LEASE = timedelta(minutes=10)
"""No round is leased for longer. A lease that ends later was written by a clock that was ahead, and holds nothing."""

_LARGEST_COUNT = 2**31 - 1


def due(session: Session, endpoint: Endpoint, probe_set: str, due_at: datetime, reopened: str = "") -> int:
    """`reopened`: the reason with which the round may have been missed before its time, and is due all the same."""
    remember_endpoint(session, endpoint)
    if reopened:
        _reopen(session, endpoint.name, probe_set, due_at, reopened)
    if insert_due(session, endpoint.name, endpoint.content_hash, probe_set, due_at):
        touch(session, endpoint.content_hash)
    return session.exec(
        select(col(RoundRow.id)).where(
            col(RoundRow.endpoint) == endpoint.name,
            col(RoundRow.probe_set) == probe_set,
            col(RoundRow.due_at) == due_at,
        )
    ).one()


def _reopen(session: Session, endpoint: str, probe_set: str, due_at: datetime, reason: str) -> None:
    """A round that was missed with this reason, and that nobody ever had in hand, is as if it had never been there."""
    here = select(RoundRow).where(
        RoundRow.endpoint == endpoint, RoundRow.probe_set == probe_set, RoundRow.due_at == due_at,
        RoundRow.state == "missed", RoundRow.reason == reason, col(RoundRow.label).is_(None),
    )  # fmt: skip
    for row in session.exec(here):
        tallies.forget_missed(session, row)
        session.delete(row)
    session.flush()


def insert_due(
    session: Session, endpoint: str, endpoint_hash: str, probe_set: str, due_at: datetime, confirms: str | None = None
) -> bool:
    """A round as it begins; False where it is there already. `confirms` as in RoundRow."""
    key = {"endpoint": endpoint, "probe_set": probe_set, "due_at": due_at}
    rest = {"worker": "", "reason": "", "last_failure": "", "asked": 0, "failed": 0}
    values = {**key, **rest, "endpoint_hash": endpoint_hash, "state": "due", "confirms": confirms}
    return insert_missing(session, RoundRow, values)


def claim(session: Session, round_id: int, worker: str, now: datetime, lease_s: float) -> tuple[RoundView, int] | None:
    """The round and the token of the claim, or None. The caller must roll back on None."""
    lease_until = now + timedelta(seconds=lease_s)
    endpoint_hash = get(session, round_id).endpoint_hash
    won = session.exec(
        update(WatchRow)
        .where(
            col(WatchRow.endpoint_hash) == endpoint_hash,
            or_(
                col(WatchRow.round_id).is_(None),
                col(WatchRow.lease_until) <= now,
                col(WatchRow.lease_until) > now + LONGEST_LEASE,
            ),
        )
        .values(
            round_id=round_id,
            lease_until=lease_until,
            token=col(WatchRow.token) + 1,
            changes=col(WatchRow.changes) + 1,
        )
    )
    if won.rowcount == 0:
        return None
    # Read again: behind the watch's lock nobody else changes the rounds of this endpoint.
    row = get(session, round_id, fresh=True)
    if row.state not in {"due", "claimed"}:
        return None
    row.state, row.worker, row.lease_until = "claimed", worker, lease_until
    row.label = _label(session, row, now)
    session.add(row)
    session.flush()
    token = session.exec(select(WatchRow.token).where(WatchRow.endpoint_hash == endpoint_hash)).one()
    return view(row), token


def _label(session: Session, row: RoundRow, now: datetime) -> str:
    """Kept when claimed again, unless a later round was judged meanwhile: labels grow in the order of judging."""
    same = or_(col(RoundRow.endpoint_hash) == row.endpoint_hash, col(RoundRow.endpoint) == row.endpoint)
    if row.label is not None:
        overtaken = session.exec(
            select(RoundRow.id).where(same, col(RoundRow.state) == "completed", col(RoundRow.label) > row.label)
        ).first()
        if overtaken is None:
            return row.label
    last = session.exec(select(func.max(RoundRow.label)).where(same)).one()
    if last is not None:
        now = max(now, datetime.fromisoformat(last) + timedelta(microseconds=1))
    return label_at(now)


def label_at(moment: datetime) -> str:
    """The label of a round begun at this moment."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def record(session: Session, round_id: int, observations: Sequence[Observation], token: int | None) -> None:
    """The first reply in a place stays, any other is ignored."""
    hold(session, round_id, token)
    rows = {
        (one.series, one.sample): {
            "round_id": round_id,
            "series": one.series,
            "probe": one.probe,
            "sample": one.sample,
            "at": one.reply.at,
            "tokens": tokens_of(one.reply),
            "reply": pack_reply(one.reply),
            "fingerprint": pack_fingerprint(one.fingerprint),
            "place": one.place,
        }
        for one in reversed(observations)
    }
    taken = session.exec(
        select(ReplyRow.series, ReplyRow.sample).where(
            ReplyRow.round_id == round_id,
            col(ReplyRow.series).in_({series for series, _ in rows}),
            col(ReplyRow.sample).in_({sample for _, sample in rows}),
        )
    ).all()
    added = [one for one in observations if (one.series, one.sample) in rows.keys() - set(taken)]
    if not added:
        return
    session.connection().execute(insert(ReplyRow), [rows[one.series, one.sample] for one in added])
    failures = [one.reply.error for one in added if one.reply.error is not None]
    counts = {"asked": col(RoundRow.asked) + len(added), "failed": col(RoundRow.failed) + len(failures)}
    newest = {"last_failure": failures[-1]} if failures else {}
    session.exec(update(RoundRow).where(col(RoundRow.id) == round_id).values(**counts, **newest))


def take_fingerprints(session: Session, round_id: int, observations: Sequence[Observation], token: int | None) -> None:
    hold(session, round_id, token)
    place = (
        col(ReplyRow.round_id) == round_id,
        col(ReplyRow.series) == bindparam("of"),
        col(ReplyRow.sample) == bindparam("nth"),
    )
    session.connection().execute(
        update(ReplyRow).where(*place).values(fingerprint=bindparam("taken")),
        [{"of": one.series, "nth": one.sample, "taken": pack_fingerprint(one.fingerprint)} for one in observations],
    )


def tokens_of(reply: Reply) -> int:
    """As the budget counts them. Providers may say anything, a column holds 31 bits."""
    said = (reply.input_tokens or 0) + (reply.all_output_tokens or 0)
    return min(max(said, 0), _LARGEST_COUNT)


def hold(session: Session, round_id: int, token: int | None) -> None:
    """Locks the endpoint's watch for this transaction; ClaimLost unless the claim behind `token` is in force."""
    held = session.exec(
        update(WatchRow)
        .where(col(WatchRow.round_id) == round_id, col(WatchRow.token) == (-1 if token is None else token))
        .values(changes=col(WatchRow.changes) + 1)
    )
    if held.rowcount == 0:
        row = get(session, round_id)
        raise ClaimLost(
            f"round {round_id} of {row.endpoint} is {row.state} and not in our hands"
            f"{f', last claimed by {row.worker}' if row.worker else ''}; claim it before writing to it"
        )


def renew(session: Session, round_id: int, now: datetime, lease_s: float, token: int | None) -> None:
    # Readers are not told: a round in hand stays in hand.
    lease_until = now + timedelta(seconds=lease_s)
    renewed = session.exec(
        update(WatchRow)
        .where(col(WatchRow.round_id) == round_id, col(WatchRow.token) == (-1 if token is None else token))
        .values(lease_until=lease_until)
    )
    if renewed.rowcount == 0:
        raise ClaimLost(f"round {round_id} is not in our hands any more")
    session.exec(update(RoundRow).where(col(RoundRow.id) == round_id).values(lease_until=lease_until))


def release(session: Session, round_id: int) -> None:
    """The endpoint is free for its next round."""
    session.exec(update(WatchRow).where(col(WatchRow.round_id) == round_id).values(round_id=None, lease_until=None))


def recorded(session: Session, round_id: int) -> tuple[Observation, ...]:
    get(session, round_id)
    rows = session.exec(
        select(ReplyRow).where(ReplyRow.round_id == round_id).order_by(col(ReplyRow.place), col(ReplyRow.id))
    )
    return tuple(map(observation, rows))


def miss(session: Session, round_id: int, reason: str, now: datetime, token: int | None) -> None:
    touch(session, get(session, round_id).endpoint_hash)
    row = get(session, round_id, fresh=True)
    if row.state == "missed":
        return
    if row.state == "completed":
        raise StoreError(f"round {round_id} of {row.endpoint} is completed; it cannot be marked missed")
    if row.state == "claimed" and row.lease_until is not None and now < row.lease_until <= now + LONGEST_LEASE:
        hold(session, round_id, token)
    row.state, row.reason, row.lease_until = "missed", reason, None
    session.add(row)
    session.flush()
    tallies.end(session, row, None)
    release(session, round_id)


def unfinished(session: Session, now: datetime) -> tuple[RoundView, ...]:
    rows = session.exec(
        select(RoundRow)
        .where(
            col(RoundRow.state).in_(("due", "claimed")),
            or_(
                col(RoundRow.lease_until).is_(None),
                col(RoundRow.lease_until) <= now,
                col(RoundRow.lease_until) > now + LONGEST_LEASE,
            ),
        )
        .order_by(col(RoundRow.due_at), col(RoundRow.id))
    )
    return tuple(map(view, rows))


def get(session: Session, round_id: int, *, fresh: bool = False) -> RoundRow:
    row = session.get(RoundRow, round_id, populate_existing=fresh)
    if row is None:
        raise StoreError(f"there is no round {round_id}")
    return row


def view(row: RoundRow) -> RoundView:
    return RoundView(
        id=row.id,
        endpoint=row.endpoint,
        endpoint_hash=row.endpoint_hash,
        probe_set=row.probe_set,
        due_at=row.due_at,
        state=row.state,  # type: ignore[arg-type]  # the column holds what this room wrote
        label=row.label or "",
        worker=row.worker,
        lease_until=row.lease_until,
        completed_at=row.completed_at,
        reason=row.reason,
        asked=row.asked,
        failed=row.failed,
        confirms=row.confirms or "",
    )
