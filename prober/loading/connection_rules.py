"""Rules about how an endpoint is reached: its address, its key, its headers and certificates,
and gateways that may answer from a cache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePath
from shutil import which
from typing import Final
from urllib.parse import urlsplit

from prober.loading.addresses import address_findings, may_hold_a_key, names_secret
from prober.loading.foreign_providers import endpoint_meant
from prober.loading.lines import Finding, Where
from prober.loading.suggestions import did_you_mean
from prober.model.connection import filled
from prober.model.declaration import Endpoint
from prober.model.providers import CLOUDS, PROVIDERS, account_of, auth_of, example_address, is_at
from prober.settings import secret
from prober.text import one_line, quoted

_KEYED: Final[Mapping[str, str]] = {
    "amazonaws.com": "aws", "googleapis.com": "google", "azure.com": "", "azure.us": "", "openai.com": "",
    "anthropic.com": "", "openrouter.ai": "", "mistral.ai": "", "groq.com": "", "x.ai": "", "deepseek.com": "",
    "cohere.com": "", "together.xyz": "", "perplexity.ai": "",
}  # fmt: skip
"""Domains that answer nobody without a key → the cloud that may sign in there instead."""
_MACHINES: Final = ("elb.amazonaws.com", "compute.amazonaws.com", "compute-1.amazonaws.com", "cloudapp.azure.com")
"""Below these are servers of a cloud's customers, which need no key of the cloud."""
FILES: Final = ("api_key_file", "ca_file", "client_cert", "client_key")
"""Fields that name a file; a relative path begins at the file that declares it."""

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "content-type", "expect", "host", "te", "trailer",
     "transfer-encoding", "upgrade"}
)  # fmt: skip
"""Headers that HTTP itself needs."""
_PLACEHOLDER = re.compile(
    r"\$[{(]|\$[A-Za-z_]\w*|\{\{|\{[a-z_]+\}|%[A-Z][A-Z0-9_]+%|<[^<>]+>|\bos\.environ\b|\bprocess\.env\b|^file:|^env[:.]"
    r"|\b(?:your|YOUR)[-_][\w-]+|\bMODEL_NAME\b"
)
"""What other tools or people fill in."""


def provider_findings(name: str) -> Iterator[Finding]:
    """An unknown provider."""
    if name not in PROVIDERS:
        *some, last = PROVIDERS
        most = f"write {', '.join(some)} or {last}; openai with a base_url serves most others too"
        fix = f"write {meant}" if (meant := endpoint_meant(name)) else did_you_mean(name, PROVIDERS, most)
        yield Finding(("provider",), f"unknown provider {quoted(name)}; {fix}")


def key_fix(endpoint: Endpoint) -> str:
    """What to write where a key is needed."""
    return f"api_key_env: {PROVIDERS[endpoint.provider].key_variable or 'MY_API_KEY'}"


def connection_findings(endpoint: Endpoint) -> Iterator[Finding]:
    """Faults of how an endpoint is reached."""
    yield from _placeholder_findings(endpoint)
    yield from _address_findings(endpoint)
    yield from _path_findings(endpoint)
    yield from _key_findings(endpoint)
    yield from _value_findings("headers", endpoint.headers)
    yield from _value_findings("query", endpoint.query)
    auth = auth_of(endpoint)
    key_header = "authorization" if auth in ("bearer", *CLOUDS) else auth
    for name in endpoint.headers:
        here: Where = ("headers", name)
        if not _NAME.fullmatch(name):
            yield Finding(here, "not the name of a header; use letters, digits and - only")
        elif name.lower() in _OURS:
            yield Finding(here, f"the prober sets {name.lower()} itself; remove it here")
        elif name.lower() == "user-agent":
            yield Finding(here, "the user agent has a field of its own; write user_agent: beside headers")
        elif (endpoint.has_key or auth in CLOUDS) and name.lower() == key_header:
            yield Finding(here, "the key is sent in this header already; remove one of the two, or write auth: none")
    lower = [name.lower() for name in endpoint.headers]
    for name in sorted({name for name in lower if lower.count(name) > 1}):
        yield Finding(("headers",), f"{name} is written twice, in different capitals; keep one")
    if endpoint.client_key is not None and endpoint.client_cert is None:
        yield Finding(("client_key",), "there is no client_cert that this key belongs to; write one, or remove the key")


def _path_findings(endpoint: Endpoint) -> Iterator[Finding]:
    """The provider's own host, without the path under which its API is."""
    own, written = PROVIDERS[endpoint.provider].base_url, (endpoint.base_url or "").rstrip("/")
    if urlsplit(own).path.strip("/") and written.lower() == own.removesuffix(urlsplit(own).path):
        yield Finding(("base_url",), f"lacks the path of the API; write {own}, or leave base_url out")


def _placeholder_findings(endpoint: Endpoint) -> Iterator[Finding]:
    for field, text in (("model", endpoint.model), ("base_url", endpoint.base_url or "")):
        if found := _PLACEHOLDER.search(text):
            why = "a model or an address must be known from the file alone"
            yield Finding((field,), f"{quoted(found[0])} is not filled in here: {why}; write it out")


def _key_findings(endpoint: Endpoint) -> Iterator[Finding]:
    declared = {
        "api_key_env": endpoint.api_key_env, "api_key_file": endpoint.api_key_file,
        "api_key_command": endpoint.api_key_command,
    }  # fmt: skip
    sources = [name for name, value in declared.items() if value]
    if len(sources) > 1:
        yield Finding((sources[1],), f"{' and '.join(sources)} are set; keep one")
    auth = auth_of(endpoint)
    if auth in CLOUDS and sources:
        yield Finding((sources[0],), f"auth: {auth} takes no key; remove it, or write auth: bearer")
    if endpoint.base_url is None and (example := example_address(endpoint)):
        yield Finding(("base_url",), f"is missing, and the address is your own; write for instance {example}")
    elif not sources and endpoint.base_url is None and auth not in ("none", *CLOUDS):
        yield Finding(("api_key_env",), f"{endpoint.provider} needs a key; write {key_fix(endpoint)}")
    if endpoint.api_key_lasts is not None and not endpoint.api_key_command:
        yield Finding(("api_key_lasts",), "only a key that is printed by api_key_command is kept; remove it")
    for number, word in enumerate(endpoint.api_key_command):
        if not word:
            yield Finding(("api_key_command", number), "is empty; write the program and each argument by itself")
    if len(endpoint.api_key_command) == 1 and " " in endpoint.api_key_command[0].strip():
        fix = ", ".join(endpoint.api_key_command[0].split())
        yield Finding(("api_key_command",), f"is run without a shell; write [{fix}]")


_UNFILLED: Final = re.compile(
    r"\$([A-Z_][A-Z0-9_]*)|\{\{\s*(?:env\.)?(\w+)\s*\}\}|os\.environ/(\w+)|%([A-Z_][A-Z0-9_]*)%"
)
"""How other tools write an environment variable."""


def _value_findings(field: str, values: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in values.items():
        here: Where = (field, name)
        literal = filled(value, lambda _: "")
        if "${" in literal or "$(" in literal:
            yield Finding(here, f"{quoted(literal)} names no environment variable; write ${{NAME}}")
        elif found := _UNFILLED.fullmatch(literal):
            meant = f"${{{next(filter(None, found.groups()))}}}"
            yield Finding(here, f"{quoted(literal)} is sent as it stands; write {meant} for the environment variable")
        elif not (value.isascii() and value.isprintable()) or value != value.strip():
            yield Finding(here, "holds characters that cannot be sent, or blanks at an end; write plain ASCII text")
        elif not value:
            yield Finding(here, "is empty; write a value, or remove it")
        elif value == literal and names_secret(name):
            variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
            yield Finding(here, f"a secret must not be in a file; write its environment variable: ${{{variable}}}")


def _address_findings(endpoint: Endpoint) -> Iterator[Finding]:
    if endpoint.base_url is not None:
        sends_key = endpoint.has_key or auth_of(endpoint) in CLOUDS
        yield from address_findings(endpoint.base_url, key_fix(endpoint), sends_key=sends_key)


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway, and the request headers (lower-case names) that govern its cache."""

    name: str
    host: str
    """The end of its host's name."""
    off: tuple[str, str]
    """Header and value that switch the cache off for a request."""
    on: tuple[str, ...] = ()
    """Headers without which nothing is cached; empty where the gateway's own settings decide."""


GATEWAYS: Final[tuple[Gateway, ...]] = (
    Gateway("Cloudflare AI Gateway", "gateway.ai.cloudflare.com", ("cf-aig-skip-cache", "true")),
    Gateway("Hugging Face", "api-inference.huggingface.co", ("x-use-cache", "false")),
    Gateway("Portkey", "portkey.ai", ("x-portkey-cache-force-refresh", "true"), ("x-portkey-config",)),
    Gateway("Helicone", "helicone.ai", ("helicone-cache-enabled", "false"), ("helicone-cache-enabled",)),
)


def placed(endpoint: Endpoint | None, folder: PurePath) -> Endpoint | None:
    """The endpoint with the paths of its files as seen from here."""
    if endpoint is None:
        return None
    named = {name: getattr(endpoint, name) for name in FILES if getattr(endpoint, name) is not None}
    return endpoint.model_copy(update={name: str(folder / Path(path).expanduser()) for name, path in named.items()})


def reach_warnings(endpoint: Endpoint) -> Iterator[Finding]:
    """What may keep an endpoint from being asked from this machine, and a cache that may answer in its place."""
    if cached := cache_warning(endpoint):
        yield Finding((), cached)
    if endpoint.base_url is not None and may_hold_a_key(endpoint.base_url):
        message = f"if the long hexadecimal part of the path is a key, take it out and write {key_fix(endpoint)}"
        yield Finding(("base_url",), message)
    cloud = CLOUDS.get(auth_of(endpoint))
    if cloud is not None and not _is_installed(cloud.module):
        message = f"needs the cloud's own library; run pip install 'canary-prober[{cloud.extra}]' where it runs"
        yield Finding(("auth",), message)
    domain = next((domain for domain in _KEYED if is_at(endpoint, domain) and not is_at(endpoint, *_MACHINES)), None)
    if domain is not None and not endpoint.has_key and not endpoint.variables and auth_of(endpoint) not in CLOUDS:
        other = f", or auth: {_KEYED[domain]}" if _KEYED[domain] else ""
        yield Finding(("base_url",), f"{domain} answers nobody without a key; write {key_fix(endpoint)}{other}")
    for field in FILES:
        if (file := getattr(endpoint, field)) is not None and not Path(file).is_file():
            yield Finding((field,), f'there is no file "{one_line(file)}" here; put it where the prober runs')
    if endpoint.api_key_command and which(program := endpoint.api_key_command[0]) is None:
        message = f"there is no program {quoted(program)} here; install it where the prober runs"
        yield Finding(("api_key_command",), message)
    for field, variables in (("api_key_env", [endpoint.api_key_env]), ("headers", endpoint.variables)):
        for variable in variables:
            if variable and secret(variable) is None:
                message = f"environment variable {variable} is not set here; set it where the prober runs"
                yield Finding((field,), message)


def limit_warnings(endpoint: Endpoint, accounts: dict[str, Endpoint]) -> Iterator[Finding]:
    """Limits that differ from those of the account's first endpoint. `accounts`: of those so far; this one is added."""
    other = accounts.setdefault(account_of(endpoint), endpoint)
    if other.limits != endpoint.limits:
        both = f"{quoted(other.name)} shares the account (same address, key and model) and declares other limits"
        yield Finding(("limits",), f"{both}; each keeps to its own, so declare the same for both")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor is the package it is in
        return False


def cache_warning(endpoint: Endpoint) -> str | None:
    """Whose cache may answer in place of the model, and how to switch it off; None where nothing shows one."""
    host = urlsplit(endpoint.base_url or "").hostname or ""
    headers = {name.lower(): value for name, value in endpoint.headers.items()}
    for gateway in GATEWAYS:
        name, value = gateway.off
        is_here = host == gateway.host or host.endswith(f".{gateway.host}")
        if is_here and headers.get(name, "").lower() != value and (not gateway.on or headers.keys() & set(gateway.on)):
            return (
                f"{gateway.name} may answer from its cache, and a cached reply says nothing about the model; "
                f'declare `headers: {{{name}: "{value}"}}`'
            )
    return None
