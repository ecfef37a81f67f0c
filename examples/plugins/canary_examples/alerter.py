"""Spool: each notice as a line of a file, for a pager of your own. `SPOOL_FILE` names it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from prober.alerts.message import compose
from prober.model.notice import Notice, Outcome
from prober.settings import Settings


@dataclass(frozen=True)
class Spool:
    path: Path
    name: str = "spool"

    def send(self, notice: Notice) -> Outcome:
        """Once, and never raises: what went wrong is the outcome."""
        message = compose(notice)
        line = json.dumps({"severity": notice.severity, "title": message.title, "moved": list(message.moved)})
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            return Outcome(False, f"{self.path} cannot be written: {error.strerror}")
        return Outcome(True, "sent")


def open_spool(settings: Settings) -> Spool | None:
    """None where the environment does not configure it."""
    path = os.environ.get("SPOOL_FILE")
    return Spool(Path(path)) if path else None
