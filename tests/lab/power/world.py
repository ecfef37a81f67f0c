"""A reference by hand: one probe of two answers, one of a single answer, one that writes prose and is checked."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import cache

import numpy as np

from prober.lab.power import history_of
from prober.model.declaration import Check, Probe
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply

START = datetime(2026, 1, 1, tzinfo=UTC)
COIN, FIXED, PROSE = "s.coin", "s.fixed", "s.prose"
PROBES = {
    COIN: Probe(id="coin", prompt="Heads or tails?"),
    FIXED: Probe(id="fixed", prompt="Two and two?"),
    PROSE: Probe(id="prose", prompt="Tell a story.", expect=(Check(type="not-is-refusal"),)),
}


def print_of(choice, characters, words=1, check=None, model="m-1"):
    categories = {"text.choice": choice, "structure.shape": "plain", "refusal.refused": "no", "identity.model": model}
    if check is not None:
        categories["expectation.all"] = check
    return Fingerprint(categories, {"text.characters": float(characters), "text.words": float(words)})


def observe(series, sample, print_):
    reply = Reply(at=START, text="…") if print_ is not None else Reply(at=START, error="timeout")
    return Observation(series, f"set/{series.removeprefix('s.')}", sample, reply, print_)


def round_of(number, rng, samples=4, series=(COIN, FIXED, PROSE)):
    made = {
        COIN: lambda: print_of("heads" if rng.random() < 0.7 else "tails", 5),
        FIXED: lambda: print_of("4", 1),
        PROSE: lambda: print_of(
            "Once", round(np.exp(rng.normal(6, 0.3))), 60, "fail" if rng.random() < 0.1 else "pass"
        ),
    }
    observations = [observe(one, sample, made[one]()) for one in series for sample in range(samples)]
    return Round(f"{number:04d}", "bot", START, tuple(observations))


def reference(rounds=12, seed=0, **options):
    rng = np.random.default_rng(seed)
    return [round_of(number, rng, **options) for number in range(rounds)]


@cache
def history(rounds=12, seed=0, **options):
    return history_of(reference(rounds, seed, **options), set(PROBES))


def choices(observations, series=COIN):
    """Answer → share."""
    seen = Counter(o.fingerprint.categories["text.choice"] for o in observations if o.series == series)
    return {answer: count / seen.total() for answer, count in seen.items()}
