"""What other systems know a notice by: its key, what it is about, and its address. What people read: `phrases`."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Literal, TypeAlias

from prober.alerts.phrases import iso
from prober.model.notice import (
    ChangeNews,
    DaemonNews,
    Digest,
    EndpointNews,
    FactsNews,
    MeasuredNews,
    Notice,
    ReportNews,
    TroubleNews,
)

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
Subject = Literal[
    "change",
    "trouble",
    "runaway",
    "bill",
    "objective",
    "samples",
    "stale",
    "retirement",
    "daemon",
    "database",
    "digest",
    "report",
]
"""What an alert of another system is about."""


def notice_key(notice: Notice) -> str:
    """The same for every try of one notice, and for no other notice of any installation: 32 hex digits."""
    return _digest([notice.id, notice.incident_id or 0, notice.endpoint, notice.event, iso(notice.since)])


def subject(notice: Notice) -> Subject:
    """What the notice is about. An incident of trouble may be acknowledged or muted like any other."""
    match notice.about:
        case ChangeNews() | FactsNews():
            return "change"  # facts may become a change: it is one alert
        case TroubleNews():
            return "trouble"
        case MeasuredNews(kind="runaway"):
            return "runaway"
        case MeasuredNews(kind="bill"):
            return "bill"
        case MeasuredNews(kind="objective_missed"):
            return "objective"
        case MeasuredNews():
            return "samples"
        case EndpointNews(of=of) | DaemonNews(of=of):
            return of
        case Digest():
            return "digest"
        case ReportNews():
            return "report"


def subject_key(notice: Notice) -> str:
    """The same for all notices of one thing, from first to last, and for no other thing of any installation that
    differs in endpoint or time: 32 hex digits. A drill never meets what is real."""
    about: list[Json] = [subject(notice), notice.endpoint, notice.drill]
    if notice.incident_id or notice.drill:
        about += [notice.incident_id or 0, iso(notice.since)]
    return _digest(about)


def _digest(about: list[Json]) -> str:
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def incident_url(notice: Notice) -> str:
    """Where the dashboard shows the incident; its first page, where the notice is about none."""
    page = f"/?incident={notice.incident_id}" if notice.incident_id else "/"
    return f"{notice.dashboard_url.rstrip('/')}{page}"


def finite(number: float) -> float | None:
    """For JSON, which has no infinity."""
    return number if math.isfinite(number) else None
