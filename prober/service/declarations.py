"""What the files declare, as far as this installation can carry it out. Apart from the store, which `validate` and
others do without."""

from __future__ import annotations

from pathlib import Path

from prober.alerts import ALERTERS
from prober.asking import refusals
from prober.loading.declarations import Declarations, load


def declarations_in(*paths: str | Path) -> Declarations:
    """What the files declare, held to what this installation can ask and whom it can notify.

    Raises ConfigurationError with all that a run would refuse.
    """
    return load(*paths, alerters=ALERTERS, refusals=refusals)
