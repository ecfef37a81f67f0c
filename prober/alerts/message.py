"""What a notice says, in words: `compose` turns a Notice into a Message, which every channel lays out in its own way.

Pure. Every text of a Message is already safe to print: see `prober.alerts.hostile`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final, TypeAlias

from prober.alerts.hostile import link, side_by_side, visible
from prober.alerts.words import (
    EVENT_TITLES,
    KINDS,
    OTHER_KIND,
    between,
    chance,
    counted,
    iso,
    lasting,
    minute,
    thousands,
    when,
)
from prober.notice import Notice

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

TITLE_LIMIT = 150
"""Slack's limit of a header block; everyone else lives with it."""
MOVED_SHOWN = 6
COMPARISONS_SHOWN = 3
ALARMS: Final = ("opened", "escalated")
"""Events that call for someone: their messages show what moved, and replies."""
ALSO_SHOWN = 10


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
    opened = notice.event in ALARMS
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


def notice_key(notice: Notice) -> str:
    """The same for every try of one notice, and for no other notice of any installation: 32 hex digits."""
    about = [notice.id, notice.incident_id, notice.endpoint, notice.event, iso(notice.detected_at)]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def incident_url(notice: Notice) -> str:
    """Where the dashboard shows the incident."""
    return f"{notice.dashboard_url.rstrip('/')}/?incident={notice.incident_id}"


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


def _title(notice: Notice) -> str:
    """The endpoint's name gives way first: it is written out below, in full."""
    kind = KINDS.get(notice.kind, OTHER_KIND).title
    before = f"{'Drill: ' if notice.drill else ''}{EVENT_TITLES.get(notice.event, kind)}: "
    after = f" since {when(notice.onset)}"
    if notice.event in ALARMS:
        after += f", {chance(notice.e_value, notice.threshold, notice.false_alarms_per_year)}"
    name = visible(notice.endpoint, TITLE_LIMIT - len(before) - len(after), lines=False)
    return visible(before + name + after, TITLE_LIMIT, lines=False)


def _paragraphs(notice: Notice) -> list[tuple[str, str]]:
    kind = KINDS.get(notice.kind, OTHER_KIND)
    model, owner = visible(notice.model, 120, lines=False), visible(notice.owner, 120, lines=False)
    rounds = f"{notice.rounds_since_onset} round{'' if notice.rounds_since_onset == 1 else 's'}"
    said = [
        ("Endpoint", f"{visible(notice.endpoint, 120, lines=False)}, model {model or 'unknown'}, owner {owner}"),
        (
            "Since",
            f"{when(notice.onset)}{between(notice.onset_between)}, {rounds} so far; "
            f"detected {minute(notice.detected_at)}",
        ),
    ]
    stays = lasting(notice.course, notice.passed)
    said += [("Lasting", stays)] if stays else []
    if notice.event == "passed":
        return said
    also = [("Also", _also(notice))] if notice.also else []
    if notice.event == "joined":
        return [*said, *also]
    if notice.event not in ALARMS:
        by = visible(notice.actor, 120, lines=False) or "someone"
        note = f": {visible(notice.note, 500, lines=False)}" if notice.note else ""
        return [*said, (EVENT_TITLES.get(notice.event, "News"), f"by {by}{note}")]
    evidence = (
        f"this would happen {chance(notice.e_value, notice.threshold, notice.false_alarms_per_year)} "
        f"(evidence {thousands(notice.e_value)}, threshold {thousands(notice.threshold)}; "
        f"promised false alarms: {notice.false_alarms_per_year:g} a year)"
    )
    drill = [("Drill", "this change was made on purpose, to see that the alarm works.")] if notice.drill else []
    worse = [("News", "it is more serious than was said before.")] if notice.event == "escalated" else []
    much = [("How much", notice.share.words)] if notice.share else []
    return [*drill, *worse, said[0], *also, *said[1:], ("How sure", evidence), ("How bad", kind.bad), *much]


def _also(notice: Notice) -> str:
    """The other endpoints of the event, and where to find them."""
    shown = [
        f"{visible(part.endpoint, 120, lines=False)}"
        f"{' (suspected)' if part.incident_id is None else f' (incident {part.incident_id})'}"
        for part in notice.also[:ALSO_SHOWN]
    ]
    hidden = len(notice.also) - len(shown)
    return ", ".join([*shown, *([f"and {hidden} more"] if hidden > 0 else [])])


def _moved(notice: Notice) -> tuple[str, ...]:
    shown = [
        f"{visible(moved.channel, 60, lines=False)}: {visible(moved.words, 160, lines=False) or 'moved'} "
        f"(evidence {thousands(moved.e_value)}{counted(moved.replies, moved.reference_replies)})"
        for moved in notice.moved[:MOVED_SHOWN]
    ]
    hidden = len(notice.moved) - len(shown)
    return (*shown, f"and {hidden} more on the dashboard") if hidden > 0 else tuple(shown)


def _todo(notice: Notice) -> tuple[str, ...]:
    if notice.event == "joined":
        return ("Look at these endpoints as well: each has an incident of its own, to acknowledge or to accept.",)
    if notice.event == "acknowledged":
        return ("Nothing, unless you can help: the change is in hand.",)
    if notice.event in ("accepted", "closed"):
        return ("Nothing: later rounds are judged against a new reference.",)
    if notice.event == "passed":
        return (
            "Look at what the replies of those rounds were used for.",
            f"Close it, with a reference from after the change: prober incidents accept {notice.incident_id}",
        )
    runbook = ("Follow the runbook.",) if notice.runbook else ()
    return (
        "Compare the replies, here and on the dashboard: is it worse, better, or only different?",
        *runbook,
        KINDS.get(notice.kind, OTHER_KIND).check,
        f"Say that it is in hand: prober incidents acknowledge {notice.incident_id}",
        f"If the new behaviour is to be the reference: prober incidents accept {notice.incident_id}",
    )


def _links(notice: Notice) -> tuple[tuple[str, str], ...]:
    runbook = [("Runbook", notice.runbook)] if notice.runbook else []
    pairs = [("Dashboard", incident_url(notice)), *runbook]
    return tuple((label, link(address) or visible(address, 300, lines=False)) for label, address in pairs)


def _aligned(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"  {label:>9} | {first}", *(f"  {'':>9} | {line}" for line in rest)]
