"""Detectors: channels that read fingerprints, one statistic that judges them, and the promise it keeps.

Adding a channel is a file and a row here; the contract suite in `tests/detectors` finds it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prober.detectors import (
    choice,
    embedding,
    exact,
    expectation,
    identity,
    layout,
    length,
    logprobs,
    reasoning,
    refusal,
    serving,
    text,
    tokens,
)
from prober.detectors.channel import Channel

DETECTORS: Final[Mapping[str, Channel]] = {
    module.CHANNEL.name: module.CHANNEL
    for module in (
        identity,  # who says it answered
        serving,  # and from where
        tokens,  # what the unchanged prompt counts as
        choice,  # which answer was chosen
        exact,  # which very text
        logprobs,  # how likely its first tokens were
        length,  # how long it is
        reasoning,  # and how long was thought before
        layout,  # what it looks like
        text,  # how it is worded
        embedding,  # what it is about
        refusal,  # whether it declines
        expectation,  # whether its checks hold
    )
}

__all__ = ["DETECTORS", "Channel"]
