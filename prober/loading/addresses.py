"""Rules for addresses, `base_url`: what can be asked, what is written wrongly, and what may be a secret in one."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import idna

from prober.loading.lines import Finding
from prober.loading.suggestions import NO_KEYS
from prober.text import is_secret_name, leaks, one_line, quoted

_METADATA: Final = ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "metadata.google.internal", "100.100.100.200")
"""Where machines in a cloud ask for their credentials: answers must not be stored as replies."""
_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,63}")
_SECRET: Final = re.compile(
    r"(?i)(^|[-_])(api-?key|key|secret|token|password|passwd|pwd|auth|authorization|credential|code|sig|signature"
    r"|cookie|session)s?$"
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_LONG: Final = re.compile(r"[A-Za-z0-9+/_]{12,}")
"""What may be a key, whatever its name."""
_RUN: Final = re.compile(r"[A-Za-z0-9]{12,}")
_DIGITS: Final = re.compile(r"\d+")
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]{32,}")
_ACCOUNT_IN_PATH: Final = ("gateway.ai.cloudflare.com", "api.cloudflare.com")
"""Hosts whose addresses hold the id of an account, 32 hexadecimal digits, which is no secret."""
_WHOLE: Final = (
    "/chat/completions", "/completions", "/responses", "/messages", ":generateContent", ":streamGenerateContent",
    "/converse", "/invoke", ":rawPredict", ":streamRawPredict",
)  # fmt: skip
"""Ends of an address that the prober appends itself."""


def address_findings(base_url: str, fix_of_key: str, *, sends_key: bool) -> Iterator[Finding]:
    """Faults of an address. `fix_of_key`: what to write where it has a key in it."""
    try:
        address = urlsplit(base_url)
        host = address.hostname or ""
        is_bracketed_right = "[" not in address.netloc or ":" in host
        possible = address.port != 0 and is_bracketed_right and (not host or _is_host(host))
    except ValueError:
        possible = False
    if not possible:
        yield Finding(("base_url",), "not an address; write one such as https://api.example.com/v1")
        return
    path = address.path.rstrip("/")
    beside = "&".join(part for segment in path.split("/") for part in segment.split(";")[1:])
    kept = [name for name, value in parse_qsl(address.query, True) if _may_be_secret(name, value)]
    beside_path = [name for name, value in parse_qsl(beside, True) if _may_be_secret(name, value) or _is_random(name)]
    in_path = beside_path or list(_secret_segments(path))
    whole = next((end for end in _WHOLE if path.lower().endswith(end.lower())), None)
    middle = len(path) // 2
    if address.scheme not in {"http", "https"} or not host or not base_url.isprintable() or " " in base_url:
        yield Finding(("base_url",), "not an http address; write one such as https://api.example.com/v1")
    elif "@" in address.netloc or in_path:
        yield Finding(("base_url",), f"{NO_KEYS} {fix_of_key}")
    elif any(_is_random(name) for name, _ in parse_qsl(address.query, True)):
        yield Finding(("base_url",), f"what follows ? may be a secret: {NO_KEYS} {fix_of_key}")
    elif host in ("http", "https"):
        yield Finding(("base_url",), f"begins with {host}:// twice; write it once")
    elif _usual(host.removeprefix("::ffff:").removesuffix(".")) in _METADATA:
        yield Finding(("base_url",), "is where a cloud gives credentials to its machines; write the model's address")
    elif kept:
        fix = f'take it out, and write beside base_url query: {{{quoted(kept[0])}: "${{NAME_OF_A_VARIABLE}}"}}'
        yield Finding(("base_url",), f"{quoted(kept[0])} may hold a secret, which must not be in a file; {fix}")
    elif address.fragment:
        yield Finding(("base_url",), "what follows # is never sent; take it out")
    elif whole is not None:
        yield Finding(("base_url",), f"the prober appends {whole} itself; write the address without it")
    elif re.search(r"/(v\d+(?:beta)?)/\1$", path):
        yield Finding(("base_url",), f"{path} has its last part twice; write it once")
    elif middle and path[:middle] == path[middle:]:
        yield Finding(("base_url",), f"the path is {one_line(path[:middle])} twice; write it once")
    elif host.endswith(".openai.azure.com") and not path:
        yield Finding(("base_url",), "an Azure address needs its path; write https://….openai.azure.com/openai/v1")
    elif address.scheme == "http" and sends_key and not is_local(host):
        yield Finding(("base_url",), "would send the key unencrypted over the network; write https://")


def _may_be_secret(name: str, value: str) -> bool:
    """Whether a query parameter is one by its name, or its value is long and looks random, as no version does."""
    return names_secret(name) or _is_random(value)


def names_secret(name: str) -> bool:
    """Whether a header or parameter of this name holds a secret, whatever its value is."""
    return is_secret_name(name) or _SECRET.search(name) is not None


def _is_random(value: str) -> bool:
    is_mixed = _LONG.search(value) and any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return bool(is_mixed and not _DATE.search(value))


def _secret_segments(path: str) -> Iterator[str]:
    """Segments of a path that are a secret by their own name or by the one before, or look like a key."""
    before = ""
    for segment in unquote(path).split("/"):
        name, _, value = segment.replace(":", "=", 1).partition("=")
        is_key = any(_looks_like_a_key(run) for run in _RUN.findall(segment))
        if segment and (is_key or leaks(segment) or names_secret(before) or (value and names_secret(name))):
            yield segment
        before = segment


def _looks_like_a_key(run: str) -> bool:
    """Whether digits and letters alternate as in no name. Ids of accounts and deployments have one case of letters, and
    are shorter than keys, or hexadecimal."""
    is_mixed = len(_DIGITS.findall(run)) >= 3 and re.search("[A-Za-z]", run) is not None
    one_case = run in (run.lower(), run.upper())
    return is_mixed and (not one_case or (len(run) >= 20 and not _HEXADECIMAL.fullmatch(run)))


def may_hold_a_key(base_url: str) -> bool:
    """Whether a segment of the path is hexadecimal digits only, as keys are, and ids of accounts."""
    address = urlsplit(base_url)
    has_digits = any(_HEXADECIMAL.fullmatch(segment) for segment in unquote(address.path).split("/"))
    return has_digits and address.hostname not in _ACCOUNT_IN_PATH


def _is_host(host: str) -> bool:
    """Whether a host can be asked: an address, or a name whose every label the network can carry."""
    if ":" in host or re.fullmatch(r"[\d.]+", host):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host.isascii() and _usual(host) != host
        return host.isascii()
    name = host.removesuffix(".")
    if name.isascii() and "xn--" not in name:
        return len(name) <= 253 and all(_LABEL.fullmatch(label) for label in name.split("."))
    try:
        written = idna.encode(name).decode("ascii")
        idna.decode(written)
    except UnicodeError:
        return False
    return len(written) <= 253


def _usual(host: str) -> str:
    """The host with an IPv4 address in its usual spelling, if it is one: the system also reads 127.1 and 0x7f000001."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return host


def is_local(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
