"""Writes what the files declare into the store: names and prices for readers, and a version of all that was edited."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from prober.loading.declarations import Declarations
from prober.model.version import Provenance
from prober.store import Store, declared, retention, spending, versions


def remember(store: Store, declarations: Declarations, paths: Sequence[str | Path], now: datetime) -> None:
    """Keep what is declared, so that readers need no files. Git is asked only where something was edited.

    Raises StoreError.
    """
    store.change(declared.remember, declarations.sets, declarations.endpoints, now)
    store.change(retention.declare, declarations.sets)
    store.change(spending.declare, declarations.budgets_by_scope())
    contents = versions.contents(declarations.sets, declarations.endpoints)
    if edited := store.query(versions.unknown, contents):
        store.change(versions.add, edited, provenance(paths), now)


_GIT_S: Final = 5.0
"""How long git may take."""


def provenance(paths: Sequence[str | Path]) -> Provenance:
    """The newest commit that touched these paths, and its author. Nothing where git is missing, slow or not used."""
    if not paths:
        return Provenance()
    first = Path(paths[0])
    folder = first if first.is_dir() else first.parent
    names = [str(Path(path).resolve()) for path in paths]
    commit = _git(folder, "log", "-1", "--format=%h%x09%an", "--", *names).strip()
    if not commit:
        return Provenance()
    short, _, author = commit.partition("\t")
    is_dirty = bool(_git(folder, "status", "--porcelain", "--", *names).strip())
    return Provenance(short + "+" * is_dirty, author)


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, errors="replace", timeout=_GIT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""
