"""What is sent with an ask besides what its wire format says: the key, declared headers and query; their secrets.

A key comes from the environment, from a file, or from a command that prints one, which is kept until it expires.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import contextlib
import json
import os
import selectors
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prober import settings
from prober.asking import clouds
from prober.model.connection import filled
from prober.model.declaration import Endpoint
from prober.model.providers import CLOUDS, auth_of, base_url_of
from prober.model.reply import Failure
from prober.model.shape import seconds

COMMAND_S: Final = 30.0
"""After which a command is ended."""
LASTS_S: Final = 600.0
"""How long a key is used that does not say when it expires, where nothing is declared."""
EARLY_S: Final = 60.0
"""How long before a key expires the next one is fetched; and how long after it was fetched a key that was refused is
fetched again."""
FAILED_S: Final = 30.0
"""How long a command that failed is not tried again, so that a round does not wait for it again and again."""
MOST_BYTES: Final = 64_000
_MOST_GIVEN: Final = 1_000

_TOKEN: Final = ("accessToken", "access_token", "token", "key")
_EXPIRES: Final = ("expires_on", "expires_at", "expiration", "expirationTimestamp", "expiry", "exp")
"""Fields in which commands print a key and its end: Azure's, Google's, AWS's and Kubernetes' are among them."""


@dataclass(frozen=True, slots=True)
class NoKey:
    """Why there is no key, and what to do."""

    reason: str
    failure: Failure = "missing_key"


@dataclass(slots=True)
class _Kept:
    """What a command printed last."""

    lock: threading.Lock
    found: str | NoKey | None = None
    fetched: float = 0.0
    until: float = 0.0
    """On the clock that never jumps."""


class Keys:
    """Used by many threads at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._clock, self._wall = clock, wall
        self._kept: dict[tuple[str, ...], _Kept] = {}

    def key_of(self, endpoint: Endpoint) -> str | NoKey | None:
        """The key to send now; None where the endpoint declares none, or signs each request."""
        if auth_of(endpoint) == "google":
            try:
                return clouds.GOOGLE.token()
            except clouds.NoCredentials as missing:
                return NoKey(str(missing), missing.failure)
        if (name := endpoint.api_key_env) is not None:
            found = settings.secret(name)
            if found is None:
                return NoKey(f"environment variable {name} is not set; set it to the key of {endpoint.name}")
            return _checked(found.get_secret_value(), f"environment variable {name}")
        if endpoint.api_key_file is not None:
            return _read(endpoint.api_key_file)
        return self._from_command(endpoint) if endpoint.api_key_command else None

    def refused(self, endpoint: Endpoint) -> None:
        """The provider refused the key: one that a command prints is fetched again, unless it was fetched just now."""
        kept = self._kept.get(endpoint.api_key_command)
        if kept is not None:
            with kept.lock:
                kept.until = min(kept.until, kept.fetched + EARLY_S)

    def _from_command(self, endpoint: Endpoint) -> str | NoKey:
        command = endpoint.api_key_command
        kept = self._kept.setdefault(command, _Kept(threading.Lock()))
        with kept.lock:
            if kept.found is not None and self._clock() < kept.until:
                return kept.found
            printed = run(command)
            found, expires = _understood(printed) if isinstance(printed, bytes) else (printed, None)
            kept.found, kept.fetched = found, self._clock()
            kept.until = kept.fetched + self._good_for(endpoint, found, expires)
            return found

    def _good_for(self, endpoint: Endpoint, found: str | NoKey, expires: float | None) -> float:
        if isinstance(found, NoKey):
            return FAILED_S
        left_s = None if expires is None else expires - self._wall() - EARLY_S
        declared_s = None if endpoint.api_key_lasts is None else seconds(endpoint.api_key_lasts)
        return max(0.0, min((one for one in (left_s, declared_s) if one is not None), default=LASTS_S))


KEYS: Final = Keys()
"""Of this process: a printed key outlives the round it was fetched for."""


@dataclass(frozen=True, slots=True)
class Access:
    """How an endpoint is entered now."""

    headers: Mapping[str, str]
    """Lower-case names."""
    query: Mapping[str, str]
    secrets: tuple[str, ...]
    """Values that must not be seen anywhere: the key, and what the environment has put in."""


def access_of(endpoint: Endpoint, keys: Keys) -> Access | NoKey:
    """The key and the declared values as they are at this moment, or why something is missing."""
    key = keys.key_of(endpoint)
    if isinstance(key, NoKey):
        return key
    if key is None and endpoint.base_url is None and auth_of(endpoint) not in ("none", *CLOUDS):
        return NoKey(f"{base_url_of(endpoint)} needs a key; declare api_key_env, the variable that holds it")
    values: dict[str, str] = {}
    for name in endpoint.variables:
        found = settings.secret(name)
        if found is None:
            return NoKey(f"environment variable {name} is not set; headers or query of {endpoint.name} need it")
        values[name] = found.get_secret_value()
        if not (values[name].isascii() and values[name].isprintable()):
            return NoKey(f"environment variable {name} holds characters that cannot be sent in a header or an address")
    agent = {} if endpoint.user_agent is None else {"user-agent": endpoint.user_agent}
    declared = {name.lower(): filled(value, values.__getitem__) for name, value in endpoint.headers.items()}
    return Access(
        headers={**key_header(endpoint, key), **agent, **declared},
        query={name: filled(value, values.__getitem__) for name, value in endpoint.query.items()},
        secrets=tuple(secret for secret in (key, *values.values()) if secret),
    )


def key_header(endpoint: Endpoint, key: str | None) -> dict[str, str]:
    """How the key is sent."""
    auth = auth_of(endpoint)
    if key is None or auth == "none":
        return {}
    return {"authorization": f"Bearer {key}"} if auth in ("bearer", "google") else {auth: key}


def signed(endpoint: Endpoint, access: Access, url: str, headers: Mapping[str, str], body: bytes) -> Access | NoKey:
    """What is sent with this one request: all headers, and a signature where the endpoint takes one."""
    if auth_of(endpoint) != "aws":
        return replace(access, headers=headers)
    try:
        whole, secrets = clouds.AWS.sign(url, body, headers)
    except clouds.NoCredentials as missing:
        return NoKey(str(missing), missing.failure)
    return replace(access, headers=whole, secrets=(*access.secrets, *secrets))


def named_secret(name: str) -> str | NoKey | None:
    """The secret of the prober itself in the variable `name`, in the file that `name`_FILE names, or printed by the
    command that `name`_COMMAND names; None where none of them is set."""
    places = {one: found for one in ("", "_FILE", "_COMMAND") if (found := settings.secret(name + one)) is not None}
    if len(places) > 1:
        return NoKey(f"{' and '.join(name + one for one in places)} are set; set one of them")
    for kind, found in places.items():
        where, value = name + kind, found.get_secret_value()
        if kind == "_FILE":
            return _read(value, where)
        if kind == "_COMMAND":
            try:
                command = shlex.split(value)
            except ValueError:
                return NoKey(f"{where} has a quotation mark without its end; quote it as in a shell")
            said = run(command, where)
            return said if isinstance(said, NoKey) else _checked(said.decode("utf-8", "replace").strip(), where)
        return _checked(value, where)
    return None


def run(command: Sequence[str], declared_as: str = "api_key_command") -> bytes | NoKey:
    """What a command prints, without a shell; ended after COMMAND_S. What it says of errors may be secret."""
    about = f"{declared_as} {Path(command[0]).name}"
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return NoKey(f"{about} cannot be started ({why}); check that it is installed and may be run")
    end = time.monotonic() + COMMAND_S
    try:
        printed = _output(process, end)
        code = process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return NoKey(f"{about} printed no key within {COMMAND_S:g} s; run it by hand to see why")
    finally:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if code != 0:
        return NoKey(f"{about} ended with exit code {code}; run it by hand to see why")
    return printed


def _output(process: subprocess.Popen[bytes], end: float) -> bytes:
    """All that it prints, up to a limit. Raises TimeoutExpired."""
    printed = b""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(printed) <= MOST_BYTES:
            if not selector.select(max(0.0, end - time.monotonic())):
                raise subprocess.TimeoutExpired(process.args, COMMAND_S)
            if not (piece := os.read(process.stdout.fileno(), MOST_BYTES)):
                break
            printed += piece
    return printed


def _decoded(content: bytes) -> str:
    """A text without the blanks and the mark that editors and shells put around it; PowerShell writes UTF-16."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace").strip()


def _understood(printed: bytes) -> tuple[str | NoKey, float | None]:
    """(the key, seconds since 1970 at which it expires), of a plain key or of JSON that holds one."""
    text = _decoded(printed)
    expires: object = None
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        for group in ("status", "credential"):
            inner = fields.get(group) if isinstance(fields, dict) else None
            fields = inner if isinstance(inner, dict) else fields
        found = _first(fields, _TOKEN)
        if not isinstance(found, str):
            return NoKey(f"api_key_command printed JSON without a text in any of {', '.join(_TOKEN)}"), None
        text, expires = found.strip(), _first(fields, _EXPIRES)
        within = _first(fields, ("expires_in",))
        if expires is None and isinstance(within, (int, float)):
            expires = time.time() + within
    moments = [_moment(expires), _moment(_first(_claims(text), ("exp",)))]
    return _checked(text, "what api_key_command printed"), min((one for one in moments if one), default=None)


def _first(fields: object, names: Sequence[str]) -> object:
    return next((fields[name] for name in names if name in fields), None) if isinstance(fields, dict) else None


def _moment(value: object) -> float | None:
    """Seconds since 1970, of a number or of an ISO time; None where it is neither."""
    with contextlib.suppress(ValueError, OverflowError):
        return float(value) if isinstance(value, (int, float, str)) else None
    with contextlib.suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(str(value))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return None


def _claims(token: str) -> object:
    """What a JSON Web Token says of itself; None where it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None


def _read(path: str, declared_as: str = "api_key_file") -> str | NoKey:
    try:
        with Path(path).expanduser().open("rb") as file:
            text = _decoded(file.read(MOST_BYTES))
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return NoKey(f"{declared_as} {path} cannot be read ({why}); check that it exists and may be read")
    return _checked(text, f"{declared_as} {path}")


_GIVEN: Final[dict[str, None]] = {}
"""The newest keys that this process was given, wherever they came from: those that expired among them."""


def keys_given() -> tuple[str, ...]:
    """The newest keys that this process was given, longest first: secrets that the environment need not show, such as
    those that a command printed."""
    return tuple(sorted(_GIVEN, key=lambda one: (-len(one), one)))


def _checked(key: str, where: str) -> str | NoKey:
    if not key:
        return NoKey(f"{where} is empty; there must be a key")
    if len(key.splitlines()) > 1:
        return NoKey(f"{where} holds more than one line; there must be the key alone")
    if not (key.isascii() and key.isprintable()):
        return NoKey(f"{where} holds characters no key has; paste the key again")
    _GIVEN[key] = None
    while len(_GIVEN) > _MOST_GIVEN:
        _GIVEN.pop(next(iter(_GIVEN)), None)
    return key
