"""How everything stands, in Prometheus' text format, for a scraper or node_exporter's textfile collector. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from prober.incidents.clock import attendance
from prober.model.allowance import AccountView
from prober.model.bill import Bill
from prober.model.incident import SEVERITIES
from prober.model.sample import FoundShift
from prober.model.watch import DaemonStatus
from prober.status.endpoint_status import EndpointStatus
from prober.status.objectives import ObjectiveStatus
from prober.status.system_status import SystemStatus
from prober.store.samples import Feature
from prober.store.views import BudgetView, DeliveryView

_LABEL_LIMIT: Final = 300
MOST_FEATURES: Final = 500
"""Features of live samples that are shown, so that a scrape stays bounded."""
MOST_BUDGETS: Final = 500
"""Limits of budgets that are shown, the fullest of them: no number of names makes the page too long to scrape."""

MOST_OBJECTIVES: Final = 500
"""How many objectives are shown: those with the least error budget left."""
_OBJECTIVE: Final = "endpoint probe_set objective"
_IN_UNITS = "Asks, tokens or dollars, as `limit` says, such as `tokens_per_day`; the 500 fullest limits."
METRICS: Final[Mapping[str, tuple[str, str]]] = {
    "evidence_ratio": ("Evidence of a change as a share of the threshold; at 1 an alarm is raised.", "endpoint"),
    "last_round_timestamp_seconds": ("When the newest round was completed.", "endpoint"),
    "endpoint_stale": ("1 if no fresh rounds come.", "endpoint"),
    "rounds_completed_total": ("Rounds completed.", "endpoint"),
    "rounds_missed_total": ("Rounds missed.", "endpoint"),
    "asks_total": ("Asks, including those that failed.", "endpoint"),
    "asks_failed_total": ("Asks that failed.", "endpoint"),
    "asks_cached_total": ("Asks that a cache answered in place of the model; they count as failed too.", "endpoint"),
    "endpoint_state": ("1 for the state it is in.", "endpoint state"),
    "breaker_open": ("1 where the breaker is open: asks failed, and whole rounds are not asked.", "endpoint"),
    "facts_open": ("New facts about an endpoint that nobody has acknowledged.", "endpoint"),
    "incident_open": (
        "1 for every open incident, including trouble.", "endpoint incident kind severity state",
    ),
    "incidents_open": ("Open incidents, including trouble, by severity; 0 where none is.", "endpoint severity"),
    "spending_ahead_rounds": (
        "Planned rounds whose cost a set has already spent, while its incident is open and asks are held back.",
        "endpoint set",
    ),
    "budget_limit": (f"What a budget allows in its period. {_IN_UNITS}", "budget limit"),
    "budget_spent": (f"Spent or set aside in the period of a budget. {_IN_UNITS}", "budget limit"),
    "budget_left": (f"What is left of a budget. {_IN_UNITS}", "budget limit"),
    "account_limit": (
        "The most `asks` or `tokens` a minute of the account of an endpoint, declared or named by the provider.",
        "endpoint unit",
    ),
    "account_used": ("Asks or tokens of the account of an endpoint in the last minute.", "endpoint unit"),
    "account_waiting": ("Asks that wait for the limits of the account of an endpoint; at least this many.", "endpoint"),
    "bill_month_dollars": ("Cost of the team's own traffic in this UTC month so far.", "source name endpoint"),
    "bill_newest_day_dollars": ("Cost of the team's own traffic on the newest day.", "source name endpoint"),
    "bill_unpriced_calls": ("Calls of the newest day whose price or tokens are not known.", "source name endpoint"),
    "bill_report_failing": ("1 while the cost report of an account cannot be read.", "account"),
    "samples_total": ("Live samples ingested.", "endpoint feature"),
    "samples_shift_timestamp_seconds": (
        "Onset of the newest shift that was found in live samples.", "endpoint feature side",
    ),
    "objective_target_ratio": (
        "Target share of good replies of an objective; the 500 with the least error budget left.", _OBJECTIVE,
    ),
    "objective_attained_ratio": ("Share of good replies in its window.", _OBJECTIVE),
    "objective_budget_left_ratio": (
        "Share of its error budget that is left; below 0 where more was spent than there was.", _OBJECTIVE,
    ),
    "objective_burn_rate": (
        "How many times faster than allowed the budget was spent in the newest hour, 6 hours or 3 days.",
        f"{_OBJECTIVE} window",
    ),
    "objective_state": ("1 for the state it is in: met, burning, missed or too_few.", f"{_OBJECTIVE} state"),
    "notices": ("Messages by state: owed, held, sent or failed.", "alerter channel state"),
    "delivery_failing": (
        "1 where the newest message failed permanently: nobody is reached there.", "alerter channel reason",
    ),
    "last_delivery_timestamp_seconds": ("When a message last arrived.", "alerter channel"),
    "daemon_up": ("1 for a running daemon, 0 for one that sends no heartbeat.", "worker"),
    "daemon_seen_timestamp_seconds": ("Last heartbeat of a daemon.", "worker"),
    "database_up": ("1 where the database could be read.", ""),
}  # fmt: skip
"""Name, without `prober_` → what it says, and its labels."""

Samples: TypeAlias = Iterable[tuple[tuple[str, ...], float]]
"""(values of the labels, value)"""


def exposition(
    statuses: Sequence[EndpointStatus],
    deliveries: Sequence[DeliveryView],
    daemon_statuses: Sequence[DaemonStatus],
    now: datetime,
    budgets: Sequence[BudgetView] = (),
    features: Sequence[Feature] = (),
    shifts: Sequence[FoundShift] = (),
    accounts: Sequence[AccountView] = (),
    objectives: Sequence[ObjectiveStatus] = (),
    bills: Sequence[Bill] = (),
) -> str:
    """The whole page. `budgets`, `accounts`: the fullest first. `features`, `shifts`: of live samples."""
    whole = SystemStatus(
        tuple(statuses),
        tuple(deliveries),
        tuple(daemon_statuses),
        (),
        tuple(budgets),
        tuple(features),
        tuple(shifts),
        tuple(accounts),
        tuple(objectives),
        tuple(bills),
    )
    return _page(families(whole, now))


def families(whole: SystemStatus | None, now: datetime) -> list[Metric]:
    """The same, to be written in another format; some have no samples. None: where the database cannot be read."""
    if whole is None:
        return [_database(0)]
    return [
        _database(1), *_endpoints(whole.endpoints), *_budgets(whole.budgets), *_samples(whole.features, whole.shifts),
        *_accounts(whole.accounts), *_objectives(whole.objectives), *_bills(whole.bills, now),
        *_deliveries(whole.deliveries), *_daemons(whole.daemons, now),
    ]  # fmt: skip


def without_database() -> str:
    """The whole page where the database cannot be read."""
    return _page([_database(0)])


def _database(is_up: int) -> Metric:
    return _family("database_up", [((), is_up)])


def _page(families: Sequence[Metric]) -> str:
    class Page(Collector):
        def collect(self) -> Iterator[Metric]:
            return (family for family in families if family.samples)

    registry = CollectorRegistry()
    registry.register(Page())
    return generate_latest(registry).decode()


def _family(name: str, samples: Samples) -> Metric:
    help_, labels = METRICS[name]
    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    family = kind(f"prober_{name}", help_, labels=labels.split() or None)
    for values, value in samples:
        family.add_metric([_sayable(one) for one in values], value)
    return family


def _sayable(text: str) -> str:
    """Nothing that UTF-8 refuses, and no more than a label should hold."""
    return text[:_LABEL_LIMIT].encode("utf-8", "replace").decode()


def _endpoints(statuses: Sequence[EndpointStatus]) -> Iterator[Metric]:
    def each(name: str, values: Iterable[tuple[EndpointStatus, float]]) -> Metric:
        return _family(name, (((one.name,), value) for one, value in values))

    views = [(one, one.endpoint) for one in statuses]
    yield each("evidence_ratio",
               ((one, view.e_value / view.threshold) for one, view in views if view.threshold))  # fmt: skip
    yield each("last_round_timestamp_seconds",
               ((one, one.completed_at.timestamp()) for one in statuses if one.completed_at))  # fmt: skip
    yield each("endpoint_stale", ((one, one.is_stale) for one in statuses))
    yield each("rounds_completed_total", ((one, view.rounds) for one, view in views))
    yield each("rounds_missed_total", ((one, view.missed) for one, view in views))
    yield each("asks_total", ((one, view.asks) for one, view in views))
    yield each("asks_failed_total", ((one, view.failed_asks) for one, view in views))
    yield each("asks_cached_total",
               ((one, view.cached_asks) for one, view in views))  # fmt: skip
    yield _family(
        "endpoint_state",
        (((one.name, one.state), 1) for one in statuses),
    )
    yield each("breaker_open", ((one, one.breaker is not None) for one in statuses))
    yield each("facts_open",
               ((one, sum(len(facts.facts) for facts in view.open_facts)) for one, view in views))  # fmt: skip
    yield _family(
        "incident_open",
        (
            ((one.name, str(incident.id), incident.kind, incident.severity, incident.state), 1)
            for one in statuses
            for incident in one.open_incidents
        ),
    )  # fmt: skip
    yield _family(
        "incidents_open",
        (
            ((one.name, severity), sum(each.severity == severity for each in one.open_incidents))
            for one in statuses
            for severity in SEVERITIES
        ),
    )
    yield _family(
        "spending_ahead_rounds",
        (((one.name, each.probe_set), each.ahead) for one in statuses for each in one.overspending),
    )


def _budgets(budgets: Sequence[BudgetView]) -> Iterator[Metric]:
    shown = [((one.scope.removesuffix(":"), one.limit.name), one) for one in budgets[:MOST_BUDGETS]]
    yield _family("budget_limit", ((labels, one.limit.shown) for labels, one in shown))
    yield _family("budget_spent", ((labels, one.limit.amount(one.spent)) for labels, one in shown))
    yield _family("budget_left", ((labels, max(0.0, one.left)) for labels, one in shown))


def _accounts(accounts: Sequence[AccountView]) -> Iterator[Metric]:
    shown = [(name, one) for one in accounts for name in one.endpoints][:MOST_BUDGETS]
    each = [(name, limit) for name, one in shown for limit in one.limits]
    yield _family("account_limit", (((name, limit.unit), limit.most) for name, limit in each))
    yield _family("account_used", (((name, limit.unit), limit.used) for name, limit in each))
    yield _family("account_waiting", (((name,), one.waiting) for name, one in shown))


def _samples(features: Sequence[Feature], shifts: Sequence[FoundShift]) -> Iterator[Metric]:
    yield _family("samples_total", (((one.endpoint, one.name), one.stored) for one in features[:MOST_FEATURES]))
    yield _family(
        "samples_shift_timestamp_seconds",
        (((one.endpoint, one.feature, one.side), one.onset.timestamp()) for one in shifts[: 2 * MOST_FEATURES]),
    )


def _objectives(objectives: Sequence[ObjectiveStatus]) -> Iterator[Metric]:
    gravest = sorted(objectives, key=lambda one: 1.0 if (left := one.standing.budget_left) is None else left)
    shown = [((one.endpoint, one.probe_set, one.objective.name), one) for one in gravest[:MOST_OBJECTIVES]]
    measured = [(labels, one.standing) for labels, one in shown if one.standing.replies]
    yield _family("objective_target_ratio", ((labels, 1 - one.objective.allowed) for labels, one in shown))
    yield _family("objective_attained_ratio", ((labels, 1 - one.bad / one.replies) for labels, one in measured))
    yield _family("objective_budget_left_ratio", ((labels, one.budget_left or 0.0) for labels, one in measured))
    yield _family(
        "objective_burn_rate",
        (
            ((*labels, f"{window.total_seconds() / 3600:g}h"), rate)
            for labels, one in measured
            for window, rate, _ in one.burn_rates
            if rate is not None
        ),
    )
    yield _family("objective_state", (((*labels, one.standing.state), 1) for labels, one in shown))


def _bills(bills: Sequence[Bill], now: datetime) -> Iterator[Metric]:
    shown = [((one.source, one.name, one.endpoint), one) for one in bills if one.has_cost][:MOST_FEATURES]
    newest = [(labels, one.newest) for labels, one in shown if one.newest]
    yield _family("bill_month_dollars", ((labels, one.month(now)[0]) for labels, one in shown))
    yield _family("bill_newest_day_dollars", ((labels, day.dollars) for labels, day in newest))
    yield _family("bill_unpriced_calls", ((labels, day.unpriced) for labels, day in newest))
    yield _family("bill_report_failing", (((one.name,), bool(one.problem)) for _, one in shown if one.is_account))


def _deliveries(deliveries: Sequence[DeliveryView]) -> Iterator[Metric]:
    yield _family(
        "notices",
        (
            ((one.alerter, one.channel, state), count)
            for one in deliveries
            for state, count in (("owed", one.owed), ("held", one.held), ("sent", one.sent), ("failed", one.failed))
        ),
    )  # fmt: skip
    yield _family(
        "delivery_failing",
        (((one.alerter, one.channel, one.last_reason if one.failing else ""), one.failing) for one in deliveries),
    )  # fmt: skip
    yield _family(
        "last_delivery_timestamp_seconds",
        (((one.alerter, one.channel), one.last_sent_at.timestamp()) for one in deliveries if one.last_sent_at),
    )  # fmt: skip


def _daemons(daemon_statuses: Sequence[DaemonStatus], now: datetime) -> Iterator[Metric]:
    here = attendance(daemon_statuses, now)
    known = (*here.alive, *here.silent)
    yield _family(
        "daemon_up",
        (((one.worker,), one in here.alive) for one in known),
    )  # fmt: skip
    yield _family(
        "daemon_seen_timestamp_seconds",
        (((one.worker,), one.seen_at.timestamp()) for one in known),
    )  # fmt: skip
