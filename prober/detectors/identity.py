"""Who says it answered: resolved model, fingerprint, tier, allow-listed headers, input tokens of a fixed prompt.

One name a reply, judged as a distribution: a value that alternates is no evidence, a value never seen is.
"""

from __future__ import annotations

from prober.detectors.channel import Channel
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> str | None:
    parts = [
        f"{key.removeprefix('identity.').removeprefix('header.')}={value}"
        for key, value in sorted(fingerprint.categories.items())
        if key.startswith("identity.") and value != "(none)"
    ]
    tokens = fingerprint.numbers.get("identity.input_tokens")
    if tokens is not None:
        parts.append(f"input_tokens={tokens:g}")
    return " ".join(parts) or None


CHANNEL = Channel(
    name="identity",
    read=read,
    unit="mean share of this identity in the reference",
    words=lambda recent, reference: "",
    kind="identity_change",
)
