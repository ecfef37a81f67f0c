from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from prober.model.declaration import Probe
from prober.model.reply import Reply

Answer = Callable[..., Reply]


@pytest.fixture
def answer() -> Answer:
    """A reply of this text; other fields by name."""

    def make(text: str | None = "", **fields: Any) -> Reply:
        return Reply(at=datetime(2026, 1, 1, tzinfo=UTC), text=text, **fields)

    return make


@pytest.fixture
def probe() -> Probe:
    return Probe(id="p", prompt="Say something.")
