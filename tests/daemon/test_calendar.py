"""Month ends, a leap day and changes of daylight saving time, as a daemon lives through them: every moment is accounted
for once, and no budget is passed in any window that lies across them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.asking.scripted import ScriptedProvider
from prober.daemon import due_rounds
from prober.model.budget import PARTS, SPANS, Period
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply
from prober.store import Store
from prober.store.pages import overview
from tests.daemon.world import Clock, tick, watching

HALF_HOUR, HOUR = timedelta(minutes=30), timedelta(hours=1)
DAY = timedelta(days=1)
ASKS = 2
"""Of a round."""


@dataclass
class Counting(ScriptedProvider):
    """Notes when each ask was made."""

    asked_at: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        self.asked_at.append(now)
        return super().ask(endpoint, probe, sample, now)


def live_through(
    folder: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    schedule: str,
    budget: str,
    begin: datetime,
    end: datetime,
    step: timedelta,
) -> tuple[list[datetime], dict[datetime, str]]:
    """When asks were made, and how the round of each moment ended."""
    folder.mkdir()
    (folder / "endpoints.yaml").write_text(
        "endpoints:\n  parrot: {provider: scripted, model: parrot-1, concurrency: 1, reference: {asked_again: 0}, "
        f"confirm: {{rounds: 0}}, parameters: {{world: still}}, budget: {{{budget}}}}}\n"
    )
    (folder / "canary.yaml").write_text(
        f"name: canary\nowner: us\nendpoints: [parrot]\nschedule: {schedule}\n"
        f"probes: [{{id: colour, prompt: Name a colour., samples: {ASKS}}}]\n"
    )
    provider, clock = Counting(), Clock(begin)
    monkeypatch.setattr(due_rounds, "open_provider", lambda endpoint: provider)
    daemon = watching(folder, store, clock)
    (key,) = daemon.rounds.watched
    while clock.now <= end:
        tick(daemon, key)
        clock.go(step)
    views = store.query(overview.recent_rounds, limit=10_000)
    assert max(Counter(view.due_at for view in views).values()) == 1
    return provider.asked_at, {view.due_at: view.reason.partition(":")[0] or view.state for view in views}


def most_in_a_window(asked_at: list[datetime], span: timedelta) -> int:
    return max(sum(last - span < one <= last for one in asked_at) for last in asked_at)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begin", "timezone"),
    [
        ("2028-02-28T12:00", "UTC"),  # a leap day follows
        ("2027-02-27T12:00", "UTC"),  # none does
        ("2026-12-31T12:00", "UTC"),
        ("2026-03-28T12:00", "Europe/Berlin"),  # the night has an hour less
        ("2026-10-24T12:00", "Europe/Berlin"),  # and one more
    ],
)
@pytest.mark.parametrize(
    ("period", "most", "step", "minutes"), [("hour", 3, HALF_HOUR, "*/30"), ("day", 20, HOUR, "0")], ids=["hour", "day"]
)
def test_every_moment_is_accounted_for_and_no_window_is_passed(
    begin: str,
    timezone: str,
    period: Period,
    most: int,
    step: timedelta,
    minutes: str,
    tmp_path: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    last = first + SPANS[period] + timedelta(hours=14)
    schedule = f'{{cron: "{minutes} * * * *", timezone: {timezone}}}'
    asked_at, ended = live_through(
        tmp_path / "probes", store, monkeypatch, schedule, f"asks_per_{period}: {most}", first, last, step
    )
    # Every step of true time, whatever the clocks on the wall show.
    assert sorted(ended) == [first + n * step for n in range((last - first) // step + 1)]
    assert set(ended.values()) <= {"completed", "budget_exhausted"}
    # A part of a window is its resolution (see `PARTS`); and as much is asked as the budget allows.
    assert most_in_a_window(asked_at, SPANS[period] * (PARTS - 1) / PARTS) == most
    assert len(asked_at) >= most * ((last - first) // SPANS[period])


@pytest.mark.slow
@pytest.mark.parametrize("begin", ["2028-02-10", "2027-02-10", "2026-12-20"])
def test_a_month_is_thirty_days_whichever_months_they_lie_in(
    begin: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = datetime.fromisoformat(begin).replace(hour=12, tzinfo=UTC)
    budget, last = "asks_per_month: 20", first + 34 * DAY
    schedule = '{cron: "0 12 * * *"}'
    asked_at, ended = live_through(tmp_path / "probes", store, monkeypatch, schedule, budget, first, last, DAY)
    assert sorted(ended) == [first + n * DAY for n in range(35)]
    days = [day for day in range(35) if ended[first + day * DAY] == "completed"]
    assert days == [*range(10), *range(30, 35)]
    assert most_in_a_window(asked_at, SPANS["month"] * (PARTS - 1) / PARTS) == 20
