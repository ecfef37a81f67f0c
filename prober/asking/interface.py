"""What a provider is: one verb. What it is asked, and what comes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from prober.asking.model_lists import Listing
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply


@dataclass(frozen=True, slots=True)
class Ask:
    """One probe to be put to one endpoint, once."""

    endpoint: Endpoint
    probe: Probe
    sample: int
    """0-based, among the samples of this probe in its round."""
    series: str
    """`series_key` of the two; worked out once, not for every sample."""
    place: int = 0
    """0-based, among all asks of the round. Observations are kept in this order, whichever reply comes first."""


class Answer(NamedTuple):
    """An ask that was made, and what came of it."""

    ask: Ask
    reply: Reply


class Description(NamedTuple):
    """What an endpoint says of itself."""

    values: Mapping[str, str]
    """Short, by name; empty where it says nothing now."""
    silent: tuple[str, ...] = ()
    """Pages that it does not have, or that say nothing that could be read."""


@runtime_checkable
class Describes(Protocol):
    """A provider that can ask what an endpoint says of itself."""

    def describe(self, endpoint: Endpoint, without: Collection[str] = ()) -> Description:
        """All pages but `without`. No ask of the model; never raises for bad luck."""
        ...


@runtime_checkable
class ListsModels(Protocol):
    """A provider that has a list of its models."""

    def list_models(self, endpoint: Endpoint) -> Listing:
        """What the list says, of the endpoint's model and of others. No ask of the model; never raises for bad luck."""
        ...


class Provider(Protocol):
    """Puts one probe to one endpoint, once. No retry, cache or fallback; never raises for bad luck."""

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        """One ask, one observation.

        `sample` (0-based) and `now` (UTC) place the ask in its round; only the scripted provider, whose worlds are
        seeded, reads them. Every failure is a `Reply` with an `error`; `ConfigurationError` is for what no retry fixes.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...
