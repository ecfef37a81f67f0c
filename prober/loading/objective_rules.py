"""Rules of the objectives of a probe set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prober.loading.lines import Finding
from prober.model.declaration import Probe
from prober.model.objective import Objective
from prober.text import quoted

RIGHT = frozenset({"equals", "contains", "icontains", "contains-any", "starts-with", "regex"})
"""Checks that know the right answer."""


def objective_findings(objectives: Sequence[Objective], probes: Sequence[Probe]) -> Iterator[Finding]:
    """Faults of the objectives; the window is at most 90 days."""
    names: set[str] = set()
    checks = [check for probe in probes for check in probe.expect]
    for index, one in enumerate(objectives):
        where = ("objectives", index)
        if one.name in names:
            yield Finding((*where, "name"), f"{quoted(one.name)} is the name of an earlier objective; write another")
        names.add(one.name)
        if (one.at_least is None) == (one.at_most is None):
            yield Finding(where, "write either at_least or at_most, such as at_least: 95 %")
        elif not 0 < one.allowed < 1:
            which = "at_least" if one.at_least is not None else "at_most"
            yield Finding((*where, which), "must be above 0 % and below 100 %")
        if not 3600 <= one.window_s <= 90 * 86_400:
            yield Finding((*where, "window"), "must be from 1h to 90d; write for instance 28d")
        if one.measure == "passed" and not checks:
            yield Finding((*where, "measure"), "no probe of this set has a check; write expect: in a probe")
        if one.measure == "right" and not any(check.type in RIGHT for check in checks):
            yield Finding(
                (*where, "measure"), f"no probe has a check that knows the answer ({', '.join(sorted(RIGHT))})"
            )
