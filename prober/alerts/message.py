"""What a notice says, in words: `compose` turns a Notice into a Message, which every channel lays out in its own way.

Pure. Every text of a Message is already safe to print: see `prober.alerts.hostile`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from prober.alerts.hostile import link, side_by_side, visible
from prober.notice import Notice

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

TITLE_LIMIT = 150
"""Slack's limit of a header block; everyone else lives with it."""
MOVED_SHOWN = 6
COMPARISONS_SHOWN = 3
PAYLOAD_TEXT_LIMIT = 4000
"""UTF-16 units of one prompt or reply in the webhook's JSON."""


@dataclass(frozen=True, slots=True)
class KindWords:
    """One diagnosis word, as a person says it."""

    title: str
    bad: str
    """How bad it is."""
    check: str
    """What to look at first."""


KINDS: dict[str, KindWords] = {
    "identity_change": KindWords(
        "New identity",
        "what the provider says about the model is not what it was. The answers may differ or not: see what moved.",
        "Ask the provider, or read its changelog: was the model updated, re-routed or retired? Pin a dated version.",
    ),
    "behaviour_change": KindWords(
        "Behaviour change",
        "the same prompts get different answers than before. What depends on them may work worse now.",
        "Run your own evaluation against this endpoint before you trust it with more work.",
    ),
    "contract_break": KindWords(
        "Contract break",
        "answers no longer keep what the probes expect of them. Callers that rely on it are probably failing now.",
        "Look at the callers that parse these answers; fall back to another endpoint if they fail.",
    ),
}
_OTHER_KIND = KindWords("Change", "the endpoint is not what it was.", "Look at what moved.")
_EVENT_TITLES = {"acknowledged": "In hand", "accepted": "Accepted", "closed": "Closed"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A reference and a recent reply, cut to where they first differ."""

    probe: str
    prompt: str
    reference: str
    recent: str


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words. Every text is visible, short, and without markup."""

    title: str
    """What happened, to which endpoint, since when, how sure; one line of at most `TITLE_LIMIT`."""
    paragraphs: tuple[tuple[str, str], ...]
    """(label, sentence), the most important first."""
    moved: tuple[str, ...]
    pairs: tuple[Pair, ...]
    todo: tuple[str, ...]
    """What to do now, in order."""
    links: tuple[tuple[str, str], ...]
    """(label, address); an address may be text that is no link."""


def compose(notice: Notice, reply_limit: int = 500) -> Message:
    """Notice → Message. `reply_limit` is in UTF-16 units a reply; what is left out is named, never hidden."""
    opened = notice.event == "opened"
    return Message(
        title=_title(notice),
        paragraphs=tuple(_paragraphs(notice)),
        moved=_moved(notice) if opened else (),
        pairs=tuple(
            Pair(visible(c.probe, 150, lines=False), visible(c.prompt, 200, lines=False) or "(empty)", *texts)
            for c in notice.comparisons[:COMPARISONS_SHOWN]
            for texts in [side_by_side(c.reference, c.recent, reply_limit)]
        )
        if opened
        else (),
        todo=_todo(notice),
        links=_links(notice),
    )


def chance(e_value: float, threshold: float, false_alarms_per_year: float) -> str:
    """How often chance alone would raise evidence this strong, in words.

    An e-detector needs at least `c` rounds on average to reach level `c` in a still world (Shin, Ramdas & Rinaldo,
    "E-detectors", 2023), and `threshold` rounds are promised to hold `1 / false_alarms_per_year` years.
    """
    promised = threshold * false_alarms_per_year
    if math.isnan(e_value) or not promised > 0 or not math.isfinite(promised):
        return "by chance nobody can say how often"
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
    """A round's label for people: an ISO time to the minute, in UTC; a bare date or number as it stands."""
    if re.match(r"\d{4}-\d\d-\d\d[T ]\d", label):
        with contextlib.suppress(ValueError, OverflowError):
            return _minute(datetime.fromisoformat(label))
    return visible(label, 40, lines=False) or "an unknown round"


def notice_key(notice: Notice) -> str:
    """The same for every try of one notice, and for no other notice of any installation: 32 hex digits."""
    about = [notice.id, notice.incident_id, notice.endpoint, notice.event, _iso(notice.detected_at)]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def plain_text(notice: Notice) -> str:
    """The whole message as text, for a log or a terminal; the first line stands alone."""
    message = compose(notice)
    lines = [message.title, ""]
    lines += [f"{label}: {sentence}" for label, sentence in message.paragraphs]
    if message.moved:
        lines += ["", "What moved", *(f"  - {moved}" for moved in message.moved)]
    for pair in message.pairs:
        lines += ["", f"Probe {pair.probe}: {pair.prompt}"]
        lines += _aligned("reference", pair.reference) + _aligned("recent", pair.recent)
    lines += ["", "What to do now", *(f"  {number}. {step}" for number, step in enumerate(message.todo, 1))]
    lines += ["", *(f"{label}: {address}" for label, address in message.links)]
    return "\n".join(lines)


def payload(notice: Notice) -> dict[str, Json]:
    """The body of the generic webhook, as `docs/webhook.md` describes it."""

    def line(text: str) -> str:
        return visible(text, 300, lines=False)

    return {
        "version": 1,
        "id": notice_key(notice),
        "event": notice.event,
        "drill": notice.drill,
        "title": _title(notice),
        "text": plain_text(notice),
        "incident": {
            "id": notice.incident_id,
            "kind": line(notice.kind),
            "detected_at": _iso(notice.detected_at),
            "onset": line(notice.onset),
            "rounds_since_onset": notice.rounds_since_onset,
            "url": visible(_incident_url(notice), 2000, lines=False),
            "runbook": visible(notice.runbook, 2000, lines=False) if notice.runbook else None,
            "actor": line(notice.actor),
            "note": line(notice.note),
        },
        "endpoint": {"name": line(notice.endpoint), "model": line(notice.model), "owner": line(notice.owner)},
        "evidence": {
            "e_value": _number(notice.e_value),
            "threshold": _number(notice.threshold),
            "false_alarms_per_year": _number(notice.false_alarms_per_year),
            "words": chance(notice.e_value, notice.threshold, notice.false_alarms_per_year),
        },
        "moved": [
            {"channel": line(moved.channel), "e_value": _number(moved.e_value), "words": line(moved.words)}
            for moved in notice.moved[:20]
        ],
        "comparisons": [
            {
                "probe": line(compared.probe),
                "prompt": visible(compared.prompt, PAYLOAD_TEXT_LIMIT),
                "reference": visible(compared.reference, PAYLOAD_TEXT_LIMIT),
                "recent": visible(compared.recent, PAYLOAD_TEXT_LIMIT),
            }
            for compared in notice.comparisons[:5]
        ],
    }


def _title(notice: Notice) -> str:
    """The endpoint's name gives way first: it is written out below, in full."""
    kind = KINDS.get(notice.kind, _OTHER_KIND).title
    before = f"{'Drill: ' if notice.drill else ''}{_EVENT_TITLES.get(notice.event, kind)}: "
    after = f" since {when(notice.onset)}"
    if notice.event == "opened":
        after += f", {chance(notice.e_value, notice.threshold, notice.false_alarms_per_year)}"
    name = visible(notice.endpoint, TITLE_LIMIT - len(before) - len(after), lines=False)
    return visible(before + name + after, TITLE_LIMIT, lines=False)


def _paragraphs(notice: Notice) -> list[tuple[str, str]]:
    kind = KINDS.get(notice.kind, _OTHER_KIND)
    model, owner = visible(notice.model, 120, lines=False), visible(notice.owner, 120, lines=False)
    rounds = f"{notice.rounds_since_onset} round{'' if notice.rounds_since_onset == 1 else 's'}"
    said = [
        ("Endpoint", f"{visible(notice.endpoint, 120, lines=False)}, model {model or 'unknown'}, owner {owner}"),
        ("Since", f"{when(notice.onset)}; detected {_minute(notice.detected_at)}, after {rounds}"),
    ]
    if notice.event != "opened":
        by = visible(notice.actor, 120, lines=False) or "someone"
        note = f": {visible(notice.note, 500, lines=False)}" if notice.note else ""
        return [*said, (_EVENT_TITLES.get(notice.event, "News"), f"by {by}{note}")]
    evidence = (
        f"this would happen {chance(notice.e_value, notice.threshold, notice.false_alarms_per_year)} "
        f"(evidence {_thousands(notice.e_value)}, threshold {_thousands(notice.threshold)}; "
        f"promised false alarms: {notice.false_alarms_per_year:g} a year)"
    )
    drill = [("Drill", "this change was made on purpose, to see that the alarm works.")] if notice.drill else []
    return [*drill, said[0], said[1], ("How sure", evidence), ("How bad", kind.bad)]


def _moved(notice: Notice) -> tuple[str, ...]:
    shown = [
        f"{visible(moved.channel, 60, lines=False)}: {visible(moved.words, 160, lines=False) or 'moved'} "
        f"(evidence {_thousands(moved.e_value)})"
        for moved in notice.moved[:MOVED_SHOWN]
    ]
    hidden = len(notice.moved) - len(shown)
    return (*shown, f"and {hidden} more on the dashboard") if hidden > 0 else tuple(shown)


def _todo(notice: Notice) -> tuple[str, ...]:
    if notice.event == "acknowledged":
        return ("Nothing, unless you can help: the change is in hand.",)
    if notice.event in ("accepted", "closed"):
        return ("Nothing: later rounds are judged against a new reference.",)
    runbook = ("Follow the runbook.",) if notice.runbook else ()
    return (
        "Compare the replies, here and on the dashboard: is it worse, better, or only different?",
        *runbook,
        KINDS.get(notice.kind, _OTHER_KIND).check,
        f"Say that it is in hand: prober incidents acknowledge {notice.incident_id}",
        f"If the new behaviour is to be the reference: prober incidents accept {notice.incident_id}",
    )


def _links(notice: Notice) -> tuple[tuple[str, str], ...]:
    runbook = [("Runbook", notice.runbook)] if notice.runbook else []
    pairs = [("Dashboard", _incident_url(notice)), *runbook]
    return tuple((label, link(address) or visible(address, 300, lines=False)) for label, address in pairs)


def _incident_url(notice: Notice) -> str:
    return f"{notice.dashboard_url.rstrip('/')}/?incident={notice.incident_id}"


def _aligned(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"  {label:>9} | {first}", *(f"  {'':>9} | {line}" for line in rest)]


def _thousands(number: float) -> str:
    if not math.isfinite(number):
        return "beyond measure" if number > 0 else "unknown"
    return f"{number:,.0f}" if 10 <= abs(number) < 1e9 else f"{number:.3g}"


def _two_digits(number: float) -> str:
    return f"{round(number, 1 - math.floor(math.log10(number))):,.0f}"


def _number(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _iso(at: datetime) -> str:
    return _utc(at).isoformat().replace("+00:00", "Z")


def _minute(at: datetime) -> str:
    return f"{_utc(at):%Y-%m-%d %H:%M} UTC"
