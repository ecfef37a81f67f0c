"""Why an ask failed, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prober.reply import Failure

MENDS: Final[Mapping[Failure, str]] = {
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


def mend_of(failure: str) -> str:
    """What to do; failures of other tools' logs have no mend."""
    return next((mend for name, mend in MENDS.items() if name == failure), "")
