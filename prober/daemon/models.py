"""What becomes of the models of the endpoints: once a day, when each is retired; every minute, whether there is a new
version to compare with the stored replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from typing import Final

from prober.asking import ListsModels, open_provider
from prober.asking.model_lists import Listing
from prober.daemon.log import logger, reported
from prober.incidents.retirement import words
from prober.incidents.routing import Routing
from prober.loading.declarations import Declarations
from prober.model.declaration import Endpoint
from prober.service.retirement import look, warn
from prober.service.run_round import Clock
from prober.service.version_gate import run_version_gate
from prober.store import Store
from prober.text import one_line

RETIREMENT_S: Final = 3600.0
"""Between two looks at what is due; each list is read once a day."""
VERSIONS_S: Final = 60.0
"""Between two looks for new versions."""


def look_for_retirements(
    store: Store, endpoints: Iterable[Endpoint], routing: Routing, now: datetime, is_stopping: Callable[[], bool]
) -> None:
    """Read the lists whose day is over, and owe the warnings that are due. One endpoint's bad luck is its own."""
    for endpoint in endpoints:
        if is_stopping():
            return
        with reported(f"looking when the model of {endpoint.name} is retired"):
            look(store, endpoint, list_models, now)
            if (warned := warn(store, endpoint, routing, now)) is not None:
                logger.warning("%s: %s", endpoint.name, one_line(words(warned, now.date())))


def list_models(endpoint: Endpoint) -> Listing:
    """What the provider's list says; nothing of a provider that has none."""
    with closing(open_provider(endpoint)) as provider:
        return provider.list_models(endpoint) if isinstance(provider, ListsModels) else Listing()


def run_version_gates(
    store: Store, declared: Declarations, vantage: str, routing: Routing, clock: Clock, is_stopping: Callable[[], bool]
) -> None:
    """One endpoint's bad luck is its own."""
    for endpoint in declared.endpoints:
        if is_stopping():
            return
        if endpoint.gate is None or not endpoint.is_asked_from(vantage):
            continue
        with reported(f"comparing a new version of the model of {endpoint.name}"):
            asking = declared.asking(endpoint.name)
            budgets = {one.scope: one for each in asking for one in declared.budgets_of(each, endpoint)}
            for one in run_version_gate(
                store, endpoint, asking, open_provider, routing, clock, is_stopping, [*budgets.values()]
            ):
                logger.warning("%s: %s", endpoint.name, one_line(one.words))
