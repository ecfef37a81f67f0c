"""Secrets that stand where none may: found by their shape, and never repeated."""

from __future__ import annotations

import re

_SHAPES = re.compile(
    r"""
      (?<![\w-])sk-(?=[\w-]*\d)[\w-]{16,}                 # OpenAI, Anthropic, OpenRouter, DeepSeek
    | (?<!\w)(?:xox[abeprs]|xapp)-[\w-]{10,}              # Slack tokens
    | (?<!\w)AIza[\w-]{30,}                               # Google
    | (?<!\w)(?:gh[pousr]_|github_pat_|hf_|gsk_|xai-)(?=\w*\d)\w{20,}  # GitHub, Hugging Face, Groq, xAI
    | (?<!\w)AKIA[0-9A-Z]{16}(?!\w)                       # Amazon
    | (?<!\w)eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+         # JSON web tokens
    | (?i:(?<!\w)bearer\s+(?=[\w.~+/-]*\d)[\w.~+/-]{16,}=*)
    | (?i:hooks\.slack\.com/(?:services|workflows|triggers)/[^\s"']+)
    | (?<=://)[^\s/:@"']+:[^\s/@"']+(?=@)                 # user:password in an address
    | (?i:(?<=[?&])(?:api[-_]?key|key|token|access_token|sig)=[^&\s"']{8,})
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    """,
    re.VERBOSE,
)
LEAKED = (
    "this looks like a secret; take it out of the file and out of its history, put it in an environment variable, and "
    "write only that variable's name, as in api_key_env: OPENAI_API_KEY"
)
_NAMES = re.compile(
    r"(?i)^(?:x[-_])?(?:api[-_]?key|key|secret|token|password|authorization|(?:auth|access)[-_]?token)$"
)


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    return _SHAPES.sub("[secret]", text)


def is_secret_name(field: str) -> bool:
    """Whether a field of this name would hold a secret, such as `api_key` or `Authorization`."""
    return _NAMES.match(field) is not None


def leaks(text: str) -> bool:
    """Whether a text holds something that looks like a secret."""
    return _SHAPES.search(text) is not None
