"""What the answer looks like: JSON, fences, lists, headings, white space at its ends."""

from __future__ import annotations

from prober.detectors.channel import Channel

CHANNEL = Channel(
    name="format",
    read=lambda fingerprint: fingerprint.categories.get("structure.shape"),
    unit="mean share of this format in the reference",
    words=lambda recent, reference: "",
)
