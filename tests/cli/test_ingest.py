"""`prober ingest`: logs and folders taken in; what it prints."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.slow

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/ingest.schema.json").read_text("utf-8"))


def log(path: Path, replies: int) -> None:
    now = datetime.now(UTC)
    lines = [
        {"round": i, "endpoint": "bot", "probe": "chat", "at": (now - timedelta(minutes=i)).isoformat(), "prompt": "Who am I?",
         "text": f"You are user{i}@example.org", "scores": {"feedback": i % 2}}
        for i in range(replies)
    ]  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))


def test_a_folder_is_taken_in_once(prober: Run, home: Path) -> None:
    log(home / "logs" / "a.jsonl", 5)
    done = prober("ingest", "logs", "--feature", "support", "--json")
    jsonschema.validate(done.json, SCHEMA)
    assert done.code == 3, "five samples are too few"
    assert done.json["taken"] == {
        "samples": 5, "stored": 5, "dropped": 0, "known": 0, "too_old": 0, "personal_data": {"email": 5}
    }  # fmt: skip
    assert [one["feature"] for one in done.json["features"]] == ["support"]
    assert prober("ingest", "logs", "--feature", "support", "--json").json["taken"]["known"] == 5
    assert "example.org" not in (home / "prober.db").read_bytes().decode("latin-1")


def test_mistakes_are_named(prober: Run, home: Path) -> None:
    log(home / "logs" / "a.jsonl", 1)
    (home / "samples.yaml").write_text("keep: everything\nper_minut: 3\n")
    done = prober("ingest", "logs", "--rules", "samples.yaml")
    assert done.code == 2
    assert "samples.yaml:1: keep" in done.err and "samples.yaml:2: " in done.err and "per_minute" in done.err
    (home / "samples.yaml").write_text("replace_by: hash\n")
    assert "PROBER_SAMPLES_KEY" in prober("ingest", "logs", "--rules", "samples.yaml").err
    assert prober("ingest", "nowhere").code == 2
    assert "a folder" in prober("ingest", "--watch").err


def test_an_empty_database_is_said_in_a_sentence(prober: Run, home: Path) -> None:
    assert "No samples are stored; `prober ingest FILE`" in prober("ingest").out
