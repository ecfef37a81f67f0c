"""What is asked of the ladder in a round, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks import ladder
from benchmarks.ladder import BORDER, Answers, Recording
from prober.prices import Tariff

GPT_4_1: Final = Tariff(2.0, 8.0, 0.0, "list price of GPT-4.1")


@dataclass(frozen=True)
class Design:
    """So many border probes, so many replies each."""

    probes: int
    replies: int
    better: int = 0
    """Border probes that are left out for being better than these."""

    def __str__(self) -> str:
        return f"{self.probes} × {self.replies}" + (" other" if self.better else "")

    @property
    def ids(self) -> tuple[str, ...]:
        return BORDER[self.better : self.better + self.probes]

    @property
    def asks(self) -> int:
        """A round."""
        return self.probes * self.replies

    def draw(self, recording: Recording, rng: np.random.Generator, rounds: int) -> list[Answers]:
        """Rounds as an endpoint answers that shows log-probabilities."""
        return [ladder.draw(recording, rng, self.ids, self.replies) for _ in range(rounds)]

    def information(self, recording: Recording) -> float:
        """Nats of information about the change in one round."""
        return ladder.information(ladder.load(ladder.BASE), recording, self.ids, self.replies)

    def tokens(self, recording: Recording) -> tuple[int, int]:
        """Input and output tokens of a round."""
        return sum(recording.input_tokens[probe] for probe in self.ids) * self.replies, self.asks

    def dollars(self, recording: Recording) -> float:
        """A round, at the list price of GPT-4.1."""
        return GPT_4_1.dollars(self.asks, *self.tokens(recording))


EIGHT: Final = Design(8, 3)


def text_only(rounds: list[Answers]) -> list[Answers]:
    """The same replies from an endpoint that shows no log-probabilities."""
    return [
        Answers(answers.texts, {probe: ((),) * len(texts) for probe, texts in answers.texts.items()}, answers.endings)
        for answers in rounds
    ]
