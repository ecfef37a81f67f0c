"""The postmortem of an incident: what the store knows of it, as Markdown, and headings for what only people know.

The headings are those of the SRE book ("Postmortem culture") with contributing factors in place of one root cause.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from prober.alerts.phrases import between, chance, course_words, minute, resting_on, thousands, when
from prober.loading.round_labels import moment_of
from prober.model.incident import Change, Facts, Incident, Measured, Trouble
from prober.model.notice import Comparison, Part
from prober.model.triage import Triage
from prober.model.version import Mark
from prober.prices import dollars
from prober.status.timeline import CHANGED, FIRST, Step, opened_by_fact, timeline
from prober.status.triage import triage_of
from prober.store import bill, incidents, notices, retention, versions
from prober.store.engine import Transaction
from prober.store.pages import days, over_time, overview
from prober.store.pages.days import TallyView
from prober.store.pages.over_time import EditView, RoundLine
from prober.store.views import ChannelPoint
from prober.text import count, inline, span, visible

BEFORE: Final = timedelta(days=14)
"""How long before the onset is looked at."""
_TO_FILL_IN: Final = "_To fill in._"


@dataclass(frozen=True, slots=True)
class Postmortem:
    """What the store knows of one incident."""

    incident: Incident
    parts: tuple[Part, ...]
    owners: tuple[str, ...]
    false_alarms_per_year: float
    steps: tuple[Step, ...]
    examples: tuple[Comparison, ...]
    deleted: str
    """Which replies of the endpoint were deleted; empty where none were."""
    edits: tuple[EditView, ...]
    """Of the endpoint, between `BEFORE` the onset and the detection: our own changes of the configuration."""
    prompt_edits: tuple[tuple[str, str], ...]
    """(label, probe), in the same time."""
    marks: tuple[Mark, ...]
    """Deploys and known-good versions that people recorded, in the same time."""
    lines: tuple[RoundLine, ...]
    """Rounds from `BEFORE` the onset on."""
    passed_alone: Mapping[str, str]
    """Channel → label of the first round since the onset by which it would have raised the alarm by itself."""
    cost: TallyView | None
    """Asks and dollars of the endpoint since the onset."""
    triage: Triage | None = None
    """In the numbers of now; None where the rounds have no time."""


def _owners(tx: Transaction, incident: Incident) -> tuple[str, ...]:
    """Of a bill of the team's own traffic; others are those of their endpoint."""
    if isinstance(incident, Measured) and incident.kind == "bill":
        return bill.owners(tx, incident.endpoint, incident.about)
    return ()


def gather(tx: Transaction, incident: Incident, now: datetime) -> Postmortem:
    """Read it. Raises StoreError."""
    began = moment_of(incident.onset)
    since = incident.onset if began is None else (began - BEFORE).isoformat()
    points = over_time.channel_history(tx, incident.endpoint) if isinstance(incident, Change) else ()
    until = (incident.closed_at or now).date() + timedelta(days=1)
    tallies = () if began is None else days.tallies(
        tx, "endpoint", began.date(), until, daily=False, endpoint=incident.endpoint
    )  # fmt: skip
    view = next((one for one in overview.endpoints(tx) if one.name == incident.endpoint), None)
    return Postmortem(
        incident=incident,
        parts=incidents.parts(tx, incident),
        owners=_owners(tx, incident) or (view.owners if view else ()),
        false_alarms_per_year=view.false_alarms_per_year if view else 1.0,
        steps=timeline(incident, incidents.actions(tx, incident.id), notices.recent(tx, incident.id)),
        examples=incidents.examples(tx, incident),
        deleted=retention.deleted_words(tx, incident.endpoint),
        edits=tuple(
            one for one in over_time.edits(tx, incident.endpoint)[1:] if since <= one.round <= incident.detected_round
        ),
        prompt_edits=over_time.prompt_edits(tx, incident.endpoint, since, incident.detected_round),
        marks=versions.marks(tx, since=None if began is None else began - BEFORE, until=incident.opened_at),
        lines=over_time.lines(tx, incident.endpoint, None if began is None else began - BEFORE, most=10_000),
        passed_alone=_passed_alone(points, incident),
        cost=next((one for one in tallies if one.key == incident.endpoint), None),
        triage=triage_of(tx, incident, now),
    )


def markdown(found: Postmortem) -> str:
    """The document. Hostile text is shown, never interpreted."""
    incident = found.incident
    lines = [f"# Postmortem of incident {incident.id}: {inline(incident.endpoint)}", "", *_summary(found), ""]
    lines += ["## Impact", "", *_impact(found), ""]
    lines += ["## What changed: prompt, configuration or model?", "", *_which(found), ""]
    lines += ["## Why ordinary monitoring did not show it", "", *_monitoring(found), ""]
    lines += ["## Detection", "", *_detection(found), ""]
    lines += ["## Timeline", "", "| when | what | who | why |", "|---|---|---|---|"]
    lines += [
        f"| {minute(one.at)} | {inline(one.what)} | {inline(one.who)} | {inline(one.why)} |" for one in found.steps
    ]
    lines += ["", "## Evidence", "", *_evidence(found), ""]
    lines += ["## Cost of watching", "", *_cost(found), ""]
    for heading in ("Contributing factors", "What went well", "Where we were lucky", "Action items"):
        lines += [f"## {heading}", "", _TO_FILL_IN, ""]
    return "\n".join(lines)


def _summary(found: Postmortem) -> list[str]:
    incident = found.incident
    kind = incident.kind.replace("_", " ")
    state = (
        f"closed: {incident.closed_as.removeprefix('closed ')}"
        if incident.state == "closed"
        else f"still {incident.state}"
    )
    if isinstance(incident, Trouble):
        name = inline(incident.endpoint)
        words = f"**{name}: {inline(incident.headline)}** since {when(incident.onset)}."
        return [f"{words} {incident.severity.capitalize()}, {state}."]
    if isinstance(incident, Facts):
        return [
            f"**{inline(incident.words)}** since {when(incident.onset)}. {incident.severity.capitalize()}, {state}."
        ]
    if isinstance(incident, Measured):
        words = f"**{inline(incident.headline)}** since {when(incident.onset)}: {inline(incident.detail)}."
        return [f"{words} {incident.severity.capitalize()}, {state}."]
    assert isinstance(incident, Change)
    moved = [words for _, words in _moved(incident)] or ["it answers differently"]
    what = moved[0] + (f", and {count(len(moved) - 1, 'more channel')} moved" if moved[1:] else "")
    course = course_words(incident.course, incident.passed, is_provisional=incident.is_provisional)
    return [
        f"**{inline(what)}** since {when(incident.onset)}{between(incident.onset_between)}. "
        f"A {kind}, {incident.severity}, {state}." + (f" {course.capitalize()}." if course else "")
    ]


def _impact(found: Postmortem) -> list[str]:
    incident = found.incident
    lines = [f"- Endpoint {inline(incident.endpoint)}, owned by {inline(', '.join(found.owners) or 'nobody named')}."]
    others = [part.endpoint for part in found.parts]
    lines += [f"- At the same time: {inline(', '.join(others))}."] if others else []
    if isinstance(incident, Change) and incident.findings.share is not None:
        lines.append(f"- Affected: {incident.findings.share.words}.")
    if isinstance(incident, Change):
        unknown = "no declared check moved, and refusals did not; declare under `expect` what a good reply holds"
        lines.append(f"- By checks, refusals and empty replies: {inline(incident.for_better_or_worse) or unknown}.")
    return [*lines, f"- Users and features that were affected: {_TO_FILL_IN}"]


def _which(found: Postmortem) -> list[str]:
    incident = found.incident
    prompts = [f"`{inline(probe)}` from {when(label)}" for label, probe in found.prompt_edits]
    edits = [f"from {when(one.round)}: {inline(one.provider)} {inline(one.model)}" for one in found.edits]
    deploys = [f"{minute(one.at)} {inline(one.what)} {inline(one.ref)}" for one in found.marks if one.kind == "deploy"]
    period = f"in the {BEFORE.days} days before and until it was detected"
    if isinstance(incident, Change):
        odds = chance(incident.e_value, incident.threshold, found.false_alarms_per_year)
        model = (
            f"moved, {odds} (evidence {thousands(incident.e_value)}, threshold {thousands(incident.threshold)}): the "
            "same prompts with the same parameters are answered differently"
        )
    elif isinstance(incident, Facts):
        model = "reports something else about itself, or a deterministic value changed; this needs no statistics"
    elif isinstance(incident, Measured):
        model = "see the triage: this measurement alone does not say which of the three it is"
    else:
        model = f"unknown, because nothing was judged: {inline(incident.headline)}"
    return [
        "| component | finding |",
        "|---|---|",
        f"| prompt | {'edited: ' + '; '.join(prompts) if prompts else f'the probes were not edited {period}'} |",
        f"| configuration | {'edited ' + '; '.join(edits) if edits else f'the endpoint was not edited {period}'} |",
        f"| model | {model} |",
        *([f"| triage | {inline(found.triage.words)} |"] if found.triage is not None else []),
        f"| your own deploys | {'; '.join(deploys) or f'none was recorded {period} (`prober mark deploy`)'} |",
    ]


def _monitoring(found: Postmortem) -> list[str]:
    onset = found.incident.onset
    before = [one for one in found.lines if one.round < onset]
    since = [one for one in found.lines if one.round >= onset]
    if not before or not since:
        return ["Too few rounds to compare."]
    lines = ["| signal | before | since |", "|---|---|---|"]
    lines.append(f"| failed asks | {_failed(before)} | {_failed(since)} |")
    latencies = [[one.latency_half_s for one in part if one.latency_half_s is not None] for part in (before, since)]
    if all(latencies):
        lines.append(f"| median latency | {median(latencies[0]):.2f} s | {median(latencies[1]):.2f} s |")
    return lines


def _failed(lines: Sequence[RoundLine]) -> str:
    asked, failed = sum(one.asked for one in lines), sum(one.failed for one in lines)
    return f"{failed:,} of {asked:,} ({100 * failed / asked if asked else 0:.1f} %)"


def _detection(found: Postmortem) -> list[str]:
    incident = found.incident
    began, sent = moment_of(incident.onset), [one.at for one in found.steps if one.what.startswith("notified")]
    first = FIRST.get(type(incident), CHANGED).capitalize()
    lines = [f"- {first}: {when(incident.onset)}. Confirmed by round {when(incident.detected_round)}."]
    if opened_by_fact(incident):
        lines.append(f"- A fact opened the incident before, at {minute(incident.opened_at)}.")
    if began is not None and (detected := moment_of(incident.detected_round)) is not None:
        lines.append(f"- From then to the round that confirmed it: {span(detected - began)}.")
    if sent:
        lines.append(f"- First notice: {minute(min(sent))}.")
    if not isinstance(incident, Change):
        return lines
    rounds = sum(incident.onset <= one.round <= incident.detected_round for one in found.lines)
    lines.append(f"- It took {count(rounds, 'round')}, all channels together.")
    earlier = {name: label for name, label in found.passed_alone.items() if label < incident.detected_round}
    alone = sorted(found.passed_alone.items(), key=lambda one: one[1])
    if earlier:
        first = min(earlier, key=lambda name: earlier[name])
        lines.append(f"- The channel {first} alone would have confirmed it earlier, by round {when(earlier[first])}.")
    elif alone:
        lines.append(f"- No channel alone would have confirmed it earlier; the soonest was {alone[0][0]}.")
    return lines


def _passed_alone(points: Sequence[ChannelPoint], incident: Incident) -> dict[str, str]:
    threshold = incident.threshold if isinstance(incident, Change) else 0.0
    first: dict[str, str] = {}
    for one in points:
        if one.round >= incident.onset and one.e_value >= threshold > 0:
            first.setdefault(one.channel, one.round)
    return first


def _evidence(found: Postmortem) -> list[str]:
    lines = [f"- {inline(channel)}: {inline(words)}" for channel, words in _moved(found.incident)]
    for one in found.examples:
        lines += ["", f"### {inline(one.probe)}", "", *_fenced("Prompt", one.prompt)]
        lines += [*_fenced("Before", one.reference), *_fenced("Since", one.recent)]
    if isinstance(found.incident, Change) and found.incident.findings.examples and not found.examples:
        lines += ["", found.deleted]
    return lines or ["None: there was no reply to judge."]


def _moved(incident: Incident) -> list[tuple[str, str]]:
    """(channel, words with the numbers they rest on), in the order of the incident."""
    if isinstance(incident, Facts):
        return [(fact.kind.replace("_", " "), fact.words) for fact in incident.facts]
    if isinstance(incident, Measured):
        return [(incident.about, incident.detail)]
    if not isinstance(incident, Change):
        return []
    evidence = {verdict.channel: verdict.e_value for verdict in incident.verdicts}
    return [
        (
            one.channel,
            f"{one.words or 'moved'}{resting_on(evidence.get(one.channel, 0.0), one.replies, one.reference_replies)}",
        )
        for one in incident.shifts
    ]


def _cost(found: Postmortem) -> list[str]:
    one = found.cost
    if one is None:
        return ["Unknown."]
    money = f", {dollars(one.dollars)}" if one.dollars is not None else ""
    return [f"{count(one.asks, 'ask')} in {count(one.rounds, 'round')} since the day of the onset{money}."]


def _fenced(title: str, text: str) -> list[str]:
    """A fence that is longer than any within."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return [f"{title}:", "", ticks, visible(text, 4_000), ticks, ""]
