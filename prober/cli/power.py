"""`prober power`: which changes this plan would catch, by simulation from the stored reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from prober.alerts.phrases import thousands
from prober.cli.costs import Cost, memory_of, progress, reference_of, stored
from prober.cli.declared import Paths, declared
from prober.cli.options import AsJson, Database, now_utc
from prober.cli.output import Json, bars, figure, of_promise, print_json, say, table
from prober.cli.plan import EndpointPlan, planned_limits, planned_of_all
from prober.judging.channels import percent
from prober.judging.explain.probe import MOVED, PATIENCE, advice
from prober.judging.promise import Promise
from prober.lab.power import (
    Caught,
    ProbeInformation,
    ReferenceHistory,
    Sensitivity,
    history_of,
    information,
    sensitivity,
)
from prober.lab.power.changes import changes
from prober.lab.power.search import MOST_ROUNDS, POWER
from prober.loading.declarations import Declarations
from prober.model.declaration import Endpoint, Probe, series_key
from prober.model.errors import ConfigurationError
from prober.store import Store
from prober.text import count

app = typer.Typer(add_completion=False)

SPANS = {"a day": 1.0, "a week": 7.0}
"""Name → days."""


@dataclass(frozen=True, slots=True)
class Powered:
    """What the simulation says about one endpoint."""

    endpoint: Endpoint
    promise: Promise
    cost: Cost | None
    missing: str
    """Why nothing was simulated; or what the reference of some probes still needs."""
    history: ReferenceHistory | None = None
    """None if there is no reference yet."""
    sensitivities: tuple[Sensitivity, ...] = ()
    probes: tuple[ProbeInformation, ...] = ()


@app.command()
def power(
    endpoint_name: Annotated[
        str | None,
        typer.Argument(
            metavar="ENDPOINT",
            help="This endpoint only. A folder or file that exists counts as one of PATHS.",
            show_default="all that are asked",
        ),
    ] = None,
    paths: Paths = None,
    replications: Annotated[
        int,
        typer.Option(
            "--replications", metavar="N", min=5, max=10_000, help="Simulated futures for each size of change."
        ),
    ] = 20,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", min=0, help="Seed of the simulation: the same seed gives the same result."),
    ] = 0,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Show how large a change would be caught in a day and in a week, and what each probe adds.

    Simulates futures from the stored reference and judges at most 168 rounds of each with the daemon's own judge. That
    takes seconds for an endpoint that is asked daily, and no longer for one asked every minute than for one asked
    hourly. Exit code 3 if no endpoint has a complete reference.
    """
    if endpoint_name is not None and Path(endpoint_name).exists():
        paths = [Path(endpoint_name), *(paths or [])]
        endpoint_name = None
    declarations = declared(paths)
    endpoints = _asked(declarations, endpoint_name)
    now = now_utc()
    with stored(database) as store:
        plans = {one.endpoint.name: one for one in planned_of_all(declarations, store, now)}
        with bars() as shown:
            task = shown.add_task("Simulating", total=len(endpoints) * len(SPANS) * len(changes({})))
            found = [
                _powered(declarations, plans[one.name], store, replications, seed, lambda: shown.advance(task))
                for one in endpoints
            ]
    scopes = {
        each.scope
        for one in endpoints
        for probe_set in declarations.asking(one.name)
        for each in declarations.budgets_of(probe_set, one)
    }
    limits = planned_limits(declarations, plans.values(), now)
    passed = [one for one in limits if one.scope in scopes and one.fits is False]
    if as_json:
        print_json({
            "replications": replications, "seed": seed, "power": POWER, "endpoints": list(map(_json, found)),
            "budgets_passed": [one.json for one in passed],
        })  # fmt: skip
    else:
        if passed:  # the gravest first
            say("Budgets that do not hold this plan; each round that is missed makes what is shown below later:")
            say(*(f"  {one.words}" for one in passed))
        for number, one in enumerate(found):
            say(*([""] if number or passed else []))
            _show(one, replications, seed)
    return 0 if any(one.history for one in found) else 3


def _asked(declarations: Declarations, name: str | None) -> list[Endpoint]:
    wanted = declarations.endpoints if name is None else (declarations.endpoint(name),)
    asked = [one for one in wanted if declarations.asking(one.name)]
    if not asked:
        which = "any endpoint" if name is None else name
        raise ConfigurationError(f"no probe set asks {which}; name it under `endpoints:` of one")
    return asked


def _powered(declarations: Declarations, planned: EndpointPlan, store: Store | None, replications: int, seed: int,
             step: Callable[[], None]) -> Powered:  # fmt: skip
    endpoint = planned.endpoint
    promise = declarations.promise(endpoint)
    if store is None:
        return Powered(endpoint, promise, planned.cost, "nothing is stored yet; `prober run` gathers a reference")
    probes = _probes(declarations, endpoint)
    complete, missing = progress(store, endpoint, probes)
    if not complete:
        return Powered(endpoint, promise, planned.cost, f"no reference yet; {missing}")
    memory = memory_of(store, endpoint)
    history = history_of(reference_of(store, endpoint, memory), set(memory.series) & set(probes))
    return Powered(
        endpoint,
        promise,
        planned.cost,
        missing,
        history,
        sensitivity(
            history, changes(probes), promise, tuple(SPANS.values()), replications, seed, progress=lambda words: step()
        ),
        information(history, promise),
    )


def _probes(declarations: Declarations, endpoint: Endpoint) -> dict[str, Probe]:
    """Series → probe, for all probes that the endpoint is asked now."""
    asking = declarations.asking(endpoint.name)
    return {series_key(endpoint, probe): probe for one in asking for probe in one.probes}


def _show(one: Powered, replications: int, seed: int) -> None:
    say(f"{one.endpoint.name}: {one.endpoint.provider} {one.endpoint.model}")
    if one.missing:
        say(f"  {one.missing}")
    if one.history is None:
        return
    table(("change", *(f"caught within {span}" for span in SPANS)), _rows(one.sensitivities))
    week = 7 * one.promise.false_alarms_per_year / 365.25
    say(
        f"  The smallest change caught in at least {percent(POWER)} of "
        f"{count(replications, 'simulated future')} (seed {seed}): "
        "how many caught it, and the 95 % interval of that share.",
        f"  Simulated from {count(len(one.history.rounds), 'reference round')}. Scheduled rounds only, "
        f"{figure(one.promise.rounds_per_year / 365.25)} a day: confirmation rounds would catch a change sooner.",
        f"  Threshold {thousands(one.promise.threshold)}: "
        f"without a change, an alarm in at most {percent(week)} of weeks.",
    )
    if any(each.judged < each.rounds for each in one.sensitivities):
        hours = MOST_ROUNDS * one.promise.every_s / 3600
        say(
            f"  Judged are the first {MOST_ROUNDS} rounds after a change, {figure(hours)} hours of this plan: "
            "in the rest of the time smaller changes may be caught too."
        )
    if one.cost:
        say(f"  Cost: {one.cost.words}.")
    say("")
    table(
        ("probe", "answers a round", "most informative channel", "alone it needs", "advice"),
        map(_probe_row, one.probes),
    )
    say(f"  Alone: the time an ideal detector would need with this probe only, if {percent(MOVED)} of replies change.")


def _rows(found: Sequence[Sensitivity]) -> list[list[str]]:
    rows: dict[str, list[str]] = {}
    for one in found:
        rows.setdefault(one.change.words, [one.change.words]).append(_caught(one))
    return list(rows.values())


def _caught(one: Sensitivity) -> str:
    if not one.channels:
        return "no probe shows it"
    is_whole = one.judged == one.rounds
    if one.smallest:
        return f"{'' if is_whole else 'at most '}{one.change.show(one.smallest.size)} ({_of(one.smallest)})"
    if one.largest:
        early = "" if is_whole else f" in {count(one.judged, 'round')}"
        return f"not even {one.change.show(one.largest.size)}{early} ({_of(one.largest)})"
    return "no round in that time"


def _of(caught: Caught) -> str:
    low, high = caught.interval
    return f"{caught.caught} of {caught.futures}, {100 * low:.0f} to {100 * high:.0f} %"


def _probe_row(one: ProbeInformation) -> list[str]:
    best = one.channels[0] if one.channels else None
    days = one.days_alone
    return [
        one.probe,
        figure(one.asks),
        best.channel if best and best.moved_nats else "nothing",
        "never" if days is None else "over ten years" if days > 3652 else count(round(max(days, 0.1), 1), "day"),
        advice(one) or "fine",
    ]


def _json(one: Powered) -> Json:
    return {
        "endpoint": one.endpoint.name,
        "promise": {**of_promise(one.promise), "threshold": one.promise.threshold},
        "cost": one.cost.json if one.cost else None,
        "missing": one.missing,
        "reference_rounds": len(one.history.rounds) if one.history else 0,
        "changes": [_sensitivity_json(each) for each in one.sensitivities],
        "probes": [_probe_json(each) for each in one.probes],
        "patience_days": PATIENCE,
    }


def _sensitivity_json(one: Sensitivity) -> Json:
    return {
        "change": one.change.name,
        "words": one.change.words,
        "days": one.days,
        "rounds": one.rounds,
        "judged_rounds": one.judged,
        "channels": one.channels,
        "smallest": _caught_json(one.smallest),
        "largest_tried": _caught_json(one.largest),
    }


def _caught_json(one: Caught | None) -> Json | None:
    if one is None:
        return None
    return {"size": one.size, "caught": one.caught, "futures": one.futures, "interval": one.interval}


def _probe_json(one: ProbeInformation) -> Json:
    return {**asdict(one), "advice": advice(one)}
