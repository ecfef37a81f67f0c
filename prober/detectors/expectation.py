"""Whether the answer passes every check its probe declares under `expect`."""

from __future__ import annotations

from prober.detectors.channel import Channel, percent
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> float | None:
    passed = fingerprint.categories.get("expectation.all")
    return None if passed is None else float(passed == "pass")


CHANNEL = Channel(
    name="expectation",
    read=read,
    unit="share of replies",
    words=lambda recent, reference: f"passes its checks {percent(recent)} instead of {percent(reference)}",
    atoms=(0.0, 1.0),
    kind="contract_break",
)
