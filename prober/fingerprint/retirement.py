"""What replies say of when their model is retired: `Sunset` and `Deprecation` headers, and Google's `modelStatus`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prober.fingerprint.identity import PASSED_ON
from prober.model.retirement import Retirement, RetirementKind, date_of

_HEADERS: Final[Mapping[str, tuple[RetirementKind, str]]] = {
    "sunset": ("shutdown", "the Sunset header of its replies"),
    "body:retirement_time": ("shutdown", "modelStatus.retirementTime in its replies"),
    "deprecation": ("deprecation", "the Deprecation header of its replies"),
}


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
