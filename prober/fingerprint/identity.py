"""What the provider says of a reply: who answered and where, tokens and seconds, and how likely the first token was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from prober.fingerprint.feature import NONE, Features, known, unreadable
from prober.model.declaration import Probe
from prober.model.reply import Reply

IDENTITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "openai-model": "the model that served the request",
        "x-ms-deployment-name": "Azure deployment that answered",
        "x-ms-region": "Azure region that served the request",
        "azureml-model-session": "Azure deployment session; changes when a deployment is rolled over",
        "azureml-model-group": "Azure group of model instances",
        "x-inference-provider": "the provider a router handed the request to",
        "x-portkey-provider": "the provider a Portkey gateway asked",
        "x-portkey-last-used-option-index": "which of its targets a Portkey gateway used",
        "x-kong-llm-model": "the provider and model that a Kong gateway asked",
        "cf-aig-provider": "the provider that a route of Cloudflare's gateway chose",
        "cf-aig-model": "the model that a route of Cloudflare's gateway chose",
        "x-tfy-resolved-model": "the model that a TrueFoundry gateway chose",
        "x-bt-used-endpoint": "the endpoint that a Braintrust proxy chose",
        "x-litellm-model-id": "the deployment a LiteLLM gateway chose",
        "x-litellm-model-name": "the model behind a LiteLLM alias",
        "x-litellm-model-api-base": "the address a LiteLLM gateway asked",
        "x-ms-served-model": "the resolved model, where Azure's body has the alias",
        "x-ms-is-spilled-over": "whether Azure's standard deployment took over from the provisioned one",
        "azureml-served-by-cluster": "Azure cluster that served the request",
        "azureai-processed-tier": "Azure service tier that served the request",
        "x-gemini-service-tier": "Gemini service tier that served the request",
        "x-sha": "Hugging Face: the commit of the model's repository",
        "x-compute-type": "Hugging Face: the hardware that ran the model",
        "x-build-commit": "Ollama's cloud: the build that ran the model",
        "x-ppl-region": "Perplexity: the region that served the request",
    }
)
"""Header → what it identifies. Versions of an API or a server, limits, timings and request ids identify no model."""

PASSED_ON = "llm_provider-"
"""LiteLLM passes on the headers of the provider behind it under their names with this prefix."""

BODY_PREFIX = "body:"
"""Signals that stand in the body of an answer, such as a router's `provider`, are kept as headers with this prefix."""

NOT_IDENTITY = frozenset(
    {
        "body:native_finish_reason",  # says how this one answer ended
        "body:retirement_time",  # an announcement; the model that answers is the same until then
    }
)
"""Kept from the body for other reasons."""

RANDOM_FINGERPRINT = frozenset({"body:final_provider", "body:resolved_model"})
"""Signals of gateways that make up a new `system_fingerprint` for every reply (Vercel): it identifies nothing."""


def extract(reply: Reply, probe: Probe) -> Features:
    """Categories `model`, `system_fingerprint`, `service_tier`, `header.<name>`; number `input_tokens`.

    The token count of an unchanged prompt is decided by the tokenizer and the chat template alone: it is identity.
    """
    headers = {name.lower(): value for name, value in reply.headers.items()}
    is_random = bool(RANDOM_FINGERPRINT & headers.keys())
    categories = {
        "model": reply.model or NONE,
        "system_fingerprint": NONE if is_random else reply.system_fingerprint or NONE,
        "service_tier": reply.service_tier or NONE,
    }
    categories |= {f"header.{name}": headers[name] for name in sorted(headers) if _identifies(name)}
    if reply.input_tokens is None:
        return Features(categories, unreadable={"input_tokens": "the provider did not say"})
    return Features(categories, numbers={"input_tokens": reply.input_tokens})


def _identifies(header: str) -> bool:
    return header.removeprefix(PASSED_ON) in IDENTITY_HEADERS or (
        header.startswith(BODY_PREFIX) and header not in NOT_IDENTITY
    )


def extract_usage(reply: Reply, probe: Probe) -> Features:
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


def extract_logprobs(reply: Reply, probe: Probe) -> Features:
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
