"""Where the rounds of a reference lay, computed again from their replies."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from prober.asking import open_provider
from prober.incidents.routing import NOBODY
from prober.judging.memory import decode, encode
from prober.service import run_round
from prober.status.probe import reference_bands
from prober.store import Store, declared, judge_state
from prober.store.pages import over_time
from tests.cli.world import CHANGE, declarations, due

REFERENCE = 8


@pytest.mark.slow
def test_quiet_rounds_lie_about_the_band_and_a_change_leaves_it() -> None:
    world = declarations()
    (probe_set,), (endpoint,) = world.sets, world.endpoints
    with Store.in_memory() as store, closing(open_provider(endpoint)) as provider:
        store.change(declared.remember, world.sets, world.endpoints, due(0))
        for day in range(CHANGE + 3):
            run_round.run(probe_set, endpoint, world.promise(endpoint), provider, store, NOBODY, due(day),
                          clock=lambda day=day: due(day))  # fmt: skip
            if day == 2:
                assert store.query(reference_bands, "swapped", "length") == (), "the reference grows"
        (refusal,) = store.query(reference_bands, "swapped", "refusal")
        assert (refusal.probe_set, refusal.steps, refusal.low, refusal.high) == ("canary", REFERENCE, 0.0, 0.0)
        (length,) = store.query(reference_bands, "swapped", "length")
        assert 0 < length.low < 1 < length.high < 2, "ratios to the reference, on both sides of it"
        values = {one.round: one.value for one in store.query(over_time.channel_stretch, "swapped", "length")}
        changed = [value for label, value in values.items() if label >= due(CHANGE).isoformat()]
        assert changed and all(not length.low <= value <= length.high for value in changed)
        assert store.query(reference_bands, "swapped", "none") == ()
        assert length.step == "round"

        # Where days are the steps, each of them is one value, of all its rounds.
        memory = decode(store.query(judge_state.memory, endpoint.content_hash) or "")
        days = tuple(f"{label[:10]}T00:00:00.000000Z" for label in memory.reference_rounds)
        by_day = replace(memory, by_day=True, reference_rounds=days)
        store.change(judge_state.keep_memory, endpoint.content_hash, encode(by_day))
        (again,) = store.query(reference_bands, "swapped", "length")
        assert (again.step, again.steps, again.low, again.high) == ("day", REFERENCE, length.low, length.high)
