"""How endpoints and incidents stand, in a line of markdown each: what every page says in the same words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from typing import Final, Literal

from dashboard.formatting import inline, listed, when
from prober.model.incident import Incident
from prober.status.advice import title
from prober.status.endpoint_status import STATES, EndpointStatus, Shown, State
from prober.status.gathering import PROTECTIONS
from prober.status.strip import DayState
from prober.store.views import DeliveryView
from prober.text import count, span

SYMBOLS: Final[dict[Shown, str]] = {
    "unreachable": "✕",
    "not asked": "✕",
    "changed": "◆",
    "stale": "✕",
    "suspected": "▲",
    "gathering": "◔",
    "paused": "‖",
    "quiet": "●",
}
"""A shape for each state, so that none hangs on colour alone."""
BARS: Final[dict[DayState, tuple[str, str]]] = {
    "unknown": ("▁", "gray"),
    "quiet": ("▃", "gray"),
    "silent": ("▔", "orange"),
    "not asked": ("▔", "orange"),
    "facts": ("▄", "gray"),
    "suspected": ("▅", "orange"),
    "changed": ("▆", "red"),
    "unreachable": ("█", "red"),
}
"""A bar for each day, the worse the higher, and its colour."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer to "which endpoint needs me?"."""

    tone: Literal["error", "warning", "info", "success"]
    sentence: str
    """Markdown, every name in it made harmless."""
    remarks: tuple[str, ...]
    """What qualifies the answer, markdown."""


def needs_somebody(one: EndpointStatus) -> bool:
    """Whether a change is suspected or there is worse, or an incident that is not about its answers is worse than
    news."""
    return STATES.index(one.state) <= STATES.index("suspected") or bool(beside(one))


def beside(one: EndpointStatus) -> tuple[str, ...]:
    """Titles of the incidents that are not about its answers."""
    return tuple(dict.fromkeys(map(title, one.beside)))


def badges(one: EndpointStatus) -> str:
    """State and severity as markdown, in colour only where something is suspected or worse."""
    colour = "gray"
    if needs_somebody(one):
        colour = "red" if one.shown == "unreachable" or one.severity == "critical" else "orange"
    # Answers as the reference did, and yet somebody must look.
    known = beside(one) if one.state == "quiet" else ()
    said = f"▲ {known[0].lower()}" if known else f"{SYMBOLS[one.shown]} {one.shown}"
    shown = [f":{colour}-badge[{said}]"]
    if one.severity:
        shown.append(f":{colour}-badge[{one.severity}]")
    return " ".join(shown)


def incident_badges(one: Incident) -> str:
    """Severity and state as markdown; in colour while it is open and worse than news."""
    calm = one.state == "closed" or one.severity == "info"
    colour = "gray" if calm else "red" if one.severity == "critical" else "orange"
    return f":{colour}-badge[{one.severity}] :{colour}-badge[{one.closed_as or one.state}]"


def sentence(one: EndpointStatus, zone: tzinfo = UTC) -> str:
    """The gravest thing, as markdown."""
    if one.protected_by and one.incident is None:
        return gathering(one, zone)
    said = one.why
    if one.state not in ("changed", "unreachable") and one.incident is not None:
        said = one.incident.headline
    said = said[:1].upper() + said[1:]
    others = len(one.open_incidents) - 1
    more = f"; and {count(others, 'more incident')}" if others > 0 else ""
    other = one.incident.endpoint if one.incident is not None else one.name
    # Declared alike under two names: one content, so one reference and one incident.
    shared = f" (the incident of {inline(other)}, which is declared with the same content)" if other != one.name else ""
    return f"{inline(said, 240)}{_ahead(one, zone)}{shared}{more}"


def who(one: EndpointStatus, zone: tzinfo = UTC) -> str:
    """Who has it, as markdown."""
    said = []
    if one.incident is not None:
        said.append(in_whose_hands(one.incident, zone))
    if one.endpoint.owners:
        said.append(inline(", ".join(one.endpoint.owners)))
    return " · ".join([*said, inline(f"{one.endpoint.provider}, {one.endpoint.model}")])


def in_whose_hands(incident: Incident, zone: tzinfo) -> str:
    """Who acknowledged an incident, as markdown."""
    by = f" by {inline(incident.actor)}" if incident.actor else ""
    if incident.state == "muted" and incident.muted_until:
        return f"Muted{by} until {when(incident.muted_until, zone)}"
    if incident.state == "acknowledged":
        return f"Acknowledged{by}"
    return "Not acknowledged"


def drawn(strip: Sequence[DayState]) -> str:
    """A bar a day, as markdown."""
    runs = [(state, len(list(same))) for state, same in groupby(strip)]
    return "".join(f":{BARS[state][1]}[:small[{BARS[state][0] * n}]]" for state, n in runs)


def gathering(one: EndpointStatus, zone: tzinfo = UTC) -> str:
    """What watches an endpoint that has no reference yet, and when evidence begins."""
    begins = (
        f"Evidence from {when(one.judged_from, zone)} on."
        if one.judged_from
        else "When evidence begins is not known yet."
    )
    watched = listed([PROTECTIONS[name] for name in one.protected_by], len(PROTECTIONS))
    return f"No reference yet: {inline(one.why)}. {begins} Watched already: {watched}."


def why(one: EndpointStatus, zone: tzinfo = UTC) -> str:
    """Half a sentence with its times. May hold hostile text."""
    since = f" since {when(one.since, zone)}" if one.since else ""
    return f"{one.why}{since}{_ahead(one, zone)}"


def _ahead(one: EndpointStatus, zone: tzinfo) -> str:
    """What is to come, and when."""
    again = f"; next round at {when(one.next_round_at, zone)}" if one.next_round_at else ""
    return again + (f"; until {when(one.paused_until, zone)}" if one.paused_until else "")


def unreached(deliveries: Sequence[DeliveryView], now: datetime) -> tuple[str, ...]:
    """Places where nobody is reached until somebody fixes the configuration: markdown, a sentence each."""
    return tuple(
        f"**Nobody is reached through {inline(one.alerter)}**"
        + (f" ({inline(one.channel)})" if one.channel else "")
        + (f" for {span(now - one.since)}" if one.since else "")
        + f": {inline(one.last_reason)}. `prober status` says what to do."
        for one in deliveries
        if one.failing
    )


def headline(statuses: Sequence[EndpointStatus], zone: tzinfo = UTC) -> Headline:
    """One sentence for all endpoints, which come the most urgent first, and what qualifies it."""
    groups = {state: [one for one in statuses if one.state == state] for state in STATES}
    changed, quiet = groups["changed"], groups["quiet"]
    down, not_asked = ([one for one in statuses if one.shown == shown] for shown in ("unreachable", "not asked"))
    qualifying: list[State] = [state for state in STATES if state not in ("unreachable", "changed", "quiet")]
    others = dict.fromkeys(each for one in statuses for each in beside(one))
    remarks = tuple(_remark(state, groups[state]) for state in qualifying if groups[state])
    named = {each: [f"**{inline(one.name)}**" for one in statuses if each in beside(one)] for each in others}
    remarks = (*(f"▲ {each}: {listed(names)}." for each, names in named.items()), *remarks)
    alone = len(groups["unreachable"]) + len(changed) == 1
    differs = "is different from what you pinned", "differ from what you pinned"
    said = {
        group[0].name: _counted(group, len(statuses), *words, alone, zone)
        for group, words in (
            (down, ("has an outage", "have an outage")),
            (changed, differs),
            (not_asked, ("is not asked", "are not asked")),
        )
        if group
    }
    if said:
        tone: Literal["error", "warning"] = "error" if down or changed else "warning"
        return Headline(tone, " ".join(said[one.name] for one in statuses if one.name in said), remarks)
    if not quiet and not groups["suspected"]:
        if groups["stale"]:
            return Headline("warning", "**Cannot tell**: no endpoint with a reference is answering.", remarks)
        return Headline("info", "**Too early to say**: no endpoint has a reference yet.", remarks)
    calm = f"**Nothing is confirmed to differ** from what you pinned, at {count(len(statuses), 'endpoint')}."
    if len(quiet) == len(statuses):
        all_ = "the endpoint answers" if len(statuses) == 1 else f"all {len(statuses)} endpoints answer"
        calm = f"**Nothing differs from what you pinned**: {all_} as the reference did."
    return Headline("warning" if groups["stale"] or groups["suspected"] or others else "success", calm, remarks)


def _counted(group: Sequence[EndpointStatus], of: int, is_so: str, are_so: str, tell_why: bool, zone: tzinfo) -> str:
    names = listed([f"**{inline(one.name)}**" for one in group])
    if len(group) > 1:
        return f"{len(group)} of {count(of, 'endpoint')} {are_so}: {names}."
    return f"{names} {is_so}" + (f": {inline(why(group[0], zone))}." if tell_why else ".")


def _remark(state: State, group: Sequence[EndpointStatus]) -> str:
    return f"{SYMBOLS[state]} {state.capitalize()}: {listed([f'**{inline(one.name)}**' for one in group])}."
