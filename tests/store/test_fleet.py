"""Endpoints of one provider: how the others stand, and incidents that are one event."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from prober.alerts.message import body, compose
from prober.incidents.actions import accept
from prober.incidents.events import EVENTS
from prober.incidents.lifecycle import closed
from prober.incidents.routing import Routing
from prober.model.decision import Decision
from prober.model.declaration import Endpoint
from prober.model.incident import Incident, Trouble
from prober.model.notice import Notice, Outcome, Part
from prober.service.deliver import StoredOutbox
from prober.service.run_round import peers
from prober.store import Store, declared, incidents, judge_state, notices
from tests.store.world import DAY, MONEY, NOW, begin, carry, complete, judge, verdict

HOUR = timedelta(hours=1)
A, B, C = (Endpoint(name=name, provider="openai", model=f"gpt-{name}") for name in "abc")
ELSEWHERE = Endpoint(name="elsewhere", provider="openai", model="gpt-a", base_url="https://other.example/v1")
OTHER = Endpoint(name="other", provider="anthropic", model="claude-x")


def iso(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def changed(store: Store, endpoint: Endpoint, at: datetime = NOW, onset: datetime | None = None) -> Incident:
    """A round of this endpoint that opens an incident."""
    judgement = judge("", "alarm", verdict(), onset=iso(onset or at))
    complete(store, at, endpoint=endpoint, judgement=judgement)
    incident = store.query(incidents.open_change, endpoint.content_hash)
    assert incident is not None
    return incident


def suspected(share: float, at: datetime = NOW):
    return replace(judge("", "suspected", verdict(), onset=iso(at)), e_value=share * 365.0)


def owed(store: Store) -> list[tuple[int, str, str]]:
    return sorted((one.incident_id, one.event, one.alerter) for one in store.query(notices.recent))


@pytest.mark.slow
def test_peers_are_the_other_endpoints_of_the_same_provider_at_the_same_address(store: Store) -> None:
    for endpoint in (A, B, ELSEWHERE, OTHER):
        complete(store, NOW - DAY, endpoint=endpoint)
        complete(store, NOW, endpoint=endpoint, judgement=suspected(0.6))
    (peer,) = peers(store, A.content_hash)
    assert (peer.endpoint, peer.judged_at) == ("b", NOW)
    assert peer.e_value == pytest.approx(0.6)
    assert (peer.onset.first, peer.onset.last, peer.onset.period) == (NOW, NOW, DAY)
    assert peers(store, OTHER.content_hash) == peers(store, "unknown") == ()


def test_who_was_asked_elsewhere_is_alone(store: Store) -> None:
    for name in "xy":
        imported = Endpoint.model_construct(name=name, provider="imported", model=name)
        complete(store, NOW, endpoint=imported, judgement=suspected(0.6))
        assert peers(store, imported.content_hash) == ()


@pytest.mark.slow
def test_what_was_said_against_a_reference_that_is_gone_does_not_count(store: Store) -> None:
    complete(store, NOW - DAY, endpoint=A)
    incident = changed(store, B)
    assert [one.endpoint for one in peers(store, A.content_hash)] == ["b"]
    carry(store, accept(incident, "ada", "fine", NOW))
    assert peers(store, A.content_hash) == ()
    complete(store, NOW + DAY, endpoint=B, judgement=judge("", "insufficient_evidence"))
    assert [one.endpoint for one in peers(store, A.content_hash)] == ["b"]


def test_an_earlier_content_of_an_endpoint_is_nobodys_peer(store: Store) -> None:
    complete(store, NOW, endpoint=B)
    complete(store, NOW, endpoint=A)
    edited = B.model_copy(update={"parameters": {"temperature": 0}})
    begin(store, NOW + DAY, edited)
    assert peers(store, A.content_hash) == ()


@pytest.mark.slow
def test_the_period_is_the_usual_distance_of_scheduled_rounds(store: Store) -> None:
    assert store.query(judge_state.period, A.content_hash) == DAY
    for hours in (0, 6, 12, 18, 42):  # an outage is not a schedule
        complete(store, NOW + hours * HOUR, endpoint=A)
    assert store.query(judge_state.period, A.content_hash) == 6 * HOUR


@pytest.mark.slow
def test_incidents_of_one_provider_that_began_together_are_one(store: Store) -> None:
    first, second = changed(store, A), changed(store, B, NOW + HOUR)
    third = changed(store, C, NOW + 2 * HOUR)
    assert [one.part_of for one in (first, second, third)] == [None, first.id, first.id]
    assert store.query(incidents.get, second.id) == second
    assert store.query(incidents.parts, first) == (Part("b", second.id), Part("c", third.id))
    assert store.query(incidents.parts, third) == (Part("a", first.id), Part("b", second.id))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("endpoint", "onset"),
    [(OTHER, NOW), (ELSEWHERE, NOW), (B, NOW - 3 * DAY)],
    ids=["another provider", "another address", "long ago"],
)
def test_what_did_not_begin_together_is_not_one(store: Store, endpoint: Endpoint, onset: datetime) -> None:
    first = changed(store, A)
    second = changed(store, endpoint, NOW + HOUR, onset=onset)
    assert second.part_of is None
    assert store.query(incidents.parts, first) == store.query(incidents.parts, second) == ()
    assert {event for _, event, _ in owed(store)} == {"opened"}


def test_a_closed_incident_is_joined_by_nobody(store: Store) -> None:
    first = changed(store, A)
    carry(store, accept(first, "ada", "fine", NOW))
    assert changed(store, B, NOW + HOUR).part_of is None


@pytest.mark.slow
def test_the_first_is_joined_through_another_after_it_was_closed(store: Store) -> None:
    first = changed(store, A)
    changed(store, B, NOW + HOUR)
    carry(store, accept(first, "ada", "fine", NOW))
    assert changed(store, C, NOW + 2 * HOUR).part_of == first.id
    assert store.query(incidents.open_change, B.content_hash) is not None, "each endpoint is accepted by itself"


@pytest.mark.slow
def test_one_call_about_all(store: Store) -> None:
    """While nobody has been told, the first message names everyone; later ones are news of it, gathered for a minute."""
    first = changed(store, A)
    second = changed(store, B, NOW + HOUR)
    assert owed(store) == [(first.id, "opened", "log"), (first.id, "opened", "slack")]
    for receipt in ("log", "C0CANARY/1.2"):
        notice = StoredOutbox(store).claim_notice(NOW + HOUR, 60, "http://localhost")
        assert notice is not None
        assert (notice.event, notice.about.also) == ("opened", (Part("b", second.id),))
        store.change(notices.settle, notice.id, Outcome(True, "sent", receipt=f"{notice.alerter} {receipt}"), None, NOW)
    third = changed(store, C, NOW + 2 * HOUR)
    assert owed(store)[:2] == [(first.id, "joined", "log"), (first.id, "joined", "slack")]
    assert StoredOutbox(store).claim_notice(NOW + 2 * HOUR, 60, "http://localhost") is None
    notice = StoredOutbox(store).claim_notice(NOW + 2 * HOUR + EVENTS["joined"].pause, 60, "http://localhost")
    assert notice is not None
    assert (notice.incident_id, notice.endpoint, notice.event) == (first.id, "a", "joined")
    assert notice.about.also == (Part("b", second.id), Part("c", third.id))
    assert notice.follows.startswith(f"{notice.alerter} ")


@pytest.mark.slow
def test_endpoints_that_were_only_counted_are_named_until_they_have_an_incident(store: Store) -> None:
    first = replace(changed(store, A), together=("b", "c"))
    assert store.query(incidents.parts, first) == (Part("b", None), Part("c", None))
    second = changed(store, B, NOW + HOUR)
    assert store.query(incidents.parts, first) == (Part("b", second.id), Part("c", None))


def outage(store: Store, endpoint: Endpoint, routing: Routing, at: datetime = NOW) -> Incident:
    found = Trouble(
        id=0, endpoint=endpoint.name, endpoint_hash=endpoint.content_hash, state="open", kind="timeout",
        onset=iso(at), detected_round=iso(at), opened_at=at, cause="timeout",
    )  # fmt: skip
    return carry(store, Decision("rounds_failed", found, event="trouble"), routing, at)


def end(store: Store, incident: Incident, routing: Routing, at: datetime, actor: str = "") -> None:
    decision = Decision("rounds_succeed", closed(incident, "recovered", actor, "", at), event="trouble_over")
    carry(store, decision, routing, at)


def sent(store: Store, at: datetime) -> list[Notice]:
    """Everything that is due, sent."""
    found = []
    while (notice := StoredOutbox(store).claim_notice(at, 60, "http://localhost")) is not None:
        store.change(notices.settle, notice.id, Outcome(True, "sent", receipt=f"C/{notice.id}"), None, at)
        found.append(notice)
    return found


RECEIVERS = ("slack", "apprise", "webhook", "pagerduty", "alertmanager", "log")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def event(store: Store, request: pytest.FixtureRequest) -> tuple[Routing, list[Incident]]:
    """An outage of four endpoints, of which a receiver got one message; the cause became another at the third."""
    fleet = [Endpoint(name=name, provider="openai", model=f"gpt-{name}") for name in "abcd"]
    probes = MONEY.model_copy(update={"endpoints": tuple("abcd")})
    store.change(declared.remember, [probes], fleet, NOW)
    routing = Routing((request.param,))
    opened = [outage(store, one, routing) for one in fleet]
    assert [(one.event, len(one.about.also)) for one in sent(store, NOW + HOUR)] == [("trouble", 3)]
    opened[2] = carry(store, Decision("cause_changed", opened[2], event="cause_changed"), routing, NOW + HOUR)
    assert len(sent(store, NOW + HOUR)) == 1
    return routing, opened


def tracks(receiver: str) -> bool:
    """Whether it keeps an alert of every incident that it was notified of."""
    return receiver not in ("slack", "apprise")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
@pytest.mark.parametrize("event", RECEIVERS, indirect=True)
def test_the_end_of_one_event_is_one_message_and_ends_every_alert(
    store: Store, event: tuple[Routing, list[Incident]], order: tuple[int, ...]
) -> None:
    (routing, opened), over = event, NOW + 2 * HOUR
    for minutes, place in enumerate(order):
        assert sent(store, over + minutes * MINUTE) == [], "it waits for the others"
        end(store, opened[place], routing, over + minutes * MINUTE)
    ends = sent(store, over + 3 * MINUTE)  # and no longer, when it is over everywhere
    assert {one.event for one in ends} == {"trouble_over"}
    fired = {opened[0].id, *([opened[2].id] if tracks(routing.alerters[0]) else [])}
    assert sorted(one.incident_id or 0 for one in ends) == sorted(fired)
    for one in ends:
        (said,) = (words for label, words in compose(one).paragraphs if label == "Over at")
        assert said.count("incident") == 3
        assert f"Over at: {said}" in body(one)
    assert sent(store, over + DAY) == []


@pytest.mark.parametrize("event", RECEIVERS, indirect=True)
def test_what_goes_on_is_named_and_does_not_hold_up_the_end_of_others(
    store: Store, event: tuple[Routing, list[Incident]]
) -> None:
    (routing, (first, second, _, fourth)), over = event, NOW + 2 * HOUR
    end(store, second, routing, over)
    end(store, fourth, routing, over + 4 * MINUTE)
    (notice,) = sent(store, over + EVENTS["trouble_over"].pause)
    assert notice.incident_id == second.id, "the alert of the first, which goes on, is not resolved"
    said = dict(compose(notice).paragraphs)
    assert said["Over at"] == f"d (incident {fourth.id})"
    assert said["Not over at"].startswith(f"a (incident {first.id}), c ")
    end(store, first, routing, over + HOUR)
    (notice,) = sent(store, over + HOUR + EVENTS["trouble_over"].pause)
    assert notice.incident_id == first.id


@pytest.mark.parametrize("event", ["slack", "pagerduty"], indirect=True)
def test_what_a_person_ends_is_said_at_once(store: Store, event: tuple[Routing, list[Incident]]) -> None:
    routing, (first, *_) = event
    end(store, first, routing, NOW + 2 * HOUR, actor="ana")
    assert [one.incident_id for one in sent(store, NOW + 2 * HOUR)] == [first.id]


@pytest.mark.parametrize("event", RECEIVERS, indirect=True)
def test_an_end_that_is_being_sent_says_no_more(store: Store, event: tuple[Routing, list[Incident]]) -> None:
    (routing, (_, second, _, fourth)), over = event, NOW + 2 * HOUR
    end(store, second, routing, over)
    later = over + EVENTS["trouble_over"].pause
    assert StoredOutbox(store).claim_notice(later, 60, "http://localhost") is not None
    end(store, fourth, routing, later)
    ends = [one.incident_id for one in store.query(notices.recent) if one.event == "trouble_over"]
    assert ends == [fourth.id, second.id]


def test_one_endpoint_alone_is_over_at_once(store: Store) -> None:
    store.change(declared.remember, [MONEY.model_copy(update={"endpoints": ("a",)})], [A], NOW)
    routing = Routing(("slack",))
    incident = outage(store, A, routing)
    sent(store, NOW)
    end(store, incident, routing, NOW + HOUR)
    assert [one.event for one in sent(store, NOW + HOUR)] == ["trouble_over"]


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_another_cause_at_many_endpoints_of_one_event_is_two_messages_at_most(store: Store, receiver: str) -> None:
    names = "abcdefgh"
    fleet = [Endpoint(name=name, provider="openai", model=f"gpt-{name}") for name in names]
    store.change(declared.remember, [MONEY.model_copy(update={"endpoints": tuple(names)})], fleet, NOW)
    routing, at = Routing((receiver,)), NOW + HOUR
    opened = [outage(store, one, routing) for one in fleet]
    sent(store, at)

    def becomes(place: int, kind: str, seconds: int) -> None:
        assert isinstance(opened[place], Trouble)
        now = replace(opened[place], kind=kind, cause=kind)  # type: ignore[arg-type]
        opened[place] = carry(
            store, Decision("cause_changed", now, event="cause_changed"), routing, at + timedelta(seconds=seconds)
        )

    becomes(0, "out_of_credit", 0)
    first = sent(store, at)
    assert [one.about.also for one in first] == [() if not tracks(receiver) else first[0].about.also], "at once"
    for place in range(1, 7):
        becomes(place, "out_of_credit", place)
    becomes(7, "unauthorized", 8)
    rest = [*sent(store, at + timedelta(seconds=8)), *sent(store, at + 2 * MINUTE)]
    if tracks(receiver):
        assert len(rest) == 7, "an alert of each incident"
        return
    other, gathered = rest
    assert (other.endpoint, other.about.also) == ("h", ()), "of another cause: at once, and by itself"
    assert (gathered.endpoint, [part.endpoint for part in gathered.about.also]) == ("b", ["a", *"cdefg"])


def test_a_change_of_an_endpoint_with_two_names_is_one_incident_that_names_both(store: Store) -> None:
    again = A.model_copy(update={"name": "a-again", "api_key_env": "OTHER"})
    probes = MONEY.model_copy(update={"endpoints": ("a", "a-again")})
    store.change(declared.remember, [probes], [A, again], NOW)
    complete(store, NOW - DAY, endpoint=A)
    incident = changed(store, A)
    (notice, *_) = sent(store, NOW + HOUR)
    assert notice.endpoint == "a" and notice.about.also == (Part("a-again", incident.id, False),)
    assert dict(compose(notice).paragraphs)["Also"] == f"a-again (incident {incident.id})"
    alone = MONEY.model_copy(update={"endpoints": ("a",)})
    store.change(declared.remember, [alone], [A], NOW)
    carry(store, accept(incident, "ana", "", NOW), Routing(("slack",)), NOW + HOUR)
    assert {one.about.also for one in sent(store, NOW + 2 * HOUR)} == {()}, "a name that is asked no more is not named"
