"""A Slack for tests: a real HTTP server that knows the documented limits, keeps what was posted, and can misbehave."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs

TOKEN = "xoxb-not-a-real-token"
CHANNEL = "C0CANARY"
WEBHOOK_PATH = "/services/T0/B0/not-a-real-secret"
BLOCKS_TEXT_LIMIT = 12_000

MISBEHAVIOURS = {
    "rate_limited",
    "server_error",
    "hang",
    "lost",
    "posted_but_hang",
    "posted_but_lost",
    "not_json",
    "html",
}
"""`lost` closes the connection without an answer; `posted_but_…` keeps the message first. Any other word is an error."""


@dataclass
class SlackServer:
    """`with SlackServer() as slack:`; `slack.next` says how the coming requests are answered, one word each."""

    token: str = TOKEN
    scopes: set[str] = field(default_factory=lambda: {"chat:write", "channels:history"})
    page: int = 200
    """Most messages a page of history."""
    retry_after: str = "7"
    next: deque[str] = field(default_factory=deque)
    messages: list[dict[str, object]] = field(default_factory=list)
    """Posted, oldest first."""
    requests: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """(method or `webhook`, arguments) of every request."""

    def __enter__(self) -> SlackServer:
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def webhook_url(self) -> str:
        return self.url + WEBHOOK_PATH

    def methods(self) -> list[str]:
        return [method for method, _ in self.requests]

    def patience_s(self) -> float:
        """A client's timeout: short only where the next answer never comes, so that a slow machine fails no test."""
        return 0.5 if any(word.endswith("hang") for word in self.next) else 30.0

    def wait_for_close(self) -> None:
        self._closing.wait(30)

    def post(self, body: dict[str, object]) -> dict[str, object]:
        message = {**body, "ts": f"{1_800_000_000 + len(self.messages)}.000100", "bot_id": "B0CANARY"}
        self.messages.append(message)
        return message

    def call(self, method: str, arguments: dict[str, object], token: str) -> dict[str, object]:
        """The answer of a Web API method."""
        if not token:
            return _error("not_authed")
        if token != self.token:
            return _error("invalid_auth")
        if method == "auth.test":
            return {"ok": True, "url": f"{self.url}/", "team": "Canary", "user": "prober", "bot_id": "B0CANARY"}
        if method == "chat.postMessage":
            if arguments.get("channel") not in (CHANNEL, "#canary"):
                return _error("channel_not_found")
            word = refusal(arguments)
            return _error(word) if word else {"ok": True, "channel": CHANNEL, "ts": self.post(arguments)["ts"]}
        if method == "conversations.history":
            return self._history(arguments, [one for one in self.messages[::-1] if "thread_ts" not in one])
        if method == "conversations.replies":
            thread = arguments.get("ts")
            return self._history(
                arguments, [one for one in self.messages if thread in (one["ts"], one.get("thread_ts"))]
            )
        return _error("unknown_method")

    def _history(self, arguments: dict[str, object], messages: list[dict[str, object]]) -> dict[str, object]:
        if "channels:history" not in self.scopes:
            return {**_error("missing_scope"), "needed": "channels:history", "provided": ",".join(sorted(self.scopes))}
        if arguments.get("channel") != CHANNEL:
            return _error("channel_not_found")
        start = int(str(arguments.get("cursor") or 0))
        end = start + min(self.page, int(str(arguments.get("limit", 100))))
        shown = messages[start:end]
        if str(arguments.get("include_all_metadata", "")).lower() not in ("1", "true"):
            shown = [{key: value for key, value in message.items() if key != "metadata"} for message in shown]
        more = end < len(messages)
        return {
            "ok": True,
            "messages": shown,
            "has_more": more,
            "response_metadata": {"next_cursor": str(end) if more else ""},
        }


def refusal(body: dict[str, object]) -> str | None:
    """Slack's error word for a message that passes one of its limits; None where it would be posted."""
    text, blocks = body.get("text", ""), body.get("blocks", [])
    if not isinstance(text, str) or not isinstance(blocks, list):
        return "invalid_blocks_format" if isinstance(text, str) else "invalid_arguments"
    if not text and not blocks:
        return "no_text"
    if _units(text) > 40_000:
        return "msg_too_long"
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "invalid_arguments"
    if len(blocks) > 50 or not all(_valid_block(block) for block in blocks):
        return "invalid_blocks"
    names = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(names)) < len(names):
        return "invalid_blocks"
    if sum(_units(text) for text in texts(blocks)) > BLOCKS_TEXT_LIMIT:
        return "msg_blocks_too_long"
    return _metadata_refusal(body.get("metadata"))


def texts(node: object) -> list[str]:
    """Every text and address in blocks."""
    if isinstance(node, list):
        return [text for item in node for text in texts(item)]
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key in ("text", "url") and isinstance(value, str)]
    return own + [text for value in node.values() for text in texts(value)]


def _metadata_refusal(metadata: object) -> str | None:
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        return "invalid_metadata_format"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", str(metadata["event_type"])):
        return "invalid_metadata_schema"
    return "metadata_too_large" if len(json.dumps(metadata)) > 8_000 else None


def _valid_block(block: object) -> bool:
    if not isinstance(block, dict) or not 0 < _units(str(block.get("block_id", "x"))) <= 255:
        return False
    match block.get("type"):
        case "header":
            return _valid_text(block.get("text"), 150, ("plain_text",))
        case "section":
            fields = block.get("fields", [])
            return (
                ("text" in block or bool(fields))
                and _valid_text(block.get("text", {"type": "mrkdwn", "text": "x"}), 3000)
                and len(fields) <= 10
                and all(_valid_text(one, 2000) for one in fields)
            )
        case "rich_text":
            return bool(block.get("elements")) and all(_valid_rich(element) for element in block["elements"])
        case "actions":
            return 0 < len(block.get("elements", [])) <= 25 and all(_valid_button(one) for one in block["elements"])
        case "divider":
            return True
    return False


def _valid_rich(element: object) -> bool:
    if not isinstance(element, dict) or not isinstance(element.get("elements"), list) or not element["elements"]:
        return False
    if element["type"] == "rich_text_list":
        return element.get("style") in ("bullet", "ordered") and all(
            one.get("type") == "rich_text_section" and _valid_rich(one) for one in element["elements"]
        )
    return element["type"] in ("rich_text_section", "rich_text_preformatted", "rich_text_quote") and all(
        _valid_inline(one) for one in element["elements"]
    )


def _valid_inline(one: dict[str, object]) -> bool:
    if one.get("type") == "text":
        return set(one) <= {"type", "text", "style"} and isinstance(one["text"], str) and one["text"] != ""
    return one.get("type") == "link" and _valid_url(one.get("url"))


def _valid_button(one: dict[str, object]) -> bool:
    return (
        one.get("type") == "button" and _valid_text(one.get("text"), 75, ("plain_text",)) and _valid_url(one.get("url"))
    )


def _valid_url(url: object) -> bool:
    return isinstance(url, str) and re.fullmatch(r"https?://[!-~]+", url) is not None and len(url) <= 3000


def _valid_text(text: object, limit: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> bool:
    return isinstance(text, dict) and text.get("type") in kinds and 0 < _units(str(text.get("text", ""))) <= limit


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _error(word: str) -> dict[str, object]:
    return {"ok": False, "error": word}


def _handler(slack: SlackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            if self.headers.get_content_type() == "application/json":
                arguments = json.loads(raw or "{}")
            else:
                arguments = {key: values[0] for key, values in parse_qs(raw).items()}
            webhook = self.path.startswith("/services/")
            method = "webhook" if webhook else self.path.removeprefix("/api/")
            slack.requests.append((method, arguments))
            word = slack.next.popleft() if slack.next else ""
            if word in MISBEHAVIOURS:
                self._misbehave(word, arguments)
            elif webhook:
                self._webhook(word, arguments)
            else:
                token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
                self._answer(200, json.dumps(_error(word) if word else slack.call(method, arguments, token)))

        def _webhook(self, word: str, arguments: dict[str, object]) -> None:
            statuses = {"no_service": 404, "channel_is_archived": 410, "invalid_token": 403, "rollup_error": 500}
            if self.path != WEBHOOK_PATH:
                word = "no_service"
            word = word or refusal(arguments) or ""
            if word:
                return self._answer(statuses.get(word, 400), word)
            slack.post(arguments)
            return self._answer(200, "ok")

        def _misbehave(self, word: str, arguments: dict[str, object]) -> None:
            if word.startswith("posted_but"):
                slack.post(arguments)
            if word.endswith("hang"):
                slack.wait_for_close()
            elif word == "rate_limited":
                self._answer(429, json.dumps(_error("ratelimited")), {"Retry-After": slack.retry_after})
            elif word == "server_error":
                self._answer(503, "<h1>upstream</h1>")
            elif word in ("not_json", "html"):
                self._answer(
                    200, "not json" if word == "not_json" else "<!DOCTYPE html><p>Sign in to the hotel's network"
                )
            self.close_connection = True

        def _answer(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments: object) -> None:
            """Quiet: tests read `slack.requests`."""

    return Handler
