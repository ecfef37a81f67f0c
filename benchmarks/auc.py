"""How well each method separates changed rounds from unchanged ones, at equal asks: the area under the curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from zlib import crc32

import numpy as np

from benchmarks import intervals, ladder
from benchmarks.design import EIGHT, text_only
from benchmarks.intervals import Estimate
from benchmarks.ladder import Answers
from benchmarks.ours import Watch, compared
from benchmarks.part import COMPARISON, JUDGE, Effort, Part
from benchmarks.peers import PEERS

REFERENCE, CANDIDATE = 24, 8
"""Rounds."""
REPETITIONS: Final = 60
"""References; each is held against one still and one changed candidate of every rung."""
ALPHA: Final = 0.01
"""Of our comparison: it decides how many permutations there are, and is no part of the area."""
RUNNING: Final = "ours, running"
"""The e-value of the judge, which does not know where the candidate begins."""
MIXTURES: Final = (("template", 0.16), ("q4_0", 0.16))
CHANNELS: Final = ("choice", "length", "logprobs")
TEXT: Final = ("ours", *(name for name, peer in PEERS.items() if peer.access == "text"))
"""Methods that read nothing but the reply's text."""
LOGPROBS: Final = ("ours, logprobs", *(name for name, peer in PEERS.items() if peer.access == "logprobs"))
ONLY: Final = tuple(f"only {channel}" for channel in CHANNELS)
METHODS: Final = (*TEXT, RUNNING, *LOGPROBS, f"{RUNNING}, logprobs", *ONLY)

Scores = dict[str, dict[str, float]]
"""Rung → method → larger for more changed."""


@dataclass(frozen=True)
class Row:
    """One rung."""

    rung: str
    nats: float
    """The candidate's rounds tell so much."""
    areas: dict[str, Estimate]
    """Method → area."""
    better: tuple[str, ...]
    """Peers whose area is above ours with the same access by more than the interval of the difference."""


@dataclass(frozen=True)
class Areas:
    """The table."""

    repetitions: int
    rows: tuple[Row, ...]


def measure(effort: Effort) -> Areas:
    """Every rung, and a share of the traffic moved to two of them."""
    rungs = [(rung, 1.0) for rung in ladder.RUNGS] + list(MIXTURES)
    if effort.quick:
        rungs = [("template", 1.0), ("q8_0", 1.0)]
    repetitions = effort.times(REPETITIONS, quick=2)
    found = effort.each("auc", partial(scores, rungs=rungs), range(repetitions))
    return Areas(repetitions, tuple(_row(rung, share, found) for rung, share in rungs))


def scores(seed: int, rungs: Sequence[tuple[str, float]]) -> Scores:
    """One reference, one unchanged candidate (named `base`) and one candidate of each rung."""
    rng = np.random.default_rng([seed, crc32(b"auc")])
    reference = EIGHT.draw(ladder.load(ladder.BASE), rng, REFERENCE)
    readable, hidden = Watch.begin(reference), Watch.begin(text_only(reference))
    found: Scores = {}
    for rung, share in [(ladder.BASE, 1.0), *rungs]:
        candidate = EIGHT.draw(ladder.mixed(rung, share), rng, CANDIDATE)
        found[name_of(rung, share)] = {
            **_ours(reference, candidate),
            RUNNING: _after(hidden, text_only(candidate)),
            f"{RUNNING}, logprobs": _after(readable, candidate),
            **{name: peer.score(reference, candidate, rng) for name, peer in PEERS.items()},
        }
    return found


def name_of(rung: str, share: float) -> str:
    """As the tables write it."""
    return rung if share == 1 else f"{share:.0%} {rung}"


def _ours(reference: list[Answers], candidate: list[Answers]) -> dict[str, float]:
    """Evidence of `prober compare`, of all channels together and of some alone."""
    readable = compared(reference, candidate, ALPHA)
    alone = {one.channel: one.evidence for one in readable.channels}
    return {
        "ours": compared(text_only(reference), text_only(candidate), ALPHA).evidence,
        "ours, logprobs": readable.evidence,
        **{f"only {channel}": alone[channel] for channel in CHANNELS},
    }


def _after(watch: Watch, candidate: list[Answers]) -> float:
    for answers in candidate:
        watch = watch.see(answers)
    return watch.log_e


def _row(rung: str, share: float, found: Sequence[Scores]) -> Row:
    name = name_of(rung, share)
    won = {
        method: intervals.wins(*(np.array([one[side][method] for one in found]) for side in (ladder.BASE, name)))
        for method in METHODS
    }
    better = {
        peer
        for ours, peers in (("ours", TEXT[1:]), ("ours, logprobs", (*TEXT[1:], *LOGPROBS[1:])))
        for peer in peers
        if intervals.is_above(won[ours], won[peer]) and (ours == "ours" or peer in LOGPROBS)
    }
    return Row(
        rung=name,
        nats=EIGHT.information(ladder.mixed(rung, share)) * CANDIDATE,
        areas={method: intervals.area(one) for method, one in won.items()},
        better=tuple(sorted(better)),
    )


def lines(areas: Areas) -> list[str]:
    """Two tables and what is lost."""
    return [
        f"A reference of {REFERENCE} rounds and a candidate of {CANDIDATE}, both {EIGHT} border probes × replies, one "
        f"token each: {EIGHT.asks * (REFERENCE + CANDIDATE)} asks for every method, and the same replies. "
        f"{areas.repetitions} seeded references; each is compared with one unchanged candidate, shared by all "
        "rungs, and one candidate of every rung. *Nats* is the information in the candidate. Intervals are 95 %, "
        f"by resampling repetitions {intervals.RESAMPLES:,} times. Every method gets both samples whole, so *ours* is "
        "the evidence of `prober compare`; *running* is the e-value of the judge, which does not know where the "
        "candidate begins. **Bold** is better than ours with the same access, by more than the interval of the "
        "difference.",
        "",
        "From the text alone:",
        "",
        *_table(areas, (*TEXT, RUNNING)),
        "",
        "With the log-probabilities of the first token, and our channels one by one:",
        "",
        *_table(areas, (*LOGPROBS, f"{RUNNING}, logprobs", *ONLY)),
        "",
        "### Where we lose",
        "",
        *_lost(areas),
    ]


def _table(areas: Areas, methods: Sequence[str]) -> list[str]:
    return [
        f"| rung | nats | {' | '.join(methods)} |",
        f"|---|---|{'---|' * len(methods)}",
        *(
            f"| {row.rung} | {row.nats:.1f} | {' | '.join(_cell(row, method) for method in methods)} |"
            for row in areas.rows
        ),
    ]


def _cell(row: Row, method: str) -> str:
    area = row.areas[method]
    shown = f"{area.value:.2f} ({area.low:.2f}–{area.high:.2f})"
    return f"**{shown}**" if method in row.better else shown


def _lost(areas: Areas) -> list[str]:
    lost = [
        f"- {row.rung}: {peer} {row.areas[peer].value:.2f}, ours "
        f"{row.areas['ours, logprobs' if peer in LOGPROBS else 'ours'].value:.2f}"
        for row in areas.rows
        for peer in row.better
    ]
    return lost or ["On no rung is a peer's area above ours, with the same access, by more than the interval."]


def headlines(areas: Areas) -> list[str]:
    """Mean area of ours and of the best peer, and on how many rungs a peer is better."""
    shown = []
    for access, (ours, *peers) in (("text alone", TEXT), ("log-probabilities", LOGPROBS)):
        means = {method: float(np.mean([row.areas[method].value for row in areas.rows])) for method in (ours, *peers)}
        best = max(peers, key=lambda peer: means[peer])
        lost = sum(bool(set(row.better) & set(peers)) for row in areas.rows)
        shown.append(
            f"Area under the curve over {len(areas.rows)} real changes, {access}: {means[ours]:.3f}; best peer "
            f"({best}) {means[best]:.3f}; a peer is better beyond chance on {lost}."
        )
    return shown


PART = Part(
    "auc", "Changes separated from no change, at equal asks", Areas, measure, lines, headlines, JUDGE + COMPARISON
)
