"""Compare two reply logs: are they from the same behaviour? For upgrades and gates, and for a second opinion.

`gather` matches probes and fingerprints replies, `exchange` says what may be permuted, `panel` reads the channels of
`CHANNELS`, `permutation` gives p-values, `effect` says how much and in which words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, log
from typing import Final

import numpy as np

from prober.judging.channels import CHANNELS, Channel
from prober.lab.compare.exchange import Gathered, exchange, gather, needed
from prober.lab.compare.panel import Panel, panel
from prober.lab.compare.permutation import closed, evidence, joint, p_value
from prober.lab.compare.result import Compared, Difference, LeftOut, Outcome, difference
from prober.loading.reply_log import LoggedReply
from prober.model.errors import ConfigurationError

__all__ = ["Compared", "Difference", "LeftOut", "compare"]

LEAST_ALPHA: Final = 1e-4
"""Below it the permutations would take minutes."""
ROOM: Final = 10
"""Arrangements as extreme as what was seen that a p-value of alpha must have room for, among permutations and among
all."""


def compare(
    reference: Iterable[LoggedReply],
    candidate: Iterable[LoggedReply],
    alpha: float = 0.01,
    rng: np.random.Generator | int = 0,
    channels: Mapping[str, Channel] = CHANNELS,
) -> Compared:
    """Compare the candidate's replies with the reference's, channel by channel.

    The chance that the verdict is `changed` where nothing changed is at most `alpha`, provided that what was permuted
    (`Compared.exchanged`) may be. Deterministic for a given seed; the order of lines does not matter.

    Raises:
        ConfigurationError: `alpha` is out of range, or a log holds several endpoints.
        NotEnough: a log holds no answer at all.
    """
    if not LEAST_ALPHA <= alpha < 0.5:
        raise ConfigurationError(f"alpha is {alpha:g}; write a number from {LEAST_ALPHA:g} to below 0.5, such as 0.01")
    return judge(gather(reference, candidate), alpha, np.random.default_rng(rng), channels)


def judge(
    gathered: Gathered, alpha: float, rng: np.random.Generator, channels: Mapping[str, Channel] = CHANNELS
) -> Compared:
    """What `compare` says once the logs are gathered."""
    channels = {name: channel for name, channel in channels.items() if _is_evidence(channel, gathered)}
    units = exchange(gathered, alpha / ROOM)
    panels: list[Panel] = []
    left_out = []
    for name, channel in channels.items():
        read = panel(channel, gathered.answers, units)
        if read is None:
            left_out.append(LeftOut(name, "no probe has replies in both logs from which they can be read"))
        else:
            panels.append(read)
    found = evidence(panels, units.stratum, units.permutations(ceil(ROOM / alpha) - 1, rng))
    together = joint(found)
    enough = bool(panels) and units.log_least_p <= log(alpha / ROOM)
    verdict: Outcome = "changed" if p_value(together) <= alpha else "same" if enough else "insufficient_evidence"
    changed = [p <= alpha for p in closed(found)]
    if verdict == "changed" and not any(changed):
        changed[int(np.argmax(found[:, 0]))] = True
    sides = [sum(answer.candidate is side for answer in gathered.answers) for side in (False, True)]
    differences = [
        difference(read, units, row, moved, alpha) for read, row, moved in zip(panels, found, changed, strict=True)
    ]
    return Compared(
        verdict=verdict,
        evidence=float(together[0]),
        alpha=alpha,
        paired=gathered.paired,
        exchanged=units.kind,
        probes=len({answer.key for answer in gathered.answers}),
        replies=(sides[0], sides[1]),
        failed=gathered.failed,
        unmatched=gathered.unmatched,
        channels=tuple(sorted(differences, key=lambda one: (not one.changed, one.p_value, one.channel))),
        left_out=tuple(left_out),
        missing=needed(gathered, alpha / ROOM) if verdict == "insufficient_evidence" else "",
    )


def _is_evidence(channel: Channel, gathered: Gathered) -> bool:
    """Who answers is no finding where the logs are of two endpoints: it was chosen."""
    return channel.kind != "identity_change" or gathered.same_endpoint
