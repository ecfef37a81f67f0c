"""What an extractor gives back, what an embedder is, and how the features of one reply become its fingerprint:
printable words, finite numbers."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, TypeAlias

from prober.model.declaration import Probe
from prober.model.evidence import Fingerprint
from prober.model.reply import Reply

NONE = "(none)"
"""The category of a thing the provider did not name. That it is gone is evidence too."""
LONGEST_CATEGORY = 200
"""Characters of a category that are kept; the rest is replaced by a hash of the whole."""


@dataclass(frozen=True, slots=True)
class Features:
    """What one extractor read off one reply. Keys are names within the feature, such as `characters`."""

    categories: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Name → why it could not be read; the name is `""` when the reason concerns the whole feature."""


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


def merge(features: Mapping[str, Features]) -> Fingerprint:
    """Feature name → Features, as one Fingerprint with keys `<feature>.<name>`."""
    categories: dict[str, str] = {}
    numbers: dict[str, float] = {}
    vectors: dict[str, tuple[float, ...]] = {}
    unreadable: dict[str, str] = {}
    for feature, found in features.items():
        for name, value in found.categories.items():
            categories[_key(feature, name)] = printable(value)
        for name, vector in found.vectors.items():
            vectors[_key(feature, name)] = vector
        for name, why in found.unreadable.items():
            unreadable[_key(feature, name)] = why
        for name, number in found.numbers.items():
            if abs(number) <= sys.float_info.max:  # neither NaN nor an integer that no double holds
                numbers[_key(feature, name)] = float(number)
            else:
                unreadable[_key(feature, name)] = "not a finite number"
    return Fingerprint(categories, numbers, vectors, unreadable)


def printable(value: str) -> str:
    r"""The value itself where it can be printed and is short.

    Control characters, NUL bytes and lone surrogates, which databases and terminals choke on, are written as escapes
    such as `\n`; a long value is cut and ends in a hash of all of it, so that different values stay different.
    """
    if len(value) <= LONGEST_CATEGORY and value.isprintable():
        return value
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value[:LONGEST_CATEGORY])
    return shown if len(value) <= LONGEST_CATEGORY else f"{shown}…{digest(value)}"


@lru_cache(maxsize=4096)
def _key(feature: str, name: str) -> str:
    return printable(f"{feature}.{name}") if name else feature


Extractor: TypeAlias = Callable[[Reply, Probe], Features]
"""Reads one feature off an answered reply. Pure; never raises for what a reply holds."""
