"""How sure the model was of its first token, where the provider says."""

from __future__ import annotations

import math

from prober.declaration import Probe
from prober.fingerprint.feature import Features, unreadable
from prober.reply import Reply

SLACK = 0.01
"""A log-probability this little above 0 is rounding; any more is not a log-probability."""


def extract(reply: Reply, probe: Probe) -> Features:
    """Category `top_token`, and numbers of the first output token.

    `top1` is the natural-log probability of the best token; `entropy_nats` is the entropy of the listed tokens, their
    probabilities scaled to sum to 1. The raw pairs stay in the reply.
    """
    if not reply.top_logprobs:
        return unreadable("the reply has no log-probabilities")
    pairs = [(token, min(value, 0.0)) for token, value in reply.top_logprobs if -math.inf < value <= SLACK]
    if len(pairs) < len([value for _, value in reply.top_logprobs if value != -math.inf]):
        return unreadable("a log-probability is above 0, or no number")
    if not pairs:
        return unreadable("every listed token has probability 0")
    token, best = max(pairs, key=lambda pair: pair[1])
    return Features({"top_token": token}, {"top1": best, "entropy_nats": _entropy([value for _, value in pairs])})


def _entropy(logprobs: list[float]) -> float:
    """-Σ p ln p over the listed tokens, p scaled to sum to 1; relative to the best, so that nothing underflows."""
    best = max(logprobs)
    weights = [math.exp(value - best) for value in logprobs]
    total = sum(weights)
    return max(0.0, math.log(total) - sum(w * (v - best) for w, v in zip(weights, logprobs, strict=True)) / total)
