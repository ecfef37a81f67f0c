"""Candidates: thousands of prompts that ask for one short answer without a right one, made from lists of words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from pathlib import Path
from typing import TypedDict

import numpy as np
import yaml

from prober.model.declaration import Probe

_HOME = Path(__file__).with_name("pool.yaml")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt that may turn out to be a good probe."""

    kind: str
    """How it asks: a key of `pool.yaml`, such as `pair`."""
    probe: Probe


class _Kind(TypedDict, total=False):
    ask: list[str]
    pairs: list[list[str]]
    slots: dict[str, list[str | int]]


def pool(seed: int) -> Iterator[Candidate]:
    """Every candidate once, kinds taking turns: the same order for the same seed."""
    rng = np.random.default_rng([seed & 0xFFFFFFFFFFFF, 3])
    queues = {kind: _shuffled(kind, row, rng) for kind, row in _rows().items()}
    while queues:
        for kind in list(queues):
            candidate = next(queues[kind], None)
            if candidate is None:
                del queues[kind]
            else:
                yield candidate


def size() -> int:
    """How many candidates there are."""
    return sum(len(_fillings(row)) for row in _rows().values())


@cache
def _rows() -> Mapping[str, _Kind]:
    rows: Mapping[str, _Kind] = yaml.safe_load(_HOME.read_text(encoding="utf-8"))
    return rows


def _shuffled(kind: str, row: _Kind, rng: np.random.Generator) -> Iterator[Candidate]:
    fillings, asks = _fillings(row), row["ask"]
    order = rng.permutation(len(fillings)).tolist()
    templates = rng.integers(len(asks), size=len(fillings)).tolist()
    for index, template in zip(order, templates, strict=True):
        words = fillings[index]
        name = re.sub(r"[^a-z0-9]+", "-", "-".join([kind, *words.values()]).lower()).strip("-")
        yield Candidate(kind, Probe(id=name, prompt=asks[template].format(**words)))


def _fillings(row: _Kind) -> Sequence[Mapping[str, str]]:
    """All ways of filling a template in: slot → word."""
    pairs = [{"a": a, "b": b} for group in row.get("pairs", []) for a, b in permutations(group, 2)]
    slots = row.get("slots", {})
    if not slots:
        return pairs
    ranges = [dict(zip(slots, map(str, words), strict=True)) for words in product(*slots.values())]
    return [words for words in ranges if "low" not in words or int(words["low"]) < int(words["high"])]
