"""Small providers that know the truth: an honest model, and what stands between it and us."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from prober.lab.discover.checks import OPEN, temperature_of
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply

START = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = ("Tea", "Oak", "Blue", "Seven", "River", "Moon")

Habits = Callable[[str], Mapping[str, float]]
"""Prompt → answer → probability at temperature 1."""


def endpoint(**parameters: object) -> Endpoint:
    given = {"max_tokens": 20, "temperature": 1.0, **parameters}
    return Endpoint.model_validate(
        {"name": "bot", "provider": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1", "parameters": given}
    )


def rng_of(*parts: object) -> np.random.Generator:
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest))


def everyday(prompt: str) -> Mapping[str, float]:
    """Every prompt has some preferred answers."""
    weights = rng_of("habits", prompt).dirichlet([0.6] * len(WORDS))
    return dict(zip(WORDS, weights.tolist(), strict=True))


def borders(share: float) -> Habits:
    """This share of prompts lies on a border between two answers; all others have one answer."""

    def habits(prompt: str) -> Mapping[str, float]:
        rng = rng_of("border", prompt)
        if rng.random() >= share:
            return {"Tea": 1.0}
        tea = rng.uniform(0.45, 0.55)
        return {"Tea": tea, "Oak": 1 - tea}

    return habits


@dataclass
class Model:
    """An honest model. A reply is a function of the prompt, the temperature, the sample and the seed."""

    habits: Habits = everyday
    listed: int = 0
    """How many log-probabilities come with a reply."""
    reasoning: int = 0
    """Hidden tokens of every reply."""
    cutoff: float = 0.0
    """Answers less likely than this, relative to the likeliest, are never drawn (min_p)."""
    seed: int = 0
    asked: list[tuple[str, int]] = field(default_factory=list)

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        prompt = probe.conversation[-1].content
        self.asked.append((prompt, sample))
        heat = temperature_of(endpoint.parameters)
        heat = 1.0 if heat is None else heat
        rng = rng_of(self.seed, prompt, heat, 0 if heat == 0 else sample)
        tokens = 8 + len(prompt) // 4
        shared = {"at": now, "model": "m-1", "finish_reason": "stop", "latency_s": 0.5 + 0.1 * rng.random()}
        if any(prompt.startswith(text) for text in OPEN.values()):
            text = "".join(rng.choice(list("ABCDEFGHIJ"), 12))
            return Reply(text=text, input_tokens=tokens, output_tokens=6 + self.reasoning, **shared)
        habits = self.habits(prompt)
        text = pick(rng, habits, heat, self.cutoff)
        return Reply(
            text=text,
            input_tokens=tokens,
            output_tokens=1 + self.reasoning,
            reasoning_tokens=self.reasoning or None,
            top_logprobs=listing(habits)[: self.listed],
            **shared,
        )

    def close(self) -> None:
        pass


def pick(rng: np.random.Generator, habits: Mapping[str, float], heat: float, cutoff: float = 0.0) -> str:
    words = list(habits)
    p = np.array([habits[word] for word in words])
    if heat == 0:
        return words[int(p.argmax())]
    p = np.where(p >= cutoff * p.max(), p, 0) ** (1 / heat)
    return str(rng.choice(words, p=p / p.sum()))


def listing(habits: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    pairs = [(word, math.log(p)) for word, p in habits.items() if p > 0]
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


@dataclass
class Gateway:
    """Between us and a model: keeps replies, or drops the temperature."""

    model: Model
    key: Callable[[Endpoint, Probe], str] | None = None
    """What a reply is kept under; None keeps none."""
    temperature: float | None = None
    """What is sent on in place of ours."""
    kept: dict[str, Reply] = field(default_factory=dict)

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        if self.temperature is not None:
            endpoint = endpoint.model_copy(
                update={"parameters": {**endpoint.parameters, "temperature": self.temperature}}
            )
        if self.key is None:
            return self.model.ask(endpoint, probe, sample, now)
        key = self.key(endpoint, probe)
        if key in self.kept:
            return replace(self.kept[key], at=now, latency_s=0.02)
        reply = self.kept[key] = self.model.ask(endpoint, probe, sample, now)
        return reply

    def close(self) -> None:
        pass


def whole_request(endpoint: Endpoint, probe: Probe) -> str:
    return json.dumps(endpoint.parameters, sort_keys=True) + probe.content_hash


def prompt_only(endpoint: Endpoint, probe: Probe) -> str:
    return probe.content_hash


@dataclass
class Faked:
    """An honest model whose log-probabilities somebody else writes."""

    model: Model
    fake: Callable[[Reply, str], tuple[tuple[str, float], ...]]

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        reply = self.model.ask(endpoint, probe, sample, now)
        return replace(reply, top_logprobs=self.fake(reply, probe.conversation[-1].content))

    def close(self) -> None:
        pass


class Clock:
    """Time that passes a second an ask, and whenever somebody waits."""

    def __init__(self) -> None:
        self.now = START
        self.waits: list[float] = []

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
