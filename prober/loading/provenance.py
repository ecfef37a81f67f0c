"""Where declarations come from: the commit and author of the folder they stand in, where it is kept in git."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prober.model.version import Provenance

_DEADLINE_S: Final = 5.0


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
            capture_output=True, text=True, errors="replace", timeout=_DEADLINE_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""
