"""Live samples, how many came, and what was judged of them. Apart from the rounds of probes, and never mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, delete, func, select

from prober.model.evidence import Judgement
from prober.model.sample import FoundShift, Side, StoredSample
from prober.store import bill
from prober.store.codec import pack_judgement, pack_sample, pack_text, unpack_judgement, unpack_sample, unpack_text
from prober.store.engine import Transaction
from prober.store.rows import SampleRow, SampleShiftRow, SampleTallyRow, SampleWatchRow

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of an endpoint, and how many of its samples came, ever."""

    endpoint: str
    name: str
    stored: int
    dropped: int
    failed: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of some samples."""

    stored: int
    dropped: int
    known: int


def add(tx: Transaction, samples: Sequence[StoredSample], per_minute: int) -> Added:
    """Store samples that are not stored yet, of each feature at most so many in one minute; count the others."""
    keys = {one.key for one in samples}
    known = set(tx.exec(select(SampleRow.key).where(col(SampleRow.key).in_(keys))))
    held: dict[tuple[str, str, datetime], int] = {}
    dropped: list[StoredSample] = []
    stored: list[StoredSample] = []
    for one in samples:
        if one.key in known:
            continue
        minute = (one.endpoint, one.feature, one.at.replace(second=0, microsecond=0))
        if minute not in held:
            held[minute] = _in_minute(tx, *minute)
        if held[minute] >= per_minute:
            dropped.append(one)
            continue
        held[minute] += 1
        known.add(one.key)
        stored.append(one)
    for one in stored:
        content = pack_sample(replace(one, trace="", asked=""))  # these have columns
        row = SampleRow(
            key=one.key, endpoint=one.endpoint, feature=one.feature, at=one.at, content=content, trace=one.trace,
            asked=one.asked,
        )  # fmt: skip
        tx.add(row)
    bill.add_samples(tx, [*stored, *_count(tx, stored, dropped)])
    return Added(len(stored), len(dropped), len(samples) - len(stored) - len(dropped))


def features(tx: Transaction, endpoint: str | None = None) -> tuple[Feature, ...]:
    """By endpoint and name; of one endpoint, or all."""
    found = select(SampleTallyRow).order_by(col(SampleTallyRow.endpoint), col(SampleTallyRow.feature))
    if endpoint is not None:
        found = found.where(SampleTallyRow.endpoint == endpoint)
    return tuple(
        Feature(row.endpoint, row.feature, row.stored, row.dropped, row.failed, row.newest_at) for row in tx.exec(found)
    )


def between(tx: Transaction, endpoint: str, feature: str, since: datetime, until: datetime) -> tuple[StoredSample, ...]:
    """Samples of [since, until), oldest first."""
    rows = tx.exec(
        select(SampleRow.content)
        .where(
            SampleRow.endpoint == endpoint, SampleRow.feature == feature, SampleRow.at >= since, SampleRow.at < until
        )
        .order_by(col(SampleRow.at), col(SampleRow.key))
    )
    return tuple(map(unpack_sample, rows))


def delete_before(tx: Transaction, moment: datetime) -> None:
    """Samples from before a moment, and what their hours took; what was counted and judged of them stays."""
    bill.delete_hours_before(tx, moment)
    tx.exec(delete(SampleRow).where(col(SampleRow.at) < moment))


def _in_minute(tx: Transaction, endpoint: str, feature: str, minute: datetime) -> int:
    return tx.exec(
        select(func.count())
        .select_from(SampleRow)
        .where(
            SampleRow.endpoint == endpoint,
            SampleRow.feature == feature,
            SampleRow.at >= minute,
            SampleRow.at < minute + _MINUTE,
        )
    ).one()


def _count(
    tx: Transaction, stored: Iterable[StoredSample], dropped: Sequence[StoredSample]
) -> tuple[StoredSample, ...]:
    """Count what came. Of what is dropped, that which is newer than what was dropped before: a file may be read again,
    and what is not stored cannot be known by its key."""
    came: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], datetime] = {}
    for one in stored:
        name = (one.endpoint, one.feature)
        came[name] += 1
        failed[name] += bool(one.error)
        newest[name] = max(newest.get(name, one.at), one.at)
    fresh: list[StoredSample] = []
    # Sorted, so that two processes at once lock in the same order.
    for endpoint, feature in sorted({*came, *((one.endpoint, one.feature) for one in dropped)}):
        name = (endpoint, feature)
        row = tx.get(SampleTallyRow, name) or SampleTallyRow(
            endpoint=endpoint, feature=feature, stored=0, dropped=0, failed=0
        )
        lost = [one for one in dropped if (one.endpoint, one.feature) == name]
        fresh += [one for one in lost if row.dropped_until is None or one.at > row.dropped_until]
        row.stored += came[name]
        row.dropped += len(lost)
        row.failed += failed[name]
        row.newest_at = max((at for at in (row.newest_at, newest.get(name)) if at is not None), default=None)
        row.dropped_until = max((at for at in (row.dropped_until, *(one.at for one in lost)) if at), default=None)
        tx.add(row)
    return tuple(fresh)


def drawn(
    tx: Transaction, endpoint: str, feature: str, since: datetime, until: datetime, most: int
) -> tuple[StoredSample, ...]:
    """At most so many samples of [since, until), drawn at random and always the same; keys are hashes."""
    rows = tx.exec(
        select(SampleRow.content)
        .where(
            SampleRow.endpoint == endpoint, SampleRow.feature == feature, SampleRow.at >= since, SampleRow.at < until
        )
        .order_by(col(SampleRow.key))
        .limit(most)
    )
    return tuple(map(unpack_sample, rows))


def oldest_at(tx: Transaction, endpoint: str, feature: str) -> datetime | None:
    """Of the samples that are stored still."""
    return tx.exec(
        select(func.min(SampleRow.at)).where(SampleRow.endpoint == endpoint, SampleRow.feature == feature)
    ).one()


def newest_at(tx: Transaction, endpoint: str, feature: str, until: datetime) -> datetime | None:
    """Of the samples that are stored still, and are not from after `until`: a clock that was ahead wrote those."""
    here = (SampleRow.endpoint == endpoint, SampleRow.feature == feature, col(SampleRow.at) <= until)
    return tx.exec(select(func.max(SampleRow.at)).where(*here)).one()


@dataclass(frozen=True, slots=True)
class Watched:
    """Where the judge is with one side of a feature."""

    since: datetime
    """Begin of the first window that counts."""
    judged_until: datetime
    """End of the newest window that was judged."""
    memory: str
    judgement: Judgement | None


def watched(tx: Transaction, endpoint: str, feature: str, side: Side) -> Watched | None:
    """None where no window was judged."""
    row = tx.get(SampleWatchRow, (endpoint, feature, side))
    if row is None:
        return None
    judgement = unpack_judgement(row.judgement) if row.judgement else None
    return Watched(row.since, row.judged_until, unpack_text(row.memory), judgement)


def keep(tx: Transaction, endpoint: str, feature: str, side: Side, found: Watched) -> None:
    row = tx.get(SampleWatchRow, (endpoint, feature, side)) or SampleWatchRow(
        endpoint=endpoint, feature=feature, side=side, since=found.since, judged_until=found.since,
        memory=b"", judgement=b"",
    )  # fmt: skip
    row.since, row.judged_until, row.memory = found.since, found.judged_until, pack_text(found.memory)
    row.judgement = pack_judgement(found.judgement) if found.judgement else b""
    tx.add(row)


def add_shift(tx: Transaction, shift: FoundShift) -> None:
    """Once for each onset."""
    key = (shift.endpoint, shift.feature, shift.side, shift.onset)
    if tx.get(SampleShiftRow, key) is None:
        tx.add(SampleShiftRow(**asdict(shift)))


def newest_shifts(tx: Transaction) -> tuple[FoundShift, ...]:
    """Of each side of each feature the newest."""
    newest: dict[tuple[str, str, str], FoundShift] = {}
    for row in tx.exec(select(SampleShiftRow).order_by(col(SampleShiftRow.onset))):
        newest[row.endpoint, row.feature, row.side] = _shift(row)
    return tuple(newest.values())


def shifts(tx: Transaction, endpoint: str, feature: str) -> tuple[FoundShift, ...]:
    """Oldest first."""
    rows = tx.exec(
        select(SampleShiftRow)
        .where(SampleShiftRow.endpoint == endpoint, SampleShiftRow.feature == feature)
        .order_by(col(SampleShiftRow.onset), col(SampleShiftRow.side))
    )
    return tuple(map(_shift, rows))


def _shift(row: SampleShiftRow) -> FoundShift:
    return FoundShift(row.endpoint, row.feature, row.side, row.onset, row.found_at, row.words)  # type: ignore[arg-type]
