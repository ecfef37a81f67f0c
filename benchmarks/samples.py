"""Two samples of ten replies a prompt: how often each test sees that the second is of another model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from zlib import crc32

import numpy as np

from benchmarks import ladder
from benchmarks.auc import name_of
from benchmarks.ladder import Answers, Recording
from benchmarks.ladder.probes import TEXT
from benchmarks.part import COMPARISON, Effort, Part
from benchmarks.peers import met
from benchmarks.worlds import START
from prober.lab.compare import compare
from prober.lab.power.search import wilson
from prober.loading.reply_log import LoggedReply
from prober.model.reply import Reply

ROUNDS: Final = 10
"""Of each side, a reply a prompt each."""
ALPHA: Final = 0.01
RESAMPLES: Final = 20
QUIET: Final = 90
"""Recorded rounds of the unchanged model that references are taken from; mixtures are filled up from the others."""
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
    changes = [(SAME, 1.0), (SPACE, 1.0), *((rung, 1.0) for rung in ladder.RUNGS), ("template", 0.16), ("q4_0", 0.16)]
    if effort.quick:
        changes = [(SPACE, 1.0), ("template", 1.0)]
    resamples = effort.times(RESAMPLES)
    rows = []
    for change, share in changes:
        name = name_of(change, share)
        found = effort.each(f"samples, {name}", partial(once, change=change, share=share), range(resamples))
        called = Counter(channel for one in found for channel in one.channels)
        rows.append(Row(name, resamples, sum(one.ours for one in found), sum(one.met for one in found), dict(called)))
    return Power(tuple(rows))


def once(seed: int, change: str, share: float) -> Once:
    """Both tests on the same replies: rounds drawn without replacement, none on both sides."""
    rng = np.random.default_rng([seed, crc32(b"samples")])
    base = ladder.load(ladder.BASE)
    numbers = rng.permutation(QUIET)
    reference = [ladder.recorded(base, int(i)) for i in numbers[:ROUNDS]]
    if change in {SAME, SPACE}:
        candidate = [ladder.recorded(base, int(i)) for i in numbers[ROUNDS : 2 * ROUNDS]]
        candidate = [_spaced(answers) for answers in candidate] if change == SPACE else candidate
    else:
        other: Recording = ladder.mixed(change, share)
        candidate = [ladder.recorded(other, int(i)) for i in rng.permutation(len(other.texts))[:ROUNDS]]
    said = compare(_log(reference), _log(candidate), ALPHA, rng)
    return Once(
        ours=said.verdict == "changed",
        met=met.p_value(reference, candidate, rng) <= ALPHA,
        channels=tuple(one.channel for one in said.channels if one.changed),
    )


def _spaced(answers: Answers) -> Answers:
    return replace(answers, texts={probe: tuple(" " + t for t in texts) for probe, texts in answers.texts.items()})


def _log(rounds: list[Answers]) -> list[LoggedReply]:
    return [
        LoggedReply(
            round=f"{number:06d}",
            endpoint="smollm2",
            probe=probe,
            prompt=TEXT[probe].prompt,
            reply=Reply(at=START, text=text, finish_reason=end.finish_reason, output_tokens=end.output_tokens),
        )
        for number, answers in enumerate(rounds)
        for probe, texts in answers.texts.items()
        for text, end in zip(texts, answers.endings[probe], strict=True)
    ]


def lines(found: Power) -> list[str]:
    """How, and the table."""
    return [
        f"{ROUNDS} recorded rounds of the {len(TEXT)} prompts that ask for text on either side, one reply a prompt and "
        f"round, so {ROUNDS} replies a prompt; α = {ALPHA}; {found.rows[0].resamples} seeded resamples of rounds "
        "without replacement, the same replies for both tests. Intervals are Wilson's, 95 %, and too narrow, as "
        "resamples share rounds. Ours is `prober compare`, family-wise over its channels; MET permutes replies.",
        "",
        "| change | ours: called changed | MET | channels of ours that called it |",
        "|---|---|---|---|",
        *(
            f"| {row.change} | {_share(row.ours, row.resamples)} | {_share(row.met, row.resamples)} "
            f"| {', '.join(f'{name} {n}' for name, n in sorted(row.channels.items(), key=lambda x: -x[1])) or '–'} |"
            for row in found.rows
        ),
        "",
        *_lost(found),
    ]


def _share(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits} of {n} ({low:.0%}–{high:.0%})"


def _lost(found: Power) -> list[str]:
    """Changes that MET called more often; a leading space is none, so calling it there is no gain."""
    lost = [f"{row.change} ({row.met} to {row.ours})" for row in _real(found) if row.met > row.ours]
    return [f"MET called these more often than ours: {', '.join(lost)}." if lost else "MET called no rung more often."]


def _real(found: Power) -> list[Row]:
    return [row for row in found.rows if row.change not in {SAME, SPACE}]


def headlines(found: Power) -> list[str]:
    """Mean power, and the level."""
    real = _real(found)
    ours, theirs = (float(np.mean([getattr(row, side) / row.resamples for row in real])) for side in ("ours", "met"))
    level = [f"; of nothing: {row.ours} of {row.resamples}" for row in found.rows if row.change == SAME]
    return [
        f"Two samples of {ROUNDS} replies a prompt, α = {ALPHA}: {ours:.0%} of the changes called, MET {theirs:.0%}"
        f"{''.join(level)}."
    ]


PART = Part("samples", "Two samples of ten replies a prompt", Power, measure, lines, headlines, measures=COMPARISON)
