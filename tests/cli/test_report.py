"""`prober report`: a week in sentences, and the same as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from prober.status.report import markdown, report, weekly
from prober.store import Store
from tests.dashboard.populated import populate

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/report.schema.json").read_text("utf-8"))


@pytest.mark.slow
def test_a_week_is_said_and_written_as_its_schema_says(prober, tmp_path):
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    now = datetime.now(UTC)
    populate(url, now, count=2, sets=2, days=16, samples_each=2)
    with Store.open(url, read_only=True) as store:
        found = store.query(report, 7, now)
    assert found.until - found.since == timedelta(days=7)
    said = markdown(found).splitlines()
    assert said[0] == f"# Quality, {found.since} to {found.until - timedelta(days=1)} (UTC)"
    assert any(line.startswith("- Worse: **support**: checks pass") for line in said)
    assert "## Objectives" in said
    assert any("support-bot: checks pass 60 % instead of 98 %" in line for line in said)
    assert any(line.startswith("$") and "this month so far" in line for line in said)

    with Store.open(url, read_only=True) as store:
        sent = store.query(weekly, now)
    assert sent.markdown.splitlines() == said
    plain = [line for title, lines in sent.sections for line in (title, *lines)]
    assert "Worse: support: checks pass" in "\n".join(plain)
    assert len(plain) == sum(bool(line) for line in said) - 1, "all but the title"

    done = prober("report", "--database", url, "--json")
    assert done.code == 1
    printed = done.json
    jsonschema.validate(printed, SCHEMA)
    assert printed["sets"][0]["set"] == "support"
    assert printed["markdown"].splitlines() == said


def test_no_answers_are_too_few(prober, tmp_path):
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    Store.open(url).close()
    done = prober("report", "--database", url)
    assert done.code == 3
    assert "no answers from" in done.err
