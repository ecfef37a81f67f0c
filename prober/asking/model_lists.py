"""What providers and packages say of how long a model is served: the providers' lists of models, and lists of shutdown
dates that packages ship. The packages are read as data; none of their code runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from prober.asking.wire.format import Path as Place
from prober.asking.wire.format import dig
from prober.model.declaration import Endpoint
from prober.model.providers import is_at
from prober.model.retirement import Retirement, RetirementKind, date_of

MOST_BYTES: Final = 8_000_000
"""Lists of routers are long."""
MOST_S: Final = 20.0
"""For the list and the model's own page together."""
MOST_LISTED: Final = 2_000

DATES: Final[tuple[tuple[Place, RetirementKind], ...]] = (
    (("shutdown_date",), "shutdown"),  # OpenAI
    (("retirementTime",), "shutdown"),  # Google
    (("modelStatus", "retirementTime"), "shutdown"),
    (("retirement_date",), "shutdown"),
    (("retires_at",), "shutdown"),
    (("sunset_date",), "shutdown"),
    (("expiration_date",), "shutdown"),  # OpenRouter
    (("modelLifecycle", "endOfLifeTime"), "shutdown"),  # Bedrock
    (("deprecation", "inference"), "shutdown"),  # Azure: from then on it does not answer
    (("deprecation_date",), "deprecation"),
    (("deprecated_at",), "deprecation"),
    (("deprecation",), "deprecation"),  # Mistral
)
"""Where an entry of a model has a date. All that are there are read; the first of a kind holds."""
SUCCESSORS: Final[tuple[Place, ...]] = (
    ("deprecation_replacement_model",),  # Mistral
    ("replacement_model",),
    ("successor",),
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a provider's list of models says."""

    retirements: tuple[Retirement, ...] = ()
    """Retirements of the endpoint's model."""
    models: tuple[str, ...] = ()
    """Every model that is listed, sorted; empty where the list could not be read. Hostile text."""


def addresses(endpoint: Endpoint, base_url: str, query: Mapping[str, str]) -> tuple[str, str]:
    """The list of models, and the page of the endpoint's own. `query` is added to both."""
    parts = urlsplit(base_url)
    asked = "&".join(one for one in (parts.query, urlencode(query)) if one)
    path = parts.path.rstrip("/")
    both = (f"{path}/models", f"{path}/models/{quote(endpoint.model.removeprefix('models/'), safe='/')}")
    first, second = (urlunsplit((parts.scheme, parts.netloc, one, asked, "")) for one in both)
    return first, second


def entries(said: object) -> list[Mapping[str, object]]:
    """The models of a list, under whichever key it has them."""
    found = said if isinstance(said, list) else None
    for key in ("data", "models", "modelSummaries"):
        if isinstance(said, dict) and isinstance(said.get(key), list):
            found = said[key]
            break
    return [one for one in found or [] if isinstance(one, dict)]


def names(entry: Mapping[str, object]) -> list[str]:
    """What a model is called in an entry, aliases among it."""
    aliases = entry.get("aliases")
    said = [entry.get("id"), entry.get("name"), entry.get("modelId"), *(aliases if isinstance(aliases, list) else ())]
    return [one.removeprefix("models/")[:300] for one in said if isinstance(one, str) and one]


def of_entry(entry: Mapping[str, object], model: str) -> tuple[Retirement, ...]:
    """What an entry of a list says of a model."""
    said = (dig(entry, *place) for place in SUCCESSORS)
    successor = next((one[:300] for one in said if isinstance(one, str)), "")
    found: dict[RetirementKind, Retirement] = {}
    for place, kind in DATES:
        on = date_of(dig(entry, *place))
        if on is not None and kind not in found:
            found[kind] = Retirement(
                model, on, kind, "model_list", f"{'.'.join(map(str, place))} of the model list", successor
            )
    return tuple(found.values())


def entry_of(said: object, model: str) -> Mapping[str, object] | None:
    """The entry of a model in a list; None where it has none."""
    wanted = model.removeprefix("models/")
    return next((one for one in entries(said) if wanted in names(one)), None)


def listing(pages: Sequence[object], model: str) -> Listing:
    """Of the list and, where that has no entry of it, the page of the model, parsed; None for one that could not be
    read."""
    said, own = (*pages, None, None)[:2]
    mine = entry_of(said, model)
    if mine is None and isinstance(own, dict):
        mine = own
    listed = sorted({name for one in entries(said)[:MOST_LISTED] for name in names(one)[:1]})
    return Listing(of_entry(mine, model) if mine is not None else (), tuple(listed))


# Lists that packages ship

COMPANIES: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("azure.com", "azure.us"), "Azure", "azure"),
    (("aiplatform.googleapis.com",), "Google Vertex", "vertex_ai"),
    (("googleapis.com",), "Google", "gemini"),
    (("openai.com",), "OpenAI", "openai"),
    (("anthropic.com",), "Anthropic", "anthropic"),
    (("groq.com",), "Groq", "groq"),
    (("cohere.ai", "cohere.com"), "Cohere", "cohere"),
    (("x.ai",), "xAI", "xai"),
    (("mistral.ai",), "", "mistral"),
    (("amazonaws.com",), "", "bedrock"),
    (("together.ai", "together.xyz"), "", "together_ai"),
    (("fireworks.ai",), "", "fireworks_ai"),
)
"""Domains of a provider, and what llm-sunset and LiteLLM call it; empty where a list does not have it."""


def packaged(endpoint: Endpoint) -> tuple[Retirement, ...]:
    """What the packages that are installed say of the endpoint's model. Needs no network."""
    company = next((row for row in COMPANIES if is_at(endpoint, *row[0])), None)
    if company is None and endpoint.base_url and "aiplatform.googleapis.com" in endpoint.base_url:
        company = COMPANIES[1]
    if company is None:
        return ()
    _, sunset, litellm = company
    return (*_of_llm_sunset(endpoint.model, sunset), *_of_litellm(endpoint.model, litellm))


def _of_llm_sunset(model: str, company: str) -> list[Retirement]:
    """The package llm-sunset: shutdown dates as providers announce them, collected daily."""
    wanted = model.removeprefix("models/")
    rows = [
        one
        for one in entries(_shipped("llm_sunset", "snapshot.json"))
        if company and one.get("provider") == company and one.get("model_id") == wanted
    ]
    newest = max(rows, key=lambda one: str(one.get("last_observed") or ""), default=None)
    if newest is None:
        return []
    advised = newest.get("replacement_models")
    successor = next((one for one in advised if isinstance(one, str)), "") if isinstance(advised, list) else ""
    kinds: tuple[tuple[str, RetirementKind], ...] = (("shutdown_date", "shutdown"), ("deprecation_date", "deprecation"))
    said = _named("llm-sunset")
    dates = [(kind, on) for key, kind in kinds if (on := date_of(newest.get(key)))]
    return [Retirement(model, on, kind, "package", said, successor) for kind, on in dates[:1]]


def _of_litellm(model: str, company: str) -> list[Retirement]:
    """LiteLLM's list of prices, where it is installed beside; its `deprecation_date` is when the model stops."""
    said = _shipped("litellm", "model_prices_and_context_window_backup.json")
    wanted = model.removeprefix("models/")
    known = said if isinstance(said, dict) else {}
    for name in (f"{company}/{wanted}", wanted):
        entry = known.get(name)
        if not isinstance(entry, dict) or not str(entry.get("litellm_provider", "")).startswith(company):
            continue
        if on := date_of(entry.get("deprecation_date")):
            return [Retirement(model, on, "shutdown", "package", _named("litellm"))]
    return []


@cache
def _shipped(package: str, file: str) -> object:
    """A JSON file inside an installed package, which is not imported; None where there is none."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        try:
            return json.loads((Path(folder) / file).read_text("utf-8"))
        except (OSError, ValueError):
            continue
    return None


def _named(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
