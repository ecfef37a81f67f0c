"""Successive halving (Jamieson and Talwalkar 2016): many candidates a little, the promising ones more and more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from math import ceil
from typing import Final

from prober.fingerprint.text import choice
from prober.lab.discover.asker import Ask, Asker, tokens_of
from prober.lab.discover.logprobs import Block
from prober.lab.discover.pool import Candidate
from prober.lab.discover.scores import score
from prober.model.declaration import Endpoint
from prober.model.reply import Reply

RUNGS: Final = (3, 8, 20, 48)
"""Asks of a candidate after each rung. Every rung gets the same share of the tokens, so each keeps half or fewer."""
ENOUGH: Final = RUNGS[1]
"""Asks from which a probe's answers are known well enough to be chosen."""


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
        return sum(tokens_of(reply) or 0 for reply in replies) / len(replies) if replies else 0.0

    @property
    def score(self) -> float:
        return score(list(self.answers.values()), self.tokens_per_ask) if self.replies else 0.0


def scan(asker: Asker, endpoint: Endpoint, candidates: Iterator[Candidate], tried: list[Tried]) -> None:
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


def _new(candidates: Iterator[Candidate], tried: list[Tried]) -> Iterator[Tried]:
    for candidate in candidates:
        tried.append(Tried(candidate))
        yield tried[-1]


def _promising(tried: Sequence[Tried], done: int) -> Iterator[Tried]:
    """Those that reached a rung and gave more than one answer, best first."""
    reached = [one for one in tried if len(one.replies) == done and one.score > 0]
    return iter(sorted(reached, key=lambda one: -one.score))


def _rung(asker: Asker, endpoint: Endpoint, going_on: Iterator[Tried], done: int, target: int, until: float) -> None:
    """Bring one after the other from `done` to `target` asks, until so many tokens are walked."""
    together = ceil(endpoint.concurrency / (target - done))
    while not asker.exhausted and asker.walked < until:
        group = list(islice(going_on, together))
        if not group:
            return
        asks = [Ask(endpoint, one.candidate.probe, sample) for one in group for sample in range(done, target)]
        replies = iter(asker.ask(asks))
        for one in group:
            one.blocks.append([reply for reply in islice(replies, target - done) if reply])
