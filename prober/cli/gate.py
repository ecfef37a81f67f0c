"""`prober gate`: may this candidate replace the reference?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prober.cli.database import open_store
from prober.cli.declared import chosen_probes, declared
from prober.cli.options import AsJson, now_utc
from prober.cli.output import bars, print_json, say
from prober.lab.gate.declared import NamedSide, gate_declared
from prober.lab.gate.report import as_json as report_as_json
from prober.lab.gate.report import junit, markdown, words
from prober.lab.gate.run import GateRule
from prober.model.errors import ConfigurationError
from prober.service.gates import VerbGates
from prober.text import quoted

app = typer.Typer(add_completion=False)

EXIT_CODES = {"not_worse": 0, "worse": 1, "changed": 1, "undecided": 3}


@app.command()
def gate(
    reference: Annotated[
        str, typer.Option("--reference", metavar="R", help="An endpoint's name, or a reply log.", show_default=False)
    ],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders or files with probe sets.", show_default="probes/", metavar="PROBES"),
    ] = None,
    candidate: Annotated[
        str | None,
        typer.Option(
            "--candidate", metavar="C", help="An endpoint's name, or a reply log.", show_default="the reference"
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="Ask the candidate's endpoint for this model instead."),
    ] = None,
    candidate_probes: Annotated[
        list[Path] | None,
        typer.Option(
            "--candidate-probes",
            metavar="PATH",
            help="Ask the candidate these prompts, paired by probe id.",
        ),
    ] = None,
    set_name: Annotated[str | None, typer.Option("--set", metavar="NAME", help="This probe set only.")] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(
            "--margin",
            metavar="POINTS",
            help="How much worse the candidate may be, in percentage points; `is-json=2` for one check.",
            show_default="10",
        ),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(
            "--alpha", metavar="P", min=1e-6, max=0.4, help="Probability of a wrong verdict, in either direction."
        ),
    ] = 0.05,
    budget: Annotated[
        int, typer.Option("--budget", metavar="N", min=2, help="Asks of both sides together, at most.")
    ] = 600,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Refuse a candidate that behaves differently, even if it is not worse.")
    ] = False,
    junit_file: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write a JUnit report."),
    ] = None,
    markdown_file: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write a report for a pull request."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Decide whether a candidate model, prompt or parameter may replace the reference.

    Both are asked the same probes in pairs until it is decided, within --budget and the declared budgets. The checks
    of the probes decide; behaviour, cost and latency are reported beside them.

    Exit code 0 if the candidate is not worse, 1 if it is worse (or behaves differently, with --unchanged), 3 if the
    budget did not suffice to decide.
    """
    overall, margins = _margins(margin or [])
    rule = GateRule(margin=overall, margins=margins, alpha=alpha, budget=budget, unchanged=unchanged)
    declarations = declared(paths)
    probes = chosen_probes(declarations, set_name)
    other = chosen_probes(declared(candidate_probes), set_name) if candidate_probes else probes
    sides = NamedSide(reference, probes), NamedSide(candidate or reference, other, model)
    with bars() as shown, VerbGates(declarations, lambda: open_store(None), now_utc) as gates:
        task = shown.add_task("Asking", total=budget)
        said = gate_declared(declarations, *sides, rule, gates, lambda asks: shown.update(task, completed=asks))
    if junit_file is not None:
        junit_file.write_text(junit(said), encoding="utf-8")
    if markdown_file is not None:
        markdown_file.write_text(markdown(said), encoding="utf-8")
    if as_json:
        print_json(report_as_json(said))
    else:
        say(*words(said))
    return EXIT_CODES[said.outcome]


def _margins(given: list[str]) -> tuple[float, dict[str, float]]:
    """`["5", "is-json=2"]` → 0.05, {"is-json": 0.02}. Raises ConfigurationError."""
    overall, margins = 0.1, {}
    for one in given:
        name, has_name, points = one.rpartition("=")
        try:
            share = float(points) / 100
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            raise ConfigurationError(
                f"--margin {quoted(one)}: write percentage points above 0 and below 100, such as 10"
            )
        if has_name:
            margins[name] = share
        else:
            overall = share
    return overall, margins
