"""Asks the real model and writes down what it says: one file a rung, taken up again where it was left."""

from __future__ import annotations

import http.client
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.ladder.probes import TEXT, candidates, choose, first_token, keep
from benchmarks.ladder.recording import REST, Listed, read, write
from benchmarks.ladder.rungs import ALL, BASE, NUMERICS, Rung
from prober.lab.demo.server import ModelServer, Serving
from prober.lab.demo.weights import cache_directory, carried_model, changed_copy
from prober.model.declaration import Probe

TEXT_TOKENS = 20
ROUNDS = {BASE: 120}
ROUNDS_ELSE = 30
_LISTED, _ASKED, _VOCABULARY = 600, 800, 49152
_REST_SMALL = 1e-3  # once the unlisted tokens hold less than this together, no more are listed
_REPORTED = 20

Say: TypeAlias = Callable[[str], None]
"""Hears how far it is."""


@dataclass(frozen=True, slots=True)
class First:
    """What the model may say first, under one numerics."""

    raw: Sequence[tuple[str, float]]
    """(text of a token, probability at temperature 1), likeliest first; several tokens may have the same text."""
    input_tokens: int


@dataclass(frozen=True, slots=True)
class Model:
    """A rung being served."""

    rung: Rung
    port: int

    def first(self, probe: Probe, listed: int, reuse: bool = True) -> First:
        """The softmax of the first token; `reuse` lets the server keep what it computed of the same beginning."""
        extra = {"max_tokens": 1, "logprobs": True, "top_logprobs": listed, "cache_prompt": reuse}
        answer = self._ask(probe, temperature=1.0, **extra)
        entries = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        raw = tuple((entry["token"], math.exp(entry["logprob"])) for entry in entries)
        return First(raw, answer["usage"]["prompt_tokens"])

    def text(self, probe: Probe, temperature: float, seed: int) -> tuple[str, str, int]:
        """A reply, why it ended, and its tokens."""
        answer = self._ask(probe, temperature=temperature, seed=seed, max_tokens=TEXT_TOKENS, cache_prompt=True)
        choice = answer["choices"][0]
        return choice["message"]["content"], choice["finish_reason"], answer["usage"]["completion_tokens"]

    def _ask(self, probe: Probe, **extra: object) -> Any:
        systems = [content for content in (self.rung.hidden, probe.system) if content]
        messages = [{"role": "system", "content": content} for content in systems]
        messages += [message.model_dump() for message in probe.conversation]
        pure = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "samplers": ["temperature"]}
        body = json.dumps({"messages": messages, **pure, **extra})
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"the model server answered {answer.status}: {content[:300]!r}")
        return json.loads(content)


@contextmanager
def served(rung: Rung, serving: Serving, log: Path) -> Iterator[Model]:
    """The rung on a server of its own until the end of the block."""
    weights = carried_model()
    if rung.weights is not None:
        weights = changed_copy(weights, rung.weights, cache_directory())
    with ModelServer(weights, "smollm2", log, serving=serving) as server:
        yield Model(rung, server.port)


def choose_probes(log: Path, say: Say) -> None:
    """Put every candidate to the unchanged model and keep the best."""
    seen: dict[str, list[float]] = {}
    with served(ALL[BASE], NUMERICS["flash"], log) as model:
        for number, probe in enumerate(candidates()):
            seen[probe.id] = [p for _, p in model.first(probe, 40).raw]
            if number % 25 == 0:
                say(f"candidate {number} of {len(candidates())}")
    keep(choose(seen))


def record_first(rung: Rung, log: Path, say: Say) -> None:
    """First tokens under every numerics; about a minute."""
    found: dict[str, list[First]] = defaultdict(list)
    listed = _ASKED if rung.temperature == 1 else _VOCABULARY
    for serving in rung.numerics:
        # Where prompts are worked on in batches, a prompt cut by the cache would be computed in another way.
        reuse = serving.flash_attention is True or serving.batch == 1
        with served(rung, serving, log) as model:
            for probe in first_token().values():
                found[probe.id].append(model.first(probe, listed, reuse))
    document = read(rung.name)
    document["first"] = {id_: drawn_from(ways, rung.temperature) for id_, ways in found.items()}
    document["reported"] = {id_: [_reported(way.raw) for way in ways] for id_, ways in found.items()}
    document["input_tokens"] = {id_: ways[0].input_tokens for id_, ways in found.items()}
    write(document)
    say(f"{rung.name}: first tokens of {len(found)} probes under {len(rung.numerics)} numerics")


def record_texts(rung: Rung, log: Path, say: Say) -> None:
    """Greedy replies, and rounds of sampled ones; round i is answered under numerics i modulo their number.

    Written after every numerics, so that little is lost when it is stopped.
    """
    wanted = ROUNDS.get(rung.name, ROUNDS_ELSE)
    ways = rung.numerics
    for way, serving in enumerate(ways):
        document = read(rung.name)
        texts = document.setdefault("texts", [{} for _ in range(wanted)])
        greedy = document.setdefault("greedy", {id_: [None] * len(ways) for id_ in TEXT})
        mine = range(way, wanted, len(ways))
        if all(len(texts[i]) == len(TEXT) for i in mine):
            continue
        began = time.monotonic()
        with served(rung, serving, log) as model:
            for number, probe in enumerate(TEXT.values()):
                greedy[probe.id][way] = model.text(probe, 0.0, seed=0)[0]
                for i in mine:
                    # Every rung has dice of its own: with equal ones equal replies would be paired.
                    seed = (list(ALL).index(rung.name) * 1000 + i) * 100 + number
                    texts[i][probe.id] = model.text(probe, rung.temperature, seed)
        write(document)
        say(f"{rung.name}: {len(mine)} rounds of {len(TEXT)} texts in {time.monotonic() - began:.0f} s")


def drawn_from(ways: Sequence[First], temperature: float) -> Listed:
    """Tokens listed under every numerics, likeliest first, then the rest; probabilities at that temperature."""
    heated = [_heated(way.raw, temperature) for way in ways]
    common = set.intersection(*(set(p) for p in heated)) - {REST}
    ranked = sorted(common, key=lambda token: -sum(p[token] for p in heated))[:_LISTED]
    rest, kept = [1.0] * len(ways), []
    for token in ranked:
        kept.append(token)
        rest = [left - p[token] for left, p in zip(rest, heated, strict=True)]
        if max(rest) < _REST_SMALL:
            break
    rows = [
        [*(_round(p[token]) for token in kept), _round(max(left, 0.0))] for p, left in zip(heated, rest, strict=True)
    ]
    return {"tokens": [*kept, REST], "p": rows}


def _heated(raw: Sequence[tuple[str, float]], temperature: float) -> dict[str, float]:
    """Text → Σ p^(1/T) of the tokens with that text, scaled to sum to 1.

    At T = 1 the list need not be the whole vocabulary, so there is nothing to scale.
    """
    heated: dict[str, float] = defaultdict(float)
    for token, p in raw:
        heated[token] += p ** (1 / temperature)
    total = 1.0 if temperature == 1 else sum(heated.values())
    return {token: p / total for token, p in heated.items()}


def _reported(raw: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """What an interface shows: the top 20 before any temperature."""
    return [(token, round(math.log(p), 5)) for token, p in raw[:_REPORTED]]


def _round(p: float) -> float:
    return float(f"{p:.6g}")
