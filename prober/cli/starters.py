"""The starter probe sets, and files that are written only where there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from prober.cli.output import say
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError

EXAMPLE: Final = "offline-demo"
"""The endpoint of the starter sets, until another takes its place."""
CORE: Final = ("identity", "choice", "format", "accuracy", "refusal")
"""The starter sets that are written where none is named."""

_SCHEDULE: Final = re.compile(rb"^schedule:\n  ((?:every|cron): [^#\n]*?) *(?:#.*)?\n  (jitter: \w+).*$", re.MULTILINE)
_HOURLY: Final = rb"schedule:               # to try it out; later write `\1` and `\2`\n  every: 1h\n  jitter: 5m"


def chosen_starters(sets: Sequence[str]) -> tuple[Path, ...]:
    """The starter files of these sets, with all that is no set; those of the core where none is named.

    Raises ConfigurationError.
    """
    names = [one.stem for one in starter_sets()]
    for name in sets:
        if name not in (*names, "all"):
            raise ConfigurationError(f"--set: there is no starter set {name}; {did_you_mean(name, [*names, 'all'])}")
    wanted = names if "all" in sets else sets or CORE
    return tuple(one for one in starter_files() if one.stem in wanted or one.stem not in names)


def of_endpoint(starters: Iterable[Path], name: str, *, trial: bool = False) -> dict[str, bytes]:
    """File name → content, with that endpoint in place of the example; for a trial with a round every hour."""
    texts = {one.name: one.read_bytes().replace(f"[{EXAMPLE}]".encode(), f"[{name}]".encode()) for one in starters}
    return {file: _SCHEDULE.sub(_HOURLY, text) if trial else text for file, text in texts.items()}


def write_new(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write the files that do not exist yet, say which, and give the names of the others. Raises ConfigurationError."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            try:
                with (folder / name).open("xb") as file:
                    file.write(content)
                written.append(name)
            except FileExistsError:
                continue
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    kept = [name for name in files if name not in written]
    if written:
        say(f"Wrote {', '.join(written)} into {folder}/.")
    if kept:
        say(f"Left alone in {folder}/, because they exist: {', '.join(kept)}.")
    return kept


def starter_sets() -> tuple[Path, ...]:
    """The starter probe sets alone."""
    return tuple(one for one in starter_files() if one.suffix == ".yaml" and one.stem != "endpoints")


def starter_files() -> tuple[Path, ...]:
    """The starter probe sets and their schemas: in the wheel inside the package, in a checkout beside it."""
    package = Path(__file__).parents[1]
    for home in (package / "starter", package.parent / "probes"):
        if home.is_dir():
            return tuple(sorted(path for path in home.iterdir() if path.suffix in {".yaml", ".json"}))
    raise ConfigurationError("this installation has no starter probe sets; reinstall canary-prober")
