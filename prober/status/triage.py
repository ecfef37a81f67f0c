"""The triage of an endpoint, or of an incident: what the store knows is read, and the pure tree is walked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from prober.alerts.phrases import when
from prober.incidents.runbooks import choose
from prober.incidents.triage import triage as walk
from prober.incidents.triage.assembled import Watched, assembled
from prober.incidents.triage.material import Asked, Edit, LiveSamples, Material
from prober.judging.fleet import APART
from prober.loading.round_labels import moment_of
from prober.model.evidence import Fact
from prober.model.incident import Change, Facts, Incident, Measured, Trouble
from prober.model.triage import Triage
from prober.model.version import Provenance, Version
from prober.model.watch import cause_in_words as why
from prober.status.samples import live_samples
from prober.store import candidates, declared, incidents, judge_state, versions
from prober.store.engine import Transaction
from prober.store.pages import over_time, overview
from prober.store.rounds import label_at
from prober.store.views import EndpointView, RoundView
from prober.text import inline

BEFORE: Final = 20
"""Newest rounds before the moment in question that are read."""
SINCE: Final = 12
"""Oldest rounds from then on."""
REPLIES: Final = 400
"""In either, at most."""
NEIGHBOURS: Final = 8
LOOKED_BACK: Final = timedelta(days=2)
"""Where neither a moment nor an incident is given."""
_LAST: Final = "~"
"""Sorts after every label."""


def triage(tx: Transaction, endpoint: str, since: datetime, now: datetime, live: LiveSamples | None = None) -> Triage:
    """What explains how the endpoint answers since then. Only reads."""
    return walk(gather(tx, endpoint, since, live or live_samples(tx, endpoint, since, now)), now)


def triage_of(tx: Transaction, incident: Incident, now: datetime) -> Triage | None:
    """The triage of an incident, in today's numbers; None where its onset is no time, or where it is about spending: a
    triage explains answers."""
    if isinstance(incident, Measured) and incident.kind in ("runaway", "bill"):
        return None
    since = began(tx, incident)
    if since is None or not declared.is_declared(tx, incident.endpoint):
        return None
    found = triage(tx, incident.endpoint, since, now)
    return replace(found, runbook=choose(incident, found.named))


def numbers(incident: Incident, found: Triage | None) -> dict[str, str]:
    """What a runbook says in place of its `{names}`. Hostile text is shown, never interpreted."""
    headline = ""
    if isinstance(incident, Change):
        headline = incident.headline
    elif isinstance(incident, Facts):
        headline = incident.words
    elif isinstance(incident, Measured):
        headline = f"{incident.headline} ({incident.detail})"
    elif isinstance(incident, Trouble):
        headline = why(incident.cause, incident.detail, incident.failed_share)
    said = {
        "incident": str(incident.id),
        "endpoint": incident.endpoint,
        "since": when(incident.onset),
        "headline": headline or incident.kind.replace("_", " "),
        "verdict": found.words if found is not None else "unknown",
    }
    return {name: inline(text) for name, text in said.items()}


def began(tx: Transaction, incident: Incident) -> datetime | None:
    """The moment from which on its causes are looked for: two rounds before its onset, and no less than `APART`."""
    first = incident.onset_between[0] if isinstance(incident, Change) and incident.onset_between else incident.onset
    moment = moment_of(first)
    return None if moment is None else moment - max(APART, 2 * judge_state.period(tx, incident.endpoint_hash))


def default_since(tx: Transaction, endpoint: str, now: datetime) -> datetime:
    """Before the first thing that is open; else `LOOKED_BACK`."""
    live = [one for one in incidents.recent(tx, endpoint=endpoint, limit=100) if one.is_live]
    moments = [moment for one in live if (moment := began(tx, one)) is not None]
    return min(moments, default=now - LOOKED_BACK)


def gather(tx: Transaction, endpoint: str, since: datetime, live: LiveSamples | None = None) -> Material:
    """Read what the checks need."""
    views = overview.endpoints(tx)
    view, start = next(one for one in views if one.name == endpoint), label_at(since)
    found = _since(tx, endpoint, start)
    change = next((one for one in found if isinstance(one, Change) and one.endpoint_hash == view.endpoint_hash), None)
    facts = _facts(found)
    prompts, endpoints = _edits(tx, endpoint, since)
    moments = [*(one.round for one in (*prompts, *endpoints)), *(one.round for one in facts)]
    split = min([*moments, *([change.onset] if change else [])], default=start)
    return assembled(
        replace(_watched(tx, view, split), change=change),
        _neighbours(tx, view, views, split),
        since,
        asked=_asked(overview.recent_rounds(tx, endpoint), since, view.last_failure),
        prompt_edits=prompts,
        endpoint_edits=endpoints,
        trouble=next((one for one in found if isinstance(one, Trouble)), None),
        facts=facts,
        deploys=tuple(one for one in versions.marks(tx, since=since) if one.kind == "deploy"),
        live=live,
        swapped=versions.newest_experiment(tx, endpoint, since),
    )


def _asked(rounds: Sequence[RoundView], since: datetime, last_failure: str) -> Asked:
    ended = [one for one in rounds if one.due_at >= since]
    missed = [one.reason for one in ended if one.state == "missed"]
    asked, failed, cached = (sum(getattr(one, name) for one in ended) for name in ("asked", "failed", "cached"))
    return Asked(asked, failed, cached, missed[0] if missed else "", last_failure if failed else "")


def _watched(tx: Transaction, view: EndpointView, split: str) -> Watched:
    """Around a label."""
    change = view.open_incident
    last = "" if change is None else max(change.onset, (change.onset_between or (change.onset,) * 2)[1])
    grows = view.state in ("suspected", "alarm") and change is None and view.threshold > 0
    return Watched(
        name=view.name,
        model=view.model,
        origin=declared.origin_of(tx, view.endpoint_hash) or view.name,
        vantage=view.vantage,
        before=over_time.rounds_between(tx, view.name, "", split, BEFORE, REPLIES, newest=True),
        since=over_time.rounds_between(tx, view.name, split, _LAST, SINCE, REPLIES, newest=False),
        change=change if last >= split else None,
        suspicion=view.e_value / view.threshold if grows else 0.0,
        is_changed_before=change is not None and last < split,
        is_edited=any(one.round >= split for one in over_time.edits(tx, view.name)[1:]),
    )


def _neighbours(tx: Transaction, view: EndpointView, others: Iterable[EndpointView], split: str) -> tuple[Watched, ...]:
    """Those that are asked some of the same probe sets."""
    sets = {one.name for one in declared.sets_of(tx, view.name)}
    beside = [
        one
        for one in others
        if one.endpoint_hash != view.endpoint_hash and sets & {of.name for of in declared.sets_of(tx, one.name)}
    ]
    watched = (_watched(tx, one, split) for one in beside[:NEIGHBOURS])
    return tuple(
        replace(one, facts=_facts(_since(tx, one.name, split))) if one.model == view.model else one for one in watched
    )


def _since(tx: Transaction, endpoint: str, start: str) -> list[Incident]:
    return [one for one in incidents.recent(tx, endpoint=endpoint, limit=100) if _concerns(one, start)]


def _facts(found: Iterable[Incident]) -> tuple[Fact, ...]:
    return tuple(fact for one in found if isinstance(one, Change | Facts) for fact in one.facts)


def _concerns(incident: Incident, start: str) -> bool:
    """Whether it began in the time in question, or is trouble that is not over."""
    last = incident.onset_between[1] if isinstance(incident, Change) and incident.onset_between else incident.onset
    return last >= start or (incident.is_live and isinstance(incident, Trouble))


def _edits(tx: Transaction, endpoint: str, since: datetime) -> tuple[tuple[Edit, ...], tuple[Edit, ...]]:
    """Of prompts and of the endpoint, from the first round that was asked so; those not asked yet, from when they were
    seen. Oldest first."""
    start = label_at(since)
    sets = {one.name for one in declared.sets_of(tx, endpoint)}
    known = [one for one in versions.history(tx) if one.number > 1 and one.at >= since]
    mine = {(one.kind, one.name): one for one in known}
    asked = over_time.prompt_edits(tx, endpoint, label_at(since - timedelta(days=14)), _LAST)
    prompts = {name: label for label, name in asked if label >= start}
    became = [one.round for one in over_time.edits(tx, endpoint)[1:] if one.round >= start]
    contents = {endpoint: became[-1]} if became else {}
    # An edit that is asked beside the version in force explains nothing of what the rounds say.
    beside = {(one.name, one.number) for one in candidates.found(tx, None, endpoint) if one.state != "accepted"}
    for (kind, name), one in mine.items():
        if kind == "prompt" and name.partition("/")[0] in sets and (name, one.number) not in beside:
            prompts.setdefault(name, label_at(one.at))
        elif kind == "endpoint" and name == endpoint:
            contents.setdefault(name, label_at(one.at))
    return (
        tuple(_edit(name, label, mine.get(("prompt", name))) for name, label in sorted(prompts.items())),
        tuple(_edit(name, label, mine.get(("endpoint", name))) for name, label in contents.items()),
    )


def _edit(name: str, label: str, version: Version | None) -> Edit:
    return Edit(name, label, version.number if version else None, version.provenance if version else Provenance())
