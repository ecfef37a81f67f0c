"""Providers: PROVIDERS is the whole list, and a row is all that a provider is. Plain data, for every package.
Packages that are installed beside the prober may add rows (`canary_prober.providers`, see `plugins`).

Adding one is a row, and a wire format if none of those in `prober/asking/wire/` fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from prober.model.connection import Auth
from prober.model.declaration import Endpoint
from prober.model.plugins import installed


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud that signs in by its own library."""

    module: str
    extra: str
    """The extra of this package that installs the module."""


CLOUDS: Final[Mapping[str, Cloud]] = {"google": Cloud("google.auth", "vertex"), "aws": Cloud("botocore", "bedrock")}
"""Ways to sign in that need no key → the library that does it."""


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """One version of an API, and how it differs."""

    auth: Auth
    refused: frozenset[str] = frozenset()
    """Parameters that it does not take, whatever the model."""
    address: str = ""
    """Where it is served at another address than the provider's own: an example, for `base_url` must be declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """One provider."""

    formats: Mapping[str, str]
    """What `api` of an endpoint may say → its wire format, `module:Class` in `prober/asking/wire/`, or
    `package.module:Class` elsewhere.

    Empty where nothing is sent.
    """
    base_url: str = ""
    """Its own address, used where the endpoint declares none."""
    address: str = ""
    """Where that depends on the account: an example, for `base_url` must be declared."""
    auth: Auth = "bearer"
    auth_at: Mapping[str, Auth] = field(default_factory=dict)
    """Domains of other companies that serve the same formats, but take keys in another way."""
    versions: Mapping[str, ApiVersion] = field(default_factory=dict)
    """What `api_version` may say, the default first; empty where there is one version."""
    key_variable: str = ""
    """The environment variable that usually holds its key."""
    temperature: tuple[str, ...] = ("temperature",)
    """Where its format takes the temperature, from the outside in; empty where nowhere."""
    required: Mapping[str, int] = field(default_factory=dict)
    """Parameters that every ask must have → a good value."""


_BEDROCK: Final = "https://bedrock-runtime.eu-west-1.amazonaws.com"
_VERTEX: Final = "https://europe-west4-aiplatform.googleapis.com/v1/projects/my-project/locations/europe-west4"

PROVIDERS: dict[str, ProviderRow] = {
    "openai": ProviderRow(
        formats={"chat": "openai_chat:ChatCompletions", "responses": "openai_responses:Responses"},
        base_url="https://api.openai.com/v1",
        # Azure takes a bearer only for its directory's tokens; its keys have a header of their own.
        auth_at={"azure.com": "api-key", "azure.us": "api-key"},
        key_variable="OPENAI_API_KEY",
    ),
    "anthropic": ProviderRow(
        formats={"chat": "anthropic:Messages"},
        base_url="https://api.anthropic.com/v1",
        versions={
            "2023-06-01": ApiVersion("x-api-key"),
            "2026-10-21": ApiVersion("bearer", frozenset({"temperature", "top_p", "top_k"})),
            "vertex-2023-10-16": ApiVersion("google", address=f"{_VERTEX}/publishers/anthropic"),
            "bedrock-2023-05-31": ApiVersion("aws", address=_BEDROCK),
        },
        key_variable="ANTHROPIC_API_KEY",
        required={"max_tokens": 1024},
    ),
    "google": ProviderRow(
        formats={"chat": "google:GenerateContent"},
        base_url="https://generativelanguage.googleapis.com/v1beta",
        auth="x-goog-api-key",
        key_variable="GEMINI_API_KEY",
        temperature=("generationConfig", "temperature"),
    ),
    "bedrock": ProviderRow(
        formats={"chat": "bedrock:Converse"},
        address=_BEDROCK,
        key_variable="AWS_BEARER_TOKEN_BEDROCK",
        temperature=("inferenceConfig", "temperature"),
    ),
    "scripted": ProviderRow(formats={}, auth="none", temperature=()),
}
PROVIDERS |= installed("canary_prober.providers", ProviderRow, PROVIDERS)


def base_url_of(endpoint: Endpoint) -> str:
    """Where an endpoint is asked: as declared, else the provider's own address."""
    return endpoint.base_url or PROVIDERS[endpoint.provider].base_url


def is_at(endpoint: Endpoint, *domains: str) -> bool:
    """Whether an endpoint is asked at one of these domains, or below one."""
    try:
        host = urlsplit(base_url_of(endpoint)).hostname or ""
    except ValueError:
        return False
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def version_of(endpoint: Endpoint) -> str:
    """Of its API: as declared, else the provider's default; empty where there is one version."""
    return endpoint.api_version or next(iter(PROVIDERS[endpoint.provider].versions), "")


def example_address(endpoint: Endpoint) -> str:
    """What `base_url` looks like where one must be declared; empty where the provider has an address of its own."""
    row = PROVIDERS[endpoint.provider]
    version = row.versions.get(version_of(endpoint))
    return row.address or ("" if version is None else version.address)


def auth_of(endpoint: Endpoint) -> Auth:
    """How the endpoint's key is sent: as declared, else as is usual where it is asked."""
    if endpoint.auth is not None:
        return endpoint.auth
    row = PROVIDERS[endpoint.provider]
    version = row.versions.get(version_of(endpoint))
    usual = row.auth if version is None else version.auth
    return next((auth for domain, auth in row.auth_at.items() if is_at(endpoint, domain)), usual)


def account_of(endpoint: Endpoint) -> str:
    """Whose limits an endpoint shares: all of one address, key (by its name) and model. No secret is in it."""
    key = (endpoint.api_key_env, endpoint.api_key_file, endpoint.api_key_command)
    text = f"{base_url_of(endpoint)} {key} {endpoint.model}"
    return f"account:{sha256(text.encode()).hexdigest()[:16]}"
