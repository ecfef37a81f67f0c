"""How each endpoint stands, in one word and one reason; and the one sentence over all of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Literal

from dashboard.formatting import ago, count, inline, listed, round_name, span, when
from prober.store.pages.views import DeliveryView, EndpointView, RoundView

Word = Literal["changed", "suspected", "silent", "learning", "waiting", "as pinned"]
Tone = Literal["error", "warning", "info", "success"]

ORDER: tuple[Word, ...] = ("changed", "silent", "suspected", "learning", "waiting", "as pinned")
"""Most urgent first."""
SYMBOLS: dict[Word, str] = {
    "changed": "◆",
    "silent": "✕",
    "suspected": "▲",
    "learning": "◔",
    "waiting": "○",
    "as pinned": "●",
}
"""A shape for each word, so that none hangs on colour alone."""

_GRACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class EndpointState:
    """One endpoint now."""

    endpoint: EndpointView
    word: Word
    why: str
    """Half a sentence; may hold hostile text."""
    age: str
    """Of the last completed round, such as `3 h ago`; `never` before the first."""

    @property
    def label(self) -> str:
        return f"{SYMBOLS[self.word]} {self.word}"


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer to "is anything different from what we pinned?"."""

    tone: Tone
    sentence: str
    """Markdown, every name in it made harmless."""
    remarks: tuple[str, ...]
    """What qualifies the answer, markdown."""


def unreached(deliveries: Sequence[DeliveryView], now: datetime) -> tuple[str, ...]:
    """Places where nobody hears of anything until somebody mends the configuration: markdown, a sentence each."""
    return tuple(
        f"**Nobody is reached through {inline(one.alerter)}**"
        + (f" ({inline(one.channel)})" if one.channel else "")
        + (f" for {span(now - one.since)}" if one.since else "")
        + f": {inline(one.last_reason)}. `prober status` says what to do."
        for one in deliveries
        if one.failing
    )


def endpoint_states(
    endpoints: Sequence[EndpointView], rounds: Sequence[RoundView], now: datetime, zone: tzinfo = UTC
) -> tuple[EndpointState, ...]:
    """Every endpoint, the most urgent first. `rounds` are the newest ones, newest first."""
    by_endpoint: dict[str, list[RoundView]] = {}
    for one in rounds:
        by_endpoint.setdefault(one.endpoint, []).append(one)
    all_of_them = (stand(endpoint, by_endpoint.get(endpoint.name, ()), now, zone) for endpoint in endpoints)
    return tuple(sorted(all_of_them, key=lambda one: (ORDER.index(one.word), one.endpoint.name)))


def stand(endpoint: EndpointView, rounds: Sequence[RoundView], now: datetime, zone: tzinfo = UTC) -> EndpointState:
    """One endpoint, from its latest judgement and its newest rounds, newest first."""
    word, why = _word(endpoint, rounds, now, zone)
    last = endpoint.last_completed_at
    return EndpointState(endpoint, word, why, ago(last, now) if last else "never")


def _word(endpoint: EndpointView, rounds: Sequence[RoundView], now: datetime, zone: tzinfo) -> tuple[Word, str]:
    incident = endpoint.open_incident
    if incident is not None:
        words = incident.verdicts[0].words if incident.verdicts else incident.kind.replace("_", " ")
        return "changed", f"{words} since {round_name(incident.onset, zone)}"
    if silence := _silence(endpoint, rounds, now, zone):
        return "silent", silence
    match endpoint.state:
        case "suspected":
            strongest = max(endpoint.channels, key=lambda point: point.e_value, default=None)
            return "suspected", strongest.words if strongest else "evidence is growing"
        case "insufficient_evidence":
            return "learning", endpoint.missing or "the reference is still growing"
        case "alarm":  # its incident is closed: a person accepted the change, and the next round is of a new epoch
            return "learning", "the change was accepted; the next round begins a new reference"
        case "quiet":
            return "as pinned", "nothing moved"
        case _:
            return "waiting", "no round has been judged yet"


def _silence(endpoint: EndpointView, rounds: Sequence[RoundView], now: datetime, zone: tzinfo) -> str:
    """Why nothing is heard of the endpoint at present, or ``""``."""
    if endpoint.trouble is not None:
        cause = endpoint.trouble.cause or endpoint.trouble.kind
        return f"cannot be asked since {round_name(endpoint.trouble.onset, zone)}: {cause.replace('_', ' ')}"
    if endpoint.stale_since is not None:
        heard = endpoint.last_completed_at
        return f"no fresh rounds since {when(heard, zone)}" if heard else "no round was ever completed"
    ended = [one for one in rounds if one.state in {"completed", "missed"}]
    if not ended:
        return ""
    last = ended[0]
    if last.state == "missed":
        return f"the last round was missed: {last.reason or 'no reason given'}"
    if last.asked and last.failed == last.asked:
        return f"every ask of the last round failed: {endpoint.last_failure or 'no reason given'}"
    usual = _usual_gap(ended)
    heard = endpoint.last_completed_at
    # Three gaps: a weekend of a schedule of working days is no silence.
    if usual is not None and heard is not None and now - heard > 3 * usual + _GRACE:
        return f"no round since {when(heard, zone)}, usually one every {span(usual)}"
    return ""


def _usual_gap(rounds: Sequence[RoundView]) -> timedelta | None:
    """Of the probe set asked most often: the middle one of the gaps between its newest rounds.

    None where no set has been due three times.
    """
    usual = []
    for probe_set in {one.probe_set for one in rounds}:
        due = [one.due_at for one in rounds if one.probe_set == probe_set][:21]
        gaps = sorted(later - earlier for later, earlier in pairwise(due))
        if len(gaps) >= 2:
            usual.append(gaps[len(gaps) // 2])
    return min(usual, default=None)


def headline(standing: Sequence[EndpointState]) -> Headline:
    """One sentence for all endpoints, and what qualifies it."""
    groups: dict[Word, list[EndpointState]] = {word: [one for one in standing if one.word == word] for word in ORDER}
    changed, quiet = groups["changed"], groups["as pinned"]
    remarks = tuple(_remark(word, groups[word]) for word in ORDER[1:-1] if groups[word])
    if changed:
        names = listed([f"**{inline(one.endpoint.name)}**" for one in changed])
        if len(changed) == 1:
            sentence = f"{names} is different from what you pinned: {inline(changed[0].why)}."
        else:
            sentence = f"{len(changed)} of {count(len(standing), 'endpoint')} differ from what you pinned: {names}."
        return Headline("error", sentence, remarks)
    if not quiet and not groups["suspected"]:
        learning_only = not groups["silent"]
        sentence = (
            "**Too early to tell**: no endpoint has a reference yet."
            if learning_only
            else "**Cannot tell**: no endpoint with a reference is answering."
        )
        return Headline("info" if learning_only else "warning", sentence, remarks)
    sentence = f"**Nothing is confirmed to differ** from what you pinned, at {count(len(standing), 'endpoint')}."
    if len(quiet) == len(standing):
        one = "the endpoint answers" if len(standing) == 1 else f"all {len(standing)} endpoints answer"
        sentence = f"**Nothing differs from what you pinned**: {one} as the reference did."
    return Headline("warning" if groups["silent"] or groups["suspected"] else "success", sentence, remarks)


def _remark(word: Word, group: Sequence[EndpointState]) -> str:
    few = len(group) <= 2
    names = [f"**{inline(one.endpoint.name)}**" + (f" ({inline(one.why)})" if few else "") for one in group]
    return f"{SYMBOLS[word]} {word.capitalize()}: {listed(names)}."
