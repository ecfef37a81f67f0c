"""What an alerter is: one verb."""

from __future__ import annotations

from typing import Protocol

from prober.model.notice import Notice, Outcome


class Alerter(Protocol):
    """Sends one notice to one channel, once. Never raises for bad luck."""

    @property
    def name(self) -> str:
        """Its row in `ALERTERS`."""
        ...

    def send(self, notice: Notice) -> Outcome: ...
