"""What the checks of a triage rest on: plain data, read by `prober.status.triage`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from prober.judging.strata import Movement
from prober.model.evidence import Fact
from prober.model.incident import Change, Trouble
from prober.model.triage import Swapped
from prober.model.version import Mark, Provenance


@dataclass(frozen=True, slots=True)
class Edit:
    """A declared probe or endpoint was another content from this round on."""

    name: str
    round: str
    """Label of the first round asked so."""
    number: int | None = None
    """Number of the version, where one is stored."""
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another endpoint that was asked some of the same probes."""

    name: str
    same_model: bool
    """Whether it is the same model, asked there or elsewhere: a second look at what the provider serves."""
    same_provider: bool
    moved: bool | None
    """Whether the unedited probes moved; None where that cannot be said."""
    edited: Movement | None
    """How the edited probes moved."""
    tokens_added: int | None = None
    """As in `Material`; None where it was edited itself."""
    facts: tuple[Fact, ...] = ()
    """Since then."""


@dataclass(frozen=True, slots=True)
class LiveSamples:
    """What sampled production traffic says. None: no such samples, or too few."""

    inputs_moved: bool | None = None
    outputs_moved: bool | None = None
    retrieval_fell: bool | None = None
    """Whether what was retrieved scores lower than before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How the asks since went."""

    made: int = 0
    failed: int = 0
    cached: int = 0
    """How many of the failed asks a cache answered."""
    unasked: str = ""
    """Why the newest missed round was not asked."""
    failure: str = ""
    """What the newest failed ask ended with."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is stored of one endpoint, before and since the moment in question."""

    endpoint: str
    since: datetime
    rounds: tuple[int, int]
    """Completed rounds before, and since."""
    asked: Asked
    vantage: str = ""
    """Where it is asked from; empty where that is not declared."""
    trouble: Trouble | None = None
    change: Change | None = None
    """A change whose onset lies in the time in question."""
    suspicion: float = 0.0
    """Evidence as a share of the threshold, with an onset in that time."""
    facts: tuple[Fact, ...] = ()
    prompt_edits: tuple[Edit, ...] = ()
    endpoint_edits: tuple[Edit, ...] = ()
    deploys: tuple[Mark, ...] = ()
    untouched: Movement | None = None
    """Movement of the unedited probes."""
    edited: Movement | None = None
    """Movement of the edited probes."""
    edited_alone: Movement | None = None
    """Of the checks of the edited ones, beyond those of the others in the same rounds."""
    reconfigured: Movement | None = None
    """Movement of all probes, from before the edit of the endpoint to after it."""
    neighbours: tuple[Neighbour, ...] = ()
    tokens_added: int | None = None
    """Input tokens that every unedited prompt is longer by; 0 for none, None where that cannot be said."""
    repeats: tuple[float, float] | None = None
    """Share of long replies that came word for word before, before and since."""
    live: LiveSamples | None = None
    swapped: tuple[Swapped, ...] = ()
    """What the swap experiment found; empty where none was made."""
