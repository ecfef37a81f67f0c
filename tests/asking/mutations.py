"""Answers of providers, made odd: numbers of 400 digits, lists for indexes, deep nesting, wrong types, cut bytes."""

from __future__ import annotations

import json
import random
from pathlib import Path

WIRE = Path(__file__).parent / "wire"
HUGE = 10**400
ODD = (
    HUGE, -HUGE, 10**18, -1, 0, 1e308, float("nan"), float("-inf"), True, None, "", [], {}, [0], {"a": [0]}, [[HUGE]],
    "\ud800", "\x00\x07", "<!channel>", "x" * 30_000, "9" * 5_000, [None] * 2_000,
)  # fmt: skip


def answers(wire: str) -> list[tuple[int, dict[str, str], bytes]]:
    """(status, headers, body) of every saved answer of a wire format."""
    found = []
    for path in sorted((WIRE / wire).glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if "body_file" in case:
            body = (WIRE / wire / case["body_file"]).read_bytes()
        else:
            body = (case["text"] if "text" in case else json.dumps(case["body"])).encode()
        found.append((case["status"], case["headers"], body))
    return found


def mutated(body: bytes, rng: random.Random) -> bytes:
    """The body, or every event of a stream, with a few odd values; now and then with its bytes cut or changed."""
    if rng.random() < 0.1:
        at = rng.randrange(len(body) + 1)
        return body[:at] if rng.random() < 0.5 else body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]
    lines = body.split(b"\n")
    if not any(line.startswith(b"data:") for line in lines):
        return _mutated(body, rng)
    share = rng.choice((0.1, 0.5, 1.0))
    return b"\n".join(
        b"data: " + _mutated(line[5:].strip(), rng) if line.startswith(b"data:") and rng.random() < share else line
        for line in lines
    )


def odd(value: object, rng: random.Random) -> object:
    """A JSON value with a few odd things in it."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        value = _with_something_odd(value, rng)
    return value


def _mutated(text: bytes, rng: random.Random) -> bytes:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    try:
        return json.dumps(odd(value, rng)).encode()
    except RecursionError:  # nested several times over
        return b"[" * 2_000


def _with_something_odd(value: object, rng: random.Random) -> object:
    """One place of the value, at any depth, replaced by something odd, or left out."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        name = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {key: held for key, held in value.items() if key != name}
        return value | {name: _with_something_odd(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        return [*value[:at], _with_something_odd(value[at], rng), *value[at + 1 :]]
    if rng.random() < 0.1:
        deep: object = value
        for _ in range(rng.choice((50, 400))):
            deep = [deep] if rng.random() < 0.5 else {"a": deep}
        return deep
    return rng.choice(ODD)
