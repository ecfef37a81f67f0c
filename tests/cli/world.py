"""What the tests of the command line declare."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prober.loading.declarations import Declarations
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.reference import ReferenceRule

DAYS = 15
CHANGE = 11
"""Day from which on most asks are refused."""


def due(day: int) -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day)


def declarations() -> Declarations:
    """One probe set on one endpoint, asked daily, which changes on day `CHANGE`."""
    endpoint = Endpoint(
        name="swapped",
        provider="scripted",
        model="parrot-1",
        parameters={"world": "refusal", "strength": 0.9, "seed": 3, "changes_at": due(CHANGE).isoformat()},
        reference=ReferenceRule(rounds=8, hours=24),
    )
    probes = [
        Probe(id=name, prompt=f"Pick a random {name}. Answer with one word.", samples=4)
        for name in ("colour", "animal", "city")
    ]
    ticket = Probe(
        id="ticket",
        prompt='Summarise as JSON with the keys "topic" and "urgent": my card was charged twice.',
        system="Be brief.",
        expect=(Check(type="is-json"), Check(type="not-contains", value="sorry")),
        samples=2,
    )
    probe_set = ProbeSet(
        name="canary",
        owner="team",
        endpoints=("swapped",),
        schedule=Schedule(every="1d"),
        probes=(*probes, ticket),
    )
    return Declarations((probe_set,), (endpoint,))


def write_probes(home: Path, base_url: str = "", **endpoint: object) -> Path:
    """`probes/` with the set `canary` on the endpoint `bot`: scripted, or OpenAI's at `base_url`."""
    folder = home / "probes"
    folder.mkdir(exist_ok=True)
    kind = {"provider": "openai", "base_url": base_url} if base_url else {"provider": "scripted"}
    bot = {**kind, "model": "m", "parameters": {} if base_url else {"world": "still"}, **endpoint}
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": {"bot": bot}}))
    (folder / "canary.yaml").write_text(
        json.dumps({
            "name": "canary", "owner": "team", "endpoints": ["bot"], "schedule": {"every": "1d"},
            "probes": [{"id": "colour", "prompt": "Name one colour.", "samples": 2}],
        })
    )  # fmt: skip
    return folder
