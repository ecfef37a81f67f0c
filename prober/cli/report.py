"""`prober report`: a week of quality in sentences, to forward."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from prober.cli.database import open_store
from prober.cli.options import AsJson, Database, now_utc
from prober.cli.output import Json, print_json, say
from prober.model.errors import NotEnough
from prober.status.quality import COUNTED, Compared, sentence, share
from prober.status.report import Report, markdown, report

app = typer.Typer(add_completion=False)


@app.command("report")
def report_(
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=366, help="Whole UTC days, and as many before.")
    ] = 7,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Write a week of quality in sentences, as Markdown: every probe set against the week before, objectives,
    incidents, cost.

    Exit code 1 if a set got worse or an objective is missed or burns, 3 if there are no answers, else 0.
    """
    with open_store(database, read_only=True) as store:
        found = store.query(report, days, now_utc())
    if not found.sets:
        raise NotEnough(
            f"no answers from {found.since} to {found.until - timedelta(days=1)}; the report has whole UTC days "
            "only, so those of today are in the report of tomorrow; `prober status` says how endpoints stand now"
        )
    if as_json:
        print_json(_as_object(found))
    else:
        say(*markdown(found).split("\n"))
    return int(found.is_worse)


def _as_object(found: Report) -> Json:
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "worse": found.is_worse,
        "sets": [_set(one) for one in found.sets],
        "objectives": [
            {"set": one.probe_set, "endpoint": one.endpoint, "objective": one.objective.name,
             "state": one.standing.state, "replies": one.standing.replies, "bad": one.standing.bad,
             "budget_left": one.standing.budget_left} for one in found.objectives
        ],
        "incidents": [one.id for one in found.incidents],
        "markdown": markdown(found),
    }  # fmt: skip


def _set(one: Compared) -> Json:
    return {
        "set": one.key,
        "verdict": one.verdict,
        "sentence": sentence(one),
        "measures": {
            measure: {
                "verdict": one.verdicts[measure],
                "share": share(one.now, measure),
                "of": getattr(one.now, COUNTED[measure][0]),
                "before": share(one.before, measure),
                "of_before": getattr(one.before, COUNTED[measure][0]),
            }
            for measure in COUNTED
        },
    }
