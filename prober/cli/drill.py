"""`prober drill`: would an alarm reach people?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from prober.alerts import Alerter, open_alerters
from prober.cli.declared import Paths, declared
from prober.cli.options import AsJson, Database, settings_of
from prober.cli.output import Json, of_incident, print_json, say
from prober.lab.drill import CHANGES, ChangeName, Drilled, drill
from prober.lab.drill.run import PATIENCE_S, Tools
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError
from prober.store import Store
from prober.text import count, quoted

app = typer.Typer(add_completion=False)


@app.command("drill")
def run_drill(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its declared name.")],
    paths: Paths = None,
    change: Annotated[
        str, typer.Option("--change", metavar="NAME", help="Which change to rehearse: refusal, wording or identity.")
    ] = "refusal",
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="ALERTER",
            help="Send to this alerter only, such as `slack`; may be repeated.",
            show_default="all",
        ),
    ] = None,
    patience: Annotated[
        float, typer.Option("--patience", metavar="SECONDS", min=0, help="How long to retry an alerter.")
    ] = PATIENCE_S,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Rehearse an alarm: change a copy of the newest rounds, judge it, and send the notices, marked as a drill.

    The judge, the decision, the messages and the alerters are the real ones; stored rounds are only read. At the end a
    second message says that the drill is over.

    Exit code 0 if the change was seen and every message arrived, 1 if it was not seen, 2 if an alerter refuses messages
    permanently, 3 if there is no reference yet or an alerter could not be reached in time.
    """
    name = _change(change)
    declarations = declared(paths)
    asked = declarations.endpoint(endpoint)
    settings = settings_of(database)
    alerters = _chosen(open_alerters(settings), to)
    with Store.open(settings.database_url, read_only=True) as store:
        done = drill(store, declarations, asked, name, alerters, settings.dashboard_url, Tools(patience_s=patience))
    not_notified = [one.name for one in alerters if one.name not in {each.alerter for each in done.delivered}]
    if as_json:
        print_json(_as_json(done, not_notified))
    else:
        say(*_words(done, not_notified))
    return exit_code(done)


def exit_code(done: Drilled) -> int:
    """A missed change outweighs a failed notice; an alerter that refuses outweighs one that may recover."""
    if done.incident is None:
        return 1
    failed = [one.outcome for one in done.delivered if not one.outcome.sent]
    return 2 if any(outcome.permanent for outcome in failed) else 3 if failed or not done.delivered else 0


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


def _words(done: Drilled, not_notified: list[str]) -> list[str]:
    lines = [f"Drill on {done.endpoint}: {CHANGES[done.change].words}."]
    lines += [f"  {step.seconds:7.2f} s  {step.name}: {step.words}" for step in done.steps]
    for one in done.delivered:
        tries = f" after {one.tries} tries" if one.tries > 1 else ""
        lines.append(f"  {one.seconds:7.2f} s  {one.alerter}, {one.event}: {one.outcome.reason}{tries}")
    if done.incident is None:
        return [*lines, f"NOT SEEN: no alarm over {count(done.rounds, 'changed round')}. Try `prober power`."]
    if not_notified:
        lines.append(f"Not notified, because no route leads there: {', '.join(not_notified)}")
    failed = sorted({one.alerter for one in done.delivered if not one.outcome.sent})
    if failed:
        return [*lines, f"NOT NOTIFIED: {', '.join(failed)}. The lines above say why."]
    if not done.delivered:
        return [*lines, "NOT NOTIFIED: no route sends this change to anyone."]
    sent = ", ".join(dict.fromkeys(one.alerter for one in done.delivered))
    return [*lines, f"Seen in changed round {done.seen}, sent to {sent}, and reported as over."]


def _as_json(done: Drilled, not_notified: list[str]) -> Json:
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
            for one in done.delivered
        ],
        "not_notified": not_notified,
        "exit_code": exit_code(done),
    }
