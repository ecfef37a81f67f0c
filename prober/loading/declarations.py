"""All that a team declares: `load` reads it from files, or says every mistake of every file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from prober.judging.promise import Promise
from prober.loading.connection_rules import FILES
from prober.loading.cron import rounds_per_year
from prober.loading.files import find, holds_alerts, holds_budgets, holds_endpoints, holds_samples, holds_sets, read
from prober.loading.gather import Endpoints, gather_alerts, gather_budgets, gather_endpoints, gather_sets, warnings
from prober.loading.lines import Finding
from prober.loading.samples import gather_samples
from prober.loading.suggestions import did_you_mean
from prober.model.alerting import Alerts
from prober.model.budget import Budget, Budgets, ScopedBudget
from prober.model.declaration import Endpoint, Probe, ProbeSet, by_endpoint, own_budgets
from prober.model.errors import ConfigurationError, Problem
from prober.model.sample import HASH_KEY
from prober.settings import secret
from prober.text import count, quoted


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that a team declares."""

    sets: tuple[ProbeSet, ...]
    """By name."""
    endpoints: tuple[Endpoint, ...]
    """By name; those that no set asks too."""
    alerts: Alerts = field(default_factory=Alerts)
    """Who is notified of what, and when."""
    budgets: Budgets = field(default_factory=Budgets)
    """What owners, and everything, may cost."""
    warnings: tuple[Problem, ...] = ()
    """What is valid, but probably a mistake."""
    files: Mapping[tuple[str, str], Problem] = field(default_factory=dict)
    """(endpoint, field that names a file) → where that is written; the message is empty."""
    _asking: dict[str, list[ProbeSet]] = field(init=False, repr=False, compare=False)
    _by_name: dict[str, Endpoint] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_asking", by_endpoint(self.sets))
        object.__setattr__(self, "_by_name", {one.name: one for one in self.endpoints})

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises ConfigurationError where there is none."""
        found = self._by_name.get(name)
        if found is None:
            raise ConfigurationError(f"unknown endpoint {quoted(name)}; {did_you_mean(name, [*self._by_name])}")
        return found

    def budgets_of(self, probe_set: ProbeSet | None, endpoint: Endpoint) -> tuple[ScopedBudget, ...]:
        """All that the asks of a set count in on an endpoint: of the endpoint, the set, its owner, and in all.

        None: of asks that belong to no set.
        """
        owner = probe_set.owner if probe_set else ""
        sets = tuple(one.name for one in self.sets if one.owner == owner)
        found = list(own_budgets(probe_set, endpoint))
        if owner in self.budgets.owners:
            found.append(ScopedBudget(f"owner:{owner}", self.budgets.owners[owner], sets))
        return (*found, ScopedBudget("all:", self.budgets.all))

    def budgets_by_scope(self) -> dict[str, Budget]:
        """The budget of every endpoint, set and owner, and of all; an empty one where none is declared."""
        return {
            **{one.name: one.budget for one in self.endpoints},
            **{f"set:{one.name}": one.budget for one in self.sets},
            **{f"owner:{one.owner}": self.budgets.owners.get(one.owner, Budget()) for one in self.sets},
            "all:": self.budgets.all,
        }

    def asking(self, name: str) -> Sequence[ProbeSet]:
        """The sets that ask the endpoint of that name."""
        return self._asking.get(name, ())

    def promise(self, endpoint: Endpoint, of: Iterable[ProbeSet] | None = None) -> Promise:
        """What is promised of an endpoint: its knob, and the rounds a year of all sets that ask it, or of some."""
        asked = self.asking(endpoint.name) if of is None else of
        return Promise(
            false_alarms_per_year=endpoint.false_alarms_per_year,
            rounds_per_year=sum(rounds_per_year(probe_set.schedule) for probe_set in asked),
            reference=endpoint.reference,
            confirm=endpoint.confirm,
        )


Refusals: TypeAlias = Callable[[Endpoint, Probe], Mapping[str, str]]
"""Parameters of an endpoint with which a probe is not asked → why."""


def load(*paths: str | Path, alerters: Collection[str] = (), refusals: Refusals | None = None) -> Declarations:
    """Read folders of YAML files, or single files with the endpoints declared beside them.

    `alerters` names every alerter there could be; without it, routes may name any. `refusals` says what could not be
    asked; without it, only what can be seen without a wire format is reported.

    Raises ConfigurationError with every problem of every file, sorted; nothing is loaded by halves.
    """
    problems: list[Problem] = []
    remarks: list[Problem] = []
    every = [(path, read(path)) for path in find(paths, problems)]
    documents = [(path, document) for path, document in every if not holds_samples(path)]
    for _, document in documents:
        problems.extend(document.problems)
    for path, document in every:
        if holds_samples(path):
            rules = gather_samples(document, problems)
            if rules is not None and rules.replace_by == "hash" and secret(HASH_KEY) is None:
                message = f"hash needs the environment variable {HASH_KEY}, which is not set here; set it where it runs"
                remarks.append(document.problem(Finding(("replace_by",), message)))
    declared = gather_endpoints([each for path, each in documents if holds_endpoints(path)], problems)
    sets = gather_sets([each for path, each in documents if holds_sets(path)], declared, problems, remarks)
    budgets = gather_budgets([each for path, each in documents if holds_budgets(path)], declared, sets, problems)
    for account, one in budgets.own_traffic.accounts.items():
        if secret(one.admin_key_env) is None:
            document = next(each for path, each in documents if holds_budgets(path))
            message = f"environment variable {one.admin_key_env} is not set here; set it where the prober runs"
            where = ("own_traffic", "accounts", account, "admin_key_env")
            remarks.append(document.problem(Finding(where, message)))
    alerts = gather_alerts([each for path, each in documents if holds_alerts(path)], declared, sets, problems, alerters)
    if refusals is not None:
        known = {(problem.path, problem.line) for problem in problems}
        refused = _refused(sets, declared, refusals)
        problems.extend(problem for problem in refused if (problem.path, problem.line) not in known)
    if problems:
        raise ConfigurationError(sorted(set(problems)))
    endpoints = [each.endpoint for each in declared.values() if each.endpoint is not None]
    found = Declarations(
        sets=tuple(sorted(sets, key=lambda probe_set: probe_set.name)),
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: endpoint.name)),
        alerts=alerts,
        budgets=budgets,
        files={
            (name, one): each.document.problem(Finding(("endpoints", name, one), ""))
            for name, each in declared.items()
            for one in FILES
            if getattr(each.endpoint, one, None) is not None
        },
    )
    return replace(found, warnings=tuple(sorted([*warnings(declared), *_short_references(found, declared), *remarks])))


def _refused(sets: Sequence[ProbeSet], declared: Endpoints, refusals: Refusals) -> Iterator[Problem]:
    """Parameters that `run` would refuse: each once, by the first probe that it is refused with."""
    any_probe = Probe(id="any", prompt="Say something.")
    asking = by_endpoint(sets)
    for name, each in declared.items():
        if each.endpoint is None:
            continue
        asked = [probe for probe_set in asking.get(name, ()) for probe in probe_set.probes]
        found: dict[str, str] = {}
        for probe in asked or [any_probe]:
            found = {**refusals(each.endpoint, probe), **found}
        for parameter, why in found.items():
            yield each.document.problem(Finding(("endpoints", name, "parameters", parameter), why))


def _short_references(found: Declarations, declared: Endpoints) -> Iterator[Problem]:
    """Endpoints whose declared reference is shorter than what the promise was measured with."""
    for endpoint in found.endpoints:
        promise = found.promise(endpoint)
        if promise.price > 1:
            message = (
                f"a reference of {count(round(promise.reference_rounds), 'round')}; the promise needs "
                f"{promise.default_rounds:.0f} at this schedule, so the threshold is "
                f"{float(f'{promise.price:.3g}'):,.15g} times as high: small changes are found later, and the promise "
                f"is kept only in part; {_unseen_days(promise)}remove reference, or write "
                f"{{rounds: 12, hours: 168}}"
            )
            yield declared[endpoint.name].document.problem(Finding(("endpoints", endpoint.name, "reference"), message))


def _unseen_days(promise: Promise) -> str:
    """What a reference of less than two days cannot show, where there are several rounds a day."""
    covered_h = promise.reference_rounds * promise.every_s / 3600
    if covered_h >= 48:
        return ""
    return "a reference of less than two days does not show how days differ, so a new day may be a false alarm; "
