"""Error answers → one of the `Failure` words, the provider's own words, and how long to wait. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from prober.asking.wire.format import dig, items, text_of
from prober.model.reply import Failure

STATUSES: Mapping[int, Failure] = {
    401: "unauthorized",
    403: "unauthorized",
    404: "not_found",
    408: "timeout",
    429: "rate_limited",
}
"""HTTP statuses with a word of their own; other 4xx are bad requests, other 5xx the provider's."""

WORDS: Mapping[str, Failure] = {
    "API_KEY_INVALID": "unauthorized",
    "authentication_error": "unauthorized",
    "permission_error": "unauthorized",
    "invalid_api_key": "unauthorized",
    "insufficient_quota": "rate_limited",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "RESOURCE_EXHAUSTED": "rate_limited",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "timeout_error": "timeout",
    "invalid_prompt": "bad_request",
    "invalid_request_error": "bad_request",
}
"""What providers call errors, where the status alone misleads: a 400 for a bad key, or a 200 with an error inside."""

LONGEST_DETAIL = 300
"""Characters of a provider's words that are kept."""

SHORTEST_SECRET = 8
"""Keys shorter than this are dummies such as `none`, which a reply may well contain as a word."""

_PLAIN_NAMES = frozenset({"temperature", "logprobs", "seed"})
"""Parameter names that mean nothing else in an English sentence, quoted or not."""


def failure_of_status(status: int) -> Failure:
    """HTTP status of an error → Failure."""
    if status < 400:
        return "not_found"
    return STATUSES.get(status, "provider_error" if status >= 500 else "bad_request")


def error_in(body: object) -> object:
    """The error object inside a body, wherever providers put it; None where there is none.

    OpenRouter answers 200 with `error` at the top or in the first choice; Gemini streams wrap it in a list.
    """
    body = dig(body, 0) if isinstance(body, list) else body
    return dig(body, "error") or dig(body, "choices", 0, "error") or None


def failure_of(status: int, body: object, parameters: Mapping[str, object]) -> tuple[Failure, str | None]:
    """Status and parsed body of an error answer → (Failure, the parameter of ours that it names, if any)."""
    error = error_in(body)
    code = dig(error, "code")
    if status < 400 and isinstance(code, int) and 400 <= code < 600:
        status = code
    word = next((WORDS[word] for word in _words_in(error) if word in WORDS), None)
    if status in (400, 422) and word not in ("unauthorized", "not_found", "rate_limited"):
        named = _named_parameter(body, parameters)
        return ("unsupported_parameter" if named else "bad_request"), named
    if status >= 400:
        return (word if status == 400 and word else failure_of_status(status)), None
    return word or "provider_error", None


def detail_of(status: int, body: object, raw: bytes, named: str | None) -> str:
    """One line for people: status, the parameter at fault, and the provider's own words."""
    said = _message_in(body) or raw[:1_000].decode("utf-8", errors="replace")
    prefix = f"HTTP {status}: " + (f"parameter `{named}`: " if named else "")
    return prefix + shortened(said)


def shortened(text: str) -> str:
    """One printable line of at most LONGEST_DETAIL characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def retry_after_s(headers: Mapping[str, str], body: object, at: datetime) -> float | None:
    """Seconds we were asked to wait: `retry-after-ms`, `retry-after` (seconds or date), or Gemini's RetryInfo.

    A date is held against the answer's own `date`, so that our clock does not matter; without one, against `at`.
    """
    waits = [_number(headers.get("retry-after-ms"), 0.001), _number(headers.get("retry-after"), 1.0)]
    until, sent = _date(headers.get("retry-after")), _date(headers.get("date")) or at
    if until is not None:
        waits.append(max(0.0, (until - sent).total_seconds()))
    for detail in items(dig(error_in(body), "details")):
        delay = text_of(dig(detail, "retryDelay")) or ""
        waits.append(_number(delay.removesuffix("s"), 1.0) if delay.endswith("s") else None)
    return next((wait for wait in waits if wait is not None), None)


def parse(raw: bytes) -> object:
    """JSON, or None where it is none. A bare `null` is no use either."""
    try:
        parsed: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return parsed


def _message_in(body: object) -> str | None:
    error = error_in(body)
    body = dig(body, 0) if isinstance(body, list) else body
    places = (dig(error, "message"), error, dig(body, "message"), dig(body, "detail"))
    said = next((text for text in map(text_of, places) if text), None)
    upstream = text_of(dig(error, "metadata", "raw"))
    return f"{said} ({upstream})" if said and upstream else said


def _words_in(error: object) -> Iterator[str]:
    places = [dig(error, "code"), dig(error, "type"), dig(error, "status")]
    places += [dig(detail, "reason") for detail in items(dig(error, "details"))]
    return (place for place in places if isinstance(place, str))


def _named_parameter(body: object, parameters: Mapping[str, object]) -> str | None:
    """The declared parameter an error blames: first where it says so in a field, then in its words."""
    names = sorted(_names(parameters), key=lambda name: (-len(name), name))
    for field in _blamed(body, depth=0):
        steps = [_plain(step) for step in re.split(r"[.\[\]]+", field)]
        for step in reversed(steps):
            for name in names:
                if _plain(name) == step:
                    return name
    message = _message_in(body) or ""
    return next((name for name in names if _mentions(message, name)), None)


def _names(parameters: Mapping[str, object]) -> set[str]:
    """Names of parameters and, for formats that group them, of those inside."""
    inner = (_names(value) for value in parameters.values() if isinstance(value, dict))
    return set(parameters).union(*inner)


def _blamed(value: object, depth: int) -> Iterator[str]:
    """Texts under the keys that providers name a faulty field with."""
    if depth > 6:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("param", "field", "loc"):
                yield from [step for step in (inner if isinstance(inner, list) else [inner]) if isinstance(step, str)]
            else:
                yield from _blamed(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _blamed(inner, depth + 1)


def _plain(name: str) -> str:
    """`responseLogprobs` and `response_logprobs` are one name: errors spell it the other way than requests."""
    return name.replace("_", "").lower()


def _mentions(message: str, name: str) -> bool:
    word = re.escape(name)
    if re.search(rf"[\"'`]{word}[\"'`]", message) or re.match(rf"{word}\s*:", message):
        return True
    telling = "_" in name or not name.islower() or name in _PLAIN_NAMES
    return telling and re.search(rf"(?<![A-Za-z0-9_]){word}(?![A-Za-z0-9_])", message) is not None


def _number(text: str | None, unit: float) -> float | None:
    try:
        value = float(text or "") * unit
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError):
        return None
    return date if date.tzinfo is not None else None


def redacted(text: str, key: str | None) -> str:
    """`text` without the key, should a provider have echoed it."""
    return text.replace(key, "[redacted]") if key and len(key) >= SHORTEST_SECRET else text


def redacted_bytes(raw: bytes, key: str | None) -> bytes:
    """As `redacted`, for a body before it is read."""
    return raw.replace(key.encode(), b"[redacted]") if key and len(key) >= SHORTEST_SECRET else raw
