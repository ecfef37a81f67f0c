"""What the URL of a database says, and what of it people may see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from prober.model.errors import StoreError

WAIT_S = 10.0
"""How long to wait for another's lock, unless the URL of SQLite says `?timeout=…`."""
_SECRET = re.compile(r"pass|secret|token|(?<!ssl)key", re.I)
"""What in the name of a parameter of a URL says that its value is a secret."""
_SHOWN = frozenset(
    {"application_name", "connect_timeout", "host", "port", "sslmode", "target_session_attrs", "timeout", "user"}
)
"""Parameters of a URL that people may see; any other could hold a secret, or say where one is."""
_URL_HELP = "write sqlite:///prober.db or postgresql+psycopg://user@host/database"


def parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not repeated here: a broken URL may hold a password in any place.
        raise StoreError(f"the database URL cannot be read; {_URL_HELP}") from None
    if "@" in (parsed.host or ""):
        raise StoreError(f"the database URL has two @; write %40 for the one in the password, or {_URL_HELP}")
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise StoreError(f"{parsed.drivername} databases are not supported; {_URL_HELP}")
    if parsed.drivername == "sqlite" and parsed.host:
        raise StoreError("the database URL has two slashes before a path; write three, as in sqlite:///prober.db")
    if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("a database in memory is lost at exit and shared with nobody; write sqlite:///prober.db")
    return parsed


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None for Postgres. Raises StoreError where the URL is of neither."""
    parsed = parse(url)
    return Path(parsed.database or "") if parsed.drivername == "sqlite" else None


def for_libpq(url: str) -> str:
    """The URL as Postgres' own tools take it, without any password."""
    parsed = parse(url)
    password = str(parsed.password or "")
    query = {
        name: value
        for name, value in parsed.query.items()
        if not _SECRET.search(name) and not (password and password in str(value))
    }
    return URL.create(
        "postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database, query
    ).render_as_string()


def hidden(url: URL) -> Mapping[str, str]:
    """Parameters of the URL that nobody may see, and their values: libpq takes passwords from the query as well."""
    values = {name: value if isinstance(value, str) else value[0] for name, value in url.query.items()}
    return {name: value for name, value in values.items() if name not in _SHOWN or _SECRET.search(value)}


def shown(url: URL) -> str:
    """The URL for people."""
    query = {**url.query, **dict.fromkeys(hidden(url), "***")}
    return url.set(query=query).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def wait_s(url: URL) -> float:
    text = url.query.get("timeout", str(WAIT_S))
    try:
        return float(str(text))
    except ValueError:
        raise StoreError(f"timeout={text} in the database URL is not a number of seconds; write ?timeout=10") from None
