"""The argument that names declarations, and what they declare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from prober.loading.declarations import Declarations
from prober.loading.suggestions import did_you_mean
from prober.model.declaration import Endpoint, Probe, ProbeSet
from prober.model.errors import ConfigurationError
from prober.service.declarations import declarations_in
from prober.text import quoted

Paths: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders or files with probe sets.", show_default="probes/", metavar="PATHS"),
]


def declared(paths: Sequence[Path] | None) -> Declarations:
    """What the files declare; by default those in `probes/`. Raises ConfigurationError."""
    return declarations_in(*(paths or [Path("probes")]))


def chosen(
    declarations: Declarations, set_name: str | None, endpoint_name: str | None
) -> list[tuple[ProbeSet, Endpoint]]:
    """Every pair of probe set and endpoint, or only those with these names. Raises ConfigurationError."""
    sets = chosen_sets(declarations, set_name)
    if endpoint_name is not None:
        declarations.endpoint(endpoint_name)
    pairs = [
        (probe_set, declarations.endpoint(name))
        for probe_set in sets
        for name in probe_set.endpoints
        if endpoint_name in (None, name)
    ]
    if not pairs:
        raise ConfigurationError(f"no probe set asks {quoted(endpoint_name or '')}; name it under `endpoints:` of one")
    return pairs


def chosen_sets(declarations: Declarations, set_name: str | None) -> list[ProbeSet]:
    """Every probe set, or only the one of this name. Raises ConfigurationError."""
    names = [one.name for one in declarations.sets]
    if set_name is not None and set_name not in names:
        raise ConfigurationError(f"unknown probe set {quoted(set_name)}; {did_you_mean(set_name, names)}")
    return [one for one in declarations.sets if set_name in (None, one.name)]


def chosen_probes(declarations: Declarations, set_name: str | None) -> dict[str, Probe]:
    """`set/probe id` → probe, as `chosen_sets`."""
    from prober.lab.gate.declared import probes_of  # not at the top: it asks and compares, which few verbs do

    return probes_of(chosen_sets(declarations, set_name))
