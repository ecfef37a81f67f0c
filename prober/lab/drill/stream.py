"""What is judged in a drill: the newest rounds of an endpoint, with a change made in them whose signs are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from prober.fingerprint.fingerprint import fingerprint
from prober.judging.judge import advance, reset_evidence
from prober.judging.memory import Memory, decode
from prober.judging.promise import Promise
from prober.loading.declarations import Declarations
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.errors import NotEnough
from prober.model.evidence import Observation, Round
from prober.model.reply import Reply
from prober.store import Store, judge_state, replies
from prober.store.pages import overview
from prober.store.views import RoundView
from prober.text import count

ChangeName = Literal["refusal", "wording", "identity"]
MARK: Final = "(Part of a drill: the endpoint did not say this.)"
"""In every text that is made up, so that it is recognised where it is seen alone."""
LENGTHS: Final = (2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128)
"""Numbers of changed rounds that are tried, until one shows the change."""
BEFORE: Final = 4
"""Rounds at least that stay as they are, to be shown beside the changed ones."""
SHOWN: Final = 12
"""Rounds that stay as they are, at most: enough to show, and quickly copied."""
_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change."""

    words: str
    channel: str
    """The one that it is to move; how severe that is decides who is notified."""
    make: Callable[[Reply], Reply]
    """The reply as it would have been."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One stored round, as far as its probes are still declared."""

    view: RoundView
    probe_set: ProbeSet
    """With the probes and samples of this round alone."""
    round: Round


@dataclass(frozen=True, slots=True)
class Stream:
    """The rounds of a drill, in order of their labels."""

    endpoint: Endpoint
    promise: Promise
    memory: Memory
    """Memory of the judge before the first changed round, without any evidence."""
    before: tuple[Asked, ...]
    """As they are; of the reference, where there are enough."""
    after: tuple[Asked, ...]
    """To be changed."""


def changed(reply: Reply, name: ChangeName) -> Reply:
    """The reply after that change; a failed ask stays one."""
    return CHANGES[name].make(reply) if reply.answered else reply


def stream(store: Store, declarations: Declarations, endpoint: Endpoint, change: ChangeName) -> Stream:
    """As many of the newest rounds as it takes, once changed, to raise an alarm in the channel that the change is to
    move. Only reads.

    Where even the most do not, the stream holds these: the drill will show what they do. Raises NotEnough where the
    endpoint has no complete reference yet.
    """
    memory, views = _judged(store, endpoint)
    promise = declarations.promise(endpoint)
    sets = {probe_set.name: probe_set for probe_set in declarations.asking(endpoint.name)}
    usable = [view for view in views if view.probe_set in sets and view.asked > 2 * view.failed]
    most = len(usable) - BEFORE
    lengths = [length for length in LENGTHS if length <= most]
    if not lengths:
        raise NotEnough(
            f"{endpoint.name} has {count(len(usable), 'answered round')} of probe sets that are declared; "
            f"a drill needs {BEFORE + LENGTHS[0]} of the present reference"
        )
    after: tuple[Asked, ...] = ()
    for length in lengths:
        more = usable[len(usable) - length : len(usable) - len(after)]
        after = (*_asked(store, endpoint, sets, more), *after)
        if _shows(memory, after, endpoint, promise, change):
            break
    before = tuple(_asked(store, endpoint, sets, usable[: len(usable) - len(after)][:SHOWN]))
    return Stream(endpoint, promise, memory, before, after)


def probes_of(endpoint: Endpoint, probe_set: ProbeSet) -> Mapping[str, Probe]:
    """Series → probe."""
    return {series_key(endpoint, probe): probe for probe in probe_set.probes}


def _refused(reply: Reply) -> Reply:
    return _said(reply, f"I'm sorry, but I can't help with that. {MARK}")


def _wordy(reply: Reply) -> Reply:
    return _said(reply, f"Certainly! Here is what you asked for. {reply.text} Is there anything else? {MARK}")


def _renamed(reply: Reply) -> Reply:
    return replace(reply, model=f"{reply.model or 'model'}-drill", system_fingerprint="fp_drill")


def _said(reply: Reply, text: str) -> Reply:
    return replace(reply, text=text, refusal=None, tool_calls=(), top_logprobs=())


def _judged(store: Store, endpoint: Endpoint) -> tuple[Memory, list[RoundView]]:
    """What the judge remembers, and the completed rounds of its epoch, oldest first."""
    held = store.query(judge_state.memory, endpoint.content_hash)
    memory = Memory() if held is None else decode(held)
    if not memory.series:
        raise NotEnough(
            f"{endpoint.name} has no complete reference yet: there is nothing to compare changed rounds with; "
            "`prober status` says when it will be complete"
        )
    views = [
        view
        for view in store.query(overview.recent_rounds, endpoint.name, limit=_ALL)
        if view.state == "completed"
        and view.endpoint_hash == endpoint.content_hash
        and view.label >= memory.reference_rounds[0]
    ]
    return memory, sorted(views, key=lambda view: view.label)


def _asked(
    store: Store, endpoint: Endpoint, sets: Mapping[str, ProbeSet], views: Sequence[RoundView]
) -> Iterator[Asked]:
    for view in views:
        probe_set = sets[view.probe_set]
        known = probes_of(endpoint, probe_set)
        observations = tuple(one for one in store.query(replies.recorded, view.id) if one.series in known)
        samples = dict.fromkeys(known, 0)
        for one in observations:
            samples[one.series] = max(samples[one.series], one.sample + 1)
        probes = tuple(
            probe.model_copy(update={"samples": samples[series]}) for series, probe in known.items() if samples[series]
        )
        if probes:
            at = datetime.fromisoformat(view.label)
            asked = probe_set.model_copy(update={"probes": probes})
            yield Asked(view, asked, Round(view.label, endpoint.name, at, observations))


def _shows(memory: Memory, rounds: Sequence[Asked], endpoint: Endpoint, promise: Promise, change: ChangeName) -> bool:
    """Whether the judge raises an alarm over these rounds, changed, and sees what was changed."""
    if not rounds:
        return False
    memory = reset_evidence(memory, rounds[0].round.label)
    for one in rounds:
        memory, judgement = advance(memory, _changed(one, endpoint, change), lambda series: (), promise)
        channels = {verdict.channel for verdict in judgement.moved}
        if judgement.state == "alarm" and CHANGES[change].channel in channels:
            return True
    return False


def _changed(asked: Asked, endpoint: Endpoint, change: ChangeName) -> Round:
    known = probes_of(endpoint, asked.probe_set)

    def after(one: Observation) -> Observation:
        reply = changed(one.reply, change)
        return replace(one, reply=reply, fingerprint=fingerprint(reply, known[one.series]) if reply.answered else None)

    return replace(asked.round, observations=tuple(map(after, asked.round.observations)))


CHANGES: Final[Mapping[ChangeName, Change]] = {
    "refusal": Change("every ask is refused", "refusal", _refused),
    "wording": Change("every answer is wrapped in many words", "length", _wordy),
    "identity": Change("another model says its name, and answers the same", "identity", _renamed),
}
"""The changes there are, the one that matters most first."""
