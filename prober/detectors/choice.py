"""Which answer was chosen: the whole answer where it is short, else its first word; white space does not count."""

from __future__ import annotations

from prober.detectors.channel import Channel

CHANNEL = Channel(
    name="choice",
    read=lambda fingerprint: fingerprint.categories.get("text.choice"),
    unit="mean share of this answer in the reference",
    words=lambda recent, reference: "",
)
