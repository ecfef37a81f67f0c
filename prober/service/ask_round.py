"""The asking of a round: what is left of it is asked, recorded as it comes in, and fingerprinted once it is safe."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.interface import Ask
from prober.asking.limits import LONGEST_WAIT_S
from prober.fingerprint import fingerprint
from prober.fingerprint.caches import REMEMBERED, SeenReplies
from prober.model.budget import ScopedBudget
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.evidence import Observation
from prober.model.reply import Reply
from prober.service.gates import budget_gates, round_gates
from prober.store import Store, Transaction, judge_state, replies
from prober.store.rounds import Claim

GATHERED_S: Final = 0.1
"""How long at most a reply waits to be recorded while the fingerprints of earlier ones are taken."""


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


def ask_round(
    store: Store,
    claim: Claim,
    probe_set: ProbeSet,
    endpoint: Endpoint,
    provider: Provider,
    clock: Callable[[], datetime],
    budgets: Sequence[ScopedBudget],
    *,
    is_patient: bool = False,
) -> AskedRound:
    """Ask what is not recorded yet. Each reply is in the store before it is read any further. Raises StoreError.

    `is_patient`: whether an endpoint that answers nothing is given its pause (see `BreakerGate`).
    """
    asks = plan(probe_set, endpoint)
    found = {(one.series, one.sample): one for one in store.query(replies.recorded, claim.round.id)}
    probes = {ask.series: ask.probe for ask in asks}
    is_confirming = claim.round.confirms not in ("", judge_state.FOR_REFERENCE)
    gates = round_gates(
        store, endpoint, budgets, found.values(), probes, clock, is_patient=is_patient,
        purpose="confirmation" if is_confirming else probe_set.priority, probe_set=probe_set.name,
    )  # fmt: skip
    waits = is_patient or bool(endpoint.limits.by_unit)
    asker = Asker(provider, clock, endpoint.concurrency, gates, time.sleep, LONGEST_WAIT_S if waits else 0.0)
    seen = SeenReplies()
    earlier = store.query(replies.newest, endpoint.content_hash, REMEMBERED)
    for series, reply in (*earlier, *((one.series, one.reply) for one in found.values())):
        seen.marked(series, reply)
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
        refused += f"; {len(asks) - len(found)} of {len(asks)} asks of the round were not made"
    return AskedRound(tuple(sorted(found.values(), key=lambda one: one.place)), refused)


def ask_once_more(
    store: Store,
    probe_set: ProbeSet,
    endpoint: Endpoint,
    series: Collection[str],
    provider: Provider,
    clock: Callable[[], datetime],
    budgets: Sequence[ScopedBudget],
) -> tuple[Observation, ...]:
    """One ask of some series, beside those of a round: what came of it confirms a fact, and is evidence of nothing, for
    it is only asked because of what the round answered. None where the budget does not allow it."""
    by_series = {series_key(endpoint, probe): probe for probe in probe_set.probes}
    asks = [
        Ask(endpoint, by_series[one], by_series[one].samples, one, place)
        for place, one in enumerate(series)
        if one in by_series
    ]
    gates = budget_gates(store, endpoint, budgets, (), by_series, clock)
    with closing(Asker(provider, clock, endpoint.concurrency, gates).ask(asks)) as arriving:
        answers = [answer for some in arriving for answer in some]
    return tuple(
        _read(one, by_series) if _is_unread(one) else one
        for one in (_observation(probe_set, *answer) for answer in answers)
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
