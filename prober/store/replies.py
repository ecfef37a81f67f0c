"""Raw replies in their places, and the fingerprints taken of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from sqlalchemy import bindparam, insert
from sqlalchemy import select as columns
from sqlmodel import col, select, update

from prober.fingerprint.caches import Seen
from prober.model.evidence import Observation, Place, Round
from prober.model.reply import LARGEST_COUNT, Reply
from prober.store import judge_state, rounds
from prober.store.codec import (
    pack_fingerprint,
    pack_reply,
    pack_seen,
    recurring_fingerprints,
    unpack_observation,
    unpack_reply,
    unpack_seen,
)  # fmt: skip
from prober.store.engine import Transaction
from prober.store.rounds import Claim
from prober.store.rows import ReplyRow, RoundRow

NOT_READ: Final = Reply(at=datetime.min.replace(tzinfo=UTC), error="not_read")
"""Stands for every reply of `history`."""
_LEAST_ROUNDS: Final = 8
_MOST_REPLIES: Final = 600
"""Enough to know a share; more would hold up every round of an open incident."""


_KEPT: Final = select(ReplyRow.series, ReplyRow.sample).where(ReplyRow.round_id == bindparam("of"))
_ADD: Final = insert(ReplyRow)
_COUNT: Final = (
    update(RoundRow)
    .where(col(RoundRow.id) == bindparam("of"))
    .values(
        asked=col(RoundRow.asked) + bindparam("more"),
        failed=col(RoundRow.failed) + bindparam("more_failed"),
        cached=col(RoundRow.cached) + bindparam("more_cached"),
    )
)
_KEEP_FINGERPRINT: Final = (
    update(ReplyRow)
    .where(
        col(ReplyRow.round_id) == bindparam("of_round"),
        col(ReplyRow.series) == bindparam("of"),
        col(ReplyRow.sample) == bindparam("nth"),
    )
    .values(fingerprint=bindparam("taken"))
)


def record(tx: Transaction, claim: Claim, observations: Sequence[Observation]) -> None:
    """Keep replies of a round in progress, with their fingerprints where these were taken already.

    The first for a (round, series, sample) stays, any other is ignored. Raises ClaimLost where the claim is not in
    force.
    """
    rounds.hold(tx, claim)
    rows = {(one.series, one.sample): _values(claim.round.id, one) for one in reversed(observations)}
    wanted = rows.keys() - set(tx.connection().execute(_KEPT, {"of": claim.round.id}))
    if not wanted:
        return
    added = {place: one.reply for one in reversed(observations) if (place := (one.series, one.sample)) in wanted}
    tx.connection().execute(_ADD, [rows[place] for place in reversed(added)])
    failures = [(reply.failure, reply.error_detail) for reply in reversed(added.values()) if reply.failure is not None]
    cached = sum(failure == "cached" for failure, _ in failures)
    counts = {"of": claim.round.id, "more": len(added), "more_failed": len(failures), "more_cached": cached}
    newest = {"last_failure": failures[-1][0], "last_detail": failures[-1][1]} if failures else {}
    tx.connection().execute(_COUNT.values(**newest) if newest else _COUNT, counts)


def keep_fingerprints(tx: Transaction, claim: Claim, observations: Sequence[Observation]) -> None:
    """Keep the fingerprints of replies that were recorded before. Raises ClaimLost where the claim is not in force."""
    rounds.hold(tx, claim)
    round_id = claim.round.id
    taken = [(one.series, one.sample, pack_fingerprint(one.fingerprint)) for one in observations]
    places = [{"of_round": round_id, "of": of, "nth": nth, "taken": packed} for of, nth, packed in taken]
    tx.connection().execute(_KEEP_FINGERPRINT, places)


def _values(round_id: int, one: Observation) -> dict[str, object]:
    return {
        "round_id": round_id,
        "series": one.series,
        "probe": one.probe,
        "sample": one.sample,
        "at": one.reply.at,
        "tokens": tokens_of(one.reply),
        "reply": pack_reply(one.reply),
        "fingerprint": pack_fingerprint(one.fingerprint),
        "place": one.place,
        "seen": pack_seen(one.reply),
    }


def tokens_of(reply: Reply) -> int:
    """As the budget counts them. Providers may say anything, a column holds 31 bits."""
    said = (reply.input_tokens or 0) + (reply.all_output_tokens or 0)
    return min(max(said, 0), LARGEST_COUNT)


def recorded(tx: Transaction, round_id: int) -> tuple[Observation, ...]:
    """What a round holds so far, in the order of its asks. What is left to ask after a kill is the rest.

    A reply that was answered may be without a fingerprint, where the process ended before it was taken.
    """
    rounds.get(tx, round_id)
    rows = tx.exec(
        select(ReplyRow).where(ReplyRow.round_id == round_id).order_by(col(ReplyRow.place), col(ReplyRow.id))
    )
    return tuple(map(unpack_observation, rows))


def newest(tx: Transaction, endpoint_hash: str, about: int) -> tuple[tuple[str, Reply], ...]:
    """(series, reply) of the newest completed rounds, oldest first: as many whole rounds as hold `about` replies."""
    newest = col(ReplyRow.round_id).in_(_newest_rounds(tx, endpoint_hash, about))
    rows = tx.exec(select(ReplyRow.series, ReplyRow.reply).where(newest).order_by(col(ReplyRow.id)))
    return tuple((series, unpack_reply(reply)) for series, reply in rows)


_OF_ROUNDS: Final = col(ReplyRow.round_id).in_(bindparam("rounds", expanding=True))
_SEEN: Final = select(ReplyRow.series, ReplyRow.seen, ReplyRow.id).where(_OF_ROUNDS).order_by(col(ReplyRow.id))
_OF_OLDER_VERSION: Final = select(ReplyRow.id, ReplyRow.reply).where(_OF_ROUNDS, col(ReplyRow.seen).is_(None))
_ENDED: Final = (
    select(col(RoundRow.id), col(RoundRow.asked))
    .where(col(RoundRow.endpoint_hash) == bindparam("of"), col(RoundRow.state) == "completed")
    .order_by(col(RoundRow.label).desc())
    .limit(bindparam("most"))
)


def seen_before(tx: Transaction, endpoint_hash: str, about: int) -> tuple[tuple[str, Seen], ...]:
    """What is remembered of the same replies, and their series."""
    # By the connection: the session would take as long again for each of the hundreds of rows.
    here = {"rounds": _newest_rounds(tx, endpoint_hash, about)}
    rows = tx.connection().execute(_SEEN, here).all()
    kept = [held for _, held, _ in rows]
    if None in kept:
        older = {one: pack_seen(unpack_reply(reply)) for one, reply in tx.connection().execute(_OF_OLDER_VERSION, here)}
        kept = [older[one] if held is None else held for _, held, one in rows]
    of_series = zip((series for series, _, _ in rows), unpack_seen(kept), strict=True)
    return tuple((series, one) for series, one in of_series if one is not None)


def _newest_rounds(tx: Transaction, endpoint_hash: str, about: int) -> list[int]:
    """Ids of the newest completed rounds that hold `about` replies."""
    wanted: list[int] = []
    with tx.connection().execute(_ENDED, {"of": endpoint_hash, "most": about}) as ended:
        for round_id, asked in ended:  # fetched one by one: far fewer are wanted than `about`
            if about <= 0:
                break
            wanted.append(round_id)
            about -= asked
    return wanted


_BEGUN: Final = (
    select(RoundRow.id)
    .where(
        RoundRow.endpoint == bindparam("name"),
        RoundRow.endpoint_hash == bindparam("of"),
        col(RoundRow.label).is_not(None),
    )
    .order_by(col(RoundRow.label).desc())
    .limit(bindparam("most"))
)
_NEWEST_REPLIES: Final = (
    select(ReplyRow.reply)
    .where(_OF_ROUNDS)
    .order_by(col(ReplyRow.at).desc(), col(ReplyRow.place).desc())
    .offset(bindparam("first"))
    .limit(bindparam("most"))
)


def newest_failures(tx: Transaction, endpoint: str, endpoint_hash: str, limit: int) -> tuple[Reply, ...]:
    """The newest replies, of rounds that are still asked too, from the last one that was answered on; oldest first.

    `endpoint`: its name. The same endpoint may be declared under another name with another key, which may be good.
    """
    connection = tx.connection()
    begun = connection.execute(_BEGUN, {"name": endpoint, "of": endpoint_hash, "most": limit}).scalars().all()
    found: list[Reply] = []
    for first, most in ((0, 1), (1, limit - 1)):  # almost always the newest was answered, and no other is read
        here = {"rounds": begun, "first": first, "most": most}
        for packed in connection.execute(_NEWEST_REPLIES, here).scalars():
            found.append(unpack_reply(packed))
            if found[-1].answered:
                return tuple(reversed(found))
    return tuple(reversed(found))


def history(tx: Transaction, endpoint_hash: str, series: Collection[str]) -> tuple[Round, ...]:
    """Completed rounds of the current epoch in label order, with the observations of these series only.

    The judge reads fingerprints, so the replies themselves are not read: each `reply` is `NOT_READ`. Rounds without any
    observation are left out.
    """
    found = tx.connection().execute(_HISTORY, _of_epoch(tx, endpoint_hash, series))
    unpack = recurring_fingerprints()
    return tuple(
        Round(
            label,
            endpoint,
            datetime.fromisoformat(label),
            tuple(
                Observation(of, probe, sample, NOT_READ, unpack(packed), place)
                for _, _, of, probe, sample, place, packed in replies
            ),
        )
        for (label, endpoint), replies in groupby(found, key=lambda one: (one[0] or "", one[1]))
    )


def times(tx: Transaction, endpoint_hash: str, series: Collection[str]) -> dict[str, list[datetime]]:
    """Series → when the rounds of `history` were asked that hold a fingerprint of it, in label order."""
    asked = dict[str, list[datetime]]()
    for name, label in tx.connection().execute(_TIMES, _of_epoch(tx, endpoint_hash, series)):
        asked.setdefault(name, []).append(datetime.fromisoformat(label or ""))
    return asked


_IS_OF_EPOCH: Final = (
    col(RoundRow.endpoint_hash) == bindparam("of"),
    col(RoundRow.state) == "completed",
    col(RoundRow.label) >= bindparam("start"),
    col(ReplyRow.series).in_(bindparam("series", expanding=True)),
)
"""What holds of the replies of some series in the completed rounds of the current epoch."""
_HISTORY: Final = (
    columns(
        col(RoundRow.label), col(RoundRow.endpoint),
        col(ReplyRow.series), col(ReplyRow.probe), col(ReplyRow.sample), col(ReplyRow.place),
        col(ReplyRow.fingerprint),
    )
    .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
    .where(*_IS_OF_EPOCH)
    .order_by(col(RoundRow.label), col(ReplyRow.place), col(ReplyRow.id))
    .execution_options(yield_per=1000)
)  # fmt: skip
_TIMES: Final = (
    columns(col(ReplyRow.series), col(RoundRow.label))
    .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
    .where(*_IS_OF_EPOCH, col(ReplyRow.fingerprint).is_not(None))
    .distinct()
    .order_by(col(RoundRow.label))
)


def _of_epoch(tx: Transaction, endpoint_hash: str, series: Collection[str]) -> dict[str, object]:
    """What `_IS_OF_EPOCH` asks for."""
    return {"of": endpoint_hash, "start": judge_state.epoch_start(tx, endpoint_hash), "series": [*series]}


def first_rounds(
    tx: Transaction, endpoint_hash: str, series: Collection[str], start: str, end: str | None, limit: int
) -> tuple[Round, ...]:
    """The first completed rounds from label `start` up to, not including, `end`, with these series only.

    At most `limit`, and fewer where they are large: reading them takes about 0.4 ms of CPU for each reply.
    """
    return _rounds(tx, endpoint_hash, series, start, end, limit, newest=False)


def newest_rounds(
    tx: Transaction, endpoint_hash: str, series: Collection[str], start: str, end: str | None, limit: int
) -> tuple[Round, ...]:
    """As `first_rounds`, but the last of them; in label order too."""
    return _rounds(tx, endpoint_hash, series, start, end, limit, newest=True)


def _rounds(
    tx: Transaction, endpoint_hash: str, series: Collection[str], start: str, end: str | None, limit: int, newest: bool
) -> tuple[Round, ...]:
    ours = [
        col(RoundRow.endpoint_hash) == endpoint_hash,
        col(RoundRow.state) == "completed",
        col(RoundRow.label) >= start,
        *([] if end is None else [col(RoundRow.label) < end]),
    ]
    order = col(RoundRow.label).desc() if newest else col(RoundRow.label).asc()
    rounds_of = select(RoundRow.id, RoundRow.label, RoundRow.endpoint, RoundRow.asked).where(*ours).order_by(order)
    found, asked = dict[int, tuple[str, str]](), 0
    for round_id, label, endpoint, asks in tx.exec(rounds_of.limit(limit)):
        asked += asks
        if len(found) >= _LEAST_ROUNDS and asked > _MOST_REPLIES:
            break
        found[round_id] = (label or "", endpoint)
    rows = tx.exec(
        select(ReplyRow)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(col(ReplyRow.round_id).in_(found), col(ReplyRow.series).in_(series))
        .order_by(col(RoundRow.label), col(ReplyRow.place), col(ReplyRow.id))
    )
    return tuple(
        Round(*found[round_id], None, tuple(map(unpack_observation, replies)))
        for round_id, replies in groupby(rows, key=lambda row: row.round_id)
    )


def series_asked(tx: Transaction, endpoint_hash: str, first: str) -> tuple[str, ...]:
    """The series that were asked in the completed rounds from this label on."""
    found = tx.exec(
        select(ReplyRow.series)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= first,
        )
        .distinct()
        .order_by(ReplyRow.series)
    )
    return tuple(found)


def at(tx: Transaction, endpoint_hash: str, series: str, place: Place) -> Observation | None:
    """The reply of one series in one place; None where there is none."""
    row = tx.exec(
        select(ReplyRow)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == endpoint_hash,
            col(RoundRow.label) == place.round,
            col(ReplyRow.series) == series,
            col(ReplyRow.sample) == place.sample,
        )
    ).first()
    return None if row is None else unpack_observation(row)
