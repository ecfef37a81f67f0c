"""Who is told of what, and when: routes, quiet hours across midnight and summer time, digests, maintenance."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from prober.incidents.routing import Routing, Subject
from prober.model.alerting import Alerts, Digest, QuietHours, Route, Target, WeeklyReport
from prober.model.declaration import Maintenance
from prober.model.errors import ConfigurationError

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
NIGHT = NOON.replace(hour=23)
MORNING = datetime(2026, 3, 5, 7, tzinfo=UTC)
QUIET = QuietHours(start="22:00", end="07:00")
OPENED = Subject("opened", "warning", "acme/gpt", ("billing",), ("prod",))
SLACK, BILLING, PAGER = Target("slack"), Target("slack", "#billing"), Target("pagerduty")


def routing(**alerts) -> Routing:
    return Routing(("slack", "pagerduty", "log"), Alerts(**alerts))


def targets(routing: Routing, subject: Subject, now: datetime = NOON) -> dict[str, str]:
    """`alerter:channel` → why."""
    owed = routing.route(subject, now)
    return {f"{one.target.alerter}:{one.target.channel}".rstrip(":"): one.reason for one in owed}


def waits(routing: Routing, subject: Subject, now: datetime) -> tuple[datetime, str]:
    """When it is told, and why not at once; the same for every target."""
    ((at, hold),) = {(one.at, one.hold) for one in routing.route(subject, now)}
    return at, hold


def test_without_routes_everyone_is_notified_at_once() -> None:
    everyone = {"slack": "unrouted", "pagerduty": "unrouted", "log": "unrouted"}
    assert targets(routing(), OPENED) == everyone
    assert waits(routing(), OPENED, NIGHT) == (NIGHT, "")
    assert [one.target.alerter for one in Routing(("log", "log")).route(OPENED, NOON)] == ["log"]


@pytest.mark.parametrize(
    ("route", "fits"),
    [
        ({"owners": ("billing",)}, True),
        ({"owners": ("search",)}, False),
        ({"tags": ("prod", "eu")}, True),
        ({"tags": ("eu",)}, False),
        ({"severity": "warning"}, True),
        ({"severity": "critical"}, False),
        ({"endpoints": ("acme/*",)}, True),
        ({"endpoints": ("acme/gpt",)}, True),
        ({"endpoints": ("acme",)}, False),
        ({"owners": ("billing",), "severity": "critical"}, False),
    ],
)
def test_all_that_a_route_names_must_be_so(route: dict, fits: bool) -> None:
    chosen = targets(routing(routes=(Route(to=("slack:#billing",), **route),)), OPENED)
    assert chosen == ({"slack:#billing": "routed"} if fits else targets(routing(), OPENED)), (
        "what fits none, goes to all"
    )


def test_every_route_that_fits_is_taken_and_a_place_named_twice_is_notified_once() -> None:
    both = routing(routes=(Route(to=("slack:#billing", "slack")), Route(to=("slack", "pagerduty"))))
    assert targets(both, OPENED) == {"slack:#billing": "routed", "slack": "routed", "pagerduty": "routed"}


LATER = (
    Route(to=("slack",)),
    Route(to=("pagerduty",), severity="critical", after="30m"),
    Route(to=("slack:#managers",), severity="critical", after="4h"),
)


def test_a_route_for_later_is_taken_where_nobody_acknowledges() -> None:
    critical = replace(OPENED, severity="critical", notified=(SLACK,))
    escalating = routing(routes=LATER)
    assert targets(escalating, replace(critical, notified=())) == {"slack": "routed"}
    for minutes, whom in ((29, {}), (30, {"pagerduty"}), (240, {"pagerduty", "slack:#managers"})):
        waiting = replace(critical, event="unacknowledged", waits_for=timedelta(minutes=minutes))
        assert targets(escalating, waiting) == dict.fromkeys(whom, "escalated")
        assert escalating.escalates(waiting, NOON) == bool(whom)
        assert targets(escalating, replace(waiting, severity="warning")) == {}
    late = replace(critical, event="unacknowledged", waits_for=timedelta(hours=5))
    assert targets(escalating, replace(late, notified=(SLACK, PAGER))) == {"slack:#managers": "escalated"}
    # How it goes on is reported to them as to anyone.
    over = replace(critical, event="acknowledged", notified=(SLACK, PAGER))
    assert targets(escalating, over) == {"slack": "notified_before", "pagerduty": "notified_before"}


def test_where_only_routes_for_later_fit_the_others_are_first() -> None:
    only = routing(routes=LATER[1:])
    assert targets(only, replace(OPENED, severity="critical")) == {"slack": "unrouted", "log": "unrouted"}


def test_quiet_hours_and_maintenance_put_an_escalation_off() -> None:
    quiet = routing(routes=(Route(to=("slack",)), Route(to=("pagerduty",), after="30m")), quiet_hours=QUIET)
    waiting = replace(OPENED, event="unacknowledged", notified=(SLACK,), waits_for=timedelta(hours=2))
    assert quiet.escalates(waiting, NOON) and not quiet.escalates(waiting, NIGHT)
    assert quiet.escalates(replace(waiting, severity="critical"), NIGHT)
    assert not quiet.escalates(replace(waiting, busy_until=NOON + timedelta(hours=1)), NOON)


def test_what_a_provider_says_anew_is_read_once_a_day_where_it_is_no_more_than_info() -> None:
    plain = routing(timezone="Europe/Berlin")
    for event in ("fact", "fact_over", "fact_acknowledged"):
        subject = replace(OPENED, event=event, severity="info", notified=(SLACK, PAGER, Target("log")))
        when = {one.target.alerter: (one.at, one.hold) for one in plain.route(subject, NOON)}
        assert when["slack"] == (datetime(2026, 3, 5, 8, tzinfo=UTC), "digest"), "nine in Berlin"
        assert when["pagerduty"] == when["log"] == (NOON, "")
        louder = {one.target.alerter: one.hold for one in plain.route(replace(subject, severity="warning"), NOON)}
        assert louder["slack"] == "", "a rule of the endpoint makes it a warning"


def test_how_it_goes_on_is_reported_to_whoever_was_notified_and_to_nobody_else() -> None:
    critical = routing(routes=(Route(to=("slack",)), Route(to=("pagerduty",), severity="critical")))
    told = replace(OPENED, notified=(BILLING,))
    for event in ("acknowledged", "muted", "recovered", "accepted", "superseded", "closed", "passed", "trouble_over"):
        assert targets(critical, replace(told, event=event)) == {"slack:#billing": "notified_before"}
    worse = replace(told, event="escalated", severity="critical")
    assert targets(critical, worse) == {"slack": "routed", "pagerduty": "routed", "slack:#billing": "notified_before"}


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (NIGHT, MORNING),
        (MORNING - timedelta(minutes=1), MORNING),
        (MORNING, None),
        (NOON, None),
        (NOON.replace(hour=22), MORNING),
    ],
)
def test_quiet_hours_go_over_midnight(now: datetime, until: datetime | None) -> None:
    assert routing(quiet_hours=QUIET).quiet_until(now) == until


def test_quiet_hours_are_of_a_zone_and_know_summer_time() -> None:
    berlin = routing(quiet_hours=QUIET, timezone="Europe/Berlin")
    assert berlin.quiet_until(datetime(2026, 1, 5, 21, 30, tzinfo=UTC)) == datetime(2026, 1, 6, 6, tzinfo=UTC)
    spring = datetime(2026, 3, 28, 22, tzinfo=UTC)  # the clocks go forward that night
    assert berlin.quiet_until(spring) == datetime(2026, 3, 29, 5, tzinfo=UTC)


def test_quiet_days_and_a_whole_day() -> None:
    weekend = routing(quiet_hours=QuietHours(start="00:00", end="00:00", days=("sat", "sun")))
    saturday = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert weekend.quiet_until(saturday) == datetime(2026, 3, 8, tzinfo=UTC)
    assert weekend.quiet_until(NOON) is None


@pytest.mark.parametrize("event", ["opened", "joined", "escalated", "reminded", "trouble", "stale"])
def test_what_is_critical_wakes_people_and_the_rest_waits(event: str) -> None:
    quiet = routing(quiet_hours=QUIET)
    subject = replace(OPENED, event=event)
    assert waits(quiet, subject, NIGHT) == (MORNING, "quiet_hours")
    assert waits(quiet, replace(subject, severity="critical"), NIGHT) == (NIGHT, "")
    digest = routing(quiet_hours=QUIET, digest=Digest(at="09:00"))
    assert waits(digest, subject, NIGHT) == (MORNING.replace(hour=9), "digest")
    assert waits(digest, subject, NOON) == (NOON, "")


def test_what_need_not_wake_anyone_always_waits_for_the_digest() -> None:
    digest = routing(digest=Digest(at="11:00"))
    assert waits(digest, replace(OPENED, severity="info"), NOON) == (NOON.replace(day=5, hour=11), "digest")
    early = routing(digest=Digest(at="06:00"), quiet_hours=QuietHours(start="22:00", end="07:00", days=("wed",)))
    assert waits(early, OPENED, NIGHT) == (datetime(2026, 3, 6, 6, tzinfo=UTC), "digest"), "not within quiet hours"


def test_good_news_never_goes_under_in_a_digest_and_a_person_waits_for_nothing() -> None:
    digest = routing(quiet_hours=QUIET, digest=Digest(at="09:00", severities=("info", "warning")))
    told = replace(OPENED, notified=(SLACK,))
    assert waits(digest, replace(told, event="recovered"), NIGHT) == (MORNING, "quiet_hours")
    assert waits(digest, replace(told, event="recovered"), NOON) == (NOON, "")
    for event in ("acknowledged", "muted", "accepted"):
        assert waits(digest, replace(told, event=event), NIGHT) == (NIGHT, "")


def test_nobody_is_woken_in_maintenance_however_bad_it_is() -> None:
    window = Maintenance(at="11:00", lasts="2h")
    declared = Routing(("slack",), Alerts(), {"acme/gpt": (window,)})
    critical = replace(OPENED, severity="critical")
    assert waits(declared, critical, NOON) == (NOON + timedelta(hours=1), "maintenance")
    assert waits(declared, replace(critical, endpoint="other"), NOON) == (NOON, "")
    assert waits(declared, replace(critical, event="recovered", notified=(SLACK,)), NOON) == (NOON, "")
    longer = replace(critical, busy_until=NOON + timedelta(hours=5))
    assert waits(declared, longer, NOON) == (NOON + timedelta(hours=5), "maintenance")


def test_what_is_kept_from_a_place_by_one_route_is_not_shown_there_by_another() -> None:
    routes = (Route(to=("slack:#all",), private=True), Route(to=("slack:#all", "slack:#billing")))
    shown = {one.target.channel: one.private for one in routing(routes=routes).route(OPENED, NOON)}
    assert shown == {"#all": True, "#billing": False}
    later = replace(OPENED, event="recovered", notified=(Target("slack", "#all"), BILLING))
    assert {one.target.channel: one.private for one in routing(routes=routes).route(later, NOON)} == shown
    assert all(one.private for one in routing(private=True).route(OPENED, NOON))


def test_a_route_to_nowhere_is_refused_at_start() -> None:
    misspelt = Routing(("slack",), Alerts(routes=(Route(to=("slak:#x",)),)))
    with pytest.raises(ConfigurationError, match='a route leads to "slak"; write one of: log, slack'):
        misspelt.check(["slack", "log"])
    absent = Routing(("slack",), Alerts(routes=(Route(to=("log",)),)))
    with pytest.raises(ConfigurationError, match='leads to "log", which this environment does not configure'):
        absent.check(["slack", "log"])
    Routing(("slack",), Alerts(routes=(Route(to=("slack:#x",)),))).check(["slack", "log"])


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-29T06:59", None),
        ("2026-03-29T07:00", "2026-03-29T07:00"),  # 09:00 in summer time, which began that night
        ("2026-03-30T06:59", "2026-03-29T07:00"),
        ("2026-03-30T07:00", None),
        ("2026-03-22T08:00", "2026-03-22T08:00"),  # 09:00 in winter time
    ],
)
def test_a_weekly_report_is_due_for_a_day_from_its_hour_on(now: str, due: str | None) -> None:
    weekly = WeeklyReport(to=("slack:#billing", "log", "log"), day="sun")
    found = routing(timezone="Europe/Berlin", weekly_report=weekly).weekly_report(
        datetime.fromisoformat(now).replace(tzinfo=UTC)
    )
    assert (found and found[0]) == (due and datetime.fromisoformat(due).replace(tzinfo=UTC))
    assert found is None or [one.target for one in found[1]] == [BILLING, Target("log")]


def test_a_weekly_report_to_what_is_not_configured_is_refused() -> None:
    weekly = WeeklyReport(to=("webhook",))
    with pytest.raises(
        ConfigurationError, match='the weekly report goes to "webhook", which this environment does not'
    ):
        routing(weekly_report=weekly).check({"slack", "webhook"})
