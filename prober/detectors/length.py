"""How long the answer is: ln(1 + characters), paired by probe."""

from __future__ import annotations

import math

from prober.detectors.channel import Channel, longer, ratio
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> float | None:
    characters = fingerprint.numbers.get("text.characters")
    return None if characters is None else round(math.log1p(characters), 6)


CHANNEL = Channel(
    name="length",
    read=read,
    unit="ratio to the reference",
    words=longer,
    show=ratio,
    difference="ln ratio",
)
