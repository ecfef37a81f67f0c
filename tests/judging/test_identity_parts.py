"""The parts of what an endpoint says of itself: each is judged alone, and only by values that come again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.model.evidence import Fingerprint
from tests.judging.observed import REFERENCE, history, judged, observed

AFTER = 12
Parts = Callable[[np.random.Generator, int, int], dict[str, str]]
"""(rng, round, reply) -> part -> value."""


def rounds(parts: Parts, count: int = REFERENCE + AFTER):
    rng = np.random.default_rng(3)
    for i in range(count):
        said = [
            {f"identity.{part}": value for part, value in parts(rng, i, k).items()} | {"text.choice": "yes"}
            for k in range(4)
        ]
        yield observed(i, {"a": [Fingerprint(categories=one) for one in said]})


def since(i: int, value: str) -> dict[str, str]:
    return {"system_fingerprint": value} if i >= REFERENCE else {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "parts",
    [
        lambda rng, i, k: {"model": "m"} | since(i, "f"),
        lambda rng, i, k: {"model": "m"} | ({} if i >= REFERENCE else {"system_fingerprint": "f"}),
        lambda rng, i, k: {"model": "m"} | ({} if i >= REFERENCE else {"header.x-ms-region": "r"}),
        lambda rng, i, k: {"model": "m", "system_fingerprint": f"f{i} {k}"},
        lambda rng, i, k: {"model": "m", "header.x-sha": f"r{rng.integers(3)}", "service_tier": f"t{rng.integers(2)}"},
    ],
    ids=["begins", "ceases", "route-ceases", "new-in-every-reply", "alternate"],
)
def test_what_is_no_evidence(parts: Parts) -> None:
    _, judgements = judged(rounds(parts))
    assert {one.state for one in judgements[REFERENCE:]} == {"quiet"}
    assert max(one.e_value for one in judgements[REFERENCE:]) < 0.02 * judgements[-1].threshold


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        # Values that take turns by rounds, all of them replaced: that unusual rounds are usual tempers nothing.
        (
            lambda rng, i, k: {"model": "m", "system_fingerprint": f"f{i % 5 + 5 * (i >= REFERENCE)}"},
            "system_fingerprint: values never seen before 100 %",
        ),
        # A part new in every reply hides no other part.
        (
            lambda rng, i, k: {"model": "m-2" if i >= REFERENCE else "m", "system_fingerprint": f"f{i} {k}"},
            "model: “m” 0 % (was 99 %), values never seen before 100 % (was 1 %)",
        ),
        # A part that comes and goes has silence for a value.
        (
            lambda rng, i, k: {"header.x-ms-is-spilled-over": "true"} if k == 0 or i >= REFERENCE else {},
            "x-ms-is-spilled-over: “true” 100 % (was 2",
        ),
    ],
    ids=["turns", "beside-a-random-part", "comes-and-goes"],
)
def test_what_is_evidence_within_a_few_rounds(parts: Parts, words: str) -> None:
    _, judgements = judged(rounds(parts), until_alarm=True)
    assert judgements[-1].state == "alarm" and judgements[-1].kind == "identity_change"
    assert words in judgements[-1].verdicts[0].words
    assert len(judgements) <= REFERENCE + 8


def test_a_memory_that_holds_all_parts_as_one_name_is_judged_as_it_was_learnt() -> None:
    """Earlier versions had one series without a name."""
    still = list(rounds(lambda rng, i, k: {"model": "m"}, REFERENCE + 1))
    memory, _ = judged(still[:-1])
    held = memory.channels["identity"]
    scale = replace(held.scales[0], names=("model=m",), labels=("model=m", "(other)"))
    old = replace(held, rows=("",), probes=("all probes",), scales=(scale,))
    old_memory: Memory = decode(encode(replace(memory, channels={**memory.channels, "identity": old})))
    for last in (still[-1], next(rounds(lambda rng, i, k: {"model": "m-2"}, 1))):
        then, now = (advance(one, last, history(still), Promise())[1] for one in (old_memory, memory))
        assert now.e_value == then.e_value
