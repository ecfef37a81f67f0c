"""The exception tree. Bad luck is data (a `Reply` with a reason); what is raised here is for a person to fix.

    ProberError
    ├── ConfigurationError   files, settings or arguments are wrong; carries every Problem found   (exit 2)
    │   └── LogError         a reply log cannot be read; names path:line                           (exit 2)
    ├── StoreError           the database is locked, full, or of another version                   (exit 2)
    │   └── ClaimLost        another process has the round, or will ask it again
    └── NotEnough            there is not enough evidence to answer                                (exit 3)

Only `prober.cli` turns these into exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one place, and how to fix it."""

    path: str
    """File, as the user named it; empty when the problem has no file."""
    line: int
    """1-based line; 0 when unknown."""
    field: str
    """Dotted path of the field inside the file, such as `probes.1.samples`; empty for the whole file."""
    message: str
    """What is wrong; what to write."""

    def __str__(self) -> str:
        path = self.path.replace("\r", "\\r").replace("\n", "\\n")  # one problem is one line
        where = f"{path}:{self.line}" if self.line else path
        return ": ".join(part for part in (where, self.field, self.message) if part)


class ProberError(Exception):
    """Base of everything the prober raises on purpose; its text is ready to be shown."""


class ConfigurationError(ProberError):
    """Something declared is wrong. `problems` holds all of them, not the first only."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = [Problem(path="", line=0, field="", message=problems)]
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class LogError(ConfigurationError):
    """A reply log cannot be read or written."""


class StoreError(ProberError):
    """The database cannot be used; the text says why and what to do."""


class NotMadeYet(StoreError):
    """There is no database yet, or one without tables: `prober run` makes it."""


class OlderVersion(StoreError):
    """The database is of an older version: `prober run` brings it up to date."""


class ClaimLost(StoreError):
    """A write to a round that the writer does not hold: the lease ran out and another took over, the round is settled
    or missed, or a new epoch began under it. Nothing was written; whoever holds the round, or claims it next, goes on.
    """


class NotEnough(ProberError):
    """The question cannot be answered with the evidence at hand; the text says what is missing."""
