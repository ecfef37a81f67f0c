"""What labels of rounds mean: numbers, moments, or names; and labels whose order as text is the order they mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from prober.model.errors import ConfigurationError
from prober.text import quoted

Meaning: TypeAlias = Literal["a number", "a moment", "a name"]

_EPOCH: Final = (1e9, 4.1e9)
"""Numbers from the one up to the other are seconds since 1970, of the years 2001 to 2099; and likewise milliseconds,
microseconds and nanoseconds."""
_WORDS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|[ap]\\.?m\\.?"
)
_DATED: Final = re.compile(
    rf"(?i)(?=.*(?:(?<![a-z])(?:{_WORDS})(?![a-z])|\b\d{{1,2}}/\d{{1,2}}/\d{{2,4}}\b|\b\d{{1,2}}\.\d{{1,2}}\.(?:19|20)\d\d\b))"
    rf"(?:{_WORDS}|\d+(?:st|nd|rd|th|z)?|[\s,./:+t-])+"
)
"""Names that say when a round was, but do not sort so."""


@lru_cache(maxsize=4096)
def meaning_of(label: str) -> Meaning:
    """Of one label. Seconds since 1970 are a moment."""
    if _epoch(label) is not None:
        return "a moment"
    if _number(label) is not None:
        return "a number"
    return "a name" if moment_of(label) is None else "a moment"


NEAR_THE_END: Final = timedelta(days=366)
"""No moment this near the last day that Python knows is taken: what reckons from it by days or weeks would fail."""


def moment_of(label: str) -> datetime | None:
    """The moment that a label names, UTC; None where it is a number or a name."""
    if (at := _epoch(label)) is not None:
        return at
    if len(label) < 8 or label.isdigit():
        return None
    try:
        at = datetime.fromisoformat(label)
        at.astimezone(UTC) + NEAR_THE_END
    except (ValueError, OverflowError):  # the latter of an hour at an end of all years, in another zone
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def sortable(labels: Collection[str]) -> Mapping[str, str]:
    """Label → one that sorts as text in the order that all of them mean. They stay as they are where they do so.

    Labels of one moment, or of one number, become one. Raises ConfigurationError where not all have one kind
    of meaning.
    """
    kinds = {meaning_of(label) for label in labels}
    if len(kinds) > 1:
        raise ConfigurationError(f"the rounds are called by {' and by '.join(sorted(kinds))}; use one kind for all")
    if kinds == {"a moment"}:
        moments = {label: moment_of(label) or datetime.min.replace(tzinfo=UTC) for label in labels}
        if _is_sorted(moments) and not any(_epoch(label) for label in labels):
            return {label: label for label in labels}
        iso = {label: at.astimezone(UTC).isoformat(timespec="microseconds") for label, at in moments.items()}
        return {label: text.replace("+00:00", "Z") for label, text in iso.items()}
    if kinds == {"a number"}:
        numbers = {label: _number(label) or 0.0 for label in labels}
        if _is_sorted(numbers):
            return {label: label for label in labels}
        wide = max(len(f"{int(abs(value))}") for value in numbers.values())
        return {label: f"{value:0{wide}.0f}" if value.is_integer() else f"{value:0{wide + 7}.6f}"
                for label, value in numbers.items()}  # fmt: skip
    if dated := [label for label in sorted(labels) if _DATED.fullmatch(label)]:
        raise ConfigurationError(
            f"the round {quoted(dated[0])} says when it was, but not so that rounds can be put in order; write an ISO "
            "8601 date or time, such as 2026-01-30 or 2026-01-30T21:00:00Z"
        )
    wide = max(len(digits) for label in labels for digits in re.findall(r"\d+|$", label))
    natural = {label: re.sub(r"\d+", lambda digits: digits[0].zfill(wide), label) for label in labels}
    return {label: label for label in labels} if _is_sorted(natural) else natural


def _is_sorted(meanings: Mapping[str, object]) -> bool:
    """Whether the labels sort as what they mean, and each means something else."""
    in_order = [meanings[label] for label in sorted(meanings)]
    return all(earlier < later for earlier, later in pairwise(in_order))  # type: ignore[operator]


def _number(label: str) -> float | None:
    return float(label) if re.fullmatch(r"\d{1,15}(\.\d{1,9})?", label) else None


def _epoch(label: str) -> datetime | None:
    seconds, (first, last) = float(label) if re.fullmatch(r"\d{10,19}(\.\d{1,9})?", label) else 0.0, _EPOCH
    while seconds >= 1000 * first:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if first <= seconds < last else None
