"""How other tools write a provider and a model, such as `openai:chat:gpt-4o`, and the fields of an endpoint for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from prober.model.providers import PROVIDERS
from prober.text import redact

_SERVED: Final[Mapping[str, str]] = {
    "azure": "https://my-resource.openai.azure.com/openai/v1", "azureopenai": "https://my-resource.openai.azure.com/openai/v1",
    "cerebras": "https://api.cerebras.ai/v1", "cohere": "https://api.cohere.ai/compatibility/v1",
    "deepseek": "https://api.deepseek.com/v1", "fireworks": "https://api.fireworks.ai/inference/v1",
    "fireworksai": "https://api.fireworks.ai/inference/v1", "groq": "https://api.groq.com/openai/v1",
    "huggingface": "https://router.huggingface.co/v1", "litellm": "http://localhost:4000/v1",
    "llamacpp": "http://localhost:8080/v1", "lmstudio": "http://localhost:1234/v1", "localai": "http://localhost:8080/v1",
    "mistral": "https://api.mistral.ai/v1", "mistralai": "https://api.mistral.ai/v1",
    "nvidianim": "https://integrate.api.nvidia.com/v1", "ollama": "http://localhost:11434/v1",
    "openrouter": "https://openrouter.ai/api/v1", "perplexity": "https://api.perplexity.ai",
    "together": "https://api.together.xyz/v1", "togetherai": "https://api.together.xyz/v1",
    "vllm": "http://localhost:8000/v1", "hostedvllm": "http://localhost:8000/v1", "xai": "https://api.x.ai/v1",
}  # fmt: skip
"""Name → where it is served in OpenAI's format, as the companies document it."""
_OURS: Final[Mapping[str, str]] = {
    **{name: name for name in PROVIDERS},
    "claude": "anthropic", "gemini": "google", "googleai": "google", "googlegenai": "google",
    "amazonbedrock": "bedrock", "awsbedrock": "bedrock",
}  # fmt: skip
"""Name → the provider that it is here."""
_KINDS: Final = frozenset(
    {"chat", "completion", "completions", "messages", "responses", "converse", "text-generation", "text-completion"}
)
"""What promptfoo writes between provider and model."""
_NOT_ASKED: Final = frozenset(
    {"assistant", "embedding", "embeddings", "image", "moderation", "realtime", "transcription"}
)
"""The same, for what no endpoint here is."""
_SPELLED: Final = re.compile(r"([A-Za-z][\w. -]{1,30}?)\s*(?:[:/]\s*([\w.:/@+-]{1,100}))?")


def endpoint_meant(text: str) -> str | None:
    """The fields to write for a provider as another tool spells it, such as `provider: openai and model: gpt-4o`; None
    where it is none that is known."""
    fields = _fields_meant(text)
    if fields is None:
        return None
    *some, last = [f"{name}: {value}" for name, value in fields.items()]
    return f"{', '.join(some)} and {last}" if some else last


def endpoint_in_braces(text: str) -> str | None:
    """The same as one mapping, where provider and model are known: `{provider: openai, model: gpt-4o}`."""
    fields = _fields_meant(text)
    if fields is None or "model" not in fields:
        return None
    required = PROVIDERS[fields["provider"]].required
    asked = (
        {"parameters": "{" + ", ".join(f"{name}: {value}" for name, value in required.items()) + "}"}
        if required
        else {}
    )
    return "{" + ", ".join(f"{name}: {value}" for name, value in {**fields, **asked}.items()) + "}"


def _fields_meant(text: str) -> dict[str, str] | None:
    found = _SPELLED.fullmatch(text.strip())
    if not found:
        return None
    known = re.sub(r"[\W_]", "", found[1]).lower()
    kind, _, rest = (found[2] or "").partition(":")
    if kind in _NOT_ASKED:
        return None
    model = rest if rest and kind in _KINDS else found[2] or ""
    named = {"model": model} if model and model not in _KINDS and redact(model) == model else {}
    if known in _SERVED:
        return {"provider": "openai", "base_url": _SERVED[known], **named}
    if known not in _OURS:
        return None
    provider = _OURS[known]
    api = {"api": "responses"} if "responses" in (kind, model) and "responses" in PROVIDERS[provider].formats else {}
    address = {"base_url": PROVIDERS[provider].address} if PROVIDERS[provider].address else {}
    return {"provider": provider, **api, **address, **named}
