"""Rows of tables that other installed packages bring, through entry points. Read once, at import, like the code itself.

A package declares them in its own `pyproject.toml`; `examples/plugins` is one:

    [project.entry-points."canary_prober.channels"]
    ending = "my_package.ending:CHANNEL"
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import entry_points
from typing import TypeVar

from prober.model.errors import ConfigurationError

T = TypeVar("T")


def installed(group: str, kind: type[T], taken: Collection[str]) -> dict[str, T]:
    """Name → row of every entry point of a group.

    Raises ConfigurationError where one cannot be loaded, is of another kind, or has a name that is taken.
    """
    rows: dict[str, T] = {}
    for entry in entry_points(group=group):
        package = f"the package {entry.dist.name}" if entry.dist else "an installed package"
        what = f'"{entry.name}" in {group} of {package}'
        try:
            row = entry.load()
        except Exception as error:
            raise ConfigurationError(
                f"{what} cannot be loaded ({type(error).__name__}: {error}); fix or uninstall the package"
            ) from error
        if not isinstance(row, kind):
            raise ConfigurationError(f"{what} is a {type(row).__name__}; it must be a {kind.__name__}")
        if entry.name in taken or entry.name in rows:
            raise ConfigurationError(f"{what} already exists; give it another name")
        rows[entry.name] = row
    return rows
