"""The bill of the team's own traffic is the same on every database, and an incident of it is notified once."""

from __future__ import annotations

import pytest

from prober.store import Store, notices
from prober.store.bill import bills
from tests.service.test_bill import World


@pytest.mark.slow
def test_a_day_dearer_than_allowed_is_one_incident_and_hours_add_up(url: str) -> None:
    with Store.open(url) as store:
        world = World(dollars_per_day=0.25)
        world.store = store
        world.hours(3, calls=4)  # 2 cents a call
        assert [one.event for one in store.query(notices.recent)] == []
        world.hours(3, calls=4)
        assert [one.event for one in store.query(notices.recent)] == ["bill_above_plan"]
        twin = World(dollars_per_day=0.25).hours(6, calls=4)
        found = store.query(bills, "2026-01-01")
        assert found and found == twin.store.query(bills, "2026-01-01")
