"""The gate runs by itself: when a provider names another version of the model, and when a retirement is near.

The replies that were stored before are the reference, so that only the new version is asked: block by block, each probe
once, until it is decided, never more than `gate: asks` of the endpoint. Several daemons share the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from prober.asking import Provider
from prober.incidents.retirement import is_soon
from prober.incidents.routing import Routing
from prober.judging.candidates import ALPHA, PairComparison, blocks_needed, compare_pairs, worse_probes
from prober.judging.channels import percent
from prober.model.budget import ScopedBudget
from prober.model.comparison import Candidate, VersionGate
from prober.model.declaration import Endpoint, Probe, ProbeSet, Severity, series_key
from prober.model.evidence import NONE, Fact, Observation
from prober.model.incident import Change, Facts, Incident
from prober.service.candidates import asked_beside, cost_of
from prober.service.decisions import notify_of_no_incident
from prober.status.retirement import retiring_of
from prober.store import Store, Transaction, candidates, incidents, judge_state, retirements
from prober.store.pages import over_time
from prober.store.rounds import label_at
from prober.text import count, one_line

IDENTITY: Final = frozenset({"requested_model", "model_name", "snapshot", "fingerprint"})
"""Kinds of facts by which a provider names another version."""
AS_SERVED: Final = "the version served now"
BEFORE: Final = 200
"""Stored rounds that are read for the reference, at most."""
REPLIES: Final = 4_000
MOST_FAILED: Final = 0.5
"""Share of failed asks above which nothing can be said."""
_SEVERITIES: Final[dict[str, Severity]] = {"worse": "critical", "undecided": "warning", "not_worse": "info"}
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Due:
    """What there is to compare."""

    name: str
    digest: str
    endpoint: Endpoint
    """As it is to be asked."""
    until: str
    """Label of the first round that is not of the reference."""
    title: str
    """Why it is compared."""
    advice: str
    """What to do if it is worse."""


def run_version_gate(
    store: Store,
    endpoint: Endpoint,
    sets: Iterable[ProbeSet],
    open_provider: Callable[[Endpoint], Provider],
    routing: Routing,
    clock: Clock,
    is_stopping: Callable[[], bool] = lambda: False,
    budgets: Sequence[ScopedBudget] = (),
) -> tuple[Candidate, ...]:
    """Compare what is due, if the endpoint declares `gate:`. Gives what was decided; people are notified of each once.

    `budgets`: all that its asks count in. Raises StoreError.
    """
    if endpoint.gate is None:
        return ()
    probes = {f"{one.name}/{each.id}": each for one in sets if endpoint.name in one.endpoints for each in one.probes}
    due = store.query(_due, endpoint, clock())
    known = {(one.name, one.digest) for one in store.query(candidates.found, "", endpoint.name)}
    ended = []
    for each in due:
        if (each.name, each.digest) not in known:
            store.change(candidates.begin, "version", "", endpoint.name, each.name, each.digest, (0, 0), clock())
    for one in store.query(candidates.found, "", endpoint.name):
        if one.state != "running":
            continue
        mine = next((each for each in due if (each.name, each.digest) == (one.name, one.digest)), None)
        if mine is None:
            store.change(candidates.end, one.id, "superseded", "", "it is over, or another version came", clock())
            continue
        found = _compare(
            store, one, mine, endpoint, endpoint.gate, probes, open_provider, routing, clock, is_stopping, budgets
        )
        ended += [found] if found is not None else []
    return tuple(ended)


def _due(tx: Transaction, endpoint: Endpoint, now: datetime) -> tuple[_Due, ...]:
    found = []
    open_here = [one for one in incidents.not_closed(tx) if one.endpoint_hash == endpoint.content_hash]
    named = [(one, _identity(one)) for one in open_here]
    if said := [(one, facts) for one, facts in named if facts]:
        incident, facts = said[-1]
        was = next((one.was for one in facts if one.kind in ("snapshot", "model_name") and one.was != NONE), "")
        words = "; ".join(one.words for one in facts[:2])
        found.append(
            _Due(
                AS_SERVED, f"incident {incident.id}", endpoint, _first(incident), f"incident {incident.id} ({words})",
                pin_words(endpoint, was, retirements.listed(tx, endpoint.name)),
            )
        )  # fmt: skip
    retiring = retiring_of(tx, endpoint.name)
    if retiring is not None and is_soon(retiring, now.date()) and retiring.retirement.successor:
        one = retiring.retirement
        successor = one_line(one.successor)[:200]
        advice = f"stay on {one.model} until {one.on}" + (
            f", then send callers to {endpoint.fallback}, its declared fallback" if endpoint.fallback else ""
        )
        first = min(map(_first, open_here), default=label_at(now))
        found.append(
            _Due(
                successor, f"{one.model} {one.on}", endpoint.model_copy(update={"model": one.successor}), first,
                f"{one.model} is shut down on {one.on}; its successor {successor}", advice,
            )
        )  # fmt: skip
    return tuple(found)


def _first(incident: Incident) -> str:
    """Label of the first round that may show it."""
    return incident.onset_between[0] if isinstance(incident, Change) and incident.onset_between else incident.onset


def _identity(incident: Incident) -> tuple[Fact, ...]:
    facts = incident.facts if isinstance(incident, Change | Facts) else ()
    return tuple(one for one in facts if one.kind in IDENTITY)


def pin_words(endpoint: Endpoint, was: str, listed: Sequence[str]) -> str:
    """What to pin if the version served now is worse. `was`: the snapshot that the provider named before; `listed`: the
    models it lists."""
    if was and was in listed:
        return f"pin `model: {was}`, which the provider still lists"
    gone = f"the provider does not list {was} any more; " if was and listed else ""
    if endpoint.fallback:
        return f"{gone}send callers to {endpoint.fallback}, its declared fallback"
    return f"{gone}no version to pin is known; declare `fallback:` of the endpoint to have one named here"


def _compare(
    store: Store,
    one: Candidate,
    due: _Due,
    endpoint: Endpoint,
    rule: VersionGate,
    probes: Mapping[str, Probe],
    open_provider: Callable[[Endpoint], Provider],
    routing: Routing,
    clock: Clock,
    is_stopping: Callable[[], bool],
    budgets: Sequence[ScopedBudget],
) -> Candidate | None:
    """Ask blocks until it is decided. None if it is not: another daemon asks, a budget is spent, or this one stops."""
    stored = store.query(_stored, endpoint, probes, due.until)
    asked = {key: probe for key, probe in probes.items() if key in stored}
    allowed = rule.asks // max(1, len(asked))
    most = min(max(map(len, stored.values()), default=0), allowed)
    least = min(most, blocks_needed(len(asked))) if asked else 0
    seen = one.seen
    while not is_stopping():
        pairs = store.query(candidates.pairs, one.id)
        costs = cost_of(endpoint, clock()), cost_of(due.endpoint, clock())
        failed = sum(not pair.candidate.answered for pair in pairs)
        gives_up = seen >= 2 and failed > MOST_FAILED * len(pairs)
        said = compare_pairs(pairs, asked, rule.margin / 100, costs, seen / most if seen < most else 1.0)
        broken = worse_probes(pairs, asked, ALPHA / max(1, len(asked)))
        is_worse = said.verdict == "worse" or bool(broken)
        if seen >= most or gives_up or is_worse or (said.verdict == "not_worse" and seen >= least):
            verdict = "worse" if is_worse else said.verdict
            worse = broken or (worse_probes(pairs, asked) if is_worse else [])
            words = _words(verdict, said, worse, asked, probes, len(pairs), due)
            if asked and not allowed:
                words = f"cannot be compared: `gate: asks` is {rule.asks}, and there are {len(asked)} probes"
            return _end(store, one, due, said.rounds, verdict, words, routing, clock())
        if not store.change(candidates.take, one.id, seen):
            return None
        references = [of[seen] for of in stored.values() if len(of) > seen]
        new = asked_beside(store, one, due.endpoint, asked, references, f"{seen:06d}", open_provider, clock, budgets)
        if not new:
            store.change(candidates.give_back, one.id, seen)
            return None
        store.change(candidates.add_pairs, one.id, new)
        seen += 1
    return None


def _stored(
    tx: Transaction, endpoint: Endpoint, probes: Mapping[str, Probe], until: str
) -> dict[str, list[Observation]]:
    """`set/probe id` → the stored replies to this very probe in the present epoch, before a round; newest first."""
    start = judge_state.epoch_start(tx, endpoint.content_hash)
    rounds = over_time.rounds_between(tx, endpoint.name, start, until, BEFORE, REPLIES, newest=True)
    series = {series_key(endpoint, probe): key for key, probe in probes.items()}
    found: dict[str, list[Observation]] = {}
    for round_ in reversed(rounds):
        for one in round_.observations:
            if one.reply.answered and one.fingerprint is not None and series.get(one.series) == one.probe:
                found.setdefault(one.probe, []).append(one)
    return found


def _end(
    store: Store, one: Candidate, due: _Due, rounds: int, verdict: str, words: str, routing: Routing, now: datetime
) -> Candidate | None:
    with store.write() as tx:
        candidates.keep(tx, one.id, rounds, verdict, words)
        if candidates.end(tx, one.id, "compared", "", "", now):
            notify_of_no_incident(
                tx, "version_compared", routing, now, endpoint=one.endpoint, cause=f"{due.title}: {words}",
                reason=verdict, severity=_SEVERITIES[verdict],
            )  # fmt: skip
        return candidates.get(tx, one.id)


def _words(
    verdict: str,
    said: PairComparison,
    worse: Sequence[tuple[str, int, int, int]],
    asked: Mapping[str, Probe],
    probes: Mapping[str, Probe],
    asks: int,
    due: _Due,
) -> str:
    whose = f"your {count(len(asked), 'probe')}"
    left_out = len(probes) - len(asked)
    beside_words = f"{said.words}; {count(asks, 'ask')}"
    if left_out:
        beside_words += f"; no stored reply to compare with for {count(left_out, 'probe')}"
    if not asked:
        return "cannot be compared: no reply to the probes as they are now is stored"
    if verdict == "not_worse":
        return f"regression-free for {whose} ({beside_words})"
    if verdict == "worse":
        each = [
            f"{key} passes {percent(new / of)} instead of {percent(old / of)}" for key, old, new, of in islice(worse, 5)
        ]
        more = f" and {len(worse) - 5} more" if len(worse) > 5 else ""
        which = f"on {len(worse)} of {whose}: {'; '.join(each)}{more}" if worse else f"for {whose} together"
        return f"worse {which} ({beside_words}). To do: {due.advice}"
    return f"undecided for {whose} ({beside_words}). If in doubt: {due.advice}"
