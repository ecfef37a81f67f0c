"""Which very text was answered, white space around it aside; where texts come again, as at a low temperature."""

from __future__ import annotations

from prober.detectors.channel import Channel
from prober.detectors.readings import Recurring
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> Recurring | None:
    digest = fingerprint.categories.get("text.exact")
    return None if digest is None else Recurring(digest)


CHANNEL = Channel(
    name="exact",
    read=read,
    unit="mean share of this text in the reference",
    words=lambda recent, reference: "",
)
