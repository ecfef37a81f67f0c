"""Five-field cron in a time zone: only what every reader of cron understands alike."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from prober.loading.foreign import ZONES
from prober.model.declaration import Schedule
from prober.text import quoted

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHORTEST = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NONE = timedelta(0)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NAMED = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * sun",
          "@monthly": "0 0 1 * *"}  # fmt: skip
_PART = re.compile(r"(?P<first>\*|[0-9]{1,4}|[a-z]+)(?:-(?P<last>[0-9]{1,4}|[a-z]+))?(?:/(?P<step>[0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class Cron:
    """The moments a cron text names."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    """Days of the month, 1 to 31."""
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Monday."""

    @property
    def every_day(self) -> bool:
        return len(self.days) == 31 and len(self.months) == 12 and len(self.weekdays) == 7

    @property
    def is_monthly(self) -> bool:
        """Whether no month is without a moment."""
        return len(self.months) == 12 and min(self.days) <= min(_SHORTEST)

    def on(self, day: date, zone: ZoneInfo) -> list[datetime]:
        """The moments of one day of the zone, UTC, in order.

        Where clocks are set forward, a time that does not exist comes as much later. Where they are set back, a time
        comes once, the first time; both times where every hour is named.
        """
        if day.day not in self.days or day.month not in self.months or day.weekday() not in self.weekdays:
            return []
        moments = set()
        for hour in self.hours:
            for minute in self.minutes:
                first = datetime.combine(day, time(hour, minute), zone)
                second = first.replace(fold=1)
                moments.add(first.astimezone(UTC))
                if len(self.hours) == 24 and (first.utcoffset() or _NONE) > (second.utcoffset() or _NONE):
                    moments.add(second.astimezone(UTC))
        return sorted(moments)

    @property
    def per_year(self) -> float:
        """DueTimes a year, on average."""
        days = 365.25 * len(self.days) / 31 * len(self.weekdays) / 7 * len(self.months) / 12
        return len(self.minutes) * len(self.hours) * days

    def shortest_gap_s(self, timezone: str = "UTC") -> float:
        """Seconds between the two moments of a day that lie closest; a whole day where there is one only.

        Clocks that are set forward may bring two moments closer by an hour.
        """
        moments = sorted(hour * 60 + minute for hour in self.hours for minute in self.minutes)
        following = [*moments[1:], moments[0] + 1440]
        gap = min(after - before for before, after in zip(moments, following, strict=True))
        return 60.0 * (gap - 60 if timezone != "UTC" and gap > 60 else gap)


def parse(text: str) -> Cron:
    """Cron text → the moments it names. Raises ValueError, whose text says what is wrong and what to write.

    Numbers for weekdays are refused, and so are days of the month together with weekdays: cron programs disagree on
    which day 0 is, and on whether one of the two or both must match.
    """
    fields = text.split()
    if (zone := re.match(r"(?:CRON_)?TZ=(\S+)", text)) is not None:
        raise ValueError(f"a time zone has a field of its own; write timezone: {zone[1]} beside cron")
    if (every := re.fullmatch(r"@every (\S+)", text.strip())) is not None:
        raise ValueError(f"@every is not cron; write every: {every[1]} in place of cron")
    if (meant := _NAMED.get(text.strip().lower())) is not None:
        raise ValueError(f'{quoted(text.strip())} is read by some programs only; write "{meant}"')
    if len(fields) != 5:
        raise ValueError(
            f"cron has five fields (minute hour day month weekday), not {len(fields)}; {_five_fields(text, fields)}"
        )
    cron = Cron(
        minutes=_field("minute", fields[0], 0, 59),
        hours=_field("hour", fields[1], 0, 23),
        days=_field("day", fields[2], 1, 31),
        months=_field("month", fields[3], 1, 12, _MONTHS),
        weekdays=_field("weekday", fields[4], 0, 6, _WEEKDAYS, numbers=False),
    )
    if len(cron.days) < 31 and len(cron.weekdays) < 7:
        raise ValueError(
            "both a day and a weekday are set, which some programs read as either and some as both; "
            "set one and write * for the other"
        )
    if all(min(cron.days) > _LONGEST[month - 1] for month in cron.months):
        raise ValueError("no month named here has such a day, so it never comes; choose another day or month")
    return cron


def _five_fields(text: str, fields: list[str]) -> str:
    """What to write for a schedule of another number of fields: one with seconds, one of AWS, or a word."""
    if (meant := _NAMED.get(f"@{text.strip().lower()}")) is not None:
        return f'write "{meant}"'
    if len(fields) == 6:
        has_year = "?" in (fields[2], fields[4])
        five = fields[:5] if has_year else fields[1:] if fields[0] == "0" else []
        meant = " ".join(five).replace("?", "*")
        try:
            parse(meant)
        except ValueError:
            meant = ""
        if meant:
            return f'write "{meant}"'
    return 'write for instance "0 6 * * mon-fri"'


def zone_fault(name: str) -> str | None:
    """What is wrong with the name of a time zone; None where there is one."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"unknown time zone {quoted(name)}; {_zone_meant(name)}"
    return None


def _zone_meant(name: str) -> str:
    """What to write for the name of a time zone that does not exist."""
    if hours := _OFFSET.fullmatch(name.strip()):
        if int(hours[3] or 0) or int(hours[2]) > 12:
            return "write a place, such as Asia/Kolkata"
        # The sign of these names is that of what is added to reach UTC.
        fixed = f"Etc/GMT{'-' if hours[1] == '+' else '+'}{int(hours[2])}" if int(hours[2]) else "UTC"
        return f'write "{fixed}", or a place, such as Europe/Berlin, if its clocks change'
    zones = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})
    place = re.sub(r" (standard |daylight |summer )?time$", "", name.strip().lower().replace("_", " "))
    meant = ZONES.get(place) or ZONES.get(place.rpartition("/")[2])
    town = "/" + place.replace(" ", "_")
    meant = meant or next((zone for zone in zones if place and zone.lower().endswith(town)), None)
    near = difflib.get_close_matches(name, zones, n=1, cutoff=0.85) if len(name) <= 60 else []
    meant = meant or next(iter(near), None)
    return f'did you mean "{meant}"?' if meant else "write one such as Europe/Berlin"


_OFFSET: Final = re.compile(r"(?i)(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(\d\d))?")


def _field(
    name: str, text: str, low: int, high: int, words: tuple[str, ...] = (), *, numbers: bool = True
) -> frozenset[int]:
    chosen: set[int] = set()
    for part in text.lower().split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f'{name} "{part[:20]}" is not cron; write a number, *, a range 1-5, a list 1,5 or */15')
        first, last, step = match["first"], match["last"], match["step"]
        if first == "*":
            if last is not None:
                raise ValueError(f'{name} "{part}" begins with *; write either * or a range such as {low}-{high}')
            start, end = low, high
        else:
            start = _number(name, first, low, high, words, numbers)
            end = _number(name, last, low, high, words, numbers) if last is not None else start
            if step is not None and (last is None or not first.isdigit()):
                raise ValueError(f'{name} "{part}" has a step without a range of numbers; write {low}-{high}/{step}')
        if start > end:
            raise ValueError(f'{name} "{part}" runs backwards; write the smaller first, or two ranges with a comma')
        stride = 1 if step is None else int(step)
        if step is not None and not 1 <= stride <= end - start:
            raise ValueError(f'{name} "{part}" has a step that does not fit; write a step from 1 to {end - start}')
        chosen.update(range(start, end + 1, stride))
    return frozenset(chosen)


def _number(name: str, text: str, low: int, high: int, words: tuple[str, ...], numbers: bool) -> int:
    if text in words:
        return words.index(text) + low
    if not text.isdigit():
        known = f"; write {words[0]} to {words[-1]}" if words else f"; write a number from {low} to {high}"
        raise ValueError(f'{name} "{text[:20]}" is unknown{known}')
    if not numbers:
        raise ValueError(f"{name} {text} is a different day in different programs; write {words[0]} to {words[-1]}")
    if not low <= int(text) <= high:
        raise ValueError(f"{name} {text} is out of range; write a number from {low} to {high}")
    return int(text)


def rounds_per_year(schedule: Schedule) -> float:
    """Rounds that a schedule makes due, on average."""
    if schedule.every_s is not None:
        return 365.25 * 86_400 / schedule.every_s
    return parse(schedule.cron or "").per_year
