"""What shapes cannot say: rules over a probe, a schedule, an endpoint, and over sets and endpoints together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from pydantic import JsonValue

from prober.judging.channels import CHANNELS
from prober.loading import cron
from prober.loading.addresses import is_local
from prober.loading.checks import schema_fault, tool_fault, value_fault
from prober.loading.connection_rules import connection_findings, key_fix
from prober.loading.lines import Finding, Where
from prober.loading.suggestions import NO_KEYS, did_you_mean, number_meant
from prober.model.budget import A_PERIOD, NANO, Budget, Limit
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.evidence import FactKind
from prober.model.incident import MEASURED, TroubleKind
from prober.model.providers import PROVIDERS
from prober.model.refused_parameters import CAPABILITY_PARAMETERS, known_refusals
from prober.prices import Unpriced, dollars, tariff
from prober.text import count, is_secret_name, quoted, shown, shows_nothing
from prober.tokens import TokenEstimate, output_limit

_DAY_S = 86_400.0
_SHORTEST_S = 10.0
"""Between rounds, wherever asks may cost money or trouble someone."""

# Parameter → what to write instead, for what the prober sets itself.
_OURS = {
    "model": "write model: beside provider:",
    "messages": "write prompt or messages in the probe",
    "input": "write prompt or messages in the probe",
    "contents": "write prompt or messages in the probe",
    "stream": "write stream: true beside provider:",
    "n": "write samples in the probe for several answers",
}
_WHOLE = {
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "maxOutputTokens",
    "seed",
    "top_logprobs",
    "top_k",
}
_NUMBERS = _WHOLE | {"temperature", "top_p", "topP", "frequency_penalty", "presence_penalty"}
"""Parameters that every provider takes as numbers only."""
_NESTS = {"generationConfig", "generation_config", "headers", "extra_headers"}
_SENT_AS = {"tools": {"tools"}, "system": {"system", "instructions", "systemInstruction"}}
"""What a probe may bring, and the parameters that would send it a second time."""


def check_findings(probe: Probe) -> Iterator[Finding]:
    """Faults between the checks of a probe and its tools."""
    seen: set[str] = set()
    for index, check in enumerate(probe.expect):
        here = ("expect", index)
        whole = check.model_dump_json()
        if whole in seen:
            yield Finding(here, f"{check.type} is expected twice with the same value; remove one")
        seen.add(whole)
        if value_fault(check) is None and (fault := tool_fault(check, probe)):
            yield Finding((*here, "type"), fault)


def probe_findings(probe: Probe) -> Iterator[Finding]:
    """Faults of one probe."""
    if probe.prompt is not None and probe.messages is not None:
        yield Finding(("messages",), "both prompt and messages are set; keep one")
    elif probe.prompt is None and probe.messages is None:
        yield Finding((), "has neither prompt nor messages; write prompt: …")
    if probe.messages and probe.messages[-1].role != "user":
        last = len(probe.messages) - 1
        yield Finding(
            ("messages", last, "role"), "the conversation must end with the user; add a message with role: user"
        )
    if probe.prompt is not None and shows_nothing(probe.prompt):
        yield Finding(("prompt",), "is blank; write what to ask")
    names: set[str] = set()
    for index, tool in enumerate(probe.tools):
        if tool.name in names:
            yield Finding(("tools", index, "name"), f"{quoted(tool.name)} is offered twice; rename or remove one")
        names.add(tool.name)
        if fault := schema_fault(tool.parameters):
            yield Finding(("tools", index, "parameters"), fault)
        elif (kind := tool.parameters.get("type", "object")) != "object":
            message = f"arguments of a tool are an object, found type {shown(kind)}; write type: object, and properties"
            yield Finding(("tools", index, "parameters", "type"), message)
    yield from check_findings(probe)


def schedule_findings(schedule: Schedule, endpoints: Sequence[Endpoint]) -> Iterator[Finding]:
    """Faults of a schedule; `endpoints` are those it asks."""
    if (schedule.every is None) == (schedule.cron is None):
        both = schedule.every is not None
        yield Finding(
            (), "both every and cron are set; keep one" if both else 'is empty; write every: "6h" or cron: "0 6 * * *"'
        )
        return
    if fault := cron.zone_fault(schedule.timezone):
        yield Finding(("timezone",), fault)
        return
    if schedule.cron is not None:
        try:
            named = cron.parse(schedule.cron)
        except ValueError as error:
            yield Finding(("cron",), str(error))
            return
        if not named.is_monthly:
            message = (
                "not due in every month, so that a reference would take years; write days up to 28, and * as month"
            )
            yield Finding(("cron",), message)
        gap_s = named.shortest_gap_s(schedule.timezone)
    else:
        gap_s = schedule.every_s or 0.0
        far = [endpoint.name for endpoint in endpoints if not _is_ours(endpoint)]
        if schedule.timezone != "UTC":
            yield Finding(("timezone",), "an interval needs no time zone; remove it, or write cron instead of every")
        if not 0 < gap_s <= 31 * _DAY_S:
            yield Finding(("every",), "must be above 0 and at most 31 days; write for instance 6h")
            return
        if gap_s < _SHORTEST_S and far:
            message = (
                f"shorter than {_SHORTEST_S:g}s, which only scripted endpoints and those on this machine allow, "
                f"and {far[0]} is neither; write {_SHORTEST_S:g}s or longer"
            )
            yield Finding(("every",), message)
    if schedule.jitter_s >= gap_s:
        gap = _duration(gap_s)
        yield Finding(
            ("jitter",), f"as long as the shortest time between two rounds ({gap}) or longer; write a shorter one"
        )


def _duration(time_s: float) -> str:
    """As it is written in files, in the largest unit that leaves no rest: 5400.0 → `90m`."""
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if time_s % length_s == 0:
            return f"{time_s / length_s:g}{unit}"
    return f"{time_s:g}s"


def endpoint_findings(endpoint: Endpoint) -> Iterator[Finding]:
    """Faults of one endpoint."""
    provider = PROVIDERS[endpoint.provider]
    if endpoint.api != "chat" and endpoint.api not in provider.formats:
        yield Finding(("api",), f"{endpoint.provider} has one interface only; remove api")
    yield from connection_findings(endpoint)
    yield from _severity_findings(endpoint)
    yield from _maintenance_findings(endpoint)
    if endpoint.api_version is not None and endpoint.api_version not in provider.versions:
        fix = "remove it; Azure's goes under query, as in query: {api-version: …}"
        message = did_you_mean(endpoint.api_version, provider.versions) if provider.versions else fix
        yield Finding(("api_version",), f"{endpoint.provider} has no version {quoted(endpoint.api_version)}; {message}")
    for name, least in provider.required.items():
        if name not in endpoint.parameters:
            message = f"{endpoint.provider} requires {name}; write parameters: {{{name}: {least}}}"
            yield Finding(("parameters",), message)
    for name, fix in known_refusals(endpoint).items():
        message = f"{endpoint.model} is known not to take {name}; {fix}"
        yield Finding(("parameters", name), message)
    for where, value in _parameters(endpoint):
        name = str(where[-1])
        if is_secret_name(name) and isinstance(value, str):
            yield Finding(where, f"{NO_KEYS} {key_fix(endpoint)}")
        if endpoint.provider == "scripted":
            continue
        if name in _NUMBERS and isinstance(value, str):
            fix = number_meant(value, is_whole=name in _WHOLE)
            yield Finding(where, f"expected a number, found the text {quoted(value)}; {fix}")
        if name in _OURS and len(where) == 2:
            yield Finding(where, f"the prober sets {name} itself; remove it here and {_OURS[name]}")
        for capability, needed_by in CAPABILITY_PARAMETERS.items():
            if name in needed_by and getattr(endpoint.capabilities, capability) is False:
                yield Finding(where, f"capabilities say that the model rejects {capability}; remove one of the two")


def _severity_findings(endpoint: Endpoint) -> Iterator[Finding]:
    known = [*dict.fromkeys((*CHANNELS, *get_args(FactKind), *get_args(TroubleKind), *MEASURED))]
    for name in endpoint.severity:
        if name not in known:
            yield Finding(("severity", name), f"unknown channel {quoted(name)}; {did_you_mean(name, known)}")


def _maintenance_findings(endpoint: Endpoint) -> Iterator[Finding]:
    for index, window in enumerate(endpoint.maintenance):
        here: Where = ("maintenance", index)
        if window.begins is None and window.at is None:
            yield Finding(here, 'has no start; write begins: "2026-03-01T02:00Z" or at: "02:00"')
        elif window.begins is not None and window.at is not None:
            yield Finding(here, "both begins and at are set; keep one")
        elif window.begins is not None and not _is_time(window.begins):
            yield Finding(
                (*here, "begins"), f"{quoted(window.begins)} is not a time; write for instance 2026-03-01T02:00Z"
            )
        elif window.begins is not None and window.days:
            yield Finding((*here, "days"), "a window that begins once needs no days; remove them, or write at:")
        if not 0 < window.lasts_s <= 7 * _DAY_S:
            yield Finding((*here, "lasts"), "must be above 0 and at most seven days; write for instance 2h")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _parameters(endpoint: Endpoint) -> Iterator[tuple[Where, JsonValue]]:
    """The parameters, and those that stand one level deeper because a provider's format wants them there."""
    for name, value in endpoint.parameters.items():
        yield (("parameters", name), value)
        if name in _NESTS and isinstance(value, dict):
            for inner, deeper in value.items():
                yield (("parameters", name, inner), deeper)


def pairing_findings(probe: Probe, endpoints: Sequence[Endpoint]) -> Iterator[Finding]:
    """What a probe uses and an endpoint of its set declares to be rejected, or sends already."""
    used: list[tuple[str, Where]] = []
    if probe.tools:
        used.append(("tools", ("tools",)))
    if probe.system is not None or any(message.role == "system" for message in probe.messages or ()):
        used.append(("system", ("messages",) if probe.system is None else ("system",)))
    for endpoint in endpoints:
        for thing, where in used:
            if getattr(endpoint.capabilities, thing) is False:
                declares = f"endpoint {endpoint.name} declares that its model rejects {thing}"
                yield Finding(where, f"{declares}; remove it or the endpoint from the set")
            elif endpoint.provider != "scripted" and (twice := _SENT_AS[thing] & endpoint.parameters.keys()):
                message = f"endpoint {endpoint.name} sends {min(twice)} of its own; remove one of the two"
                yield Finding(where, message)


def budget_faults(budget: Budget, asked: Sequence[tuple[Endpoint, Sequence[ProbeSet]]]) -> Iterator[Finding]:
    """Limits that no round fits: rounds that ask more often than one allows, single asks that may cost more, and
    dollars where a price is not known. `asked`: endpoints, and the sets whose asks of them the budget counts."""
    for limit in budget.limits:
        for message in dict.fromkeys(_limit_faults(limit, asked)):
            yield Finding((limit.name,), message)


def _limit_faults(limit: Limit, asked: Sequence[tuple[Endpoint, Sequence[ProbeSet]]]) -> Iterator[str]:
    for endpoint, sets in asked:
        if limit.unit == "asks":
            # What is due every day shares the day and the month.
            daily = [each for each in sets if limit.period != "hour" and _is_daily(each.schedule)]
            for group in (daily, *([each] for each in sets if each not in daily)):
                asks = sum(probe.samples for each in group for probe in each.probes)
                if asks > limit.most:
                    names = ", ".join(each.name for each in group)
                    many = f"one round of {names} asks {count(asks, 'time')}"
                    yield f"{many}, more than {limit.most} {A_PERIOD[limit.period]}; raise it, or lower samples"
            continue
        price = tariff(endpoint, datetime.now(UTC)) if limit.unit == "dollars" and sets else None
        if isinstance(price, Unpriced):
            yield f"dollars of {endpoint.name} cannot be counted: {price.reason}"
            continue
        estimate = TokenEstimate(output_limit(endpoint.parameters))
        for each in sets:
            for probe in each.probes:
                sent, got = estimate.of(probe)
                needed = sent + got if price is None else price.nanodollars(sent, got)
                if needed > limit.most:
                    amount = count(needed, "token") if price is None else dollars(needed / NANO)
                    most = f"{limit.most:,}" if price is None else dollars(limit.shown)
                    fix = "declare max_tokens" if output_limit(endpoint.parameters) is None else "lower its max_tokens"
                    what = f"one ask of {probe.id} in {each.name} on {endpoint.name} may take {amount}"
                    yield f"{what}, more than {most} {A_PERIOD[limit.period]}; raise it, or {fix}"
                    break


def _is_daily(schedule: Schedule) -> bool:
    if schedule.every_s is not None:
        return schedule.every_s <= _DAY_S
    try:
        return schedule.cron is not None and cron.parse(schedule.cron).every_day
    except ValueError:
        return False


def _is_ours(endpoint: Endpoint) -> bool:
    """Scripted, or on this machine."""
    if endpoint.provider == "scripted":
        return True
    try:
        return endpoint.base_url is not None and is_local(urlsplit(endpoint.base_url).hostname or "")
    except ValueError:
        return False


def runbook_findings(runbook: JsonValue, folder: Path) -> Iterator[Finding]:
    """A runbook is an address, or a file beside the probe set."""
    if not isinstance(runbook, str) or runbook.startswith(("https://", "http://")):
        return
    try:
        found = (folder / runbook).is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        message = f"there is no file {quoted(runbook)}; write a file beside this one, or an address such as https://…"
        yield Finding(("runbook",), message)
