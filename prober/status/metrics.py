"""Where everything stands, in Prometheus' text format, for a scraper or node_exporter's textfile collector. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from prober.incidents.daemons import DaemonStatus, attendance
from prober.store.pages.views import DeliveryView, EndpointView

_LABEL_LIMIT: Final = 300
_ESCAPES: Final = {"\\": r"\\", '"': r"\"", "\n": r"\n"}

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of samples."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: tuple[tuple[Labels, float], ...]


def exposition(
    endpoints: Sequence[EndpointView],
    deliveries: Sequence[DeliveryView],
    daemon_statuses: Sequence[DaemonStatus],
    now: datetime,
) -> str:
    """The whole page."""
    families = (*_endpoints(endpoints), *_deliveries(deliveries), *_daemons(daemon_statuses, now))
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _endpoints(endpoints: Sequence[EndpointView]) -> Iterator[Metric]:
    def each(name: str, help_: str, values: Iterable[tuple[EndpointView, float]]) -> Metric:
        kind: Literal["gauge", "counter"] = "counter" if name.endswith("_total") else "gauge"
        return Metric(f"prober_{name}", kind, help_, tuple(({"endpoint": one.name}, value) for one, value in values))

    yield each("evidence_ratio", "Evidence of a change as a share of the threshold; an alarm takes 1.",
               ((one, one.e_value / one.threshold) for one in endpoints if one.threshold))  # fmt: skip
    yield each("last_round_timestamp_seconds", "When the newest round was completed.",
               ((one, one.last_completed_at.timestamp()) for one in endpoints if one.last_completed_at))  # fmt: skip
    yield each("endpoint_stale", "1 where no fresh rounds come.", ((one, bool(one.stale_since)) for one in endpoints))
    yield each("rounds_completed_total", "Rounds completed.", ((one, one.rounds) for one in endpoints))
    yield each("rounds_missed_total", "Rounds missed.", ((one, one.missed) for one in endpoints))
    yield each("asks_total", "Asks, failed ones among them.", ((one, one.asks) for one in endpoints))
    yield each("asks_failed_total", "Asks that failed.", ((one, one.failed_asks) for one in endpoints))
    yield Metric(
        "prober_endpoint_state", "gauge", "1 for the state of the latest judgement.",
        tuple(({"endpoint": one.name, "state": one.state}, 1) for one in endpoints),
    )  # fmt: skip
    yield Metric(
        "prober_incident_open", "gauge", "1 for every open incident, trouble with asking among them.",
        tuple(
            (
                {
                    "endpoint": one.name,
                    "incident": str(incident.id),
                    "kind": incident.kind,
                    "severity": incident.severity,
                    "state": incident.state,
                },
                1,
            )
            for one in endpoints
            for incident in (one.open_incident, one.trouble)
            if incident is not None
        ),
    )  # fmt: skip


def _deliveries(deliveries: Sequence[DeliveryView]) -> Iterator[Metric]:
    def labels(one: DeliveryView) -> dict[str, str]:
        return {"alerter": one.alerter, "channel": one.channel}

    yield Metric(
        "prober_notices", "gauge", "Messages by what became of them.",
        tuple(
            ({**labels(one), "state": state}, count)
            for one in deliveries
            for state, count in (("owed", one.owed), ("held", one.held), ("sent", one.sent), ("failed", one.failed))
        ),
    )  # fmt: skip
    yield Metric(
        "prober_delivery_failing", "gauge", "1 where the newest message failed for good: nobody is reached there.",
        tuple(({**labels(one), "reason": one.last_reason if one.failing else ""}, one.failing) for one in deliveries),
    )  # fmt: skip
    yield Metric(
        "prober_last_delivery_timestamp_seconds", "gauge", "When a message last arrived.",
        tuple((labels(one), one.last_sent_at.timestamp()) for one in deliveries if one.last_sent_at),
    )  # fmt: skip


def _daemons(daemon_statuses: Sequence[DaemonStatus], now: datetime) -> Iterator[Metric]:
    here = attendance(daemon_statuses, now)
    known = (*here.alive, *here.silent)
    yield Metric(
        "prober_daemon_up", "gauge", "1 for a daemon at work, 0 for one that fell silent.",
        tuple(({"worker": one.worker}, one in here.alive) for one in known),
    )  # fmt: skip
    yield Metric(
        "prober_daemon_seen_timestamp_seconds", "gauge", "Last sign of life of a daemon.",
        tuple(({"worker": one.worker}, one.seen_at.timestamp()) for one in known),
    )  # fmt: skip


def _lines(family: Metric) -> Iterator[str]:
    if not family.samples:
        return
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.samples:
        inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{family.name}{{{inside}}} {_number(float(value))}"


def _escaped(text: str) -> str:
    """As the format wants it, and nothing that UTF-8 refuses."""
    plain = text[:_LABEL_LIMIT].encode("utf-8", "replace").decode()
    return re.sub(r'[\\"\n]', lambda found: _ESCAPES[found.group()], plain)


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
