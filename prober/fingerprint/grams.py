"""How a text is worded, as a vector: its character trigrams, hashed to a few signed counts (Weinberger et al. 2009)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

SIZE: Final = 128
"""Dimensions: a power of two."""
READ: Final = 4_000
"""Characters that are read."""
DECIMALS: Final = 4
"""Of each component."""

_EDGES = "\x02", "\x03"  # so that how a text begins and ends are trigrams of their own, and one character has one
_FACTORS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D], dtype=np.uint32)
_MIX = np.uint32(0x2C1B3C6D)
_TO_BUCKET = np.uint32(32 - SIZE.bit_length() + 1)
_SIGN = np.uint32(1)


def grams(text: str) -> tuple[float, ...] | None:
    """Shape (SIZE,), of length 1; None for an empty text.

    Each trigram adds one to, or takes one from, the component its hash says. A random sign keeps collisions from
    adding up, so that the cosine of two vectors is on average that of the full trigram counts.
    """
    if not text:
        return None
    padded = _EDGES[0] + text[:READ] + _EDGES[1]
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    a, b, c = _FACTORS
    mixed = codes[:-2] * a + codes[1:-1] * b + codes[2:] * c
    mixed ^= mixed >> np.uint32(15)
    mixed *= _MIX
    signs = 1.0 - 2.0 * ((mixed >> np.uint32(8)) & _SIGN)
    counts = np.bincount(mixed >> _TO_BUCKET, weights=signs, minlength=SIZE)
    length = math.sqrt(float(counts @ counts))
    if not length:  # two trigrams of a tiny text may cancel out; what is left is how many there are
        return tuple((np.ones(SIZE) / math.sqrt(SIZE)).round(DECIMALS).tolist())
    return tuple(((counts / length).round(DECIMALS) + 0.0).tolist())  # + 0.0 turns -0.0 into 0.0
