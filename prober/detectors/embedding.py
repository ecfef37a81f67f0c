"""What the answer is about: cosine distance of its embedding to the centroid of the reference."""

from __future__ import annotations

from prober.detectors.channel import Channel
from prober.evidence import Fingerprint


def read(fingerprint: Fingerprint) -> tuple[float, ...] | None:
    return next((vector for key, vector in fingerprint.vectors.items() if key.startswith("embedding.")), None)


CHANNEL = Channel(
    name="embedding",
    read=read,
    unit="cosine distance to the reference's centroid",
    words=lambda recent, reference: (
        f"meaning moved: {recent:.2f} from the reference's centroid instead of {reference:.2f}"
    ),
)
