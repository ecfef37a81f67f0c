"""What providers say when an ask fails: words, codes, the field they blame, and how long to wait. Pure."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from prober.asking.wire.format import Path, dig, items, text_of

LONGEST_MESSAGE: Final = 4_000
"""Characters of a provider's words that are read."""
LONGEST_NOTE: Final = 500
"""Characters of an error that is not JSON, its markup removed. What is longer is a page for people: it may have a word
about billing or models in its menu."""

_MARKUP: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_ADDRESSES: Final = re.compile(r"\bhttps?://\S+|(?<!\w)/\S+")

ANSWERS: Final = frozenset({"choices", "output", "candidates", "content", "promptFeedback"})
"""Keys of an answer, whatever the wire format. A body without any of them that has something to say is an error."""

MESSAGES: Final[tuple[Path, ...]] = (
    ("message",),
    ("Message",),  # AWS' and Tencent's API gateways
    ("error", "message"),
    ("base_resp", "status_msg"),  # MiniMax
    ("detail",),  # FastAPI: vLLM, and many small servers
    ("detail", "message"),
    ("detail", "error", "message"),
    ("detail", "error"),
    ("detail", 0, "msg"),
    ("errors", 0, "message"),  # Cloudflare
    ("errors", 0),
    ("error_msg",),  # Baidu
    ("error_message",),
    ("msg",),
    ("fault", "faultstring"),  # Apigee
    ("title",),
    ("error_description",),  # OAuth
    (0, "message"),  # Cloudflare's gateway: a list of errors
)
"""Where the sentence for people stands, within an error or beside it."""

CODES: Final[tuple[Path, ...]] = (
    ("code",),
    ("Code",),
    ("type",),
    ("status",),
    ("error_type",),
    ("innererror", "code"),  # Azure
    ("base_resp", "status_code"),
    ("errors", 0, "code"),
    (0, "code"),
    ("detail", "type"),
    ("__type",),  # AWS
    ("statusCode",),  # Azure's API gateway
    ("errorCode",),
    ("error_code",),
)
"""Where the word or number for programs stands."""

_BLAMES: Final = frozenset({"param", "field", "loc"})
"""Keys under which providers name a faulty field."""


def error_in(body: object) -> object:
    """The error in a whole body, wherever providers put it; None where there is none.

    OpenRouter answers 200 with `error` at the top or in the first choice; Gemini streams wrap it in a list; vLLM,
    MiniMax and small servers answer 200 with a sentence and no answer.
    """
    body = _unwrapped(body)
    if (error := error_in_event(body)) is not None:
        return error
    if not isinstance(body, dict) or text_of(body.get("object")) == "response":
        return None
    if any(ANSWERS & one.keys() for one in (body, *body.values()) if isinstance(one, dict)):  # or in an envelope
        return None
    return body if _sentence(body) is not None and body.get("type") != "message" else None


def error_in_event(event: object) -> object:
    """As `error_in`, for an event of a stream: only what calls itself an error."""
    event = _unwrapped(event)
    error = dig(event, "error") or dig(event, "choices", 0, "error") or dig(event, "Response", "Error")  # Tencent
    if isinstance(error, dict) and not any(error.values()):  # such as code 0 and an empty message
        error = None
    if error and error is not True:
        return error
    code = dig(event, "base_resp", "status_code")
    failed = isinstance(code, int) and code != 0
    named = "error" in (dig(event, "object"), dig(event, "type")) or error is True or dig(event, "success") is False
    return event if failed or named else None


def message_in(body: object) -> str | None:
    """The provider's sentence, and what its upstream said, where it passes that on."""
    error, body = error_in(body), _unwrapped(body)
    word = text_of(error)
    # Beside a mere word, such as `Unauthorized`, there may be a sentence.
    said = _sentence(error) or (word if word and " " in word.strip() else None) or _sentence(body) or word
    raw = dig(error, "metadata", "raw")
    upstream = text_of(raw) or _sentence(dig(raw, "error")) or _sentence(raw)
    whole = f"{said} ({upstream})" if said and upstream else said
    return whole[:LONGEST_MESSAGE] if whole else None


def codes_in(body: object) -> list[str]:
    """Words and numbers for programs, as one spelling: lower case, letters and digits only."""
    error, body = error_in(body), _unwrapped(body)
    found = [dig(holder, *place) for holder in (error, body) for place in CODES]
    found += [dig(detail, "reason") for detail in items(dig(error, "details"))]
    return [spelling(str(code)[:100]) for code in found if isinstance(code, str) or _is_short_number(code)]


def spelling(name: str) -> str:
    """`InvalidApiKey`, `invalid_api_key` and `INVALID_API_KEY` are one word."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def status_in(body: object) -> int | None:
    """The HTTP status that an error in a body names, as a number or as text."""
    error, body = error_in(body), _unwrapped(body)
    places = [dig(holder, name) for holder in (error, body) for name in ("code", "status_code", "statusCode", "status")]
    numbers = [int(place) if isinstance(place, str) and re.fullmatch(r"[0-9]{3}", place) else place for place in places]
    return next((n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and 400 <= n < 600), None)


def blamed_fields(body: object, depth: int = 0) -> Iterator[str]:
    """Names of the fields that an error says are at fault."""
    if depth > 6:
        return
    if isinstance(body, dict):
        for key, inner in body.items():
            if key in _BLAMES:
                yield from [step for step in (inner if isinstance(inner, list) else [inner]) if isinstance(step, str)]
            else:
                yield from blamed_fields(inner, depth + 1)
    elif isinstance(body, list):
        for inner in body:
            yield from blamed_fields(inner, depth + 1)


def parse(raw: bytes) -> object:
    """JSON, or None where it is none. A bare `null` is no use either.

    Bytes that are no UTF-8 become U+FFFD, as in a stream, and a line end inside a text is one: some servers send both.
    """
    try:
        try:
            parsed: object = json.loads(raw, strict=False)
        except UnicodeDecodeError:
            parsed = json.loads(raw.decode("utf-8", errors="replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    return parsed


def note_in(raw: bytes) -> object:
    """An error that is not JSON (plain text, HTML, XML), as if it were an error of JSON; None where it says nothing.

    Addresses are left out: `Cannot POST /v1/models/a` is about an address, not about a model.
    """
    words = " ".join(_ADDRESSES.sub(" ", words_in(raw)).split())
    return {"message": words} if 0 < len(words) <= LONGEST_NOTE else None


def words_in(raw: bytes) -> str:
    """The start of a body that is not JSON, without markup."""
    return html.unescape(_MARKUP.sub(" ", raw[: 16 * LONGEST_MESSAGE].decode("utf-8", errors="replace")))


def _sentence(holder: object) -> str | None:
    said = (text_of(dig(holder, *place)) for place in MESSAGES)
    return next((text for text in said if text), None)


def _unwrapped(body: object) -> object:
    return dig(body, 0) if isinstance(body, list) else body


def _is_short_number(code: object) -> bool:
    return isinstance(code, int) and not isinstance(code, bool) and abs(code) < 10**9


LONGEST_WAIT_S: Final = 7 * 86_400.0
"""No provider asks for a longer wait in earnest."""
_WAIT: Final = re.compile(
    r"(?:try again|retry|reset\w*|available|wait)(?: after| in)? (?:(?P<h>\d{1,3}) ?h(?:ours?)?[ ,]*(?:and )?)?"
    r"(?:(?P<m>\d{1,4}) ?m(?!s)(?:in(?:ute)?s?)?[ ,]*(?:and )?)?(?:(?P<s>\d{1,6}(?:\.\d+)?) ?(?P<unit>ms|s))?",
    re.IGNORECASE,
)
_LEFT_AND_RESET: Final = (
    *((f"x-ratelimit-remaining-{of}", f"x-ratelimit-reset-{of}") for of in ("requests", "tokens")),
    *(
        (f"anthropic-ratelimit-{of}-remaining", f"anthropic-ratelimit-{of}-reset")
        for of in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
"""Headers that say how much is left, and when it is full again; the latter counts where nothing is left."""
_FIRST_EPOCH_S: Final = 10**9
"""A larger number is a moment, of seconds or of milliseconds, not a duration."""


def retry_after_s(headers: Mapping[str, str], body: object, at: datetime) -> float | None:
    """Seconds we were asked to wait, at most LONGEST_WAIT_S; None where nobody says.

    `retry-after-ms`, `retry-after` (seconds or date), Gemini's RetryInfo, OpenRouter's reset in the body, "try again in
    6m0s", or when a limit that is used up is full again. A date is held against the answer's own `date`, so that our
    clock does not matter; without one, against `at`.
    """
    waits = [_number(headers.get("retry-after-ms"), 0.001), _number(headers.get("retry-after"), 1.0)]
    until, sent = _date(headers.get("retry-after")), _date(headers.get("date")) or at
    if until is not None:
        waits.append(max(0.0, (until - sent).total_seconds()))
    error = error_in(body)
    for detail in items(dig(error, "details")):
        delay = text_of(dig(detail, "retryDelay")) or ""
        waits.append(_number(delay.removesuffix("s"), 1.0) if delay.endswith("s") else None)
    reset_s = _number(text_of(dig(error, "metadata", "headers", "X-RateLimit-Reset")), 0.001)
    if reset_s is not None:
        waits.append(max(0.0, reset_s - sent.astimezone(UTC).timestamp()))
    loading = dig(_unwrapped(body), "estimated_time")  # Hugging Face, while it loads a model
    waits.append(_number(str(loading)[:20], 1.0) if isinstance(loading, int | float) else None)
    waits.append(_wait_in_words(message_in(body) or ""))
    waits += [_until(headers.get(reset, ""), sent) for left, reset in _LEFT_AND_RESET if headers.get(left) == "0"]
    return next((min(wait, LONGEST_WAIT_S) for wait in waits if wait is not None), None)


def _until(reset: str, sent: datetime) -> float | None:
    """How long it is from `sent` on: a duration such as `30` or `6m0s`, or a moment."""
    at = _number(reset, 1.0)
    if at is not None:
        is_moment, unit = at >= _FIRST_EPOCH_S, 0.001 if at >= 1000 * _FIRST_EPOCH_S else 1.0
        return max(0.0, at * unit - sent.astimezone(UTC).timestamp()) if is_moment else at
    with suppress(ValueError):
        moment = datetime.fromisoformat(reset)
        return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - sent).total_seconds())
    return _wait_in_words(f"wait {reset[:100]}")


def _wait_in_words(said: str) -> float | None:
    found = next((one for one in _WAIT.finditer(said) if any(one.group("h", "m", "s"))), None)
    if found is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.group("h", "m", "s"))
    return 3600 * hours + 60 * minutes + seconds * (0.001 if (found["unit"] or "").lower() == "ms" else 1.0)


def _number(text: str | None, unit: float) -> float | None:
    try:
        value = float(text or "") * unit
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else None
