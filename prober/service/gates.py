"""The gates of asks, of rounds and of verbs: what is stored decides, so that all processes share it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Final, Self

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.breaker import REMEMBERED, BreakerGate, outcome_of
from prober.asking.gates import Booking, BudgetGate, ClosedGate, Entry, Gate, Purpose, Refused, held_back
from prober.asking.interface import Ask
from prober.asking.limits import LONGEST_WAIT_S, LimitGate
from prober.asking.redaction import without_secrets
from prober.loading.declarations import Declarations
from prober.model.allowance import Admitted, Told
from prober.model.budget import NOTHING, ScopedBudget, Spent
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.errors import NotEnough
from prober.model.evidence import Observation
from prober.model.providers import account_of
from prober.model.reply import Reply
from prober.prices import Unpriced, tariff
from prober.settings import secrets_here
from prober.status.system_status import overspending
from prober.store import Store, limits, replies, spending
from prober.tokens import TokenEstimate, output_limit

LEARNT_FROM: Final = 100
"""Newest replies that say how many tokens an ask takes, in whole rounds."""


class StoredLedger:
    """Budgets in the store."""

    def __init__(self, store: Store, budgets: Sequence[ScopedBudget], clock: Callable[[], datetime]) -> None:
        self._store, self._budgets, self._clock = store, budgets, clock
        self._scopes = [one.scope for one in budgets if one.budget.limits]

    def book(self, costs: Sequence[Spent]) -> Booking:
        now = self._clock()
        count, reason = self._store.change(spending.reserve, self._budgets, costs, now)
        return Booking(count, reason, now.isoformat())

    def settle(self, entries: Sequence[Entry]) -> None:
        unused: dict[str, Spent] = {}
        for entry in entries:
            unused[entry.page] = unused.get(entry.page, NOTHING).plus(entry.booked.minus(entry.cost))
        for page, cost in unused.items():
            self._give_back(page, cost)

    def cancel(self, page: str, cost: Spent) -> None:
        self._give_back(page, cost)

    def _give_back(self, page: str, cost: Spent) -> None:
        if cost != NOTHING:
            self._store.change(spending.give_back, self._scopes, datetime.fromisoformat(page), cost)


def budget_gates(
    store: Store,
    endpoint: Endpoint,
    budgets: Sequence[ScopedBudget],
    recorded: Iterable[Observation],
    probes: Mapping[str, Probe],
    clock: Callable[[], datetime],
) -> list[Gate]:
    """How long replies get is known from those of earlier rounds."""
    units = {limit.unit for one in budgets for limit in one.budget.limits}
    if not units:
        return []
    price = tariff(endpoint, clock()) if "dollars" in units else None
    if isinstance(price, Unpriced):
        unknown = f"budget_exhausted: a budget is in dollars, and the price is not known: {price.reason}"
        return [ClosedGate(Refused(unknown))]
    estimate = TokenEstimate(output_limit(endpoint.parameters))
    if units != {"asks"}:
        newest = store.query(replies.newest, endpoint.content_hash, about=LEARNT_FROM)
        for series, reply in (*newest, *((one.series, one.reply) for one in recorded)):
            if series in probes:
                estimate.learn(probes[series], reply)
    return [BudgetGate(StoredLedger(store, budgets, clock), estimate, price)]


class StoredMinutes:
    """What was asked of a provider's account, in the store."""

    def __init__(self, store: Store, endpoint: Endpoint, clock: Callable[[], datetime]) -> None:
        self._store, self._account, self._clock = store, account_of(endpoint), clock
        self._endpoint = endpoint

    def is_limited(self) -> bool:
        return bool(self._endpoint.limits.by_unit) or self._store.query(limits.is_limited, self._account, self._clock())

    def book(self, costs: Sequence[Spent]) -> Admitted:
        return self._store.change(
            limits.book, self._account, costs, self._clock(), self._endpoint.name, self._endpoint.limits
        )

    def settle(self, booked_at: datetime, unused: Spent, said: Told) -> None:
        self._store.change(limits.settle, self._account, booked_at, unused, said, self._clock())


def limit_gate(store: Store, endpoint: Endpoint, clock: Callable[[], datetime]) -> LimitGate:
    """What the limits of the endpoint's account hold, declared or named by the provider."""
    return LimitGate(StoredMinutes(store, endpoint, clock), TokenEstimate(output_limit(endpoint.parameters)), clock)


def breaker_gate(
    store: Store,
    endpoint: Endpoint,
    clock: Callable[[], datetime],
    beside: Iterable[Reply] = (),
    *,
    keeps_pause: bool = True,
) -> BreakerGate:
    """The breaker as the newest stored replies of the endpoint leave it. `beside`: stored replies of no round."""
    newest = store.query(replies.newest_failures, endpoint.name, endpoint.content_hash, REMEMBERED)
    outcomes = sorted(map(outcome_of, (*newest, *beside)), key=lambda one: one.at)[-REMEMBERED:]
    return BreakerGate(outcomes, clock, endpoint.name, keeps_pause=keeps_pause)


def overspending_gates(store: Store, endpoint: Endpoint, purpose: Purpose, probe_set: str, now: datetime) -> list[Gate]:
    """A gate that is closed where asks for this purpose are held back; none where they are not."""
    refused = held_back(purpose, probe_set, store.query(overspending, endpoint.content_hash, now))
    return [] if refused is None else [ClosedGate(refused)]


def round_gates(
    store: Store,
    endpoint: Endpoint,
    budgets: Sequence[ScopedBudget],
    recorded: Iterable[Observation],
    probes: Mapping[str, Probe],
    clock: Callable[[], datetime],
    *,
    is_scheduled: bool,
    purpose: Purpose,
    probe_set: str,
) -> list[Gate]:
    """The gates of a round: what overspending holds back, the breaker of the endpoint, the limits of its account, then
    the budgets.

    `is_scheduled`: whether a schedule made the round due, so that it may wait for the breaker, for limits and for the
    plan. What a person or a pipeline asks is not held back.
    """
    if is_scheduled and (closed := overspending_gates(store, endpoint, purpose, probe_set, clock())):
        return closed
    guard = breaker_gate(store, endpoint, clock, keeps_pause=is_scheduled)
    paid = budget_gates(store, endpoint, budgets, recorded, probes, clock)
    if not is_scheduled and not endpoint.limits.by_unit:
        return [guard, *paid]
    return [guard, limit_gate(store, endpoint, clock), *paid]


class VerbGates:
    """The gates of what a verb asks outside of rounds. Such an ask counts in every budget of the sets it is taken from.
    One breaker for each endpoint, of this verb's own asks: an endpoint that answers nothing ends the verb after three.

    Use as a context manager. The store is opened where a budget or limits are declared, so that a verb without them
    needs none; where it is open, the limits that the provider named hold as well.
    """

    def __init__(
        self, declarations: Declarations, open_store: Callable[[], Store], clock: Callable[[], datetime]
    ) -> None:
        self._declarations, self._open_store, self._clock = declarations, open_store, clock
        self._stack = ExitStack()
        self._store: Store | None = None
        self._breakers: dict[tuple[str, str], BreakerGate] = {}
        """By the endpoint's name and content hash: two endpoints may differ only in their key."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def of(self, endpoint: Endpoint, probes: Mapping[str, Probe]) -> list[Gate]:
        """`probes`: `set/probe id` → probe; what is of no set counts for the endpoint and in all. Raises StoreError."""
        guard = self._breakers.setdefault(
            (endpoint.name, endpoint.content_hash), BreakerGate((), self._clock, endpoint.name, opens_by_limits=False)
        )
        names = {key.partition("/")[0] for key in probes}
        sets: list[ProbeSet | None] = [one for one in self._declarations.sets if one.name in names]
        every = [one for each in sets or [None] for one in self._declarations.budgets_of(each, endpoint)]
        budgets = {one.scope: one for one in every if one.budget.limits}
        if not budgets and not endpoint.limits.by_unit:
            return [guard]
        if self._store is None:
            self._store = self._stack.enter_context(self._open_store())
        if closed := overspending_gates(self._store, endpoint, "beside", "", self._clock()):
            return closed
        by_series = {series_key(endpoint, one): one for one in probes.values()}
        paid = budget_gates(self._store, endpoint, [*budgets.values()], (), by_series, self._clock)
        return [guard, limit_gate(self._store, endpoint, self._clock), *paid]

    def ask(self, provider: Provider, endpoint: Endpoint, probe: Probe, sample: int = 0, probe_set: str = "") -> Reply:
        """One ask. Raises NotEnough where a gate refuses it, ConfigurationError, StoreError."""
        gates = self.of(endpoint, {f"{probe_set}/{probe.id}": probe})
        asker = Asker(provider, self._clock, 1, gates, time.sleep, LONGEST_WAIT_S)
        asks = [Ask(endpoint, probe, sample, series_key(endpoint, probe))]
        answers = [answer for arrived in asker.ask(asks) for answer in arrived]
        if asker.refused is not None:
            raise NotEnough(asker.refused.reason)
        # What it was sent is taken out already. It is shown at once, so it must hold no other secret of ours either.
        return without_secrets(answers[0].reply, secrets_here())
