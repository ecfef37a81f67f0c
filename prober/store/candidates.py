"""What is asked beside an endpoint, its pairs of replies, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import col, delete, select

from prober.model.comparison import OPEN, Candidate, CandidateKind, CandidateState, Pair
from prober.model.reply import Reply
from prober.store.codec import pack_reply, unpack_reply
from prober.store.engine import Transaction
from prober.store.inserts import insert_missing
from prober.store.rows import CandidateRow, PairRow


def begin(
    tx: Transaction,
    kind: CandidateKind,
    probe_set: str,
    endpoint: str,
    name: str,
    digest: str,
    numbers: tuple[int, int],
    now: datetime,
) -> None:
    """It is asked from now on, and whatever was asked under this name before is superseded. Nothing happens if it is
    known. `numbers`: of the versions of reference and candidate."""
    values = {
        "kind": kind, "probe_set": probe_set, "endpoint": endpoint, "name": name, "digest": digest,
        "reference": numbers[0], "number": numbers[1], "began_at": now, "state": "running", "seen": 0, "rounds": 0,
        "verdict": "undecided", "words": "", "actor": "", "note": "",
    }  # fmt: skip
    if insert_missing(tx, CandidateRow, values):
        for one in found(tx, probe_set, endpoint):
            if one.state in OPEN and (one.kind, one.name) == (kind, name) and one.digest != digest:
                end(tx, one.id, "superseded", "", "", now)


def found(tx: Transaction, probe_set: str | None = None, endpoint: str | None = None) -> tuple[Candidate, ...]:
    """All, or those of one set and endpoint; oldest first."""
    rows = select(CandidateRow).order_by(col(CandidateRow.id))
    if probe_set is not None:
        rows = rows.where(CandidateRow.probe_set == probe_set)
    if endpoint is not None:
        rows = rows.where(CandidateRow.endpoint == endpoint)
    return tuple(map(_candidate, tx.exec(rows)))


def get(tx: Transaction, candidate_id: int) -> Candidate | None:
    row = tx.get(CandidateRow, candidate_id)
    return None if row is None else _candidate(row)


def see(tx: Transaction, candidate_id: int) -> None:
    """One more round of the reference."""
    row = tx.get_one(CandidateRow, candidate_id, with_for_update=True, populate_existing=True)
    row.seen += 1
    tx.add(row)


def take(tx: Transaction, candidate_id: int, seen: int) -> bool:
    """The next block, after `seen`, is ours to ask; False if another process has it."""
    row = tx.get_one(CandidateRow, candidate_id, with_for_update=True, populate_existing=True)
    if row.seen != seen or row.state != "running":
        return False
    row.seen += 1
    tx.add(row)
    return True


def give_back(tx: Transaction, candidate_id: int, seen: int) -> None:
    """The block after `seen`, which was taken, was not asked. Nothing happens if another process took the next."""
    row = tx.get_one(CandidateRow, candidate_id, with_for_update=True, populate_existing=True)
    if row.seen == seen + 1:
        row.seen = seen
        tx.add(row)


def add_pairs(tx: Transaction, candidate_id: int, pairs: Iterable[Pair]) -> None:
    """Replies of one round; those that are known stay as they are."""
    for one in pairs:
        insert_missing(
            tx,
            PairRow,
            {
                "candidate_id": candidate_id,
                "label": one.round,
                "probe": one.probe,
                "sample": one.sample,
                "reference": pack_reply(one.reference),
                "candidate": pack_reply(one.candidate),
            },
        )


def pairs(tx: Transaction, candidate_id: int) -> Sequence[Pair]:
    """All of a comparison that is not over, in the order of the rounds."""
    rows = tx.exec(
        select(PairRow)
        .where(PairRow.candidate_id == candidate_id)
        .order_by(col(PairRow.label), col(PairRow.probe), col(PairRow.sample))
    )
    return [
        Pair(row.label, row.probe, row.sample, unpack_reply(row.reference), unpack_reply(row.candidate)) for row in rows
    ]


def newest_replies(tx: Transaction, candidate_id: int, limit: int) -> tuple[Reply, ...]:
    """The candidate's, of a comparison that is not over; the newest first."""
    rows = (
        select(PairRow.candidate)
        .where(PairRow.candidate_id == candidate_id)
        .order_by(col(PairRow.label).desc())
        .limit(limit)
    )
    return tuple(map(unpack_reply, tx.exec(rows)))


def keep(tx: Transaction, candidate_id: int, rounds: int, verdict: str, words: str) -> None:
    """How it stands."""
    row = tx.get_one(CandidateRow, candidate_id, with_for_update=True, populate_existing=True)
    row.rounds, row.verdict, row.words = rounds, verdict, words
    tx.add(row)


def end(tx: Transaction, candidate_id: int, state: CandidateState, actor: str, note: str, now: datetime) -> bool:
    """It is asked no longer, and its pairs are deleted. False if it is in this state already."""
    row = tx.get_one(CandidateRow, candidate_id, with_for_update=True, populate_existing=True)
    if row.state == state:
        return False
    row.state, row.actor, row.note, row.ended_at = state, actor, note, now
    tx.add(row)
    tx.exec(delete(PairRow).where(col(PairRow.candidate_id) == candidate_id))
    return True


def _candidate(row: CandidateRow) -> Candidate:
    return Candidate(
        row.id, row.kind, row.probe_set, row.endpoint, row.name, row.digest, row.reference, row.number,  # type: ignore[arg-type]
        row.began_at, row.state, row.seen, row.rounds, row.verdict, row.words, row.ended_at, row.actor, row.note,  # type: ignore[arg-type]
    )  # fmt: skip
