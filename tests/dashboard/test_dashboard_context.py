"""What stands beside the evidence: other endpoints that moved, and how long answers took."""

from __future__ import annotations

from dataclasses import replace

from conftest import texts
from fake_store import HOSTILE, NOW, all_states, round_view, rounds_every

from dashboard import context
from prober.evidence import Observation
from prober.notice import Part
from prober.reply import Reply


def answers(*seconds: float | None) -> tuple[Observation, ...]:
    replies = (Reply(at=NOW, text="Blue.", latency_s=took) for took in seconds)
    return tuple(Observation("series", "starter/refund", i, reply, None) for i, reply in enumerate(replies))


def test_company_is_named_with_its_incident_or_as_counted_only():
    assert context.company(()) == ""
    told = context.company((Part("eu", 4), Part("us", None)))
    assert told == (
        "At the same provider moved at the same time: eu (incident 4). "
        "Believed sooner because evidence had grown there as well: us."
    )
    assert context.company((Part(HOSTILE, 4),)).count("`") >= 2, "a hostile name is code"


def test_rounds_around_a_change_are_completed_ones_of_the_same_endpoint():
    rounds = rounds_every("bot", 6, count=30)
    onset = sorted(one.label for one in rounds)[18]
    noise = (round_view("other", 2), replace(round_view("bot", 3), state="missed"))
    before, since = context.around((*noise, *rounds), "hash-bot", onset)
    labels = {one.id: one.label for one in rounds}
    assert [labels[i] for i in before] == sorted(labels.values())[8:18]
    assert [labels[i] for i in since] == sorted(labels.values())[18:28]
    assert [labels[i] for i in context.newest((*noise, *rounds), "hash-bot")] == sorted(labels.values())[20:]


def test_latency_is_the_middle_one_and_silent_where_unknown():
    assert context.latency((), 4) == ""
    assert "half of the answers came within 0.20 s in the last 1 round." in context.latency((0.1, 0.2, 9.0), 1)
    assert context.latency_moved((0.1,), ()) == context.latency_moved((), (0.1,)) == ""
    assert "within 0.80 s before the change, within 0.30 s since." in context.latency_moved((0.8,), (0.3,))


def test_the_endpoint_s_page_says_how_long_answers_took_of_late(page):
    store = all_states()
    assert "Latency" not in texts(page(store))
    failed = Observation("series", "starter/refund", 9, Reply(at=NOW, error="timeout", latency_s=60.0), None)
    store.observations = {one.id: (*answers(0.4, 0.5, None), failed) for one in store.round_views}
    told = texts(page(store, endpoint="support-bot"))
    assert "half of the answers came within 0.45 s in the last 8 rounds" in told


def test_the_incident_s_page_says_who_else_moved_and_how_latency_did(page):
    store = all_states()
    store.event_parts = (Part("support-eu", 7), Part("support-us", None))
    opened = store.incident(3)
    assert opened is not None
    store.observations = {
        one.id: answers(0.2 if one.label >= opened.onset else 0.8)
        for one in store.round_views
        if one.endpoint == "support-bot"
    }
    told = texts(page(store, incident="3"))
    assert "support-eu (incident 7)" in told
    assert "grown there as well: support-us." in told
    assert "within 0.80 s before the change, within 0.20 s since" in told
