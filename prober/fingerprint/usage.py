"""What the answer cost, in tokens and seconds. Context: latency never raises an alarm alone."""

from __future__ import annotations

from prober.fingerprint.feature import Features, known
from prober.model.declaration import Probe
from prober.model.reply import Reply


def extract(reply: Reply, probe: Probe) -> Features:
    """Numbers `output_tokens`, `reasoning_tokens`, `cached_tokens`, `latency_s`, `ttft_s`, where known."""
    return known(
        {
            "output_tokens": reply.output_tokens,
            "reasoning_tokens": reply.reasoning_tokens,
            "cached_tokens": reply.cached_tokens,
            "latency_s": reply.latency_s,
            "ttft_s": reply.ttft_s,
        },
        "the reply does not say",
    )
