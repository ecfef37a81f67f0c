"""`prober import`: stores a reply log, judged as if the daemon had asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import Progress

from prober.alerts.phrases import when
from prober.cli.declared import declared
from prober.cli.options import AsJson, Database, now_utc, settings_of
from prober.cli.output import Json, bars, complain, of_judgement, print_json, say
from prober.cli.reply_logs import FalseAlarms, From, Logs, Reference, RoundsPerYear, replies_of
from prober.fingerprint.fingerprint import fingerprint
from prober.judging.promise import Promise
from prober.lab.discover.scan import RUNGS
from prober.lab.replay import noted, probe_of, promise_for, rounds_of, series_of
from prober.loading.reply_log import UNKNOWN_TIME, LoggedReply
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.evidence import Judgement, Round
from prober.service import run_round
from prober.service.declare import remember
from prober.service.run_round import import_round
from prober.store import Store
from prober.store.pages import overview
from prober.text import count, quoted, storable

app = typer.Typer(add_completion=False)

IMPORTED: Final = "imported"
"""Provider and probe set of imported rounds. No file can declare it, so the prober never asks it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One endpoint of the logs."""

    endpoint: str
    rounds: int
    """In the logs."""
    stored: int
    """How many of them were not stored before."""
    judgement: Judgement | None
    """Judgement of the newest round stored now."""
    alarms: int


@app.command("import")
def import_(
    logs: Logs,
    tool: From = None,
    reference: Reference = None,
    false_alarms_per_year: FalseAlarms = None,
    rounds_per_year: RoundsPerYear = None,
    into: Annotated[
        list[Path] | None,
        typer.Option(
            "--into", metavar="PATH", help="Probe sets whose endpoints get these replies as their first rounds."
        ),
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Store reply logs in the database and judge them, so that the dashboard shows them. Nobody is notified.

    With `--into probes/`, the replies become earlier rounds of the endpoints and probes that are declared there: they
    count as reference, and the daemon goes on from there. What is not declared is left out.

    A round is stored whole or not at all, and never twice: after an interruption, import again. Exit code 1 if a
    round raised an alarm, 3 if no endpoint had enough evidence, else 0.
    """
    probes: dict[str, Probe] = {}
    promises: dict[str, Promise] = {}
    done = []
    with bars() as shown:
        replies = [_storable(logged) for logged in noted(replies_of(logs, shown, tool), promises)]
        if not replies:
            raise NotEnough("the log holds no reply; there is nothing to import")
        if into:
            return _report(_take_in_declared(replies, into, shown, database), as_json)
        for logged in replies:
            probes.setdefault(series_of(logged), probe_of(logged))
        by_endpoint = {name: _in_time(name, rounds) for name, rounds in rounds_of(replies).items()}
        with Store.open(settings_of(database).database_url) as store:
            _refuse_watched(store, by_endpoint)
            for name, rounds in sorted(by_endpoint.items()):
                promise = promise_for(rounds, promises.get(name), reference, false_alarms_per_year, rounds_per_year)
                tracked = shown.track(rounds, description=f"Judging {name[:40]}")
                done.append(_take_in(store, endpoint_of(name, promise), list(tracked), probes, promise))
    return _report(done, as_json)


def _storable(logged: LoggedReply) -> LoggedReply:
    """Names and prompts as a database keeps them; a log may have cut a prompt in the middle of a character."""
    return replace(
        logged,
        endpoint=storable(logged.endpoint),
        probe=storable(logged.probe),
        series=storable(logged.series),
        prompt=logged.prompt and storable(logged.prompt),
        system=logged.system and storable(logged.system),
    )


def _report(done: Sequence[Imported], as_json: bool) -> int:
    if as_json:
        print_json({"endpoints": [_as_json(one) for one in done]})
    else:
        say(*(_words(one) for one in done))
    if any(one.alarms for one in done):
        return 1
    judged = [one for one in done if one.judgement is None or one.judgement.state != "insufficient_evidence"]
    return 0 if judged else 3


def _take_in_declared(
    replies: Sequence[LoggedReply], paths: Sequence[Path], shown: Progress, database: str | None
) -> list[Imported]:
    declarations, done = declared(paths), []
    asked = {
        series_key(endpoint, probe): (probe_set, endpoint, probe)
        for probe_set in declarations.sets
        for endpoint in map(declarations.endpoint, probe_set.endpoints)
        for probe in probe_set.probes
    }
    mine = [one for one in (_as_declared(logged, asked) for logged in replies) if one is not None]
    if not mine:
        raise NotEnough("no reply of the log is of an endpoint and a probe that the files declare as it was asked")
    probes = {series: probe for series, (_, _, probe) in asked.items()}
    by_endpoint = rounds_of(mine, lambda logged: fingerprint(logged.reply, probes[logged.series]))
    with Store.open(settings_of(database).database_url) as store:
        remember(store, declarations, paths, now_utc())
        for name, rounds in sorted(by_endpoint.items()):
            endpoint = declarations.endpoint(name)
            tracked = list(shown.track(_in_time(name, rounds), description=f"Judging {name[:40]}"))
            sets = {series: probe_set.name for series, (probe_set, _, _) in asked.items()}
            done.append(_take_in(store, endpoint, tracked, probes, declarations.promise(endpoint), sets))
    if left_out := len(replies) - len(mine):
        complain(
            f"{count(left_out, 'line')} of the log left out: not declared, asked with other parameters, "
            "or used to choose a probe"
        )
    return done


def _as_declared(logged: LoggedReply, asked: Mapping[str, tuple[ProbeSet, Endpoint, Probe]]) -> LoggedReply | None:
    """The reply as one of a declared probe; None where it is of none. A log that does not say of which series a reply
    is goes by the names of endpoint and probe, and by the prompt where it has one."""
    chose_it = "tokens" in logged.extra and logged.extra.get("sample", 0) < RUNGS[-2]
    if chose_it:  # `prober discover` kept the probe because of these replies: they look more balanced than it is
        return None
    for series, (probe_set, endpoint, probe) in asked.items():
        is_named = (logged.endpoint, logged.probe) == (endpoint.name, probe.id)
        is_worded = logged.prompt in (None, probe.prompt) and logged.system in (None, probe.system)
        if logged.series == series or (not logged.series and is_named and is_worded):
            return replace(logged, endpoint=endpoint.name, probe=f"{probe_set.name}/{probe.id}", series=series)
    return None


def endpoint_of(name: str, promise: Promise) -> Endpoint:
    """An endpoint that was asked elsewhere, as the store holds it."""
    fields: dict[str, Any] = {
        "name": name,
        "provider": IMPORTED,
        "model": name,
        "false_alarms_per_year": promise.false_alarms_per_year,
        "reference": promise.reference,
    }
    return Endpoint.model_construct(**fields)  # validation refuses this provider, as it must in a file


def _take_in(
    store: Store,
    endpoint: Endpoint,
    rounds: Sequence[Round],
    probes: Mapping[str, Probe],
    promise: Promise,
    sets: Mapping[str, str] | None = None,
) -> Imported:
    """`sets`: the probe set of each series, where they are declared."""
    here = {
        one.due_at
        for one in store.query(overview.recent_rounds, endpoint.name, limit=10_000_000)
        if one.state == "completed"
    }
    stored = alarms = 0
    newest: Judgement | None = None
    for round_ in rounds:
        if round_.at in here:
            continue
        judged = run_round.judge(store, endpoint, round_, promise, round_.at or UNKNOWN_TIME)
        asked = {one.series: probes[one.series] for one in round_.observations}
        probe_set = sets[round_.observations[0].series] if sets else IMPORTED
        if import_round(store, endpoint, probe_set, round_, asked, judged.judgement, judged.memory, judged.together):
            stored, newest = stored + 1, judged.judgement
            alarms += judged.judgement.state == "alarm"
    return Imported(endpoint.name, len(rounds), stored, newest, alarms)


def _in_time(endpoint: str, rounds: Sequence[Round]) -> list[Round]:
    """The rounds in order of time, with labels as the store writes them."""
    timed = []
    for round_ in rounds:
        asked = [one.reply.at for one in round_.observations if one.reply.at != UNKNOWN_TIME]
        at = round_.at or min(asked, default=None)
        if at is None:
            raise ConfigurationError(
                f"round {quoted(round_.name or round_.label)} of {quoted(endpoint)} has no time, and a stored round "
                'must have one; give its replies an "at", or make `round` an ISO 8601 time'
            )
        timed.append(replace(round_, at=at.astimezone(UTC), label=_label(at)))
    times = [round_.at for round_ in timed]
    if sorted(set(times), key=str) != sorted(times, key=str):
        raise ConfigurationError(f"two rounds of {quoted(endpoint)} have the same time; give each its own")
    return sorted(timed, key=lambda round_: round_.label)


def _label(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _refuse_watched(store: Store, names: Mapping[str, object]) -> None:
    watched = [one.name for one in store.query(overview.endpoints) if one.name in names and one.provider != IMPORTED]
    if watched:
        raise ConfigurationError(
            f"this database already watches {', '.join(map(quoted, watched))}; import into another one, "
            "such as --database sqlite:///imported.db"
        )


def _as_json(one: Imported) -> Json:
    return {
        "endpoint": one.endpoint,
        "rounds": one.rounds,
        "stored": one.stored,
        "alarms": one.alarms,
        "judgement": of_judgement(one.judgement) if one.judgement else None,
    }


def _words(one: Imported) -> str:
    words = (
        f"{one.endpoint}: {one.stored} of {count(one.rounds, 'round')} stored, {one.rounds - one.stored} stored before"
    )
    if one.judgement is None:
        return words
    missing = f"; {one.judgement.missing}" if one.judgement.missing else ""
    return f"{words}; at {when(one.judgement.round)}: {one.judgement.state}{missing}; rounds in alarm: {one.alarms}"
