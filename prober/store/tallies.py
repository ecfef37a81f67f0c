"""What is stored as a round ends, so that a page costs what it shows: points, a line, and the tallies of its day.

Nothing here is judged: these are sums of what was recorded and settled, and could be made again from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from datetime import timedelta
from functools import cache
from typing import Final

from sqlalchemy import Executable, insert
from sqlmodel import col, delete, select

from prober.model.errors import StoreError
from prober.model.evidence import Judgement, Observation
from prober.store.codec import unpack_judgement, unpack_observation
from prober.store.engine import Transaction
from prober.store.inserts import insert_by
from prober.store.rows import LineRow, PointRow, ReplyRow, RoundRow, TallyRow
from prober.store.sums import Sums, line, points, sums, sums_of

EVER: Final = ""
"""The day of the tally of all time."""
_CONFIRMING: Final = ("confirming_asks", "confirming_input_tokens", "confirming_output_tokens")


def end(
    tx: Transaction, row: RoundRow, judgement: Judgement | None, observations: Sequence[Observation] | None = None
) -> None:
    """Count a round that has just been completed with this judgement, or missed, without one.

    `observations` are all that it holds, in order; None reads them.
    """
    if observations is None:
        observations = _observations(tx, row)
    counts = sums_of(row, judgement, observations)
    _add(tx, row.endpoint, row.probe_set, day_of(row), counts)
    if judgement is not None:
        _draw(tx, row, observations, judgement, counts)


def forget_missed(tx: Transaction, row: RoundRow) -> None:
    """A round that was counted as missed, without a reply, is not."""
    count_missed(tx, row.endpoint, row.probe_set, day_of(row), -1)


def count_missed(tx: Transaction, endpoint: str, probe_set: str, day: str, missed: int) -> None:
    """Rounds that were due on this day were missed, without a reply."""
    _add(tx, endpoint, probe_set, day, Sums(missed=missed))


def rebuild(tx: Transaction) -> None:
    """Make all of it again from the rounds that ended, which must still hold all their replies. What is damaged counts
    as nothing."""
    for table in (PointRow, LineRow, TallyRow):
        tx.exec(delete(table))
    found: dict[tuple[str, str, str], Sums] = {}
    for row, judgement, observations in ended(tx, lambda row, error: None):
        one = sums_of(row, judgement, observations)
        for key in ((day_of(row), row.endpoint, row.probe_set), (EVER, row.endpoint, row.probe_set)):
            found[key] = found.get(key, Sums()).plus(one)
        if judgement is not None:
            _draw(tx, row, observations, judgement, one)
    for (day, endpoint, probe_set), one in found.items():
        tx.add(TallyRow(day=day, endpoint=endpoint, probe_set=probe_set, **asdict(one)))


def count_confirmations(tx: Transaction) -> None:
    """Add what confirmation rounds cost, of all whose replies are stored still, to tallies that did not count it."""
    confirming = select(RoundRow).where(col(RoundRow.confirms).is_not(None), col(RoundRow.state) == "completed")
    for row in tx.exec(confirming).all():
        try:
            of_round = sums(_observations(tx, row), None, confirms=True)
        except StoreError:
            continue
        found = Sums(**{name: getattr(of_round, name) for name in _CONFIRMING})
        _add(tx, row.endpoint, row.probe_set, day_of(row), found)


def ended(
    tx: Transaction, damaged: Callable[[RoundRow, StoreError], None]
) -> Iterator[tuple[RoundRow, Judgement | None, list[Observation]]]:
    """Every round that ended, with what it holds, in the order of ids. Those that cannot be read are handed to
    `damaged` instead."""
    over = col(RoundRow.state).in_(("completed", "missed"))
    pages = select(RoundRow).where(over).order_by(col(RoundRow.id)).limit(500)
    last = 0
    while page := tx.exec(pages.where(col(RoundRow.id) > last)).all():
        for row in page:
            try:
                judgement = None if row.judgement is None else unpack_judgement(row.judgement)
                observations = _observations(tx, row)
            except StoreError as error:
                damaged(row, error)
                continue
            yield row, judgement, observations
        last = page[-1].id
        tx.flush()
        tx.expunge_all()  # no more than a page in memory


def _observations(tx: Transaction, row: RoundRow) -> list[Observation]:
    of_round = select(ReplyRow).where(ReplyRow.round_id == row.id)
    return list(map(unpack_observation, tx.exec(of_round.order_by(col(ReplyRow.place), col(ReplyRow.id)))))


_POINTS: Final = insert(PointRow)
_LINE: Final = insert(LineRow)


def _draw(
    tx: Transaction, row: RoundRow, observations: Sequence[Observation], judgement: Judgement, counts: Sums
) -> None:
    if row.label is None or row.completed_at is None:
        return
    if values := points(row, judgement):
        tx.connection().execute(_POINTS, values)
    of_line = {name: getattr(counts, name) for name in ("checked", "passed", "keyed", "right", "refused")}
    tx.connection().execute(_LINE, line(row, observations) | of_line)


def day_of(row: RoundRow) -> str:
    """UTC: of its beginning, or of when it was due, where it never began or its label is that of a clock ahead."""
    due = row.due_at.date()
    label = row.label[:10] if row.label else ""
    return label if due.isoformat() <= label <= (due + timedelta(days=1)).isoformat() else due.isoformat()


def _add(tx: Transaction, endpoint: str, probe_set: str, day: str, found: Sums) -> None:
    """To the tally of the day and to that of all time, wherever they stand."""
    values = {"endpoint": endpoint, "probe_set": probe_set, **asdict(found)}
    days = [{"day": one, **values} for one in (day, EVER)]
    tx.connection().execute(_adding(tx.get_bind().dialect.name), days)


@cache
def _adding(dialect: str) -> Executable:
    """The statement that adds to a tally. Built once: building it costs as much as executing it ten times."""
    adding = insert_by(dialect, TallyRow)
    more = {one.name: getattr(TallyRow, one.name) + adding.excluded[one.name] for one in fields(Sums)}
    adding_up: Executable = adding.on_conflict_do_update(index_elements=["day", "endpoint", "probe_set"], set_=more)
    return adding_up
