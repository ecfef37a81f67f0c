"""Until when the models of the endpoints are served, by whoever says so; and those days as an iCalendar file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prober.incidents.retirement import WARNED_AHEAD, counts, gate_command, words
from prober.model.retirement import Retiring
from prober.store import Transaction, retirements
from prober.text import count, one_line

if TYPE_CHECKING:
    from icalendar import Event


def retiring_of(tx: Transaction, endpoint: str) -> Retiring | None:
    """What is known of one endpoint; None where nobody says anything."""
    return next(iter(retiring(tx, endpoint)), None)


def retiring(tx: Transaction, endpoint: str | None = None) -> Sequence[Retiring]:
    """Every endpoint, as it is declared now, whose model has a date; the nearest first."""
    found = []
    for name, said in retirements.said(tx, endpoint).items():
        first = counts([one for one, _ in said])
        if first is not None:
            others = tuple(one for one, _ in said if one is not first)
            warned = next(ahead for one, ahead in said if one is first)
            found.append(Retiring(name, first, others, warned))
    return sorted(found, key=lambda one: (one.retirement.on, one.endpoint))


def calendar(found: Iterable[Retiring], now: datetime) -> bytes:
    """An iCalendar file (RFC 5545): one whole-day event a model, with reminders.

    An event keeps its UID when its date moves, so that importing again moves it.
    """
    from icalendar import Calendar  # heavy, and most who read this file write none

    made = Calendar()
    made.add("prodid", "-//canary-prober//retirement//EN")
    made.add("version", "2.0")
    for one in found:
        made.add_component(_event(one, now))
    written: bytes = made.to_ical()
    return written


def _event(one: Retiring, now: datetime) -> Event:
    from icalendar import Alarm, Event

    retirement = one.retirement
    what = "is shut down" if retirement.kind == "shutdown" else "is deprecated"
    event = Event()
    key = f"{one.endpoint}\0{retirement.model}\0{retirement.kind}"
    event.add("uid", f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@canary-prober")
    event.add("dtstamp", now)
    event.add("dtstart", retirement.on)
    event.add("dtend", retirement.on + timedelta(days=1))
    event.add("summary", one_line(f"{one.endpoint}: {retirement.model} {what}"))
    event.add("description", f"{_said(one)}\n{gate_command(one)}")
    event.add("transp", "TRANSPARENT")
    for ahead in WARNED_AHEAD[:-1]:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", one_line(f"{retirement.model} {what} in {count(ahead, 'day')}"))
        alarm.add("trigger", timedelta(days=-ahead))
        event.add_component(alarm)
    return event


def _said(one: Retiring) -> str:
    """Without how many days are left: a file is read later than it is written."""
    said = words(one, one.retirement.on - timedelta(days=1))
    return one_line(said.replace(" (in 1 day)", ""))
