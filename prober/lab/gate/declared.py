"""The gate over what files declare: names become sides, and what was seen becomes a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prober.asking import open_provider
from prober.lab.gate.report import GateReport, report
from prober.lab.gate.run import gate
from prober.lab.gate.sides import AskedSide, LoggedSide, Probes, Side
from prober.loading import Declarations
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


def opened(
    stack: ExitStack,
    declarations: Declarations,
    name: str,
    probes: Probes,
    number: int,
    gates: VerbGates,
    model: str | None = None,
) -> Opened:
    """A side by name: a declared endpoint, asked for `model` where that is given, or the path of a reply log.

    `number`: 0 for the reference, 1 for the candidate. What must be closed goes on the stack. Raises
    ConfigurationError, LogError, StoreError.
    """
    if (log := Path(name)).suffix in {".jsonl", ".gz"}:
        if model is not None:
            raise ConfigurationError("another model needs an endpoint to ask; the candidate is a reply log")
        return Opened(LoggedSide(name, read(log)), None)
    endpoint = declarations.endpoint(name)
    if model is not None:
        endpoint, name = endpoint.model_copy(update={"model": model}), f"{name} with {model}"
    provider = stack.enter_context(closing(open_provider(endpoint)))
    side = AskedSide(name, endpoint, probes, provider, _now, number, gates.of(endpoint, probes))
    return Opened(side, tariff(endpoint, _now()))


def gate_declared(
    sides: tuple[Opened, Opened],
    probes: Probes,
    *,
    margin: float,
    margins: Mapping[str, float],
    alpha: float,
    budget: int,
    unchanged: bool,
    tell: Callable[[int], object] = lambda asks: None,
) -> GateReport:
    """See `run.gate` for the arguments, and `report.report` for `unchanged`."""
    reference, candidate = (one.side for one in sides)
    gated = gate(reference, candidate, probes, margin=margin, margins=margins, alpha=alpha, budget=budget, tell=tell)
    return report(gated, budget, (reference.name, candidate.name), (sides[0].price, sides[1].price), unchanged)


def _now() -> datetime:
    return datetime.now(UTC)
