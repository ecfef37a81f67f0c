"""A few days of the simulated year: interrupted in the middle of an hour, it continues, and the totals add up."""

from __future__ import annotations

import pytest

from benchmarks import year

pytestmark = pytest.mark.slow  # what measures the prober is not the prober


class Interrupted(Exception):
    """Somebody ended the process."""


def test_days_with_faults_add_up_after_an_interruption(tmp_path, monkeypatch, capsys):
    plan, hours, attend = year.Plan(days=2, endpoints=1), [0], year.attend

    def interrupt(*given):
        hours[0] += 1
        if hours[0] == 20:
            raise Interrupted
        attend(*given)

    monkeypatch.setattr(year, "attend", interrupt)
    with pytest.raises(Interrupted):
        year.simulate(plan, tmp_path)
    found = year.simulate(plan, tmp_path)
    hours_down = sum(plan.is_down(year.START + hour * year.HOUR) for hour in range(48))
    assert (found.processes, found.unfinished, found.owed) == (2, 0, 0)
    assert (found.told_wrongly, found.sent_twice, found.false_alarms) == (0, 0, 0)
    assert found.kills > 0
    assert 0 < found.most_booked <= found.limit
    assert found.rounds + sum(found.missed.values()) >= 48 - hours_down
    assert [one.day for one in found.samples] == [1, 2]
