"""Whether a database is sound: the file itself, and what we know must hold of what is in it. Reads all of it.

`try_out` shows whether a round could be stored.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import col, func, select

from prober.model.declaration import Endpoint, Probe, series_key
from prober.model.evidence import Judgement, Observation
from prober.model.reply import Reply
from prober.store import replies, rounds, tallies
from prober.store.codec import unpack_facts, unpack_findings, unpack_memory, unpack_text, unpack_verdicts
from prober.store.engine import Transaction
from prober.store.rows import EndpointRow, FactMemoryRow, IncidentRow, MemoryRow, ReplyRow, RoundRow, TallyRow, WatchRow
from prober.store.sums import Sums, sums, sums_of
from prober.store.tallies import EVER
from prober.text import count as number_of

_TRIAL_BYTES: Final = 20_000
"""Size of a reply that finds no room in the pages that are there."""
MOST: Final = 20
"""Problems of one kind that are named; the others are counted."""
_OF_ROUNDS: Final = {"rounds", "missed", "judged", "promised", "asks", "failed"}
"""Numbers of a tally that the rows of its rounds hold too, even where replies were deleted."""
_Key = tuple[str, str, str]
_Packed = TypeVar("_Packed")
Reader: TypeAlias = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class CheckedDatabase:
    """What was looked at, and what is wrong."""

    rounds: int
    """That were read; 0 where the file is damaged."""
    replies: int
    problems: tuple[str, ...]
    """Empty where the database is sound."""


def check(tx: Transaction, memory: Reader, facts: Reader) -> CheckedDatabase:
    """Every check there is. `memory` and `facts` read what the judge remembers, and raise where that is damaged.

    Raises StoreError where the database cannot be read at all."""
    if damage := tuple(_of_file(tx)):
        return CheckedDatabase(0, 0, damage)  # what lies on damaged pages says nothing more
    seen = tx.exec(select(func.count()).select_from(RoundRow)).one()
    stored = tx.exec(select(func.count()).select_from(ReplyRow)).one()
    return CheckedDatabase(seen, stored, (*_of_packed(tx, memory, facts), *_of_rounds(tx), *_of_tallies(tx)))


def try_out(tx: Transaction) -> None:
    """Write a round and a reply as every round does; the caller takes it back. Raises what the database says."""
    endpoint = Endpoint(name="trial", provider="scripted", model="trial")
    probe = Probe(id="trial", prompt="trial")
    now = datetime.now(UTC)
    claim = rounds.claim(tx, rounds.due(tx, endpoint, "trial", now), "trial", now, 0.0)
    if claim is not None:
        said = Reply(at=now, text=token_hex(_TRIAL_BYTES // 2))
        replies.record(tx, claim, [Observation(series_key(endpoint, probe), "trial/trial", 0, said, None, 0)])


def _of_file(tx: Transaction) -> Iterator[str]:
    """SQLite's own checks. Postgres holds to its foreign keys, and finds damaged pages when it reads them."""
    if tx.get_bind().dialect.name != "sqlite":
        return
    try:
        said = [line for (line,) in tx.connection().execute(text(f"PRAGMA integrity_check({MOST})"))]
    except DatabaseError as error:  # so damaged that the check itself ends early
        said = [str(error.orig)]
    if said != ["ok"]:
        yield from (f"the file is damaged: {line}" for line in said)
        return
    lost = Counter((table, parent) for table, _, parent, _ in tx.connection().execute(text("PRAGMA foreign_key_check")))
    for (table, parent), rows in lost.items():
        yield f"a row of {parent} is missing, needed by {number_of(rows, 'row')} of {table}"


def _of_packed(tx: Transaction, memory: Reader, facts: Reader) -> Iterator[str]:
    """What the judge knows, and incidents, can be read. Replies and judgements are read with the tallies."""
    names = {row.endpoint_hash: row.name for row in tx.exec(select(EndpointRow).order_by(col(EndpointRow.current)))}
    for row in tx.exec(select(MemoryRow)):
        about = f"the judge's memory of {names.get(row.endpoint_hash, row.endpoint_hash)}"
        yield from _readable(about, lambda packed: memory(unpack_memory(*packed)), (row.memory, row.constant))
    for known in tx.exec(select(FactMemoryRow)):
        about = f"the memory of facts of {names.get(known.endpoint_hash, known.endpoint_hash)}"
        yield from _readable(about, lambda packed: facts(unpack_text(packed)), known.memory)
    for incident in tx.exec(select(IncidentRow)):
        about = f"incident {incident.id}"
        yield from _readable(about, unpack_verdicts, incident.verdicts)
        yield from _readable(about, unpack_findings, incident.findings)
        if incident.facts is not None:
            yield from _readable(about, unpack_facts, incident.facts)


def _readable(what: str, read: Callable[[_Packed], object], packed: _Packed) -> Iterator[str]:
    try:
        read(packed)
    except Exception as error:  # whatever damage leads to
        yield f"{what} cannot be read: {type(error).__name__}"


def _of_rounds(tx: Transaction) -> Iterator[str]:
    """Rounds are in the state that their fields say."""
    wrong = {
        "completed without a judgement or a label": (
            RoundRow.state == "completed",
            col(RoundRow.judgement).is_(None) | col(RoundRow.label).is_(None) | col(RoundRow.completed_at).is_(None),
        ),
        "claimed, and nobody has the endpoint": (
            RoundRow.state == "claimed",
            col(RoundRow.endpoint_hash).not_in(select(WatchRow.endpoint_hash)),
        ),
        "of an endpoint the database does not know": (
            col(RoundRow.endpoint_hash).not_in(select(EndpointRow.endpoint_hash)),
        ),
        "in a state that is none": (col(RoundRow.state).not_in(("due", "claimed", "completed", "missed")),),
    }
    for words, rule in wrong.items():
        found = tx.exec(select(RoundRow.id).where(*rule).order_by(col(RoundRow.id))).all()
        yield from _named([f"round {one} is {words}" for one in found])
    count = select(func.count()).where(col(ReplyRow.round_id) == col(RoundRow.id)).scalar_subquery()
    more = tx.exec(select(RoundRow.id).where(count > col(RoundRow.asked)).order_by(col(RoundRow.id))).all()
    yield from _named([f"round {one} holds more replies than it asked" for one in more])


def _of_tallies(tx: Transaction) -> Iterator[str]:
    """The sums that pages read are those of the rounds, counted again."""
    damaged: list[str] = []
    counted: dict[_Key, Sums] = {}
    partly: set[_Key] = set()
    for row, judgement, observations in tallies.ended(
        tx, lambda row, error: damaged.append(f"round {row.id} of {row.endpoint} cannot be read: {error}")
    ):
        whole = len(observations) == row.asked
        one = sums_of(row, judgement, observations) if whole else _of_row(row, judgement)
        for key in ((tallies.day_of(row), row.endpoint, row.probe_set), (EVER, row.endpoint, row.probe_set)):
            counted[key] = counted.get(key, Sums()).plus(one)
            partly.update(() if whole else (key,))
    yield from _named(damaged)
    if damaged:
        return  # they are missing from the sums
    stored = {(row.day, row.endpoint, row.probe_set): row.model_dump() for row in tx.exec(select(TallyRow))}
    wrong: list[str] = []
    for key in sorted(counted.keys() | stored.keys()):
        day, endpoint, probe_set = key
        for name, value in asdict(counted.get(key, Sums())).items():
            said = stored[key][name] if key in stored else 0
            if key in partly and name not in _OF_ROUNDS:
                continue  # some of its replies were deleted
            if not math.isclose(said, value, rel_tol=1e-6, abs_tol=1e-6):
                wrong.append(
                    f"the sum of {name} of {probe_set} on {endpoint}, {day or 'all days'}, is {said:g}; "
                    f"its rounds give {value:g}"
                )
    yield from _named(wrong)


def _of_row(row: RoundRow, judgement: Judgement | None) -> Sums:
    """What the row of a round says without its replies."""
    of_judgement = asdict(sums((), judgement))
    return Sums(**of_judgement | {"asks": row.asked, "failed": row.failed, "from_cache": row.cached})


def _named(problems: list[str]) -> Iterator[str]:
    yield from problems[:MOST]
    if len(problems) > MOST:
        yield f"and {len(problems) - MOST} more like the last one"
