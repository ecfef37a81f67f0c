"""Reads addresses and secrets of the environment: what cannot work is refused at start, and never shown."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from prober.model.errors import ConfigurationError
from prober.text import link


def given(value: SecretStr | str | None) -> str | None:
    """The value in clear; None where it is unset, empty or blank, which Compose files make of an unset variable."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return (text or "").strip() or None


def checked_address(variable: str, url: str) -> str:
    """`url` where a request can be sent to it. Raises `ConfigurationError` without showing it: it may hold a secret."""
    try:
        parts = urlsplit(url)
        valid = link(url, 3000) is not None and bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(
            f"{variable} is not an address messages can be posted to; write http(s)://host/path, without user or blanks"
        )
    return url


def checked_secret(variable: str, secret: str) -> str:
    """`secret` where it can stand in an HTTP header. Raises `ConfigurationError` without showing it."""
    if not all("!" <= character <= "~" for character in secret):
        raise ConfigurationError(f"{variable} holds blanks or characters no token has; copy the token again")
    return secret
