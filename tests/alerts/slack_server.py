"""A Slack for tests: a real HTTP server that knows the documented limits, keeps what was posted, and can misbehave.

The Web API is here, its limits in `slack_limits`, Socket Mode in `slack_socket`.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from tests.alerts.slack_limits import refusal, texts, view_refusal
from tests.alerts.slack_socket import Sockets

__all__ = ["APP_TOKEN", "CHANNEL", "TOKEN", "WEBHOOK_PATH", "SlackServer", "refusal", "texts"]

TOKEN = "xoxb-not-a-real-token"
APP_TOKEN = "xapp-not-a-real-token"
CHANNEL = "C0CANARY"
OTHER_CHANNEL = "C0PAGER"
BOT = "B0CANARY"
WEBHOOK_PATH = "/services/T0/B0/not-a-real-secret"
SCOPES = {"chat:write", "channels:history", "files:write", "usergroups:read"}

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
"""`lost` closes the connection without an answer; `posted_but_…` does what was asked first. Any other word is an error."""

Arguments = dict[str, object]


@dataclass
class SlackServer:
    """`with SlackServer() as slack:`; `slack.next` says how the coming requests are answered, one word each."""

    token: str = TOKEN
    app_token: str = APP_TOKEN
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    page: int = 200
    """Most messages a page of history."""
    retry_after: str = "7"
    next: deque[str] = field(default_factory=deque)
    down: str = ""
    """A misbehaviour that answers every request while it is set."""
    messages: list[Arguments] = field(default_factory=list)
    """Posted, oldest first; edited in place."""
    edits: list[Arguments] = field(default_factory=list)
    """Arguments of every `chat.update` that was carried out."""
    ephemeral: list[Arguments] = field(default_factory=list)
    views: list[Arguments] = field(default_factory=list)
    """Arguments of every `views.open` that opened one."""
    groups: dict[str, list[str]] = field(default_factory=dict)
    """User group → its users."""
    requests: list[tuple[str, Arguments]] = field(default_factory=list)
    """(method or `webhook`, arguments) of every request."""
    clock: Callable[[], float] | None = None
    """Where set, a second message to a channel within a second of it is refused."""
    sockets: Sockets = field(default_factory=Sockets)

    def __enter__(self) -> SlackServer:
        self._closing = threading.Event()
        self._idle = threading.Condition()
        self._busy = self._number = 0
        self._lock = threading.RLock()
        self._uploads: dict[str, bytes] = {}
        self._triggers: set[str] = set()
        self._posted_at: dict[str, float] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self.sockets.drop()
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

    @property
    def roots(self) -> list[Arguments]:
        """Messages that stand in a channel, not in a thread."""
        return [message for message in self.messages if not message.get("thread_ts")]

    def thread(self, root: Arguments) -> list[Arguments]:
        return [message for message in self.messages if message.get("thread_ts") == root["ts"]]

    def methods(self) -> list[str]:
        return [method for method, _ in self.requests]

    def patience_s(self) -> float:
        """A client's timeout: short only where the next answer never comes, so that a slow machine fails no test."""
        return 0.5 if any(word.endswith("hang") for word in self.next) else 30.0

    def wait_for_close(self) -> None:
        self._closing.wait(30)

    def settle(self) -> None:
        """Wait until no request is being answered: what a killed client had sent has arrived, or never will."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._busy == 0, 30)

    # People

    def press(self, action: Arguments, message: Arguments, user: str = "U0ALICE", again: str = "") -> str:
        """Someone presses a button, or chooses from a menu; gives the envelope."""
        trigger = f"trigger-{self.sockets.sent}"
        self._triggers.add(trigger)
        action = {"type": "button", "action_ts": f"{1_900_000_000 + self.sockets.sent}.000001", **action}
        return self.sockets.send(
            {
                "type": "block_actions",
                "user": {"id": user, "username": user.removeprefix("U0").lower(), "team_id": "T0"},
                "channel": {"id": message.get("channel", CHANNEL), "name": "canary"},
                "container": {"type": "message", "message_ts": message["ts"], "channel_id": message.get("channel")},
                "message": {"ts": message["ts"], "blocks": message.get("blocks")},
                "trigger_id": trigger,
                "actions": [action],
            },
            again=again,
        )

    def submit(self, view: Arguments, values: Arguments, user: str = "U0ALICE", again: str = "") -> str:
        """Someone submits a modal; `values` is block → action → text."""
        state = {
            block: {action: {"type": "plain_text_input", "value": text} for action, text in inner.items()}  # type: ignore[attr-defined]
            for block, inner in values.items()
        }
        return self.sockets.send(
            {
                "type": "view_submission",
                "user": {"id": user, "username": user.removeprefix("U0").lower(), "team_id": "T0"},
                "view": {**view, "id": f"V{len(self.views)}", "hash": "1", "state": {"values": state}},
            },
            again=again,
        )

    # The Web API

    def post(self, body: Arguments) -> Arguments:
        with self._lock:
            message = {**body, "ts": f"{1_800_000_000 + self._number}.000100", "bot_id": BOT}
            self._number += 1
            self.messages.append(message)
            return message

    def call(self, method: str, arguments: Arguments, token: str) -> Arguments:
        """The answer of a Web API method."""
        if not token:
            return _error("not_authed")
        if token != (self.app_token if method == "apps.connections.open" else self.token):
            return _error("invalid_auth")
        answer = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "chat.postEphemeral": self._post_ephemeral,
            "conversations.history": self._channel_history,
            "conversations.replies": self._replies,
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._complete_upload,
            "views.open": self._open_view,
            "usergroups.users.list": self._group,
            "apps.connections.open": self._open_connection,
        }.get(method)
        return answer(arguments) if answer else _error("unknown_method")

    def _auth_test(self, arguments: Arguments) -> Arguments:
        return {"ok": True, "url": f"{self.url}/", "team": "Canary", "user": "prober", "bot_id": BOT}

    def _post_message(self, arguments: Arguments) -> Arguments:
        channel = _channel(arguments)
        if not channel:
            return _error("channel_not_found")
        if word := refusal(arguments):
            return _error(word)
        thread = arguments.get("thread_ts")
        if thread and not self._find(channel, thread):
            return _error("thread_not_found")
        if self.clock is not None:
            now = self.clock()
            if now - self._posted_at.get(channel, now - 1.0) < 1.0:
                return _error("message_limit_exceeded")
            self._posted_at[channel] = now
        return {"ok": True, "channel": channel, "ts": self.post({**arguments, "channel": channel})["ts"]}

    def _update(self, arguments: Arguments) -> Arguments:
        message = self._find(_channel(arguments), arguments.get("ts"))
        if not message:
            return _error("message_not_found")
        if message.get("bot_id") != BOT:
            return _error("cant_update_message")
        if word := refusal(arguments):
            return _error(word)
        with self._lock:
            message.update({key: value for key, value in arguments.items() if key in ("text", "blocks", "metadata")})
            self.edits.append(arguments)
        return {"ok": True, "channel": message["channel"], "ts": message["ts"]}

    def _post_ephemeral(self, arguments: Arguments) -> Arguments:
        if not _channel(arguments):
            return _error("channel_not_found")
        if not arguments.get("user"):
            return _error("user_not_in_channel")
        if word := refusal(arguments):
            return _error(word)
        self.ephemeral.append(arguments)
        return {"ok": True, "message_ts": "1.000100"}

    def _channel_history(self, arguments: Arguments) -> Arguments:
        return self._history(arguments, self.roots[::-1])

    def _replies(self, arguments: Arguments) -> Arguments:
        thread = arguments.get("ts")
        found = [one for one in self.messages if thread in (one["ts"], one.get("thread_ts"))]
        return self._history(arguments, found) if found else _error("thread_not_found")

    def _history(self, arguments: Arguments, messages: list[Arguments]) -> Arguments:
        if missing := self._missing("channels:history"):
            return missing
        channel = arguments.get("channel")
        if channel not in (CHANNEL, OTHER_CHANNEL):
            return _error("channel_not_found")
        oldest = float(str(arguments.get("oldest") or 0))
        messages = [
            one for one in messages if one.get("channel", CHANNEL) == channel and float(str(one["ts"])) >= oldest
        ]
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

    def _upload_url(self, arguments: Arguments) -> Arguments:
        if missing := self._missing("files:write"):
            return missing
        if not arguments.get("filename") or int(str(arguments.get("length", 0))) <= 0:
            return _error("invalid_arguments")
        with self._lock:
            name = f"F{len(self._uploads)}"
            self._uploads[name] = b""
        return {"ok": True, "file_id": name, "upload_url": f"{self.url}/upload/{name}"}

    def upload(self, name: str, data: bytes) -> bool:
        """A file arrives; only an image that was announced is kept."""
        known = name in self._uploads and data.startswith(b"\x89PNG\r\n")
        if known:
            self._uploads[name] = data
        return known

    def _complete_upload(self, arguments: Arguments) -> Arguments:
        if missing := self._missing("files:write"):
            return missing
        given = arguments.get("files")
        files = json.loads(given) if isinstance(given, str) else given
        if not isinstance(files, list) or not files or any(not self._uploads.get(str(one.get("id"))) for one in files):
            return _error("file_not_found")
        channel, thread = arguments.get("channel_id"), arguments.get("thread_ts")
        if channel not in (CHANNEL, OTHER_CHANNEL):
            return _error("channel_not_found")
        if thread and not self._find(channel, thread):
            return _error("thread_not_found")
        shared = [{"id": one["id"], "title": one.get("title"), "name": one.get("title")} for one in files]
        about = {"channel": channel, "text": arguments.get("initial_comment") or "", "files": shared}
        self.post({**about, **({"thread_ts": thread} if thread else {})})
        return {"ok": True, "files": shared}

    def file(self, name: str) -> bytes:
        return self._uploads[name]

    def _open_view(self, arguments: Arguments) -> Arguments:
        trigger = str(arguments.get("trigger_id"))
        if trigger not in self._triggers:
            return _error("invalid_trigger_id")
        self._triggers.remove(trigger)
        given = arguments.get("view")
        view = json.loads(given) if isinstance(given, str) else given
        if word := view_refusal(view):
            return _error(word)
        with self.sockets.changed:
            self.views.append(view)
            self.sockets.changed.notify_all()
        return {"ok": True, "view": {**view, "id": f"V{len(self.views)}"}}

    def _group(self, arguments: Arguments) -> Arguments:
        if missing := self._missing("usergroups:read"):
            return missing
        users = self.groups.get(str(arguments.get("usergroup")))
        return _error("no_such_subteam") if users is None else {"ok": True, "users": users}

    def _open_connection(self, arguments: Arguments) -> Arguments:
        return {"ok": True, "url": f"ws{self.url.removeprefix('http')}/socket?ticket=not-a-real-ticket"}

    def _missing(self, scope: str) -> Arguments | None:
        if scope in self.scopes:
            return None
        return {**_error("missing_scope"), "needed": scope, "provided": ",".join(sorted(self.scopes))}

    def _find(self, channel: object, ts: object) -> Arguments | None:
        return next((one for one in self.messages if one["ts"] == ts and one.get("channel", CHANNEL) == channel), None)

    # Requests in hand

    def begin(self) -> None:
        with self._idle:
            self._busy += 1

    def end(self) -> None:
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()


def _channel(arguments: Arguments) -> str:
    channel = str(arguments.get("channel"))
    return CHANNEL if channel == "#canary" else channel if channel in (CHANNEL, OTHER_CHANNEL) else ""


def _error(word: str) -> Arguments:
    return {"ok": False, "error": word}


def _handler(slack: SlackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if urlsplit(self.path).path == "/socket" and "not-a-real-ticket" in self.path:
                self.close_connection = True
                slack.sockets.serve(self)
            else:
                self._answer(404, "not found")

        def do_POST(self) -> None:
            slack.begin()
            try:
                self._post()
            except OSError:
                self.close_connection = True  # the client is gone
            finally:
                slack.end()

        def _post(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if self.path.startswith("/upload/"):
                known = slack.upload(self.path.removeprefix("/upload/"), raw)
                return self._answer(200 if known else 400, "OK" if known else "no")
            if self.headers.get_content_type() == "application/json":
                arguments = json.loads(raw or b"{}")
            else:
                arguments = {key: values[0] for key, values in parse_qs(raw.decode()).items()}
            webhook = self.path.startswith("/services/")
            method = "webhook" if webhook else self.path.removeprefix("/api/")
            slack.requests.append((method, arguments))
            word = slack.next.popleft() if slack.next else slack.down
            token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
            if word in MISBEHAVIOURS:
                return self._misbehave(word, method, arguments, token)
            if webhook:
                return self._webhook(word, arguments)
            return self._answer(200, json.dumps(_error(word) if word else slack.call(method, arguments, token)))

        def _webhook(self, word: str, arguments: Arguments) -> None:
            statuses = {"no_service": 404, "channel_is_archived": 410, "invalid_token": 403, "rollup_error": 500}
            if self.path != WEBHOOK_PATH:
                word = "no_service"
            word = word or refusal(arguments) or ""
            if word:
                return self._answer(statuses.get(word, 400), word)
            slack.post(arguments)
            return self._answer(200, "ok")

        def _misbehave(self, word: str, method: str, arguments: Arguments, token: str) -> None:
            if word.startswith("posted_but"):
                slack.post(arguments) if method == "webhook" else slack.call(method, arguments, token)
            if word.endswith("hang"):
                slack.wait_for_close()
            elif word == "rate_limited":
                self._answer(429, json.dumps(_error("ratelimited")), {"Retry-After": slack.retry_after})
            elif word == "server_error":
                self._answer(503, "<h1>upstream</h1>")
            elif word in ("not_json", "html"):
                self._answer(
                    200,
                    "not json" if word == "not_json" else "<!DOCTYPE html><p>DaemonStatus in to the hotel's network",
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
