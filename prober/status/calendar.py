"""Shutdown dates as an iCalendar file (RFC 5545): one whole-day event a model, with reminders. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from prober.incidents.retirement import WARNED_AHEAD, gate_command, words
from prober.model.retirement import Retiring
from prober.text import one_line


def calendar(found: Iterable[Retiring], now: datetime) -> bytes:
    """The file. An event keeps its UID when its date moves, so that importing again moves it."""
    made = Calendar()
    made.add("prodid", "-//canary-prober//retirement//EN")
    made.add("version", "2.0")
    for one in found:
        made.add_component(_event(one, now))
    written: bytes = made.to_ical()
    return written


def _event(one: Retiring, now: datetime) -> Event:
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
        alarm.add("description", one_line(f"{retirement.model} {what} in {ahead} days"))
        alarm.add("trigger", timedelta(days=-ahead))
        event.add_component(alarm)
    return event


def _said(one: Retiring) -> str:
    """Without how many days are left: a file is read later than it is written."""
    said = words(one, one.retirement.on - timedelta(days=1))
    return one_line(said.replace(" (in 1 day)", ""))
