"""Which starter probe moves in which channel, when a real small model is changed without saying so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from benchmarks.ladder.rungs import BASE
from benchmarks.part import COMPARISON, Effort, Part
from benchmarks.starters.recorder import AGAIN, REFERENCE, SAMPLES, TOKENS, TOKENS_OF, VERSIONS, recorded, starters
from prober.fingerprint.expectation import holds
from prober.lab.compare import compare
from prober.loading.reply_log import LoggedReply

ALPHA: Final = 0.05
CHANGES: Final = tuple(name for name in VERSIONS if name != BASE)
WORDS: Final[Mapping[str, str]] = {
    "q4_0": "weights in Q4_0 instead of Q4_1",
    "temperature-0.6": "temperature 0.6 instead of 1",
    "system-prompt": "a hidden system prompt",
    "noise-0.1": "10 % noise on the weights",
    AGAIN: "nothing (the control)",
}


@dataclass(frozen=True)
class Moved:
    """A probe, or a whole set, and what `prober compare` called changed."""

    name: str
    """`set/probe`, or `set`."""
    channels: dict[str, list[str]]
    """Change → channels; a change that was not recorded is missing."""
    passed: float | None = None
    """Share of replies of the unchanged model that pass the checks; None without checks."""
    recounted: tuple[str, ...] = ()
    """Changes under which every reply counts another number of input tokens: a fact, after one ask."""


@dataclass(frozen=True)
class Found:
    """The table."""

    samples: int
    sets: tuple[Moved, ...]
    probes: tuple[Moved, ...]


def measure(effort: Effort) -> Found:
    """Compare the replies of the unchanged model with those of each change, and with more of its own."""
    names = [(one.name, f"{one.name}/{probe.id}") for one in starters().sets for probe in one.probes]
    names = names[:2] if effort.quick else names
    sets = list(dict.fromkeys(name for name, _ in names))
    each = effort.each("starters, probes", partial(moved, is_set=False), [probe for _, probe in names])
    whole = effort.each("starters, sets", partial(moved, is_set=True), sets)
    return Found(SAMPLES, tuple(whole), tuple(each))


def moved(name: str, is_set: bool) -> Moved:
    """One probe, or all of a set."""
    reference = _of(_replies(BASE), name, is_set)
    channels, recounted = {}, list[str]()
    tokens = {(one.probe, one.reply.input_tokens) for one in reference if one.reply.answered}
    for change in CHANGES:
        candidate = _of(_replies(change), name, is_set)
        if len(candidate) * REFERENCE == len(reference) * SAMPLES:
            said = compare(reference, candidate, ALPHA)
            channels[change] = [one.channel for one in said.channels if one.changed]
            if not any((one.probe, one.reply.input_tokens) in tokens for one in candidate if one.reply.answered):
                recounted.append(change)
    checked = [one for one in reference if one.expect]
    passed = sum(all(holds(check, one.reply) for check in one.expect) for one in checked)
    return Moved(name, channels, passed / len(checked) if checked and not is_set else None, tuple(recounted))


@cache
def _replies(version: str) -> list[LoggedReply]:
    return recorded(version)


def _of(replies: Sequence[LoggedReply], name: str, is_set: bool) -> list[LoggedReply]:
    return [one for one in replies if (one.probe.split("/")[0] if is_set else one.probe) == name]


def lines(found: Found) -> list[str]:
    """The tables of sets and of probes."""
    unmoved = [one.name for one in found.probes if not _changes(one)]
    counts = Counter(change for one in found.probes for change in one.recounted)
    counted = [f"{WORDS[change]} ({count} of {len(found.probes)} probes)" for change, count in counts.items()]
    longer = ", ".join(f"{name} {most}" for name, most in TOKENS_OF.items())
    return [
        f"SmolLM2-135M-Instruct at temperature 1: {REFERENCE} replies a probe of the unchanged model, and "
        f"{found.samples} of each version, of at most {TOKENS} tokens ({longer}). `prober compare` at alpha {ALPHA:g} "
        "over all channels, for each probe alone and for each set as a whole. So few replies show large changes only: "
        "what is not marked may move too. *Nothing* is the same model again, and shows the rate of false calls. "
        "Recorded by `python -m benchmarks.starters`; the replies are in `benchmarks/starters/recorded/`.",
        "",
        *_table("set", found.sets),
        "",
        "Probe by probe; *passes* is the share of replies of the unchanged model that pass all checks:",
        "",
        *_table("probe", found.probes, passes=True),
        "",
        f"In no channel moved by any change: {', '.join(f'`{name}`' for name in unmoved) or 'none'}.",
        "",
        "Under these changes the provider's count of input tokens is another one in every reply, which is "
        "[a fact](../operating/facts.md) after one ask, whatever the channels say: "
        f"{', '.join(counted) or 'none'}.",
    ]


def _table(head: str, rows: Sequence[Moved], *, passes: bool = False) -> list[str]:
    def row(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    more = ["passes"] if passes else []
    shown = [row([head, *more, *(WORDS[change] for change in CHANGES)]), "|" + "---|" * (1 + len(more) + len(CHANGES))]
    for one in rows:
        rate = "" if one.passed is None else f"{100 * one.passed:.0f} %"
        cells = [", ".join(one.channels[change]) if change in one.channels else "not recorded" for change in CHANGES]
        shown.append(row([one.name, *([rate] if passes else []), *cells]))
    return shown


def _changes(one: Moved) -> list[str]:
    return [change for change, channels in one.channels.items() if channels and change != AGAIN]


def headlines(found: Found) -> list[str]:
    """How many probes moved, and how many of the control."""
    said = []
    for change in CHANGES:
        recorded_ = [one.channels[change] for one in found.probes if change in one.channels]
        moved_ = f"{sum(map(bool, recorded_))} of {len(recorded_)}" if recorded_ else "not recorded:"
        said.append(f"{moved_} {'by ' if recorded_ else ''}{WORDS[change]}")
    return [f"Starter probes, {found.samples} replies each, that were moved: {', '.join(said)}."]


PART: Final = Part("starters", "The starter probes", Found, measure, lines, headlines, COMPARISON)
