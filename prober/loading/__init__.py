"""Files → probe sets and endpoints; every fault of every file at once, with its line and its mend.

    probes/endpoints.yaml      the endpoints, by name; also `<anything>.endpoints.yaml`
    probes/<name>.yaml         one probe set each

The modules, in the order a file passes them: `files` finds it; `lines` reads it as plain values that know their
line, while `syntax` explains broken YAML and `leaks` looks for secrets; `words` holds it against its shape; `gather`
puts sets and endpoints together under `rules`, `checks` and `cron`. `showing` is how values appear in messages, and
`schema` writes JSON Schemas for editors.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prober.declaration import Endpoint, ProbeSet
from prober.errors import ConfigurationError, Problem
from prober.loading.files import find, holds_endpoints
from prober.loading.gather import gather_endpoints, gather_sets
from prober.loading.lines import read
from prober.loading.schema import schemas, write_schemas
from prober.loading.showing import quoted
from prober.loading.words import did_you_mean

__all__ = ["Declarations", "load", "schemas", "write_schemas"]


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that a team declares."""

    sets: tuple[ProbeSet, ...]
    """By name."""
    endpoints: tuple[Endpoint, ...]
    """By name; those that no set asks too."""

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises ConfigurationError where there is none."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        mend = did_you_mean(name, [endpoint.name for endpoint in self.endpoints])
        raise ConfigurationError(f"unknown endpoint {quoted(name)}; {mend}")


def load(*paths: str | Path) -> Declarations:
    """Read folders of YAML files, or single files with the endpoints declared beside them.

    Raises ConfigurationError with every problem of every file, sorted; nothing is loaded by halves.
    """
    problems: list[Problem] = []
    documents = [(path, read(path)) for path in find(paths, problems)]
    for _, document in documents:
        problems.extend(document.problems)
    declared = gather_endpoints([each for path, each in documents if holds_endpoints(path)], problems)
    sets = gather_sets([each for path, each in documents if not holds_endpoints(path)], declared, problems)
    if problems:
        raise ConfigurationError(sorted(set(problems)))
    endpoints = [each.endpoint for each in declared.values() if each.endpoint is not None]
    return Declarations(
        sets=tuple(sorted(sets, key=lambda probe_set: probe_set.name)),
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: endpoint.name)),
    )
