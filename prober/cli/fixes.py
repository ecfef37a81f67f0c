"""What to do about a failed ask or a failed notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prober.model.reply import Failure

FIXES: Final[Mapping[Failure, str]] = {
    "unreachable": "check `base_url`, the network, and that the server runs",
    "timeout": "the provider is slow; try again, or raise `timeouts` of the endpoint",
    "rate_limited": "ask less often, or raise the limit with the provider",
    "unauthorized": "check the key in the variable that `api_key_env` names, and its permissions",
    "out_of_credit": "add credit, or raise the spending limit with the provider; waiting does not help",
    "model_not_found": "check `model`: the provider has no such model, or this key may not use it",
    "model_retired": "the provider took the model out of service; choose its successor as `model`",
    "not_found": "check `base_url` and `api`: there is no such address",
    "unsupported_parameter": "change the parameter as the provider says (another value, another name), or remove it",
    "context_length": "shorten the prompt, or lower the output limit in `parameters`",
    "bad_output": "the model wrote what its own server rejects, such as a tool call that breaks its schema",
    "bad_request": "read what the provider says: `parameters` or a probe asks for something it refuses",
    "provider_error": "the provider failed; try again later",
    "invalid_reply": "the address answers, but not in the wire format of `provider`; check `base_url` and `api`",
    "too_large": "lower `max_tokens` in `parameters`, or raise `max_reply_bytes`",
    "missing_key": "set the variable that `api_key_env` names",
}
"""Failure → what to do."""


def fix_of(failure: str) -> str:
    """What to do; empty for failures that only other tools' logs name."""
    return next((fix for name, fix in FIXES.items() if name == failure), "")


DELIVERY_FIXES: Final[Mapping[str, str]] = {
    "channel_not_found": "write the channel's id, and invite the bot to it",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel, or name another",
    "missing_scope": "give the Slack app the scopes it needs, and install it again",
    "not_configured": "set its variables where the daemon runs",
    "not_slack": "check the address: something other than Slack answers there",
    "redirected": "write the final address",
    "http_400": "check the key or address: the receiver says the message is invalid",
    "http_401": "check the key or address: the receiver refuses it",
    "http_403": "check the key or address: the receiver refuses it",
    "http_404": "check the address: the receiver does not know it",
    "http_410": "check the address: it no longer exists",
    "no_service": "create a new incoming webhook",
    "gave up": "find out why the receiver was unreachable for days",
}
"""How the reason of a permanent failure starts → what to do."""
_TOKEN_WORDS: Final = ("auth", "token", "account_inactive")


def delivery_fix(reason: str) -> str:
    """What to do about a notice that failed permanently."""
    known = next((fix for start, fix in DELIVERY_FIXES.items() if reason.startswith(start)), "")
    if not known and any(word in reason.split(":", maxsplit=1)[0] for word in _TOKEN_WORDS):
        return "set a valid Slack token"
    return known or "fix what it says"
