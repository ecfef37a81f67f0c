"""What a provider is: one verb."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply


class Provider(Protocol):
    """Puts one probe to one endpoint, once. No retry, cache or fallback; never raises for bad luck."""

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        """One ask, one observation.

        `sample` (0-based) and `now` (UTC) place the ask in its round; only the scripted provider, whose worlds are
        seeded, reads them. Every failure is a `Reply` with an `error`; `ConfigurationError` is for what no retry mends.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...
