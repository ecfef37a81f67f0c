"""The way out of this machine: certificates that an endpoint declares, and proxies that the environment names."""

from __future__ import annotations

import os
import re
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from prober.model.errors import ConfigurationError, Problem

_BARE: Final = re.compile(r"\[SSL(?:: \w+)?\] | \(_ssl\.c:\d+\)$")
"""What OpenSSL says for its own programmers."""
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files (PEM) by which the two ends of a connection trust each other; None for what is usual."""

    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


USUAL: Final = Certificates()


def context_of(files: Certificates, usual: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """The files, read; `usual` trusts what the environment does. Raises ConfigurationError."""
    try:
        context = usual() if files.ca_file is None else ssl.create_default_context(cafile=files.ca_file)
    except OSError as error:
        raise _unreadable("ca_file", f"{files.ca_file}: {_fault(error)}") from None
    if files.client_cert is not None:
        try:
            # Without a passphrase here, one would be asked for at the terminal.
            context.load_cert_chain(files.client_cert, files.client_key, password="")
        except (OSError, ValueError) as error:
            names = " with client_key ".join(name for name in (files.client_cert, files.client_key) if name)
            raise _unreadable("client_cert", f"{names}: {_fault(error)}") from None
    return context


def _unreadable(field: str, message: str) -> ConfigurationError:
    return ConfigurationError([Problem("", 0, field, message)])


def _fault(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) or not isinstance(error, OSError):
        return "not a certificate, or a key that does not fit it, in PEM format without a passphrase; write such a file"
    return f"cannot be read ({error.strerror}); check that it exists and may be read"


TLS_FAULTS: Final = (
    (
        "has expired",
        "the server's certificate has expired; have it renewed, and check this machine's clock",
    ),
    ("not yet valid", "the server's certificate is not valid yet; check this machine's clock, and the certificate"),
    ("certificate revoked", "the server's certificate was revoked; have it replaced"),
    (
        "certificate is not valid for",
        "the server's certificate is for another name; write that name in base_url, or have the certificate replaced",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the server's certificate is signed by an authority that is not trusted here; declare that one's as ca_file",
    ),
    (
        "ALERT_CERTIFICATE_REQUIRED",
        "the server wants a certificate of the prober; declare client_cert and client_key",
    ),
    (
        "ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|ALERT_CERTIFICATE|UNSUPPORTED_CERTIFICATE",
        "the server does not accept the prober's certificate; check client_cert",
    ),
    ("UNRECOGNIZED_NAME", "the server has no certificate for this name; check the host in base_url"),
    (
        "ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|(?i:legacy.sigalg)",
        "the server speaks old versions of TLS only; switch on TLS 1.2 or 1.3 there",
    ),
    (
        "HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS",
        "the server refused the TLS handshake: it may want a certificate (client_cert), another host name, or have no"
        " cipher in common",
    ),
    (
        "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL|HTTP_REQUEST|PACKET_LENGTH",
        "the port does not speak TLS; write http:// in base_url, or the port for https",
    ),
    ("UNEXPECTED_EOF|EOF occurred", "the server hung up during the TLS handshake; check the host and port in base_url"),
)
"""Words of OpenSSL, the surest first → what they mean, and how to fix it."""


def tls_fault(said: str) -> str:
    """What an error of TLS means and how to fix it; empty where it is none that is known."""
    row = next((row for row in TLS_FAULTS if re.search(row[0], said)), None)
    return f"{row[1]} ({_BARE.sub('', said)[:160]})" if row is not None else ""


def bad_proxy() -> str:
    """Which variable of the environment made a client fail. Never its value, which may hold a password."""
    return (
        proxy_fault()
        or "NO_PROXY cannot be read; write host names with commas in between, such as localhost,.example.com"
    )


def proxy_fault() -> str:
    """Which variable of the environment names no proxy that can be used; empty where all do. Never its value."""
    for name, address in _proxies():
        try:
            parts = urlsplit(address if "://" in address else f"http://{address}")
            possible = bool(parts.hostname) and parts.port != 0
        except ValueError:
            possible = False
        if possible and parts.scheme.startswith("socks"):
            return f"{name} names a SOCKS proxy, which needs another package: pip install socksio"
        if not possible or parts.scheme not in ("http", "https"):
            return f"{name} is not the address of a proxy; write one such as http://proxy.example:3128, or unset it"
    return ""


def proxy_for(scheme: str, host: str) -> str:
    """The variable that names the proxy by which a host is asked; empty where none does."""
    found = _proxies()
    if not found or urllib.request.proxy_bypass(host):
        return ""
    return next((name for name, _ in found if name.lower() in (f"{scheme}_proxy", "all_proxy")), "")


def _proxies() -> list[tuple[str, str]]:
    named = [(name, os.environ.get(name, "")) for each in _PROXIES for name in (each.lower(), each)]
    return [(name, address) for name, address in named if address]
