"""Where notices go. To add a channel: a file with an `open_…` factory, and a row here."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Protocol

from prober.alerts.alertmanager import open_alertmanager
from prober.alerts.apprise import open_apprise
from prober.alerts.log import open_log
from prober.alerts.pagerduty import open_pagerduty
from prober.alerts.slack.bot import open_slack
from prober.alerts.webhook import open_webhook
from prober.model.errors import ConfigurationError, Problem
from prober.model.notice import Notice, Outcome
from prober.model.plugins import installed
from prober.settings import Settings


class Alerter(Protocol):
    """Sends one notice to one channel, once. Never raises for bad luck."""

    @property
    def name(self) -> str:
        """Its row in `ALERTERS`."""
        ...

    def send(self, notice: Notice) -> Outcome: ...


ALERTERS: dict[str, Callable[[Settings], Alerter | None]] = {
    "slack": open_slack,
    "pagerduty": open_pagerduty,
    "alertmanager": open_alertmanager,
    "webhook": open_webhook,
    "apprise": open_apprise,
    "log": open_log,
}
ALERTERS |= installed("canary_prober.alerters", FunctionType, ALERTERS)
"""Name → factory, which gives None where the channel is not configured; those of installed packages too
(`prober.model.plugins`)."""


def open_alerters(settings: Settings) -> tuple[Alerter, ...]:
    """Every channel the environment configures. Raises `ConfigurationError` with all that is half configured."""
    alerters: list[Alerter] = []
    problems: list[Problem] = []
    for factory in ALERTERS.values():
        try:
            alerter = factory(settings)
        except ConfigurationError as error:
            problems += error.problems
        else:
            alerters += [alerter] if alerter else []
    if problems:
        raise ConfigurationError(problems)
    return tuple(alerters)
