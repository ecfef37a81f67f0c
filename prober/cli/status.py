"""`prober status`: where every endpoint stands, whether messages arrive, and whether the prober is at work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import typer

from prober.alerts import open_alerters
from prober.alerts.phrases import candidate_words, minute, since_when, thousands
from prober.cli.database import deliver_owed, open_store
from prober.cli.options import AsJson, Database, duration, now_utc, settings_of
from prober.cli.output import Json, complain, delivery_fix, fix_of, of_time, print_json, say, table
from prober.incidents.bill import bill_words
from prober.incidents.clock import attendance
from prober.incidents.measured import HELD_BACK
from prober.incidents.routing import Routing
from prober.incidents.severity import gravity
from prober.model.allowance import AccountView
from prober.model.budget import whose
from prober.model.errors import ConfigurationError, StoreError
from prober.model.incident import Measured
from prober.model.sample import FoundShift
from prober.model.watch import CACHE_OFF, DaemonStatus, cause_in_words
from prober.service.upkeep import look_for_silent_daemons
from prober.status.advice import title
from prober.status.as_json import of_account, of_bill, of_budget, of_candidate, of_endpoint
from prober.status.endpoint_status import EndpointStatus, exit_code
from prober.status.expectation import Expectation, expect, undelivered
from prober.status.gathering import NO_WORDS, PROTECTIONS, lasting
from prober.status.metrics import exposition, without_database
from prober.status.objectives import stored_objectives
from prober.status.system_status import SystemStatus, system_status
from prober.store import Store
from prober.store.samples import Feature
from prober.store.views import BudgetView, DeliveryView
from prober.text import count, one_line

app = typer.Typer(add_completion=False)

_NEARLY_SPENT: Final = 0.8
"""Share of a limit from which on it is always shown."""


@app.command()
def status(
    expect_every: Annotated[
        str | None,
        typer.Option(
            "--expect-every",
            metavar="TIME",
            help="Only check that every endpoint answered within this time, such as 2h, and that a daemon is running.",
        ),
    ] = None,
    notify: Annotated[
        bool,
        typer.Option("--notify", help="With --expect-every: notify all recipients, once, of a daemon that is silent."),
    ] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="Prometheus' text format on standard output.")] = False,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Show the state of every endpoint, whether messages arrive, and whether a daemon is running.

    Exit code 1 if an incident is open, except outages and facts that are only news; else 3 if an endpoint is
    unreachable, stale or not judged yet, or if there is no endpoint; else 0. With --expect-every: 0 if every endpoint
    answered in time and a daemon is running, else 3.
    With --metrics: always 0.
    """
    every = None if expect_every is None else duration("--expect-every", expect_every)
    if notify and every is None:
        raise ConfigurationError("--notify goes with --expect-every; write how often rounds are expected")
    now = now_utc()
    try:
        with open_store(database, read_only=True) as store:
            whole = system_status(store, now)
            standing = store.query(stored_objectives, now) if metrics else ()
    except StoreError:
        typer.echo(without_database() if metrics else "", nl=False)
        raise
    statuses, deliveries, daemon_statuses = whole.endpoints, whole.deliveries, whole.daemons
    beside = whole.candidates
    if metrics:
        page = exposition(
            statuses, deliveries, daemon_statuses, now, whole.budgets, whole.features, whole.shifts, whole.accounts,
            standing, whole.bills,
        )  # fmt: skip
        typer.echo(page, nl=False)
        return 0
    expected = None if every is None else expect(every, statuses, daemon_statuses, now)
    if notify and expected is not None and expected.silent:
        _notify(database)
    if as_json:
        print_json(_whole(whole, expected, now))
    elif expected is not None:
        _say_expected(expected, deliveries, now)
    else:
        gravest = [*_silence(daemon_statuses, now), *_not_followed(daemon_statuses), *_troubled(deliveries)]
        say(*gravest, *([""] if gravest else []))  # first, because the rest may be long
        _show(statuses)
        say(*(_feature_words(one, whole.shifts) for one in whole.features))
        say(*(f"{one.endpoint}: beside it, {candidate_words(one)}" for one in beside))
        say(*_budget_words(whole.budgets))
        say(*map(_account_words, whole.accounts))
        say(*(one_line(bill_words(one, now)) for one in whole.bills if one.has_cost))
    if expected is not None:
        return 0 if expected.is_met else 3
    return exit_code(statuses)


def _notify(database: str | None) -> None:
    """Notify all recipients: the declarations that would route the notice may be what broke."""
    settings = settings_of(database)
    alerters = open_alerters(settings)
    with Store.open(settings.database_url) as store:
        look_for_silent_daemons(store, Routing(tuple(alerter.name for alerter in alerters)), now_utc())
        deliver_owed(store, alerters, settings.dashboard_url)


def _whole(found: SystemStatus, expected: Expectation | None, now: datetime) -> Json:
    whole: Json = {
        "endpoints": [of_endpoint(one) for one in found.endpoints],
        "deliveries": [_of_delivery(one) for one in found.deliveries],
        "daemons": [
            {
                "worker": one.worker,
                "started_at": of_time(one.started_at),
                "seen_at": of_time(one.seen_at),
                "stopped_at": of_time(one.stopped_at),
                "endpoints": one.endpoints,
                "file_problems": one.file_problems,
            }
            for one in found.daemons
        ],
        "candidates": [of_candidate(one) for one in found.candidates],
        "budgets": [of_budget(one) for one in found.budgets],
        "accounts": [of_account(one) for one in found.accounts],
        "samples": [_of_feature(one, found.shifts) for one in found.features],
        "bills": [of_bill(one, now) for one in found.bills],
    }
    if expected is not None:
        whole["expected"] = {
            "met": expected.is_met,
            "every_s": expected.every.total_seconds(),
            "endpoints": expected.endpoints,
            "overdue": [one.endpoint for one in expected.overdue],
            "silent": [one.worker for one in expected.silent],
        }
    return whole


def _of_feature(one: Feature, shifts: Sequence[FoundShift]) -> Json:
    return {
        "endpoint": one.endpoint,
        "feature": one.name,
        "stored": one.stored,
        "failed": one.failed,
        "dropped": one.dropped,
        "newest_at": of_time(one.newest_at),
        "shifts": [
            {"side": each.side, "onset": of_time(each.onset), "found_at": of_time(each.found_at), "words": each.words}
            for each in shifts
            if (each.endpoint, each.feature) == (one.endpoint, one.name)
        ],
    }


def _feature_words(one: Feature, shifts: Sequence[FoundShift]) -> str:
    """In one line, with the newest shift of either side. May hold hostile text."""
    said = [
        f"; {each.side} shifted at {minute(each.onset)}: {each.words}"
        for each in shifts
        if (each.endpoint, each.feature) == (one.endpoint, one.name)
    ]
    newest = f", the newest {minute(one.newest_at)}" if one.newest_at else ""
    counted = f"{count(one.stored, 'sample')}{newest}, {one.dropped:,} dropped"
    return one_line(f"live samples of {one.name} on {one.endpoint}: {counted}{''.join(said)}")


def _of_delivery(one: DeliveryView) -> Json:
    return {
        "alerter": one.alerter,
        "channel": one.channel,
        "owed": one.owed,
        "held": one.held,
        "sent": one.sent,
        "failed": one.failed,
        "last_sent_at": of_time(one.last_sent_at),
        "failing": one.failing,
        "last_reason": one.last_reason,
        "since": of_time(one.since),
        "fix": delivery_fix(one.last_reason) if one.failing else "",
    }


def _say_expected(expected: Expectation, deliveries: Sequence[DeliveryView], now: datetime) -> None:
    """Problems go to standard error, so that cron sends them even if the rest is discarded."""
    complain(*expected.words(now), *_troubled(deliveries))
    if expected.is_met:
        say(f"Every endpoint answered within {lasting(expected.every)}: {', '.join(expected.endpoints)}")


def _budget_words(budgets: Sequence[BudgetView]) -> list[str]:
    """The fullest limit, and all others of which little is left."""
    shown = [one for number, one in enumerate(budgets) if number == 0 or one.share >= _NEARLY_SPENT]
    return [one_line(f"budget of {whose(one.scope)}: {one.limit.words(one.spent)}") for one in shown]


def _account_words(one: AccountView) -> str:
    used = [
        f"{each.used:,} of {each.most:,} {each.unit} a minute{'' if each.is_declared else ' (named by the provider)'}"
        for each in one.limits
    ]
    waiting = [f"{count(one.waiting, 'ask')} waiting"] if one.waiting else []
    blocked = [f"the provider asks to wait until {minute(one.blocked_until)}"] if one.blocked_until else []
    return f"{', '.join(one.endpoints)}: {'; '.join([*used, *waiting, *blocked])}"


def _silence(daemon_statuses: Sequence[DaemonStatus], now: datetime) -> list[str]:
    """The gravest, so the first: everything else may be old."""
    since = attendance(daemon_statuses, now).silent_since
    said = "nothing is asked, so what follows is from before then. Start `prober run` again."
    return [f"The prober fell silent at {minute(since)}: {said}"] if since else []


def _not_followed(daemon_statuses: Sequence[DaemonStatus]) -> list[str]:
    """Daemons whose files are broken, so that they go on with what was declared before."""
    return [
        f"{one.worker}: its probe files are BROKEN; the previous declarations stay in use until they are fixed:"
        + "".join(f"\n  {one_line(problem)}" for problem in one.file_problems)
        for one in daemon_statuses
        if one.file_problems and one.stopped_at is None
    ]


def _troubled(deliveries: Sequence[DeliveryView]) -> list[str]:
    """Places that messages do not reach."""
    return [undelivered(one, delivery_fix(one.last_reason)) for one in deliveries if one.last_reason]


def _show(statuses: Sequence[EndpointStatus]) -> None:
    if not statuses:
        say("The database knows no endpoint yet: `prober once` asks one round, `prober run` keeps going.")
        return
    table(
        ("endpoint", "state", "evidence", "last round", "rounds", "missed", "failed asks", "open incident", "notices"),
        [_row(one) for one in statuses],
    )
    alike: dict[str, list[str]] = {}
    for one in statuses:
        for line in _open_words(one):
            alike.setdefault(line, []).append(one.name)
    say(*(f"{_names(names)}: {line}" for line, names in alike.items()))
    say(
        *(
            f"{one.name}: no fresh rounds; people were notified at {minute(one.endpoint.stale_since)}"
            for one in statuses
            if one.endpoint.stale_since
        ),
        *(
            f"{one.name}: a cache answered {count(cached, 'ask')} of the last round; cached replies are not judged. "
            f"To fix: {fix_of('cached')}"
            for one in statuses
            if (cached := one.endpoint.last_round_cached) and CACHE_OFF not in one.why
        ),
        *(
            f"{one.name}: its newest round claims to have been completed at {minute(one.clock_ahead_at)}, which is in "
            "the future; it does not count. Check the clock of the machine that runs the daemon"
            for one in statuses
            if one.clock_ahead_at
        ),
    )


def _names(names: Sequence[str]) -> str:
    """A few names for a sentence; the table above has all of them."""
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _open_words(one: EndpointStatus) -> list[str]:
    """Why it is in this state, where that is more than quiet, and a line for each incident beside it; without its name:
    what holds for many endpoints is said once."""
    is_fine = one.state == "quiet" and NO_WORDS not in one.why
    said = [] if is_fine else [_reason(one)]
    view = one.endpoint
    others = [
        *((each, f"{each.headline}; {each.detail}; {HELD_BACK}") for each in view.runaways),
        *((each, one_line(_measured(each))) for each in view.measured),
        *((each, each.headline) for each in view.open_facts),
    ]
    others.sort(key=lambda pair: gravity(pair[0].severity))
    return said + [
        f"{each.severity} since {since_when(each.onset, each.opened_at)}: {words} (incident {each.id})"
        for each, words in others
    ]


def _measured(each: Measured) -> str:
    """What was measured, once: the line about an objective ends with the standing that its headline shortens."""
    if each.kind != "objective_missed":
        return f"{each.headline}; {each.detail}"
    said, _, _ = each.headline.partition(": ")
    return f"{said}: {each.detail}"


def _row(one: EndpointStatus) -> tuple[str, ...]:
    view = one.endpoint
    last = f", last {cause_in_words(view.last_failure)}" if view.last_failure else ""
    return (
        one.name,
        # It answers as the reference did, and yet somebody must look.
        title(one.beside[0]).lower() if one.state == "quiet" and one.beside else one.shown,
        f"{thousands(view.e_value)} of {thousands(view.threshold)}" if view.threshold else "none",
        minute(view.last_completed_at) if view.last_completed_at else "none",
        str(view.rounds),
        str(view.missed),
        f"{view.failed_asks} of {view.asks}{last}",
        f"{one.incident.id}: {title(one.incident).lower()}, {one.incident.state}" if one.incident else "none",
        _notices(one),
    )


def _reason(one: EndpointStatus) -> str:
    """Why it is in this state, and since when."""
    since = f" since {minute(one.since)}" if one.since else ""
    is_asked = one.state != "unreachable"  # what a reference lacks says nothing while nothing is answered
    missing = f"; {one.missing}" if is_asked and one.missing and one.missing != one.why else ""
    incident = f" (incident {one.incident.id}, {one.incident.state})" if one.incident else ""
    judged = f"; evidence from {minute(one.judged_from)} on" if one.judged_from and is_asked else ""
    judged += f"; next round at {minute(one.next_round_at)}" if one.next_round_at else ""
    judged += f"; until {minute(one.paused_until)}" if one.paused_until else ""
    already = "; ".join(PROTECTIONS[name] for name in one.protected_by if is_asked)
    watched = f"\n  watched already: {already}" if already else ""
    why = one.why.removeprefix(f"is {one.shown}: ")
    return f"{one.shown}{since}: {why}{missing}{judged}{incident}{watched}"


def _notices(one: EndpointStatus) -> str:
    counts = ((one.endpoint.notices_owed, "owed"), (one.endpoint.notices_failed, "failed"))
    return ", ".join(f"{count} {state}" for count, state in counts if count) or "all sent"
