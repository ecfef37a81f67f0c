"""What to write in place of what is wrong: for misspelt names, words of other tools, numbers and durations."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, JsonValue

from prober.loading.durations import duration_meant, duration_of_fields, seconds_meant, time_of_day_meant
from prober.loading.foreign import CHECKS, FIELDS, MEANT, RENAMED, SENT
from prober.loading.foreign_providers import endpoint_in_braces
from prober.model.alerting import Alerts, Digest, QuietHours, Reminders, Route
from prober.model.allowance import AccountLimits
from prober.model.budget import Budget
from prober.model.connection import Timeouts
from prober.model.declaration import (
    Check,
    CheckType,
    Endpoint,
    Maintenance,
    Message,
    Probe,
    ProbeSet,
    Schedule,
    Tool,
)
from prober.model.objective import Objective
from prober.model.reference import Confirm, ReferenceRule, WarmUp
from prober.text import is_secret_name, quoted

NO_KEYS: Final = (
    "a secret must not be in a file; put it in an environment variable and write that variable's name, as in"
)

# What to write where no allowed word is near.
OTHERWISE = {
    "check": f"write one of: {', '.join(name for name in typing.get_args(CheckType) if not name.startswith('not-'))}; "
    "or one with not- in front",
}

_PLAIN = re.compile(r"[\w.][\w .]*")
_BASES = {name.removeprefix("not-") for name in typing.get_args(CheckType)}
_NEGATED = re.compile(r"(not|no|does-not|doesnt|never)-")
_VALUELESS = {"is-json", "is-refusal"}
_PERIODS = frozenset({"second", "minute", "hour", "day", "week", "month", "year"})
_SECONDS_OF_UNIT: Final[Mapping[str, int]] = {
    **dict.fromkeys(("connect_s", "read_s", "total_s", "seconds"), 1),
    "hours": 3_600,
}
"""Fields of a number whose unit is in their name → seconds of it."""
_HOMES: Mapping[type[BaseModel], str] = {
    ProbeSet: "at the top of a probe set",
    Probe: "in a probe",
    Endpoint: "in an endpoint, in endpoints.yaml",
    Schedule: "under schedule, in a probe set",
    Objective: "under objectives, in a probe set",
    Alerts: "at the top of alerts.yaml",
    Route: "in a route, in alerts.yaml",
}
"""Where the fields of a shape are written, for those that stand elsewhere."""
_OF_MANY_MEANINGS = {"id", "name", "type", "metadata", "reference", "kind", "to", "after", "private"}
"""Fields whose name means something else in other tools, so that nobody knows which is meant."""

_THINGS: Mapping[type[BaseModel], str] = {
    Probe: "a probe has fields such as id and prompt",
    Check: "a check has fields type and value, such as {type: contains, value: Paris}",
    Message: "a message has fields role and content",
    Tool: "a tool has fields such as name and parameters",
    Schedule: 'a schedule has a field every or cron, such as {every: "6h"}',
    Endpoint: "an endpoint has fields such as provider and model",
    Maintenance: 'a window has fields begins or at, and lasts, such as {at: "02:00", lasts: 2h}',
    Route: "a route has fields such as to and severity, such as {to: [slack], severity: warning}",
    QuietHours: 'quiet hours have fields start and end, such as {start: "22:00", end: "07:00"}',
    Digest: 'a digest has fields at and severities, such as {at: "09:00"}',
    Reminders: "reminders are fields such as {critical: 1h, warning: 1d}",
    Alerts: "a file of alerts has fields such as routes, quiet_hours and digest",
    ReferenceRule: "a reference has fields rounds and hours, or is the word trial",
    Budget: "a budget has fields such as {dollars_per_day: 5, asks_per_hour: 100}",
    AccountLimits: "limits has fields such as {asks_per_minute: 60}",
    Confirm: "confirm has fields such as rounds and pause; {rounds: 0} switches it off",
}


def _spelled(check: str) -> str:
    """A kind of check in our spelling: `notContains` and `not_contains` → `not-contains`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_ ]", "-", check).lower().removesuffix("-metric")


def _base(check: str) -> str:
    """A kind of check without its negation, in our spelling."""
    return _NEGATED.sub("", _spelled(check), count=1)


def unknown_check(word: str, allowed: list[str]) -> str:
    """What is wrong with a kind of check that does not exist, and what to write."""
    base, negated = _base(word), _base(word) != _spelled(word)
    if (instead := CHECKS.get(base)) is not None:
        if negated and "write type: " in instead:
            instead = instead.replace("write type: ", "write type: not-", 1)
        elif negated and instead.startswith("write a "):  # the opposite of several together is none of each
            instead = OTHERWISE["check"]
        return f"there is no check {quoted(word)}; {instead}"
    # Checks of like names may mean the opposite.
    near = _nearest(base, sorted(_BASES), 0.85) or _nearest(word, allowed, 0.85)
    if near and negated and not near.startswith("not-"):
        near = f"not-{near}"
    return f"unknown check {quoted(word)}; " + (f'did you mean "{near}"?' if near else OTHERWISE["check"])


def did_you_mean(word: str, allowed: Iterable[str], otherwise: str = "") -> str:
    """The fix of a misspelt word: the nearest allowed one, or `otherwise`, or all."""
    names = list(allowed)
    if near := _nearest(word, names, 0.6):
        return f'did you mean "{near}"?'
    return otherwise or f"write one of: {', '.join(names)}"


def fields_of(shape: type[BaseModel], value: JsonValue) -> str:
    """What to write where the fields of a shape belong."""
    if shape is Check and isinstance(value, str) and (words := value.split(maxsplit=1)):
        kind = _spelled(words[0].rstrip(":"))
        if _base(kind) in _VALUELESS and len(words) == 1:
            return f"write {{type: {kind}}}"
        if _base(kind) in _BASES:
            value = words[1] if len(words) > 1 and _PLAIN.fullmatch(words[1]) and len(words[1]) <= 40 else "…"
            return f"write {{type: {kind}, value: {value}}}"
    if shape is Message and isinstance(value, str):
        return "write {role: user, content: …}"
    if shape is Endpoint and isinstance(value, str) and (meant := endpoint_in_braces(value)):
        return f"write {meant}"
    if (meant := _fields_meant(shape, value)) is not None:
        return f"write {meant}"
    return _THINGS.get(shape) or f"its fields are: {', '.join(shape.model_fields)}"


def _fields_meant(shape: type[BaseModel], value: JsonValue) -> str | None:
    """The one field that a number or a word stands for, where it can be only one."""
    if shape is ReferenceRule and isinstance(value, str):
        span = duration_meant(value, in_days=False)
        return (
            f"{{hours: {seconds_meant(span) / 3_600:g}}}" if span else "trial" if _nearest(value, ["trial"]) else None
        )
    if shape is Digest and isinstance(value, str | int) and (at := time_of_day_meant(value)):
        return f'{{at: "{at}"}}'
    if shape is QuietHours and isinstance(value, str):
        ends = [time_of_day_meant(end) for end in re.split(r" ?(?:-|–|to) ?", value)]
        return f'{{start: "{ends[0]}", end: "{ends[1]}"}}' if len(ends) == 2 and all(ends) else None
    if shape is Schedule and isinstance(value, str):
        every = duration_meant(value.removeprefix("@"), in_days=False)
        return f'{{every: "{every}"}}' if every else None
    if isinstance(value, str) and shape is Timeouts:
        meant = number_meant(value, is_whole=False, name="total_s").removeprefix("write ")
        return f"{{total_s: {meant}}}" if meant.replace(".", "").isdigit() else None
    if isinstance(value, bool):
        return "{rounds: 0}" if shape is Confirm and not value else None
    if isinstance(value, int | float):
        field = {ReferenceRule: "rounds", Confirm: "rounds", WarmUp: "rounds", Timeouts: "total_s"}.get(shape)
        is_enough = value >= {ReferenceRule: 4, WarmUp: 2, Confirm: 0}.get(shape, 1)
        return f"{{{field}: {value}}}" if field and is_enough else None
    return None


def list_of(item: type[BaseModel], value: JsonValue) -> str:
    """What to write where a list of a shape belongs."""
    if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
        named = f"{next(iter(item.model_fields))}: {next(iter(value))[:40]}"
        return f"write each behind a dash, with its name as a field, as in - {named}"
    if isinstance(value, dict):
        return "write a dash before the first of the fields, or [{…}]"
    if item is Message and isinstance(value, str):
        return "write prompt in place of messages, or [{role: user, content: …}]"
    fields = fields_of(item, value)
    if fields.startswith("write {"):
        return f"write [{fields.removeprefix('write ')}]"
    return f"write a list; {fields}"


_PERCENT: Final = {"share": 100, "margin": 1}
"""Field that may be written as a percentage elsewhere → what a percentage is divided by here."""


def number_meant(value: JsonValue, *, is_whole: bool, name: str = "") -> str:
    """What to write in place of what is no number, or no whole one. `name`: of the field."""
    text = str(value).strip() if isinstance(value, str) else ""
    if re.fullmatch(r"-?\d+" if is_whole else r"-?\d+(\.\d+)?", text):
        return f"write {text}, without quotes"
    if name in _PERCENT and re.fullmatch(r"\d{1,3}(\.\d+)? ?%", text):
        return f"write {float(text.rstrip(' %')) / _PERCENT[name]:g}"
    if name in _SECONDS_OF_UNIT and (time_s := seconds_meant(text)):
        return f"write {time_s / _SECONDS_OF_UNIT[name]:g}"
    if not is_whole and re.fullmatch(r"[$€£] ?\d+(\.\d+)?", text):
        return f"write {text.lstrip('$€£ ')}"
    if is_whole and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"write {value:.0f}"
    return "write a whole number" if is_whole else "write a number"


def percentage_meant(value: JsonValue) -> str | None:
    """A number that stands for a percentage below 100; a share is below 1, and 1 itself may be either."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 100 or value == 1:
        return None
    return f"{value * 100 if value < 1 else value:.10g} %"


def unknown_field(
    name: str, shape: type[BaseModel], given: Collection[str] = (), value: JsonValue | None = None
) -> str:
    """What is wrong with a field that a shape does not have, and what to write; `given` are its other fields."""
    meant = _unit_meant(name, shape, value)
    return f"unknown field {quoted(name)}; {meant or _instead_of(name, shape, given)}"


def _unit_meant(name: str, shape: type[BaseModel], value: JsonValue | None) -> str | None:
    """What to write for a field whose name says a unit, or that a shape is switched by."""
    if shape is Confirm and name in ("enabled", "disabled"):
        return "write rounds: 0 to switch it off" if value is (name == "disabled") else "it is on; remove the field"
    every = duration_of_fields({name: value})
    if shape is Schedule and every:
        return f'write every: "{every}"'
    if shape is ReferenceRule and name in ("duration", "for", "length", "period", "window") and isinstance(value, str):
        every = duration_meant(value, in_days=False)
    return f"write hours: {seconds_meant(every) / 3_600:g}" if shape is ReferenceRule and every else None


_WRITTEN_OTHERWISE: Final = {"timeouts": "write timeouts: {total_s: 30}, in seconds"}
"""Fields that take another form here than those of other tools."""


def _one_of_ours(field: str, given: Collection[str]) -> str:
    if field in given:
        return f"{field} is there already; remove one of the two"
    return _WRITTEN_OTHERWISE.get(field) or f'did you mean "{field}"?'


def _instead_of(name: str, shape: type[BaseModel], given: Collection[str]) -> str:
    if name[:1].isspace() or name[:1] in ("\u200b", "\ufeff"):
        return "it begins with special blanks, perhaps copied from a web page; indent with plain spaces"
    if is_secret_name(name):
        return f"{NO_KEYS} api_key_env: OPENAI_API_KEY"
    if shape is Check and _base(name) in _BASES:
        return fields_of(Check, name)
    if shape is Message and (role := _role(name)):
        return f"write {{role: {role}, content: …}}"
    if shape is Tool and name in ("function", "type"):
        return "write name, description and parameters without it"
    renamed = RENAMED.get(name, "").split()
    if own := next((field for field in renamed if field in _fields(shape)), None):
        return _one_of_ours(own, given)
    if name in FIELDS and not _nearest(name, list(shape.model_fields), 0.85):
        return FIELDS[name]
    if one_or_many := {f"{name}s", name.removesuffix("s")} & set(_fields(shape)):
        return _one_of_ours(min(one_or_many), given)
    for home, place in _HOMES.items() if shape in _HOMES and name not in _OF_MANY_MEANINGS else ():
        if home is not shape and (there := next((field for field in (name, *renamed) if field in _fields(home)), None)):
            return f"write {there} {place}"
    if name in SENT:
        return f"what is sent to the model belongs under parameters{'' if shape is Endpoint else ' of the endpoint'}"
    if near := _near(name, shape):
        return _one_of_ours(near, given)
    if shape is Endpoint:
        return "remove it, or write it under parameters if the model is to be sent it"
    return f"write one of: {', '.join(shape.model_fields)}"


def stands_for(name: str, shape: type[BaseModel]) -> Sequence[str]:
    """The fields of a shape that an unknown one stands for: they are not missing too."""
    if shape is Check and _base(name) in _BASES:
        return ("type",)
    if shape is Message and _role(name):
        return ("role", "content")
    if shape is Tool and name == "function":
        return ("name",)
    renamed = [field for field in RENAMED.get(name, "").split() if field in _fields(shape)]
    near = renamed[0] if renamed else _near(name, shape)
    return () if near is None else (near,)


def _fields(shape: type[BaseModel]) -> list[str]:
    # The name of an endpoint is the key above its fields, not one of them.
    return [field for field in shape.model_fields if not (shape is Endpoint and field == "name")]


def _role(name: str) -> str | None:
    role = MEANT["role"].get(name, name)
    return role if role in ("system", "user", "assistant") else None


@lru_cache(maxsize=4096)
def _near(name: str, shape: type[BaseModel]) -> str | None:
    """The field of a shape that may be misspelt so. Remembered: a file is looked at part by part, so more than once."""
    return next((field for field in _fields(shape) if _is_near(name, field)), None)


def _is_near(name: str, field: str) -> bool:
    """As a whole, and in each of its parts, so that no other unit is suggested."""
    if abs(len(name) - len(field)) > max(len(name), len(field)) / 2:
        return False
    parts, others = name.lower().split("_"), field.split("_")
    if any(one != other and {one, other} <= _PERIODS for one, other in zip(parts, others, strict=False)):
        return False
    least = 0.75 if len(parts) == len(others) else 0.85
    whole = difflib.SequenceMatcher(None, name.lower(), field)
    if whole.quick_ratio() < least or whole.ratio() < least:
        return False
    pairs = zip(parts, others, strict=False) if len(parts) == len(others) else ()
    return all(difflib.SequenceMatcher(None, *pair).ratio() > 0.5 for pair in pairs)


def _nearest(word: str, names: list[str], least: float = 0.6) -> str | None:
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=least) if len(word) <= 60 else []
    return near[0] if near else None
