"""Who says it answered: the resolved model and its fingerprint.

One name a reply, judged as a distribution: a value that alternates is no evidence, a value never seen is. What varies
independently of the model (tier, region, route) is read by `serving`: as parts of one name, five fingerprints on three
routes would be fifteen names, each of them too rare to be missed or welcomed.
"""

from __future__ import annotations

from prober.detectors.channel import Channel
from prober.evidence import Fingerprint

PARTS = ("model", "system_fingerprint")


def read(fingerprint: Fingerprint) -> str | None:
    said = {part: fingerprint.categories.get(f"identity.{part}", "(none)") for part in PARTS}
    return " ".join(f"{part}={value}" for part, value in said.items() if value != "(none)") or None


CHANNEL = Channel(
    name="identity",
    read=read,
    unit="mean share of this identity in the reference",
    words=lambda recent, reference: "",
    pooled=True,
    kind="identity_change",
)
