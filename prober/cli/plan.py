"""`prober plan`: what declarations will lead to, before anybody is asked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Final

import typer

from prober.cli.options import AsJson, Paths, declared
from prober.cli.plain import Json, of_promise
from prober.cli.screen import count, print_json, say, table
from prober.declaration import Endpoint, Probe, ProbeSet
from prober.loading import Declarations
from prober.tick import asks

app = typer.Typer()

DAYS_PER_YEAR: Final = 365.25
CHARACTERS_PER_TOKEN: Final = 4
"""Of English text, roughly; other languages need more tokens."""
_LIMITS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"})
"""What providers call the most tokens of an answer."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One probe set on one endpoint."""

    probe_set: str
    rounds_per_day: float
    asks_per_round: int
    asks_per_day: float
    input_tokens_per_day: float
    """Estimated from the characters of the prompts."""
    output_tokens_per_day: float | None
    """At most; None where the endpoint declares no limit."""
    reference_rounds: int
    """Rounds until the reference is complete."""
    reference_days: float
    """Days from the first of them to the last."""


@app.command()
def plan(paths: Paths = None, as_json: AsJson = False) -> int:
    """Say what will be asked, how often, and what is promised; nobody is asked."""
    declarations = declared(paths)
    asked = [
        (
            endpoint,
            [planned(declarations, one, endpoint) for one in declarations.sets if endpoint.name in one.endpoints],
        )
        for endpoint in declarations.endpoints
    ]
    if as_json:
        print_json({"endpoints": [_as_json(declarations, endpoint, sets) for endpoint, sets in asked]})
        return 0
    for number, (endpoint, sets) in enumerate(asked):
        say(*([""] if number else []), f"{endpoint.name}: {endpoint.provider} {endpoint.model}")
        if not sets:
            say("  No probe set asks it.")
            continue
        _show(declarations, endpoint, sets)
    return 0


def planned(declarations: Declarations, probe_set: ProbeSet, endpoint: Endpoint) -> Planned:
    """One probe set on one endpoint; rates are means over a year, tokens estimates."""
    alone = replace(declarations, sets=(probe_set,)).promise(endpoint)
    rounds_per_day = alone.rounds_per_year / DAYS_PER_YEAR
    reference = max(endpoint.reference.rounds, ceil(endpoint.reference.hours / 24 * rounds_per_day - 1e-9) + 1)
    limit = output_limit(endpoint.parameters)
    return Planned(
        probe_set=probe_set.name,
        rounds_per_day=rounds_per_day,
        asks_per_round=asks(probe_set),
        asks_per_day=rounds_per_day * asks(probe_set),
        input_tokens_per_day=rounds_per_day * sum(probe.samples * input_tokens(probe) for probe in probe_set.probes),
        output_tokens_per_day=None if limit is None else rounds_per_day * asks(probe_set) * limit,
        reference_rounds=reference,
        reference_days=(reference - 1) / rounds_per_day,
    )


def input_tokens(probe: Probe) -> int:
    """Tokens of one ask, estimated."""
    sent = [message.content for message in probe.conversation] + [probe.system or ""]
    sent += [json.dumps(tool.model_dump()) for tool in probe.tools]
    return ceil(sum(map(len, sent)) / CHARACTERS_PER_TOKEN)


def output_limit(parameters: object) -> int | None:
    """The most tokens of one answer that the parameters ask for; None where they do not say."""
    if not isinstance(parameters, dict):
        return None
    for name, value in parameters.items():
        found = value if name in _LIMITS and isinstance(value, int) else output_limit(value)
        if found is not None:
            return found
    return None


def _as_json(declarations: Declarations, endpoint: Endpoint, sets: list[Planned]) -> Json:
    promise = declarations.promise(endpoint) if sets else None
    return {
        "endpoint": endpoint.name,
        "provider": endpoint.provider,
        "model": endpoint.model,
        "promise": of_promise(promise) if promise else None,
        "asks_per_day": sum(one.asks_per_day for one in sets),
        "input_tokens_per_day": sum(one.input_tokens_per_day for one in sets),
        "output_tokens_per_day": _total(one.output_tokens_per_day for one in sets),
        "budget": endpoint.budget.model_dump(),
        "confirm": endpoint.confirm.model_dump(),
        "probe_sets": [asdict(one) for one in sets],
    }


def _show(declarations: Declarations, endpoint: Endpoint, sets: list[Planned]) -> None:
    table(
        ("probe set", "rounds a day", "asks a day", "tokens in a day", "tokens out a day", "reference complete"),
        [
            (
                one.probe_set,
                f"{one.rounds_per_day:.3g}",
                f"{one.asks_per_day:,.0f}",
                f"about {one.input_tokens_per_day:,.0f}",
                "no limit declared"
                if one.output_tokens_per_day is None
                else f"at most {one.output_tokens_per_day:,.0f}",
                f"after {one.reference_rounds} rounds, {one.reference_days:.1f} days after the first",
            )
            for one in sets
        ],
    )
    promise = declarations.promise(endpoint)
    scheduled = promise.threshold - promise.most_confirmations
    say(
        f"  Promise: at most {count(promise.false_alarms_per_year, 'false alarm')} a year "
        f"(one in {scheduled:,.0f} scheduled rounds or more), all probe sets together."
    )
    rule = endpoint.confirm
    if rule.rounds:
        most = max(rule.per_day * one.asks_per_round for one in sets)
        say(
            f"  Suspicion is asked about again at once, in up to {count(rule.rounds, 'round')}; "
            f"of a probe set in at most {rule.per_day} a day, or {most:,} asks."
        )
    daily = sum(one.asks_per_day for one in sets)
    budget = endpoint.budget.asks_per_day
    if budget is not None and daily > budget:
        say(f"  Its budget of {budget:,} asks a day ends before the day does: rounds will be missed.")


def _total(numbers: object) -> float | None:
    known = list(numbers)  # type: ignore[call-overload]
    return None if not known or None in known else sum(known)
