"""Who the provider says answered: resolved model, fingerprint, tier, and the headers that name a model or a place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prober.fingerprint.feature import NONE, Features
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
