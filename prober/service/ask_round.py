"""The asking of a round: what is left of it is asked, recorded as it comes in, and fingerprinted once it is safe."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.interface import Ask
from prober.fingerprint import fingerprint
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.evidence import Observation
from prober.model.reply import Reply
from prober.store import Store


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
    round_id: int,
    probe_set: ProbeSet,
    endpoint: Endpoint,
    provider: Provider,
    clock: Callable[[], datetime],
) -> AskedRound:
    """Ask what is not recorded yet. Each reply is in the store before it is read any further. Raises StoreError."""
    asks = plan(probe_set, endpoint)
    found = {(one.series, one.sample): one for one in store.recorded(round_id)}
    asker = Asker(provider, clock, endpoint.concurrency)
    probes = {ask.series: ask.probe for ask in asks}
    unread = deque(one for one in found.values() if _is_unread(one) and one.series in probes)
    read: list[Observation] = []
    with closing(asker.ask([ask for ask in asks if (ask.series, ask.sample) not in found])) as arriving:
        for answers in arriving:
            new = [_observation(probe_set, *answer) for answer in answers]
            store.record(round_id, new, clock())
            found.update(((one.series, one.sample), one) for one in new)
            unread.extend(filter(_is_unread, new))
            while unread and not asker.has_replies:  # there is time, until the next reply
                read.append(_read(unread.popleft(), probes))
    read += [_read(one, probes) for one in unread]
    if read:
        store.take_fingerprints(round_id, read)
        found.update(((one.series, one.sample), one) for one in read)
    refused = "" if asker.refused is None else asker.refused.reason
    return AskedRound(tuple(sorted(found.values(), key=lambda one: one.place)), refused)


def _observation(probe_set: ProbeSet, ask: Ask, reply: Reply) -> Observation:
    return Observation(ask.series, f"{probe_set.name}/{ask.probe.id}", ask.sample, reply, None, ask.place)


def _is_unread(observation: Observation) -> bool:
    return observation.fingerprint is None and observation.reply.answered


def _read(observation: Observation, probes: Mapping[str, Probe]) -> Observation:
    return replace(observation, fingerprint=fingerprint(observation.reply, probes[observation.series]))
