"""The words of this room: what an extractor gives back, and what an embedder is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from prober.model.declaration import Probe
from prober.model.reply import Reply

NONE = "(none)"
"""The category of a thing the provider did not name. That it is gone is evidence too."""


@dataclass(frozen=True, slots=True)
class Features:
    """What one extractor read off one reply. Keys are names within the feature, such as `characters`."""

    categories: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Name → why it could not be read; the name is `""` when the reason concerns the whole feature."""


Extractor: TypeAlias = Callable[[Reply, Probe], Features]
"""Reads one feature off an answered reply. Pure; never raises for what a reply holds."""


class Embedder(Protocol):
    """Turns a text into a vector, the same one every time."""

    @property
    def name(self) -> str:
        """Its row in `EMBEDDERS`, and the last part of the vector's key."""
        ...

    @property
    def source(self) -> str:
        """Library, version and weights. Vectors of different sources are never compared."""
        ...

    def embed(self, text: str) -> Sequence[float]:
        """The vector of a text that is not blank; any length, need not be normalised.

        Raises:
            EmbedderUnavailable: the model cannot be loaded here.
        """
        ...


class EmbedderUnavailable(Exception):
    """The embedding model cannot be loaded; the text says why."""


def unreadable(reason: str) -> Features:
    """Nothing of this feature could be read."""
    return Features(unreadable={"": reason})


def known(values: Mapping[str, float | None], reason: str) -> Features:
    """The numbers that are known; each of the others is unreadable for `reason`."""
    return Features(
        numbers={name: float(value) for name, value in values.items() if value is not None},
        unreadable={name: reason for name, value in values.items() if value is None},
    )


def digest(text: str) -> str:
    """16 hex digits that stand for exactly this text, lone surrogates included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
