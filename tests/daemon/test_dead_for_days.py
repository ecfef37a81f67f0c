"""An endpoint that answers nothing for days: how many asks that costs, and what is asked once it answers again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prober.asking.scripted import ScriptedProvider
from prober.daemon import due_rounds
from prober.model.reply import Reply
from tests.daemon.test_daemon import KEY
from tests.daemon.world import HOUR, look, rounds, tick, watching, work, write_set

MINUTE = timedelta(minutes=1)
ASKS = 18
"""Of a whole round."""


class Dead(ScriptedProvider):
    """Every ask fails, until it is `alive`."""

    def __init__(self, failure: str) -> None:
        super().__init__()
        self.failure, self.asks, self.alive = failure, 0, False

    def ask(self, endpoint, probe, sample, now):
        self.asks += 1
        return super().ask(endpoint, probe, sample, now) if self.alive else Reply(at=now, error=self.failure)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failure", "every", "lasts", "fewest", "most"),
    [
        # The first round asks three; each round after it, an hour later, tests with one, or three.
        ("unauthorized", HOUR, 72 * HOUR, 3 + 72, 3 + 72),
        ("out_of_credit", HOUR, 24 * HOUR, 3 + 24, 3 + 24),
        ("provider_error", HOUR, 24 * HOUR, 3 * 25, 3 * 25),
        # The pause between two tests grows to ten minutes, a quarter longer or shorter: every second or third round.
        ("unauthorized", 5 * MINUTE, 4 * HOUR, 4 * 4, 4 * 6 + 6),
    ],
)
def test_what_a_dead_endpoint_costs(files, store, clock, monkeypatch, failure, every, lasts, fewest, most):
    write_set(files, every=f"{every // MINUTE}m", samples=ASKS)
    provider = Dead(failure)
    monkeypatch.setattr(due_rounds, "open_provider", lambda endpoint: provider)
    daemon = watching(files, store, clock)
    work(daemon)
    assert provider.asks == 3, "then the breaker opens"
    for _ in range(lasts // every):
        clock.go(every)
        tick(daemon, KEY)
        look(daemon)
    assert fewest <= provider.asks <= most
    assert len(rounds(store)) == 1 + lasts // every, "every round has its row"
    provider.alive, asked = True, provider.asks
    for _ in range(15 * MINUTE // every + 1):  # the longest pause, and a round
        clock.go(every)
        tick(daemon, KEY)
        if provider.asks - asked >= ASKS:
            break
    assert provider.asks - asked == ASKS, "one answer, and the rest of the round is asked"
