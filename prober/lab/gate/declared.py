"""The gate over what files declare: names become sides, and what was seen becomes a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from prober.asking import open_provider
from prober.lab.gate.report import GateReport, report
from prober.lab.gate.run import GateRule, gate
from prober.lab.gate.sides import AskedSide, LoggedSide, Probes, Side
from prober.loading.declarations import Declarations
from prober.loading.reply_log import read
from prober.model.declaration import Probe, ProbeSet
from prober.model.errors import ConfigurationError
from prober.prices import Tariff, Unpriced, tariff
from prober.service.gates import VerbGates


@dataclass(frozen=True, slots=True)
class Opened:
    """A side, and what it charges."""

    side: Side
    price: Tariff | Unpriced | None
    """None for a reply log."""


def probes_of(sets: Iterable[ProbeSet]) -> dict[str, Probe]:
    """`set/probe id` → probe."""
    return {f"{one.name}/{probe.id}": probe for one in sets for probe in one.probes}


@dataclass(frozen=True, slots=True)
class NamedSide:
    """A side as people name it."""

    name: str
    """A declared endpoint, or the path of a reply log."""
    probes: Probes
    model: str | None = None
    """What the endpoint is asked for instead of its own model."""


def gate_declared(
    declarations: Declarations,
    reference: NamedSide,
    candidate: NamedSide,
    rule: GateRule,
    gates: VerbGates,
    progress: Callable[[int], object] = lambda asks: None,
) -> GateReport:
    """The probes that both sides have are asked in pairs, see `run.gate`. Raises ConfigurationError, LogError,
    StoreError, NotEnough."""
    paired = {key: probe for key, probe in reference.probes.items() if key in candidate.probes}
    if not paired:
        raise ConfigurationError("--candidate-probes has none of the probes of the reference; they are paired by id")
    with ExitStack() as stack:
        old, new = (
            _opened(stack, declarations, one, number, gates) for number, one in enumerate((reference, candidate))
        )
        gated = gate(old.side, new.side, paired, rule, progress)
    removed = tuple(sorted(set(reference.probes) - set(candidate.probes)))
    added = tuple(sorted(set(candidate.probes) - set(reference.probes)))
    said = report(gated, rule, (old.side.name, new.side.name), (old.price, new.price))
    return replace(said, removed=removed, added=added)


def _opened(stack: ExitStack, declarations: Declarations, named: NamedSide, number: int, gates: VerbGates) -> Opened:
    """`number`: 0 for the reference, 1 for the candidate. What must be closed goes on the stack."""
    name = named.name
    if (log := Path(name)).suffix in {".jsonl", ".gz"}:
        if named.model is not None:
            raise ConfigurationError("another model needs an endpoint to ask; the candidate is a reply log")
        return Opened(LoggedSide(name, read(log)), None)
    endpoint = declarations.endpoint(name)
    if named.model is not None:
        endpoint, name = endpoint.model_copy(update={"model": named.model}), f"{name} with {named.model}"
    provider = stack.enter_context(closing(open_provider(endpoint)))
    side = AskedSide(name, endpoint, named.probes, provider, _now, number, gates.of(endpoint, named.probes))
    return Opened(side, tariff(endpoint, _now()))


def _now() -> datetime:
    return datetime.now(UTC)
