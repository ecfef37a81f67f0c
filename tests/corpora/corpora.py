"""Where recorded reply logs of real endpoints lie. They are not part of the project; without them their tests are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prober.loading.reply_log import LoggedReply, read

FOLDER = os.environ.get("PROBER_CORPORA", "")


def recorded(name: str) -> list[LoggedReply]:
    """The replies of `<name>.jsonl.gz`; skips the test where there are none, saying why."""
    if not FOLDER:
        pytest.skip("PROBER_CORPORA does not name a folder of recorded reply logs")
    path = Path(FOLDER) / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no {path.name} in the folder that PROBER_CORPORA names")
    return list(read(path))
