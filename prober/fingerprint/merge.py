"""Puts the features of one reply together, fit to be stored and shown: printable words, finite numbers."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from prober.fingerprint.feature import Features, digest
from prober.model.evidence import Fingerprint

LONGEST_CATEGORY = 200
"""Characters of a category that are kept; the rest is replaced by a hash of the whole."""


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


def _key(feature: str, name: str) -> str:
    return printable(f"{feature}.{name}") if name else feature


def printable(value: str) -> str:
    r"""The value itself where it can be printed and is short.

    Control characters, NUL bytes and lone surrogates, which databases and terminals choke on, are written as escapes
    such as `\n`; a long value is cut and ends in a hash of all of it, so that different values stay different.
    """
    if len(value) <= LONGEST_CATEGORY and value.isprintable():
        return value
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value[:LONGEST_CATEGORY])
    return shown if len(value) <= LONGEST_CATEGORY else f"{shown}…{digest(value)}"
