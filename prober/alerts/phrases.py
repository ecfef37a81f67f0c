"""How titles, kinds, evidence, rounds and times are said to people."""

from __future__ import annotations

import contextlib
import math
import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from prober.alerts.kinds import KINDS, OTHER_KIND
from prober.incidents.clock import by_clock_ahead
from prober.incidents.events import EVENTS
from prober.model.comparison import Candidate
from prober.model.declaration import Severity
from prober.model.evidence import Between, facts_headline, headline
from prober.model.incident import PROVISIONAL, Course, Event
from prober.model.notice import (
    ChangeNews,
    DaemonNews,
    Digest,
    EndpointNews,
    FactsNews,
    IncidentNews,
    MeasuredNews,
    Notice,
    ReportNews,
    Source,
    TroubleNews,
)
from prober.model.watch import cause_in_words, trouble_headline
from prober.text import count, one_line, span, visible
from prober.text import number as written

Paragraph: TypeAlias = tuple[str, str]
"""(label, sentence)"""

ALSO_SHOWN = 40
MOST_FACTS = 6
STATE_TITLES = {"acknowledged": "Acknowledged", "muted": "Muted"}
CLOSE_TITLES = {
    "recovered": "Recovered",
    "accepted": "Accepted",
    "dismissed": "False alarm",
    "superseded": "Superseded",
}
TITLE_LIMIT = 150
"""Slack's limit of a header block; everyone else lives with it."""
HEADLINE_LIMIT = 90
"""UTF-16 units of what moved, in a title."""
NAME_SHOWN = 30
"""Characters of an endpoint's name that a title has room for, before it names the model."""
MODEL_LIMIT = 40


def event_title(event: Event, severity: Severity, kind: str = "") -> str:
    """The first words about an event of an incident of this kind."""
    words = KINDS.get(kind, OTHER_KIND).title.lower()
    return EVENTS[event].title.format(severity=severity, Severity=severity.title(), kind=words)


def title_of_event(notice: Notice) -> str:
    """The first words about what a notice reports."""
    about = notice.about
    if isinstance(about, IncidentNews) and about.is_closed_by_hand and EVENTS[notice.event].phase == "resolved":
        return closing(about)
    return event_title(notice.event, notice.severity, about.kind if isinstance(about, IncidentNews) else "")


def cause_before(incident: IncidentNews) -> str:
    """What the cause of trouble is now, and was before."""
    before = incident.cause_before if isinstance(incident, TroubleNews) else ""
    now, earlier = (visible(cause_in_words(one), 100, lines=False) for one in (incident.cause, before))
    return f"now {now}, before {earlier}."


def current_title(incident: IncidentNews, severity: Severity) -> str:
    """The first words about an incident as it is now."""
    if incident.state == "closed":
        return closing(incident)
    return STATE_TITLES.get(incident.state, severity.title())


def closing(incident: IncidentNews) -> str:
    """Why it closed, in a word."""
    return "Closed by hand" if incident.is_closed_by_hand else CLOSE_TITLES.get(incident.close_reason, "Closed")


def state_words(incident: IncidentNews) -> str:
    """The state of an incident, and who brought it about."""
    by = said_by(incident.actor, incident.note)
    match incident.state:
        case "acknowledged":
            since = f" since {minute(incident.acknowledged_at)}" if incident.acknowledged_at else ""
            return f"acknowledged{since}{by}"
        case "muted":
            until = f" until {minute(incident.muted_until)}" if incident.muted_until else ""
            return f"muted{until}{by}"
        case "closed":
            return f"closed{by}" if incident.is_closed_by_hand else f"closed: {closing(incident).lower()}{by}"
        case _:
            return "open, not acknowledged"


def title_of(notice: Notice, said: str, *, ages: bool = True) -> str:
    """The first line, such as `Critical · support-bot: checks pass 73 % (was 100 %) · for 6 h · gpt-4.1`.

    `said` are its first words. With `ages` it says for how long. A long name is cut: it is written out below, in full.
    """
    said = f"Drill, {said.lower()}" if notice.drill else said
    match notice.about:
        case Digest(items):
            return f"{said}: {count(len(items), 'thing')} that could wait"
        case ReportNews(title):
            return _fitted(f"{said}: ", title, "")
        case EndpointNews(cause) | DaemonNews(cause):
            why = f": {visible(cause, 80, lines=False)}" if cause else ""
            return _fitted(f"{said} · " if notice.endpoint else said, notice.endpoint, why)
        case IncidentNews() as incident:
            was = (
                ", was" if incident.close_reason == "recovered" and not incident.is_closed_by_hand else ""
            )  # not "answers again: does not answer"
            what = f"{was}: {visible(what_happened(incident), HEADLINE_LIMIT, lines=False)}"
            lasted = how_long(notice, incident) if ages else ""
            model = visible(notice.source.model if notice.source else "", MODEL_LIMIT, lines=False)
            tail = "".join(f" · {one}" for one in (lasted, model) if one)
            if len(f"{said} · {what}{tail}") > TITLE_LIMIT - NAME_SHOWN:  # the model is said below, too
                tail = f" · {lasted}" if lasted else ""
            return _fitted(f"{said} · ", notice.endpoint, f"{what}{tail}")


def what_happened(incident: IncidentNews) -> str:
    """In half a line, as `model.incident.Incident.headline` says it."""
    match incident:
        case FactsNews(facts=facts) if facts:
            return facts_headline(facts)
        case TroubleNews() as trouble:
            return trouble_headline(trouble.cause or trouble.kind, trouble.failed_share)
        case MeasuredNews(cause=cause) if cause:
            return cause
        case ChangeNews() as change if change.moved:
            return what_moved(change)
    return KINDS.get(incident.kind, OTHER_KIND).title.lower()


def what_moved(change: ChangeNews) -> str:
    """In half a line."""
    moved = [(one.channel, one.words.strip() or f"{one.channel} moved", one.direction) for one in change.moved]
    return headline(moved, change.facts)


def how_long(notice: Notice, incident: IncidentNews) -> str:
    """`for 6 h` since the onset, `just now`, or `lasted 6 h`; nothing where the onset is no time, or where it ended
    otherwise than by going away."""
    began, now = _moment(incident.onset), notice.as_of or notice.at
    if incident.state == "closed":
        gone = incident.close_reason == "recovered" and incident.closed_at is not None
        return f"lasted {span(utc(incident.closed_at or now) - began)}" if gone and began is not None else ""
    if began is None or began > utc(now):
        return ""
    return f"for {span(utc(now) - began)}" if utc(now) - began >= timedelta(minutes=1) else "just now"


def _fitted(before: str, name: str, after: str) -> str:
    shown = visible(name, max(1, TITLE_LIMIT - len(before) - len(after)), lines=False)
    return visible(before + shown + after, TITLE_LIMIT, lines=False)


def odds(notice: Notice, change: ChangeNews) -> str:
    """How often chance alone would do it, such as `about once in 22 years`."""
    promised = notice.source.false_alarms_per_year if notice.source else 1.0
    return chance(change.e_value, change.threshold, promised).removeprefix("by chance ")


def chance(e_value: float, threshold: float, false_alarms_per_year: float) -> str:
    """How often chance alone would raise evidence this strong, in words.

    If the endpoint is unchanged, an e-detector needs at least `c` rounds on average to reach level `c` (Shin, Ramdas &
    Rinaldo, "E-detectors", 2023), and `threshold` rounds are promised to hold `1 / false_alarms_per_year` years.
    """
    promised = threshold * false_alarms_per_year
    if math.isnan(e_value) or not promised > 0 or not math.isfinite(promised):
        return "by chance at an unknown rate"
    years = e_value / promised
    if years >= 1e6:
        return "by chance less than once in a million years"
    if years >= 1.5:
        return f"by chance about once in {_two_digits(years)} years"
    if years >= 0.75:
        return "by chance about once a year"
    days = years * 365.25
    return f"by chance about once in {_two_digits(days)} days" if days >= 1.5 else "by chance about once a day or more"


def when(label: str) -> str:
    """A round's label for people: an ISO time to the minute, in UTC; `round 0031`; anything else as it stands."""
    if (at := _moment(label)) is not None:
        return minute(at)
    shown = visible(label, 40, lines=False) or "an unknown round"
    return f"round {shown}" if shown.isdigit() else shown


def _moment(label: str) -> datetime | None:
    """What a label names, where it is an ISO time."""
    if re.match(r"\d{4}-\d\d-\d\d[T ]\d", label):
        with contextlib.suppress(ValueError, OverflowError):
            return utc(datetime.fromisoformat(label))
    return None


def between(stretch: Between | None) -> str:
    """` (between 2026-01-29 12:00 and 15:00 UTC)`; nothing where only one round can be meant."""
    if stretch is None or stretch[0] == stretch[1]:
        return ""
    first, last = map(when, stretch)
    day, zone = first[:11], " UTC"
    if first.endswith(zone) and last.startswith(day) and last.endswith(zone):
        return f" (between {first.removesuffix(zone)} and {last.removeprefix(day)})"
    return f" (between {first} and {last})"


def resting_on(e_value: float, replies: int, reference_replies: int) -> str:
    """What the words about a channel rest on: ` (evidence 412, 48 replies against 256)`; nothing where on nothing."""
    evidence = [f"evidence {thousands(e_value)}"] if e_value else []
    counts = [f"{count(replies, 'reply')} against {reference_replies:,}"] if replies and reference_replies else []
    return f" ({', '.join([*evidence, *counts])})" if evidence or counts else ""


def course_words(course: Course, passed: str | None, *, is_provisional: bool = False) -> str:
    """Whether the change persists or has passed; nothing while that is not known."""
    if is_provisional:
        return PROVISIONAL
    if course == "persistent":
        return "persistent: the rounds after the alarm are changed too"
    since = f" since {when(passed)}" if passed else ""
    return f"passed: the endpoint answers as the reference again{since}" if course == "transient" else ""


def thousands(number: float) -> str:
    """An amount of evidence, without false digits."""
    if not math.isfinite(number):
        return "beyond measure" if number > 0 else "unknown"
    return written(number)


def fact_lines(incident: IncidentNews) -> list[Paragraph]:
    """A paragraph for each fact, with its values before and now."""
    shown = [visible(fact.words, 200, lines=False) for fact in incident.facts[:MOST_FACTS]]
    hidden = len(incident.facts) - MOST_FACTS
    return [("Fact", line) for line in (*shown, *([f"and {hidden} more"] if hidden > 0 else []))]


def endpoint_line(source: Source | None) -> Paragraph:
    named = [source.name, source.model, source.owner] if source else ["", "", ""]
    name, model, owner = (visible(text, 120, lines=False) for text in named)
    return "Endpoint", f"{name}, model {model or 'unknown'}, owner {owner or 'unknown'}"


def since_line(incident: IncidentNews) -> Paragraph:
    rounds = f", {count(incident.rounds_since_onset, 'round')}" if incident.rounds_since_onset else ""
    rounds += " so far" if rounds and incident.state != "closed" else ""
    stretch = incident.onset_between if isinstance(incident, ChangeNews) else None
    began = ""
    if stretch is not None and stretch[0] != stretch[1]:
        began = f"; it began between {when(stretch[0])} and {when(stretch[1])} (90 % interval)"
    since = since_when(incident.onset, incident.detected_at)
    return "Since", f"{since}{rounds}{began}; detected {minute(incident.detected_at)}"


def since_when(onset: str, detected_at: datetime) -> str:
    """The first round of an incident; says so where its time is that of a clock that was ahead."""
    return f"{when(onset)}{by_clock_ahead(_moment(onset), utc(detected_at))}"


def lasting_lines(incident: IncidentNews) -> list[Paragraph]:
    if not isinstance(incident, ChangeNews):
        return []
    stays = course_words(incident.course, incident.passed, is_provisional=incident.is_provisional)
    return [("Course", stays)] if stays else []


def also_lines(incident: IncidentNews) -> list[Paragraph]:
    """The other endpoints of the event, and where to find them: where it is over, and where it is not."""
    goes_on = "Not over at" if incident.state == "closed" else "Also"
    named: dict[str, list[str]] = {}
    for part in incident.also:
        where = "suspected" if part.incident_id is None else f"incident {part.incident_id}"
        label = "Over at" if part.is_over else "Also" if part.incident_id is None else goes_on
        named.setdefault(label, []).append(f"{visible(part.endpoint, 60, lines=False)} ({where})")
    return [(label, ", ".join(_most_of(parts))) for label, parts in sorted(named.items(), reverse=True)]


def _most_of(parts: list[str]) -> list[str]:
    hidden = len(parts) - ALSO_SHOWN
    return [*parts[:ALSO_SHOWN], *([f"and {hidden} more"] if hidden > 0 else [])]


def _two_digits(number: float) -> str:
    return f"{round(number, 1 - math.floor(math.log10(number))):,.0f}"


def said_by(actor: str, note: str) -> str:
    """` by alice: asked the provider`; nothing where nobody did it."""
    by = f" by {visible(actor, 120, lines=False)}" if actor else ""
    return f"{by}: {visible(note, 500, lines=False)}" if note else by


def utc(at: datetime) -> datetime:
    """A time without a zone is UTC: some databases forget it."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def iso(at: datetime) -> str:
    """For machines."""
    return utc(at).isoformat().replace("+00:00", "Z")


def minute(at: datetime) -> str:
    """For people."""
    return f"{utc(at):%Y-%m-%d %H:%M} UTC"


def candidate_words(one: Candidate) -> str:
    """A candidate, its state and its verdict in one line."""
    on = f" on {one.endpoint}" if one.kind == "prompt" else ""
    by = f" by {one.actor}" if one.actor else ""
    since = f"since {minute(one.began_at)}" if one.ended_at is None else f"{minute(one.ended_at)}{by}"
    state = one.state.replace("_", " ")
    words = f": {one.words}" if one.words else ""
    return one_line(f"{one.title}{on}, {state} ({count(one.rounds, 'round')}, {since}){words}")
