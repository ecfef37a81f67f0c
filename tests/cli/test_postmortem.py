"""`prober incidents postmortem`: what the database knows of an incident, as a document."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Answer, Run
from tests.cli.world import write_probes

HEADINGS = (
    "Impact", "What changed: prompt, configuration or model?", "Why ordinary monitoring did not show it", "Detection",
    "Timeline", "Evidence", "Cost of watching", "Contributing factors", "Action items",
)  # fmt: skip


def test_it_reads_as_a_postmortem(prober: Run, changed: Path) -> None:
    prober("incidents", "acknowledge", 1, "--by", "ada", "--reason", "asked | the <provider>")
    done = prober("incidents", "postmortem", 1, "--output", "postmortem.md")
    assert (done.code, done.out) == (0, "Wrote postmortem.md.\n")
    text = Path("postmortem.md").read_text()
    assert text.startswith("# Postmortem of incident 1: swapped\n\n**")
    assert [heading for heading in HEADINGS if f"\n## {heading}\n" not in text] == []
    assert "| prompt | the probes were not edited" in text
    assert "| configuration | the endpoint was not edited" in text
    assert "| model | moved, by chance " in text
    assert "\n| triage | " in text
    assert "| failed asks | 0 of " in text
    assert "acknowledged | ada (from shell) | asked \\| the \\<provider\\> |" in text
    assert "refus" in text
    assert "\n- By checks, refusals and empty replies: worse: " in text


@pytest.mark.slow
def test_a_prompt_edited_on_the_way_is_named(prober: Run, changed: Path) -> None:

    with sqlite3.connect("prober.db") as database:
        before, after = database.execute(
            "select min(label), max(label) from round where label < (select onset from incident)"
        ).fetchone()
        assert before < after
        database.execute(
            "update reply set series = series || 'x' where probe = 'canary/city' and round_id in "
            "(select id from round where label >= ?)", [after],
        )  # fmt: skip
    text = prober("incidents", "postmortem", 1).out
    assert "| prompt | edited: `canary/city` from " in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "**bot: does not answer: unauthorized** since "),
        ({"api_key_env": "NO_SUCH_KEY"}, "**bot: is not asked: missing key** since "),
    ],
)
def test_of_trouble_it_says_whether_the_endpoint_was_asked(
    prober: Run, home: Path, server: Answer, fields: dict[str, str], said: str
) -> None:
    write_probes(home, base_url=server.url, **fields)
    server.status, server.body = 401, b""
    for _ in range(3):
        prober("once")
    text = prober("incidents", "postmortem", 1).out
    assert f"\n\n{said}" in text
    assert "\n- First round that failed: " in text and "did not answer" not in text and "changed round" not in text


@pytest.mark.parametrize("number", [98, 99])
def test_no_such_incident_is_2(prober: Run, changed: Path, number: int) -> None:
    assert prober("incidents", "postmortem", number).code == 2
