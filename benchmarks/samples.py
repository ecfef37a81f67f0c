"""Two samples of ten replies a prompt: how often each test sees that the second is of another model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal
from zlib import crc32

import numpy as np

from benchmarks import ladder
from benchmarks.auc import name_of
from benchmarks.design import text_only
from benchmarks.ladder import Answers, Recording
from benchmarks.ladder.probes import TEXT
from benchmarks.ours import compared
from benchmarks.part import COMPARISON, Effort, Part
from benchmarks.peers import met
from prober.judging.objectives import wilson

ROUNDS: Final = 10
"""Of each side, a reply a prompt each."""
ALPHA: Final = 0.01
RESAMPLES: Final = 20
QUIET: Final = 90
"""Recorded rounds of the unchanged model that references are taken from; mixtures are filled up from the others."""
Prompts = Literal["texts", "words"]
"""Those whose whole text was recorded; or WORDS of the one-word prompts with many likely answers, which
nothing of the comparison was chosen on."""
WORDS: Final = 16
SPACE: Final = "a leading space"
SAME: Final = "nothing"


@dataclass(frozen=True)
class Row:
    """One change."""

    change: str
    resamples: int
    ours: int
    """Comparisons that said `changed`."""
    met: int
    channels: dict[str, int]
    """Channel → comparisons that called it changed."""
    prompts: Prompts = "texts"


@dataclass(frozen=True)
class Power:
    """The table."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Once:
    """One comparison."""

    ours: bool
    met: bool
    channels: tuple[str, ...]


def measure(effort: Effort) -> Power:
    """Nothing, a leading space, every rung, and a share of the traffic moved to two."""
    rungs: list[tuple[str, float]] = [(SAME, 1.0), *((rung, 1.0) for rung in ladder.RUNGS)]
    cases: list[tuple[Prompts, str, float]] = [
        *(("texts", *change) for change in (*rungs, (SPACE, 1.0), ("template", 0.16), ("q4_0", 0.16))),
        *(("words", *change) for change in rungs),
    ]
    if effort.quick:
        cases = [("texts", SPACE, 1.0), ("words", "template", 1.0)]
    resamples = effort.times(RESAMPLES)
    rows = []
    for prompts, change, share in cases:
        name = name_of(change, share)
        draw = partial(once, prompts=prompts, change=change, share=share)
        found = effort.each(f"samples, {prompts}, {name}", draw, range(resamples))
        called = Counter(channel for one in found for channel in one.channels)
        ours, theirs = sum(one.ours for one in found), sum(one.met for one in found)
        rows.append(Row(name, resamples, ours, theirs, dict(called), prompts))
    return Power(tuple(rows))


def once(seed: int, prompts: Prompts, change: str, share: float) -> Once:
    """Both tests on the same replies; recorded rounds are drawn without replacement, none on both sides."""
    rng = np.random.default_rng([seed, crc32(b"samples"), prompts == "words"])
    reference, candidate = (_words if prompts == "words" else _texts)(rng, change, share)
    said = compared(reference, candidate, ALPHA, seed)
    return Once(
        ours=said.verdict == "changed",
        met=met.p_value(reference, candidate, rng) <= ALPHA,
        channels=tuple(one.channel for one in said.channels if one.changed),
    )


def _texts(rng: np.random.Generator, change: str, share: float) -> tuple[list[Answers], list[Answers]]:
    base = ladder.load(ladder.BASE)
    numbers = rng.permutation(QUIET)
    reference = [ladder.recorded(base, int(i)) for i in numbers[:ROUNDS]]
    if change in {SAME, SPACE}:
        candidate = [ladder.recorded(base, int(i)) for i in numbers[ROUNDS : 2 * ROUNDS]]
        return reference, [_spaced(answers) for answers in candidate] if change == SPACE else candidate
    other: Recording = ladder.mixed(change, share)
    return reference, [ladder.recorded(other, int(i)) for i in rng.permutation(len(other.texts))[:ROUNDS]]


def _words(rng: np.random.Generator, change: str, share: float) -> tuple[list[Answers], list[Answers]]:
    base = ladder.load(ladder.BASE)
    other = base if change == SAME else ladder.mixed(change, share)
    probes = [str(probe) for probe in rng.permutation(ladder.RICH)[:WORDS]]
    reference, candidate = ([ladder.draw(of, rng, probes, 1) for _ in range(ROUNDS)] for of in (base, other))
    return text_only(reference), text_only(candidate)


def _spaced(answers: Answers) -> Answers:
    return replace(answers, texts={probe: tuple(" " + t for t in texts) for probe, texts in answers.texts.items()})


def lines(found: Power) -> list[str]:
    """How, and the table."""
    of_words = [row for row in found.rows if row.prompts == "words"]
    return [
        f"{ROUNDS} rounds on either side, one reply a prompt and round, so {ROUNDS} replies a prompt; α = {ALPHA}; "
        f"{found.rows[0].resamples} seeded repetitions, the same replies for both tests. Ours is `prober compare`, "
        "family-wise over its channels; MET permutes replies. Intervals are Wilson's, 95 %.",
        "",
        f"Recorded replies to the {len(TEXT)} prompts that ask for text; rounds are drawn without replacement, so that "
        "repetitions share rounds and the intervals are too narrow:",
        "",
        *_table([row for row in found.rows if row.prompts == "texts"]),
        *(
            [
                "",
                f"{WORDS} prompts that ask for one word, out of {len(ladder.RICH)}, others in each repetition:",
                "",
                *_table(of_words),
            ]
            if of_words
            else []
        ),
        "",
        *_lost(found),
    ]


def _table(rows: Sequence[Row]) -> list[str]:
    return [
        "| change | ours: called changed | MET | channels of ours that called it |",
        "|---|---|---|---|",
        *(
            f"| {row.change} | {_share(row.ours, row.resamples)} | {_share(row.met, row.resamples)} "
            f"| {', '.join(f'{name} {n}' for name, n in sorted(row.channels.items(), key=lambda x: -x[1])) or '–'} |"
            for row in rows
        ),
    ]


def _share(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits} of {n} ({low:.0%}–{high:.0%})"


def _lost(found: Power) -> list[str]:
    """Changes that MET called more often; a leading space is none, so calling it there is no gain."""
    lost = [f"{row.change}, {row.prompts} ({row.met} to {row.ours})" for row in _real(found) if row.met > row.ours]
    return [f"MET called these more often than ours: {', '.join(lost)}." if lost else "MET called no rung more often."]


def _real(found: Power) -> list[Row]:
    return [row for row in found.rows if row.change not in {SAME, SPACE}]


def headlines(found: Power) -> list[str]:
    """Mean power, and the level."""
    real = _real(found)
    ours, theirs = (float(np.mean([getattr(row, side) / row.resamples for row in real])) for side in ("ours", "met"))
    still = [row for row in found.rows if row.change == SAME]
    level = [f"; of nothing: {sum(r.ours for r in still)} of {sum(r.resamples for r in still)}"] if still else []
    return [
        f"Two samples of {ROUNDS} replies a prompt, α = {ALPHA}: {ours:.0%} of the changes called, MET {theirs:.0%}"
        f"{''.join(level)}."
    ]


PART = Part("samples", "Two samples of ten replies a prompt", Power, measure, lines, headlines, measures=COMPARISON)
