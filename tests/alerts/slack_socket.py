"""Slack's side of Socket Mode for tests: WebSocket frames (RFC 6455), envelopes, and their acknowledgements."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import BinaryIO

ACKNOWLEDGED_WITHIN_S = 30.0
"""Slack waits three seconds; a test only has to know that the answer does not wait for the work."""
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


@dataclass
class Sockets:
    """The connections of one app. An envelope goes to one of them, as Slack does it."""

    open: list[socket.socket] = field(default_factory=list)
    acknowledged: dict[str, dict[str, object]] = field(default_factory=dict)
    """Envelope → the payload of its acknowledgement."""
    wrong: list[str] = field(default_factory=list)
    """What the client sent that Slack would not have understood."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    sent: int = 0

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """One connection, until either side ends it."""
        accept = hashlib.sha1((handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode())
        handler.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(accept.digest()) + b"\r\n\r\n"
        )
        connection = handler.connection
        with self.changed:
            _send(connection, TEXT, json.dumps({"type": "hello", "num_connections": 1}).encode())
            self.open.append(connection)
            self.changed.notify_all()
        with contextlib.suppress(OSError, EOFError):
            while True:
                opcode, data = _read(handler.rfile)
                if opcode == PING:
                    with self.changed:
                        _send(connection, PONG, data)
                elif opcode == TEXT:
                    self._take(data)
                elif opcode == CLOSE:
                    break
        with self.changed:
            if connection in self.open:
                self.open.remove(connection)
            self.changed.notify_all()

    def _take(self, data: bytes) -> None:
        answer = json.loads(data)
        with self.changed:
            envelope = answer.get("envelope_id")
            if envelope is None or envelope in self.acknowledged or set(answer) - {"envelope_id", "payload"}:
                self.wrong.append(data.decode())
            self.acknowledged.setdefault(str(envelope), answer.get("payload") or {})
            self.changed.notify_all()

    def connected(self, number: int = 1) -> None:
        """Wait until so many connections are open."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.open) == number, ACKNOWLEDGED_WITHIN_S), "never connected"

    def send(self, payload: dict[str, object], kind: str = "interactive", again: str = "") -> str:
        """Deliver an envelope over the newest connection; `again` names one that is delivered once more."""
        self.connected()
        with self.changed:
            self.sent += 1
            envelope = again or f"envelope-{self.sent}"
            body = {"envelope_id": envelope, "type": kind, "accepts_response_payload": True, "payload": payload}
            _send(self.open[-1], TEXT, json.dumps(body).encode())
        return envelope

    def acknowledgement(self, envelope: str) -> dict[str, object]:
        """Wait for the answer to an envelope."""
        with self.changed:
            assert self.changed.wait_for(lambda: envelope in self.acknowledged, ACKNOWLEDGED_WITHIN_S), "no answer"
            return self.acknowledged[envelope]

    def refresh(self) -> None:
        """Tell the client to connect anew, as Slack does every few hours."""
        with self.changed:
            for connection in self.open:
                _send(connection, TEXT, json.dumps({"type": "disconnect", "reason": "refresh_requested"}).encode())

    def drop(self) -> None:
        """Cut every connection without a word."""
        with self.changed:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.shutdown(socket.SHUT_RDWR)
            self.open.clear()


def _send(connection: socket.socket, opcode: int, data: bytes) -> None:
    size = len(data)
    length = (
        bytes([size])
        if size < 126
        else bytes([126]) + struct.pack("!H", size)
        if size < 1 << 16
        else bytes([127]) + struct.pack("!Q", size)
    )
    with contextlib.suppress(OSError):
        connection.sendall(bytes([0x80 | opcode]) + length + data)


def _read(stream: BinaryIO) -> tuple[int, bytes]:
    first, second = _exactly(stream, 2)
    size = second & 0x7F
    if size == 126:
        [size] = struct.unpack("!H", _exactly(stream, 2))
    elif size == 127:
        [size] = struct.unpack("!Q", _exactly(stream, 8))
    assert second & 0x80, "a client masks what it sends"
    mask = _exactly(stream, 4)
    data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(_exactly(stream, size)))
    return first & 0x0F, data


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
