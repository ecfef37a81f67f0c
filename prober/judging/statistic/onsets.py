r"""Candidate onsets: the rounds at which a change may have begun, and what betting on each has won.

`between` is an interval of the posterior over the candidates. A candidate \(j\) stands for the rounds between its
neighbours, which were merged into one of them. With a prior that is flat over rounds it has the weight
\(g_j \exp(l_j)\), where \(g_j\) is half the distance of its neighbours in rounds and \(l_j\) its ln likelihood ratio.
Five in a hundred are cut at each end, and the rest reaches to the neighbours, because the rounds in between can no
longer be distinguished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from prober.judging.statistic.bets import WEIGHTS
from prober.judging.statistic.null import NullStack
from prober.judging.statistic.readings import Entry, Floats, Ints, logsumexp, posterior, stacked
from prober.model.evidence import Between

ONSETS: Final = 8
"""Candidate onsets kept; recent ones are exact, older ones ever sparser."""
TAIL: Final = 0.05
"""Belief left out at each end."""


@dataclass(frozen=True, slots=True)
class Onsets:
    """Candidate onsets, oldest first: the mean before each, what was seen since, and what betting on it has won."""

    labels: tuple[str, ...]
    born: Ints
    """Shape (onsets,): number of the round it starts with."""
    mass: Floats
    """Shape (onsets,): units put in, its own and those of onsets it took over."""
    log_capital: Floats
    """Shape (onsets, alternatives)."""
    mean: Floats
    """Shape (onsets, rows, categories): null mean just before."""
    support: Floats
    """Shape (onsets, rows): replies behind that mean."""
    seen: Floats
    """Shape (onsets, rows, categories): counts since, each round discounted by its clustering."""

    @property
    def log_ratio(self) -> Floats:
        """Shape (onsets,): ln likelihood ratio of a change there."""
        ratio: Floats = logsumexp(self.log_capital, axis=1) - np.log(self.mass)
        return ratio


@dataclass(frozen=True, slots=True)
class OnsetStack:
    """Equally many onsets of several channels, the newest at the round to come. Arrays as in `Onsets`, with an axis of
    channels after the onsets', or rows one below the other as the null's are in `NullStack`."""

    labels: Sequence[tuple[str, ...]]
    """One tuple a channel."""
    born: Ints
    mass: Floats
    log_capital: Floats
    mean: Floats
    support: Floats
    seen: Floats

    @staticmethod
    def of(so_far: Sequence[Onsets], rounds: Sequence[int], null: NullStack, put: Floats, label: str) -> OnsetStack:
        """The onsets so far, and a new one: what is `put` on it, shape (channels,), is spread over its alternatives.

        `rounds` is how many rounds each channel has been stepped with.
        """
        support, number = null.support, np.array(rounds, dtype=np.int64)
        mean = null.base / support[:, None]
        return OnsetStack(
            labels=[(*one.labels, label) for one in so_far],
            born=_with(np.array([one.born for one in so_far]).T, number),
            mass=_with(np.array([one.mass for one in so_far]).T, put),
            log_capital=_with(
                np.array([one.log_capital for one in so_far]).swapaxes(0, 1), np.log(put[:, None] * WEIGHTS)
            ),
            mean=_with(stacked([one.mean for one in so_far]), mean),
            support=_with(np.concatenate([one.support for one in so_far], axis=1), support),
            seen=_with(stacked([one.seen for one in so_far]), np.zeros_like(mean)),
        )

    def apart(self, null: NullStack) -> list[Onsets]:
        """Each channel's own."""
        shapes = [one.base.shape for one in null.nulls]
        return [
            Onsets(
                labels=labels,
                born=self.born[:, i].copy(),
                mass=self.mass[:, i].copy(),
                log_capital=self.log_capital[:, i].copy(),
                mean=self.mean[:, row : row + rows, :categories].copy(),
                support=self.support[:, row : row + rows].copy(),
                seen=self.seen[:, row : row + rows, :categories].copy(),
            )
            for i, (labels, row, (rows, categories)) in enumerate(zip(self.labels, null.first, shapes, strict=True))
        ]


def _with(so_far: npt.NDArray[Entry], newest: npt.NDArray[Entry]) -> npt.NDArray[Entry]:
    return np.concatenate([so_far, newest[None]])


def thinned(stack: OnsetStack, channel: Ints) -> tuple[OnsetStack, Floats]:
    """At most ONSETS of them, and each channel's highest ln likelihood ratio of a change at one.

    The pair closest in relative age becomes one, which inherits the capital of both. `channel` says whose each row is.
    """
    total = logsumexp(stack.log_capital, axis=2)
    log_ratio = total - np.log(stack.mass)
    onsets, channels = total.shape
    if onsets <= ONSETS:
        return stack, log_ratio.max(axis=0)
    age = stack.born[-1] - stack.born + 1
    every = np.arange(channels)
    older = np.argmin(age[:-1] / age[1:], axis=0)
    newer_keeps = log_ratio[older, every] < log_ratio[older + 1, every]
    heir, gone = older + newer_keeps, older + ~newer_keeps
    growth = np.logaddexp(0.0, total[gone, every] - total[heir, every])
    log_capital, mass = stack.log_capital.copy(), stack.mass.copy()
    log_capital[heir, every] += growth[:, None]
    # The heir's ratio must stay its own: what it inherits counts as units put in.
    mass[heir, every] *= np.exp(growth)
    kept = np.arange(onsets - 1)[:, None]
    kept = kept + (kept >= gone)
    of_row, row = kept[:, channel], np.arange(len(channel))
    kept_stack = OnsetStack(
        labels=[(*labels[:i], *labels[i + 1 :]) for labels, i in zip(stack.labels, gone, strict=True)],
        born=stack.born[kept, every],
        mass=mass[kept, every],
        log_capital=log_capital[kept, every],
        mean=stack.mean[of_row, row],
        support=stack.support[of_row, row],
        seen=stack.seen[of_row, row],
    )
    return kept_stack, log_ratio[kept, every].max(axis=0)


def between(onsets: Onsets, rounds: int, recent: Sequence[str]) -> Between | None:
    """The rounds in which the change began, with 90 % belief given that there was one.

    `rounds` is how many rounds the statistic was stepped with; `recent` are the labels of the newest, oldest first.
    Ends older than these are named by the nearest candidate within the interval. None while no change at all is
    likelier.
    """
    known = rounds - len(recent)
    log_ratio = onsets.log_ratio
    if log_ratio.max(initial=0.0) <= 0:
        return None
    first, last = _interval(onsets, log_ratio, rounds)
    born = [(int(number), label) for number, label in zip(onsets.born, onsets.labels, strict=True)]
    earliest = recent[first - known] if first >= known else min(one for one in born if one[0] >= first)[1]
    latest = recent[last - known] if last >= known else max(one for one in born if one[0] <= last)[1]
    return earliest, latest


def _interval(onsets: Onsets, log_ratio: Floats, rounds: int) -> tuple[int, int]:
    """Numbers of the first and last round of the interval."""
    born = [int(number) for number in onsets.born]
    before, after = [born[0] - 1, *born[:-1]], [*born[1:], rounds]
    width = (np.array(after) - np.array(before)) / 2
    below = np.cumsum(posterior(log_ratio + np.log(width)))
    low = int(np.searchsorted(below, TAIL, side="right"))
    high = min(int(np.searchsorted(below, 1 - TAIL)), len(born) - 1)
    low = min(low, high)
    return before[low] + 1, after[high] - 1
