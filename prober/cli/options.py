"""Arguments that verbs share, and what they lead to."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Optional, TypeAlias

import typer
from pydantic import ValidationError

from prober.loading import Declarations, load
from prober.loading.quoting import quoted
from prober.loading.validation_errors import did_you_mean
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.errors import ConfigurationError
from prober.settings import Settings
from prober.store import Store

Paths: TypeAlias = Annotated[
    Optional[list[Path]],  # noqa: UP045  # typer reads this at run time
    typer.Argument(help="Folders or files with probe sets.", show_default="probes/", metavar="[PATHS]..."),
]
Database: TypeAlias = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--database",
        metavar="URL",
        help="Database to use; without it PROBER_DATABASE_URL, or else sqlite:///prober.db.",
        show_default=False,
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

By: TypeAlias = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--by", metavar="WHO", help="Who says so.", show_default="the user logged in"),
]


def me() -> str:
    """The user logged in. Raises ConfigurationError where the system does not say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ConfigurationError("who are you? This system does not say; give --by NAME") from None


def now_utc() -> datetime:
    return datetime.now(UTC)


def settings_of(database: str | None = None) -> Settings:
    """The environment, with another database where one is named. Raises ConfigurationError."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = ", ".join(str(each["loc"][0]) for each in error.errors())  # never the value: it may be a secret
        raise ConfigurationError(f"these environment variables cannot be read: {wrong}; unset or mend them") from None
    return settings if database is None else settings.model_copy(update={"database_url": database})


def open_store(database: str | None, *, read_only: bool = False) -> Store:
    """The store. Raises StoreError, or ConfigurationError for the environment."""
    return Store.open(settings_of(database).database_url, read_only=read_only)


def declared(paths: Sequence[Path] | None) -> Declarations:
    """What the files declare; `probes/` unless told otherwise. Raises ConfigurationError."""
    return load(*(paths or [Path("probes")]))


def chosen(
    declarations: Declarations, set_name: str | None, endpoint_name: str | None
) -> list[tuple[ProbeSet, Endpoint]]:
    """Every probe set with every endpoint it asks, or those of one name. Raises ConfigurationError."""
    names = [probe_set.name for probe_set in declarations.sets]
    if set_name is not None and set_name not in names:
        raise ConfigurationError(f"unknown probe set {quoted(set_name)}; {did_you_mean(set_name, names)}")
    if endpoint_name is not None:
        declarations.endpoint(endpoint_name)
    pairs = [
        (probe_set, declarations.endpoint(name))
        for probe_set in declarations.sets
        for name in probe_set.endpoints
        if set_name in (None, probe_set.name) and endpoint_name in (None, name)
    ]
    if not pairs:
        raise ConfigurationError(f"no probe set asks {quoted(endpoint_name or '')}; name it under `endpoints:` of one")
    return pairs
