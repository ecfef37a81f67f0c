"""The bill of the team's own traffic: looked at as time goes by. Nothing of it is added to what the prober spends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from prober.asking.cost_reports import CostReportError, read_report
from prober.incidents.bill import UNITS, BillStanding, bill, day_words
from prober.incidents.measured import course, withdrawn
from prober.incidents.routing import Routing
from prober.judging.bill import DAY, HOUR, estimate, loop_words, settled, so_far
from prober.judging.promise import HOURS_PER_YEAR
from prober.judging.runaway import Spending, closed, decode, encode, threshold
from prober.model.bill import BilledAccount, BilledDay, BillSource, BillUnit, FeatureTraffic, OwnTraffic, Spender, Sums
from prober.model.decision import Decision
from prober.model.declaration import Endpoint
from prober.model.incident import Measured
from prober.prices import MILLION, Tariff, Unpriced, tariff, tariff_of_model
from prober.service.decisions import carry_out, locked
from prober.service.measure import UNWRITTEN, circumstances
from prober.store import Store, Transaction, incidents, samples
from prober.store import bill as stored

LATE: Final = timedelta(hours=48)
"""How much later than its calls a sample may come. Until then an hour without samples does not count as one without
calls."""
WHOLE_AFTER: Final = timedelta(days=1)
"""After its end a day of a report counts as whole: providers add to it for some hours."""
REPORTED: Final = timedelta(days=31)
"""Days of a report that are read each time: providers correct them."""
_LOOKED_BACK: Final = timedelta(days=40)
"""The hours of this time are read again each hour; older ones that were not judged by then never are."""
AGAIN: Final = timedelta(hours=1)
"""How long to wait before a report that could not be read is asked for again."""
LEAST_DOLLARS: Final = 0.01
"""The plan of an hour or a day is at least this much: many times a smaller amount is no news."""
LEAST_TOKENS: Final = 1_000
KNOWN_FOR: Final = timedelta(days=8)
"""An account that is no longer declared is forgotten when nobody has asked for its report for this long."""

ReadReport = Callable[[BilledAccount, datetime], Sequence[BilledDay]]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look at one feature or account found, before it is judged."""

    source: BillSource
    name: str
    endpoint: str
    of: str
    spender: Spender
    share: float
    unit: BillUnit
    length: timedelta
    amounts: Mapping[datetime, float]
    """By when an hour, or a day, began."""
    until: datetime
    """End of what is whole."""
    days: tuple[BilledDay, ...]
    """Oldest first."""
    seen: str
    read_at: datetime | None
    no_price: str = ""
    loop: tuple[str, datetime] | None = None


def look_at_bill(
    store: Store,
    own: OwnTraffic,
    endpoints: Iterable[Endpoint],
    routing: Routing,
    now: datetime,
    read: ReadReport = read_report,
) -> tuple[Decision, ...]:
    """Read the reports that are due, and judge what is new of features and accounts. Raises StoreError."""
    known = {one.name: one for one in endpoints}
    done: list[Decision | None] = []
    for feature in store.query(samples.features):
        spender = own.features.get(feature.name, FeatureTraffic())
        endpoint = known.get(feature.endpoint)
        with locked(store, endpoint.content_hash if endpoint else "") as tx:
            looked = _of_feature(tx, feature, spender, endpoint, now)
            done.append(None if looked is None else _settle(tx, looked, endpoint, routing, now))
    for name, account in own.accounts.items():
        done.append(_of_account(store, name, account, routing, now, read))
    with store.write() as tx:
        stored.forget_accounts(tx, own.accounts, now - KNOWN_FOR)
        for one in incidents.open_measured(tx, "bill"):
            if not any(stored.known(tx, source, one.endpoint, one.about) for source in get_args(BillSource)):
                done.append(decision := withdrawn(one, now))
                carry_out(tx, decision, routing, now)
    return tuple(one for one in done if one is not None)


def _of_feature(
    tx: Transaction, feature: samples.Feature, spender: FeatureTraffic, endpoint: Endpoint | None, now: datetime
) -> _Looked | None:
    """None where nothing is new since the look before."""
    held = stored.known(tx, "feature", feature.endpoint, feature.name)
    price = endpoint.price.model_dump_json() if endpoint and endpoint.price else ""
    newest_at = min(feature.newest_at or now, now)
    hour = now.replace(minute=0, second=0, microsecond=0)
    seen = f"{feature.stored} {feature.dropped} {newest_at} {hour} {spender.model_dump_json()} {price}"
    if held is not None and held.seen == seen:
        return None
    is_new_hour = held is None or f" {hour} " not in held.seen
    judged_until = now if held is None or held.judged_until is None else held.judged_until
    since = min(_midnight(judged_until), _midnight(now)) - (_LOOKED_BACK if is_new_hour else 2 * DAY)
    hours = stored.hours(tx, feature.endpoint, feature.name, since)
    priced, no_price = _priced(hours, endpoint, now)
    calls = sum(one.calls + one.uncounted for by in hours.values() for one in by.values())
    known_calls = sum(one.calls for (_, model), one in _each(hours) if priced[model] is not None)
    unit: BillUnit = "dollars" if 2 * known_calls >= calls else "tokens"
    if not is_new_hour and held is not None and held.spending is not None:
        unit = "tokens" if decode(held.spending).content == "tokens" else "dollars"
    amounts: dict[datetime, float] = {}
    for (at, model), one in _each(hours):
        of = one.tokens if unit == "tokens" else UNITS * _cost(one, priced[model])[0]
        amounts[at] = amounts.get(at, 0.0) + of / spender.share
    loop = None
    if newest_at > now - LATE:
        found = stored.loops(tx, feature.endpoint, feature.name, newest_at - HOUR, newest_at)
        loop = loop_words(*found, spender.max_steps, spender.max_repeats)
    until = max(newest_at, now - LATE).replace(minute=0, second=0, microsecond=0)
    return _Looked(
        "feature", feature.name, feature.endpoint, f"live samples of {feature.name} on {feature.endpoint}", spender,
        spender.share, unit, HOUR, amounts, until, _days(hours, priced, spender.share), seen, feature.newest_at,
        no_price, loop,
    )  # fmt: skip


def _each(hours: Mapping[datetime, Mapping[str, Sums]]) -> Iterable[tuple[tuple[datetime, str], Sums]]:
    return (((at, model), one) for at, by in hours.items() for model, one in by.items())


def _priced(
    hours: Mapping[datetime, Mapping[str, Sums]], endpoint: Endpoint | None, now: datetime
) -> tuple[dict[str, Tariff | None], str]:
    """Model → its price, None where it is not known; and why, of one of them."""
    found: dict[str, Tariff | None] = {}
    why = ""
    for model in sorted({model for by in hours.values() for model in by}):
        price: Tariff | Unpriced = tariff(endpoint, now) if endpoint else tariff_of_model(model, now)
        found[model] = price if isinstance(price, Tariff) else None
        why = why if isinstance(price, Tariff) else price.reason
    return found, why


def _cost(one: Sums, price: Tariff | None) -> tuple[float, float]:
    """In dollars, and the sum of squares."""
    if price is None:
        return 0.0, 0.0
    return one.cost(price.input_per_million / MILLION, price.output_per_million / MILLION, price.per_ask)


def _days(
    hours: Mapping[datetime, Mapping[str, Sums]], priced: Mapping[str, Tariff | None], share: float
) -> tuple[BilledDay, ...]:
    sums: dict[str, list[float]] = {}
    for (at, model), one in _each(hours):
        cost, squares = _cost(one, priced[model])
        unpriced = one.uncounted + (one.calls if priced[model] is None else 0.0)
        day = sums.setdefault(f"{at.astimezone(UTC):%Y-%m-%d}", [0.0] * 5)
        for i, value in enumerate((cost, squares, one.calls + one.uncounted, one.tokens, unpriced)):
            day[i] += value
    return tuple(
        BilledDay(day, *estimate(cost, squares, share), calls / share, tokens / share, unpriced / share)
        for day, (cost, squares, calls, tokens, unpriced) in sorted(sums.items())
    )


def _of_account(
    store: Store, name: str, account: BilledAccount, routing: Routing, now: datetime, read: ReadReport
) -> Decision | None:
    """None where its report is not due, or could not be read."""
    held = store.query(stored.known, "account", name, name)
    pause = min(timedelta(seconds=account.every_s), AGAIN) if held and held.problem else _every(account)
    if not store.change(stored.claim_report, name, now, now - pause):
        return None
    try:
        days = tuple(read(account, now - REPORTED))
    except CostReportError as error:
        with store.write() as tx:
            held = stored.known(tx, "account", name, name)
            if held is not None:
                failed = replace(held, declared={**held.declared, "owner": account.owner}, problem=str(error))
                stored.keep(tx, "account", name, name, failed)
        return None
    amounts = {datetime.fromisoformat(one.day).replace(tzinfo=UTC): UNITS * one.dollars for one in days}
    looked = _Looked(
        "account", name, name, f"the account {name} at {account.provider}", account, 1.0, "dollars", DAY, amounts,
        _midnight(now - WHOLE_AFTER), days, "", now,
    )  # fmt: skip
    with store.write() as tx:
        return _settle(tx, looked, None, routing, now)


def _every(account: BilledAccount) -> timedelta:
    # A little less, so that a report that is read daily does not wander through the day.
    return timedelta(seconds=account.every_s) - timedelta(minutes=5)


def _settle(
    tx: Transaction, looked: _Looked, endpoint: Endpoint | None, routing: Routing, now: datetime
) -> Decision | None:
    """Learn or judge what is whole by now, decide, and write it."""
    held = stored.known(tx, looked.source, looked.endpoint, looked.name)
    if not looked.days:
        empty = replace(
            held or stored.Known(_declared(looked.spender)), seen=looked.seen, read_at=looked.read_at, problem=""
        )
        stored.keep(tx, looked.source, looked.endpoint, looked.name, empty)
        return None
    stored.keep_days(tx, looked.source, looked.endpoint, looked.name, looked.days)
    known = decode(held.spending) if held is not None and held.spending else Spending()
    at = held.judged_until if held is not None else None
    if at is not None and at > _midnight(now) + 2 * DAY:  # by a clock that was ahead: nothing else is so far
        at = _midnight(now)
    elif at is not None:  # a clock that is years ahead makes no work of years
        at = max(at, _midnight(looked.until) - _LOOKED_BACK)
    before = incidents.newest_measured(tx, "bill", looked.name, looked.endpoint)
    was_open = before is not None and before.state != "closed"
    if known.is_open and not was_open:  # a person ended it
        is_plan = before is not None and before.close_reason == "accepted"
        at, known = (_midnight(now) + DAY, Spending(content=looked.unit)) if is_plan else (at, closed(known))
    if known.content != looked.unit:
        at, known = None, Spending(content=looked.unit)
    if at is None:
        first = min(looked.amounts)
        at = first if first == _midnight(first) else _midnight(first) + DAY
    most, least = looked.spender.runaway / 2, LEAST_DOLLARS * UNITS if looked.unit == "dollars" else LEAST_TOKENS
    known, at = settled(known, at, looked.amounts, looked.until, looked.length, most, least)
    newest = so_far(known, at, looked.amounts, most)
    stands = _standing(looked, known, newest, endpoint)
    rules = circumstances(tx, looked.endpoint, endpoint, routing, now)
    decision = course(before, bill(before, stands, now), now, rules)
    is_open = isinstance(decision.incident, Measured) and decision.incident.state != "closed"
    known = replace(known, is_open=is_open and (known.is_open or newest.e_value >= stands.threshold))
    if was_open and not is_open:
        known = closed(known)
    declared = _declared(looked.spender, looked.share, known.is_learnt)
    stored.keep(
        tx, looked.source, looked.endpoint, looked.name,
        stored.Known(declared, encode(known), at, looked.seen, looked.read_at, "", looked.no_price),
    )  # fmt: skip
    if decision.reason in UNWRITTEN:
        return None
    carry_out(tx, decision, routing, now)
    return decision


def _standing(looked: _Looked, known: Spending, newest: Spending, endpoint: Endpoint | None) -> BillStanding:
    limit = looked.spender.dollars_per_day
    over = [one for one in looked.days[-2:] if limit is not None and one.low > limit]
    day = (over or looked.days)[-1]
    return BillStanding(
        name=looked.name,
        endpoint=looked.endpoint,
        endpoint_hash=endpoint.content_hash if endpoint else "",
        of=looked.of,
        period="an hour" if looked.length == HOUR else "a day",
        unit=looked.unit,
        spender=looked.spender,
        settled=known,
        newest=newest,
        threshold=threshold(HOURS_PER_YEAR * (HOUR / looked.length)),
        day=day.day,
        day_least=day.low,
        day_words=day_words(day, looked.unit, looked.share),
        loop=looked.loop,
    )


def _declared(spender: Spender, share: float = 1.0, is_learnt: bool = False) -> dict[str, object]:
    limit = spender.dollars_per_day
    return {"owner": spender.owner, "share": share, "dollars_per_day": limit, "is_learnt": is_learnt}


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
