"""Finds in Slack what an earlier try of a notice has posted already, by the key that each message carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

METADATA_TYPE: Final = "prober_notice"
HISTORY_PAGES: Final = 5
HISTORY_LIMIT: Final = 200
"""Messages a page, the most Slack recommends."""
CLOCK_SKEW: Final = timedelta(hours=1)

Part = Literal["root", "evidence", "picture", "news"]
"""Of what one notice may post."""


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
