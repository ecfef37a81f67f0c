"""What is said about an incident of spending beside its numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from prober.incidents.measured import opened_as
from prober.judging.runaway import YEARS
from prober.model.incident import Measured
from prober.status.advice import advice, title
from prober.status.triage import triage_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def spends(kind: Any, **known: float) -> Measured:
    opened = opened_as(kind, "s", "bot", "h", "2026-01-31T06:00:00Z", "2026-01-31T06:00:00Z", NOW, "spends", "detail")
    return Measured(**({name: getattr(opened, name) for name in Measured.__dataclass_fields__} | known))


@pytest.mark.parametrize(
    ("incident", "by_chance"),
    [
        (spends("runaway", e_value=41_000.0, threshold=8_766.0), f"once in {YEARS:g} years at most"),
        (spends("runaway"), ""),  # rounds that no schedule made due are counted, not weighed
        (spends("bill"), ""),
    ],
)
def test_spending_has_odds_where_it_was_weighed_and_no_triage(incident: Measured, by_chance: str) -> None:
    said = advice(incident, 1.0, None)
    assert (said.by_chance, said.title) == (by_chance, title(incident))
    assert triage_of(None, incident, NOW) is None, "a triage explains answers"  # type: ignore[arg-type]  # not read
