"""Rounds by hand: fingerprints in their places, and the judge fed with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply

START = datetime(2026, 1, 1, tzinfo=UTC)
REFERENCE = Promise().reference.rounds


def spoken(rng, choice="yes", **changes):
    """The fingerprint of one reply of an unchanged endpoint; `changes` replace readings.

    Answers with `choice` nine times of ten, in about 100 characters, never refusing, always passing.
    """
    said = {
        "identity.model": "m-1",
        "identity.header.x-ms-region": "Sweden",
        "text.reply_type": "Latin, stop, 64 to 511 characters",
        "language.name": "English",
        "text.choice": choice if rng.random() < 0.9 else "other",
        "structure.shape": "plain",
        "refusal.refused": "no",
        "expectation.all": "pass",
    }
    number = {"text.characters": float(rng.integers(90, 111))}
    vector = tuple(map(float, rng.normal((1, 0, 0, 0), 0.2)))
    said["text.exact"] = said["text.choice"]
    number |= {
        "identity.input_tokens": 12.0,
        "usage.reasoning_tokens": 2 * number["text.characters"],
        "logprobs.token.yes": -0.1 + 0.001 * round(vector[1]),
        "logprobs.token.no": -2.4 + 0.01 * vector[2],
    }
    said |= {key: value for key, value in changes.items() if isinstance(value, str)}
    number |= {key: value for key, value in changes.items() if isinstance(value, float)}
    return Fingerprint(
        categories=said,
        numbers=number,
        vectors={"text.grams": vector[:3], "embedding.test": changes.get("vector", vector)},
    )


def whole(rng: np.random.Generator, rounds: Iterable[Round]) -> Iterator[Round]:
    """Simulated rounds whose replies also say what the simulation leaves out; nothing of it ever changes."""
    for round_ in rounds:
        observations = tuple(
            replace(o, fingerprint=_whole(rng, o.series, o.fingerprint)) if o.fingerprint else o
            for o in round_.observations
        )
        yield replace(round_, observations=observations)


def _whole(rng: np.random.Generator, series: str, said: Fingerprint) -> Fingerprint:
    return replace(
        said,
        categories={
            **said.categories,
            "identity.service_tier": str(rng.choice(["standard", "flex"])),
            "language.name": "English",
            "text.exact": str(rng.choice(["0a", "1b", "2c"], p=[0.6, 0.3, 0.1])),
        },
        numbers={
            **said.numbers,
            "identity.input_tokens": 10.0 + len(series),
            "usage.reasoning_tokens": float(rng.integers(50, 500)),
            "logprobs.token.yes": round(float(rng.normal(-0.1, 0.02)), 4),
            "logprobs.token.no": round(float(rng.normal(-3, 0.1)), 4),
        },
        vectors={**said.vectors, "text.grams": tuple(map(float, rng.normal((1, 0, 0, 0), 0.3)))},
    )


def observed(number, prints, every=timedelta(days=1)):
    """Round `number`: series → fingerprints of its replies, None where the ask failed."""
    at = START + number * every
    observations = tuple(
        Observation(
            series,
            f"probe {series}",
            sample,
            Reply(at=at, text="") if print_ else Reply(at=at, error="timeout"),
            print_,
        )
        for series, replies in prints.items()
        for sample, print_ in enumerate(replies)
    )
    return Round(f"{number:04d}", "acme/model", at, observations)


def judged(rounds, promise=None, until_alarm=False):
    """(memory, judgements) after these rounds of one epoch, or after those up to its first alarm."""
    memory, rounds, judgements = Memory(), list(rounds), []
    for i, round_ in enumerate(rounds):
        memory, judgement = advance(memory, round_, history(rounds[: i + 1]), promise or Promise())
        judgements.append(judgement)
        if until_alarm and judgement.state == "alarm":
            break
    return memory, judgements


def history(rounds):
    """As the store gives it: of the rounds so far, those that hold any of the series."""

    def of(series):
        kept = [
            Round(r.label, r.endpoint, r.at, tuple(o for o in r.observations if o.series in series)) for r in rounds
        ]
        return [r for r in kept if r.observations]

    return of
