"""A probe then and now, and the map, from what the very judge learnt of stored replies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import cos, sin

import pytest

from prober.fingerprint.fingerprint import fingerprint
from prober.incidents.actions import accept
from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.lab.power import history_of, information
from prober.model.declaration import Check, Probe, ProbeSet, Schedule, series_key
from prober.model.evidence import Observation, Round
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.status.probe import AnswerView, CheckView, EmbeddingMap, embedding_map, probe_page
from prober.store import Store, declared, judge_state, replies
from prober.store.pages import over_time, probes
from tests.store.world import BILLING, HASH, NOW, alarm, begin, carry, complete, declare, finish, observe, record

HOUR = timedelta(hours=1)
COIN = Probe(id="coin", prompt="Heads or tails?", expect=(Check(type="equals", value="heads"),))
SET = ProbeSet(name="toss", owner="desk", endpoints=("billing",), schedule=Schedule(every="1h"), probes=(COIN,))
SERIES = series_key(BILLING, COIN)
PROMISE = Promise(rounds_per_year=24 * 365.25, reference=ReferenceRule(rounds=6, hours=0))


def toss(store: Store, number: int, *texts: str) -> None:
    """A round of these answers, judged as the daemon does."""
    view = begin(store, NOW + number * HOUR, probe_set="toss")
    for sample, text in enumerate(texts):
        reply = Reply(at=NOW, text=text)
        vectors = {"toy": (cos(len(text)), sin(len(text)), 0.0)}
        print_ = replace(fingerprint(reply, COIN, embedder=None), vectors=vectors)
        record(store, view, Observation(SERIES, "toss/coin", sample, reply, print_))
    kept = store.query(judge_state.memory, HASH)
    here = Round(view.round.label, "billing", NOW, store.query(replies.recorded, view.round.id))
    memory, judgement = advance(
        Memory() if kept is None else decode(kept),
        here,
        lambda series: (*store.query(replies.history, HASH, series), here),
        PROMISE,
    )
    finish(store, view, encode(memory), NOW + number * HOUR, judgement=judgement)


@pytest.fixture
def tossed(store: Store) -> Store:
    """Six rounds of a fair coin are its reference; in the four rounds after it falls on its edge."""
    store.change(declared.remember, [SET], [BILLING], NOW)
    for number in range(6):
        toss(store, number, "heads", "tails")
    for number in range(6, 10):
        toss(store, number, "heads", "the edge")
    return store


@pytest.mark.slow
def test_a_probe_then_and_now(tossed: Store) -> None:
    page = tossed.query(probe_page, "billing", "toss/coin")
    assert page is not None
    assert (page.then, page.now, page.rounds) == (12, 8, 4)
    assert page.since == tossed.query(over_time.lines, "billing")[6].round
    assert page.answers == (
        AnswerView("heads", 6, 4), AnswerView("tails", 6, 0), AnswerView("the edge", 0, 4),
    )  # fmt: skip
    assert page.checks == (CheckView('equals("heads")', 0.5, 0.5, 12, 8),)
    assert (page.probe.prompt, page.probe.expect) == ("Heads or tails?", COIN.expect)


@pytest.mark.slow
def test_the_channel_that_moved_most_comes_first_and_its_shares_add_up(tossed: Store) -> None:
    page = tossed.query(probe_page, "billing", "toss/coin")
    assert page is not None
    first, *_ = page.distributions
    assert first.moved == max(one.moved for one in page.distributions) > 0.4
    for one in page.distributions:
        assert len(one.labels) == len(one.then) == len(one.now)
        assert sum(one.then) == pytest.approx(1) == pytest.approx(sum(one.now))
        assert one.read == 8


@pytest.mark.slow
def test_what_a_probe_tells_is_what_power_says_of_its_reference(tossed: Store) -> None:
    page = tossed.query(probe_page, "billing", "toss/coin")
    assert page is not None and page.information is not None
    reference = history_of(tossed.query(replies.history, HASH, (SERIES,))[:6], {SERIES})
    (said,) = information(reference, PROMISE)
    assert page.information == said
    assert said.days_alone is not None


def test_while_the_reference_grows_there_is_only_now(store: Store) -> None:
    store.change(declared.remember, [SET], [BILLING], NOW)
    toss(store, 0, "heads", "tails")
    page = store.query(probe_page, "billing", "toss/coin")
    assert page is not None
    assert (page.then, page.now, page.rounds, page.distributions) == (0, 2, 1, ())
    assert page.checks == (CheckView('equals("heads")', None, 0.5, 0, 2),)
    assert page.information is None


def test_failed_asks_are_no_answers(store: Store) -> None:
    declare(store)
    complete(store, NOW, observe("Paris"), observe(error="timeout", sample=1))
    page = store.query(probe_page, "billing", "money/capital")
    assert page is not None
    assert (page.now, page.answers) == (1, (AnswerView("Paris", 0, 1),))


def test_probes_are_those_of_the_newest_round_of_each_set(store: Store) -> None:
    declare(store)
    complete(store, NOW, observe(), observe(series="old", probe="money/dropped"))
    complete(store, NOW + HOUR, observe(series="s", probe="chat/talk"), probe_set="chat")
    complete(store, NOW + 2 * HOUR, observe(), observe(sample=1))
    assert [(one.probe, one.prompt) for one in store.query(probes.probes, "billing")] == [
        ("chat/talk", ""),
        ("money/capital", "Capital of France?"),
    ]
    assert store.query(probes.probes, "nobody") == ()
    assert (
        store.query(probe_page, "billing", "money/dropped")
        is store.query(probe_page, "nobody", "money/capital")
        is None
    )


def test_a_memory_of_another_version_is_as_good_as_none(store: Store) -> None:
    declare(store)
    complete(store, memory='{"no": "memory"}')
    page = store.query(probe_page, "billing", "money/capital")
    assert page is not None and page.distributions == ()


@pytest.mark.slow
def test_the_map_lays_alike_replies_together(tossed: Store) -> None:
    seen = tossed.query(embedding_map, "billing")
    assert len(seen.dots) == 20
    assert seen.shown == pytest.approx(1.0)
    places = {(round(one.dot.x, 6), round(one.dot.y, 6)): len(one.text) for one in seen.dots}
    assert sorted(places.values()) == [5, 8]  # heads and tails are of equal length, and so one place
    assert {one.probe for one in seen.dots} == {"toss/coin"}
    assert tossed.query(embedding_map, "billing", "toss/coin") == seen
    assert tossed.query(embedding_map, "billing", "toss/none") == EmbeddingMap((), 0.0)
    assert tossed.query(embedding_map, "nobody") == EmbeddingMap((), 0.0)


@pytest.mark.slow
def test_the_map_is_bounded_and_shows_each_epoch(tossed: Store) -> None:
    few = tossed.query(embedding_map, "billing", most=6)
    assert len(few.dots) <= 6
    incident = alarm(tossed, NOW + 20 * HOUR)
    carry(tossed, accept(incident, "ana", "", NOW))
    start = tossed.query(judge_state.epochs, "billing")[-1].start_label
    for number in range(30, 33):
        toss(tossed, number, "the edge")
    dots = tossed.query(embedding_map, "billing").dots
    assert {one.epoch for one in dots} == {"", start}
    assert all((one.round >= start) == (one.epoch == start) for one in dots)


@pytest.mark.slow
def test_vectors_of_another_length_are_left_out(tossed: Store) -> None:
    view = begin(tossed, NOW + 40 * HOUR, probe_set="toss")
    one = observe("heads", series=SERIES, probe="toss/coin")
    assert one.fingerprint is not None
    record(tossed, view, replace(one, fingerprint=replace(one.fingerprint, vectors={"new": (1.0, 0.0)})))
    judgement = advance(Memory(), Round(view.round.label, "billing", NOW, ()), lambda s: (), PROMISE)[1]
    finish(tossed, view, None, judgement=judgement)
    assert [one.round for one in tossed.query(embedding_map, "billing").dots] == [view.round.label]
