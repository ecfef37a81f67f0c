"""How long it thinks before it answers: ln(1 + hidden reasoning tokens), paired by probe."""

from __future__ import annotations

import math

from prober.detectors.channel import Channel, longer, ratio
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> float | None:
    tokens = fingerprint.numbers.get("usage.reasoning_tokens")
    return None if tokens is None else round(math.log1p(max(tokens, 0.0)), 6)


CHANNEL = Channel(
    name="reasoning",
    read=read,
    unit="ratio to the reference",
    words=lambda recent, reference: f"thinks {longer(recent, reference)}",
    show=ratio,
    difference="ln ratio",
)
