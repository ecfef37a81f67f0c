"""Character trigrams, hashed: against a slow, plain twin, and what is promised of their cosines."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.fingerprint.text import DECIMALS, READ, SIZE, grams

texts = st.text(alphabet=st.characters(), min_size=1, max_size=60) | st.text(alphabet="ab c.", min_size=1)


def slow(text: str) -> list[float]:
    """The formula in plain words: every trigram adds a sign to a bucket."""
    wrap = 2**32
    padded = [2, *map(ord, text[:READ]), 3]
    counts = [0] * SIZE
    for a, b, c in zip(padded, padded[1:], padded[2:], strict=False):
        h = (a * 0x9E3779B1 + b * 0x85EBCA77 + c * 0xC2B2AE3D) % wrap
        h ^= h >> 15
        h = h * 0x2C1B3C6D % wrap
        counts[h * SIZE // wrap] += 1 if (h >> 8) % 2 == 0 else -1
    length = math.sqrt(sum(n * n for n in counts))
    return [n / length if length else 1 / math.sqrt(SIZE) for n in counts]


@pytest.mark.slow
@given(texts)
def test_it_is_what_the_plain_twin_says(text: str) -> None:
    vector = grams(text)
    assert vector == pytest.approx(slow(text), abs=0.6 * 10**-DECIMALS)
    assert math.hypot(*vector or ()) == pytest.approx(1.0, abs=0.01)
    assert grams(text) == vector


def test_a_text_of_nothing_has_no_wording() -> None:
    assert grams("") is None


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    long = "".join(random.Random(1).choices("abc de.", k=READ + 1))
    assert grams(long) == grams(long[:READ]) != grams(long[: READ - 1])


def test_a_lone_surrogate_and_nought_are_characters_too() -> None:
    assert len({grams(text) for text in ("\ud800", "\x00", "a", "\U0010ffff")}) == 4


@pytest.mark.slow
def test_trigrams_that_cancel_out_still_have_a_direction() -> None:
    vectors = [np.array(grams(a + b)) for a in map(chr, range(33, 127)) for b in map(chr, range(33, 127))]
    assert min(float(v @ v) for v in vectors) > 0.99


def test_its_cosine_is_on_average_that_of_all_trigrams() -> None:
    rng = random.Random(3)
    words = ["the", "river", "stone", "lamp", "green", "walk", "seven", "paper", "cloud", "and", "of", "with", "under"]
    errors = []
    for _ in range(200):
        one, other = (" ".join(rng.choices(words, k=30)) for _ in range(2))
        errors.append(float(np.array(grams(one)) @ np.array(grams(other))) - cosine(one, other))
    assert np.mean(errors) == pytest.approx(0.0, abs=0.03)
    assert np.std(errors) < 0.12


def cosine(one: str, other: str) -> float:
    a, b = (Counter(zip(f"\x02{t}\x03", f"{t}\x03", f"{t}\x03"[1:], strict=False)) for t in (one, other))
    dot = sum(n * b[gram] for gram, n in a.items())
    return dot / math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()))
