"""How many input tokens the unchanged prompt was: decided by tokenizer and chat template alone."""

from __future__ import annotations

from prober.detectors.channel import Channel
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> str | None:
    tokens = fingerprint.numbers.get("identity.input_tokens")
    return None if tokens is None else f"{tokens:.0f} input tokens"


CHANNEL = Channel(
    name="tokens",
    read=read,
    unit="mean share of this count in the reference",
    words=lambda recent, reference: "",
    kind="identity_change",
)
