"""Every minute: is there a new version of a model to compare with the stored replies?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prober.asking import open_provider
from prober.daemon.log import logger, reported
from prober.incidents.routing import Routing
from prober.loading import Declarations
from prober.service.run_round import Clock
from prober.service.version_gate import run_version_gate
from prober.store import Store
from prober.text import one_line

VERSIONS_S: Final = 60.0
"""Between two looks."""


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
            asking = [each for each in declared.sets if endpoint.name in each.endpoints]
            budgets = {one.scope: one for each in asking for one in declared.budgets_of(each, endpoint)}
            for one in run_version_gate(
                store, endpoint, asking, open_provider, routing, clock, is_stopping, [*budgets.values()]
            ):
                logger.warning("%s: %s", endpoint.name, one_line(one.words))
