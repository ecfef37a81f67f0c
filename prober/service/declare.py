"""What the files declare, taken up by the store: names and prices for readers, and a version of all that was edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from prober.alerts import ALERTERS
from prober.asking import refusals
from prober.loading import Declarations, load
from prober.loading.provenance import provenance
from prober.store import Store, declared, versions


def declarations_in(*paths: str | Path) -> Declarations:
    """What the files declare, held to what this installation can ask and whom it can notify.

    Raises ConfigurationError with all that a run would refuse.
    """
    return load(*paths, alerters=ALERTERS, refusals=refusals)


def remember(store: Store, declarations: Declarations, paths: Sequence[str | Path], now: datetime) -> None:
    """Keep what is declared, so that readers need no files. Git is asked only where something was edited.

    Raises StoreError.
    """
    store.change(declared.remember, declarations.sets, declarations.endpoints, now)
    contents = versions.contents(declarations.sets, declarations.endpoints)
    if edited := store.query(versions.unknown, contents):
        store.change(versions.add, edited, provenance(paths), now)
