"""The facts of a round, before it is settled: what is known is read or learnt; news is confirmed by asking again."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from prober.asking import Describes
from prober.judging import facts
from prober.judging.facts import FactMemory
from prober.judging.facts.readings import read
from prober.model.declaration import Endpoint, ProbeSet, series_key
from prober.model.evidence import Round
from prober.service.ask_round import RoundToAsk, ask_once_more
from prober.service.settle import SeenFacts
from prober.store import Store, Transaction, replies
from prober.store import facts as stored

LEARNT_FROM: Final = 64
"""Rounds that a memory of facts is learnt from, where there is none: after an upgrade, or with a new reference."""


def find_facts(store: Store, one: RoundToAsk, round_: Round) -> SeenFacts:
    """What is new in a round. What may be is asked again at once, one ask for each kind of it, if the budget allows."""
    endpoint, provider = one.endpoint, one.provider
    memory = store.query(known_facts, one.probe_set, endpoint)
    is_answered = any(seen.fingerprint is not None for seen in round_.observations)
    now, itself = one.clock(), None
    if is_answered and isinstance(provider, Describes):
        itself = provider.describe(endpoint, memory.pages_left_out(now))
        memory = memory.with_silent(itself.silent, now)
    readings = read(round_, endpoint.model, itself.values if itself else None)
    again = facts.ask_again(memory, readings)
    once_more = replace(readings, of={}, answered=0)
    if again.series:
        observations = ask_once_more(store, one, again.series)
        once_more = read(replace(round_, observations=observations), endpoint.model)
    if again.metadata and isinstance(provider, Describes):
        said_again = provider.describe(endpoint, memory.pages_left_out(now)).values
        said = read(replace(round_, observations=()), endpoint.model, said_again)
        once_more = replace(once_more, of={**once_more.of, **said.of})
    memory, news = facts.advance(memory, readings, once_more)
    return SeenFacts(memory, readings, news)


def known_facts(tx: Transaction, probe_set: ProbeSet, endpoint: Endpoint) -> FactMemory:
    """As it was kept; else learnt from the newest rounds of the epoch, of which nobody is notified any more."""
    key = endpoint.content_hash
    held = stored.memory(tx, key)
    if held is not None:
        return facts.decode(held)
    labels = stored.newest_labels(tx, key, LEARNT_FROM)
    if not labels:
        return FactMemory()
    series = [series_key(endpoint, probe) for probe in probe_set.probes]
    rounds = replies.first_rounds(tx, key, series, labels[0], None, LEARNT_FROM)
    return facts.learn(read(one, endpoint.model) for one in rounds)
