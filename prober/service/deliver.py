"""Delivery: claim one notice, send it, **then** mark it. Who is owed one is decided in `prober.service.decisions`.

A crash between sending and marking leaves a lease that expires, and the notice is sent again: better twice than never.
What can tell that it was already sent (see `prober.alerts.slack.bot`) does so by `Notice.attempts`.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from prober.alerts import Alerter
from prober.alerts.post import OUTAGES, within
from prober.incidents.events import EVENTS
from prober.incidents.routing import READ_BY_PEOPLE, Routing, Subject
from prober.incidents.runbooks import choose
from prober.model.incident import Event
from prober.model.notice import DaemonNews, IncidentNews, Notice, Outcome, ReportNews
from prober.service.decisions import alike_parts
from prober.status.report import weekly
from prober.status.triage import triage_of
from prober.store import Store, Transaction, incidents, notices, notified
from prober.store.notices import EVERY_LANE, Lane
from prober.store.pages.notices import notice_of
from prober.text import count, private

LEASE_S = 300.0
"""Longer than any one sending takes, so that two processes never send the same notice at once."""
SENDING_S = 120.0
"""Longest that one sending may take, with all the calls it is made of."""
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 3600.0
LONGEST_ASKED_WAIT_S = 6 * 3600.0
"""The longest pause that a `Retry-After` can ask for."""
MOST_ATTEMPTS = 100
"""About four days of tries; by then the news is old, and a person must look."""
MOST_REFUSALS = 8
"""About an hour of tries of what the channel answers with a word nobody knows: later news waits behind it."""

REPEAT_S = 120.0
"""Between two repetitions to a receiver that forgets."""
REPEATED_FOR = timedelta(minutes=15)
"""How long an end is repeated."""

logger = logging.getLogger(__name__)
_tell = partial(logger.log, logging.ERROR)  # without a traceback: that may show what a reply says


class Outbox(Protocol):
    """The notices owed: a store's, or a stand-in."""

    def claim_notice(self, now: datetime, lease_s: float, dashboard_url: str) -> Notice | None:
        """The oldest notice that is due and not leased, now leased; None where there is none.

        Claiming counts as a try: of a notice claimed before, `attempts` is above 0 even if that try never settled.
        """
        ...

    def settle_notice(self, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
        """Record what became of a claimed notice: sent, owed again at `retry_at`, or (None) failed for good."""
        ...


class StoredOutbox:
    """The notices of one lane that a store owes."""

    def __init__(self, store: Store, lane: Lane = EVERY_LANE) -> None:
        self._store = store
        self._lane = lane

    def claim_notice(self, now: datetime, lease_s: float, dashboard_url: str) -> Notice | None:
        """As `Outbox` says. Raises StoreError."""
        notice_id = self._store.change(notices.claim, now, lease_s, self._lane)
        if notice_id is None:
            return None
        notice = self._store.query(notice_of, notice_id, dashboard_url, now)
        if isinstance(notice.about, ReportNews):
            return replace(notice, about=self._store.query(weekly, notice.at))
        return self._store.query(_explained, notice, now)

    def settle_notice(self, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
        """As `Outbox` says. Raises StoreError."""
        self._store.change(notices.settle, notice_id, outcome, retry_at, now)


def _explained(tx: Transaction, notice: Notice, now: datetime) -> Notice:
    """With what explains an incident that is not over, and the runbook that fits it. No notice is held up by that."""
    about, incident_id = notice.about, notice.incident_id
    if not isinstance(about, IncidentNews) or incident_id is None or about.state == "closed":
        return notice
    incident = incidents.get(tx, incident_id)
    if incident is None:
        return notice
    if EVENTS[notice.event].folds and notice.alerter in READ_BY_PEOPLE:
        same = alike_parts(tx, incident, notice.event)
        about = replace(about, also=tuple(part for part in about.also if part.incident_id in (*same, incident_id)))
        notice = replace(notice, about=about)
    try:
        found = triage_of(tx, incident, now)
    except Exception as error:
        _tell("incident %d has no triage in its notice: %s", incident_id, type(error).__name__)
        return notice
    runbook = choose(incident) if found is None else found.runbook
    return replace(notice, about=replace(about, triage=found.words if found else "", runbook=runbook))


class UnstoredOutbox:
    """News of the database itself, kept in memory: it is lost with the process. For one thread at a time."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Notice, datetime]] = {}
        """By id: what is owed, and when it may be tried."""
        self._numbers = itertools.count(1)

    def owe(self, notice: Notice) -> None:
        number = next(self._numbers)
        self._waiting[number] = (replace(notice, id=number), notice.at)

    def claim_notice(self, now: datetime, lease_s: float, dashboard_url: str) -> Notice | None:
        """As `Outbox` says."""
        for notice, at in list(self._waiting.values())[:1]:  # in order: an end never comes before its beginning
            if at <= now or at > now + timedelta(seconds=LONGEST_ASKED_WAIT_S):
                return replace(notice, dashboard_url=dashboard_url)
        return None

    def settle_notice(self, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
        """As `Outbox` says."""
        notice, _ = self._waiting.pop(notice_id)
        if retry_at is not None and not outcome.sent:
            again = {notice_id: (replace(notice, attempts=notice.attempts + 1), retry_at)}
            self._waiting = again | self._waiting


@dataclass(frozen=True, slots=True)
class Delivery:
    """One unit of work done."""

    notice: Notice
    outcome: Outcome
    retry_at: datetime | None
    """When it is tried again; None where it was sent or has failed for good."""


def deliver(
    outbox: Outbox, alerters: Sequence[Alerter], now: Callable[[], datetime], dashboard_url: str
) -> Delivery | None:
    """Deliver one notice that is due; None where none is. Raises only what the outbox raises."""
    notice = outbox.claim_notice(now(), LEASE_S, dashboard_url)
    if notice is None:
        return None
    outcome = _send(notice, alerters)
    settled_at = now()
    retry_at = _retry_at(notice, outcome, settled_at)
    if retry_at is None and not outcome.sent and not outcome.permanent:
        outcome = Outcome(False, f"gave up after {count(notice.attempts + 1, 'try')}: {outcome.reason}", permanent=True)
    outbox.settle_notice(notice.id, outcome, retry_at, settled_at)
    _log(notice, outcome, retry_at)
    return Delivery(notice, outcome, retry_at)


def repeat(store: Store, alerter: Alerter, dashboard_url: str, now: datetime) -> None:
    """Send again what holds, to a receiver that forgets it; no more, where it does not take one. Raises StoreError."""
    for notice in store.query(_held, alerter.name, dashboard_url, now):
        if not _send(notice, [alerter]).sent:
            return


def _held(tx: Transaction, alerter: str, dashboard_url: str, now: datetime) -> list[Notice]:
    """The newest notice of each thing that fires; and of what ended lately, for another process may have repeated that
    it fires just then."""
    newest: dict[tuple[int | Event, str], int] = {}
    for number, incident_id, endpoint, event, sent_at in notified.sent_to(tx, alerter, now):
        rule = EVENTS[event]
        about = incident_id or rule.after or event, endpoint
        if rule.phase == "resolved" and sent_at < now - REPEATED_FOR:
            newest.pop(about, None)
        elif rule.phase is not None:
            newest[about] = number
    return [notice_of(tx, number, dashboard_url, now) for number in newest.values()]


def backoff_s(attempts: int) -> float:
    """Seconds to wait after a try that `attempts` tries came before: doubles from 30 s to an hour."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts, 20))


def _send(notice: Notice, alerters: Sequence[Alerter]) -> Outcome:
    alerter = next((alerter for alerter in alerters if alerter.name == notice.alerter), None)
    if alerter is None:
        return Outcome(
            False, f"not_configured: {notice.alerter} was configured when this notice was written", permanent=True
        )
    try:
        return within(SENDING_S, lambda: alerter.send(private(notice)))
    except Exception as error:
        # A fault in one alerter must not stop the others' notices. Its message could hold an address with a secret.
        return Outcome(False, f"alerter_fault: {type(error).__name__}")


def _retry_at(notice: Notice, outcome: Outcome, now: datetime) -> datetime | None:
    most = MOST_ATTEMPTS if outcome.reason.startswith(OUTAGES) else MOST_REFUSALS
    if outcome.sent or outcome.permanent or notice.attempts + 1 >= most:
        return None
    wait_s = max(backoff_s(notice.attempts), min(outcome.retry_after_s or 0.0, LONGEST_ASKED_WAIT_S))
    return now + timedelta(seconds=wait_s)


def _log(notice: Notice, outcome: Outcome, retry_at: datetime | None) -> None:
    about = (notice.id, notice.incident_id or 0, notice.alerter)
    ids = {"notice": notice.id, "incident": notice.incident_id}
    if outcome.sent:
        logger.info("notice %d of incident %d to %s: %s", *about, outcome.reason, extra=ids)
    elif retry_at is not None:
        logger.warning(
            "notice %d of incident %d to %s: %s; again at %s", *about, outcome.reason, retry_at.isoformat(), extra=ids
        )
    else:
        logger.error("notice %d of incident %d to %s was NOT delivered: %s", *about, outcome.reason, extra=ids)


def news_of_database(event: Event, cause: str, routing: Routing, now: datetime) -> tuple[Notice, ...]:
    """News that no database can keep: one notice a target, at once."""
    severity = EVENTS[event].severity or "warning"
    before: Event = EVENTS[event].after or event  # of the end the same people are notified
    return tuple(
        Notice(
            id=0,
            alerter=owed.target.alerter,
            channel=owed.target.channel,
            attempts=0,
            event=event,
            severity=severity,
            at=now,
            source=None,
            about=DaemonNews(cause, "database"),
            dashboard_url="",
            reason=event,
        )
        for owed in routing.route(Subject(event=before, severity="critical"), now)
    )
