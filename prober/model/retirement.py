"""Retirement: until when a provider says that it serves a model, and who says so. Types, and how their dates read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

RetirementSource = Literal["model_list", "reply", "package"]
"""Who says so: the provider's list of models, its replies, or a list that a package ships."""
RetirementKind = Literal["shutdown", "deprecation"]
"""`shutdown`: from then on the model does not answer. `deprecation`: from then on it may be shut down, or is no longer
advised; the date of the shutdown is not said."""

OWN_WORDS: Final[tuple[RetirementSource, ...]] = ("model_list", "reply")
"""Sources that are the provider itself."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """What one source says of one model."""

    model: str
    """As the endpoint asks for it."""
    on: date
    """UTC."""
    kind: RetirementKind
    source: RetirementSource
    said: str
    """Where it stands, such as `shutdown_date of the model list` or `llm-sunset 0.3.1`."""
    successor: str = ""
    """The model that the source advises instead; empty where it names none. Hostile text."""


@dataclass(frozen=True, slots=True)
class Retiring:
    """One endpoint whose model has a date."""

    endpoint: str
    retirement: Retirement
    """The one that counts."""
    others: tuple[Retirement, ...] = ()
    """What other sources say."""
    warned: int | None = None
    """The last warning that people were given: so many days ahead; None where they were given none."""

    def days_left(self, today: date) -> int:
        """Negative once the date has passed."""
        return (self.retirement.on - today).days


_SECONDS: Final = re.compile(r"@?(\d{9,11})")
_MILLISECONDS: Final = re.compile(r"\d{12,14}")


def date_of(value: object) -> date | None:
    """A day as providers write it: an ISO date or time, an HTTP date, or seconds since 1970 (`@…` in a Deprecation
    header, RFC 9745). None where it is none of these, or lies outside 2015–2100."""
    found = _read(value)
    return found if found is not None and 2015 <= found.year <= 2100 else None


def _read(value: object) -> date | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    try:
        if seconds := _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(seconds[1]), UTC).date()
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC).date()
        if re.match(r"\d{4}-\d\d-\d\d", text):
            if len(text) == 10:
                return date.fromisoformat(text)
            moment = datetime.fromisoformat(text.replace(" UTC", "Z"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()
        return parsedate_to_datetime(text).date()
    except (ValueError, OverflowError, OSError):
        return None
