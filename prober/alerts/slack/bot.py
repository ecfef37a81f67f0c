"""Slack, through a bot token (preferred) or an incoming webhook.

A bot keeps one message an incident in the channel, edited in place as the incident goes on; what shows it, and what
happened since, is in that message's thread. Whatever it posts carries the key of its notice, so that a try whose answer
was lost is found again instead of posted twice. A webhook can only post.

The SDK's own retries are off: it would post again after a lost connection, when the first post may have arrived. What
is tried again, and when, is decided in `prober.service.deliver` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from prober.alerts.keys import notice_key
from prober.alerts.post import OUTAGES, checked_address, given
from prober.alerts.slack.blocks import (
    evidence_blocks,
    evidence_text,
    fallback_text,
    news_blocks,
    root_blocks,
    root_text,
    slack_blocks,
)
from prober.alerts.slack.buttons import Block
from prober.alerts.slack.client import (
    BAD_LUCK,
    LAYOUT_ERRORS,
    Pace,
    Part,
    SlackWebhook,
    find_parts,
    find_root,
    metadata,
    of_error,
    picture_name,
    web_client,
    word_of,
)
from prober.alerts.slack.picture import alt_text, history_png
from prober.incidents.events import EVENTS
from prober.model.errors import ConfigurationError
from prober.model.notice import IncidentNews, Notice, Outcome
from prober.settings import Settings

UNSEARCHED_AFTER: Final = 5
"""Tries after which a notice is posted even if the channel cannot be searched: better twice than never."""

_RECEIPT = re.compile(r"([A-Z0-9]{1,40})/(\d{1,20}\.\d{1,10})")
_ID = re.compile(r"[CGD][A-Z0-9]{6,40}")


@dataclass(frozen=True, slots=True)
class SlackBot:
    """Posts as a bot, edits its own messages, and, where the app listens for actions, shows buttons."""

    client: WebClient
    channel: str
    """Its id (`C…`); a name can be posted to, but not searched."""
    interactive: bool = False
    """Whether somebody listens for clicks; a button that nobody answers shows a warning."""
    pace: Pace = field(default_factory=Pace, compare=False)
    name: str = "slack"

    @property
    def remark(self) -> str:
        """What it cannot do, for whoever starts it."""
        return (
            ""
            if self.interactive
            else "no buttons are shown: SLACK_APP_TOKEN is not set, so a click would have no effect"
        )

    def send(self, notice: Notice) -> Outcome:
        sending = _Sending(self, notice, notice.channel or self.channel)
        try:
            return sending.send()
        except BAD_LUCK as error:
            return of_error(error)

    def check(self) -> Outcome:
        """Whether Slack knows the token. Nothing is posted."""
        try:
            self.client.auth_test()
        except BAD_LUCK as error:
            return of_error(error)
        return Outcome(True, "ok")

    def missing_scopes(self, wanted: Iterable[str]) -> set[str]:
        """Those that Slack does not list for the token; none where it lists none, or cannot be asked."""
        try:
            listed = str({k.lower(): v for k, v in self.client.auth_test().headers.items()}.get("x-oauth-scopes", ""))
        except BAD_LUCK:
            return set()
        granted = {scope.strip() for scope in listed.split(",")}
        return set(wanted) - granted if listed else set()


class _Sending:
    """One try of one notice. Every step first looks whether an earlier try has taken it."""

    def __init__(self, bot: SlackBot, notice: Notice, channel: str) -> None:
        self._bot = bot
        self._client = bot.client
        self._notice = notice
        self._channel = channel
        self._key = notice_key(notice)
        self._searched = notice.attempts > 0
        self._remarks: list[str] = []

    def send(self) -> Outcome:
        """Raises as the client does."""
        channel, root = self._root()
        if root:
            self._channel = channel
            step = "its first message cannot be edited"
            try:
                if self._notice.root:  # else it is the message of the incident that this one is part of
                    self._edit(root)
                step = "its thread takes no message"
                found = self._parts(root)
                return self._sent(found.get("news") or self._news(root), found="news" in found)
            except SlackApiError as error:
                self._remarks.append(f"; {step} ({_refused(error)})")
                return self._alone()
        return self._begin() if isinstance(self._notice.about, IncidentNews) else self._alone()

    def _begin(self) -> Outcome:
        """The first message of an incident, and in its thread what shows it."""
        notice, already = self._notice, self._find()
        blocks = root_blocks(notice, interactive=self._bot.interactive)
        root = already or self._post("root", root_text(notice), blocks)
        found = self._parts(root) if already else {}
        rule = EVENTS[notice.event]
        try:
            if "evidence" not in found:
                self._post("evidence", evidence_text(notice), self._evidence_blocks(), root)
            if "picture" not in found:
                self._picture(root)
            # Whom it is escalated to reads it for the first time: the messages above say all of it.
            if not rule.opens and rule.audience != "escalated" and "news" not in found:
                self._news(root)
        except SlackApiError as error:  # people have the message; it is not sent again for its thread
            self._remarks.append(f", without all of its thread ({_refused(error)})")
        return self._sent(root, found=already is not None)

    def _alone(self) -> Outcome:
        """All in one message, where there is no other to go with."""
        already = self._find()
        return self._sent(
            already or self._post("root", fallback_text(self._notice), slack_blocks(self._notice)),
            found=already is not None,
        )

    def _root(self) -> tuple[str, str]:
        """(channel, ts) of the incident's first message, where this bot has posted it to this channel."""
        match = _RECEIPT.fullmatch(self._notice.root or self._notice.follows)
        # A channel given by name has an id that only its receipts know.
        if match is None or (_ID.fullmatch(self._channel) and match[1] != self._channel):
            return "", ""
        return match[1], match[2]

    def _edit(self, root: str) -> None:
        """The incident's first message as the incident is now. Doing it twice does no harm."""
        text = root_text(self._notice)
        blocks = root_blocks(self._notice, interactive=self._bot.interactive)
        try:
            self._client.chat_update(channel=self._channel, ts=root, text=text, blocks=blocks)
        except SlackApiError as error:
            if word_of(error) not in LAYOUT_ERRORS:
                raise
            self._remarks.append(f" without layout ({word_of(error)})")
            self._client.chat_update(channel=self._channel, ts=root, text=text, blocks=[])

    def _evidence_blocks(self) -> list[Block]:
        return evidence_blocks(self._notice, interactive=self._bot.interactive)

    def _news(self, root: str) -> str:
        blocks = news_blocks(self._notice, interactive=self._bot.interactive)
        return self._post("news", fallback_text(self._notice), blocks, root)

    def _picture(self, root: str) -> None:
        """An adornment: a notice is not sent again for it."""
        try:
            picture = history_png(self._notice)
        except ImportError:
            self._remarks.append(", without its picture (matplotlib is not installed)")
            return
        if picture is None:
            return
        self._bot.pace.wait(self._channel)
        try:
            self._client.files_upload_v2(
                channel=self._channel,
                thread_ts=root,
                filename=picture_name(self._key),
                title=picture_name(self._key),
                alt_txt=alt_text(self._notice),
                file=picture,
            )
        except BAD_LUCK as error:
            self._remarks.append(f", without its picture ({of_error(error).reason})")

    def _post(self, part: Part, text: str, blocks: list[Block], thread: str | None = None) -> str:
        """The message's `ts`. Where Slack refuses how it looks, its words alone are posted."""
        about = metadata(self._key, part)
        try:
            return self._posted(text, thread, blocks=blocks, metadata=about)
        except SlackApiError as error:
            word = word_of(error)
            if word not in LAYOUT_ERRORS:
                raise
            self._remarks.append(f" without layout ({word})")
            return self._posted(text, thread, **({} if "metadata" in word else {"metadata": about}))

    def _posted(self, text: str, thread: str | None, **layout: object) -> str:
        self._bot.pace.wait(self._channel)
        answer = self._client.chat_postMessage(
            channel=self._channel,
            text=text,
            thread_ts=thread,
            reply_broadcast=True if thread and self._broadcasts() else None,
            mrkdwn=False,
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
            **layout,  # type: ignore[arg-type]  # blocks and metadata, as the SDK takes them
        )
        channel, ts = answer.get("channel") or self._channel, answer.get("ts")
        if not _RECEIPT.fullmatch(f"{channel}/{ts}"):
            raise SlackClientError("the answer does not say which message was posted")
        self._channel = str(channel)
        return str(ts)

    def _broadcasts(self) -> bool:
        rule, notice = EVENTS[self._notice.event], self._notice
        return rule.broadcasts and (rule.broadcasts_for is None or notice.at - notice.since <= rule.broadcasts_for)

    def _find(self) -> str | None:
        """`ts` of the notice's own message in the channel."""
        if not self._searched:
            return None
        try:
            return find_root(self._client, self._channel, self._key, self._notice.at)
        except BAD_LUCK as error:
            self._doubt(error)
            return None

    def _parts(self, root: str) -> dict[str, str]:
        """What it has posted in the thread."""
        if not self._searched:
            return {}
        try:
            return find_parts(self._client, self._channel, root, self._key)
        except BAD_LUCK as error:
            self._doubt(error)
            return {}

    def _doubt(self, error: Exception) -> None:
        """Where the search fails for now, the post waits for it; but not for ever."""
        unread = of_error(error)
        if not unread.permanent and self._notice.attempts < UNSEARCHED_AFTER:
            raise error
        self._remarks.append(f"; the channel could not be searched ({unread.reason}), so it may be there twice")

    def _sent(self, ts: str, *, found: bool) -> Outcome:
        remarks = "".join(dict.fromkeys(self._remarks))
        return Outcome(
            True, f"sent{': found in the channel' if found else ''}{remarks}", receipt=f"{self._channel}/{ts}"
        )


def _refused(error: SlackApiError) -> str:
    """Slack's word for why it does not take an edit, or a message in a thread, and will not later. Raises the error
    where another try may go well, or where it was not Slack that answered."""
    word = word_of(error)
    if not word or word.startswith(OUTAGES):
        raise error
    return word


def open_slack(settings: Settings) -> SlackBot | SlackWebhook | None:
    """A bot from SLACK_BOT_TOKEN and PROBER_SLACK_CHANNEL, else SLACK_WEBHOOK_URL, else None.

    Raises `ConfigurationError` where only half of it is there.
    """
    token, channel = given(settings.slack_bot_token), given(settings.slack_channel)
    url, app_token = given(settings.slack_webhook_url), given(settings.slack_app_token)
    if token and not channel:
        raise ConfigurationError("SLACK_BOT_TOKEN is set but PROBER_SLACK_CHANNEL is not; set it to the channel's id")
    if channel and not token:
        raise ConfigurationError(
            "PROBER_SLACK_CHANNEL is set but SLACK_BOT_TOKEN is not; set the token, or unset the channel "
            "(an incoming webhook knows its own)"
        )
    if app_token and not token:
        raise ConfigurationError(
            "SLACK_APP_TOKEN is set but SLACK_BOT_TOKEN is not; set it too: clicks are answered as the bot"
        )
    if token and channel:
        return SlackBot(web_client(settings, token), channel, interactive=app_token is not None)
    if url:
        return SlackWebhook(checked_address("SLACK_WEBHOOK_URL", url))
    return None
