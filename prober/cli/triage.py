"""`prober triage`: did the prompt, the configuration, the model or something else change?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from prober.alerts.phrases import minute
from prober.cli.database import open_store
from prober.cli.declared import declared
from prober.cli.options import AsJson, Database, duration, now_utc
from prober.cli.output import bars, complain, of_triage, print_json, say
from prober.incidents.runbooks import RUNBOOKS
from prober.loading.round_labels import moment_of
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError
from prober.model.triage import CAUSE_WORDS, UNDECIDED, Ranked, Triage
from prober.status.triage import default_since
from prober.status.triage import triage as triage_of
from prober.store import Store, versions
from prober.store.pages import overview
from prober.text import count, inline, one_line, quoted

app = typer.Typer(add_completion=False)

SHOWN = 0.02
"""Causes below this probability are left out for people."""


@app.command()
def triage(
    endpoint: Annotated[
        str | None,
        typer.Argument(metavar="ENDPOINT", help="Its declared name; all endpoints without it."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="A time before the outputs went wrong, such as 6h, 2d or 2026-03-01T12:00Z.",
            show_default="before the first open incident, else 2d",
        ),
    ] = None,
    markdown_file: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write it as Markdown."),
    ] = None,
    ask: Annotated[
        int | None,
        typer.Option(
            "--ask",
            metavar="N",
            min=2,
            help="Ask at most N times: the old prompt, the last snapshot, the old parameters.",
            show_default="nothing is asked",
        ),
    ] = None,
    fallback: Annotated[
        str | None,
        typer.Option("--fallback", metavar="NAME", help="With --ask: an endpoint that is asked the same prompts."),
    ] = None,
    paths: Annotated[
        list[Path] | None,
        typer.Option("--probes", metavar="PATH", help="With --ask: where it is declared.", show_default="probes/"),
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Find out what changed: your prompt, your configuration, the model, or something in between.

    Named checks are answered from the stored rounds; causes are ranked by probability, with the evidence for and
    against each, and what would settle it. With --ask, one change at a time is undone and the endpoint asked again; the
    result is stored and enters the ranking.

    Exit code 0 if nothing changed, 1 if a cause is certain, even if another may be at work too; 3 if there is not
    enough evidence, or the endpoint does not answer (with --ask).
    """
    now = now_utc()
    if ask is None and (fallback or paths):
        raise ConfigurationError("--fallback and --probes need --ask N: without it, nothing is asked")
    if ask is not None and endpoint is None:
        raise ConfigurationError("--ask needs an ENDPOINT: its budget is for one")
    with open_store(database, read_only=ask is None) as store:
        names = _names(store, endpoint)
        found = []
        is_reached = True
        for name in names:
            moment = _moment(since, now) if since else store.query(default_since, name, now)
            if ask is not None:
                is_reached = _ask(store, name, moment, ask, fallback, paths, database)
                now = now_utc()
            found.append(store.query(triage_of, name, moment, now))
    if markdown_file is not None:
        markdown_file.write_text("\n".join(line for one in found for line in markdown(one)), encoding="utf-8")
    if as_json:
        objects = [of_triage(one) for one in found]
        print_json(objects[0] if endpoint is not None else {"endpoints": list(objects)})
    else:
        say(*(line for one in found for line in words(one)))
    return exit_code(found) or (0 if is_reached else 3)


def _ask(
    store: Store,
    name: str,
    since: datetime,
    budget: int,
    fallback: str | None,
    paths: list[Path] | None,
    database: str | None,
) -> bool:
    """Make the swap experiment, and keep what it finds; whether the endpoint could be reached."""
    from prober.asking import open_provider  # not at the top: without --ask, nothing is asked or compared
    from prober.lab.gate.declared import probes_of
    from prober.lab.swap import before, experiment
    from prober.service.gates import VerbGates

    declarations = declared(paths)
    endpoint = declarations.endpoint(name)
    probes = probes_of(declarations.asking(name))
    if not probes:
        raise ConfigurationError(f"no probe set asks {quoted(name)}; name it under `endpoints:` of one")
    known = store.query(before, name, since)
    with bars() as shown, VerbGates(declarations, lambda: open_store(database), now_utc) as gates:
        task = shown.add_task("Asking", total=budget)
        made = experiment(
            endpoint,
            probes,
            known,
            open_provider,
            now_utc,
            budget=budget,
            fallback=declarations.endpoint(fallback) if fallback else None,
            gates_of=gates.of,
            progress=lambda asks: shown.update(task, completed=asks),
        )
    if made.refused:
        complain(f"only {count(made.asks, 'ask')} made: {made.refused}")
    store.change(versions.keep_experiment, name, made.found, made.asks, now_utc())
    return not made.is_unreached


def exit_code(found: list[Triage]) -> int:
    """1 where a cause is named, or as good as certain; else 3 where none can be said; else 0."""
    verdicts = {one.verdict for one in found}
    if verdicts - {"none", UNDECIDED} or any(each.is_sure for one in found for each in one.ranking):
        return 1
    return 3 if UNDECIDED in verdicts or not verdicts else 0


def words(one: Triage) -> list[str]:
    lines = [f"{one.endpoint}, looking back to {minute(one.since)}: {one.words}"]
    for ranked in _shown(one):
        lines += [f"  {ranked.percent:>5} {CAUSE_WORDS[ranked.cause]}"]
        lines += [f"        for: {why}" for why in ranked.supporting]
        lines += [f"        against: {why}" for why in ranked.opposing]
        lines += [f"        would settle it: {ranked.settles}"]
    lines += ["  checks"]
    lines += [f"    {check.answer:7} {check.question} {check.details}" for check in one.checks]
    if one.runbook:
        lines += [f"  runbook: {one.runbook} ({RUNBOOKS[one.runbook]})"]
    return [one_line(line) for line in lines]


def markdown(one: Triage) -> list[str]:
    """The same as a document."""
    lines = [
        f"# Triage of {inline(one.endpoint)}, looking back to {minute(one.since)}",
        "",
        f"**{inline(one.words)}**",
        "",
    ]
    for ranked in _shown(one):
        lines += [f"## {ranked.percent} {CAUSE_WORDS[ranked.cause]}", ""]
        lines += [f"- for: {inline(why)}" for why in ranked.supporting]
        lines += [f"- against: {inline(why)}" for why in ranked.opposing]
        lines += [f"- would settle it: {inline(ranked.settles)}", ""]
    lines += ["## Checks", "", "| question | answer | found | see |", "|---|---|---|---|"]
    lines += [f"| {one.question} | {one.answer} | {inline(one.details)} | `{one.link}` |" for one in one.checks]
    return [*lines, "", *([f"Runbook: {one.runbook}", ""] if one.runbook else [])]


def _shown(one: Triage) -> list[Ranked]:
    return [ranked for ranked in one.ranking if ranked.probability >= SHOWN]


def _names(store: Store, endpoint: str | None) -> list[str]:
    known = [one.name for one in store.query(overview.endpoints)]
    if endpoint is None:
        return known
    if endpoint not in known:
        hint = did_you_mean(endpoint, known) if known else "the database holds none yet"
        raise ConfigurationError(f"unknown endpoint {quoted(endpoint)}; {hint}")
    return [endpoint]


def _moment(since: str, now: datetime) -> datetime:
    if moment := moment_of(since):
        return moment
    if since[:4].isdigit() or "/" in since:
        message = (
            f"--since: {quoted(since)} is not a time; write one such as 2026-03-01T12:00Z, or a duration such as 2h"
        )
        raise ConfigurationError(message)
    return now - duration("--since", since, most_days=365)
