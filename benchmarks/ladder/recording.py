"""What was recorded of a rung, as it is loaded, and rungs that only a share of the traffic reaches."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from benchmarks.ladder.rungs import BASE

HOME = Path(__file__).parent / "recorded"
REST = "…"
"""The token that stands for all those that are not listed."""

TopLogprobs: TypeAlias = tuple[tuple[str, float], ...]
"""(token, natural-log probability) of the first token, best first."""

_ROUTING_SEED = 20260101


class Listed(TypedDict):
    """In a file: what the first token is drawn from."""

    tokens: list[str]
    """Likeliest first, `REST` last."""
    p: list[list[float]]
    """A row a numerics."""


class Document(TypedDict, total=False):
    """A file: gzipped JSON. Parts come as they are recorded, first tokens before texts."""

    rung: str
    first: dict[str, Listed]
    reported: dict[str, list[list[tuple[str, float]]]]
    input_tokens: dict[str, int]
    greedy: dict[str, list[str | None]]
    """A reply a numerics."""
    texts: list[dict[str, tuple[str, str, int]]]
    """A round each: probe → reply, finish reason, output tokens."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What the first token is drawn from."""

    tokens: tuple[str, ...]
    p: NDArray[np.float64]
    """Shape (tokens,), sums to 1."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a recorded text ended."""

    finish_reason: str
    output_tokens: int


@dataclass(frozen=True, eq=False)
class Recording:
    """One rung. What comes in ways (of computing the same thing) has one entry a way, in the order of `weights`."""

    rung: str
    first: Mapping[str, tuple[Distribution, ...]]
    """One-token probe → what its replies are drawn from, a way each."""
    reported: Mapping[str, tuple[TopLogprobs, ...]]
    """One-token probe → the top 20 an interface would report, before any temperature, a way each."""
    texts: tuple[Mapping[str, str], ...]
    """Recorded rounds: text probe → reply."""
    endings: tuple[Mapping[str, Ending], ...]
    """The same rounds: text probe → how the reply ended."""
    greedy: Mapping[str, tuple[str, ...]]
    """Text probe → its reply at temperature 0, a way each."""
    input_tokens: Mapping[str, int]
    """One-token probe → tokens of its prompt. A hidden prompt or another template shows in them at once."""
    weights: tuple[float, ...]
    """Share of the replies that are computed this way; sums to 1."""
    share: float = 1.0
    """Of the replies, those the rung gives; the unchanged model gives the others."""


@cache
def load(rung: str) -> Recording:
    """`base` or a rung. Raises FileNotFoundError where it was not recorded."""
    path = path_of(rung)
    if not path.exists():
        raise FileNotFoundError(f"{path}: not recorded; run `python -m benchmarks.ladder {rung}`")
    document = read(rung)
    ways = len(next(iter(document["first"].values()))["p"])
    rounds = [answers for answers in document.get("texts", []) if answers]
    return Recording(
        rung=rung,
        first={probe: _distributions(listed) for probe, listed in document["first"].items()},
        reported={probe: tuple(map(_pairs, tops)) for probe, tops in document["reported"].items()},
        texts=tuple({probe: answer[0] for probe, answer in answers.items()} for answers in rounds),
        endings=tuple({probe: Ending(*answer[1:]) for probe, answer in answers.items()} for answers in rounds),
        greedy={probe: tuple(x for x in texts if x is not None) for probe, texts in document.get("greedy", {}).items()},
        input_tokens=document["input_tokens"],
        weights=(1 / ways,) * ways,
    )


@cache
def mixed(rung: str, share: float) -> Recording:
    """The unchanged model, with `share` of the replies routed to the rung, each on its own, always in the same way.

    Its text rounds are the rung's, in which the others of the replies are those of the unchanged model's last rounds.
    Raises ValueError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share of the replies that go to {rung} must be between 0 and 1, not {share}")
    base, changed = load(BASE), load(rung)
    if share in (0, 1):
        return base if share == 0 else changed
    routed = random.Random(f"{_ROUTING_SEED} {rung} {share}")
    quiet = len(base.texts) - len(changed.texts)
    sources = [
        {probe: (changed, i) if routed.random() < share else (base, quiet + i) for probe in texts}
        for i, texts in enumerate(changed.texts)
    ]
    return Recording(
        rung=rung,
        first={probe: base.first[probe] + changed.first[probe] for probe in base.first},
        reported={probe: base.reported[probe] + changed.reported[probe] for probe in base.reported},
        texts=tuple({probe: at.texts[i][probe] for probe, (at, i) in source.items()} for source in sources),
        endings=tuple({probe: at.endings[i][probe] for probe, (at, i) in source.items()} for source in sources),
        greedy={probe: base.greedy[probe] + changed.greedy[probe] for probe in base.greedy},
        input_tokens=base.input_tokens,
        weights=(*((1 - share) * w for w in base.weights), *(share * w for w in changed.weights)),
        share=share,
    )


def path_of(rung: str) -> Path:
    """The file of a rung."""
    return HOME / f"{rung}.json.gz"


def read(rung: str) -> Document:
    """What its file holds; nothing but its name where there is none yet."""
    path = path_of(rung)
    if not path.exists():
        return {"rung": rung}
    document: Document = json.loads(gzip.decompress(path.read_bytes()))
    return document


def write(document: Document) -> None:
    """The file of its rung, whole or not at all; equal documents make equal bytes."""
    path = path_of(document["rung"])
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(document, separators=(",", ":"))
    making = path.with_suffix(".making")
    making.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    making.replace(path)


def _distributions(listed: Listed) -> tuple[Distribution, ...]:
    """Rounding to six digits leaves sums that are a little off 1."""
    rows = np.asarray(listed["p"], dtype=np.float64)
    rows = rows / rows.sum(axis=1, keepdims=True)
    rows.setflags(write=False)
    return tuple(Distribution(tuple(listed["tokens"]), row) for row in rows)


def _pairs(top: list[tuple[str, float]]) -> TopLogprobs:
    return tuple((token, value) for token, value in top)
