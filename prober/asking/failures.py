"""Error answers → one of the `Failure` words, and the provider's own words. Pure.

The tables are read in this order: `SURE`, the parameter a field names, `CODES`, the parameter the words name, `WORDS`,
`STATUSES`. The words of people come first only where they are surer than the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, get_args

from prober.asking.error_body import blamed_fields, codes_in, error_in, message_in, spelling, status_in, words_in
from prober.asking.failure_tables import CODES, FILTERED, FILTERS, MEANT, STATUSES, SURE, WORDS
from prober.asking.wire.format import dig
from prober.model.reply import Failure

MAY_BE_BILLED: Final[frozenset[Failure]] = frozenset(
    {"timeout", "bad_output", "provider_error", "invalid_reply", "too_large"}
)
"""Failures of asks that may have been answered, and billed, all the same."""
FREE: Final[frozenset[str]] = frozenset(get_args(Failure)) - MAY_BE_BILLED
"""Failures that cost no tokens."""

LONGEST_DETAIL: Final = 300
"""Characters of a provider's words that are kept."""
_KEY_HEADERS: Final = frozenset({"authorization", "apikey", "xapikey", "xgoogapikey"})
"""Fields in which a key is sent, as `spelling` writes them."""
_PLAIN_NAMES: Final = frozenset({"temperature", "logprobs", "seed"})
"""Parameter names that mean nothing else in an English sentence, quoted or not."""


def failure_of_status(status: int) -> Failure:
    """HTTP status of an error → Failure."""
    if status < 400:
        return "not_found"
    return STATUSES.get(status, "provider_error" if status >= 500 else "bad_request")


def filtered(status: int, body: object) -> bool:
    """Whether an error answer is a filter's: what was refused is the prompt, and by its content."""
    if status >= 500 or error_in(body) is None:
        return False
    if dig(error_in(body), "metadata", "flagged_input") is not None:  # OpenRouter's moderation
        return True
    codes = codes_in(body)
    return bool(FILTERS.intersection(codes)) or FILTERED.search(" ".join([message_in(body) or "", *codes])) is not None


def failure_of(status: int, body: object, parameters: Mapping[str, object]) -> tuple[Failure, str | None]:
    """Status and parsed body of an error answer → (Failure, the parameter of ours that it names, if any)."""
    said, codes = message_in(body) or "", codes_in(body)
    if status < 400:
        meant = next((MEANT[code] for code in codes if code in MEANT), None)
        status = status_in(body) or meant or status
    ours = status in (400, 422)
    sure = {failure for failure, pattern in SURE if pattern.search(said)}
    if "out_of_credit" in sure or status == 402:
        return "out_of_credit", None
    if "unauthorized" in sure or (ours and any(spelling(field) in _KEY_HEADERS for field in blamed_fields(body))):
        return "unauthorized", None
    if "context_length" in sure:
        return "context_length", None
    if ours and (named := _named_in_a_field(body, parameters)):
        return "unsupported_parameter", named
    if ours and (named := _named_in_words(said, parameters)) and _is_withdrawn(said, named):
        return "unsupported_parameter", named
    if "model_retired" in sure or (status == 410 and "model" in said.lower()):
        return "model_retired", None
    if (coded := next((CODES[code] for code in codes if code in CODES), None)) is not None:
        return coded, None
    if ours and (named := _named_in_words(said, parameters)):
        return "unsupported_parameter", named
    worded = next((failure for failure, pattern in WORDS if pattern.search(said)), None) if status < 500 else None
    if worded is not None and (
        status not in STATUSES
        or worded == "out_of_credit"
        or (status, worded) in ((404, "model_not_found"), (404, "provider_error"), (429, "provider_error"))
    ):
        return worded, None
    if (
        status == 404
        and re.search(r"\bmodels?\b", said, re.IGNORECASE)
        and not re.search(r"\b(?i:url|route|path)\b", said)
    ):
        return "model_not_found", None
    return (failure_of_status(status) if status >= 400 else "provider_error"), None


def detail_of(status: int, body: object, raw: bytes, named: str | None) -> str:
    """One line for people: status, the parameter at fault, and the provider's own words."""
    said = message_in(body) or (words_in(raw) if body is None else raw[:1_000].decode("utf-8", errors="replace"))
    prefix = f"HTTP {status}: " + (f"parameter `{named}`: " if named else "")
    return prefix + shortened(said)


def shortened(text: str) -> str:
    """One printable line of at most LONGEST_DETAIL characters."""
    start = text[: 4 * LONGEST_DETAIL]
    line = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def _named_in_a_field(body: object, parameters: Mapping[str, object]) -> str | None:
    """The declared parameter that an error blames in a field of its own."""
    names = _longest_first(parameters)
    for field in blamed_fields(body):
        for step in reversed([spelling(step) for step in re.split(r"[.\[\]]+", field[:1_000])]):
            for name in names:
                # `responseLogprobs` and `response_logprobs` are one name.
                if spelling(name) == step:
                    return name
    return None


def _named_in_words(said: str, parameters: Mapping[str, object]) -> str | None:
    return next((name for name in _longest_first(parameters) if _mentions(said, name)), None)


def _is_withdrawn(said: str, name: str) -> bool:
    """Whether it is the parameter, not the model, that a sentence calls deprecated."""
    return (
        re.search(rf"{re.escape(name)}\W{{0,2}} (?:is|was|has been) (?:deprecated|removed|retired)", said) is not None
    )


def _longest_first(parameters: Mapping[str, object]) -> list[str]:
    return sorted(_names(parameters), key=lambda name: (-len(name), name))


def _names(parameters: Mapping[str, object]) -> set[str]:
    """Names of parameters and, for formats that group them, of those inside."""
    inner = (_names(value) for value in parameters.values() if isinstance(value, dict))
    return set(parameters).union(*inner)


def _mentions(said: str, name: str) -> bool:
    # `presencePenalty` and `presence_penalty` are one name.
    word = re.escape(name).replace("_", "_?")
    # "Item of type 'reasoning'" names a kind of item, not the parameter.
    if re.search(rf"(?<!of type )[\"'`]{word}[\"'`]", said) or re.match(rf"{word}\s*:", said):
        return True
    telling = "_" in name or not name.islower() or name in _PLAIN_NAMES
    case = re.IGNORECASE if name in _PLAIN_NAMES or "_" in name else re.NOFLAG
    return telling and re.search(rf"(?<![A-Za-z0-9_]){word}(?![A-Za-z0-9_])", said, case) is not None
