"""`prober validate`: what the files declare, or everything that is wrong with them."""

from __future__ import annotations

from dataclasses import asdict

import typer

from prober.cli.options import AsJson, Paths, declared
from prober.cli.output import count, print_json, say
from prober.model.errors import ConfigurationError

app = typer.Typer(add_completion=False)


@app.command()
def validate(paths: Paths = None, as_json: AsJson = False) -> int:
    """Check the declarations: every mistake in every file, with its line and how to fix it."""
    try:
        found = declared(paths)
    except ConfigurationError as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": [asdict(problem) for problem in error.problems], "warnings": []})
        return 2
    probes = sum(len(probe_set.probes) for probe_set in found.sets)
    if as_json:
        counts = {"probe_sets": len(found.sets), "probes": probes, "endpoints": len(found.endpoints)}
        warnings = [asdict(warning) for warning in found.warnings]
        print_json({"valid": True, **counts, "problems": [], "warnings": warnings})
    else:
        say(
            *(f"warning: {warning}" for warning in found.warnings),
            f"{count(len(found.sets), 'probe set')} with {count(probes, 'probe')}, "
            f"{count(len(found.endpoints), 'endpoint')}: "
            + (f"valid, with {count(len(found.warnings), 'warning')}." if found.warnings else "all well."),
        )
    return 0
