"""The asking of a round: what is left of it is asked, recorded as it comes in, and fingerprinted once it is safe."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.interface import Ask
from prober.asking.limits import LONGEST_WAIT_S
from prober.fingerprint.caches import REMEMBERED, SeenReplies
from prober.fingerprint.fingerprint import fingerprint
from prober.judging.promise import Promise
from prober.model.budget import ScopedBudget
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.evidence import Observation
from prober.model.reply import Reply
from prober.service.gates import budget_gates, round_gates
from prober.store import Store, Transaction, judge_state, replies
from prober.store.rounds import Claim
from prober.text import count

GATHERED_S: Final = 0.1
"""How long at most a reply waits to be recorded while the fingerprints of earlier ones are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundToAsk:
    """What is asked of whom, and what is promised: what every step of a round needs."""

    probe_set: ProbeSet
    endpoint: Endpoint
    promise: Promise
    provider: Provider
    budgets: Sequence[ScopedBudget]
    """All that the asks count in."""
    clock: Callable[[], datetime]
    is_scheduled: bool = False
    """Whether it is a round of a schedule. Then an endpoint that answered nothing lately is given a pause, what is
    spent is compared with the plan, and the round may be missed as `breaker_open` or `held_back`."""
    may_confirm: bool = False
    """Whether somebody will ask the confirmation round that may come of it."""


@dataclass(frozen=True, slots=True)
class AskedRound:
    """What a round holds once it was asked."""

    observations: tuple[Observation, ...]
    """In the order of its asks."""
    refused: str = ""
    """Why asks were left out; empty where none was."""


def plan(probe_set: ProbeSet, endpoint: Endpoint) -> list[Ask]:
    """The asks of one round. Samples take turns, so that a round that is cut short has something of every probe."""
    series = [(probe, series_key(endpoint, probe)) for probe in probe_set.probes]
    order = [
        (probe, key, sample)
        for sample in range(max(probe.samples for probe in probe_set.probes))
        for probe, key in series
        if sample < probe.samples
    ]
    return [Ask(endpoint, probe, sample, key, place) for place, (probe, key, sample) in enumerate(order)]


def ask_round(store: Store, claim: Claim, one: RoundToAsk) -> AskedRound:
    """Ask what is not recorded yet. Each reply is in the store before it is read any further. Raises StoreError."""
    probe_set, endpoint = one.probe_set, one.endpoint
    asks = plan(probe_set, endpoint)
    with store.read() as tx:
        recorded = replies.recorded(tx, claim.round.id) if claim.round.asked else ()
        found = {(seen.series, seen.sample): seen for seen in recorded}
        earlier = replies.seen_before(tx, endpoint.content_hash, REMEMBERED)
    probes = {ask.series: ask.probe for ask in asks}
    asker = _asker(store, claim, one, found.values(), probes)
    seen = SeenReplies()
    for series, one_before in earlier:
        seen.remember(series, one_before)
    for before in found.values():
        seen.marked(before.series, before.reply)
    unread = deque(one for one in found.values() if _is_unread(one) and one.series in probes)
    read: list[Observation] = []
    with closing(asker.ask([ask for ask in asks if (ask.series, ask.sample) not in found])) as arriving:
        for answers in arriving:
            new = [_observation(probe_set, ask, seen.marked(ask.series, reply)) for ask, reply in answers]
            with store.write() as tx:
                replies.record(tx, claim, new)
                _keep(tx, claim, read, found)
            found.update(((one.series, one.sample), one) for one in new)
            unread.extend(filter(_is_unread, new))
            # Meanwhile replies may gather, so that many are recorded at once; a gate waits for us to let asks through.
            until = time.monotonic() + (GATHERED_S if asker.is_ahead else 0)
            while unread and (not asker.has_replies or time.monotonic() < until):
                read.append(_read(unread.popleft(), probes))
    read += [_read(one, probes) for one in unread]
    if read:
        with store.write() as tx:
            _keep(tx, claim, read, found)
    refused = "" if asker.refused is None else asker.refused.reason
    if refused and found:
        refused += f"; {len(found)} of {count(len(asks), 'ask')} of the round were made"
    return AskedRound(tuple(sorted(found.values(), key=lambda one: one.place)), refused)


def _asker(
    store: Store, claim: Claim, one: RoundToAsk, recorded: Iterable[Observation], probes: Mapping[str, Probe]
) -> Asker:
    """With the gates of a round, and as much patience as it may have."""
    is_confirming = claim.round.confirms not in ("", judge_state.FOR_REFERENCE)
    gates = round_gates(
        store, one.endpoint, one.budgets, recorded, probes, one.clock, is_scheduled=one.is_scheduled,
        purpose="confirmation" if is_confirming else one.probe_set.priority, probe_set=one.probe_set.name,
    )  # fmt: skip
    waits = one.is_scheduled or bool(one.endpoint.limits.by_unit)
    longest_s = LONGEST_WAIT_S if waits else 0.0
    return Asker(one.provider, one.clock, one.endpoint.concurrency, gates, time.sleep, longest_s)


def ask_once_more(store: Store, one: RoundToAsk, series: Collection[str]) -> tuple[Observation, ...]:
    """One ask of some series, beside those of a round: what came of it confirms a fact, and is evidence of nothing, for
    it is only asked because of what the round answered. None where the budget does not allow it."""
    endpoint = one.endpoint
    by_series = {series_key(endpoint, probe): probe for probe in one.probe_set.probes}
    asks = [
        Ask(endpoint, by_series[key], by_series[key].samples, key, place)
        for place, key in enumerate(series)
        if key in by_series
    ]
    gates = budget_gates(store, endpoint, one.budgets, (), by_series, one.clock)
    with closing(Asker(one.provider, one.clock, endpoint.concurrency, gates).ask(asks)) as arriving:
        answers = [answer for some in arriving for answer in some]
    return tuple(
        _read(seen, by_series) if _is_unread(seen) else seen
        for seen in (_observation(one.probe_set, *answer) for answer in answers)
    )


def _keep(tx: Transaction, claim: Claim, read: list[Observation], found: dict[tuple[str, int], Observation]) -> None:
    """Keep the fingerprints that were taken of recorded replies."""
    if read:
        replies.keep_fingerprints(tx, claim, read)
        found.update(((one.series, one.sample), one) for one in read)
        read.clear()


def _observation(probe_set: ProbeSet, ask: Ask, reply: Reply) -> Observation:
    return Observation(ask.series, f"{probe_set.name}/{ask.probe.id}", ask.sample, reply, None, ask.place)


def _is_unread(observation: Observation) -> bool:
    return observation.fingerprint is None and observation.reply.answered


def _read(observation: Observation, probes: Mapping[str, Probe]) -> Observation:
    return replace(observation, fingerprint=fingerprint(observation.reply, probes[observation.series]))
