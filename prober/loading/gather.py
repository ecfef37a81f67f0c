"""Documents → endpoints and probe sets. Faults are looked for part by part, so that one never hides another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, TypeVar

from pydantic import JsonValue

from prober.loading import rules
from prober.loading.addresses import address_findings
from prober.loading.alert_rules import alerts_findings
from prober.loading.checks import SchemaSum, objective_findings, value_findings
from prober.loading.connection_rules import limit_warnings, placed, provider_findings, reach_warnings
from prober.loading.lines import Document, Finding, Where
from prober.loading.openslo import objectives_of
from prober.loading.suggestions import did_you_mean
from prober.loading.templates import expanded, sent_as_written
from prober.loading.validation_errors import shaped
from prober.model.alerting import Alerts
from prober.model.budget import Budget, Budgets
from prober.model.comparison import Shadow
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule, by_endpoint
from prober.model.errors import Problem
from prober.model.objective import Objective
from prober.text import quoted, shown

LEAST_EVERY_S: Final = 3600.0
"""Between two reads of an account's cost report."""
_UNCHECKED: Final = "cannot be checked to its end ({}); please report this file as a bug"


@dataclass(frozen=True, slots=True)
class Declared:
    """An endpoint as declared: where, and what it is."""

    document: Document
    endpoint: Endpoint | None
    """None where it is declared with faults; its name is known all the same."""


class Endpoints(dict[str, Declared]):
    """Endpoints by name."""

    complete = True
    """False where a file of endpoints could not be read, so that there may be more names."""


def gather_endpoints(documents: Sequence[Document], problems: list[Problem]) -> Endpoints:
    """All endpoints of all files of endpoints."""
    found = Endpoints()
    for document in documents:
        content = document.value
        if not isinstance(content, dict):
            found.complete = False
            continue
        if "endpoints" not in content and any(isinstance(one, dict) and "provider" in one for one in content.values()):
            message = "endpoints stand at the top of the file; write endpoints: above them, and indent them below it"
            _report(document, [Finding((), message, line_of=(next(iter(content)),))], problems)
            found.complete = False
            continue
        _report(document, _stray_fields(content), problems)
        raw_endpoints = content.get("endpoints")
        if raw_endpoints == {} and any(place[:1] == ("endpoints",) for place in document.spoiled):
            found.complete = False  # names that cannot be read were reported
            continue
        if not isinstance(raw_endpoints, dict) or not raw_endpoints:
            message = f"expected endpoints by name, found {shown(raw_endpoints)}; write name: and below it their fields"
            _report(document, [Finding(("endpoints",), message)], problems)
            found.complete = found.complete and not raw_endpoints
            continue
        for name, raw in raw_endpoints.items():
            where: Where = ("endpoints", name)
            if name in found:
                other = found[name].document.path
                _report(document, [Finding(where, f"is also declared in {other}; rename one")], problems)
                continue
            endpoint, findings = _endpoint(name, raw)
            endpoint = placed(endpoint, PurePath(document.path).parent)
            _report(document, _below(where, findings), problems)
            found[name] = Declared(document, endpoint)
    for name, declared in found.items():
        _report(declared.document, _fallback_findings(name, declared.endpoint, found), problems)
    return found


def _fallback_findings(name: str, endpoint: Endpoint | None, found: Endpoints) -> Iterator[Finding]:
    where = ("endpoints", name, "fallback")
    other = endpoint.fallback if endpoint else None
    if other is not None and other == name:
        yield Finding(where, "an endpoint cannot be its own fallback; name another")
    elif other is not None and other not in found and found.complete:
        yield Finding(where, f"unknown endpoint {quoted(other)}; {did_you_mean(other, found)}")


def _stray_fields(content: Mapping[str, JsonValue]) -> Iterator[Finding]:
    for name in content:
        if name != "endpoints":
            fix = did_you_mean(
                name, ["endpoints"], "a file of endpoints holds endpoints: only; a probe set goes elsewhere"
            )
            yield Finding((), f"unknown field {quoted(name)}; {fix}", line_of=(name,))


def _endpoint(name: str, raw: JsonValue) -> tuple[Endpoint | None, list[Finding]]:
    findings: list[Finding] = []
    if isinstance(raw, dict) and "name" in raw:
        message = 'unknown field "name"; the key above is the name of the endpoint, so remove this one'
        findings.append(Finding((), message, line_of=("name",)))
    named = raw | {"name": name} if isinstance(raw, dict) else raw
    endpoint = shaped(Endpoint, named, findings)
    # The name is the key itself: a fault of it is one of the endpoint, not of a field `name`.
    findings = [Finding((), f"the name {each.message}") if each.where == ("name",) else each for each in findings]
    provider = raw.get("provider") if isinstance(raw, dict) else None
    unknown = list(provider_findings(provider)) if isinstance(provider, str) else []
    if unknown:
        return None, findings + unknown
    if endpoint is not None:
        try:
            findings.extend(rules.endpoint_findings(endpoint))
        except Exception as error:  # as for probe sets
            findings.append(Finding((), _UNCHECKED.format(type(error).__name__)))
    return endpoint, findings


def gather_sets(
    documents: Sequence[Document], endpoints: Endpoints, problems: list[Problem], remarks: list[Problem]
) -> list[ProbeSet]:
    """All valid probe sets; the rest is reported. What is valid but probably a mistake is added to `remarks`."""
    sets: list[ProbeSet] = []
    names: dict[str, str] = {}
    for document in documents:
        if not isinstance(document.value, dict):
            continue
        if "apiVersion" in document.value:
            _report(document, [Finding(("apiVersion",), _of_another(document.value["apiVersion"]))], problems)
            continue
        if (misnamed := _misnamed(document.value)) is not None:
            _report(document, [Finding((), misnamed)], problems)
            continue
        written: dict[str, JsonValue] = {"name": PurePath(document.path).stem, **document.value}
        every = expanded(written, Path(document.path).parent)
        findings: list[Finding] = []
        raw = {**every.raw, **objectives_of(every.raw, findings)}
        probe_set = shaped(ProbeSet, raw, findings)
        try:
            findings.extend(_set_findings(raw, endpoints))
        except Exception as error:  # a rule that trips over one file must not hide the mistakes of the others
            findings.append(Finding((), _UNCHECKED.format(type(error).__name__)))
        findings.extend(rules.runbook_findings(raw.get("runbook"), Path(document.path).parent))
        name = raw["name"]
        if isinstance(name, str) and names.setdefault(name, document.path) != document.path:
            findings.append(
                Finding(("name",), f"{quoted(name)} is also the name of {names[name]}; write another name:")
            )
        _report(document, [*every.findings, *map(every.as_written, findings)], problems)
        _report(document, sent_as_written(document.value), remarks)
        remarks.extend(document.remarks)
        if probe_set is not None:
            sets.append(probe_set)
        if probe_set is not None and probe_set.budget.limits:
            asked = [each.endpoint for name in probe_set.endpoints if (each := endpoints.get(name)) and each.endpoint]
            faults = rules.budget_faults(probe_set.budget, [(one, [probe_set]) for one in asked])
            _report(document, map(every.as_written, _below(("budget",), faults)), problems)
    asking = by_endpoint(sets)
    for name, declared in endpoints.items():
        if declared.endpoint is not None and declared.endpoint.budget.limits:
            faults = rules.budget_faults(declared.endpoint.budget, [(declared.endpoint, asking.get(name, ()))])
            _report(declared.document, _below(("endpoints", name, "budget"), faults), problems)
    return sets


def _misnamed(content: Mapping[str, JsonValue]) -> str | None:
    """What is wrong with a file that holds something else than a probe set; None where it may hold one."""
    if isinstance(content.get("endpoints"), dict) and not {"owner", "probes", "schedule"} & content.keys():
        return "endpoints are declared in a file endpoints.yaml; name this one so"
    if {"owner", "endpoints", "probes", "schedule"} & content.keys() or not content:
        return None
    for name, fields in (("alerts", set(Alerts.model_fields)), ("budgets", set(Budgets.model_fields))):
        if content.keys() <= fields:
            return f"what it holds belongs in a file {name}.yaml; name this one so"
    return None


def _of_another(version: JsonValue) -> str:
    if isinstance(version, str) and version.startswith("openslo"):
        return "an OpenSLO document is no probe set; write it as an item of objectives: in the probe set it is about"
    return "a manifest, and no probe set; keep it in another folder, or write what it holds into a file of its own"


_One = TypeVar("_One", Budgets, Alerts)


def _of_the_one(
    documents: Sequence[Document],
    shape: type[_One],
    kind: str,
    faults: Callable[[_One], Iterable[Finding]],
    problems: list[Problem],
) -> _One:
    """What the one file of a kind says; without it, or where it is not right, what holds where nothing is said."""
    for document in documents[1:]:
        message = f"a second file of {kind} beside {documents[0].path}; put both into one"
        problems.append(Problem(document.path, 0, "", message))
    said: _One | None = None
    for document in documents[:1]:
        if document.value is None:  # nothing is in it, or its problems say why it could not be read
            continue
        findings: list[Finding] = []
        said = shaped(shape, document.value, findings)
        _report(document, [*findings, *(faults(said) if said is not None else ())], problems)
    return shape() if said is None else said


def gather_budgets(
    documents: Sequence[Document], endpoints: Endpoints, sets: Sequence[ProbeSet], problems: list[Problem]
) -> Budgets:
    """The one file of budgets of owners, and in all; without it, there are none."""
    known = () if problems else sets  # of sets that could not be read nobody knows owners
    return _of_the_one(documents, Budgets, "budgets", lambda one: _budget_findings(one, endpoints, known), problems)


def _budget_findings(budgets: Budgets, endpoints: Endpoints, known: Sequence[ProbeSet]) -> Iterator[Finding]:
    asked = [each.endpoint for each in endpoints.values() if each.endpoint is not None]
    owners = list(dict.fromkeys(each.owner for each in known))
    limited: list[tuple[Where, Budget, Sequence[ProbeSet]]] = [(("all",), budgets.all, known)]
    for owner, budget in budgets.owners.items():
        if known and owner not in owners:
            fix = did_you_mean(owner, owners)
            yield Finding(("owners", owner), f"no probe set has the owner {quoted(owner)}; {fix}")
        limited.append((("owners", owner), budget, [each for each in known if each.owner == owner]))
    for where, budget, theirs in limited:
        asking = by_endpoint(theirs)
        paid = [(one, asking.get(one.name, ())) for one in asked]
        yield from _below(where, rules.budget_faults(budget, paid))
    for name, account in budgets.own_traffic.accounts.items():
        here: Where = ("own_traffic", "accounts", name)
        if account.every_s < LEAST_EVERY_S:
            yield Finding((*here, "every"), "more often than once an hour; write 1h or more, such as 1d")
        if account.base_url is not None:
            fix = "admin_key_env: the name of an environment variable"
            yield from _below(here, address_findings(account.base_url, fix, sends_key=True))


def gather_alerts(
    documents: Sequence[Document],
    endpoints: Endpoints,
    sets: Sequence[ProbeSet],
    problems: list[Problem],
    alerters: Collection[str] = (),
) -> Alerts:
    """The one file that says who is notified; without it, every alerter is notified of everything."""
    known = () if problems else sets  # of sets that could not be read nobody knows owners and tags
    return _of_the_one(
        documents, Alerts, "alerts", lambda one: alerts_findings(one, list(endpoints), known, alerters), problems
    )


def warnings(endpoints: Endpoints) -> Iterator[Problem]:
    """Endpoints that are one under several names or behind a cache, variables not set here, limits that differ."""
    first: dict[str, str] = {}
    accounts: dict[str, Endpoint] = {}
    for name, declared in endpoints.items():
        endpoint = declared.endpoint
        if endpoint is None:
            continue
        other = first.setdefault(endpoint.content_hash, name)
        if other != name:
            message = f"the same as {quoted(other)}, so both share one reference; remove one, unless both are meant"
            yield declared.document.problem(Finding(("endpoints", name), message))
        for finding in _below(("endpoints", name), [*reach_warnings(endpoint), *limit_warnings(endpoint, accounts)]):
            yield declared.document.problem(finding)


def _set_findings(raw: Mapping[str, JsonValue], endpoints: Endpoints) -> Iterator[Finding]:
    named = [(index, name) for index, name in enumerate(_items(raw.get("endpoints"))) if isinstance(name, str)]
    yield from _naming_findings(named, endpoints)
    asked = [
        each.endpoint for name in {name: 0 for _, name in named} if (each := endpoints.get(name)) and each.endpoint
    ]
    shadow = raw.get("shadow")
    if isinstance(shadow, dict) and isinstance(name := shadow.get("candidate"), str):
        if name in [one for _, one in named]:
            message = f"{quoted(name)} is an endpoint of this set already; name one that it does not ask"
            yield Finding(("shadow", "candidate"), message)
        elif name not in endpoints and endpoints.complete:
            yield Finding(("shadow", "candidate"), f"unknown endpoint {quoted(name)}; {did_you_mean(name, endpoints)}")
        beside = shaped(Shadow, shadow, [])
        if beside is not None and not beside.lasts_s:
            yield Finding(("shadow", "lasts"), "must be more than nothing; write for instance 7d")
    schedule = shaped(Schedule, raw.get("schedule"), [])
    if schedule is not None:
        yield from _below(("schedule",), rules.schedule_findings(schedule, asked))
    shaped_probes = [one for raw_one in _items(raw.get("probes")) if (one := shaped(Probe, raw_one, []))]
    objectives = [shaped(Objective, raw_one, []) for raw_one in _items(raw.get("objectives"))]
    if all(objectives):
        yield from objective_findings([one for one in objectives if one], shaped_probes)
    ids: set[str] = set()
    contents: dict[str, str] = {}
    schemas = SchemaSum()
    for index, raw_probe in enumerate(_items(raw.get("probes"))):
        where: Where = ("probes", index)
        fields = raw_probe if isinstance(raw_probe, dict) else {}
        identity = fields.get("id")
        if isinstance(identity, str):
            if identity in ids:
                yield Finding((*where, "id"), f"{quoted(identity)} is the id of an earlier probe too; write another")
            ids.add(identity)
        if too_many := schemas.add(fields):
            yield from _below(where, [too_many])
            return
        yield from _below(where, value_findings(_items(fields.get("expect"))))
        probe = shaped(Probe, raw_probe, [])
        if probe is None:
            continue
        yield from _below(where, rules.probe_findings(probe))
        yield from _below(where, rules.pairing_findings(probe, asked))
        earlier = contents.setdefault(probe.content_hash, probe.id)
        if earlier != probe.id:
            message = f"asks and expects exactly what probe {quoted(earlier)} does; remove one, or raise its samples"
            yield Finding(where, message)


def _naming_findings(named: Iterable[tuple[int, str]], endpoints: Endpoints) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, name in named:
        where: Where = ("endpoints", index)
        if name in seen:
            yield Finding(where, f"{quoted(name)} is named twice; remove one")
        elif name not in endpoints and endpoints.complete:
            fix = did_you_mean(name, endpoints) if endpoints else "declare it in a file endpoints.yaml beside this one"
            yield Finding(where, f"unknown endpoint {quoted(name)}; {fix}")
        seen.add(name)


def _items(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _below(where: Where, findings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in findings:
        line_of = None if finding.line_of is None else (*where, *finding.line_of)
        yield Finding((*where, *finding.where), finding.message, line_of)


def _report(document: Document, findings: Iterable[Finding], problems: list[Problem]) -> None:
    problems.extend(document.problem(each) for each in findings if (each.line_of or each.where) not in document.spoiled)
