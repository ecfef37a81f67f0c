"""What a notice says, in words: `compose` turns a Notice into a Message, which every channel lays out in its own way.

Pure. Every text of a Message is already safe to print: see `prober.text`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

from prober.alerts.phrases import (
    CLOSE_TITLES,
    KINDS,
    OTHER_KIND,
    between,
    counted,
    iso,
    lasting,
    minute,
    said_by,
    thousands,
    when,
)
from prober.alerts.titles import current_lead, event_title, lead, odds, titled
from prober.incidents.events import EVENTS
from prober.model.incident import TROUBLES
from prober.model.notice import DigestItem, Notice
from prober.text import link, side_by_side, visible

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

Subject = Literal["change", "trouble", "stale", "daemon"]
"""What an alert of another system is about."""
MOVED_SHOWN = 6
COMPARISONS_SHOWN = 3
ALSO_SHOWN = 10
ITEMS_SHOWN = 20


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
    """What happened, to which endpoint, since when, how sure, how bad; one line of at most `TITLE_LIMIT`."""
    paragraphs: tuple[tuple[str, str], ...]
    """(label, sentence), the most important first."""
    moved: tuple[str, ...]
    """What moved, strongest first; of a digest, what happened."""
    pairs: tuple[Pair, ...]
    todo: tuple[str, ...]
    """What to do now, in order."""
    links: tuple[tuple[str, str], ...]
    """(label, address); an address may be text that is no link."""


def compose(notice: Notice, reply_limit: int = 500) -> Message:
    """Notice → Message. `reply_limit` is in UTF-16 units a reply; what is left out is named, never hidden."""
    rule = EVENTS[notice.event]
    shown = rule.shows_evidence and notice.kind not in TROUBLES
    items = tuple(_item(item) for item in notice.items[:ITEMS_SHOWN])
    hidden = len(notice.items) - len(items)
    return Message(
        title=titled(notice, lead(notice), sure=rule.details == "facts"),
        paragraphs=tuple(_paragraphs(notice)),
        moved=_moved(notice) if shown else (*items, *([f"and {hidden} more"] if hidden > 0 else [])),
        pairs=_pairs(notice, reply_limit) if shown else (),
        todo=_steps(notice),
        links=_links(notice),
    )


def current(notice: Notice) -> Message:
    """The incident as it is now, whatever the notice tells of it: what its first message says, and is edited to."""
    return Message(
        title=titled(notice, current_lead(notice), sure=notice.state != "closed"),
        paragraphs=(("State", state_words(notice)), *_facts(notice), *_most(notice)),
        moved=(),
        pairs=(),
        todo=(),
        links=_links(notice),
    )


def evidence(notice: Notice, reply_limit: int = 500) -> Message:
    """What shows it: the channels that moved in words, replies side by side, and what to do now."""
    trouble = notice.kind in TROUBLES
    return Message(
        title=f"Evidence of incident {notice.incident_id}",
        paragraphs=(),
        moved=() if trouble else _moved(notice),
        pairs=() if trouble else _pairs(notice, reply_limit),
        todo=_steps(notice),
        links=_links(notice),
    )


def notice_key(notice: Notice) -> str:
    """The same for every try of one notice, and for no other notice of any installation: 32 hex digits."""
    about = [notice.id, notice.incident_id, notice.endpoint, notice.event, iso(notice.detected_at)]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def subject(notice: Notice) -> Subject:
    """What the notice is about. An incident of trouble may be acknowledged or muted like any other."""
    about = EVENTS[notice.event].about
    if about not in ("trouble", "stale", "daemon"):
        return "trouble" if notice.kind in TROUBLES else "change"
    return about


def subject_key(notice: Notice) -> str:
    """The same for all notices of one thing, from first to last, and for no other thing of any installation that
    differs in endpoint or time: 32 hex digits. A drill never meets what is real."""
    about = [subject(notice), notice.endpoint, notice.drill]
    if notice.incident_id or notice.drill:
        about += [notice.incident_id, iso(notice.detected_at)]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def incident_url(notice: Notice) -> str:
    """Where the dashboard shows the incident; its first page, where the notice is about none."""
    page = f"/?incident={notice.incident_id}" if notice.incident_id else "/"
    return f"{notice.dashboard_url.rstrip('/')}{page}"


def plain_text(notice: Notice) -> str:
    """The whole message as text, for a log or a terminal; the first line stands alone."""
    message = compose(notice)
    lines = [message.title, ""]
    lines += [f"{label}: {sentence}" for label, sentence in message.paragraphs]
    if message.moved:
        lines += ["", moved_title(notice), *(f"  - {moved}" for moved in message.moved)]
    for pair in message.pairs:
        lines += ["", f"Probe {pair.probe}: {pair.prompt}"]
        lines += _aligned("reference", pair.reference) + _aligned("recent", pair.recent)
    lines += ["", "What to do now", *(f"  {number}. {step}" for number, step in enumerate(message.todo, 1))]
    lines += ["", *(f"{label}: {address}" for label, address in message.links)]
    return "\n".join(lines)


def moved_title(notice: Notice) -> str:
    """The heading of `Message.moved`."""
    return "What happened" if notice.event == "digest" else "What moved"


def state_words(notice: Notice) -> str:
    """Where the incident stands, and by whom."""
    by = said_by(notice.actor, notice.note)
    if notice.state == "acknowledged":
        since = f" since {minute(notice.acknowledged_at)}" if notice.acknowledged_at else ""
        return f"acknowledged{since}{by}"
    if notice.state == "muted":
        until = f" until {minute(notice.muted_until)}" if notice.muted_until else ""
        return f"muted{until}{by}"
    if notice.state == "closed":
        return f"closed: {CLOSE_TITLES.get(notice.close_reason, 'Closed').lower()}{by}"
    return "open, not acknowledged"


def _paragraphs(notice: Notice) -> list[tuple[str, str]]:
    rule = EVENTS[notice.event]
    if rule.details == "cause":
        cause = visible(notice.cause, 500, lines=False)
        endpoint = [_endpoint(notice)] if notice.endpoint else []
        return [*endpoint, *([("Why", cause)] if cause else [])]
    if rule.details == "facts":
        intro = (
            [(label, words.format(state=state_words(notice))) for label, words in (rule.intro,)] if rule.intro else []
        )
        return [*intro, *_facts(notice)]
    said = [_endpoint(notice), _since(notice), *_lasting(notice)]
    if rule.details == "course":
        return said
    if rule.details == "endpoints":
        return [*said, *_also(notice)]
    until = f" until {minute(notice.muted_until)}" if notice.event == "muted" and notice.muted_until else ""
    by = said_by(notice.actor, notice.note).strip() or "by itself"
    return [*said, (lead(notice), f"{until.strip()} {by}".strip())]


def _facts(notice: Notice) -> list[tuple[str, str]]:
    """Which endpoint, since when, how sure, how bad."""
    kind = KINDS.get(notice.kind, OTHER_KIND)
    bad = ("How bad", f"{notice.severity}: {kind.bad}")
    drill = [("Drill", "this change was made on purpose, to see that the alarm works.")] if notice.drill else []
    if notice.kind in TROUBLES:
        cause = visible(notice.cause, 300, lines=False) or "rounds fail"
        return [*drill, _endpoint(notice), _since(notice), ("Why", cause), bad]
    sure = (
        f"a false alarm like this would come {odds(notice)} "
        f"(evidence {thousands(notice.e_value)}, threshold {thousands(notice.threshold)}; "
        f"promised false alarms: {notice.false_alarms_per_year:g} a year)"
    )
    much = [("How much", notice.share.words)] if notice.share else []
    about = [_endpoint(notice), *_also(notice), _since(notice), *_lasting(notice)]
    return [*drill, *about, ("How sure", sure), bad, *much]


def _steps(notice: Notice) -> tuple[str, ...]:
    """What to do now, in order."""
    if notice.drill:
        return ("Nothing: this is a drill, and the endpoint has not changed. Whoever started it ends it.",)
    number = notice.incident_id
    if steps := EVENTS[notice.event].steps:
        return tuple(step.format(id=number) for step in steps)
    check = KINDS.get(notice.kind, OTHER_KIND).check
    runbook = ("Follow the runbook.",) if notice.runbook else ()
    acknowledge = f"Acknowledge it: prober incidents acknowledge {number}"
    if notice.kind in TROUBLES:
        return (check, *runbook, acknowledge)
    return (
        "Compare the replies, here and on the dashboard: is it worse, better, or only different?",
        *runbook,
        check,
        acknowledge,
        f"If the new behaviour is to be the reference: prober incidents accept {number}",
    )


def _endpoint(notice: Notice) -> tuple[str, str]:
    model, owner = visible(notice.model, 120, lines=False), visible(notice.owner, 120, lines=False)
    name = visible(notice.endpoint, 120, lines=False)
    return "Endpoint", f"{name}, model {model or 'unknown'}, owner {owner or 'unknown'}"


def _since(notice: Notice) -> tuple[str, str]:
    rounds = f"{notice.rounds_since_onset} round{'' if notice.rounds_since_onset == 1 else 's'}"
    onset = f"{when(notice.onset)}{between(notice.onset_between)}"
    return "Since", f"{onset}, {rounds} so far; detected {minute(notice.detected_at)}"


def _lasting(notice: Notice) -> list[tuple[str, str]]:
    stays = lasting(notice.course, notice.passed)
    return [("Lasting", stays)] if stays else []


def _also(notice: Notice) -> list[tuple[str, str]]:
    """The other endpoints of the event, and where to find them."""
    shown = [
        f"{visible(part.endpoint, 120, lines=False)}"
        f"{' (suspected)' if part.incident_id is None else f' (incident {part.incident_id})'}"
        for part in notice.also[:ALSO_SHOWN]
    ]
    hidden = len(notice.also) - len(shown)
    said = ", ".join([*shown, *([f"and {hidden} more"] if hidden > 0 else [])])
    return [("Also", said)] if said else []


def _most(notice: Notice) -> list[tuple[str, str]]:
    """The channel that moved most, where there is one."""
    if notice.kind in TROUBLES or not notice.moved:
        return []
    others = f", and {len(notice.moved) - 1} more" if len(notice.moved) > 1 else ""
    first, words = (visible(text, 160, lines=False) for text in (notice.moved[0].channel, notice.moved[0].words))
    return [("What moved", f"{first}: {words or 'moved'}{others}")]


def _moved(notice: Notice) -> tuple[str, ...]:
    shown = [
        f"{visible(moved.channel, 60, lines=False)}: {visible(moved.words, 160, lines=False) or 'moved'} "
        f"(evidence {thousands(moved.e_value)}{counted(moved.replies, moved.reference_replies)})"
        for moved in notice.moved[:MOVED_SHOWN]
    ]
    hidden = len(notice.moved) - len(shown)
    return (*shown, f"and {hidden} more on the dashboard") if hidden > 0 else tuple(shown)


def _pairs(notice: Notice, reply_limit: int) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            visible(compared.probe, 150, lines=False),
            visible(compared.prompt, 200, lines=False) or "(empty)",
            *side_by_side(compared.reference, compared.recent, reply_limit),
        )
        for compared in notice.comparisons[:COMPARISONS_SHOWN]
    )


def _item(item: DigestItem) -> str:
    """A line of a digest."""
    kind = KINDS.get(item.kind, OTHER_KIND).title.lower()
    words = f": {visible(item.words, 120, lines=False)}" if item.words else ""
    about = (
        f" (incident {item.incident_id}, {visible(item.close_reason, 20, lines=False) or item.state})"
        if item.incident_id
        else ""
    )
    name = visible(item.endpoint, 80, lines=False)
    what = f"{kind}{', ' if item.kind in TROUBLES else ' of '}" if item.incident_id else ""
    return f"{minute(item.at)}  {event_title(item.event, item.severity)}: {what}{name}{words}{about}"


def _links(notice: Notice) -> tuple[tuple[str, str], ...]:
    runbook = [("Runbook", notice.runbook)] if notice.runbook else []
    pairs = [("Dashboard", incident_url(notice)), *runbook]
    return tuple((label, link(address) or visible(address, 300, lines=False)) for label, address in pairs)


def _aligned(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"  {label:>9} | {first}", *(f"  {'':>9} | {line}" for line in rest)]
