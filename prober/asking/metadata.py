"""What an endpoint says of itself, apart from any reply: model files, digests, builds. Short values, no secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from prober.asking import model_lists
from prober.model.connection import Timeouts
from prober.model.declaration import Endpoint
from prober.model.providers import is_at

MOST_BYTES: Final = 2_000_000
MOST_S: Final = 5.0
"""For all pages of an endpoint together."""
LONGEST: Final = 200
"""Characters of a value; of anything longer its digest is kept."""

SAMPLING: Final = ("temperature", "top_k", "top_p", "min_p", "repeat_penalty", "reasoning_format")
"""Parameters whose defaults a llama.cpp server is started with."""

COMPANIES: Final = (
    "ai21.com", "aliyuncs.com", "amazonaws.com", "anthropic.com", "azure.com", "azure.us", "baseten.co", "bigmodel.cn",
    "cerebras.ai", "cloudflare.com", "cohere.ai", "cohere.com", "databricks.com", "deepinfra.com", "deepseek.com",
    "fireworks.ai", "github.ai", "googleapis.com", "groq.com", "huggingface.co", "hyperbolic.xyz", "mistral.ai",
    "moonshot.ai", "moonshot.cn", "novita.ai", "nvidia.com", "openai.com", "openrouter.ai", "perplexity.ai",
    "replicate.com", "sambanova.ai", "siliconflow.cn", "together.ai", "together.xyz", "vercel.sh", "volces.com", "x.ai",
    "z.ai",
)  # fmt: skip
"""Domains of providers that say nothing of a model's files: they are asked only where that is declared."""


@dataclass(frozen=True, slots=True)
class Page:
    """One address that some servers have."""

    path: str
    """From the root of the server; `{base}` stands for the path of `base_url`."""
    read: Callable[[object, str], Mapping[str, object]]
    """(the JSON, the model's name) → what it says."""


def _models(said: object, model: str) -> Mapping[str, object]:
    """The entry of the model in an OpenAI-compatible list; of a list of one, that one: it answers to every name."""
    entries = model_lists.entries(said)
    entry = model_lists.entry_of(said, model) or (entries[0] if len(entries) == 1 else {})
    meta = entry.get("meta")  # llama.cpp
    sizes = ("n_params", "size", "n_vocab", "n_ctx")
    more = {f"meta.{name}": meta.get(name) for name in sizes} if isinstance(meta, dict) else {}
    return {name: entry.get(name) for name in ("owned_by", "root", "digest", "sha", "max_model_len")} | more


def _props(said: object, model: str) -> Mapping[str, object]:
    """llama.cpp: the model, and what holds for an ask that does not say otherwise."""
    settings = said.get("default_generation_settings") if isinstance(said, dict) else None
    settings = settings if isinstance(settings, dict) else {}
    chosen = settings.get("params")
    usual = {name: chosen.get(name) for name in SAMPLING} if isinstance(chosen, dict) else {}
    itself = _named("model_path", "model_ftype", "build_info", "chat_template")(said, model)
    return {**itself, "n_ctx": settings.get("n_ctx"), **usual}


def _tags(said: object, model: str) -> Mapping[str, object]:
    """Ollama."""
    return {"digest": _entry(said, "models", "name", model, f"{model}:latest").get("digest")}


def _named(*names: str) -> Callable[[object, str], Mapping[str, object]]:
    """Values that stand at the top."""
    return lambda said, model: {name: said.get(name) for name in names} if isinstance(said, dict) else {}


PAGES: Final[Mapping[str, Page]] = {
    "props": Page("/props", _props),
    "models": Page("{base}/models", _models),
    "tags": Page("/api/tags", _tags),
    "info": Page("/info", _named("model_id", "model_sha", "model_dtype", "version", "sha", "docker_label")),  # TGI
    "version": Page("/version", _named("version")),  # vLLM
    "get_model_info": Page("/get_model_info", _named("model_path", "tokenizer_path", "weight_version")),  # SGLang
}


def is_asked(endpoint: Endpoint) -> bool:
    """As declared; else where it has an address of its own that is no large provider's."""
    if endpoint.metadata is not None:
        return endpoint.metadata
    return endpoint.base_url is not None and not is_at(endpoint, *COMPANIES)


def timeouts(asks: Timeouts, left_s: float) -> Timeouts:
    """The time limits of one page while `left_s` seconds remain: never longer than those of an ask of the endpoint."""
    total_s = max(min(left_s, asks.total_s), 0.01)
    return Timeouts(connect_s=min(total_s, asks.connect_s, 5.0), read_s=min(total_s, asks.read_s), total_s=total_s)


def addresses(endpoint: Endpoint, base_url: str) -> dict[str, str]:
    """Page → its address."""
    parts = urlsplit(base_url)
    return {
        name: urlunsplit((parts.scheme, parts.netloc, page.path.format(base=parts.path.rstrip("/")), "", ""))
        for name, page in PAGES.items()
    }


def values(page: str, said: object, model: str) -> dict[str, str]:
    """`page.name` → short text; what is missing or no plain value is left out."""
    found = PAGES[page].read(said, model)
    return {f"{page}.{name}": _short(text) for name, value in found.items() if (text := _text(value))}


def _entry(said: object, list_: str, key: str, *names: str) -> Mapping[str, object]:
    entries = said.get(list_) if isinstance(said, dict) else None
    if not isinstance(entries, list):
        return {}
    return next((one for one in entries if isinstance(one, dict) and one.get(key) in names), {})


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.6g}"  # single precision has no more digits
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return str(value) if is_number else ""


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"sha256 {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
