"""Where what is pressed in Slack is acted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from prober.incidents.routing import Routing
from prober.model.incident import Action, Decision, Incident
from prober.model.notice import Notice
from prober.service.run_round import Clock
from prober.store import Store


@dataclass(frozen=True, slots=True)
class StoredIncidentActions:
    """Acts on the incidents of a store, and sends the notices that come of it at once."""

    store: Store
    dashboard_url: str
    clock: Clock
    routing: Callable[[], Routing]
    deliver: Callable[[], None]

    def now(self) -> datetime:
        return self.clock()

    def incident(self, incident_id: int) -> Incident | None:
        return self.store.incident(incident_id)

    def press(self, incident_id: int, press: Action) -> tuple[Incident, Decision] | None:
        outcome = self.store.press(incident_id, press, self.routing(), self.clock())
        self.deliver()
        return outcome

    def told(self, incident_id: int) -> Notice | None:
        return self.store.told(incident_id, "slack", self.dashboard_url)
