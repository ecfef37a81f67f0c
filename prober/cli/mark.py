"""`prober mark`: what the team itself did, or knows to be good, on the clock of the rounds."""

from __future__ import annotations

from typing import Annotated

import typer

from prober.alerts.phrases import minute
from prober.cli.options import AsJson, By, Database, me, now_utc, open_store
from prober.cli.output import Json, of_time, print_json, say
from prober.model.errors import ConfigurationError
from prober.model.version import Mark, MarkKind
from prober.store import versions
from prober.text import quoted

app = typer.Typer(add_completion=False)


@app.command()
def mark(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="`deploy` or `known-good`.")],
    what: Annotated[str, typer.Option("--what", metavar="NAME", help="A service, a probe (`set/id`) or an endpoint.")],
    ref: Annotated[
        str, typer.Option("--ref", metavar="REF", help="Commit, release or version.", show_default="the newest version")
    ] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Shown beside it.")] = "",
    by: By = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Record a deploy of your own, or which version is known to be good.

    Marks stand beside what was judged: in `prober versions` and in postmortems.
    """
    kinds: dict[str, MarkKind] = {"deploy": "deploy", "known-good": "known-good"}
    if kind not in kinds:
        raise ConfigurationError(f"unknown kind of mark {quoted(kind)}; write deploy or known-good")
    with open_store(database) as store:
        known = store.query(versions.history, what)
        if kind == "known-good" and not known:
            raise ConfigurationError(f"there is no version of {quoted(what)}; `prober versions` lists what there is")
        if not ref and not known:
            raise ConfigurationError("--ref is missing: say which commit or release was deployed")
        set_ = store.change(
            versions.mark, kinds[kind], what, ref or f"v{known[-1].number}", by or me(), note, now_utc()
        )
    if as_json:
        print_json({"mark": of_mark(set_)})
    else:
        say(words(set_))
    return 0


def words(one: Mark) -> str:
    note = f": {one.note}" if one.note else ""
    return f"{minute(one.at)} {one.kind} {one.what} {one.ref}, by {one.actor}{note}"


def of_mark(one: Mark) -> Json:
    return {
        "kind": one.kind, "at": of_time(one.at), "what": one.what, "ref": one.ref, "actor": one.actor, "note": one.note
    }  # fmt: skip
