"""Slack, through a bot token (preferred: a repeated message finds itself) or an incoming webhook.

The SDK's own retries are off: it would post again after a lost connection, when the first post may have arrived. What
is tried again, and when, is decided in `prober.alerts.deliver` alone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from prober.alerts.addresses import checked_address, checked_secret, given
from prober.alerts.blocks import fallback_text, slack_blocks
from prober.alerts.message import notice_key
from prober.alerts.outcomes import of_failure, of_status
from prober.errors import ConfigurationError
from prober.notice import Notice, Outcome
from prober.settings import Settings

TIMEOUT_S = 10
METADATA_TYPE = "prober_notice"
HISTORY_PAGES = 5
HISTORY_LIMIT = 200
"""Messages a page, the most Slack recommends."""
CLOCK_SKEW = timedelta(hours=1)
UNSEARCHED_AFTER = 5
"""Tries after which a notice is posted even if the channel cannot be searched: better twice than never."""

LAYOUT_ERRORS = frozenset({
    "invalid_blocks", "invalid_blocks_format", "invalid_metadata_format", "invalid_metadata_schema", "invalid_payload",
    "metadata_too_large", "msg_blocks_too_long", "msg_too_long", "too_many_attachments",
})  # fmt: skip
"""Slack refuses how the message looks; its words alone may still pass."""
PERMANENT_ERRORS = frozenset({
    "access_denied", "account_inactive", "as_user_not_supported", "channel_is_archived", "channel_not_found",
    "channel_type_not_supported", "deprecated_endpoint", "ekm_access_denied", "enterprise_is_restricted",
    "invalid_arguments", "invalid_auth", "invalid_token", "is_archived", "is_inactive", "method_deprecated",
    "method_not_supported_for_channel_type", "missing_scope", "no_active_hooks", "no_permission", "no_service",
    "no_team", "no_text", "not_allowed_token_type", "not_authed", "not_in_channel", "org_login_required",
    "posting_to_general_channel_denied", "restricted_action", "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel", "team_access_not_granted", "team_disabled", "token_expired", "token_revoked",
    "two_factor_setup_required", "unknown_method", "user_not_found",
})  # fmt: skip
"""Slack's words for what a person must mend. A word that is not here is tried again: an alarm is not lost to it."""

_TS = re.compile(r"\d{1,20}\.\d{1,10}")
_WORD = re.compile(r"[a-z0-9_]{1,80}")
_BAD_LUCK = (SlackClientError, OSError, HTTPException, ValueError)
"""What the SDK raises for the network's sake; `ValueError` for a body that is not text."""
# Not registered with `logging`: the SDK would log addresses and bodies at DEBUG, and a webhook's address is a secret.
_SILENT = logging.Logger("slack_sdk.silent", level=logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class SlackBot:
    """Posts as a bot. Each message carries its notice's key, by which a later try finds it in the channel."""

    client: WebClient
    channel: str
    """Its id (`C…`); a name can be posted to, but not searched."""
    name: str = "slack"

    def send(self, notice: Notice) -> Outcome:
        doubt = ""
        if notice.attempts > 0:
            try:
                receipt = self._find(notice)
            except _BAD_LUCK as error:
                unread = _of_error(error)
                if not unread.permanent and notice.attempts < UNSEARCHED_AFTER:
                    return unread
                doubt = f"; the channel could not be searched ({unread.reason}), so it may be there twice"
            else:
                if receipt is not None:
                    return Outcome(True, "sent: found in the channel", receipt=receipt)
        return self._post(notice, doubt)

    def check(self) -> Outcome:
        """Whether Slack knows the token. Nothing is posted."""
        try:
            self.client.auth_test()
        except _BAD_LUCK as error:
            return _of_error(error)
        return Outcome(True, "ok")

    def _post(self, notice: Notice, doubt: str) -> Outcome:
        text, thread = fallback_text(notice), self._thread(notice)
        metadata = {"event_type": METADATA_TYPE, "event_payload": {"notice": notice_key(notice)}}
        try:
            try:
                return self._posted(doubt, text, thread, blocks=slack_blocks(notice), metadata=metadata)
            except SlackApiError as error:
                if _word(error) not in LAYOUT_ERRORS:
                    raise
                return self._posted(f" without layout ({_word(error)}){doubt}", text, thread)
        except _BAD_LUCK as error:
            return _of_error(error)

    def _posted(self, remark: str, text: str, thread: str | None, **layout: object) -> Outcome:
        answer = self.client.chat_postMessage(
            channel=self.channel,
            text=text,
            thread_ts=thread,
            mrkdwn=False,
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
            **layout,  # type: ignore[arg-type]  # blocks and metadata, as the SDK takes them
        )
        return Outcome(True, f"sent{remark}", receipt=f"{answer.get('channel')}/{answer.get('ts')}")

    def _thread(self, notice: Notice) -> str | None:
        """`ts` of the message this one belongs under, where it was posted by this bot to this channel."""
        channel, _, ts = notice.follows.partition("/")
        return ts if channel == self.channel and _TS.fullmatch(ts) else None

    def _find(self, notice: Notice) -> str | None:
        """Receipt of this notice's message where an earlier try posted it; raises as the client does."""
        oldest = (notice.detected_at - CLOCK_SKEW).timestamp()
        key, cursor, thread = notice_key(notice), None, self._thread(notice)
        for _ in range(HISTORY_PAGES):
            answer = (
                self.client.conversations_history(
                    channel=self.channel, limit=HISTORY_LIMIT, include_all_metadata=True, cursor=cursor
                )
                if thread is None
                else self.client.conversations_replies(
                    channel=self.channel, ts=thread, limit=HISTORY_LIMIT, include_all_metadata=True, cursor=cursor
                )
            )
            messages: list[Mapping[str, object]] = answer.get("messages") or []
            for message in messages:
                if _key_of(message) == key:
                    return f"{self.channel}/{message.get('ts')}"
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor or (thread is None and float(str(messages[-1].get("ts", 0)) if messages else 0) < oldest):
                return None
        return None


@dataclass(frozen=True, slots=True)
class SlackWebhook:
    """Posts to an incoming webhook, which cannot be searched: after a lost answer a message may be there twice."""

    client: WebhookClient
    name: str = "slack"

    def send(self, notice: Notice) -> Outcome:
        text = fallback_text(notice)
        remark = "; an answer was lost before, so it may be there twice" if notice.attempts else ""
        outcome = self._post(remark, text=text, blocks=slack_blocks(notice))
        if outcome.sent or outcome.reason not in LAYOUT_ERRORS:
            return outcome
        return self._post(f" without layout ({outcome.reason}){remark}", text=text)

    def _post(self, remark: str, **body: object) -> Outcome:
        try:
            answer = self.client.send_dict({**body, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False})
        except _BAD_LUCK as error:
            return _of_error(error)
        if answer.status_code == 200 and answer.body.strip() == "ok":
            return Outcome(True, f"sent{remark}")
        if answer.status_code == 200:
            return Outcome(False, "not_slack: the address answered, but not as Slack does", permanent=True)
        word = answer.body.strip()
        if word in PERMANENT_ERRORS or word in LAYOUT_ERRORS:
            return Outcome(False, word, permanent=True)
        return of_status(answer.status_code, answer.headers.get("Retry-After"))


def open_slack(settings: Settings) -> SlackBot | SlackWebhook | None:
    """A bot from SLACK_BOT_TOKEN and PROBER_SLACK_CHANNEL, else SLACK_WEBHOOK_URL, else None.

    Raises `ConfigurationError` where only half of it is there.
    """
    token, channel = given(settings.slack_bot_token), given(settings.slack_channel)
    url = given(settings.slack_webhook_url)
    if token and not channel:
        raise ConfigurationError("SLACK_BOT_TOKEN is set but PROBER_SLACK_CHANNEL is not; set it to the channel's id")
    if channel and not token:
        raise ConfigurationError(
            "PROBER_SLACK_CHANNEL is set but SLACK_BOT_TOKEN is not; set the token, or unset the channel "
            "(an incoming webhook knows its own)"
        )
    if token and channel:
        base_url = checked_address("PROBER_SLACK_BASE_URL", settings.slack_base_url.strip()).rstrip("/") + "/"
        token = checked_secret("SLACK_BOT_TOKEN", token)
        return SlackBot(WebClient(token, base_url, TIMEOUT_S, logger=_SILENT, retry_handlers=[]), channel)
    if url:
        url = checked_address("SLACK_WEBHOOK_URL", url)
        return SlackWebhook(WebhookClient(url, TIMEOUT_S, logger=_SILENT, retry_handlers=[]))
    return None


def _of_error(error: Exception) -> Outcome:
    if isinstance(error, (OSError, HTTPException)):
        return of_failure(error)
    if not isinstance(error, SlackApiError):
        return Outcome(False, "invalid_answer")
    if error.response.status_code != 200:
        return of_status(error.response.status_code, error.response.headers.get("Retry-After"))
    word = _word(error) or "invalid_answer"
    return Outcome(False, word, permanent=word in PERMANENT_ERRORS or word in LAYOUT_ERRORS)


def _word(error: SlackApiError) -> str:
    """Slack's word for what is wrong; empty where the answer was not Slack's: the SDK puts a sentence there."""
    data = error.response.data
    word = data.get("error") if isinstance(data, dict) else None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def _key_of(message: Mapping[str, object]) -> object:
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return payload.get("notice") if isinstance(payload, dict) else None
