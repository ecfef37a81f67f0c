"""How long the answer is: ln(1 + characters), paired by probe."""

from __future__ import annotations

import math

from prober.detectors.channel import Channel, percent
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> float | None:
    characters = fingerprint.numbers.get("text.characters")
    return None if characters is None else round(math.log1p(characters), 6)


def words(recent: float, reference: float) -> str:
    ratio = recent / reference
    return f"{percent(abs(ratio - 1))} {'longer' if ratio >= 1 else 'shorter'}"


CHANNEL = Channel(
    name="length",
    read=read,
    unit="ratio to the reference",
    words=words,
    show=lambda value, reference: math.exp(min(value - reference, 50.0)),
    difference="ln ratio",
)
