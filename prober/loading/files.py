"""Which files are meant by the paths a user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prober.model.errors import Problem

_SUFFIXES = (".yaml", ".yml")


def holds_endpoints(path: Path) -> bool:
    """Whether a file declares endpoints, told by its name, as for alerts."""
    return _kind(path) == "endpoints"


def holds_alerts(path: Path) -> bool:
    """Whether a file says who is told of what."""
    return _kind(path) == "alerts"


def holds_sets(path: Path) -> bool:
    """Whether a file declares a probe set: any other."""
    return not holds_endpoints(path) and not holds_alerts(path)


def _kind(path: Path) -> str:
    return path.name.lower().removesuffix(path.suffix.lower()).split(".")[-1]


def find(paths: Sequence[str | Path], problems: list[Problem]) -> list[Path]:
    """All files of folders, hidden ones left out, and single files with endpoints and alerts beside them; each once."""
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        try:
            for file in _files_of(path, problems):
                found.setdefault(file.resolve(), file)
        except OSError as error:
            message = f"cannot be read ({error.strerror}); check that it exists and may be read"
            problems.append(Problem(path.as_posix(), 0, "", message))
    if not paths:
        problems.append(Problem("", 0, "", "no path is named; write the folder of your probe files, such as probes/"))
    return sorted(found.values())


def _files_of(path: Path, problems: list[Problem]) -> list[Path]:
    if path.is_dir():
        files = _yaml_below(path)
        if not any(holds_sets(file) for file in files):
            message = "holds no probe set; write one, such as canary.yaml, or name another folder"
            problems.append(Problem(path.as_posix(), 0, "", message))
        return files
    if path.is_file():
        return [path, *(file for file in _yaml_in(path.parent) if not holds_sets(file))]
    message = "no such file or folder; write the folder of your probe files, such as probes/"
    problems.append(Problem(path.as_posix(), 0, "", message))
    return []


def _yaml_below(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file()]
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _yaml_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file()]
