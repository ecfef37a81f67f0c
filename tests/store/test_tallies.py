"""What is added up as rounds end is what was recorded, on the day it was, once; and can be made again from it."""

from __future__ import annotations

import gzip
import random
import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from prober.model.errors import StoreError
from prober.model.evidence import Observation
from prober.model.watch import Confirmation
from prober.status.objectives import promises
from prober.store import Store, rounds, tallies
from prober.store.pages import days, over_time
from prober.store.pages.days import TallyView
from prober.store.rows import LineRow, PointRow, ReplyRow, TallyRow
from tests.store.world import (
    BILLING,
    DAY,
    HASH,
    NOW,
    SEARCH,
    begin,
    complete,
    declare,
    finish,
    judge,
    miss,
    observe,
    record,
    verdict,
)

TODAY = NOW.date()
EVER = (date(2020, 1, 1), date(2040, 1, 1))


def answered(text: str = "Paris", sample: int = 0, **said: str) -> Observation:
    """An answer with all that is added up; `said` are categories of the fingerprint."""
    one = observe(text, sample, input_tokens=10, output_tokens=7, reasoning_tokens=3, cached_tokens=2, latency_s=0.5)
    assert one.fingerprint is not None
    names = {"_".join(name.split("__")).replace("_", ".", 1): value for name, value in said.items()}
    return replace(one, fingerprint=replace(one.fingerprint, categories={**one.fingerprint.categories, **names}))


def only(store: Store, day: date = TODAY) -> TallyView:
    (one,) = store.query(days.tallies, "all", day, day + DAY)
    return one


def test_a_completed_round_is_counted_in_all_it_says(store: Store) -> None:
    checks = {'expectation.equals("Paris")': "pass", 'expectation.not-contains("x")': "fail", "expectation.all": "fail"}
    first, second = answered(), answered("It is Paris", 1, refusal_refused="yes")
    assert first.fingerprint is not None
    first = replace(first, fingerprint=replace(first.fingerprint, categories=checks))
    complete(store, NOW, first, second, observe(error="timeout", sample=2))
    assert only(store) == TallyView(
        key="", day=TODAY, rounds=1, judged=1, promised=pytest.approx(1 / 365), asks=3, failed=1, input_tokens=20,
        output_tokens=14, reasoning_tokens=6, cached_tokens=4, timed=2, latency_s=1.0, checked=1, passed=0, keyed=1, right=1, refused=1, characters=16,
        dollars=None, unpriced=("billing",),
    )  # fmt: skip
    shares = only(store)
    assert (shares.pass_rate, shares.accuracy, shares.refusal_rate) == (0.0, 1.0, 0.5)
    assert (shares.failure_rate, shares.mean_characters, shares.mean_latency_s) == (1 / 3, 8.0, 0.5)
    empty = TallyView(key="", day=None)
    assert empty.pass_rate is empty.accuracy is empty.refusal_rate is empty.failure_rate is empty.mean_latency_s is None


def test_a_missed_round_costs_what_it_asked(store: Store) -> None:
    view = begin(store, NOW)
    record(store, view, answered())
    miss(store, view, "stopped", NOW)
    assert not store.change(rounds.miss, view.round.id, "stopped", NOW)  # again says nothing new
    found = only(store)
    assert (found.rounds, found.missed, found.asks, found.input_tokens) == (0, 1, 1, 10)


def test_a_round_that_nobody_began_is_missed_on_the_day_it_was_due(store: Store) -> None:
    store.change(rounds.miss, store.change(rounds.due, BILLING, "money", NOW), "nobody came", NOW + 3 * DAY)
    assert only(store).missed == 1


def test_days_are_those_on_which_rounds_begin(store: Store) -> None:
    late = NOW.replace(hour=23, minute=59)
    complete(store, late)
    complete(store, late + timedelta(minutes=2))
    assert [one.day for one in store.query(days.tallies, "all", *EVER)] == [TODAY, TODAY + DAY]
    assert [one.rounds for one in store.query(days.tallies, "all", TODAY, TODAY + DAY)] == [1]
    assert [one.rounds for one in store.query(days.tallies, "all", *EVER, daily=False)] == [2]


def test_whatever_providers_say_can_be_added_up(store: Store) -> None:
    complete(store, NOW, observe(input_tokens=10**30, output_tokens=-5, latency_s=float("nan")), observe("b", 1))
    complete(store, NOW + timedelta(hours=1), observe(input_tokens=10**30, output_tokens=0, latency_s=-1.0))
    found = only(store)
    assert found.input_tokens == 2 * (2**31 - 1)
    assert (found.output_tokens, found.uncounted, found.timed, found.latency_s) == (0, 1, 0, 0.0)


def test_only_rounds_judged_against_a_reference_use_up_the_promise(store: Store) -> None:
    declare(store)
    complete(store, NOW, judgement=judge("", "insufficient_evidence"))
    complete(store, NOW + DAY, judgement=replace(judge(""), threshold=100.0))
    complete(store, NOW + 2 * DAY, judgement=replace(judge(""), threshold=50.0))
    billing, _ = store.query(promises)
    assert (billing.judged, billing.promised) == (2, pytest.approx(0.03))


def everything(store: Store) -> list[dict[str, object]]:
    """All that is added up, in the order of its keys."""
    with store.read() as session:
        rows = [row for table in (PointRow, LineRow, TallyRow) for row in session.exec(select(table))]
        return sorted((row.model_dump() for row in rows), key=lambda row: sorted(map(str, row.items())))


def fill(store: Store, seed: int = 4) -> None:
    """A history of rounds that complete, fail, are missed at every stage, and wait."""
    rng = random.Random(seed)
    declare(store)
    for n in range(30):
        at, endpoint = NOW + n * timedelta(hours=7), rng.choice((BILLING, SEARCH))
        replies = [
            observe(error="timeout", sample=k) if rng.random() < 0.2 else answered("ab" * rng.randint(0, 9), k)
            for k in range(rng.randint(1, 4))
        ]
        if rng.random() < 0.7:
            verdicts = [replace(verdict(name), e_value=rng.expovariate(1.0)) for name in ("length", "choice")]
            complete(store, at, *replies, endpoint=endpoint, judgement=judge("", "quiet", *verdicts))
            continue
        round_id = store.change(rounds.due, endpoint, "chat", at)
        if rng.random() < 0.5:
            claim = store.change(rounds.claim, round_id, "w", at, 60)
            assert claim is not None
            record(store, claim, replies[0])
            miss(store, claim, "test", at)
        else:
            store.change(rounds.miss, round_id, "test", at)
    store.change(rounds.due, BILLING, "chat", NOW + 99 * DAY)


DATABASES = Path(__file__).parents[1] / "goldens" / "databases"


@pytest.mark.slow
def test_it_can_be_made_again_and_is_the_same(store: Store) -> None:
    fill(store)
    before = everything(store)
    assert len(before) > 60
    with store.write() as session:
        tallies.rebuild(session)
    assert everything(store) == before


@pytest.mark.slow
def test_a_database_from_before_is_counted_once_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "prober.db"
    with sqlite3.connect(path) as database:
        database.executescript(gzip.decompress((DATABASES / "v0004.sql.gz").read_bytes()).decode())
    with pytest.raises(StoreError, match="older version"):
        Store.open(f"sqlite:///{path}", read_only=True)
    with Store.open(f"sqlite:///{path}") as store:
        counted = everything(store)
        assert len(counted) > 10
        with store._database.write() as session:
            tallies.rebuild(session)
        assert everything(store) == counted


def test_what_is_damaged_counts_as_nothing_and_stops_nobody(store: Store) -> None:
    declare(store)
    good, bad = complete(store, NOW, answered()), complete(store, NOW + DAY, answered())
    with store.write() as session:
        row = session.exec(select(ReplyRow).where(ReplyRow.round_id == bad.id)).one()
        row.reply = b"no reply"
        session.add(row)
    with store.write() as session:
        tallies.rebuild(session)
    assert [one.round for one in store.query(over_time.channel_history, "billing")] == []
    assert [one.round for one in store.query(over_time.lines, "billing")] == [good.label]
    assert [one.day for one in store.query(days.tallies, "all", *EVER)] == [TODAY]


def test_a_confirmation_that_is_not_wanted_any_more_is_missed_in_the_tally(store: Store) -> None:
    first = begin(store)
    record(store, first, observe())
    wanted = Confirmation("confirm", first.round.label, NOW + timedelta(minutes=1))
    finish(store, first, confirmation=wanted)
    second = begin(store, NOW + timedelta(hours=1))
    finish(store, second, confirmation=Confirmation("too_little_evidence"))
    assert (only(store).rounds, only(store).missed) == (2, 1)


def test_a_reader_cannot_write_even_by_hand(store: Store, url: str) -> None:
    complete(store)
    with (
        Store.open(url, read_only=True) as reader,
        pytest.raises(StoreError, match="read"),
        reader.write() as session,
    ):
        session.connection().exec_driver_sql("DELETE FROM tally")
    assert only(store).rounds == 1


def test_two_contents_under_one_name_share_a_tally(store: Store) -> None:
    complete(store)
    edited = BILLING.model_copy(update={"model": "gpt-5"})
    complete(store, NOW + timedelta(hours=1), endpoint=edited)
    assert only(store).rounds == 2
    assert [(one.model, one.endpoint_hash) for one in store.query(over_time.edits, "billing")] == [
        ("gpt-4o-2024-08-06", HASH),
        ("gpt-5", edited.content_hash),
    ]
    with store.read() as session:
        assert len(session.exec(select(TallyRow)).all()) == 2  # of the day, and of all time
