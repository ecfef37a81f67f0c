"""Surface style: cosine distance of the text's character n-grams to the centroid of the reference."""

from __future__ import annotations

from prober.detectors.channel import Channel

CHANNEL = Channel(
    name="text",
    read=lambda fingerprint: fingerprint.vectors.get("text.grams"),
    unit="cosine distance to the reference's centroid",
    words=lambda recent, reference: (
        f"wording moved: {recent:.2f} from the reference's centroid instead of {reference:.2f}"
    ),
)
