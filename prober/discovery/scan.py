"""Successive halving (Jamieson and Talwalkar 2016): many candidates a little, the promising ones more and more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from math import ceil
from typing import Final

from prober.declaration import Endpoint
from prober.discovery.asker import Ask, Asker, tokens_of
from prober.discovery.logprobs import Block
from prober.discovery.pool import Candidate
from prober.discovery.scores import score
from prober.fingerprint.text import choice
from prober.reply import Reply

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


def scan(asker: Asker, endpoint: Endpoint, candidates: Iterable[Candidate], tried: list[Tried]) -> None:
    """Try candidates; every one that is tried is appended to `tried`, so that nothing is lost when GivenUp is raised.

    What is asked follows from the candidates, the budget and the replies alone, so that a run that goes on from known
    replies makes the choices that an undisturbed one would have made.
    """
    going_on: Iterable[Tried] = (_noticed(Tried(candidate), tried) for candidate in candidates)
    for number, (done, target) in enumerate(pairwise((0, *RUNGS))):
        share = (asker.budget_tokens - asker.walked) / (len(RUNGS) - number)
        finished = list(_rung(asker, endpoint, iter(going_on), done, target, asker.walked + share))
        going_on = sorted((one for one in finished if one.score > 0), key=lambda one: -one.score)


def blocks_of(tried: Sequence[Tried]) -> list[Block]:
    """What the log-probabilities are held against."""
    return [Block(one.candidate.probe.id, replies) for one in tried for replies in one.blocks if replies]


def _rung(
    asker: Asker, endpoint: Endpoint, going_on: Iterator[Tried], done: int, target: int, until: float
) -> Iterator[Tried]:
    """Bring one after the other to `target` asks, until so many tokens are walked; those that got there."""
    together = ceil(endpoint.concurrency / (target - done))
    while not asker.exhausted and asker.walked < until:
        group = list(islice(going_on, together))
        if not group:
            return
        asks = [Ask(endpoint, one.candidate.probe, sample) for one in group for sample in range(done, target)]
        replies = iter(asker.ask(asks))
        for one in group:
            block = list(islice(replies, target - done))
            one.blocks.append([reply for reply in block if reply])
            if all(block):
                yield one


def _noticed(one: Tried, tried: list[Tried]) -> Tried:
    tried.append(one)
    return one
