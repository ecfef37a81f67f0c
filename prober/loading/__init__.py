"""Files → probe sets and endpoints; every fault of every file at once, with its line and its mend.

    probes/endpoints.yaml      the endpoints, by name; also `<anything>.endpoints.yaml`
    probes/alerts.yaml         who is told of what, and when; may be left out
    probes/<name>.yaml         one probe set each

The modules, in the order a file passes them: `files` finds it; `lines` reads it as plain values that know their
line, while `syntax` explains broken YAML and `leaks` looks for secrets; `words` holds it against its shape; `gather`
puts sets and endpoints together under `rules`, `checks` and `cron`. `showing` is how values appear in messages, and
`schema` writes JSON Schemas for editors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.loading.cron import parse
from prober.loading.files import find, holds_alerts, holds_endpoints, holds_sets
from prober.loading.gather import gather_alerts, gather_endpoints, gather_sets
from prober.loading.lines import read
from prober.loading.quoting import quoted
from prober.loading.schema import schemas, write_schemas
from prober.loading.validation_errors import did_you_mean
from prober.model.declaration import Alerts, Endpoint, ProbeSet, Schedule
from prober.model.errors import ConfigurationError, Problem

__all__ = ["Declarations", "load", "schemas", "write_schemas"]


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that a team declares."""

    sets: tuple[ProbeSet, ...]
    """By name."""
    endpoints: tuple[Endpoint, ...]
    """By name; those that no set asks too."""
    alerts: Alerts = field(default_factory=Alerts)
    """Who is told of what, and when."""

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises ConfigurationError where there is none."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        mend = did_you_mean(name, [endpoint.name for endpoint in self.endpoints])
        raise ConfigurationError(f"unknown endpoint {quoted(name)}; {mend}")

    def promise(self, endpoint: Endpoint) -> Promise:
        """What is promised of an endpoint: its knob, and the rounds a year of all sets that ask it."""
        asked = [probe_set for probe_set in self.sets if endpoint.name in probe_set.endpoints]
        return Promise(
            false_alarms_per_year=endpoint.false_alarms_per_year,
            rounds_per_year=sum(_rounds_per_year(probe_set.schedule) for probe_set in asked),
            reference=endpoint.reference,
            confirm=endpoint.confirm,
        )


def _rounds_per_year(schedule: Schedule) -> float:
    if schedule.every_s is not None:
        return HOURS_PER_YEAR * 3600 / schedule.every_s
    return parse(schedule.cron or "").per_year


def load(*paths: str | Path) -> Declarations:
    """Read folders of YAML files, or single files with the endpoints declared beside them.

    Raises ConfigurationError with every problem of every file, sorted; nothing is loaded by halves.
    """
    problems: list[Problem] = []
    documents = [(path, read(path)) for path in find(paths, problems)]
    for _, document in documents:
        problems.extend(document.problems)
    declared = gather_endpoints([each for path, each in documents if holds_endpoints(path)], problems)
    sets = gather_sets([each for path, each in documents if holds_sets(path)], declared, problems)
    alerts = gather_alerts([each for path, each in documents if holds_alerts(path)], declared, sets, problems)
    if problems:
        raise ConfigurationError(sorted(set(problems)))
    endpoints = [each.endpoint for each in declared.values() if each.endpoint is not None]
    return Declarations(
        sets=tuple(sorted(sets, key=lambda probe_set: probe_set.name)),
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: endpoint.name)),
        alerts=alerts,
    )
