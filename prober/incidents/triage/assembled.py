"""From rounds to what the checks rest on: the comparisons of a triage, over rounds that were read already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from prober.incidents.triage.material import Asked, Edit, LiveSamples, Material, Neighbour
from prober.judging.fleet import FLOOR
from prober.judging.strata import FEW, movement
from prober.model.evidence import Fact, Observation, Round
from prober.model.incident import Change, Trouble
from prober.model.triage import Swapped
from prober.model.version import Mark

LONG: Final = 60
"""Characters from which on a reply is not said again word for word by chance."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An endpoint around the moment in question."""

    name: str
    model: str
    origin: str
    """Who serves it."""
    before: Sequence[Round]
    since: Sequence[Round]
    vantage: str = ""
    """Where it is asked from; empty where that is not declared."""
    change: Change | None = None
    """With an onset since then."""
    suspicion: float = 0.0
    """Evidence of no open change, as a share of the threshold."""
    is_changed_before: bool = False
    """Whether an open change of it began earlier: it differs, and that it did not move since then says nothing."""
    is_edited: bool = False
    """Whether it was edited itself."""
    facts: tuple[Fact, ...] = ()
    """Since then; only of a neighbour that is the same model."""

    @property
    def probes(self) -> set[str]:
        """Asked before and since."""
        return {one.probe for one in _answers(self.before)} & {one.probe for one in _answers(self.since)}


def assembled(
    own: Watched,
    others: Iterable[Watched],
    since: datetime,
    *,
    asked: Asked,
    prompt_edits: tuple[Edit, ...] = (),
    endpoint_edits: tuple[Edit, ...] = (),
    trouble: Trouble | None = None,
    facts: tuple[Fact, ...] = (),
    deploys: tuple[Mark, ...] = (),
    live: LiveSamples | None = None,
    swapped: tuple[Swapped, ...] = (),
) -> Material:
    """Compare what may be compared."""
    edited = {one.name for one in prompt_edits}
    untouched = own.probes - edited
    same = set() if endpoint_edits else untouched
    return Material(
        endpoint=own.name,
        vantage=own.vantage,
        since=since,
        rounds=(len(own.before), len(own.since)),
        asked=asked,
        trouble=trouble,
        change=own.change,
        suspicion=own.suspicion if len(own.since) >= FEW else 0.0,
        facts=facts,
        prompt_edits=prompt_edits,
        endpoint_edits=endpoint_edits,
        deploys=deploys,
        untouched=movement(own.before, own.since, same) if own.change is None else None,
        edited=movement(own.before, own.since, edited),
        edited_alone=movement(own.before, own.since, edited, untouched, ("expectation",)) if untouched else None,
        reconfigured=movement(own.before, own.since, own.probes) if endpoint_edits else None,
        neighbours=tuple(_neighbour(own, one, edited) for one in others),
        tokens_added=_tokens_added(own.before, own.since, same),
        repeats=_repeats(own.before, own.since),
        live=live,
        swapped=swapped,
    )


def _neighbour(own: Watched, other: Watched, edited: Collection[str]) -> Neighbour:
    return Neighbour(
        name=f"{other.name} (asked from {other.vantage})" if other.vantage else other.name,
        same_model=other.model == own.model,
        same_provider=other.origin == own.origin,
        moved=None if other.is_edited else _moved(other, edited),
        edited=None if other.is_edited else movement(other.before, other.since, edited),
        tokens_added=None if other.is_edited else _tokens_added(other.before, other.since, other.probes - set(edited)),
        facts=() if other.is_edited else other.facts,
    )


def _moved(other: Watched, edited: Collection[str]) -> bool | None:
    """By its judge, or by the rank test."""
    if other.change is not None or other.suspicion >= FLOOR:
        return True
    if other.is_changed_before:
        return None
    found = movement(other.before, other.since, other.probes - set(edited))
    return None if found is None else found.moved


def _tokens_added(before: Sequence[Round], since: Sequence[Round], probes: Collection[str]) -> int | None:
    """By how much all unedited prompts are longer; 0 where not by one amount, None where fewer than two say so."""
    old, new = (_tokens(part, probes) for part in (before, since))
    steps = [round(new[probe] - old[probe]) for probe in old.keys() & new.keys()]
    if len(steps) < 2:
        return None
    return round(median(steps)) if min(steps) > 0 and max(steps) - min(steps) <= 1 else 0


def _tokens(rounds: Sequence[Round], probes: Collection[str]) -> dict[str, float]:
    counts: dict[str, list[int]] = {}
    for one in _answers(rounds):
        if one.probe in probes and one.reply.input_tokens is not None:
            counts.setdefault(one.probe, []).append(one.reply.input_tokens)
    return {probe: median(of) for probe, of in counts.items()}


def _repeats(before: Sequence[Round], since: Sequence[Round]) -> tuple[float, float] | None:
    """Share of long replies that an earlier round had word for word, in the later half before, and since."""
    seen: dict[str, set[str]] = {}
    shares: list[list[bool]] = [[], []]
    for place, round_ in enumerate((*before, *since)):
        texts = [(one.probe, one.reply.text or "") for one in _answers([round_])]
        for probe, text in texts:
            if len(text) >= LONG and place >= len(before) // 2:
                shares[place >= len(before)].append(text in seen.get(probe, ()))
        for probe, text in texts:
            seen.setdefault(probe, set()).add(text)
    old, new = shares
    return (sum(old) / len(old), sum(new) / len(new)) if old and new else None


def _answers(rounds: Sequence[Round]) -> Iterable[Observation]:
    return (one for round_ in rounds for one in round_.observations if one.fingerprint is not None)
