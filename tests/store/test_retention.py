"""How long replies are kept, and what is kept whatever its age."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from prober.judging import facts
from prober.judging.memory import Memory, decode, encode
from prober.loading.declarations import Declarations
from prober.model.decision import Action
from prober.service import upkeep
from prober.service.act import try_to_act
from prober.service.declare import remember
from prober.service.upkeep import prune
from prober.store import Store, incidents, judge_state, retention
from prober.store.check import check
from prober.store.pages import days, overview, probes, replies
from tests.store.world import (
    BILLING,
    DAY,
    HASH,
    MONEY,
    NAMES,
    NOW,
    SEARCH,
    SERIES,
    alarm,
    begin,
    complete,
    miss,
    observe,
    record,
    verdict,
)  # fmt: skip

KEPT = MONEY.model_copy(update={"keep_replies": "10d"})
LEARNT = encode(Memory(series=(SERIES,), reference_rounds=("2026-03-02T12:00:00.000000Z",)))


def declare(store: Store) -> None:
    remember(store, Declarations((KEPT,), (BILLING, SEARCH)), [], NOW)


def fill(store: Store, count: int = 14, memory: str | None = LEARNT) -> None:
    """A round a day."""
    declare(store)
    for number in range(count):
        complete(store, NOW + number * DAY, observe(), memory=memory)


def days_left(store: Store) -> list[str]:
    """Days of March whose round still has replies."""
    found = store.query(replies.recent, "billing", limit=1000)
    return sorted({one.round[8:10] for one in found})


def test_old_replies_go_and_the_reference_stays(store: Store) -> None:
    fill(store)
    before = store.query(days.tallies, "endpoint", NOW.date(), (NOW + 40 * DAY).date(), daily=True)
    [done] = prune(store, NOW + 13 * DAY + timedelta(hours=1))
    assert (done.probe_set, done.replies, done.rounds) == ("money", 3, 3)
    assert days_left(store) == ["02", *(f"{day:02}" for day in range(5, 15))]
    assert store.query(judge_state.memory, HASH) == LEARNT
    assert store.query(days.tallies, "endpoint", NOW.date(), (NOW + 40 * DAY).date(), daily=True) == before
    assert store.query(check, decode, facts.decode).problems == ()
    assert [one.probe for one in store.query(probes.probes, "billing")] == ["money/capital"]
    assert store.query(overview.endpoints)[0].rounds == 14
    assert store.query(retention.deleted_before, "billing") == done.before
    assert store.query(retention.deleted_words, "billing") == (
        "Replies from before 2026-03-04 13:00 UTC were deleted (keep_replies)."
    )
    assert store.query(retention.deleted_words, "search") == ""
    assert prune(store, NOW + 13 * DAY + timedelta(hours=1))[0].replies == 0


def test_what_is_kept_is_not_looked_at_round_by_round(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge's memory is large, and was read again for each round of a batch."""
    read: list[str] = []

    def counted(text: str) -> Memory:
        read.append(text)
        return decode(text)

    monkeypatch.setattr(upkeep, "decode", counted)
    fill(store, 13)
    [done] = prune(store, NOW + 30 * DAY, only_count=True)
    assert done.rounds == 11  # but for the reference and the newest
    assert len(read) == 1
    monkeypatch.setattr(retention, "BATCH", 2)
    read.clear()
    assert prune(store, NOW + 30 * DAY) == (done,)
    assert len(read) == 6
    assert days_left(store) == ["02", "13"]
    read.clear()
    assert prune(store, NOW + 30 * DAY)[0].rounds == 0
    assert len(read) == 1  # whatever is kept


def test_while_the_reference_is_gathered_all_of_it_stays(store: Store) -> None:
    fill(store, 3, memory=encode(Memory()))
    assert prune(store, NOW + 60 * DAY)[0].replies == 0
    assert store.query(retention.deleted_words, "billing") == ""


@pytest.mark.slow
def test_a_probe_without_a_reference_keeps_its_replies(store: Store) -> None:
    fill(store, 3, memory=encode(Memory(series=("another", SERIES))))
    complete(store, NOW + 5 * DAY, observe(), observe(series="new", probe="money/new"), memory=LEARNT)
    complete(store, NOW + 50 * DAY, memory=LEARNT)
    prune(store, NOW + 60 * DAY)
    left = store.query(replies.recent, "billing", limit=100)
    assert [(one.round[:10], one.series) for one in left if one.round < "2026-04"] == [
        ("2026-03-06", "new"), ("2026-03-02", SERIES)
    ]  # fmt: skip


@pytest.mark.slow
def test_an_open_incident_keeps_its_evidence_and_a_closed_one_does_not(store: Store) -> None:
    fill(store, 5)
    onset = "2026-03-11T12:00:00.000000Z"
    complete(store, NOW + 10 * DAY, observe("Lyon"), memory=LEARNT)
    incident = alarm(store, NOW + 11 * DAY, verdict(onset=onset), onset=onset, observations=[observe("Lyon")])
    with store.write() as tx:
        judge_state.keep_memory(tx, HASH, LEARNT)
    complete(store, NOW + 50 * DAY, memory=LEARNT)
    prune(store, NOW + 60 * DAY)
    assert {"11", "12", "02"} <= set(days_left(store))
    try_to_act(store, incident.id, Action("close", "me"), NAMES, NOW + 60 * DAY)
    prune(store, NOW + 60 * DAY)
    assert {"11", "12"}.isdisjoint(days_left(store))
    shown = store.query(incidents.get, incident.id)
    assert shown is not None
    assert store.query(incidents.examples, shown) == ()


@pytest.mark.slow
def test_missed_rounds_and_earlier_epochs_are_pruned_too(store: Store) -> None:
    fill(store, 2)
    left = begin(store, NOW + 3 * DAY)
    record(store, left, observe())
    miss(store, left, "overdue", NOW + 3 * DAY)
    complete(store, NOW + 50 * DAY, memory=LEARNT)
    with store.write() as tx:
        judge_state.start_epoch(tx, "billing", HASH, "2026-04-21", "me", "", NOW + 51 * DAY)
    complete(store, NOW + 52 * DAY, memory=encode(Memory()))
    prune(store, NOW + 70 * DAY)
    assert store.query(retention.rules)[0].deleted_before == NOW + 60 * DAY
    assert days_left(store) == ["22"]


@pytest.mark.slow
def test_nothing_declared_is_kept_and_a_person_may_say_how_long(store: Store) -> None:
    remember(store, Declarations((MONEY,), (BILLING,)), [], NOW)
    for number in range(6):
        complete(store, NOW + number * DAY, memory=LEARNT)
    assert prune(store, NOW + 90 * DAY) == ()
    [counted] = prune(store, NOW + 10 * DAY, keep=7 * DAY, only_count=True)
    assert len(days_left(store)) == 6
    assert prune(store, NOW + 10 * DAY, keep=7 * DAY) == (counted,)
    assert counted.replies == 2
    # Declared anew, it stays known what was deleted.
    remember(store, Declarations((KEPT,), (BILLING,)), [], NOW + 10 * DAY)
    assert store.query(retention.rules)[0].deleted_before == NOW + 3 * DAY


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, False])
def test_the_file_shrinks(tmp_path: Path, is_new: bool) -> None:
    path = tmp_path / "shrinks.db"
    if not is_new:  # as earlier versions made them
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA auto_vacuum = NONE")
            connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    with Store.open(f"sqlite:///{path}") as store:
        declare(store)
        for number in range(5):
            complete(store, NOW + number * DAY, *(observe("x" * 50 * n, n) for n in range(60)), memory=LEARNT)
        assert prune(store, NOW + 60 * DAY)[0].replies
        if not is_new:
            store.compact()
            assert pages(path) > 0
        store.compact(whole=not is_new)
        assert pages(path) == 0


def pages(path: Path) -> int:
    """Free ones."""
    with closing(sqlite3.connect(path)) as connection:
        count: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return count


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_on_postgres_the_space_is_free_for_new_replies(store: Store) -> None:
    fill(store, 12)
    prune(store, NOW + 60 * DAY)
    store.compact(whole=True)
    complete(store, NOW + 61 * DAY, memory=LEARNT)
    assert store.query(check, decode, facts.decode).problems == ()
