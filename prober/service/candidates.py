"""Candidates are asked beside what is in force: an edited prompt before it takes its place, and a shadow endpoint.

The rounds of the endpoint go on with what is in force, and are judged as usual. When such a round is complete, the
candidate is asked the same, and the pairs are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Final

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.breaker import REMEMBERED
from prober.asking.interface import Ask
from prober.asking.limits import LONGEST_WAIT_S
from prober.incidents.routing import Routing
from prober.judging.candidates import Cost, PairComparison, compare_pairs
from prober.model.budget import ScopedBudget
from prober.model.comparison import Candidate, CandidateState, Pair
from prober.model.declaration import Endpoint, Probe, ProbeSet, own_budgets, series_key
from prober.model.errors import ConfigurationError
from prober.model.evidence import Observation
from prober.model.reply import Reply
from prober.model.version import Version
from prober.prices import Tariff, tariff
from prober.service.act import as_typed
from prober.service.decisions import notify_of_no_incident
from prober.service.gates import breaker_gate, budget_gates, limit_gate, overspending_gates
from prober.store import Store, Transaction, candidates, versions

EVERY: Final = 6
"""Rounds between two looks at a shadow, whose end depends on the time alone."""
Clock = Callable[[], datetime]
Find = Callable[[str], Endpoint]
"""An endpoint by its declared name."""


def in_force(store: Store, probe_set: ProbeSet, endpoint: Endpoint, now: datetime) -> ProbeSet:
    """The set as this endpoint is to be asked now: prompts that were edited, and not accepted yet, as they were before.

    Begins the comparisons that are due. Raises StoreError.
    """
    if probe_set.canary is None and probe_set.shadow is None:
        return probe_set
    return store.change(_in_force, probe_set, endpoint, now)


def _in_force(tx: Transaction, probe_set: ProbeSet, endpoint: Endpoint, now: datetime) -> ProbeSet:
    if (shadow := probe_set.shadow) is not None and shadow.candidate != endpoint.name:
        digest = f"{endpoint.content_hash} {shadow.candidate}"
        candidates.begin(tx, "endpoint", probe_set.name, endpoint.name, shadow.candidate, digest, (0, 0), now)
    if probe_set.canary is None:
        return probe_set
    probes = tuple(_probe_in_force(tx, probe_set, probe, endpoint, now) for probe in probe_set.probes)
    return probe_set.model_copy(update={"probes": probes})


def _probe_in_force(tx: Transaction, probe_set: ProbeSet, probe: Probe, endpoint: Endpoint, now: datetime) -> Probe:
    name, digest = f"{probe_set.name}/{probe.id}", probe.content_hash
    known = {one.digest: one for one in candidates.found(tx, probe_set.name, endpoint.name) if one.name == name}
    here = known.get(digest)
    history = versions.history(tx, name)
    if here is None:
        edited = next((one for one in reversed(history) if one.digest == digest), None)
        before = _good(tx, name, history, digest, known)
        if edited is None or before is None or versions.probe_of(before) is None:
            return probe
        numbers = before.number, edited.number
        candidates.begin(tx, "prompt", probe_set.name, endpoint.name, name, digest, numbers, now)
    elif here.state == "accepted":
        return probe
    else:
        before = next((one for one in history if one.number == here.reference), None)
    old = versions.probe_of(before) if before is not None else None
    return probe if old is None else old.model_copy(update={"samples": probe.samples, "tags": probe.tags})


def _good(
    tx: Transaction, name: str, history: Sequence[Version], digest: str, known: Mapping[str, Candidate]
) -> Version | None:
    """The version that is in force: marked as known to be good last, else the newest that was not a candidate only.
    None if that is the declared content itself."""
    marked = [one.ref for one in versions.marks(tx, name) if one.kind == "known-good"]
    good = next((one for one in history if marked and marked[-1] == f"v{one.number}"), None)
    if good is None:
        refused = {one.digest for one in known.values() if one.state != "accepted"}
        good = next((one for one in reversed(history) if one.digest not in {digest, *refused}), None)
    return good if good is not None and good.digest != digest else None


def ask_beside(
    store: Store,
    probe_set: ProbeSet,
    asked: ProbeSet,
    endpoint: Endpoint,
    observations: Sequence[Observation],
    label: str,
    find: Find,
    open_provider: Callable[[Endpoint], Provider],
    routing: Routing,
    clock: Clock,
    budgets: Sequence[ScopedBudget] = (),
) -> tuple[Candidate, ...]:
    """After a round: ask every candidate the same, compare, and notify people of what is decided. Gives how those that
    were asked stand now.

    `probe_set`: as declared; `asked`: as `in_force` gave it. `budgets`: what the asks of the round count in; those of a
    candidate count in the same, and in its own endpoint's. Raises StoreError.
    """
    if probe_set.canary is None and probe_set.shadow is None:
        return ()
    stand = []
    for one in store.query(candidates.found, probe_set.name, endpoint.name):
        if one.state != "running" or (one.kind == "prompt" and probe_set.canary is None):
            continue
        store.change(candidates.see, one.id)
        mine = _asked_of(one, probe_set, asked, endpoint, find)
        if mine is None:
            store.change(candidates.end, one.id, "superseded", "", "declared no longer", clock())
            continue
        other, probes, share = mine
        if int((one.seen + 1) * share) > int(one.seen * share):
            shared = [each for each in budgets if each.endpoint is None]
            counted = {each.scope: each for each in (*own_budgets(probe_set, other), *shared)}
            pairs = asked_beside(
                store, one, other, probes, observations, label, open_provider, clock, [*counted.values()]
            )
            store.change(candidates.add_pairs, one.id, pairs)
        if one.kind == "endpoint" and one.seen % EVERY and _part(one, probe_set, 0, clock()) < 1:
            continue  # a week of pairs is not read again after every round
        stand.append(_compare(store, one, probe_set, endpoint, other, probes, routing, clock()))
    return tuple(stand)


def _asked_of(
    one: Candidate, probe_set: ProbeSet, asked: ProbeSet, endpoint: Endpoint, find: Find
) -> tuple[Endpoint, dict[str, Probe], float] | None:
    """Whom and what to ask, by `set/probe id`, and in which share of the rounds; None if it is declared no longer."""
    if one.kind == "prompt":
        edited = {f"{probe_set.name}/{probe.id}": probe for probe in probe_set.probes}.get(one.name)
        if edited is None or edited.content_hash != one.digest or probe_set.canary is None:
            return None
        return endpoint, {one.name: edited}, probe_set.canary.share
    shadow = probe_set.shadow
    if shadow is None or shadow.candidate != one.name or not one.digest.startswith(endpoint.content_hash):
        return None
    try:
        other = find(shadow.candidate)
    except ConfigurationError:
        return None
    return other, {f"{probe_set.name}/{probe.id}": probe for probe in asked.probes}, shadow.share


def asked_beside(
    store: Store,
    one: Candidate,
    endpoint: Endpoint,
    probes: Mapping[str, Probe],
    observations: Sequence[Observation],
    label: str,
    open_provider: Callable[[Endpoint], Provider],
    clock: Clock,
    budgets: Sequence[ScopedBudget],
) -> list[Pair]:
    """The candidate's replies beside these, within its budgets and the limits of its account, and while the breaker of
    its endpoint is closed: that of the stored rounds and of what was asked for this candidate."""
    wanted = [each for each in observations if each.probe in probes]
    keys = {name: series_key(endpoint, probe) for name, probe in probes.items()}
    asks = [
        Ask(endpoint, probes[each.probe], each.sample, keys[each.probe], place) for place, each in enumerate(wanted)
    ]
    by_series = {keys[name]: probe for name, probe in probes.items()}
    gates = overspending_gates(store, endpoint, "beside", "", clock()) or [
        breaker_gate(store, endpoint, clock, store.query(candidates.newest_replies, one.id, REMEMBERED)),
        limit_gate(store, endpoint, clock),
        *budget_gates(store, endpoint, budgets, (), by_series, clock),
    ]
    replies: dict[int, Reply] = {}
    with closing(open_provider(endpoint)) as provider:
        asker = Asker(provider, clock, endpoint.concurrency, gates, time.sleep, LONGEST_WAIT_S)
        with closing(asker.ask(asks)) as arriving:
            for answers in arriving:
                replies.update((answer.ask.place, answer.reply) for answer in answers)
    return [
        Pair(label, each.probe, each.sample, each.reply, replies[place])
        for place, each in enumerate(wanted)
        if place in replies
    ]


def _compare(
    store: Store,
    one: Candidate,
    probe_set: ProbeSet,
    endpoint: Endpoint,
    other: Endpoint,
    probes: Mapping[str, Probe],
    routing: Routing,
    now: datetime,
) -> Candidate:
    """Where the candidate stands after a round; what is decided is written, and notified once."""
    pairs = store.query(candidates.pairs, one.id)
    rule = probe_set.canary if one.kind == "prompt" else probe_set.shadow
    assert rule is not None
    part = _part(one, probe_set, len({each.round for each in pairs}), now)
    said = compare_pairs(pairs, probes, rule.margin / 100, (cost_of(endpoint, now), cost_of(other, now)), part)
    is_over = part >= 1 or (one.kind == "prompt" and said.verdict == "worse")
    with store.write() as tx:
        candidates.keep(tx, one.id, said.rounds, said.verdict, said.words)
        if is_over:
            state = _state(one, probe_set, said)
            actor = "rule" if state != "compared" else ""
            if candidates.end(tx, one.id, state, actor, "", now):
                ends = {"accepted": "; accepted by rule", "rolled_back": "; rolled back by rule"}
                if state == "accepted":
                    _mark(tx, one, "rule", "not worse", now)
                cause = f"{one.title}: {said.words}{ends.get(state, '')}"
                notify_of_no_incident(
                    tx, "compared", routing, now, endpoint=endpoint.name, cause=cause, reason=said.verdict
                )
        found = candidates.get(tx, one.id)
    assert found is not None
    return found


def _part(one: Candidate, probe_set: ProbeSet, rounds: int, now: datetime) -> float:
    """Of the comparison that is over; 1 at its end."""
    if one.kind == "prompt":
        assert probe_set.canary is not None
        return min(1.0, rounds / probe_set.canary.rounds)
    assert probe_set.shadow is not None
    return min(1.0, (now - one.began_at).total_seconds() / probe_set.shadow.lasts_s)


def _state(one: Candidate, probe_set: ProbeSet, said: PairComparison) -> CandidateState:
    by_rule = one.kind == "prompt" and probe_set.canary is not None and probe_set.canary.accept == "if_not_worse"
    if by_rule and said.verdict != "undecided":
        return "accepted" if said.verdict == "not_worse" else "rolled_back"
    return "compared"


def cost_of(endpoint: Endpoint, now: datetime) -> Cost:
    price = tariff(endpoint, now)

    def cost(reply: Reply) -> float | None:
        if not isinstance(price, Tariff) or reply.input_tokens is None or reply.all_output_tokens is None:
            return None
        return price.dollars(1, reply.input_tokens, reply.all_output_tokens)

    return cost


def settle(store: Store, candidate_id: int, is_accepted: bool, actor: str, note: str, now: datetime) -> Candidate:
    """A person accepts a candidate, or rolls it back. An accepted prompt is asked from the next round on.

    Raises ConfigurationError if there is none of this number, or it is over.
    """
    note = as_typed(note)
    with store.write() as tx:
        one = candidates.get(tx, candidate_id)
        if one is None:
            raise ConfigurationError(f"there is no candidate {candidate_id}; `prober candidates` lists all there are")
        if one.state == "superseded":
            raise ConfigurationError(f"candidate {candidate_id} was edited again, or is no longer declared")
        state: CandidateState = "accepted" if is_accepted else "rolled_back"
        if candidates.end(tx, candidate_id, state, actor, note, now) and is_accepted:
            _mark(tx, one, actor, note, now)
        return candidates.get(tx, candidate_id) or one


def _mark(tx: Transaction, one: Candidate, actor: str, note: str, now: datetime) -> None:
    """The version is known to be good."""
    if one.kind == "prompt":
        versions.mark(tx, "known-good", one.name, f"v{one.number}", actor, note, now)
