"""What is wrong with a file of alerts: routes that lead nowhere, reminders and escalations that come too soon."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import get_args

from prober.loading import cron
from prober.loading.foreign import MEANT
from prober.loading.lines import Finding, Where
from prober.loading.suggestions import did_you_mean
from prober.model.alerting import Alerts, Route
from prober.model.declaration import ProbeSet, Severity
from prober.model.incident import SEVERITIES
from prober.text import quoted

_SHORTEST_REMINDER_S = 300.0
_SHORTEST_ESCALATION_S = 60.0
_TARGET = re.compile(r"[a-z][a-z0-9_-]*(:[^\s:][^\s]{0,99})?")
"""An alerter, and a channel where it has several."""


def alerts_findings(
    alerts: Alerts, endpoints: Sequence[str], sets: Sequence[ProbeSet], alerters: Collection[str] = ()
) -> Iterator[Finding]:
    """Faults of the file of alerts; the rest is what there is, `sets` and `alerters` empty where nobody knows."""
    if fault := cron.zone_fault(alerts.timezone):
        yield Finding(("timezone",), fault)
    owners = list(dict.fromkeys(each.owner for each in sets))
    tags = list(dict.fromkeys(tag for each in sets for tag in each.tags))
    for index, route in enumerate(alerts.routes):
        here: Where = ("routes", index)
        yield from _recipient_findings(route.to, here, alerters)
        if route.after_s is not None:
            yield from _escalation_findings(alerts, route, here)
        for field, named, known in (("owners", route.owners, owners), ("tags", route.tags, tags)):
            for number, name in enumerate(named):
                if sets and name not in known:
                    lacks = f"no probe set has {quoted(name)}; {did_you_mean(name, known)}"
                    message = lacks if known else f"no probe set has any {field}; leave the field out"
                    yield Finding((*here, field, number), message)
        for number, name in enumerate(route.endpoints):
            if not any(each.startswith(name[:-1]) if name.endswith("*") else each == name for each in endpoints):
                yield Finding(
                    (*here, "endpoints", number), f"unknown endpoint {quoted(name)}; {did_you_mean(name, endpoints)}"
                )
    if alerts.weekly_report is not None:
        yield from _recipient_findings(alerts.weekly_report.to, ("weekly_report",), alerters)
    for severity in get_args(Severity):
        first_s = alerts.reminders.first_s(severity)
        if first_s is not None and first_s < _SHORTEST_REMINDER_S:
            yield Finding(("reminders", severity), "shorter than 5m; write a longer time, or null for never")


def _recipient_findings(to: Sequence[str], here: Where, alerters: Collection[str]) -> Iterator[Finding]:
    for number, one in enumerate(to):
        if not _TARGET.fullmatch(one):
            fix = f'"slack:{one}"' if re.fullmatch(r"#[\w-]+", one) else "one such as slack, slack:#billing or webhook"
            message = f"{quoted(one)} is not an alerter; write {fix}"
            yield Finding((*here, "to", number), message)
        elif alerters and (alerter := one.partition(":")[0]) not in alerters:
            meant = MEANT["alerter"].get(alerter)
            fix = f"write {meant}" if meant in alerters else did_you_mean(alerter, sorted(alerters))
            if meant == "apprise":
                fix += ", which reaches mail, chats and phones by the addresses in PROBER_APPRISE_URLS"
            yield Finding((*here, "to", number), f"there is no alerter {quoted(alerter)}; {fix}")


def _escalation_findings(alerts: Alerts, route: Route, here: Where) -> Iterator[Finding]:
    """Faults of a route for when nobody acknowledges."""
    if (route.after_s or 0.0) < _SHORTEST_ESCALATION_S:
        yield Finding((*here, "after"), "shorter than 1m; write a longer time, or leave it out to notify at once")
    for number, to in enumerate(route.to):
        for other, first in enumerate(alerts.routes):
            named = (first.owners, first.tags, first.endpoints)
            always = not any(named) and SEVERITIES.index(first.severity) <= SEVERITIES.index(route.severity)
            if first.after is None and always and to in first.to:
                message = f"{quoted(to)} is notified at once by routes.{other}, so nothing is left to escalate to"
                yield Finding((*here, "to", number), f"{message}; name another recipient")
                break
