"""The log as an alerter: always there, needs no configuration, cannot fail."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from prober.alerts.message import plain_text
from prober.model.notice import Notice, Outcome
from prober.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogAlerter:
    """One warning a notice, then its details. No line of a reply can pass for a line of the log: each is indented."""

    name: str = "log"

    def send(self, notice: Notice) -> Outcome:
        title, *details = plain_text(notice).split("\n")
        ids = {"notice": notice.id, "incident": notice.incident_id}
        logger.warning("%s", title, extra=ids)
        shown = "\n".join(f"  | {line}" for line in details)
        logger.info("incident %d in detail\n%s", notice.incident_id or 0, shown, extra=ids)
        return Outcome(True, "sent")


def open_log(settings: Settings) -> LogAlerter:
    """Needs nothing of the settings."""
    return LogAlerter()
