"""How an answer ends: a full stop, a question mark, a bracket, nothing."""

from prober.judging.channels import Channel

ENDING = Channel(
    name="ending",
    read=lambda fingerprint: fingerprint.categories.get("structure.terminal"),
    unit="mean share of this ending in the reference",
    words=lambda recent, reference: "",
)
