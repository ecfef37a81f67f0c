"""Streams in Amazon's binary frames: Claude's own events inside them, split and damaged."""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib

import pytest

from prober.asking import wire_format
from prober.asking.http_provider import interpret
from prober.asking.transport import Arrived
from prober.asking.wire.format import BrokenWire
from prober.asking.wire.frames import FrameReader
from prober.asking.wire.streams import FirstContent
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply
from tests.asking.conftest import NOW

pytestmark = pytest.mark.slow

CLAUDE = Endpoint.model_validate(
    {"name": "e", "provider": "anthropic", "api_version": "bedrock-2023-05-31", "model": "m", "stream": True,
     "base_url": "http://x", "parameters": {"max_tokens": 9}}
)  # fmt: skip
EVENTS: list[dict[str, object]] = [
    {"type": "message_start", "message": {"type": "message", "role": "assistant", "model": "c", "id": "m1", "content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Te"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "al"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 9}},
]  # fmt: skip


def frame(payload: object, kind: str = "chunk", message: str = "event", name: str = ":event-type") -> bytes:
    headers = b"\x05:flag\x00\x02:n\x04\x00\x00\x00\x01"
    for key, value in ((name, kind), (":message-type", message)):
        headers += bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    raw = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(raw), len(headers))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + raw
    return whole + struct.pack(">I", zlib.crc32(whole))


def streamed(events: list[dict[str, object]]) -> bytes:
    return b"".join(frame({"bytes": base64.b64encode(json.dumps(event).encode()).decode()}) for event in events)


def read(raw: bytes) -> Reply:
    wire, kind = wire_format(CLAUDE), {"content-type": "application/vnd.amazon.eventstream"}
    first = FirstContent(wire.has_content)
    came = any(first(raw[at : at + 7]) for at in range(0, len(raw), 7))
    return interpret(wire, CLAUDE, Arrived(200, kind, raw, 0.2, 0.1 if came else None), NOW)


def test_claude_on_bedrock() -> None:
    request = wire_format(CLAUDE).request(CLAUDE, Probe(id="p", prompt="Colour?"))
    assert request.path == "/model/m/invoke-with-response-stream"
    assert "stream" not in request.body
    reply = read(streamed(EVENTS))
    assert (reply.text, reply.output_tokens, reply.ttft_s, reply.error) == ("Teal", 4, 0.1, None)


@pytest.mark.parametrize(
    ("kind", "message", "error"),
    [
        ("throttlingException", "Too many requests.", "rate_limited"),
        ("validationException", "The provided model identifier is invalid.", "model_not_found"),
        ("validationException", "The value at messages.0 failed to satisfy a constraint.", "bad_request"),
        ("modelTimeoutException", "Model has timed out in processing the request.", "timeout"),
        ("serviceUnavailableException", "Try again.", "provider_error"),
        ("modelStreamErrorException", "The system encountered an unexpected error.", "provider_error"),
        ("accessDeniedException", "You don't have access to the model with the specified model ID.", "unauthorized"),
    ],
)
def test_an_exception_in_a_stream_has_its_right_name(kind: str, message: str, error: str) -> None:
    failed = frame({"message": message}, kind, "exception", ":exception-type")
    reply = read(streamed(EVENTS[:3]) + failed)
    assert (reply.error, message in reply.error_detail) == (error, True), reply.error_detail


def test_a_damaged_stream_is_never_half_an_answer() -> None:
    rng, whole = random.Random(3), streamed(EVENTS)
    for _ in range(300):
        raw = bytearray(whole)
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        assert read(bytes(raw)).error == "invalid_reply"
        assert read(whole[: rng.randrange(1, len(streamed(EVENTS[:4])))]).error == "invalid_reply"


@pytest.mark.parametrize("length", [0, 15, 2**24, 2**32 - 1])
def test_a_frame_of_an_impossible_length_is_refused(length: int) -> None:
    with pytest.raises(BrokenWire, match="impossible length"):
        FrameReader().feed(struct.pack(">III", length, 0, 0))
