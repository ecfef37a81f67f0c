"""What a notice says, in words: `compose` turns a Notice into a Message, which every channel lays out in its own way.

Pure. Every text of a Message is already safe to print: see `prober.text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prober.alerts.digest import Listed, grouped
from prober.alerts.keys import incident_url
from prober.alerts.kinds import steps, words_of
from prober.alerts.phrases import (
    HEADLINE_LIMIT,
    Paragraph,
    also_lines,
    cause_before,
    current_title,
    endpoint_line,
    fact_lines,
    lasting_lines,
    minute,
    odds,
    resting_on,
    said_by,
    since_line,
    state_words,
    thousands,
    title_of,
    title_of_event,
    what_happened,
)
from prober.incidents.events import EVENTS
from prober.incidents.facts import CERTAIN
from prober.incidents.measured import HELD_BACK_IN_FULL
from prober.judging.runaway import YEARS
from prober.model.notice import (
    ChangeNews,
    DaemonNews,
    Digest,
    EndpointNews,
    IncidentNews,
    MeasuredNews,
    Notice,
    ReportNews,
    TroubleNews,
)
from prober.model.watch import cause_in_words
from prober.text import link, side_by_side, visible

MOVED_SHOWN = 3
COMPARISONS_SHOWN = 3
REPLY_LIMIT = 500
"""UTF-16 units of a reply that is shown."""
LOOKS = (
    "while nothing is answered, each round makes only one to three asks; after the first answer, whole rounds are "
    "asked again."
)


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
    """How bad, which endpoint, what, for how long, which model; one line of at most `TITLE_LIMIT`."""
    paragraphs: tuple[Paragraph, ...]
    """The most important first."""
    lists: tuple[Listed, ...]
    """What moved, the gravest first; of a digest, what happened, by endpoint."""
    pairs: tuple[Pair, ...]
    todo: tuple[str, ...]
    """What to do now, in order."""
    links: tuple[tuple[str, str], ...]
    """(label, address); an address may be text that is no link."""

    @property
    def moved(self) -> tuple[str, ...]:
        """The lines of all lists."""
        return tuple(line for _, lines in self.lists for line in lines)


def compose(notice: Notice, *, buttons: bool = False) -> Message:
    """Notice → Message. What is left out is named, never hidden. With `buttons` no step is a shell command that a
    button does."""
    rule, lists, pairs = EVENTS[notice.event], tuple[Listed, ...](), tuple[Pair, ...]()
    match notice.about:
        case ChangeNews() as change if rule.shows_evidence:
            lists, pairs = _moved(change), _pairs(change)
        case Digest(items):
            lists = grouped(items)
        case ReportNews(sections=sections):
            lists = tuple((title, tuple(visible(line, 500, lines=False) for line in said)) for title, said in sections)
        case _:
            pass
    return Message(
        title=title_of(notice, title_of_event(notice)),
        paragraphs=tuple(_paragraphs(notice)),
        lists=lists,
        pairs=pairs,
        todo=() if rule.details == "none" else steps(notice, buttons),
        links=_links(notice),
    )


def current(notice: Notice, *, ages: bool = True) -> Message:
    """The incident as it is now, whatever the notice says: its first message is edited to say this. That
    message is read for days, so without `ages` its title has no words such as "2 h ago"."""
    incident = notice.about
    if not isinstance(incident, IncidentNews):
        return compose(notice)
    state = ("State", f"{notice.severity}, {state_words(incident)}")
    if incident.state == "closed":  # how sure and how bad it was is no more to be acted on
        passed = [*fact_lines(incident), since_line(incident), *lasting_lines(incident), *_most(incident)]
        said = [*passed, *also_lines(incident), endpoint_line(notice.source)]
    else:
        said = _facts(notice, incident, _most(incident))
    return Message(
        title=title_of(notice, current_title(incident, notice.severity), ages=ages),
        paragraphs=(*said, state),
        lists=(),
        pairs=(),
        todo=(),
        links=_links(notice),
    )


def evidence(notice: Notice, *, buttons: bool = False) -> Message:
    """What shows it: the channels that moved in words, replies side by side, and what to do now."""
    change = notice.about if isinstance(notice.about, ChangeNews) else None
    return Message(
        title="Evidence" if notice.incident_id is None else f"Evidence of incident {notice.incident_id}",
        paragraphs=(),
        lists=_moved(change) if change else (),
        pairs=_pairs(change) if change else (),
        todo=steps(notice, buttons),
        links=_links(notice),
    )


def plain_text(notice: Notice) -> str:
    """The whole message as text, for a log or a terminal; the first line stands alone."""
    message = compose(notice)
    lines = [message.title]
    lines += ["", *(f"{label}: {sentence}" for label, sentence in message.paragraphs)] if message.paragraphs else []
    for title, items in message.lists:
        lines += ["", title, *(f"  - {item}" for item in items)]
    for pair in message.pairs:
        lines += ["", f"Probe {pair.probe}: {pair.prompt}"]
        lines += _aligned("reference", pair.reference) + _aligned("recent", pair.recent)
    if message.todo:
        lines += ["", "What to do now", *(f"  {number}. {step}" for number, step in enumerate(message.todo, 1))]
    lines += ["", *(f"{label}: {address}" for label, address in message.links)]
    return "\n".join(lines)


def body(notice: Notice) -> str:
    """What stands below the title in a plain message that people read, such as an e-mail."""
    message = compose(notice)
    if isinstance(notice.about, ReportNews):
        said = [line for title, items in message.lists for line in (title, *(f"  - {item}" for item in items), "")]
    else:
        also = also_lines(notice.about) if isinstance(notice.about, IncidentNews) else []
        said = [*message.moved, *(f"{label}: {words}" for label, words in also if (label, words) in message.paragraphs)]
    return "\n".join([*said, *message.todo, incident_url(notice)])


def _paragraphs(notice: Notice) -> list[Paragraph]:
    match notice.about:
        case IncidentNews() as incident:
            return _of_incident(notice, incident)
        case EndpointNews(cause) | DaemonNews(cause):
            endpoint = [endpoint_line(notice.source)] if notice.source else []
            label = "Why" if EVENTS[notice.event].phase else "News"
            return [*endpoint, *([(label, visible(cause, 500, lines=False))] if cause else [])]
        case Digest() | ReportNews():
            return []


def _of_incident(notice: Notice, incident: IncidentNews) -> list[Paragraph]:
    rule = EVENTS[notice.event]
    if rule.details == "none":
        return []
    if rule.details == "facts":
        if rule.intro is None:
            return _facts(notice, incident)
        label, words = rule.intro
        return [(label, words.format(before=cause_before(incident))), *_facts(notice, incident)]
    said = [endpoint_line(notice.source), *fact_lines(incident), since_line(incident), *lasting_lines(incident)]
    if rule.details == "course":
        return [*said, *also_lines(incident)]
    if rule.details == "endpoints" or rule.phase == "resolved":
        said += also_lines(incident)
    until = f"until {minute(incident.muted_until)}" if incident.state == "muted" and incident.muted_until else ""
    by = f"{until}{said_by(incident.actor, incident.note)}".strip()
    return [*said, (title_of_event(notice), by)] if by else said  # an end without a person is in the title already


def _facts(notice: Notice, incident: IncidentNews, most: Sequence[Paragraph] = ()) -> list[Paragraph]:
    """What the provider says, since when, how sure, what moved (`most`), how bad, what explains it, and whose endpoint
    it is."""
    drill = [("Drill", "this change was made on purpose, to test the alarm.")] if notice.drill else []
    kind = words_of(incident)
    bad = ("How bad", f"{kind.title.lower()}: {kind.bad}")
    triage = [("Likely cause", visible(incident.triage, 300, lines=False))] if incident.triage else []
    last = [bad, *triage, endpoint_line(notice.source)]
    if isinstance(incident, TroubleNews):
        is_down = incident.failed_share is None and incident.kind != "budget_exhausted"
        looks = [("Asked", LOOKS)] if is_down else []
        return [*drill, *_why(incident), since_line(incident), *looks, *also_lines(incident), *last]
    if isinstance(incident, MeasuredNews):
        detail = visible(incident.detail, 500, lines=False)
        if incident.kind != "runaway":
            return [*drill, ("Measured", detail), since_line(incident), *last]
        spent = [("Spent", detail), ("How sure", _sure_of_spending(incident))]
        return [*drill, *spent, since_line(incident), ("Held back", HELD_BACK_IN_FULL), *also_lines(incident), *last]
    if not isinstance(incident, ChangeNews):
        return [*drill, *fact_lines(incident), since_line(incident), ("How sure", CERTAIN), *last]
    promised = notice.source.false_alarms_per_year if notice.source else 1.0
    sure = (
        f"a false alarm like this would come {odds(notice, incident)} "
        f"(evidence {thousands(incident.e_value)}, threshold {thousands(incident.threshold)}; "
        f"promised false alarms: {promised:g} a year)"
    )
    much = [("How much", incident.share.words)] if incident.share else []
    since = [since_line(incident), *lasting_lines(incident), ("How sure", sure)]
    return [*drill, *fact_lines(incident), *since, *most, *much, *also_lines(incident), *last]


def _sure_of_spending(one: MeasuredNews) -> str:
    return (
        f"evidence {thousands(one.e_value)}, threshold {thousands(one.threshold)}: spending within the plan reaches "
        f"the threshold once in {YEARS:g} years at most"
    )


def _why(trouble: TroubleNews) -> list[Paragraph]:
    """The provider's own sentence, where it gave one; else why, where the title has no room for it."""
    if trouble.detail:
        return [("The provider says", visible(trouble.detail, 500, lines=False))]
    is_said = len(what_happened(trouble)) <= HEADLINE_LIMIT
    return [] if is_said else [("Why", visible(cause_in_words(trouble.cause), 500, lines=False))]


def _most(incident: IncidentNews) -> list[Paragraph]:
    """What moved, the gravest first, in a line: where it is more than the title says."""
    if not isinstance(incident, ChangeNews) or len(incident.moved) < 2:
        return []
    shown = [visible(one.words, 120, lines=False) or one.channel for one in incident.moved[:MOVED_SHOWN]]
    return [("What moved", "; ".join([*shown, *_hidden(incident)]))]


def _moved(change: ChangeNews) -> tuple[Listed, ...]:
    shown = []
    for moved in change.moved[:MOVED_SHOWN]:
        words, channel = visible(moved.words, 160, lines=False) or "moved", visible(moved.channel, 60, lines=False)
        resting = resting_on(moved.e_value, moved.replies, moved.reference_replies).strip(" ()")
        shown.append(f"{words} ({', '.join(one for one in (channel, resting) if one)})")
    return (("What moved", (*shown, *_hidden(change))),) if shown else ()


def _hidden(change: ChangeNews) -> Sequence[str]:
    hidden = len(change.moved) - MOVED_SHOWN
    return [f"and {hidden} more on the dashboard"] if hidden > 0 else []


def _pairs(change: ChangeNews) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            visible(compared.probe, 150, lines=False),
            visible(compared.prompt, 200, lines=False) or "(empty)",
            *side_by_side(compared.reference, compared.recent, REPLY_LIMIT),
        )
        for compared in change.comparisons[:COMPARISONS_SHOWN]
    )


def _links(notice: Notice) -> tuple[tuple[str, str], ...]:
    runbook = [("Runbook", notice.source.runbook)] if notice.source and notice.source.runbook else []
    addresses = (("Dashboard", incident_url(notice)), *runbook)
    return tuple((label, link(address) or visible(address, 300, lines=False)) for label, address in addresses)


def _aligned(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"  {label:>9} | {first}", *(f"  {'':>9} | {line}" for line in rest)]
