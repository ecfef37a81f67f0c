"""What `prober doctor` finds, and what it finds of the database: its file, and what is stored there."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from prober.cli.options import now_utc
from prober.cli.output import fix_of
from prober.incidents.clock import attendance
from prober.loading.declarations import Declarations
from prober.model.errors import NotMadeYet, StoreError
from prober.settings import Settings
from prober.status.endpoint_status import endpoint_statuses
from prober.status.gathering import lasting
from prober.store import Store, daemons, spending
from prober.store.pages import overview
from prober.text import count

Level = Literal["ok", "warning", "problem", "unreachable"]
FREE_BYTES: Final = 500_000_000
"""Below which the disk of the database is nearly full."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check."""

    about: str
    level: Level
    found: str
    fix: str = ""
    why: str = ""
    """Why it matters."""

    @property
    def ok(self) -> bool:
        return self.level in {"ok", "warning"}

    @property
    def words(self) -> str:
        return f"{self.found}; {self.fix}" if self.fix else self.found


def of_database(settings: Settings, declarations: Declarations | None) -> Iterator[Finding]:
    url = settings.database_url
    path = Path(url.removeprefix("sqlite:///").split("?")[0]) if url.startswith("sqlite:///") else None
    if path is not None and path.parent.is_dir():
        yield from _file(path)
        if not path.exists():
            return
    try:
        with Store.open(url, read_only=True) as store:
            yield _writable(url, store.where)
            yield from _stored(store, declarations)
    except NotMadeYet as error:
        yield Finding("database", "ok", str(error))
    except StoreError as error:
        yield Finding("database", "problem", str(error))


def _writable(url: str, where: str) -> Finding:
    """A round is stored on trial, and taken back."""
    try:
        Store.try_out_at(url)
    except StoreError as error:
        return Finding("database", "problem", str(error), why="It can be read, but no round can be stored.")
    return Finding("database", "ok", f"{where} can be read and written")


def _file(path: Path) -> Iterator[Finding]:
    """The file of an SQLite database, or the place where it will be."""
    if not path.exists():
        if not os.access(path.parent, os.W_OK):
            yield Finding("database", "problem", f"{path} cannot be made", f"allow writing in {path.parent.absolute()}")
            return
        yield Finding("database", "ok", f"{path} does not exist yet; `prober once` or `prober run` creates it")
    elif not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        why = "Rounds cannot be stored, so nothing is watched."
        yield Finding("database file", "problem", f"{path} may not be written by this user", "change its owner", why)
    elif path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        why = "It holds prompts and replies."
        yield Finding("database file", "warning", f"{path} is open to other users", f"chmod 600 {path}", why)
    free = shutil.disk_usage(path.parent).free
    if free < FREE_BYTES:
        why = "Rounds cannot be stored on a full disk."
        found = f"{free / 1e6:.0f} MB are left on the disk of {path}"
        yield Finding("disk", "warning", found, "free some space", why)


def _stored(store: Store, declarations: Declarations | None) -> Iterator[Finding]:
    """What the database knows of the endpoints and daemons."""
    now = now_utc()
    newest = store.query(overview.recent_rounds_of_each, now)
    statuses = endpoint_statuses(store.query(overview.endpoints), newest, (), now)
    for one in statuses:
        if cached := one.endpoint.last_round_cached:
            why = "A cached reply says nothing about the model; it is not judged."
            found = f"a cache answered {count(cached, 'ask')} of the last round"
            yield Finding(f"cache of {one.name}", "warning", found, fix_of("cached"), why)
        if one.clock_ahead_at is not None:
            found = f"the newest round of {one.name} ended in the future: a clock was ahead"
            yield Finding("clock", "warning", found, "check the time service of the machine that runs the daemon")
    if declarations is not None:
        yield from _budgets(store, declarations)
    here = attendance(store.query(daemons.statuses), now)
    for daemon in here.silent:
        found = f"{daemon.worker} was last seen {lasting(now - daemon.seen_at)} ago and did not stop in order"
        why = f"Nobody asks {here.missing(daemon)}."
        yield Finding("daemon", "warning", found, "start `prober run` again", why)
    for daemon in here.alive:
        problems = "; ".join(daemon.file_problems)
        if problems:
            found = f"{daemon.worker} runs with the declarations from before an edit: {problems}"
            yield Finding("daemon", "warning", found, "fix the file")
        else:
            yield Finding("daemon", "ok", f"{daemon.worker} runs")


def _budgets(store: Store, declarations: Declarations) -> Iterator[Finding]:
    now = now_utc()
    every = [one for each in declarations.sets for name in each.endpoints
             for one in declarations.budgets_of(each, declarations.endpoint(name))]  # fmt: skip
    for one in {one.scope: one for one in every if one.budget.limits}.values():
        spent = store.query(spending.spent, one, now)
        name = one.scope.removesuffix(":").replace(":", " ")
        full = [limit for limit in one.budget.limits if spent[limit.period].of(limit.unit) >= limit.most]
        for limit in full:
            why = f"Nothing that counts in it is asked before the oldest asks of the {limit.period} are too old."
            found = limit.words(spent[limit.period])
            yield Finding(f"budget of {name}", "warning", found, "raise `budget`, or ask less often", why)
        if not full:
            found = "; ".join(limit.words(spent[limit.period]) for limit in one.budget.limits)
            yield Finding(f"budget of {name}", "ok", found)
