"""`prober drill`: would anybody be told?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Optional

import typer

from prober.alerts import open_alerters
from prober.alerts.interface import Alerter
from prober.cli.options import AsJson, Database, Paths, declared, settings_of
from prober.cli.output import Json, count, of_incident, print_json, say
from prober.lab.drill import CHANGES, ChangeName, Drilled, drill
from prober.lab.drill.run import PATIENCE_S, Tools
from prober.loading.quoting import quoted
from prober.loading.validation_errors import did_you_mean
from prober.model.errors import ConfigurationError
from prober.store import Store

app = typer.Typer(add_completion=False)


@app.command("drill")
def run_drill(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="As `endpoints.yaml` names it.")],
    paths: Paths = None,
    change: Annotated[
        str, typer.Option("--change", metavar="NAME", help="What happens to it: refusal, wording or identity.")
    ] = "refusal",
    to: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--to", metavar="ALERTER", help="Tell these alone, such as `slack`.", show_default="all"),
    ] = None,
    patience: Annotated[
        float, typer.Option("--patience", metavar="SECONDS", min=0, help="How long a channel is tried again.")
    ] = PATIENCE_S,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Prove the path from a change to the people: change a copy of the newest rounds, and tell of it as a drill.

    The judge, the decision, the message and the channel are the real ones; the stored rounds are only read. When all
    is told, it is told that the drill is over.

    Exit code 0 where the change was seen and every message arrived; 1 where it was not seen; 2 where a channel refuses
    messages for good; 3 where there is no reference yet, or a channel could not be reached in time.
    """
    name = _change(change)
    declarations = declared(paths)
    asked = declarations.endpoint(endpoint)
    settings = settings_of(database)
    alerters = _chosen(open_alerters(settings), to)
    with Store.open(settings.database_url, read_only=True) as store:
        done = drill(store, declarations, asked, name, alerters, settings.dashboard_url, Tools(patience_s=patience))
    untold = [one.name for one in alerters if one.name not in {told.alerter for told in done.told}]
    if as_json:
        print_json(_as_json(done, untold))
    else:
        say(*_words(done, untold))
    return exit_code(done)


def exit_code(done: Drilled) -> int:
    """Not seen outweighs not told, and a channel that refuses outweighs one that may come back."""
    if done.incident is None:
        return 1
    failed = [one.outcome for one in done.told if not one.outcome.sent]
    return 2 if any(outcome.permanent for outcome in failed) else 3 if failed or not done.told else 0


def _change(name: str) -> ChangeName:
    for known in CHANGES:
        if name == known:
            return known
    raise ConfigurationError(f"unknown change {quoted(name)}; {did_you_mean(name, list(CHANGES))}")


def _chosen(alerters: tuple[Alerter, ...], names: list[str] | None) -> tuple[Alerter, ...]:
    known = [one.name for one in alerters]
    for name in names or ():
        if name not in known:
            raise ConfigurationError(
                f"no alerter {quoted(name)} is configured; {did_you_mean(name, known)}; "
                "its variables must be set where the drill runs"
            )
    return tuple(one for one in alerters if not names or one.name in names)


def _words(done: Drilled, untold: list[str]) -> list[str]:
    lines = [f"Drill on {done.endpoint}: {CHANGES[done.change].words}."]
    lines += [f"  {step.seconds:7.2f} s  {step.name}: {step.words}" for step in done.steps]
    for one in done.told:
        tries = f" after {one.tries} tries" if one.tries > 1 else ""
        lines.append(f"  {one.seconds:7.2f} s  {one.alerter}, {one.event}: {one.outcome.reason}{tries}")
    if done.incident is None:
        return [*lines, f"NOT SEEN: no alarm over {count(done.rounds, 'changed round')}. Try `prober power`."]
    if untold:
        lines.append(f"Not told, because nothing sends it there: {', '.join(untold)}")
    failed = sorted({one.alerter for one in done.told if not one.outcome.sent})
    if failed:
        return [*lines, f"NOT TOLD: {', '.join(failed)}. The words above say why."]
    if not done.told:
        return [*lines, "NOT TOLD: nobody is owed a message of it."]
    told = ", ".join(dict.fromkeys(one.alerter for one in done.told))
    return [*lines, f"Seen in changed round {done.seen}, told to {told}, and taken back."]


def _as_json(done: Drilled, untold: list[str]) -> Json:
    return {
        "endpoint": done.endpoint,
        "change": done.change,
        "seen": done.incident is not None,
        "rounds": done.rounds,
        "seen_in_round": done.seen or None,
        "incident": of_incident(done.incident) if done.incident else None,
        "steps": [asdict(step) for step in done.steps],
        "messages": [
            {
                "alerter": one.alerter,
                "event": one.event,
                "sent": one.outcome.sent,
                "reason": one.outcome.reason,
                "permanent": one.outcome.permanent,
                "tries": one.tries,
                "seconds": one.seconds,
            }
            for one in done.told
        ],
        "not_told": untold,
        "exit_code": exit_code(done),
    }
