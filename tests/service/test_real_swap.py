"""A real llama.cpp server is replaced by another one under the same address and name: its facts name was and is.

One notice in the first changed round, none in the next, and an end when the old server is back.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.lab.demo.server import ModelServer, Serving
from prober.lab.demo.weights import Variant, cache_directory, carried_model, changed_copy
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.service import run_round
from prober.store import Store, notices

pytestmark = pytest.mark.model

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
TERSE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
SIZES = r"96576768 → [1-9]\d+"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ModelServer]:
    weights = tmp_path / "model.gguf"
    shutil.copyfile(carried_model(), weights)
    with ModelServer(weights, "smollm2", tmp_path / "server.log") as running:
        yield running


class Watched:
    """One endpoint at the server's address, asked as a daemon would ask it."""

    def __init__(self, server: ModelServer) -> None:
        self.endpoint = Endpoint.model_validate(
            {
                "name": "e",
                "provider": "openai",
                "model": "smollm2",
                "base_url": server.url,
                "parameters": {"max_tokens": 2, "temperature": 0, "seed": 1, "cache_prompt": False},
            }
        )
        probes = (Probe(id="colour", prompt="Name a colour."), Probe(id="sum", prompt="What is 2 + 2?"))
        self.set = ProbeSet(name="canary", owner="us", endpoints=("e",), schedule=Schedule(every="6h"), probes=probes)
        self.store, self.round = Store.in_memory(), 0

    def rounds(self, count: int) -> dict[str, str]:
        """The facts of the last one: part → was and is."""
        provider = open_provider(self.endpoint)
        try:
            for _ in range(count):
                due = START + self.round * timedelta(hours=6)
                promise = Promise(1.0, 1460, self.endpoint.reference)
                clock = partial(datetime.fromisoformat, due.isoformat())
                made = run_round.run(
                    self.set, self.endpoint, promise, provider, self.store, Routing(("log",)), due, clock=clock
                )
                assert (made.outcome, made.failures) == ("completed", ())
                self.round += 1
        finally:
            provider.close()
        return {fact.part: f"{fact.was} → {fact.now}" for fact in made.facts}

    @property
    def news(self) -> list[str]:
        return [one.event for one in reversed(self.store.query(notices.recent))]


def coarser() -> Path:
    """Other weights of the same model: a tenth smaller, and everything its file says of itself is the same."""
    return changed_copy(carried_model(), Variant("Q4_0"), cache_directory())


def another_file(server: ModelServer) -> None:
    server.weights = coarser()


def another_file_under_the_same_path(server: ModelServer) -> None:
    server.weights.rename(server.weights.with_suffix(".kept"))
    shutil.copyfile(coarser(), server.weights)


def a_smaller_context(server: ModelServer) -> None:
    server.serving = Serving(context=512)


def another_template(server: ModelServer) -> None:
    server.serving = Serving(template=TERSE)


def another_name(server: ModelServer) -> None:
    server.alias = "smollm3"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (another_file, {"metadata.props.model_path": r".*/model\.gguf → .*q4_0.*", "metadata.models.meta.size": SIZES}),
        (another_file_under_the_same_path, {"metadata.models.meta.size": SIZES}),
        (a_smaller_context, {"metadata.props.n_ctx": "1024 → 512", "metadata.models.meta.n_ctx": "1024 → 512"}),
        (
            another_template,
            {"metadata.props.chat_template": "(?s)sha256 [0-9a-f]{16} → .*message.*", "input_tokens": "34 → 5"},
        ),
        (another_name, {"model": "smollm2 → smollm3", "requested_model": "smollm2 → smollm3"}),
    ],
)
def test_what_was_replaced_is_told_once_and_closed_when_it_is_back(
    server: ModelServer, change: Callable[[ModelServer], None], expected: dict[str, str]
) -> None:
    weights, watched = server.weights, Watched(server)
    assert watched.rounds(2) == {}
    change(server)
    server.swap(server.weights)
    found = watched.rounds(1)
    assert found.keys() == expected.keys()
    assert all(re.fullmatch(expected[part], words) for part, words in found.items()), found
    assert watched.news == ["fact"]
    assert watched.rounds(1) == {}
    if (kept := weights.with_suffix(".kept")).exists():
        kept.replace(weights)
    server.alias, server.serving = "smollm2", Serving()
    server.swap(weights)
    assert watched.rounds(1) == {}
    assert watched.news == ["fact", "fact_over"]
