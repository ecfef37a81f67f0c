"""Whether the model declined to answer."""

from __future__ import annotations

from prober.detectors.channel import Channel, percent
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> float | None:
    refused = fingerprint.categories.get("refusal.refused")
    return None if refused is None else float(refused == "yes")


CHANNEL = Channel(
    name="refusal",
    read=read,
    unit="share of replies",
    words=lambda recent, reference: f"refuses {percent(recent)} instead of {percent(reference)}",
    atoms=(0.0, 1.0),
)
