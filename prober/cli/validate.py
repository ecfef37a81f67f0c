"""`prober validate`: what the files declare, or everything that is wrong with them."""

from __future__ import annotations

import ssl
from dataclasses import asdict, replace

import typer

from prober.alerts import ALERTERS, open_alerters
from prober.asking.egress import USUAL, context_of, proxy_fault
from prober.asking.http_provider import certificates_of
from prober.cli.declared import Paths, declared
from prober.cli.options import AsJson, settings_of
from prober.cli.output import print_json, say
from prober.incidents.routing import Routing
from prober.loading.declarations import Declarations
from prober.model.errors import ConfigurationError, Problem
from prober.model.providers import PROVIDERS
from prober.text import count

app = typer.Typer(add_completion=False)


@app.command()
def validate(paths: Paths = None, as_json: AsJson = False) -> int:
    """Check the declarations: every mistake in every file, with its line and how to fix it."""
    try:
        found = declared(paths)
        _check_certificates(found)
    except ConfigurationError as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": [asdict(problem) for problem in error.problems], "warnings": []})
        return 2
    warnings = [*found.warnings, *_not_configured_here(found)]
    probes = sum(len(probe_set.probes) for probe_set in found.sets)
    if as_json:
        counts = {"probe_sets": len(found.sets), "probes": probes, "endpoints": len(found.endpoints)}
        print_json({"valid": True, **counts, "problems": [], "warnings": [asdict(warning) for warning in warnings]})
    else:
        say(
            *(f"warning: {warning}" for warning in warnings),
            f"{count(len(found.sets), 'probe set')} with {count(probes, 'probe')}, "
            f"{count(len(found.endpoints), 'endpoint')}: "
            + (f"valid, with {count(len(warnings), 'warning')}." if warnings else "valid."),
        )
    return 0


def _check_certificates(found: Declarations) -> None:
    """Read the certificates as a run does. Raises ConfigurationError, with every file that a run would refuse."""
    problems: list[Problem] = []
    for endpoint in found.endpoints:
        if (files := certificates_of(endpoint)) == USUAL:
            continue
        try:
            context_of(files, ssl.create_default_context)
        except ConfigurationError as error:
            problems += [
                replace(found.files[endpoint.name, each.field], message=each.message) for each in error.problems
            ]
    if problems:
        raise ConfigurationError(sorted(problems))


def _not_configured_here(found: Declarations) -> tuple[Problem, ...]:
    """What a run in this environment would refuse. The files may be right all the same: it may run elsewhere."""
    try:
        alerters = [one.name for one in open_alerters(settings_of())]
        Routing.declared(alerters, found.alerts, found.endpoints).check(ALERTERS)
    except ConfigurationError as error:
        return error.problems
    is_sent = any(PROVIDERS[endpoint.provider].formats for endpoint in found.endpoints)
    return (Problem("", 0, "", fault),) if is_sent and (fault := proxy_fault()) else ()
