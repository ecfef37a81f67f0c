"""What is owed, to whom and when: routes, mutes, reminders, digests, maintenance, staleness, order; old databases."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from prober.alerts.message import compose
from prober.incidents.clock import DAYS
from prober.incidents.routing import Routing
from prober.incidents.trouble import trouble
from prober.model.alerting import Alerts, Digest, QuietHours, Route, WeeklyReport
from prober.model.decision import Action, Decision
from prober.model.incident import Incident, Measured
from prober.model.notice import EndpointNews, Notice, Outcome
from prober.model.watch import Health
from prober.service.act import try_to_act
from prober.service.decisions import notify_of_no_incident
from prober.service.deliver import StoredOutbox, repeat
from prober.service.settle import settle as settle_round
from prober.service.upkeep import check_freshness, look_at_incidents, may_be_news, owe_weekly_report
from prober.status.report import markdown, report
from prober.store import Store, daemons, declared, incidents, judge_state, notices
from prober.store import rounds as stored_rounds
from prober.store.pages import overview
from tests.store.world import (
    BILLING,
    CHAT,
    DAY,
    HASH,
    MONEY,
    NAMES,
    NOW,
    SEARCH,
    SILENT,
    alarm,
    begin,
    carry,
    complete,
    declare,
    judge,
    make_old,
    miss,
    observe,
    record,
    verdict,
)

HOUR = timedelta(hours=1)


def settle(store: Store, notice: Notice, sent: bool = True, reason: str = "sent", at=NOW) -> None:
    outcome = Outcome(sent, reason, receipt=f"C/{notice.id}" if sent else "")
    store.change(notices.settle, notice.id, outcome, None if sent else at + HOUR, at)


def deliver(store: Store, at=NOW) -> list[Notice]:
    """Everything that is due, sent."""
    sent = []
    while (notice := StoredOutbox(store).claim_notice(at, 60, "")) is not None:
        settle(store, notice, at=at)
        sent.append(notice)
    return sent


def events(store: Store, **where: object) -> list[str]:
    rows = [
        one for one in store.query(notices.recent) if all(getattr(one, name) == value for name, value in where.items())
    ]
    return [one.event for one in reversed(rows)]


def failing(store: Store, incident: Incident | None = None, at=NOW, endpoint=BILLING) -> Incident:
    """Trouble, opened."""
    rounds = [Health(f"2026-03-01T1{n}:00:00.000000Z", 4, 4, "unauthorized") for n in range(3)]
    decision = trouble(incident, rounds, endpoint.name, endpoint.content_hash, at)
    return carry(store, decision, NAMES, at)


def test_every_click_is_kept_with_its_author_and_what_came_of_it(store: Store) -> None:
    incident = alarm(store)
    for press in (
        Action("acknowledge", "ana", "looking", via="slack"),
        Action("acknowledge", "bo"),
        Action("unmute", "bo"),
    ):
        assert try_to_act(store, incident.id, press, NAMES, NOW) is not None
    assert try_to_act(store, 99, Action("accept", "bo"), NAMES, NOW) is None
    assert [
        (one.action, one.actor, one.note, one.via, one.reason)
        for one in reversed(store.query(incidents.actions, incident.id))
    ] == [
        ("acknowledge", "ana", "looking", "slack", "acknowledged"),
        ("acknowledge", "bo", "", "shell", "already_acknowledged"),
        ("unmute", "bo", "", "shell", "not_muted"),
    ]
    held = store.query(incidents.get, incident.id)
    assert held is not None and (held.state, held.actor, held.acknowledged_at) == ("acknowledged", "ana", NOW)
    assert events(store, alerter="log") == ["opened", "acknowledged"], "late presses tell nobody anything"


@pytest.mark.slow
@pytest.mark.parametrize(("action", "is_kept"), [("close", True), ("accept", False)])
def test_readers_know_a_change_that_was_closed_since_the_newest_alarm(store: Store, action: str, is_kept: bool) -> None:
    incident = alarm(store)
    try_to_act(store, incident.id, Action(action, "ana"), NAMES, NOW + HOUR)  # type: ignore[arg-type]
    seen = next(one for one in store.query(overview.endpoints) if one.name == incident.endpoint)
    assert (seen.state, seen.open_incident) == ("alarm", None)
    assert seen.closed_incident is not None and seen.closed_incident.actor == "ana"
    assert seen.reference_began_at == (None if is_kept else NOW + HOUR)


@pytest.mark.slow
def test_a_mute_ends_by_itself_and_nobody_is_notified_meanwhile(store: Store) -> None:
    incident = alarm(store)
    try_to_act(store, incident.id, Action("mute", "ana", until=NOW + 2 * DAY), NAMES, NOW)
    assert look_at_incidents(store, NAMES, NOW + DAY) == ()
    (decision,) = look_at_incidents(store, NAMES, NOW + 2 * DAY)
    assert (decision.reason, events(store, alerter="log")) == ("mute_expired", ["opened", "muted", "unmuted"])
    assert look_at_incidents(store, NAMES, NOW + 2 * DAY) == (), "once"
    (decision,) = look_at_incidents(store, NAMES, NOW + 3 * DAY)
    assert decision.reason == "reminder_due"


@pytest.mark.slow
def test_what_nobody_acknowledges_goes_to_others_once_also_after_a_restart(url: str) -> None:
    first, later = Route(to=("slack", "log")), Route(to=("webhook",), severity="warning", after="30m")
    routing = Routing(("slack", "log", "webhook"), Alerts(routes=(first, later)))
    with Store.open(url) as store:
        incident = alarm(store)
        assert look_at_incidents(store, routing, NOW + timedelta(minutes=29)) == ()
    for n in range(3):
        with Store.open(url) as store:
            decided = look_at_incidents(store, routing, NOW + timedelta(minutes=30 + n))
            assert [one.reason for one in decided] == (["not_acknowledged"] if n == 0 else [])
    with Store.open(url) as store:
        (notice,) = [one for one in deliver(store, NOW + HOUR) if one.alerter == "webhook"]
        assert (notice.event, compose(notice).title.partition(" · ")[0]) == (
            "unacknowledged",
            "Not acknowledged, warning",
        )
        try_to_act(store, incident.id, Action("acknowledge", "ana"), routing, NOW + HOUR)
        assert events(store, alerter="webhook") == ["unacknowledged", "acknowledged"], "news of it goes there as well"
        more = Route(to=("pagerduty",), after="2h")
        again = Routing(("slack", "log", "webhook", "pagerduty"), Alerts(routes=(first, later, more)))
        assert look_at_incidents(store, again, NOW + 30 * DAY) == (), "somebody has acknowledged it"


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [DAY, 900 * DAY])
def test_a_mute_set_by_a_clock_that_was_ahead_lasts_as_long_as_was_meant(store: Store, ahead: timedelta) -> None:
    incident = alarm(store)
    try_to_act(store, incident.id, Action("mute", "ana", until=NOW + ahead + 4 * HOUR), NAMES, NOW + ahead)
    (moved,) = look_at_incidents(store, NAMES, NOW)
    assert (moved.reason, moved.incident and moved.incident.muted_until) == ("mute_moved", NOW + 4 * HOUR)
    assert look_at_incidents(store, NAMES, NOW + HOUR) == ()
    (decision,) = look_at_incidents(store, NAMES, NOW + 4 * HOUR)
    assert (decision.reason, events(store, alerter="log")) == ("mute_expired", ["opened", "muted", "unmuted"])


def test_what_gets_worse_ends_a_mute(store: Store) -> None:
    incident = alarm(store)
    try_to_act(store, incident.id, Action("mute", "ana"), NAMES, NOW)
    complete(store, NOW + HOUR, judgement=judge("", "alarm", verdict(), verdict("refusal")))
    worse = store.query(incidents.get, incident.id)
    assert worse is not None and (worse.state, worse.severity, worse.muted_until) == ("open", "critical", None)
    assert events(store, alerter="log") == ["opened", "muted", "escalated"]


def test_routes_ask_for_owner_tag_and_severity_of_the_sets_that_moved(store: Store) -> None:
    tagged = MONEY.model_copy(update={"tags": ("prod",)})
    store.change(declared.remember, [tagged, CHAT], [BILLING, SEARCH], NOW)
    routes = (
        Route(to=("slack:#payments",), owners=("payments",), tags=("prod",)),
        Route(to=("slack:#support",), owners=("support",)),
        Route(to=("pager",), severity="critical", private=True),
    )
    routing = Routing(("slack", "pager"), Alerts(routes=routes))
    incident = alarm(store)
    told = try_to_act(store, incident.id, Action("acknowledge", "ana"), routing, NOW)
    assert told is not None
    carry(store, Decision("more_serious", told[0], "escalated"), routing, NOW)
    places = {
        (one.alerter, one.channel, one.private) for one in store.query(notices.recent) if one.event == "escalated"
    }
    assert places == {("slack", "#payments", False), ("slack", "", False), ("log", "", False)}


def test_what_was_kept_from_a_place_stays_so_whoever_acts(store: Store) -> None:
    declare(store)
    routes = (Route(to=("slack:#open",)), Route(to=("slack:#private",), private=True))
    incident = alarm(store)
    routing = Routing(("slack",), Alerts(routes=routes))
    carry(store, Decision("more_serious", incident, "escalated"), routing, NOW)
    try_to_act(store, incident.id, Action("acknowledge", "ana", via="dashboard"), Routing(()), NOW)
    told = {one.channel: one.private for one in store.query(notices.recent) if one.event == "acknowledged"}
    assert told == {"#open": False, "#private": True, "": False}


@pytest.mark.slow
def test_a_message_knows_the_first_one_in_the_same_place_and_the_history(store: Store) -> None:
    declare(store)
    for day in range(3):
        complete(store, NOW + day * DAY, judgement=judge("", "quiet", verdict(e_value=2.0)))
        of_another_set = judge("", "quiet", verdict(e_value=7.0))
        complete(store, NOW + day * DAY + timedelta(hours=1), probe_set="chat", judgement=of_another_set)
    incident = alarm(store, NOW + 3 * DAY)
    first, *_ = deliver(store, NOW + 3 * DAY)
    assert (first.root, first.about.state, first.severity, first.reason) == ("", "open", "warning", "change_confirmed")
    assert [point.e_value for point in first.about.history] == [2.0, 2.0, 2.0, 812.5]
    assert (first.about.history_unit, first.about.history_set) == ("ratio to reference", "money")
    try_to_act(store, incident.id, Action("mute", "ana", "known", NOW + 5 * DAY), NAMES, NOW + 4 * DAY)
    (notice, other) = deliver(store, NOW + 4 * DAY)
    assert (notice.root, other.root) == ("C/1", "C/2")
    assert (notice.about.state, notice.about.muted_until, notice.about.note, notice.event) == (
        "muted",
        NOW + 5 * DAY,
        "known",
        "muted",
    )


@pytest.mark.slow
def test_news_arrives_in_order_after_an_outage(store: Store) -> None:
    incident = alarm(store)
    first = StoredOutbox(store).claim_notice(NOW, 60, "")
    assert first is not None
    settle(store, first, sent=False, reason="timeout")
    try_to_act(store, incident.id, Action("acknowledge", "ana"), NAMES, NOW)
    there = deliver(store)
    assert {one.alerter for one in there} == {"log"}, "slack waits for its first"
    late = [one for one in deliver(store, NOW + HOUR) if one.alerter == "slack"]
    assert [one.event for one in late] == ["opened", "acknowledged"]


@pytest.mark.slow
def test_what_a_fault_of_ours_holds_up_holds_up_nothing_else(store: Store) -> None:
    incident = alarm(store)
    first = StoredOutbox(store).claim_notice(NOW, 60, "")
    assert first is not None
    settle(store, first, sent=False, reason="alerter_fault: KeyError")
    try_to_act(store, incident.id, Action("acknowledge", "ana"), NAMES, NOW)
    assert [one.event for one in deliver(store) if one.alerter == "slack"] == ["acknowledged"]


@pytest.mark.slow
def test_a_night_of_small_changes_is_one_digest(store: Store) -> None:
    declare(store)
    night = NOW.replace(hour=23)
    alerts = Alerts(quiet_hours=QuietHours(start="22:00", end="07:00"), digest=Digest(at="09:00"), private=True)
    routing = Routing(("slack",), alerts)
    claim = begin(store, night)
    record(store, claim, observe(at=night))
    judged = judge(claim.round.label, "alarm", verdict())
    settle_round(store, claim, BILLING, judged, "{}", routing, night, rule=SILENT)
    store.change(
        notify_of_no_incident, "stale", routing, night, endpoint="search", cause="no rounds", reason="rounds_overdue"
    )
    assert [one.state for one in store.query(notices.recent)] == ["held", "held"]
    assert deliver(store, night + 9 * HOUR) == []
    morning = night + 10 * HOUR
    look_at_incidents(store, routing, morning)
    (digest,) = deliver(store, morning)
    assert (digest.event, digest.incident_id, digest.private) == ("digest", None, True)
    assert [(one.event, one.endpoint, one.kind, one.words) for one in digest.about.items] == [
        ("opened", "billing", "behaviour_change", "34 % longer"),
        ("stale", "search", "stale", "no rounds"),
    ]
    assert {one.state for one in store.query(notices.recent)} == {"sent", "digested"}
    look_at_incidents(store, routing, morning)
    assert deliver(store, morning) == []


@pytest.mark.slow
def test_in_maintenance_news_waits_until_the_work_is_over(store: Store) -> None:
    declare(store)
    alarm(store)
    deliver(store)
    store.change(daemons.announce, "billing", NOW + 6 * HOUR, "ana", "upgrade", NOW)
    assert [one.note for one in store.query(daemons.not_over, "billing", now=NOW)] == ["upgrade"]
    complete(store, NOW + HOUR, judgement=judge("", "alarm", verdict(), verdict("refusal")))
    assert deliver(store, NOW + 2 * HOUR) == []
    assert {one.hold for one in store.query(notices.recent) if one.event == "escalated"} == {"maintenance"}
    assert store.change(daemons.end, "billing", NOW + 2 * HOUR) == 1
    assert [one.event for one in deliver(store, NOW + 2 * HOUR)] == ["escalated", "escalated"]
    assert store.query(daemons.not_over, now=NOW + 2 * HOUR) == ()


@pytest.mark.slow
def test_trouble_stands_beside_a_change_and_is_shown_apart(store: Store) -> None:
    declare(store)
    change, standing = alarm(store), failing(store)
    assert (store.query(incidents.open_change, HASH), store.query(incidents.open_of, HASH).trouble) == (
        change,
        standing,
    )
    (view, _) = store.query(overview.endpoints)
    assert (view.open_incident, view.trouble) == (change, standing)
    assert events(store, incident_id=standing.id, alerter="log") == ["trouble"]
    (told,) = [one for one in deliver(store) if one.event == "trouble" and one.alerter == "log"]
    assert (told.about.kind, told.about.cause) == ("unauthorized", "unauthorized")


def test_endpoints_of_one_provider_that_fail_together_are_one_call(store: Store) -> None:
    other = BILLING.model_copy(update={"name": "billing2", "model": "gpt-x"})
    store.change(declared.remember, [MONEY, CHAT], [BILLING, SEARCH, other], NOW)
    alarm(store)
    first = failing(store)
    second = failing(store, at=NOW + HOUR, endpoint=other)
    assert second.part_of == first.id, "not of the change that stands open too"
    assert events(store, incident_id=first.id, alerter="log") == ["trouble"], "the first, not sent yet, names both"
    failing(store, endpoint=SEARCH)
    assert events(store, alerter="log").count("trouble") == 2, "another provider"


def test_the_health_of_an_endpoint_counts_rounds_it_could_not_pay_for(store: Store) -> None:
    declare(store)
    complete(store, NOW)
    for number, reason in ((1, "budget_exhausted: 5 of 5"), (2, "config_changed: edited")):
        claimed = store.change(
            stored_rounds.claim,
            store.change(stored_rounds.due, BILLING, "money", NOW + number * HOUR),
            "w",
            NOW + number * HOUR,
            60,
        )
        assert claimed is not None
        miss(store, claimed, reason, NOW + number * HOUR)
    last = complete(store, NOW + 3 * HOUR)
    health = store.query(judge_state.health, last, 12)
    assert [(one.asked, one.failure[:16]) for one in health] == [(1, ""), (0, "budget_exhausted"), (1, "")]


@pytest.mark.slow
def test_stale_and_fresh_are_reported_once_and_to_the_same(store: Store) -> None:
    declare(store)
    complete(store, NOW)
    late = NOW + DAY

    def news(deadline: datetime) -> frozenset[str]:
        return may_be_news(store, {HASH: (NOW - DAY, deadline)}, late)

    assert check_freshness(store, BILLING, NOW - DAY, NOW, NAMES, NOW).event is None
    assert (news(NOW), news(late - HOUR)) == (frozenset(), {HASH})
    assert check_freshness(store, BILLING, NOW - DAY, late - HOUR, Routing(("log",)), late).event == "stale"
    assert check_freshness(store, BILLING, NOW - DAY, late - HOUR, Routing(("log",)), late).event is None
    assert news(late - HOUR) == frozenset()
    again = check_freshness(store, BILLING, late, late - HOUR, Routing(("log",)), late)
    assert again.event is None, "a daemon that is started again has completed no round"
    assert store.query(overview.endpoints)[0].stale_since == late
    complete(store, late)
    assert news(late - HOUR) == {HASH}
    assert check_freshness(store, BILLING, NOW - DAY, late - HOUR, NAMES, late).event == "fresh"
    assert [(one.event, one.alerter, one.endpoint) for one in reversed(store.query(notices.recent))] == [
        ("stale", "log", "billing"), ("fresh", "log", "billing"),
    ]  # fmt: skip
    (stale, _) = deliver(store, late)
    assert stale.source is not None and isinstance(stale.about, EndpointNews)
    assert (stale.incident_id, stale.endpoint, stale.source.owner) == (None, "billing", "support, payments")
    assert stale.about.cause.startswith("no completed round in 3 schedules; the last one 2026-03-01 12:00")


def test_an_endpoint_in_trouble_is_not_called_stale_as_well(store: Store) -> None:
    declare(store)
    failing(store)
    assert check_freshness(store, BILLING, NOW, NOW + DAY, NAMES, NOW + DAY).event is None
    assert may_be_news(store, {HASH: (NOW, NOW + DAY)}, NOW + DAY) == frozenset()


def test_an_endpoint_whose_rounds_are_held_back_is_not_called_stale_as_well(store: Store) -> None:
    declare(store)
    complete(store, NOW)
    late = NOW + DAY
    spends = Measured(
        id=0, endpoint="billing", endpoint_hash=HASH, state="open", kind="runaway", onset="x", detected_round="x",
        opened_at=NOW, about="money", detail="", cause="tokens are 9 times the plan",
    )  # fmt: skip
    with store.write() as tx:
        held = incidents.save(tx, spends)
    assert check_freshness(store, BILLING, NOW - DAY, late - HOUR, NAMES, late).event is None
    assert may_be_news(store, {HASH: (NOW - DAY, late - HOUR)}, late) == frozenset()
    with store.write() as tx:
        incidents.save(tx, replace(held, state="closed", closed_at=late))
    assert check_freshness(store, BILLING, NOW - DAY, late - HOUR, NAMES, late).event == "stale"


def test_an_edited_endpoint_leaves_no_incident_behind(store: Store) -> None:
    declare(store)
    incident = alarm(store)
    assert look_at_incidents(store, NAMES, NOW) == ()
    store.change(declared.remember, [MONEY, CHAT], [BILLING.model_copy(update={"model": "gpt-5"}), SEARCH], NOW)
    (decision,) = look_at_incidents(store, NAMES, NOW)
    closed = store.query(incidents.get, incident.id)
    assert closed is not None
    assert (decision.reason, closed.close_reason, closed.cause) == (
        "config_changed",
        "superseded",
        "the endpoint was edited",
    )
    assert events(store, alerter="log") == ["opened", "superseded"]


@pytest.mark.slow
def test_a_change_after_a_change_takes_its_place_with_a_message_of_its_own(store: Store) -> None:
    first = alarm(store, NOW, verdict("choice"))
    strong = replace(verdict("choice"), log_e=math.log(812.5))
    for hour in range(1, 5):
        complete(store, NOW + hour * HOUR, judgement=judge("", "alarm", strong))
    held = store.query(incidents.get, first.id)
    assert held is not None
    stays = replace(held, course="persistent", settled_round="2026-03-01T16:00:00.000000Z", rounds_after=4)
    carry(store, Decision("persistent", stays))
    new = verdict("text", onset="2026-03-01T17:00:00.000000Z")
    complete(store, NOW + 5 * HOUR, judgement=judge("", "alarm", new, strong))
    second, old = store.query(incidents.recent)
    assert (old.close_reason, old.cause, second.state) == ("superseded", f"incident {second.id}", "open")
    assert second.onset == "2026-03-01T17:00:00.000000Z"
    assert events(store, alerter="log") == ["opened", "superseded", "opened"]


@pytest.mark.slow
def test_what_was_only_suspected_is_listed_nowhere_and_reported_to_nobody(store: Store) -> None:
    declare(store)
    complete(store, NOW, judgement=judge("", "suspected", verdict(e_value=50.0)))
    assert store.query(incidents.recent) == () and store.query(overview.endpoints)[0].open_incident is None
    (suspected,) = store.query(incidents.recent, state="suspected")
    complete(store, NOW + HOUR)
    assert store.query(incidents.get, suspected.id).close_reason == "faded"  # type: ignore[union-attr]
    assert store.query(incidents.recent) == () and store.query(notices.recent) == ()
    complete(store, NOW + 2 * HOUR, judgement=judge("", "suspected", verdict(e_value=50.0)))
    incident = alarm(store, NOW + 3 * HOUR)
    assert (incident.id, incident.state, incident.opened_at) == (2, "open", NOW + 3 * HOUR), "the same row, confirmed"


OLD = """INSERT INTO incident (endpoint, endpoint_hash, state, kind, onset, detected_round, opened_at, e_value, threshold,
verdicts, course, rounds_after, findings, together, close_reason, actor, note) VALUES ('billing', 'h', 'open',
'contract_break', 'r1', 'r2', '2026-03-01 12:00:00', 900, 365, {}, 'unknown', 0, {}, '[]', '', '', '')"""


@pytest.mark.slow
def test_an_older_database_keeps_its_incidents_and_notices(empty_url: str) -> None:
    from prober.model.evidence import Findings
    from prober.store.codec import pack_findings, pack_verdicts

    def blob(data: bytes) -> str:
        return f"'\\x{data.hex()}'::bytea" if empty_url.startswith("postgresql") else f"x'{data.hex()}'"

    make_old(
        empty_url,
        "0002",
        OLD.format(blob(pack_verdicts((verdict("length"),))), blob(pack_findings(Findings()))),
        "INSERT INTO notice (incident_id, event, alerter, state, attempts, created_at, next_try_at, last_reason,"
        " receipt) VALUES (1, 'opened', 'slack', 'sent', 1, '2026-03-01 12:00:00', '2026-03-01 12:00:00', 'sent',"
        " 'C/1')",
    )
    with Store.open(empty_url) as store:
        (incident,) = store.query(incidents.recent)
        assert (incident.id, incident.severity, incident.state) == (1, "critical", "open"), "worked out from what moved"
        assert try_to_act(store, 1, Action("acknowledge", "ana"), Routing(("log",)), NOW) is not None
        new, old = store.query(notices.recent)
        assert (old.id, old.receipt, old.reason, new.alerter) == (1, "C/1", "", "slack")
        assert new.id > old.id


@pytest.mark.slow
@pytest.mark.parametrize("action", ["acknowledge", "mute", "accept", "close"])
def test_an_incident_from_before_is_acted_on_like_any_other(store: Store, action: str) -> None:
    incident = alarm(store)
    pressed = try_to_act(store, incident.id, Action(action, "ana", "why"), NAMES, NOW)  # type: ignore[arg-type]
    assert pressed is not None
    after, decision = pressed
    assert after == store.query(incidents.get, incident.id) and after.actor == "ana" and decision.incident == after
    assert len(store.query(judge_state.epochs, "billing")) == (action == "accept")


@pytest.mark.slow
def test_news_of_a_part_belongs_under_the_message_of_the_whole(store: Store) -> None:
    other = BILLING.model_copy(update={"name": "billing2", "model": "gpt-x"})
    store.change(declared.remember, [MONEY, CHAT], [BILLING, SEARCH, other], NOW)
    failing(store)
    (first, _) = deliver(store)
    part = failing(store, at=NOW + HOUR, endpoint=other)
    (joined, _) = deliver(store, NOW + 2 * HOUR)
    assert (joined.event, joined.follows, joined.root) == ("joined", f"C/{first.id}", f"C/{first.id}")
    try_to_act(store, part.id, Action("close", "ana"), NAMES, NOW + 2 * HOUR)
    (over, _) = deliver(store, NOW + 2 * HOUR)
    assert (over.event, over.incident_id, over.root, over.follows) == ("trouble_over", part.id, "", f"C/{first.id}")


@pytest.mark.slow
def test_several_daemons_owe_the_weekly_report_once(store: Store, url: str) -> None:
    declare(store)
    weekly = WeeklyReport(to=("slack:#product", "log"), day=DAYS[NOW.weekday()], at=f"{NOW:%H:%M}")
    routing = Routing(("slack", "log"), Alerts(weekly_report=weekly))
    begun = threading.Barrier(4)

    def look() -> int:
        with Store.open(url) as mine:
            begun.wait(30)
            return sum(owe_weekly_report(mine, routing, NOW + timedelta(seconds=n)) for n in range(3))

    with ThreadPoolExecutor(4) as pool:
        owed = [one.result() for one in [pool.submit(look) for _ in range(4)]]
    assert sorted(owed) == [0, 0, 0, 2]
    assert owe_weekly_report(store, routing, NOW + 23 * HOUR) == 0
    later = weekly.model_copy(update={"at": f"{NOW + HOUR:%H:%M}"})
    moved = Routing(("slack", "log"), Alerts(weekly_report=later))
    assert owe_weekly_report(store, moved, NOW + HOUR) == 0, "moved to a later hour of the same day"
    assert owe_weekly_report(store, routing, NOW + 7 * DAY) == 2
    found = deliver(store, NOW + 7 * DAY)
    assert [(one.alerter, one.channel, one.event) for one in found] == [
        ("slack", "#product", "weekly_report"), ("log", "", "weekly_report"),
    ] * 2  # fmt: skip
    said = {one.about.markdown for one in found if one.at == found[0].at}
    assert said == {markdown(store.query(report, 7, found[0].at))}, "what the verb prints"


class Forgetful:
    """A receiver that keeps what fires in memory only."""

    name = "log"

    def __init__(self, *, up: bool = True) -> None:
        self.got: list[tuple[str, str, tuple[str, ...]]] = []
        self.up = up

    def send(self, notice: Notice) -> Outcome:
        self.got.append((notice.event, notice.endpoint, notice.fired))
        return Outcome(self.up, "sent" if self.up else "unreachable")


def test_what_fires_is_repeated_until_it_is_over_and_its_end_for_a_while(store: Store) -> None:
    def repeated(at: datetime, *, up: bool = True) -> list[tuple[str, str, tuple[str, ...]]]:
        receiver = Forgetful(up=up)
        repeat(store, receiver, "", at)
        return receiver.got

    declare(store)
    incident = failing(store)
    check_freshness(store, SEARCH, NOW - DAY, NOW, Routing(("log",)), NOW)
    assert repeated(NOW) == [], "nothing that was not sent"
    deliver(store)
    assert sorted(repeated(NOW + 5 * DAY)) == [("stale", "search", ()), ("trouble", "billing", ())]
    assert len(repeated(NOW, up=False)) == 1, "a receiver that is down is left alone"

    over = NOW + 5 * DAY
    complete(store, over, endpoint=SEARCH, probe_set="chat")
    check_freshness(store, SEARCH, NOW - DAY, over - HOUR, Routing(("log",)), over)
    assert try_to_act(store, incident.id, Action("close", "ana"), NAMES, over) is not None
    deliver(store, over)
    ended = [("fresh", "search", ()), ("trouble_over", "billing", (incident.severity,))]
    assert sorted(repeated(over + timedelta(minutes=5))) == ended
    assert repeated(over + timedelta(minutes=20)) == []
