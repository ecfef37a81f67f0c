"""When a model is retired, as its replies say, which of several dates counts, and when people are warned. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from prober.fingerprint.identity import PASSED_ON
from prober.model.declaration import Severity
from prober.model.retirement import OWN_WORDS, Retirement, RetirementKind, Retiring, date_of
from prober.text import count

WARNED_AHEAD: Final = (60, 30, 7, 0)
"""Days before the date at which people are warned, each once; 0: the date has come."""
SOON: Final = timedelta(days=30)
"""Within this, `prober retirement` exits with 1."""
_HEADERS: Final[Mapping[str, tuple[RetirementKind, str]]] = {
    "sunset": ("shutdown", "the Sunset header of its replies"),
    "body:retirement_time": ("shutdown", "modelStatus.retirementTime in its replies"),
    "deprecation": ("deprecation", "the Deprecation header of its replies"),
}
_SEVERITIES: Final[dict[int, Severity]] = {60: "info", 30: "warning", 7: "critical", 0: "critical"}


def counts(said: Sequence[Retirement]) -> Retirement | None:
    """The date that counts: a shutdown before a deprecation, the provider's own words before a package's list, then the
    earliest. None where nobody says anything."""
    return min(said, key=lambda one: (one.kind != "shutdown", one.source not in OWN_WORDS, one.on), default=None)


def warning_due(one: Retiring, today: date) -> int | None:
    """Which of `WARNED_AHEAD` is due now; None where none is. Of several that were passed at once, only the last."""
    passed = [ahead for ahead in WARNED_AHEAD if one.days_left(today) <= ahead]
    if not passed or (one.warned is not None and one.warned <= passed[-1]):
        return None
    return passed[-1]


def severity_of(one: Retiring, ahead: int) -> Severity:
    """Of a warning. A deprecation stops nothing yet."""
    return "info" if one.retirement.kind == "deprecation" else _SEVERITIES[ahead]


def is_soon(one: Retiring, today: date) -> bool:
    """Whether the model is shut down within 30 days, or should be by now."""
    return one.retirement.kind == "shutdown" and one.days_left(today) <= SOON.days


def words(one: Retiring, today: date) -> str:
    """In one line, without the endpoint. May hold hostile text."""
    retirement, left = one.retirement, one.days_left(today)
    when = f"in {count(left, 'day')}" if left > 0 else "today" if left == 0 else f"{count(-left, 'day')} ago"
    what = "is shut down" if left >= 0 else "was to be shut down"
    if retirement.kind == "deprecation":
        what = "is deprecated from" if left >= 0 else "has been deprecated since"
        what += f" {retirement.on} ({when}); no date of a shutdown is known"
    else:
        what += f" on {retirement.on} ({when})"
    successor = f"; successor {retirement.successor}" if retirement.successor else ""
    return f"{retirement.model} {what}, according to {retirement.said}{successor}"


def gate_command(one: Retiring) -> str:
    """How to see whether the successor may take the model's place."""
    return f"prober gate --reference {one.endpoint} --model {one.retirement.successor or 'SUCCESSOR'}"


def announced(model: str, headers: Iterable[Mapping[str, str]]) -> tuple[Retirement, ...]:
    """What the kept headers of replies say of a model: the earliest date of each kind."""
    found: dict[RetirementKind, Retirement] = {}
    for said in headers:
        for name, value in said.items():
            kind, where = _HEADERS.get(name.removeprefix(PASSED_ON), (None, ""))
            if kind is None or (on := date_of(value)) is None:
                continue
            if kind not in found or on < found[kind].on:
                found[kind] = Retirement(model, on, kind, "reply", where)
    return tuple(found.values())
