"""Why an ask failed, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prober.model.reply import Failure

FIXES: Final[Mapping[Failure, str]] = {
    "unreachable": "check `base_url`, the network, and that the server runs",
    "timeout": "the provider is slow; try again, or raise `timeouts` of the endpoint",
    "rate_limited": "ask less often, or raise the limit with the provider",
    "unauthorized": "check the key in the variable that `api_key_env` names, and what it may do",
    "not_found": "check `model` and `base_url`",
    "unsupported_parameter": "take the parameter out of `parameters`",
    "bad_request": "read the provider's words; `parameters` or a probe asks for what it refuses",
    "provider_error": "the provider's own fault; try again later",
    "invalid_reply": "the address answers, but not in the wire format of `provider`; check `base_url` and `api`",
    "too_large": "lower `max_tokens` in `parameters`, or raise `max_reply_bytes`",
    "missing_key": "set the variable that `api_key_env` names",
}
"""Failure → what to do."""


def fix_of(failure: str) -> str:
    """What to do; failures of other tools' logs have no mend."""
    return next((mend for name, mend in FIXES.items() if name == failure), "")


DELIVERY_FIXES: Final[Mapping[str, str]] = {
    "channel_not_found": "write the channel's id, and invite the bot to it",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel, or write another",
    "missing_scope": "give the Slack app the scopes it needs, and install it again",
    "not_configured": "set its variables where the daemon runs",
    "not_slack": "check the address: it answers, but not as Slack does",
    "redirected": "write the final address",
    "http_400": "check the key or address: the receiver takes the message for wrong",
    "http_401": "check the key or address: the receiver refuses it",
    "http_403": "check the key or address: the receiver refuses it",
    "http_404": "check the address: there is no such place",
    "http_410": "check the address: the place is gone",
    "no_service": "make a new incoming webhook",
    "gave up": "see why the receiver was not to be had for days",
}
"""First words of why a message failed for good → what to do."""
_TOKEN_WORDS: Final = ("auth", "token", "account_inactive")


def delivery_fix(reason: str) -> str:
    """What to do about a message that failed for good."""
    known = next((mend for words, mend in DELIVERY_FIXES.items() if reason.startswith(words)), "")
    if not known and any(word in reason.split(":", maxsplit=1)[0] for word in _TOKEN_WORDS):
        return "set a token that Slack knows"
    return known or "mend what it says"
