"""How likely the first tokens were: mean distance of their log-probabilities from those of the reference."""

from __future__ import annotations

from prober.detectors.channel import Channel
from prober.detectors.readings import TopTokens
from prober.evidence import Fingerprint

KEY = "logprobs.token."


def read(fingerprint: Fingerprint) -> TopTokens | None:
    pairs = tuple((key.removeprefix(KEY), p) for key, p in fingerprint.numbers.items() if key.startswith(KEY))
    return TopTokens(pairs) if pairs else None


CHANNEL = Channel(
    name="logprobs",
    read=read,
    unit="mean distance of ln p from the reference",
    words=lambda recent, reference: f"first-token ln p {recent:.2f} from the reference's instead of {reference:.2f}",
)
