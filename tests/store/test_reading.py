"""What the dashboard, status and export are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from prober.incidents.actions import accept
from prober.incidents.routing import NOBODY, Routing
from prober.loading.reply_log import LoggedReply
from prober.model.decision import Action
from prober.model.evidence import Fingerprint
from prober.model.notice import Comparison, Outcome
from prober.model.reply import ToolCall
from prober.service.act import try_to_act
from prober.service.deliver import StoredOutbox
from prober.store import Store, declared, incidents, judge_state, notices, rounds, watches
from prober.store.export import export
from prober.store.pages import over_time, overview
from prober.store.pages import replies as stored_replies
from prober.store.views import ReplyView
from tests.store.world import (
    BILLING,
    CHAT,
    DAY,
    HASH,
    MONEY,
    NOW,
    SEARCH,
    SERIES,
    TALK,
    alarm,
    begin,
    carry,
    complete,
    declare,
    finish,
    judge,
    miss,
    observe,
    record,
    series_key,
    verdict,
)


def test_an_empty_store_has_no_answers_and_no_errors(store: Store) -> None:
    assert (
        store.query(overview.endpoints)
        == store.query(incidents.recent)
        == store.query(overview.recent_rounds)
        == store.query(notices.recent)
        == ()
    )
    assert (
        store.query(over_time.channel_history, "x")
        == store.query(judge_state.epochs, "x")
        == store.query(stored_replies.recent, "x")
        == store.query(rounds.unfinished, NOW)
        == ()
    )
    assert store.query(incidents.get, 1) is None
    assert store.query(incidents.open_change, "x") is None
    assert list(export(store)) == []
    assert store.query(watches.changes) == store.query(watches.changes)


def test_a_declared_endpoint_is_known_before_its_first_round(store: Store) -> None:
    declare(store)
    billing, search = store.query(overview.endpoints)
    assert (billing.name, billing.provider, billing.model) == ("billing", "openai", "gpt-4o-2024-08-06")
    assert (billing.owners, search.owners) == (("support", "payments"), ("support",))
    assert (billing.state, billing.last_round, billing.rounds, billing.channels) == ("unknown", None, 0, ())
    assert (billing.last_failure, billing.open_incident) == ("", None)


@pytest.mark.slow
def test_an_endpoint_now(store: Store) -> None:
    declare(store)
    complete(store, NOW, observe(), observe(error="timeout", sample=1))
    complete(store, NOW, observe(error="unauthorized", series="s"), endpoint=SEARCH)
    missed = begin(store, NOW + DAY)
    record(store, missed, observe(error="rate_limited"))
    miss(store, missed, "budget_exhausted", NOW)
    incident = alarm(store, NOW + 2 * DAY, verdict("length"), verdict("choice", 2.0))
    store.change(rounds.due, BILLING, "money", NOW + 3 * DAY)
    billing, search = store.query(overview.endpoints)
    assert (billing.rounds, billing.missed, billing.asks, billing.failed_asks) == (2, 1, 4, 2)
    assert (search.rounds, search.missed, search.asks, search.failed_asks) == (1, 0, 1, 1)
    assert (billing.last_failure, search.last_failure) == ("rate_limited", "unauthorized")
    assert (billing.state, billing.e_value, billing.threshold) == ("alarm", 900.0, 365.0)
    assert (billing.last_round, billing.last_completed_at) == (incident.detected_round, NOW + 2 * DAY)
    assert [one.channel for one in billing.channels] == ["length", "choice"]
    assert (billing.open_incident, search.open_incident) == (incident, None)


def test_an_edited_endpoint_keeps_its_counts_and_starts_without_a_judgement(store: Store) -> None:
    declare(store)
    alarm(store)
    store.change(declared.remember, [], [BILLING.model_copy(update={"model": "gpt-5"})], NOW)
    billing = store.query(overview.endpoints)[0]
    assert (billing.model, billing.state, billing.rounds, billing.open_incident) == ("gpt-5", "unknown", 1, None)
    store.change(declared.remember, [], [BILLING], NOW)
    assert store.query(overview.endpoints)[0].state == "alarm"


def test_remember_refreshes_what_changed(store: Store) -> None:
    declare(store)
    store.change(
        declared.remember, [CHAT.model_copy(update={"owner": "desk", "endpoints": ("search",)})], [BILLING, SEARCH], NOW
    )
    assert [one.owners for one in store.query(overview.endpoints)] == [("payments",), ("desk",)]


@pytest.mark.slow
def test_channel_history_is_the_newest_rounds_oldest_first(store: Store) -> None:
    for day in range(5):
        channels = (replace(verdict("length"), value=float(day)), verdict("choice"))
        complete(store, NOW + day * DAY, judgement=judge("", "quiet", *channels))
    points = store.query(over_time.channel_history, "billing", "length", limit=3)
    assert [one.value for one in points] == [2.0, 3.0, 4.0]
    assert [one.at for one in points] == [NOW + day * DAY for day in (2, 3, 4)]
    assert points[-1].round == store.query(overview.recent_rounds)[0].label
    assert (points[0].channel, points[0].reference_value, points[0].unit) == ("length", 1.0, "ratio to reference")
    assert len(store.query(over_time.channel_history, "billing")) == 10
    assert store.query(over_time.channel_history, "billing", "nonsense") == ()


@pytest.mark.slow
def test_incidents_newest_first_by_endpoint_and_state(store: Store) -> None:
    first = alarm(store)
    closed = carry(store, accept(first, "ana", "", NOW))
    second = alarm(store, NOW + DAY)
    assert store.query(incidents.recent) == (second, closed)
    assert store.query(incidents.recent, limit=1) == (second,)
    assert store.query(incidents.recent, state="closed") == (closed,)
    assert store.query(incidents.recent, endpoint="billing", state="open") == (second,)
    assert store.query(incidents.recent, endpoint="search") == ()
    assert store.query(incidents.get, second.id) == second


def changed(store: Store, before: list[str], after: list[str], **reply: object) -> tuple[Comparison, ...]:
    """The examples of an incident whose replies, one round a day, went from `before` to `after`."""
    declare(store)
    for day, text in enumerate(before):
        complete(store, NOW + day * DAY, observe(text))
    onset = NOW + len(before) * DAY
    views = [complete(store, onset + day * DAY, observe(text, **reply)) for day, text in enumerate(after)]
    failed = [observe(error="timeout")]
    chosen = verdict("choice")
    return store.query(
        incidents.examples, alarm(store, onset + 99 * DAY, chosen, onset=views[0].label, observations=failed)
    )


@pytest.mark.slow
def test_examples_set_what_became_rarer_beside_what_grew(store: Store) -> None:
    (example,) = changed(store, ["Paris", "Paris", "It is Paris"], ["Paris", "Rome", "Oslo", "Rome"])
    assert example == Comparison("money/capital", "Capital of France?", reference="Paris", recent="Rome")


@pytest.mark.slow
def test_where_every_reply_is_new_the_one_of_middling_length_is_shown(store: Store) -> None:
    (example,) = changed(store, ["Paris", "Paris"], ["d" * 100, "e", "f" * 30])
    assert (example.reference, example.recent) == ("Paris", "f" * 30)


@pytest.mark.slow
def test_a_series_where_no_reply_differs_has_no_example(store: Store) -> None:
    assert changed(store, ["Paris", "Paris"], ["Paris", "Paris"]) == ()


def test_refusals_and_tool_calls_are_shown_as_answers(store: Store) -> None:
    (example,) = changed(store, ["Paris"], [""], refusal="I cannot say.", tool_calls=(ToolCall("f", "{}"),))
    assert example.recent == "I cannot say."


def test_a_tool_call_without_text_is_shown(store: Store) -> None:
    (example,) = changed(store, ["Paris"], [""], tool_calls=(ToolCall("find", '{"q": 1}'),))
    assert example.recent == 'find({"q": 1})'


def test_examples_come_strongest_first_one_a_series_and_no_more_than_asked(store: Store) -> None:
    series = [f"s{n}" for n in range(6)]
    complete(store, NOW, *(observe("old", series=one, probe=f"money/{one}") for one in series))
    new = [observe("new", series=one, probe=f"money/{one}") for one in series]
    strong, weak = verdict("length", series=("s4", "s2")), verdict("choice", 90.0, series=("s2", *series[:4]))
    incident = alarm(store, NOW + DAY, strong, weak, observations=new)
    assert [one.probe for one in store.query(incidents.examples, incident)] == [
        "money/s4",
        "money/s2",
        "money/s0",
    ]
    assert [one.probe for one in store.query(incidents.examples, incident, limit=1)] == ["money/s4"]


@pytest.mark.slow
def test_examples_of_an_accepted_incident_stay_what_they_were(store: Store) -> None:
    changed(store, ["Paris"], ["Rome"])
    carry(store, accept(store.query(incidents.recent)[0], "ana", "", NOW))
    complete(store, NOW + 200 * DAY, observe("Rome"))
    second = alarm(store, NOW + 201 * DAY, verdict("choice"), observations=[observe("Bern")])
    carry(store, accept(second, "ana", "", NOW))
    newer, older = store.query(incidents.recent)
    assert [(one.reference, one.recent) for one in store.query(incidents.examples, older)] == [("Paris", "Rome")]
    assert [(one.reference, one.recent) for one in store.query(incidents.examples, newer)] == [("Rome", "Bern")]


@pytest.mark.slow
def test_replies_are_paged_by_whole_rounds_newest_first(store: Store) -> None:
    declare(store)
    for day in range(4):
        complete(store, NOW + day * DAY, *(observe(f"{day}.{n}", n) for n in range(3)))
    pages, before = [], None
    while page := store.query(stored_replies.recent, "billing", before=before, limit=7):
        pages.append([one.text for one in page])
        before = page[-1].round
    assert pages == [["3.0", "3.1", "3.2", "2.0", "2.1", "2.2"], ["1.0", "1.1", "1.2", "0.0", "0.1", "0.2"]]
    assert [one.text for one in store.query(stored_replies.recent, "billing", limit=1)] == ["3.0", "3.1", "3.2"]


def test_a_reply_to_show(store: Store) -> None:
    declare(store)
    view = complete(store, NOW, observe("x", model="gpt-4o"), observe(error="timeout", series="s", probe="chat/talk"))
    answer, failure = store.query(stored_replies.recent, "billing")
    assert answer == ReplyView(
        SERIES, "money/capital", "Capital of France?", view.label, NOW, 0, text="x", error=None, model="gpt-4o",
        id=answer.id, endpoint="billing",
    )  # fmt: skip
    assert store.query(stored_replies.by_id, [failure.id, answer.id, 99]) == (failure, answer)
    assert store.query(stored_replies.of_round, "billing", view.label) == (answer, failure)
    assert store.query(stored_replies.labels, "billing", NOW, NOW + DAY) == {view.label: "money"}
    assert store.query(stored_replies.labels, "billing", NOW + DAY, None) == {}
    assert (failure.text, failure.error, failure.prompt) == (None, "timeout", "")
    assert store.query(stored_replies.recent, "billing", probe="chat/talk") == (failure,)
    assert store.query(stored_replies.recent, "search") == ()


def test_rounds_by_due_time_newest_first(store: Store) -> None:
    late, early = store.change(rounds.due, BILLING, "money", NOW + DAY), store.change(rounds.due, BILLING, "chat", NOW)
    other = store.change(rounds.due, SEARCH, "chat", NOW + 2 * DAY)
    assert [one.id for one in store.query(overview.recent_rounds)] == [other, late, early]
    assert [one.id for one in store.query(overview.recent_rounds, "billing")] == [late, early]
    assert [one.id for one in store.query(overview.recent_rounds, limit=1)] == [other]
    assert store.query(overview.recent_rounds)[0].label == ""


def test_notices_of_one_incident(store: Store) -> None:
    first = alarm(store)
    carry(store, accept(first, "ana", "", NOW), Routing(("log",)), NOW)
    second = alarm(store, NOW + DAY)
    assert {one.incident_id for one in store.query(notices.recent)} == {first.id, second.id}
    of_first = store.query(notices.recent, first.id)
    assert [(one.event, one.alerter) for one in of_first] == [
        ("accepted", "log"),
        ("accepted", "slack"),
        ("opened", "log"),
        ("opened", "slack"),
    ]
    assert (of_first[0].created_at, of_first[0].next_try_at, of_first[0].attempts) == (NOW, NOW, 0)
    assert len(store.query(notices.recent, limit=2)) == 2


def test_export_is_every_reply_of_completed_rounds_in_label_order(store: Store) -> None:
    declare(store)
    talk = series_key(SEARCH, TALK)
    last = complete(store, NOW + DAY, observe("late"))
    complete(store, NOW, observe("hello", series=talk, probe="chat/talk"), endpoint=SEARCH, probe_set="chat")
    missed = begin(store, NOW + 2 * DAY)
    record(store, missed, observe("never judged"))
    miss(store, missed, "test", NOW)
    first, second = export(store)
    assert first.reply.text == "hello"
    assert (first.endpoint, first.probe, first.system) == ("search", "chat/talk", "Be kind")
    assert first.prompt == "user: Hi\n\nassistant: Yes?"
    assert second.extra["promise"] == store.query(declared.promise_of, "billing")
    assert replace(second, extra={}) == LoggedReply(
        last.label, "billing", "money/capital", observe("late").reply, "Capital of France?", series=SERIES
    )
    assert [one.reply.text for one in export(store, "billing")] == ["late"]


def test_export_holds_one_round_at_a_time_and_no_transaction_between(store: Store) -> None:
    for day in range(3):
        complete(store, NOW + day * DAY, observe(f"day {day}"))
    replies = export(store)
    assert next(replies).reply.text == "day 0"
    complete(store, NOW + 3 * DAY)  # writing goes on while somebody reads
    assert [one.reply.text for one in replies] == ["day 1", "day 2"]


WRITES: dict[str, Callable[[Store], object]] = {
    "remember": lambda store: store.change(declared.remember, [MONEY], [BILLING], NOW),
    "due": lambda store: store.change(rounds.due, BILLING, "money", NOW + DAY),
    "claim": lambda store: store.change(rounds.claim, store.query(rounds.unfinished, NOW)[0].id, "w", NOW, 60),
    "record": lambda store: record(store, begin(store), observe()),
    "miss": lambda store: store.change(rounds.miss, store.query(rounds.unfinished, NOW)[0].id, "test", NOW),
    "settle": lambda store: finish(store, begin(store), None),
    "act": lambda store: try_to_act(store, 1, Action("acknowledge", "ana"), NOBODY, NOW),
    "claim_notice": lambda store: StoredOutbox(store).claim_notice(NOW, 30, ""),
    "settle_notice": lambda store: store.change(notices.settle, 1, Outcome(sent=True, reason="sent"), None, NOW),
}


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITES)
def test_newest_changes_with_every_write(store: Store, write: str) -> None:
    alarm(store, NOW - timedelta(days=9))
    store.change(rounds.due, BILLING, "money", NOW)
    before = store.query(watches.changes)
    WRITES[write](store)
    assert store.query(watches.changes) != before


def test_newest_stays_while_nothing_changes(store: Store) -> None:
    alarm(store)
    before = store.query(watches.changes)
    (
        store.query(overview.endpoints),
        store.query(stored_replies.recent, "billing"),
        list(export(store)),
        store.query(incidents.examples, store.query(incidents.recent)[0]),
    )
    store.change(rounds.due, BILLING, "money", NOW)
    StoredOutbox(store).claim_notice(NOW - timedelta(minutes=1), 30, "")
    store.query(judge_state.memory, HASH)
    assert store.query(watches.changes) == before


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["3b", "3a", "2", "1", "0"]),
        ({"endpoint": "search"}, ["3b"]),
        ({"text": 'ZÜRICH "a'}, ["2"]),
        ({"text": "n"}, []),  # the line break of the second reply is no letter n
        ({"model": "O-2"}, ["3b"]),
        ({"outcome": "check failed"}, ["1"]),
        ({"outcome": "refused"}, ["1"]),
        ({"outcome": "ask failed"}, ["0"]),
        ({"probe": "chat/talk"}, ["3b", "0"]),
        ({"since": NOW + DAY, "until": NOW + 3 * DAY}, ["2", "1"]),
        ({"text": "o", "outcome": "check failed", "endpoint": "search"}, []),
    ],
)
def test_a_search_finds_what_fits_newest_first(store: Store, wanted: dict, found: list[str]) -> None:
    declare(store)
    failing = {"expectation.all": "fail", "refusal.refused": "yes"}
    talk = {"series": "s", "probe": "chat/talk"}
    seen = {
        "0": complete(store, NOW, observe(error="timeout", **talk)),
        "1": complete(store, NOW + DAY, replace(observe("Rio\n"), fingerprint=Fingerprint(failing))),
        "2": complete(store, NOW + 2 * DAY, observe('Zürich "a"')),
        "3a": complete(store, NOW + 3 * DAY, observe("Oslo")),
        "3b": complete(store, NOW + 3 * DAY, observe("Oslo", model="gpt-4o-2", **talk), endpoint=SEARCH),
    }
    hits = store.query(stored_replies.search, stored_replies.Wanted(**wanted))
    named = {(view.label, view.endpoint): name for name, view in seen.items()}
    assert [named[one.round, one.endpoint] for one in hits.replies] == found
    assert hits.before is None


@pytest.mark.slow
def test_a_search_looks_at_a_bounded_number_and_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(store)
    for day in range(9):
        complete(store, NOW + day * DAY, *(observe("yes" if day in (1, 7) else "no", n) for n in range(4)))
    monkeypatch.setattr(stored_replies, "LOOKED_AT", 12)
    wanted, before, pages = stored_replies.Wanted(text="yes"), None, []
    while True:
        found = store.query(stored_replies.search, wanted, before)
        pages.append((found.looked_at, [one.at for one in found.replies]))
        if (before := found.before) is None:
            break
    assert [looked for looked, _ in pages] == [12, 12, 12]
    assert [len(hits) for _, hits in pages] == [4, 0, 4]
    limited = store.query(stored_replies.search, wanted, None, 3)
    assert (len(limited.replies), limited.looked_at, limited.before is None) == (4, 8, False), "in whole rounds"
