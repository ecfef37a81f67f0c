"""The asking of a round: what is left of it is asked, recorded as it comes in, and fingerprinted once it is safe."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.gates import Booking, BudgetGate, Entry, TokenEstimate, output_limit
from prober.asking.interface import Ask
from prober.fingerprint import fingerprint
from prober.fingerprint.caches import REMEMBERED, SeenReplies
from prober.model.declaration import Budget, Endpoint, Probe, ProbeSet, series_key
from prober.model.evidence import Observation
from prober.model.reply import Reply, Spent
from prober.store import Store, Transaction, replies, spending
from prober.store.rounds import Claim
from prober.store.spending import day_of

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
) -> AskedRound:
    """Ask what is not recorded yet. Each reply is in the store before it is read any further. Raises StoreError."""
    asks = plan(probe_set, endpoint)
    found = {(one.series, one.sample): one for one in store.query(replies.recorded, claim.round.id)}
    probes = {ask.series: ask.probe for ask in asks}
    gates = [budget_gate(store, endpoint, found.values(), probes, clock)] if endpoint.budget.is_limited else []
    asker = Asker(provider, clock, endpoint.concurrency, gates)
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
            until = time.monotonic() + (0 if gates else GATHERED_S)
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
) -> tuple[Observation, ...]:
    """One ask of some series, beside those of a round: what came of it confirms a fact, and is evidence of nothing, for
    it is only asked because of what the round answered. None where the budget does not allow it."""
    by_series = {series_key(endpoint, probe): probe for probe in probe_set.probes}
    asks = [
        Ask(endpoint, by_series[one], by_series[one].samples, one, place)
        for place, one in enumerate(series)
        if one in by_series
    ]
    gates = [budget_gate(store, endpoint, (), by_series, clock)] if endpoint.budget.is_limited else []
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


def exhausted(budget: Budget, spent: Spent, asks: int = 1) -> str:
    """`budget_exhausted` and which, where so many more asks would pass the day's budget; empty where they would not."""
    if budget.asks_per_day is not None and spent.asks + asks > budget.asks_per_day:
        return f"budget_exhausted: {spent.asks} of {budget.asks_per_day} asks of the day are spent"
    if budget.tokens_per_day is not None and spent.tokens >= budget.tokens_per_day:
        return f"budget_exhausted: {spent.tokens} of {budget.tokens_per_day} tokens of the day are spent"
    return ""


class _DayLedger:
    """The budget of an endpoint for the UTC day, in the store."""

    def __init__(self, store: Store, endpoint: Endpoint, clock: Callable[[], datetime]) -> None:
        self._store, self._endpoint, self._clock = store, endpoint, clock

    def book(self, tokens: Sequence[int]) -> Booking:
        budget, now = self._endpoint.budget, self._clock()
        count, spent = self._store.change(spending.reserve, self._endpoint.name, budget, tokens, now)
        if count == len(tokens):
            return Booking(count, "", day_of(now))
        reason = exhausted(budget, spent) or (
            f"budget_exhausted: {spent.tokens} of {budget.tokens_per_day} tokens of the day are spent, "
            f"and the next ask may need {tokens[count]}"
        )
        return Booking(count, reason, day_of(now))

    def settle(self, entries: Sequence[Entry]) -> None:
        unused: Counter[str] = Counter()
        for entry in entries:
            unused[entry.page] += entry.booked - entry.cost
        for page, tokens in unused.items():
            self._store.change(spending.give_back, self._endpoint.name, page, 0, tokens)

    def cancel(self, page: str, tokens: int) -> None:
        self._store.change(spending.give_back, self._endpoint.name, page, 1, tokens)


def budget_gate(
    store: Store,
    endpoint: Endpoint,
    recorded: Iterable[Observation],
    probes: Mapping[str, Probe],
    clock: Callable[[], datetime],
) -> BudgetGate:
    """How long replies get is known from those of earlier rounds."""
    estimate = TokenEstimate(output_limit(endpoint.parameters))
    if endpoint.budget.tokens_per_day is not None:
        newest = store.query(replies.newest, endpoint.content_hash, about=1)
        for series, reply in (*newest, *((one.series, one.reply) for one in recorded)):
            if series in probes:
                estimate.learn(probes[series], reply)
    return BudgetGate(_DayLedger(store, endpoint, clock), estimate)


def _observation(probe_set: ProbeSet, ask: Ask, reply: Reply) -> Observation:
    return Observation(ask.series, f"{probe_set.name}/{ask.probe.id}", ask.sample, reply, None, ask.place)


def _is_unread(observation: Observation) -> bool:
    return observation.fingerprint is None and observation.reply.answered


def _read(observation: Observation, probes: Mapping[str, Probe]) -> Observation:
    return replace(observation, fingerprint=fingerprint(observation.reply, probes[observation.series]))
