"""Durations and times of day in the spellings of people and of other tools → ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([a-zA-Z]+)[ ,]*")
_UNITS_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "H", "hr", "hrs", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "D", "day", "days"), 86_400),
    **dict.fromkeys(("w", "wk", "week", "weeks"), 604_800),
    **dict.fromkeys(("y", "yr", "year", "years"), 31_536_000),
}
_OFTEN = {"minutely": "1m", "hourly": "1h", "daily": "1d", "nightly": "1d", "weekly": "7d", "fortnightly": "14d"}


def duration_meant(text: str, *, in_days: bool) -> str | None:
    """A duration of other tools in our spelling: `6 hours`, `1h30m`, `PT6H`, `1w` → `6h`, `90m`, `6h`, `7d`."""
    time_s = seconds_meant(_OFTEN.get(text.strip().lower(), text)) or _said_s(text, in_days=in_days)
    units = (("d", 86_400),) if in_days else (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    return next((f"{time_s / each:.0f}{unit}" for unit, each in units if time_s and time_s % each == 0), None)


def seconds_meant(text: str) -> float:
    """A duration in seconds; 0 where it is none."""
    if re.fullmatch(r"P(\d+[WD])*(T(\d+[HMS])+)?", text):  # ISO 8601
        text = text[1:].replace("T", "").lower()
    parts = _AMOUNT.findall(text)
    if not parts or _AMOUNT.sub("", text) or any(unit not in _UNITS_S for _, unit in parts):
        return 0.0
    return sum(float(amount) * _UNITS_S[unit] for amount, unit in parts)


def _said_s(text: str, *, in_days: bool) -> float:
    """A duration in seconds, as people say it: `every 6 hours`, `an hour`, `twice a day`; 0 where it is none."""
    text = "" if re.search(r"\dM\b", text) else text.strip().lower()  # minutes or months
    text = re.sub(r"\b(an?|one|each|per)\b", "1", re.sub(r"^every ", "", text))
    for number, word in enumerate(_NUMBERS, start=2):
        text = re.sub(rf"\b{word}\b", str(number), text)
    text = re.sub(r"\btwice\b", "2 times", text)
    if often := re.fullmatch(r"(\d{1,4}) ?(?:x|times)[ /]*(?:1 )?(hour|day|week)", text):
        return _UNITS_S[often[2]] / int(often[1]) if int(often[1]) else 0.0
    if half := re.fullmatch(r"half (?:1 )?(hour|day)", text):
        return _UNITS_S[half[1]] / 2
    if in_days and (months := re.fullmatch(r"(\d{1,4}) months?", text)):
        return int(months[1]) * 30 * 86_400
    if thousandths := re.fullmatch(r"(\d{1,15}) ?(?:ms|millis|milliseconds)", text):
        return int(thousandths[1]) / 1000
    return seconds_meant(text if text[:1].isdigit() else f"1 {text}")


_NUMBERS: Final = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def duration_of_fields(value: Mapping[str, JsonValue]) -> str | None:
    """The duration in our spelling that one field with the name of a unit stands for: `{hours: 6}` → `6h`."""
    ((unit, amount),) = value.items()
    is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
    return duration_meant(f"{amount} {unit}", in_days=False) if is_number and unit in _UNIT_FIELDS else None


_UNIT_FIELDS: Final = frozenset({"seconds", "minutes", "hours", "days", "weeks"})


def time_of_day_meant(value: JsonValue) -> str | None:
    """A time of day of other spellings in ours: `7am`, `9`, `2:00` → `07:00`, `09:00`, `02:00`."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.h](\d\d)?)?(?::00)? ?([ap])?\.?(?:m\.?)?", str(value).strip().lower())
    if found is None or isinstance(value, bool):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[3] == "p" else 0)
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else None
