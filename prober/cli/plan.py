"""`prober plan`: asks, tokens and dollars that the declarations lead to, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Literal

import typer

from prober.cli.costs import (
    NOTHING_USED,
    RECENT,
    Cost,
    PlannedLimit,
    Used,
    cost,
    missing_of_each,
    progress,
    stored,
    used,
)
from prober.cli.declared import Paths, declared
from prober.cli.options import AsJson, Database, now_utc
from prober.cli.output import Json, bars, figure, of_promise, print_json, say, table
from prober.incidents.bill import bill_words
from prober.incidents.confirmation import asked_for_reference
from prober.loading.declarations import Declarations
from prober.model.bill import start_of_last_month
from prober.model.budget import SPANS, Limit
from prober.model.declaration import Endpoint, ProbeSet, series_key
from prober.model.shape import seconds
from prober.prices import tariff
from prober.status.as_json import of_bill
from prober.status.gathering import lasting
from prober.store import Store, bill
from prober.text import count, one_line
from prober.tokens import input_tokens, output_limit

app = typer.Typer(add_completion=False)

DAYS_PER_YEAR: Final = 365.25
MOST_READ: Final = 20_000
"""Stored replies that a plan of all endpoints reads, about."""
MOST_DRAWN: Final = 100
"""Endpoints whose tables are drawn for a terminal; those of more are plain."""
FEWEST: Final = 2
"""Rounds of each endpoint that it reads all the same."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One probe set on one endpoint."""

    probe_set: str
    rounds_per_day: float
    asks_per_round: int
    asks_per_day: float
    input_tokens_per_day: float
    input_tokens_from: Literal["replies", "prompts"]
    """`replies`: counted by the provider in stored replies. `prompts`: for at least one probe, estimated."""
    output_tokens_per_day: float | None
    """None where neither replies nor a limit show it."""
    output_tokens_from: Literal["replies", "limit", "nothing"]
    """`replies`: counted in stored replies. `limit`: for at least one probe, the most that the parameters allow."""
    reference_rounds: int
    """Rounds until the reference is complete."""
    reference_days: float
    """Days from the first of them to the last."""
    reference_extra_rounds: int
    """Rounds that a daemon asks beside the schedule until then, at most."""


@dataclass(frozen=True, slots=True)
class ReferenceProgress:
    """How far the reference of an endpoint is."""

    probes: int
    """Probes that the declarations ask now."""
    complete: int
    """How many of them have a complete reference."""
    missing: str
    """What the others need; empty if all are complete."""


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """All that one endpoint will be asked."""

    endpoint: Endpoint
    sets: list[Planned]
    cost: Cost | None
    """None if nothing is asked."""
    standing: ReferenceProgress | None
    """None if there is no database yet."""


@app.command()
def plan(paths: Paths = None, database: Database = None, as_json: AsJson = False) -> int:
    """Show what will be asked, how often, what it costs and what is promised. Sends nothing."""
    declarations = declared(paths)
    now = now_utc()
    with stored(database) as store:
        plans = list(planned_of_all(declarations, store, now))
        bills = store.query(bill.bills, start_of_last_month(now)) if store else ()
    limits = planned_limits(declarations, plans, now)
    if as_json:
        print_json(
            {
                "endpoints": [_as_json(declarations, one) for one in plans],
                "budgets": [one.json for one in limits],
                "bills": [of_bill(one, now) for one in bills],
            }
        )
        return 0
    passed, held = [one for one in limits if one.fits is False], [one for one in limits if one.fits is not False]
    # The gravest first: it would be overlooked below the tables.
    say(*(["Budgets that do not hold this plan:"] if passed else []), *(f"  {one.words}" for one in passed))
    for number, one in enumerate(plans):
        say(*([""] if number or passed else []), f"{one.endpoint.name}: {one.endpoint.provider} {one.endpoint.model}")
        if not one.sets:
            say("  No probe set asks it.")
            continue
        _show(declarations, one.endpoint, one.sets, is_plain=len(plans) > MOST_DRAWN)
        _show_stored(one)
    say(*(["", f"{'Other b' if passed else 'B'}udgets:"] if held else []), *(f"  {one.words}" for one in held))
    own = [one_line(bill_words(one, now)) for one in bills if one.has_cost]
    say(*(["", "Beside the plan, your own bill:"] if own else []), *(f"  {words}" for words in own))
    return 0


def planned_of_all(declarations: Declarations, store: Store | None, now: datetime) -> Iterator[EndpointPlan]:
    """Of every endpoint, in seconds however many there are."""
    missing = missing_of_each(store) if store else {}
    each_round = sum(one.asks * len(one.endpoints) for one in declarations.sets)
    rounds = min(RECENT, max(FEWEST, MOST_READ // max(each_round, 1)))
    with bars() as shown:
        for endpoint in shown.track(declarations.endpoints, description="Planning"):
            yield planned_of(declarations, endpoint, store, now, missing, rounds)


def planned_of(
    declarations: Declarations,
    endpoint: Endpoint,
    store: Store | None,
    now: datetime,
    missing: Mapping[str, str] | None = None,
    rounds: int = RECENT,
) -> EndpointPlan:
    """Plan of one endpoint; with a store, from the tokens its replies took in so many newest rounds. `missing`: as of
    `progress`."""
    asking = declarations.asking(endpoint.name)
    if not asking:
        return EndpointPlan(endpoint, [], None, None)
    series = {series_key(endpoint, probe) for one in asking for probe in one.probes} if store else set()
    took = used(store, endpoint, series, rounds) if store else NOTHING_USED
    sets = [planned(declarations, one, endpoint, took) for one in asking]
    return EndpointPlan(
        endpoint,
        sets,
        cost(
            tariff(endpoint, now),
            asks=sum(one.asks_per_day for one in sets),
            input_tokens=sum(one.input_tokens_per_day for one in sets),
            output_tokens=_total(one.output_tokens_per_day for one in sets),
            is_bound=any(one.output_tokens_from == "limit" for one in sets),
        ),
        ReferenceProgress(len(series), *progress(store, endpoint, series, missing)) if store else None,
    )


def planned_limits(declarations: Declarations, plans: Iterable[EndpointPlan], now: datetime) -> list[PlannedLimit]:
    """What the plans take of every limit of every budget that they count in."""
    sets = {one.name: one for one in declarations.sets}
    needs: dict[tuple[str, Limit], list[tuple[float | None, bool]]] = {}
    for one in plans:
        for each in one.sets:
            for scoped in declarations.budgets_of(sets[each.probe_set], one.endpoint):
                for limit in scoped.budget.limits:
                    needs.setdefault((scoped.scope, limit), []).append(_need(limit, each, one.endpoint, now))
    return [
        PlannedLimit(scope, limit.name, limit.shown, _total(need for need, _ in found), any(most for _, most in found))
        for (scope, limit), found in sorted(needs.items())
    ]


def _need(limit: Limit, one: Planned, endpoint: Endpoint, now: datetime) -> tuple[float | None, bool]:
    """What one set on one endpoint takes of a limit, and whether that is an upper bound."""
    days = max(SPANS[limit.period] / timedelta(days=1), 1 / one.rounds_per_day)
    if limit.unit == "asks":
        return days * one.asks_per_day, False
    is_bound, output = one.output_tokens_from == "limit", one.output_tokens_per_day
    if limit.unit == "tokens":
        return None if output is None else days * (one.input_tokens_per_day + output), is_bound
    daily = cost(tariff(endpoint, now), one.asks_per_day, one.input_tokens_per_day, output, is_bound).dollars_per_day
    return None if daily is None else days * daily, is_bound


def planned(
    declarations: Declarations, probe_set: ProbeSet, endpoint: Endpoint, took: Mapping[str, Used] = NOTHING_USED
) -> Planned:
    """One probe set on one endpoint; rates are means over a year. `took` maps a series to tokens of stored replies."""
    alone = declarations.promise(endpoint, of=(probe_set,))
    rounds_per_day = alone.rounds_per_year / DAYS_PER_YEAR
    reference = max(endpoint.reference.rounds, ceil(endpoint.reference.hours / 24 * rounds_per_day - 1e-9) + 1)
    warm_up = endpoint.reference.warm_up
    burst = warm_up.rounds - 1 if warm_up else 0
    pause_days = seconds(warm_up.pause) / 86_400 if warm_up else 0.0
    by_schedule = max(reference - burst, ceil(endpoint.reference.hours / 24 * rounds_per_day - 1e-9) + 1)
    limit = output_limit(endpoint.parameters)
    unknown = Used(None, None)
    seen = [took.get(series_key(endpoint, probe), unknown) if took else unknown for probe in probe_set.probes]
    asked = list(zip(probe_set.probes, seen, strict=True))
    sent = sum(p.samples * (input_tokens(p) if u.input_tokens is None else u.input_tokens) for p, u in asked)
    got = _total(
        None if (tokens := limit if u.output_tokens is None else u.output_tokens) is None else p.samples * tokens
        for p, u in asked
    )
    return Planned(
        probe_set=probe_set.name,
        rounds_per_day=rounds_per_day,
        asks_per_round=probe_set.asks,
        asks_per_day=rounds_per_day * probe_set.asks,
        input_tokens_per_day=rounds_per_day * sent,
        input_tokens_from="prompts" if any(u.input_tokens is None for u in seen) else "replies",
        output_tokens_per_day=None if got is None else rounds_per_day * got,
        output_tokens_from="nothing"
        if got is None
        else "limit"
        if any(u.output_tokens is None for u in seen)
        else "replies",
        reference_rounds=reference,
        reference_days=max((by_schedule - 1) / rounds_per_day, min(burst, reference - 1) * pause_days),
        reference_extra_rounds=asked_for_reference(endpoint.reference, alone.every_s),
    )


def _as_json(declarations: Declarations, one: EndpointPlan) -> Json:
    endpoint, sets = one.endpoint, one.sets
    promise = declarations.promise(endpoint) if sets else None
    return {
        "endpoint": endpoint.name,
        "provider": endpoint.provider,
        "model": endpoint.model,
        "promise": {**of_promise(promise), "threshold": promise.threshold} if promise else None,
        "asks_per_day": sum(one.asks_per_day for one in sets),
        "input_tokens_per_day": sum(one.input_tokens_per_day for one in sets),
        "output_tokens_per_day": _total(one.output_tokens_per_day for one in sets),
        "cost": one.cost.json if one.cost else None,
        "reference": asdict(one.standing) if one.standing else None,
        "budget": endpoint.budget.model_dump(),
        "confirm": endpoint.confirm.model_dump(),
        "probe_sets": [asdict(each) for each in sets],
    }


def _show(declarations: Declarations, endpoint: Endpoint, sets: list[Planned], *, is_plain: bool) -> None:
    table(
        ("probe set", "rounds a day", "asks a day", "tokens in a day", "tokens out a day", "reference complete"),
        [
            (
                one.probe_set,
                figure(one.rounds_per_day),
                f"{one.asks_per_day:,.0f}",
                ("" if one.input_tokens_from == "replies" else "about ") + f"{one.input_tokens_per_day:,.0f}",
                _output(one),
                f"after {count(one.reference_rounds, 'round')}, {_lasting(one.reference_days)} after the first",
            )
            for one in sets
        ],
        is_plain=is_plain,
    )
    promise = declarations.promise(endpoint)
    scheduled = promise.scheduled
    say(
        f"  Promise: at most {count(promise.false_alarms_per_year, 'false alarm')} a year "
        f"(at most one in {count(round(scheduled), 'scheduled round')}), all probe sets together.\n"
        f"  Not covered: behaviour that comes and goes more slowly than the reference can show "
        f"({_lasting(min(one.reference_days for one in sets))}). It can raise more false alarms."
    )
    if extra := sum(one.reference_extra_rounds * one.asks_per_round for one in sets):
        more = count(sum(one.reference_extra_rounds for one in sets), "more round")
        say(
            f"  While the reference is gathered, a daemon asks up to {more}, {count(extra, 'ask')}; once, not each day."
        )
    rule = endpoint.confirm
    if rule.rounds:
        most = max(rule.per_day * one.asks_per_round for one in sets)
        say(
            f"  Confirmation: a suspicious round is followed at once by up to {count(rule.rounds, 'more round')}, "
            f"at most {rule.per_day} a day ({count(most, 'ask')}) for one probe set."
        )


def _lasting(days: float) -> str:
    if days < 1:
        return lasting(timedelta(seconds=round(days * 86_400)))
    return count(round(days, 1), "day")


def _output(one: Planned) -> str:
    tokens = one.output_tokens_per_day
    if tokens is None:
        return "no limit declared"
    return ("" if one.output_tokens_from == "replies" else "at most ") + f"{tokens:,.0f}"


def _show_stored(one: EndpointPlan) -> None:
    if one.cost:
        say(f"  Cost: {one.cost.words}.")
    if one.standing is None:
        return
    reference = f"  Reference: complete for {one.standing.complete} of {count(one.standing.probes, 'probe')}"
    say(f"{reference}; {one.standing.missing}." if one.standing.missing else f"{reference}; all are judged.")


def _total(numbers: Iterable[float | None]) -> float | None:
    """None if there are none or one of them is unknown."""
    known = list(numbers)
    found = [number for number in known if number is not None]
    return sum(found) if found and len(found) == len(known) else None
