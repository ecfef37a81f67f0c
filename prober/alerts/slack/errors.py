"""Slack's own words for what went wrong, and what the network made of it, as an Outcome with a named reason."""

from __future__ import annotations

import logging
import re
from http.client import HTTPException
from typing import Final

from slack_sdk.errors import SlackApiError, SlackClientError

from prober.alerts.outcomes import of_failure, of_status
from prober.model.notice import Outcome

LAYOUT_ERRORS: Final = frozenset({
    "invalid_blocks", "invalid_blocks_format", "invalid_metadata_format", "invalid_metadata_schema", "invalid_payload",
    "metadata_too_large", "msg_blocks_too_long", "msg_too_long", "too_many_attachments",
})  # fmt: skip
"""Slack refuses how the message looks; its words alone may still pass."""
PERMANENT_ERRORS: Final = frozenset({
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
