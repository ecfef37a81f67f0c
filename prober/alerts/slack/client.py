"""The client of Slack: how often it may post, who may act, what its errors mean, and what it has posted already.

Slack's own words for what went wrong, and what the network made of it, become an Outcome with a named reason.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Final, Literal
from urllib.error import HTTPError
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from prober.alerts.post import OPENER, checked_address, checked_secret, encoded, of_failure, of_status
from prober.alerts.slack.blocks import fallback_text, slack_blocks
from prober.model.errors import ConfigurationError
from prober.model.notice import Notice, Outcome
from prober.settings import Settings

TIMEOUT_S: Final = 10
LAYOUT_ERRORS: Final = frozenset({
    "attachment_payload_limit_exceeded", "block_mismatch", "invalid_attachments", "invalid_blocks",
    "invalid_blocks_format", "invalid_metadata_format", "invalid_metadata_schema", "invalid_payload",
    "metadata_must_be_sent_from_app", "metadata_too_large", "msg_blocks_too_long", "msg_too_long",
    "too_many_attachments", "too_many_contact_cards",
})  # fmt: skip
"""Slack refuses how the message looks; its words alone may still pass."""
PERMANENT_ERRORS: Final = frozenset({
    "access_denied", "accesslimited", "account_inactive", "as_user_not_supported", "channel_is_archived",
    "channel_not_found", "channel_type_not_supported", "deprecated_endpoint", "ekm_access_denied",
    "enterprise_is_restricted", "invalid_arg_name", "invalid_arguments", "invalid_array_arg", "invalid_auth",
    "invalid_charset", "invalid_form_data", "invalid_post_type", "invalid_token", "is_archived", "is_inactive",
    "messages_tab_disabled", "method_deprecated", "method_not_supported_for_channel_type", "missing_post_type",
    "missing_scope", "no_active_hooks", "no_permission", "no_service", "no_team", "no_text", "not_allowed_token_type",
    "not_authed", "not_in_channel", "org_login_required", "posting_to_general_channel_denied", "restricted_action",
    "restricted_action_non_threadable_channel", "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel", "team_access_not_granted", "team_disabled", "team_not_found",
    "token_expired", "token_revoked", "two_factor_setup_required", "unknown_method", "user_not_found",
})  # fmt: skip
"""Slack's words for what a person must fix. A word that is not here is tried again: an alarm is not lost to it."""

_WORD = re.compile(r"[a-z0-9_]{1,80}")
BAD_LUCK: Final = (SlackClientError, OSError, HTTPException, ValueError)
"""What the SDK raises for the network's sake; `ValueError` for a body that is not text."""
# Not registered with `logging`: the SDK would log addresses and bodies at DEBUG, and a webhook's address is a secret.
SILENT: Final = logging.Logger("slack_sdk.silent", level=logging.CRITICAL + 1)


def of_error(error: Exception) -> Outcome:
    """The outcome of a call that raised one of `BAD_LUCK`."""
    if isinstance(error, (OSError, HTTPException)):
        return of_failure(error)
    if not isinstance(error, SlackApiError):
        return Outcome(False, "invalid_answer")
    if error.response.status_code != 200:
        return of_status(error.response.status_code, error.response.headers.get("Retry-After"))
    word = word_of(error) or "invalid_answer"
    return Outcome(False, word, permanent=word in PERMANENT_ERRORS or word in LAYOUT_ERRORS)


def word_of(error: SlackApiError) -> str:
    """Slack's word for what is wrong; empty where the answer was not Slack's: the SDK puts a sentence there."""
    data = error.response.data
    word = data.get("error") if isinstance(data, dict) else None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


class Pace:
    """Spaces out posts. Threads may share it. Processes do not know of each other: then the wait that Slack's 429 names
    holds."""

    def __init__(
        self,
        interval_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._sleep = sleep
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, channel: str) -> None:
        """Wait until it is this caller's turn to post there."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._free_at.get(channel, now))
            self._free_at[channel] = turn + self._interval_s
        if turn > now:
            self._sleep(turn - now)


REMEMBERED_S: Final = 300.0
"""How long the members of a group are kept before they are read again."""
_ID = re.compile(r"[UWS][A-Z0-9]{2,40}")


class People:
    """Ids of users and groups; none at all means everyone who sees the message. Safe to share by threads."""

    def __init__(self, ids: frozenset[str], client: WebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._users = frozenset(one for one in ids if not one.startswith("S"))
        self._groups = ids - self._users
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._members: frozenset[str] = frozenset()
        self._read_at: float | None = None

    def may(self, user: str) -> bool:
        """Whether a user may act. Where a group cannot be read, nobody is let in by it who was not before."""
        if not self._users and not self._groups:
            return True
        return user in self._users or (bool(self._groups) and user in self._group_members())

    def _group_members(self) -> frozenset[str]:
        with self._lock:
            now = self._clock()
            if self._read_at is None or now - self._read_at >= REMEMBERED_S:
                try:
                    found = [self._client.usergroups_users_list(usergroup=group) for group in sorted(self._groups)]
                except BAD_LUCK:
                    return self._members
                self._members = frozenset(str(user) for answer in found for user in answer.get("users") or [])
                self._read_at = now
            return self._members


def ids_of(text: str) -> frozenset[str]:
    """`U012AB3CD, S0614TZR7` → ids. Raises `ConfigurationError`."""
    ids = [one.strip() for one in text.split(",") if one.strip()]
    wrong = [one for one in ids if not _ID.fullmatch(one)]
    if wrong:
        raise ConfigurationError(
            f"PROBER_SLACK_ALLOWED holds {wrong[0]!r}, which is no id; write ids of users (U…) or user groups (S…), "
            "with commas between"
        )
    return frozenset(ids)


ANSWER_LIMIT: Final = 20_000_000
"""Bytes of an answer that are read: many times what a page of messages takes. A body may have no end."""


class Client(WebClient):
    """Follows no redirect: the SDK would carry the token to an address that nobody configured, and post nothing. Reads
    no answer that is too long: the SDK would read it all."""

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        try:
            answer = OPENER.open(req, timeout=self.timeout)
        except HTTPError as error:
            with error:
                return {"status": error.code, "headers": error.headers, "body": "{}"}
        with answer:
            read: bytes = answer.read(ANSWER_LIMIT + 1)
            if len(read) > ANSWER_LIMIT:
                raise SlackClientError("too long")
            body = read.decode()
            try:
                is_answer = isinstance(json.loads(body), dict)
            except RecursionError:
                is_answer = False
            except ValueError:  # of an upload; of all else the SDK says so
                is_answer = True
            if not is_answer:
                raise SlackClientError("not an object")
            return {"status": answer.status, "headers": answer.headers, "body": body}


def web_client(settings: Settings, token: str) -> WebClient:
    """A client of the Web API that neither tries again by itself nor logs. Raises `ConfigurationError`."""
    base_url = checked_address("PROBER_SLACK_BASE_URL", settings.slack_base_url.strip()).rstrip("/") + "/"
    token = checked_secret("SLACK_BOT_TOKEN", token)
    return Client(token, base_url, TIMEOUT_S, logger=SILENT, retry_handlers=[])


@dataclass(frozen=True, slots=True)
class SlackWebhook:
    """Posts to an incoming webhook, which cannot be searched: after a lost answer a message may be there twice."""

    url: str = field(repr=False)
    timeout_s: float = TIMEOUT_S
    name: str = "slack"

    @property
    def remark(self) -> str:
        """What it cannot do, for whoever starts it."""
        return (
            "an incoming webhook only posts, to one channel: nothing is edited in place, and there are no threads, "
            "pictures or buttons; set SLACK_BOT_TOKEN and PROBER_SLACK_CHANNEL for these"
        )

    def send(self, notice: Notice) -> Outcome:
        text = fallback_text(notice)
        remark = "; an answer was lost before, so it may be there twice" if notice.attempts else ""
        outcome = self._post(remark, text=text, blocks=slack_blocks(notice))
        if outcome.sent or outcome.reason not in LAYOUT_ERRORS:
            return outcome
        return self._post(f" without layout ({outcome.reason}){remark}", text=text)

    def _post(self, remark: str, **body: Any) -> Outcome:
        content = encoded({**body, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False})
        request = Request(self.url, content, {"Content-Type": "application/json"}, method="POST")
        try:
            with OPENER.open(request, timeout=self.timeout_s) as answer:
                if answer.read(100).strip() == b"ok":
                    return Outcome(True, f"sent{remark}")
            return Outcome(False, "not_slack: the address answered, but not as Slack does", permanent=True)
        except HTTPError as error:
            with error:
                word = error.read(100).decode("ascii", "replace").strip()
            if word in PERMANENT_ERRORS or word in LAYOUT_ERRORS:
                return Outcome(False, word, permanent=True)
            return of_status(error.code, error.headers.get("Retry-After"))
        except BAD_LUCK as error:
            return of_error(error)


METADATA_TYPE: Final = "prober_notice"
HISTORY_PAGES: Final = 5
HISTORY_LIMIT: Final = 200
"""Messages a page, the most Slack recommends."""
CLOCK_SKEW: Final = timedelta(hours=1)

Part = Literal["root", "evidence", "picture", "news"]
"""A part of what one notice may post."""


def metadata(key: str, part: Part) -> dict[str, object]:
    """What a message carries to be found again."""
    return {"event_type": METADATA_TYPE, "event_payload": {"notice": key, "part": part}}


def picture_name(key: str) -> str:
    """A file carries no metadata: its name is what it is found by."""
    return f"history-{key}.png"


def find_root(client: WebClient, channel: str, key: str, since: datetime) -> str | None:
    """`ts` of the notice's message in the channel; None where there is none. Raises as the client does."""
    oldest = (since - CLOCK_SKEW).timestamp()

    def page(cursor: str | None) -> SlackResponse:
        return client.conversations_history(
            channel=channel, limit=HISTORY_LIMIT, include_all_metadata=True, cursor=cursor, oldest=f"{oldest:.6f}"
        )

    found = (ts for ts, part in _parts(page, key) if part in ("root", "news"))
    return next(found, None)


def find_parts(client: WebClient, channel: str, thread: str, key: str) -> dict[str, str]:
    """Part → `ts` of what the notice has posted in a thread. Raises as the client does."""

    def page(cursor: str | None) -> SlackResponse:
        return client.conversations_replies(
            channel=channel, ts=thread, limit=HISTORY_LIMIT, include_all_metadata=True, cursor=cursor
        )

    return {part: ts for ts, part in _parts(page, key)}


def _parts(page: Callable[[str | None], SlackResponse], key: str) -> Iterator[tuple[str, str]]:
    """(ts, part) of every message of this notice, page by page."""
    cursor: str | None = None
    for _ in range(HISTORY_PAGES):
        answer = page(cursor)
        messages: list[Mapping[str, object]] = answer.get("messages") or []
        for message in messages:
            part = _part_of(message, key)
            if part:
                yield str(message.get("ts")), part
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _part_of(message: Mapping[str, object], key: str) -> str:
    found = message.get("metadata")
    payload = found.get("event_payload") if isinstance(found, dict) else None
    if isinstance(payload, dict) and payload.get("notice") == key:
        return str(payload.get("part", "root"))
    files = message.get("files")
    names = [file.get("name") for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    return "picture" if picture_name(key) in names else ""
