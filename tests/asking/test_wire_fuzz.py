"""Ten thousand replies that no provider should send: none raises, none is kept in a shape that breaks what comes later."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import get_args

import pytest

from prober.asking.http_provider import interpret
from prober.asking.redaction import without_secrets
from prober.asking.transport import Arrived
from prober.asking.wire.anthropic import Messages
from prober.asking.wire.bedrock import Converse
from prober.asking.wire.format import WireFormat
from prober.asking.wire.google import GenerateContent
from prober.asking.wire.openai_chat import ChatCompletions
from prober.asking.wire.openai_responses import Responses
from prober.asking.wire.streams import FirstContent, reader_of
from prober.fingerprint.fingerprint import fingerprint
from prober.model.reply import LARGEST_COUNT, Failure, Reply
from prober.store.codec import pack_fingerprint, pack_reply, unpack_fingerprint, unpack_reply
from tests.asking.conftest import KEY, NOW, PROBE, endpoint_for

pytestmark = pytest.mark.slow

WIRE = Path(__file__).parent / "wire"
FORMATS: dict[str, WireFormat] = {
    "openai": ChatCompletions(),
    "openai_responses": Responses(),
    "anthropic": Messages(),
    "google": GenerateContent(),
    "bedrock": Converse(),
}
COUNTS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")


def deep(levels: int) -> object:
    value: object = "x"
    for n in range(levels):
        value = [value] if n % 2 else {"a": value}
    return value


ODD: list[object] = [
    10**400, -(10**400), 10**18, -1, 0, 1.5, 1e308, math.inf, -math.inf, math.nan, True, False, None, "", " ", "\x00",
    "\ud800", "\udfff\ud800", "x" * 5_000, "7" * 400, KEY, [], {}, [None], [[]], [{}], {"": None}, {"type": "text"},
    {"index": [0]}, {"text": {"text": []}}, [0, "a", {}], deep(30), deep(200), {"type": "tool_use", "input": deep(90)},
    {"message": 5}, {"code": 10**30}, "stop", "content_filter", "RESOURCE_EXHAUSTED", 429, {"type": []}, {"role": {}},
]  # fmt: skip


def seeds() -> list[tuple[str, int, dict[str, str], object]]:
    """(format, status, headers, body or events) of every saved answer."""
    found: list[tuple[str, int, dict[str, str], object]] = []
    for path in sorted(WIRE.glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        body = case.get("body")
        if "body_file" in case:
            raw = (path.parent / case["body_file"]).read_bytes()
            lines = raw.decode("utf-8", errors="replace").splitlines()
            data = [line.removeprefix("data: ") for line in lines if line.startswith("data: {")]
            data += reader_of(raw).feed(raw) if raw.startswith(b"\0") else []
            body = []
            for text in data:
                try:
                    body.append(json.loads(text))
                except ValueError:
                    continue
        if body is not None:
            found.append((path.parent.name, case["status"], case["headers"], body))
    return found


def places(value: object, at: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


def mutated(value: object, rng: random.Random) -> object:
    """A copy with one place replaced, left out, doubled or wrapped."""
    where = rng.choice(places(value))
    if not where:
        return rng.choice([rng.choice(ODD), [value], {"error": value}])
    copy = json.loads(json.dumps(value))
    holder = copy
    for step in where[:-1]:
        holder = holder[step]
    key = where[-1]
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1:
            holder[key] = [holder[key]] * rng.choice([1, 2, 50])
        case 2 if isinstance(holder, dict):
            holder[rng.choice(["index", "type", "error", "usage", "id", "x", "content", "finish_reason"])] = rng.choice(
                ODD
            )
        case _:
            holder[key] = rng.choice(ODD)
    return copy


def body_of(value: object, streamed: bool, rng: random.Random) -> bytes:
    if not streamed:
        raw = json.dumps(value).encode()
    else:
        events = value if isinstance(value, list) else [value]
        done = rng.choice(["", "data: [DONE]\n\n"])
        raw = ("".join(f"data: {json.dumps(event)}\n\n" for event in events) + done).encode()
    if rng.random() < 0.1:  # and some bytes of it broken
        at, n = rng.randrange(len(raw) + 1), rng.randrange(4)
        raw = raw[:at] + rng.randbytes(n) + raw[at + rng.randrange(4) :]
    return raw


def check(reply: Reply) -> None:
    assert reply.error is not None or reply.text is not None
    assert reply.error is None or reply.text is None or reply.cached_by
    assert reply.error is None or reply.error in get_args(Failure)
    assert all(count is None or 0 <= count <= 2 * LARGEST_COUNT for count in (getattr(reply, name) for name in COUNTS))
    assert all(math.isfinite(logprob) for _, logprob in reply.top_logprobs)
    assert KEY not in repr(reply)
    assert len(reply.error_detail) < 500
    assert unpack_reply(pack_reply(reply)) == reply
    if reply.answered:
        read = fingerprint(reply, PROBE, embedder=None)
        assert unpack_fingerprint(pack_fingerprint(read)) == read


@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_odd_replies(seed: int) -> None:
    rng, saved = random.Random(seed), seeds()
    answered = 0
    for _ in range(1_000):
        wire, status, headers, value = rng.choice(saved)
        for _ in range(rng.choice([1, 1, 2, 3])):
            value = mutated(value, rng)
        streamed = headers.get("content-type", "").startswith("text/event-stream")
        raw = body_of(value, streamed, rng)
        status = rng.choice([status, status, status, 200, 400, 404, 429, 503])
        FirstContent(FORMATS[wire].has_content)(raw)
        endpoint = endpoint_for(wire, "http://127.0.0.1:9/v1", parameters={"temperature": 0.7, "stop": ["x"]})
        reply = interpret(FORMATS[wire], endpoint, Arrived(status, headers, raw, 0.1, None), NOW)
        reply = without_secrets(reply, [KEY])
        check(reply)
        answered += reply.answered
    assert 100 < answered < 900


@pytest.mark.parametrize("wire", FORMATS)
def test_megabytes_of_text(wire: str) -> None:
    """Ten in the format that most speak, one in the others: what grows with the square would take minutes of each."""
    tenths = 10 if wire == "openai" else 1
    case = json.loads((WIRE / wire / "success.json").read_text(encoding="utf-8"))
    raw = json.dumps(case["body"]).replace("Teal", "I can't " * (130_000 * tenths)).encode()
    endpoint = endpoint_for(wire, "http://127.0.0.1:9/v1")
    reply = interpret(FORMATS[wire], endpoint, Arrived(200, case["headers"], raw, 0.1, None), NOW)
    check(without_secrets(reply, [KEY]))
    said = json.dumps(
        {"error": {"message": "model " * (170_000 * tenths), "param": "a." * (100_000 * tenths)}}
    ).encode()
    check(interpret(FORMATS[wire], endpoint, Arrived(400, case["headers"], said, 0.1, None), NOW))
