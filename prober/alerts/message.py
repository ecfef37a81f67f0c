"""What a notice says, in words: `compose` turns a Notice into a Message, which every channel lays out in its own way.

Pure. Every text of a Message is already safe to print: see `prober.text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from prober.alerts.kinds import KINDS, OTHER_KIND
from prober.alerts.phrases import (
    between,
    cause_before,
    current_title,
    event_title,
    fact_lines,
    incident_url,
    minute,
    odds,
    resting_on,
    said_by,
    state_words,
    thousands,
    title_of,
    title_of_event,
    when,
    whether_it_stays,
)
from prober.incidents.events import EVENTS
from prober.model.notice import (
    ChangeNews,
    DaemonNews,
    Digest,
    DigestItem,
    EndpointNews,
    IncidentNews,
    Notice,
    Source,
    TroubleNews,
)
from prober.model.watch import cause_in_words
from prober.text import link, side_by_side, visible

Paragraph: TypeAlias = tuple[str, str]
"""(label, sentence)"""

MOVED_SHOWN = 6
COMPARISONS_SHOWN = 3
ALSO_SHOWN = 10
CERTAIN = "the provider says so itself, or it is deterministic; asking again gave the same. It is no statistic."
LOOKS = "while it answers nothing, a round makes one to three asks; with the first answer, whole rounds again."
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
    paragraphs: tuple[Paragraph, ...]
    """The most important first."""
    moved: tuple[str, ...]
    """What moved, strongest first; of a digest, what happened."""
    pairs: tuple[Pair, ...]
    todo: tuple[str, ...]
    """What to do now, in order."""
    links: tuple[tuple[str, str], ...]
    """(label, address); an address may be text that is no link."""


def compose(notice: Notice, reply_limit: int = 500) -> Message:
    """Notice → Message. `reply_limit` is in UTF-16 units a reply; what is left out is named, never hidden."""
    rule, moved, pairs = EVENTS[notice.event], tuple[str, ...](), tuple[Pair, ...]()
    match notice.about:
        case ChangeNews() as change if rule.shows_evidence:
            moved, pairs = _moved(change), _pairs(change, reply_limit)
        case Digest(items):
            moved = tuple(map(_item, items[:ITEMS_SHOWN]))
            moved += (f"and {len(items) - ITEMS_SHOWN} more",) if len(items) > ITEMS_SHOWN else ()
        case _:
            pass
    return Message(
        title=title_of(notice, title_of_event(notice), sure=rule.details == "facts"),
        paragraphs=tuple(_paragraphs(notice)),
        moved=moved,
        pairs=pairs,
        todo=_steps(notice),
        links=_links(notice),
    )


def current(notice: Notice) -> Message:
    """The incident as it is now, whatever the notice tells of it: what its first message says, and is edited to."""
    incident = notice.about
    if not isinstance(incident, IncidentNews):
        return compose(notice)
    return Message(
        title=title_of(notice, current_title(incident, notice.severity), sure=incident.state != "closed"),
        paragraphs=(("State", state_words(incident)), *_facts(notice, incident), *_most(incident)),
        moved=(),
        pairs=(),
        todo=(),
        links=_links(notice),
    )


def evidence(notice: Notice, reply_limit: int = 500) -> Message:
    """What shows it: the channels that moved in words, replies side by side, and what to do now."""
    change = notice.about if isinstance(notice.about, ChangeNews) else None
    return Message(
        title="Evidence" if notice.incident_id is None else f"Evidence of incident {notice.incident_id}",
        paragraphs=(),
        moved=_moved(change) if change else (),
        pairs=_pairs(change, reply_limit) if change else (),
        todo=_steps(notice),
        links=_links(notice),
    )


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
    return "What happened" if isinstance(notice.about, Digest) else "What moved"


def _paragraphs(notice: Notice) -> list[Paragraph]:
    match notice.about:
        case IncidentNews() as incident:
            return _of_incident(notice, incident)
        case EndpointNews(cause) | DaemonNews(cause):
            endpoint = [_endpoint(notice.source)] if notice.source else []
            label = "Why" if EVENTS[notice.event].phase else "News"
            return [*endpoint, *([(label, visible(cause, 500, lines=False))] if cause else [])]
        case Digest():
            return []


def _of_incident(notice: Notice, incident: IncidentNews) -> list[Paragraph]:
    rule = EVENTS[notice.event]
    if rule.details == "facts":
        if rule.intro is None:
            return _facts(notice, incident)
        label, words = rule.intro
        before = cause_before(incident)
        return [(label, words.format(state=state_words(incident), before=before)), *_facts(notice, incident)]
    said = [_endpoint(notice.source), *fact_lines(incident), _since(incident), *_lasting(incident)]
    if rule.details == "course":
        return said
    if rule.details == "endpoints":
        return [*said, *_also(incident)]
    until = f"until {minute(incident.muted_until)}" if incident.state == "muted" and incident.muted_until else ""
    by = said_by(incident.actor, incident.note).strip() or "by itself"
    return [*said, (title_of_event(notice), f"{until} {by}".strip())]


def _facts(notice: Notice, incident: IncidentNews) -> list[Paragraph]:
    """Which endpoint, since when, how sure, how bad."""
    bad = ("How bad", f"{notice.severity}: {KINDS.get(incident.kind, OTHER_KIND).bad}")
    drill = [("Drill", "this change was made on purpose, to see that the alarm works.")] if notice.drill else []
    if not isinstance(incident, ChangeNews):
        trouble = incident if isinstance(incident, TroubleNews) else None
        detail, share = (trouble.detail, trouble.failed_share) if trouble else ("", None)
        cause = visible(cause_in_words(incident.cause, detail, share), 500, lines=False)
        reason = ("Why", cause) if trouble else ("How sure", CERTAIN)
        looks = [("Asked", LOOKS)] if trouble and share is None and trouble.kind != "budget_exhausted" else []
        return [*drill, _endpoint(notice.source), *fact_lines(incident), _since(incident), reason, *looks, bad]
    promised = notice.source.false_alarms_per_year if notice.source else 1.0
    sure = (
        f"a false alarm like this would come {odds(notice, incident)} "
        f"(evidence {thousands(incident.e_value)}, threshold {thousands(incident.threshold)}; "
        f"promised false alarms: {promised:g} a year)"
    )
    much = [("How much", incident.share.words)] if incident.share else []
    about = [_endpoint(notice.source), *fact_lines(incident), *_also(incident), _since(incident), *_lasting(incident)]
    return [*drill, *about, ("How sure", sure), bad, *much]


def _steps(notice: Notice) -> tuple[str, ...]:
    """What to do now, in order."""
    if notice.drill:
        return ("Nothing: this is a drill, and the endpoint has not changed. Whoever started it ends it.",)
    number, kind = notice.incident_id, notice.about.kind if isinstance(notice.about, IncidentNews) else ""
    if steps := EVENTS[notice.event].steps:
        return tuple(step.format(id=number) for step in steps)
    check = KINDS.get(kind, OTHER_KIND).check
    runbook = ("Follow the runbook.",) if notice.source and notice.source.runbook else ()
    acknowledge = f"Acknowledge it: prober incidents acknowledge {number}"
    if not isinstance(notice.about, ChangeNews):
        return (check, *runbook, acknowledge)
    return (
        "Compare the replies, here and on the dashboard: is it worse, better, or only different?",
        *runbook,
        check,
        acknowledge,
        f"If the new behaviour is to be the reference: prober incidents accept {number}",
    )


def _endpoint(source: Source | None) -> Paragraph:
    named = [source.name, source.model, source.owner] if source else ["", "", ""]
    name, model, owner = (visible(text, 120, lines=False) for text in named)
    return "Endpoint", f"{name}, model {model or 'unknown'}, owner {owner or 'unknown'}"


def _since(incident: IncidentNews) -> Paragraph:
    rounds = f"{incident.rounds_since_onset} round{'' if incident.rounds_since_onset == 1 else 's'}"
    stretch = between(incident.onset_between) if isinstance(incident, ChangeNews) else ""
    return "Since", f"{when(incident.onset)}{stretch}, {rounds} so far; detected {minute(incident.detected_at)}"


def _lasting(incident: IncidentNews) -> list[Paragraph]:
    stays = whether_it_stays(incident.course, incident.passed) if isinstance(incident, ChangeNews) else ""
    return [("Lasting", stays)] if stays else []


def _also(incident: IncidentNews) -> list[Paragraph]:
    """The other endpoints of the event, and where to find them."""
    shown = [
        f"{visible(part.endpoint, 120, lines=False)}"
        f"{' (suspected)' if part.incident_id is None else f' (incident {part.incident_id})'}"
        for part in incident.also[:ALSO_SHOWN]
    ]
    hidden = len(incident.also) - len(shown)
    said = ", ".join([*shown, *([f"and {hidden} more"] if hidden > 0 else [])])
    return [("Also", said)] if said else []


def _most(incident: IncidentNews) -> list[Paragraph]:
    """The channel that moved most, where there is one."""
    if not isinstance(incident, ChangeNews) or not incident.moved:
        return []
    others = f", and {len(incident.moved) - 1} more" if len(incident.moved) > 1 else ""
    channel, words = (visible(text, 160, lines=False) for text in (incident.moved[0].channel, incident.moved[0].words))
    return [("What moved", f"{channel}: {words or 'moved'}{others}")]


def _moved(change: ChangeNews) -> tuple[str, ...]:
    shown = [
        f"{visible(moved.channel, 60, lines=False)}: {visible(moved.words, 160, lines=False) or 'moved'}"
        f"{resting_on(moved.e_value, moved.replies, moved.reference_replies)}"
        for moved in change.moved[:MOVED_SHOWN]
    ]
    hidden = len(change.moved) - len(shown)
    return (*shown, f"and {hidden} more on the dashboard") if hidden > 0 else tuple(shown)


def _pairs(change: ChangeNews, reply_limit: int) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            visible(compared.probe, 150, lines=False),
            visible(compared.prompt, 200, lines=False) or "(empty)",
            *side_by_side(compared.reference, compared.recent, reply_limit),
        )
        for compared in change.comparisons[:COMPARISONS_SHOWN]
    )


def _item(item: DigestItem) -> str:
    """A line of a digest."""
    words, about, what = f": {visible(item.words, 120, lines=False)}" if item.words else "", "", ""
    if item.incident_id is not None:
        kind = KINDS.get(item.kind, OTHER_KIND)
        what = f"{kind.title.lower()}{' of ' if kind.is_change else ', '}"
        about = f" (incident {item.incident_id}, {visible(item.close_reason, 20, lines=False) or item.state})"
    name = visible(item.endpoint, 80, lines=False)
    return f"{minute(item.at)}  {event_title(item.event, item.severity, item.kind)}: {what}{name}{words}{about}"


def _links(notice: Notice) -> tuple[tuple[str, str], ...]:
    runbook = [("Runbook", notice.source.runbook)] if notice.source and notice.source.runbook else []
    addresses = (("Dashboard", incident_url(notice)), *runbook)
    return tuple((label, link(address) or visible(address, 300, lines=False)) for label, address in addresses)


def _aligned(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"  {label:>9} | {first}", *(f"  {'':>9} | {line}" for line in rest)]
