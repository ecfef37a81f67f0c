"""How sure the model was of its first token, where the provider says."""

from __future__ import annotations

import math

from prober.fingerprint.feature import Features, unreadable
from prober.model.declaration import Probe
from prober.model.reply import Reply

SLACK = 0.01
"""A log-probability this little above 0 is rounding; any more is not a log-probability."""
WHOLE = 1.02
"""What the probabilities of different tokens may sum to; any more and they were made up."""
LISTED = 20
"""Tokens that are kept, the likeliest: as many as endpoints give."""
LEAST = -30.0
"""What is less likely is taken for this: some endpoints write -9999 for "not sampled"."""
DECIMALS = 4
"""Of the log-probability of a token; what is smaller is the noise of floating point."""


def extract(reply: Reply, probe: Probe) -> Features:
    """Category `top_token`, and numbers of the first output token.

    `top1` is the natural-log probability of the best token; `entropy_nats` is the entropy of the listed tokens, their
    probabilities scaled to sum to 1; `token.<token>` is the natural-log probability of each, likeliest first. Tokens
    that are spelled alike, such as halves of an emoji, count as the likeliest of them.
    """
    if not reply.top_logprobs:
        return unreadable("the reply has no log-probabilities")
    pairs = [(token, min(value, 0.0)) for token, value in reply.top_logprobs if -math.inf < value <= SLACK]
    if len(pairs) < sum(1 for _, value in reply.top_logprobs if value != -math.inf):
        return unreadable("a log-probability is above 0, or no number")
    if not pairs:
        return unreadable("every listed token has probability 0")
    if sum(math.exp(value) for _, value in pairs) > WHOLE:
        return unreadable("the probabilities of the listed tokens sum to more than 1")
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    token, best = pairs[0]
    numbers = {"top1": best, "entropy_nats": _entropy([value for _, value in pairs])}
    for name, value in pairs[:LISTED]:
        numbers.setdefault(f"token.{name}", round(max(value, LEAST), DECIMALS) + 0.0)
    return Features({"top_token": token}, numbers)


def _entropy(logprobs: list[float]) -> float:
    """-Σ p ln p over the listed tokens, p scaled to sum to 1; relative to the best, so that nothing underflows."""
    best = max(logprobs)
    weights = [math.exp(value - best) for value in logprobs]
    total = sum(weights)
    return max(0.0, math.log(total) - sum(w * (v - best) for w, v in zip(weights, logprobs, strict=True)) / total)
