"""The declaration files, watched: changes take effect; a broken file is an error in the log and changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from prober.loading.declarations import Declarations
from prober.loading.files import find, find_named, find_texts
from prober.model.errors import ConfigurationError, Problem
from prober.service.declarations import declarations_in
from prober.text import count

REMIND = timedelta(hours=1)
"""How often a team hears that its files are still broken."""

SETTLES: Final = timedelta(seconds=3)
"""How long files must have been left alone before they are read: half a file may be right, with half its probes, and a
file that is replaced may be gone for a moment."""
MOST_SETTLING: Final = timedelta(seconds=30)
"""After this time they are read anyway: something else may write into their folder all the time."""

MOST_PROBLEMS: Final = 20
"""Shown in the status of the daemon; the log has them all."""

logger = logging.getLogger(__name__)


class Files:
    """The files under some paths, and which content of them is in force."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self.paths = tuple(paths)
        self._seen: object = None
        """What the files looked like when they were last read."""
        self._named: Sequence[Path] = ()
        """What they named when they were last read."""
        self._problems: tuple[Problem, ...] = ()
        """Of the last reading; empty while the files are good."""
        self._logged_at: datetime | None = None
        self._written_since: datetime | None = None
        """When it was first seen that they are being written; None where they are not."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the files, each with its place; empty while they are good."""
        return tuple(map(str, self._problems[:MOST_PROBLEMS]))

    def load(self) -> Declarations:
        """Read now. Raises ConfigurationError."""
        # Looked at before they are read: what is saved in between is a change at the next look.
        self._named = find_named(find(self.paths, []))
        self._seen = self._look()
        return declarations_in(*self.paths)

    def reload(self, now: datetime, *, unchanged_too: bool = False) -> Declarations | None:
        """What is declared from now on; None where nothing changed or the files are broken, which is logged."""
        if not unchanged_too and self._look() == self._seen:
            if self._logged_at is not None and now - self._logged_at >= REMIND:
                self._log_problems(now, "still")
            return None
        if not unchanged_too and self._is_being_written(now):
            return None
        self._written_since = None
        try:
            declarations = self.load()
        except ConfigurationError as error:
            self._problems = error.problems
            self._log_problems(now, "now")
            return None
        words = "are fixed and in use again" if self._problems else "are in use as they are now"
        logger.warning("the probe files %s: %s", words, _summary(declarations))
        self._problems, self._logged_at = (), None
        return declarations

    def _look(self) -> object:
        """Differs after any change: which files there are, and of each what an edit or a replacement changes."""
        problems: list[Problem] = []
        found: list[tuple[object, ...]] = []
        for path in self._files(problems):
            try:
                stat = path.stat()
                found.append((path, stat.st_ino, stat.st_mtime_ns, stat.st_size))
            except OSError as error:  # gone since it was found, or a link that leads nowhere
                found.append((path, error.errno))
        return found, problems

    def _files(self, problems: list[Problem]) -> list[Path]:
        """All that an edit may be made in; `problems` learns what is wrong with the paths."""
        return [*find(self.paths, problems), *find_texts(self.paths), *self._named]

    def _is_being_written(self, now: datetime) -> bool:
        """Whether a file, or a folder of one, changed a moment ago."""
        files = self._files([])
        newest = 0.0
        for path in {*files, *(file.parent for file in files), *map(Path, self.paths)}:
            with suppress(OSError):
                newest = max(newest, path.stat().st_ctime)
        if abs(now - datetime.fromtimestamp(newest, UTC)) >= SETTLES:  # a file server may have another clock
            return False
        self._written_since = self._written_since or now
        return now - self._written_since < MOST_SETTLING

    def _log_problems(self, now: datetime, when: str) -> None:
        self._logged_at = now
        logger.error(
            "the probe files are %s BROKEN; the previous declarations stay in use until they are fixed:\n%s",
            when,
            "\n".join(f"  {problem}" for problem in self._problems),
        )


def _summary(declarations: Declarations) -> str:
    return f"{count(len(declarations.sets), 'probe set')}, {count(len(declarations.endpoints), 'endpoint')}"
