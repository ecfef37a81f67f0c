"""Thousands of short prompts from a pool: how each scores, and which are asked again, by successive halving."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, pairwise, permutations, product
from math import ceil, sqrt
from pathlib import Path
from typing import Final, TypedDict

import numpy as np
import yaml

from prober.fingerprint.text import choice
from prober.lab.discover.asker import PatientAsker, ask_of
from prober.lab.discover.logprobs import Block
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply

_HOME = Path(__file__).with_name("pool.yaml")
CREDIBLE = 8
"""Asks at which a score counts half. Of many probes tried briefly, the best look better than they are."""
SAME_KIND = 0.9
"""What the next probe is worth for every one of its kind that is chosen already: alike probes move together."""
RUNGS: Final = (3, 8, 20, 48)
"""Asks of a candidate after each rung. Every rung gets the same share of the tokens, so each keeps half or fewer."""
ENOUGH: Final = RUNGS[1]
"""Asks from which a probe's answers are known well enough to be chosen."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt that may turn out to be a good probe."""

    kind: str
    """How it asks: a key of `pool.yaml`, such as `pair`."""
    probe: Probe


@dataclass(slots=True)
class Tried:
    """A candidate and what it answered."""

    candidate: Candidate
    blocks: list[Sequence[Reply]] = field(default_factory=list)
    """Replies of each rung. How many there are in a rung does not depend on what they say."""

    @property
    def replies(self) -> list[Reply]:
        return [reply for block in self.blocks for reply in block]

    @property
    def answers(self) -> Counter[str]:
        """Answer, as the detectors read it → how often."""
        return Counter(choice(reply.text or "") for reply in self.replies)

    @property
    def tokens_per_ask(self) -> float:
        replies = self.replies
        return sum(reply.tokens or 0 for reply in replies) / len(replies) if replies else 0.0

    @property
    def score(self) -> float:
        return score(list(self.answers.values()), self.tokens_per_ask) if self.replies else 0.0


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


def impurity(counts: Sequence[int]) -> float:
    """1 - Σ p², unbiased (Simpson): the chance that two further replies differ.

    `counts`: replies per answer. 0 for fewer than two replies.
    """
    n = sum(counts)
    return 1.0 - sum(c * (c - 1) for c in counts) / (n * (n - 1)) if n > 1 else 0.0


def unseen(counts: Sequence[int]) -> float:
    """How many answers were never seen yet, estimated from those seen once and twice (Chao 1984, bias-corrected)."""
    once, twice = counts.count(1), counts.count(2)
    return once * (once - 1) / (2 * (twice + 1))


def score(counts: Sequence[int], tokens_per_ask: float) -> float:
    """Detection power per token, in arbitrary units; 0 for a probe that always answers the same.

    Shrunk towards 0 by n / (n + CREDIBLE), so that few asks do not outshine many.
    """
    n, free = sum(counts), sum(c > 0 for c in counts) + unseen(counts) - 1
    return impurity(counts) / (sqrt(free) * tokens_per_ask) * n / (n + CREDIBLE) if free > 0 else 0.0


def choose(kinds: Sequence[str], scores: Sequence[float], wanted: int) -> list[int]:
    """Which of the scored probes to keep, best first: at most `wanted` indices, mixed in kind, none of score 0."""
    chosen: list[int] = []
    taken: dict[str, int] = {}
    left = {index for index, value in enumerate(scores) if value > 0}
    while left and len(chosen) < wanted:
        best = max(left, key=lambda index: (scores[index] * SAME_KIND ** taken.get(kinds[index], 0), -index))
        left.remove(best)
        chosen.append(best)
        taken[kinds[best]] = taken.get(kinds[best], 0) + 1
    return chosen


def scan(asker: PatientAsker, endpoint: Endpoint, candidates: Iterator[Candidate], tried: list[Tried]) -> None:
    """Try candidates; every one that is tried is appended to `tried`, so that nothing is lost when GivenUp is raised.

    Where few candidates are promising, tokens are left in the end, and it begins anew with others. What is asked
    follows from the candidates, the budget and the replies alone, so that a run that goes on from known replies makes
    the choices that an undisturbed one would have made.
    """
    begun = -1
    while begun < asker.walked < asker.budget_tokens and not asker.exhausted:
        begun = asker.walked
        for number, (done, target) in enumerate(pairwise((0, *RUNGS))):
            share = (asker.budget_tokens - asker.walked) / (len(RUNGS) - number)
            until = asker.walked + share
            going_on = _new(candidates, tried) if done == 0 else _promising(tried, done)
            _rung(asker, endpoint, going_on, done, target, until)


def blocks_of(tried: Sequence[Tried]) -> list[Block]:
    """What the log-probabilities are held against."""
    return [Block(one.candidate.probe.id, replies) for one in tried for replies in one.blocks if replies]


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


def _new(candidates: Iterator[Candidate], tried: list[Tried]) -> Iterator[Tried]:
    for candidate in candidates:
        tried.append(Tried(candidate))
        yield tried[-1]


def _promising(tried: Sequence[Tried], done: int) -> Iterator[Tried]:
    """Those that reached a rung and gave more than one answer, best first."""
    reached = [one for one in tried if len(one.replies) == done and one.score > 0]
    return iter(sorted(reached, key=lambda one: -one.score))


def _rung(
    asker: PatientAsker, endpoint: Endpoint, going_on: Iterator[Tried], done: int, target: int, until: float
) -> None:
    """Bring one after the other from `done` to `target` asks, until so many tokens are walked."""
    together = ceil(endpoint.concurrency / (target - done))
    while not asker.exhausted and asker.walked < until:
        group = list(islice(going_on, together))
        if not group:
            return
        asks = [ask_of(endpoint, one.candidate.probe, sample) for one in group for sample in range(done, target)]
        replies = iter(asker.ask(asks))
        for one in group:
            one.blocks.append([reply for reply in islice(replies, target - done) if reply])
