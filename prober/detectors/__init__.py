"""Detectors: channels that read fingerprints, one statistic that judges them, and the promise it keeps.

Adding a channel is a file and a row here; the contract suite in `tests/detectors` finds it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prober.detectors import choice, embedding, expectation, identity, layout, length, refusal
from prober.detectors.channel import Channel

DETECTORS: Final[Mapping[str, Channel]] = {
    module.CHANNEL.name: module.CHANNEL
    for module in (identity, choice, length, layout, refusal, expectation, embedding)
}

__all__ = ["DETECTORS", "Channel"]
