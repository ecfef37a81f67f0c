"""Once a day for each endpoint: when is its model retired?"""

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
from prober.model.declaration import Endpoint
from prober.service.retirement import look, warn
from prober.store import Store
from prober.text import one_line

RETIREMENT_S: Final = 3600.0
"""Between two looks at what is due; each list is read once a day."""


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
