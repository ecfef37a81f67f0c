from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tests.lab.drill.world import declarations, watch


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen days of an endpoint that never changed."""
    path = tmp_path_factory.mktemp("still") / "prober.db"
    watch(path, declarations(), 16, timedelta(days=1))
    return path


@pytest.fixture
def watched(still: Path, tmp_path: Path) -> str:
    """A copy of it: the database's address."""
    return f"sqlite:///{shutil.copy(still, tmp_path / 'prober.db')}"
