"""`prober slo`: where the declared quality objectives stand."""

from __future__ import annotations

from datetime import timedelta

import typer

from prober.alerts.phrases import minute
from prober.cli.database import open_store
from prober.cli.declared import Paths, declared
from prober.cli.options import AsJson, Database, now_utc
from prober.cli.output import Json, of_time, print_json, say
from prober.incidents.objective_standing import objective_standing, window_words
from prober.status.objectives import ObjectiveStatus, exit_code, objectives
from prober.text import count, one_line

app = typer.Typer(add_completion=False)

_WORDS = {
    "met": "MET",
    "burning": "BURNING: the error budget is spent too fast",
    "missed": "MISSED",
    "too_few": "too few replies to say",
}


@app.command()
def slo(paths: Paths = None, database: Database = None, as_json: AsJson = False) -> int:
    """Show how the declared quality objectives stand: share, error budget, burn rates.

    Exit code 1 if one is missed or its budget burns, 3 if there are too few replies to say, else 0.
    """
    declarations = declared(paths)
    with open_store(database, read_only=True) as store:
        found = store.query(objectives, declarations.sets, now_utc())
    if as_json:
        print_json({"objectives": [_as_json(one) for one in found]})
    elif not found:
        say("No objective is declared in these files; write `objectives:` into a probe set.")
    else:
        say(*(line for one in found for line in _words(one)))
    return exit_code(found)


def _words(one: ObjectiveStatus) -> list[str]:
    standing, objective = one.standing, one.objective
    title = f"{one.probe_set} on {one.endpoint}, {objective.name}: {_WORDS[standing.state]}"
    if standing.burning_since is not None:
        title += f", since {minute(standing.burning_since)}"
    lines = [title]
    if standing.replies:
        lines.append(f"  {objective_standing(objective, standing, with_interval=True)}")
        rates = [
            f"{window_words(window)} {rate:.1f}× ({replies:,})"
            for window, rate, replies in standing.burn_rates
            if rate is not None
        ]
        lines.append(f"  burn rate, and replies: {', '.join(rates)}")
    if standing.newest is not None:
        lines.append(f"  as of the newest round, {minute(standing.newest)}")
    if standing.needed:
        lines.append(f"  about {count(standing.needed, 'more reply')} needed")
    return [one_line(line) for line in lines]


def _as_json(one: ObjectiveStatus) -> Json:
    standing, objective = one.standing, one.objective
    return {
        "probe_set": one.probe_set,
        "endpoint": one.endpoint,
        "name": objective.name,
        "measure": objective.measure,
        "seconds": objective.seconds,
        "dollars": objective.dollars,
        "allowed": objective.allowed,
        "window": objective.window,
        "state": standing.state,
        "replies": standing.replies,
        "bad": standing.bad,
        "interval": standing.interval,
        "budget_left": standing.budget_left,
        "burning_since": of_time(standing.burning_since),
        "e_value": standing.e_value,
        "threshold": standing.threshold,
        "burn_rates": [
            {"hours": window / timedelta(hours=1), "rate": rate, "replies": replies}
            for window, rate, replies in standing.burn_rates
        ],
        "newest_round": of_time(standing.newest),
        "needed": standing.needed,
    }
