"""Scripted worlds: endpoints without a network, whose replies are seeded and which know when they change.

For demos, tests and simulations. A reply is a pure function of the parameters, the probe's content, the sample and the
time, so a simulated year can be asked again and says the same.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from prober.asking.scripted_minds import REFUSALS, ScriptedModel, cumulated, mind_of, say, shifted
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError, Problem
from prober.model.reply import Reply, ToolCall

Change = Literal["nothing", "other", "shifted", "longer", "refuses", "fenced", "identity", "down"]


@dataclass(frozen=True, slots=True)
class Script:
    """One kind of world."""

    words: str
    change: Change
    strength: float = 1.0
    """Where none is declared: the share of asks that meet the change; for `shifted` and `longer`, its size."""
    ramp: timedelta | None = None
    """How long the change takes to come in full; None for at once."""
    lasts: timedelta | None = None
    """After which all is as before; None for never."""


WORLDS: Mapping[str, Script] = {
    "still": Script("nothing ever changes", "nothing"),
    "swap": Script("another model answers under the same name", "other"),
    "requantised": Script("the same model, with slightly other habits", "shifted", strength=0.5),
    "mixture": Script("some asks are answered by another model", "other", strength=0.16),
    "drift": Script("another model takes over in the course of a month", "other", ramp=timedelta(days=30)),
    "verbosity": Script("longer answers", "longer", strength=0.5),
    "refusal": Script("some asks are refused", "refuses", strength=0.3),
    "format": Script("JSON comes in code fences, other text behind a blank", "fenced"),
    "identity": Script("the system fingerprint rotates to new values, the answers stay", "identity"),
    "transient": Script("another model answers for a day", "other", lasts=timedelta(days=1)),
    "outage": Script("asks fail with 503 and 429 for a day", "down", lasts=timedelta(days=1)),
}
"""The worlds there are. A row is all it takes to add one made of known changes."""

PARAMETERS = ("world", "seed", "changes_at", "strength", "clustering", "starts_at")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = 4096
"""Probes and moods a world remembers; a full memory is emptied, which costs time and changes nothing."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A probe, recognised."""

    probe: Probe
    """Held, so that its id stays its own."""
    content_hash: str
    tokens: int
    is_greeting: bool
    """Whether the prompt asks for a greeting first, which every model obliges with."""


@dataclass(frozen=True, slots=True)
class _Mood:
    """A ScriptedModel on one day."""

    mind: ScriptedModel
    cumulative: list[float]
    length: float


@dataclass(frozen=True)
class World:
    """One seeded world. Thread-safe; replies do not depend on what was asked before."""

    world: str
    seed: int
    model: str
    changes_at: datetime | None = None
    """The truth: when it changes, UTC; None for never."""
    strength: float = 1.0
    clustering: float | None = None
    """Precision of the Dirichlet that each day's habits are drawn from; None where every day is alike."""
    starts_at: datetime = _EPOCH
    """Where its time is counted from, UTC: a story can be moved in time and stay the same, word for word."""
    _asked: dict[int, _Asked] = field(default_factory=dict, init=False, repr=False, compare=False)
    _moods: dict[tuple[str, int, int], _Mood] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, endpoint: Endpoint) -> World:
        """The world an endpoint's parameters declare. Raises ConfigurationError with every problem found."""
        return _declared(endpoint)

    def share(self, now: datetime) -> float:
        """The truth: how much of the change is in force at `now`, from 0 to 1."""
        script = WORLDS[self.world]
        if self.changes_at is None or script.change == "nothing" or now < self.changes_at:
            return 0.0
        since = now - self.changes_at
        if script.lasts is not None and since >= script.lasts:
            return 0.0
        return 1.0 if script.ramp is None else min(1.0, since / script.ramp)

    def reply(self, probe: Probe, sample: int, now: datetime) -> Reply:
        """One answer. `now` must be aware."""
        asked = self._recognise(probe)
        moment = f"{self.seed}|{asked.content_hash}|{sample}|{self._since(now) // timedelta(microseconds=1)}"
        draws = _uniforms(moment)
        change = WORLDS[self.world].change
        share = self.share(now)
        sized = change in ("shifted", "longer")
        met = share > 0 and (sized or draws[0] < share * self.strength)
        if met and change == "down":
            return _down(now, draws[2], _latency_s(draws[1]))
        model = {"other": 1, "shifted": 2}.get(change, 0) if met else 0
        mood = self._mood(asked, model, now)
        length = mood.length * (1.0 + self.strength * share if met and change == "longer" else 1.0)
        text = say(mood.mind, mood.cumulative, draws[3:], length)
        if asked.is_greeting:
            text = f"Hello! Here it is:\n{text}"
        return self._answer(asked, mood.mind, change if met else "nothing", text, draws, now)

    def _answer(
        self, asked: _Asked, mind: ScriptedModel, change: Change, text: str, draws: Sequence[float], now: datetime
    ) -> Reply:
        calls: tuple[ToolCall, ...] = (ToolCall(mind.tool, "{}"),) if mind.tool else ()
        refusal = None
        if change == "refuses":
            text, calls, refusal = REFUSALS[int(draws[2] * len(REFUSALS))], (), "content_filter"
        elif change == "fenced":
            text = f"```json\n{text}\n```" if mind.kind == "json" else f" {text}"
        elif change == "longer" and mind.kind == "choice" and draws[2] < self.strength:
            text = f"Sure! My answer is: {text}"
        # Two builds always take turns; that is no change. After an identity change they are two others.
        build = (2 if change == "identity" else 0) + (draws[2] < 0.3)
        return Reply(
            at=now,
            text=text,
            model=self.model,
            system_fingerprint=_build_name(self.seed, build),
            service_tier="default",
            finish_reason="content_filter" if refusal else "tool_calls" if calls else "stop",
            refusal=refusal,
            tool_calls=calls,
            input_tokens=asked.tokens,
            output_tokens=1 + len(text) // 4,
            reasoning_tokens=0,
            cached_tokens=0,
            latency_s=_latency_s(draws[1]) + 0.002 * len(text),
        )

    def _recognise(self, probe: Probe) -> _Asked:
        """What is worth remembering of a probe. Its hash is slow, a simulated year asks it a thousand times."""
        found = self._asked.get(id(probe))
        if found is None:
            if len(self._asked) >= _KEPT:
                self._asked.clear()
            tokens = 8 + sum(len(message.content) for message in probe.conversation) // 4
            is_greeting = any("greet the customer first" in one.content.lower() for one in probe.conversation)
            found = self._asked[id(probe)] = _Asked(probe, probe.content_hash, tokens, is_greeting)
        return found

    def _since(self, now: datetime) -> timedelta:
        """Time in this world."""
        return now - self.starts_at

    def _mood(self, asked: _Asked, model: int, now: datetime) -> _Mood:
        """The model in force on the day of `now`. Kept for speed alone: a pure function of its arguments."""
        day = 0 if self.clustering is None else self._since(now).days
        key = (asked.content_hash, model, day)
        found = self._moods.get(key)
        if found is None:
            if len(self._moods) >= _KEPT:
                self._moods.clear()
            found = self._moods[key] = self._make_mood(asked, model, day)
        return found

    def _make_mood(self, asked: _Asked, model: int, day: int) -> _Mood:
        own = mind_of(asked.probe, self.seed, model % 2)
        number = int(asked.content_hash, 16)
        if model == 2:
            own = shifted(own, self.seed ^ number, self.strength)
        if self.clustering is None:
            return _Mood(own, cumulated(own.weights), 1.0)
        rng = np.random.default_rng([self.seed & 0xFFFFFFFF, model, day & 0xFFFFFFFF, number])
        weights = rng.dirichlet(self.clustering * np.asarray(own.weights)).tolist()
        return _Mood(own, cumulated(weights), float(np.exp(rng.standard_normal() / np.sqrt(self.clustering))))


class ScriptedProvider:
    """Asks scripted worlds; needs neither network nor key."""

    def __init__(self) -> None:
        self._worlds: dict[str, World] = {}

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        """See `Provider`. Raises ConfigurationError where the parameters declare no world."""
        world = self._worlds.get(endpoint.content_hash)
        if world is None:
            world = self._worlds[endpoint.content_hash] = World.of(endpoint)
        return world.reply(probe, sample, now)

    def close(self) -> None:
        self._worlds.clear()


def _uniforms(moment: str) -> tuple[float, ...]:
    """Sixteen uniforms on [0, 1) that belong to this moment. A hash is a generator already, and a fast one."""
    digest = hashlib.blake2b(moment.encode()).digest()
    return tuple(word / 2**32 for word in struct.unpack("<16I", digest))


@functools.lru_cache(maxsize=1024)
def _build_name(seed: int, build: int) -> str:
    return f"fp_{hashlib.blake2b(f'{seed}|{build}'.encode(), digest_size=5).hexdigest()}"


def _latency_s(draw: float) -> float:
    """Time to a first answer: mostly a third of a second, now and then more than one."""
    return 0.3 + 0.9 * draw * draw


def _down(now: datetime, draw: float, latency_s: float) -> Reply:
    if draw < 0.3:
        return Reply(
            at=now, error="rate_limited", error_detail="HTTP 429: scripted", retry_after_s=20.0, latency_s=latency_s
        )
    return Reply(at=now, error="provider_error", error_detail="HTTP 503: scripted outage", latency_s=latency_s)


def _declared(endpoint: Endpoint) -> World:
    """Parameters → World, or every problem of theirs at once."""
    given = endpoint.parameters
    problems: dict[str, str] = {
        name: f"unknown parameter {name!r}{_meant(name, PARAMETERS)}" for name in given if name not in PARAMETERS
    }
    world = given.get("world", "still")
    if not isinstance(world, str) or world not in WORLDS:
        problems["world"] = f"unknown world {world!r}{_meant(str(world), tuple(WORLDS))}"
        world = "still"
    seed, strength, clustering = given.get("seed", 0), given.get("strength"), given.get("clustering")
    if isinstance(seed, bool) or not isinstance(seed, int):
        problems["seed"] = f"{seed!r} is not a whole number; write one such as 7"
        seed = 0
    if strength is None:
        strength = WORLDS[world].strength
    if isinstance(strength, bool) or not isinstance(strength, (int, float)) or not 0 <= strength <= 1:
        problems["strength"] = f"{strength!r} is not between 0 and 1; write a number such as 0.5"
        strength = 0.0
    if clustering is not None and (
        isinstance(clustering, bool) or not isinstance(clustering, (int, float)) or not 0 < clustering < 1e9
    ):
        problems["clustering"] = f"{clustering!r} is not a positive number; write one such as 200, or leave it out"
        clustering = None
    changes_at = _moment("changes_at", given.get("changes_at"), problems)
    starts_at = _moment("starts_at", given.get("starts_at"), problems) or _EPOCH
    if problems:
        where = f"{endpoint.name}.parameters"
        raise ConfigurationError([Problem("", 0, f"{where}.{name}", words) for name, words in problems.items()])
    scatter = None if clustering is None else float(clustering)
    return World(world, seed, endpoint.model, changes_at, float(strength), scatter, starts_at)


def _moment(name: str, value: object, problems: dict[str, str]) -> datetime | None:
    """ISO 8601 → UTC; without an offset it is UTC already."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        problems[name] = f"{value!r} is not a moment; write ISO 8601 such as 2026-03-01T00:00:00Z"
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; write one of {', '.join(known)}"
