"""The judge itself, and the comparison, over rounds of the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.ladder import Answers, as_round
from prober.judging.explain.summary import log_e_of_all
from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.lab.compare import Compared, judge
from prober.lab.compare.exchange import Answer, Gathered
from prober.lab.replay import reference_of
from prober.model.evidence import Round


@dataclass(frozen=True)
class Watch:
    """A judge that has seen some rounds. It never changes, so that many futures may follow one history."""

    memory: Memory
    promise: Promise
    rounds: tuple[Answers, ...]
    """All rounds, the reference among them."""
    alarmed: bool = False
    """By the last round."""

    @staticmethod
    def begin(reference: Sequence[Answers]) -> Watch:
        """After these rounds, the whole reference, under the promise of one false alarm a year."""
        promise = Promise(1.0, HOURS_PER_YEAR, reference_of(len(reference)))
        rounds = numbered(reference)
        # What the daemon reaches too, round by round: it learns nothing until the reference is complete.
        memory, _ = advance(Memory(), rounds[-1], lambda series: rounds, promise)
        return Watch(memory, promise, tuple(reference))

    def see(self, answers: Answers) -> Watch:
        """After one more round."""
        rounds = (*self.rounds, answers)
        [round_] = numbered([answers], len(self.rounds))
        memory, judgement = advance(self.memory, round_, lambda series: numbered(rounds), self.promise)
        return Watch(memory, self.promise, rounds, judgement.state == "alarm")

    def delay(self, rounds: Sequence[Answers]) -> int | None:
        """Of these further rounds the one, counted from 1, that raises the alarm; None where none does."""
        watch = self
        for number, answers in enumerate(rounds, start=1):
            watch = watch.see(answers)
            if watch.alarmed:
                return number
        return None

    @property
    def log_e(self) -> float:
        """ln of the e-value of all channels log_e_of_all; unlike that of a judgement it has no largest number."""
        return log_e_of_all(self.memory)


def numbered(rounds: Sequence[Answers], first: int = 0) -> list[Round]:
    """As the judge sees them. Without times, so that each round is a step of its own: the ladder has no days."""
    return [as_round(answers, f"{number:06d}") for number, answers in enumerate(rounds, start=first)]


def compared(reference: Sequence[Answers], candidate: Sequence[Answers], alpha: float, seed: int = 0) -> Compared:
    """What `prober compare` says of the same rounds in two logs."""
    places = [(side, round_) for side, rounds in ((False, reference), (True, candidate)) for round_ in numbered(rounds)]
    answers = [
        Answer((seen.probe, "", ""), side, round_.label, seen.fingerprint)
        for side, round_ in places
        for seen in round_.observations
        if seen.fingerprint is not None
    ]
    gathered = Gathered(
        answers=tuple(sorted(answers, key=lambda answer: (answer.key, answer.candidate, answer.round))),
        paired=True,
        kinds={
            (side, round_.label): frozenset((seen.probe, "", "") for seen in round_.observations)
            for side, round_ in places
        },
        same_endpoint=True,
        failed=(0, 0),
        unmatched=0,
    )
    return judge(gathered, alpha, np.random.default_rng(seed))
