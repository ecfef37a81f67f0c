"""Where and how it says it was served: tier, region, deployment, and the provider behind a router."""

from __future__ import annotations

from prober.detectors.channel import Channel
from prober.detectors.identity import PARTS
from prober.evidence import Fingerprint

WHO = frozenset(f"identity.{part}" for part in PARTS)


def read(fingerprint: Fingerprint) -> str | None:
    parts = [
        f"{key.removeprefix('identity.').removeprefix('header.')}={value}"
        for key, value in sorted(fingerprint.categories.items())
        if key.startswith("identity.") and key not in WHO and value != "(none)"
    ]
    return " ".join(parts) or None


CHANNEL = Channel(
    name="serving",
    read=read,
    unit="mean share of this route in the reference",
    words=lambda recent, reference: "",
    pooled=True,
    kind="identity_change",
)
