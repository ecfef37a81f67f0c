"""Personal data in a text: e-mail addresses, phone numbers, card numbers and keys, taken out before anything is kept.

By pattern, so names and addresses of people are not found; where these may occur, keep no text.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Final

from prober.model.sample import PersonalData
from prober.text import SECRETS

_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", re.UNICODE)
_DIGITS: Final = r"(?<![\w.,])(?:\d[ -]?){12,18}\d(?![\w])"
_CARD: Final = re.compile(_DIGITS)
_PHONE: Final = re.compile(
    r"(?<![\w.,/-])(?:\+|00)\d(?:[ ()./-]{0,2}\d){6,14}(?!\w)"  # with the code of a country
    r"|(?<![\w.,/-])\(?0\d{1,4}\)?[ /-]\d(?:[ /-]?\d){4,9}(?!\w)"  # with that of a town, and a mark after it
    r"|(?<![\w.,/-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\w)"  # North America
)


def _is_card(digits: str) -> bool:
    """Whether the check digit is right (Luhn): order numbers and times are no cards."""
    numbers = [int(one) for one in digits if one.isdigit()]
    doubled = [sum(divmod(2 * one, 10)) for one in numbers[-2::-2]]
    return len(set(numbers)) > 1 and (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


_PATTERNS: Final[Mapping[PersonalData, tuple[re.Pattern[str], Callable[[str], bool]]]] = {
    "key": (SECRETS, lambda found: True),
    "email": (_EMAIL, lambda found: True),
    "card": (_CARD, _is_card),
    "phone": (_PHONE, lambda found: True),
}
"""In the order in which they are looked for: a key may hold what looks like the others."""


def without_personal_data(
    text: str, kinds: Collection[PersonalData], key: bytes | None = None
) -> tuple[str, Mapping[str, int]]:
    """The text with each find replaced by `[email]`, or with a `key` by `[email 3f9a21c0]`; and how many of each kind.

    The hash is of the find without blanks and marks between digits, so that one number written in two ways is one.
    """
    found: Counter[str] = Counter()
    for kind, (pattern, is_one) in _PATTERNS.items():
        if kind not in kinds:
            continue

        def replaced(match: re.Match[str], kind: str = kind, is_one: Callable[[str], bool] = is_one) -> str:
            if not is_one(match.group()):
                return match.group()
            found[kind] += 1
            if key is None:
                return f"[{kind}]"
            plain = match.group().casefold() if kind in ("key", "email") else re.sub(r"\D", "", match.group())
            digest = hmac.new(key, f"{kind}:{plain}".encode("utf-8", "surrogatepass"), sha256).hexdigest()
            return f"[{kind} {digest[:8]}]"

        text = pattern.sub(replaced, text)
    return text, found
