"""README's plan in a real daemon: a full swap is an incident minutes after the first changed round began, not before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from zlib import crc32

import numpy as np
import pytest

from benchmarks.soon import NEW_COLOURS, NEW_JSON, OLD_COLOURS, OLD_JSON
from prober.asking.scripted import ScriptedProvider
from prober.daemon import due_rounds
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply
from prober.store import Store
from prober.store.pages import overview
from tests.daemon.test_confirmation import follow_up
from tests.daemon.test_daemon import KEY
from tests.daemon.world import NOON, Clock, tick, watching

pytestmark = pytest.mark.slow

EVERY = timedelta(hours=6)
CHANGED = NOON + 36 * EVERY
FILES = {
    "endpoints.yaml": """\
endpoints:
  parrot:
    provider: scripted
    model: parrot-1
    reference: {{asked_again: 0}}
    parameters: {{world: still, seed: {seed}}}
""",
    "canary.yaml": """\
owner: us
endpoints: [parrot]
schedule: {{every: 6h}}
probes:
  - id: colour
    prompt: Pick a colour. Answer with one word.
    samples: 3
  - id: invoice
    prompt: "Return JSON with the keys name and total: Ada owes twelve euros."
    expect:
      - type: is-json
""",
}


class Swapped(ScriptedProvider):
    """Two models under one name, one after the other."""

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        pools = {"colour": (OLD_COLOURS, NEW_COLOURS), "invoice": (OLD_JSON, NEW_JSON)}
        pool = pools[probe.id][now >= CHANGED]
        rng = np.random.default_rng(crc32(f"{endpoint.parameters['seed']} {now} {probe.id} {sample}".encode()))
        weights = np.array(list(pool.values()), dtype=np.float64)
        text = str(rng.choice(list(pool), p=weights / weights.sum()))
        return replace(super().ask(endpoint, probe, sample, now), text=text)


def minutes(folder, seed: int) -> float:
    """From the first changed round's start to the incident, with the default pause; a round takes no time."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text.format(seed=seed))
    clock = Clock(NOON)
    with Store.open(f"sqlite:///{folder}/prober.db") as store:
        daemon = watching(folder, store, clock)
        at = NOON
        while at <= CHANGED + 4 * EVERY:
            clock.now = at
            tick(daemon, KEY)
            follow_up(daemon, store, clock, at + EVERY)
            if store.query(overview.endpoints)[0].open_incident is not None:
                assert at >= CHANGED, "called before the change"
                return (clock.now - CHANGED).total_seconds() / 60
            at += EVERY
    return float("inf")


def test_a_full_swap_is_an_incident_within_five_minutes_and_nothing_is_before(tmp_path, monkeypatch):
    monkeypatch.setattr(due_rounds, "open_provider", lambda endpoint: Swapped())
    taken = [minutes(tmp_path / str(seed), seed) for seed in range(3)]
    assert median(taken) <= 5, taken
