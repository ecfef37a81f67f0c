"""A mark: what the team itself did, or knows to be good, on the clock of the rounds."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from prober.model.errors import ConfigurationError
from prober.model.version import Mark, MarkKind
from prober.store import Store, versions
from prober.text import quoted


def mark(store: Store, kind: str, what: str, ref: str, actor: str, note: str, now: datetime) -> Mark:
    """Record one. Without `ref` it is about the newest version of `what`.

    Raises ConfigurationError for another kind, a version that does not exist, and a deploy of nobody knows what.
    """
    known_kind: MarkKind | None = next((one for one in get_args(MarkKind) if one == kind), None)
    if known_kind is None:
        raise ConfigurationError(f"unknown kind of mark {quoted(kind)}; write {' or '.join(get_args(MarkKind))}")
    known = store.query(versions.history, what)
    if known_kind == "known-good" and not known:
        raise ConfigurationError(f"there is no version of {quoted(what)}; `prober versions` lists what there is")
    if not ref and not known:
        raise ConfigurationError("ref is missing: say which commit or release was deployed")
    return store.change(versions.mark, known_kind, what, ref or f"v{known[-1].number}", actor, note, now)
