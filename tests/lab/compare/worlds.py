"""Small worlds to compare: logs of texts, and gathered answers whose readings are drawn, with no text at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from prober.judging.channels import Channel
from prober.lab.compare.exchange import Answer, Gathered, Key
from prober.loading.reply_log import LoggedReply
from prober.model.declaration import Check
from prober.model.evidence import Fingerprint
from prober.model.reply import Reply

AT = datetime(2026, 3, 1, tzinfo=UTC)

NUMBER = Channel("number", lambda f: f.numbers.get("x"), "units", lambda recent, reference: f"{recent:.1f}")
NAME = Channel("name", lambda f: f.categories.get("x"), "share", lambda recent, reference: "")
VECTOR = Channel("vector", lambda f: f.vectors.get("x"), "distance", lambda recent, reference: "")
CHANNELS = {channel.name: channel for channel in (NUMBER, NAME, VECTOR)}

Draw = Callable[[int, bool, int], Fingerprint]
"""(probe, candidate, round) → one reply's fingerprint."""


def logged(probe: object, text: str | None, round: str = "1", endpoint: str = "e", *, prompt: str | None = None,
           expect: tuple[Check, ...] = (), error: str | None = None, model: str | None = None) -> LoggedReply:  # fmt: skip
    reply = Reply(at=AT, text=text, error=error, model=model)
    return LoggedReply(round, endpoint, str(probe), reply, prompt=prompt, expect=expect)


def log(texts: Sequence[str], **fields: object) -> list[LoggedReply]:
    """One reply a probe; the probes are numbered."""
    return [logged(probe, text, **fields) for probe, text in enumerate(texts)]  # type: ignore[arg-type]


def gathered(draw: Draw, *, probes: int, rounds: tuple[int, int] = (1, 1), samples: tuple[int, int] = (1, 1),
             paired: bool = True) -> Gathered:  # fmt: skip
    """What `gather` would give of two logs with these many rounds and samples a side."""
    answers, kinds = [], {}
    for probe in range(probes):
        for side in (False, True):
            key: Key = (f"{probe:04}" if paired else f"{probe:04}{'b' if side else 'a'}", "", "")
            for round_ in range(rounds[side]):
                answers += [Answer(key, side, f"{round_:03}", draw(probe, side, round_)) for _ in range(samples[side])]
                kinds.setdefault((side, f"{round_:03}"), set()).add(key)
    return Gathered(
        answers=tuple(sorted(answers, key=lambda answer: (answer.key, answer.candidate, answer.round))),
        paired=paired,
        kinds={place: frozenset(keys) for place, keys in kinds.items()},
        same_endpoint=True,
        failed=(0, 0),
        unmatched=0,
    )


def fingerprint(number: float, name: str, vector: Sequence[float] | np.ndarray = (1.0, 0.0)) -> Fingerprint:
    return Fingerprint({"x": name}, {"x": float(number)}, {"x": tuple(map(float, vector))})


def noise(rng: np.random.Generator, probe: int, shock: float = 0.0, moved: float = 0.0) -> Fingerprint:
    """A reply of a probe with a level and favourite names of its own; `shock` and `moved` shift all it is read by."""
    number = probe % 5 + shock + moved + rng.standard_t(3)
    name = "abcd"[int(np.clip(np.floor(probe % 3 + 0.7 * (shock + moved) + rng.normal()), 0, 3))]
    return fingerprint(number, name, rng.normal(size=3) + shock + moved + probe % 2)
