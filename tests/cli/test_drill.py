"""The drill, as a verb: to the channel over real HTTP, in words and in JSON, with its exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.hook import Hook, listening
from tests.cli.conftest import Run
from tests.cli.world import declarations
from tests.lab.drill.world import hashes
from tests.pages import is_shown, sample


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as listener:
        yield listener


@pytest.fixture
def declared(home: Path, watched: Path) -> Path:
    """The database of `watched`, and the files that declare what it holds."""
    declare(home)
    return Path(shutil.copy(watched, home / "prober.db"))


def declare(home: Path) -> None:
    (probe_set,), (endpoint,) = declarations().sets, declarations().endpoints
    folder = home / "probes"
    folder.mkdir()
    wanted = endpoint.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": {endpoint.name: wanted}}))
    (folder / "canary.yaml").write_text(json.dumps(probe_set.model_dump(mode="json", exclude_defaults=True)))


@pytest.mark.slow
def test_a_drill_reaches_the_channel_and_says_how_long_it_took(
    prober: Run, declared: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBER_WEBHOOK_URL", hook.url)
    before = hashes(f"sqlite:///{declared}")
    done = prober("drill", "swapped", "--json")
    assert hashes(f"sqlite:///{declared}") == before
    assert done.code == done.json["exit_code"] == 0
    bodies = [json.loads(body) for _, _, body in hook.received]
    assert [body["event"] for body in bodies][:: len(bodies) - 1] == ["fact", "recovered"]
    assert "answers_changed" in [body["event"] for body in bodies], "facts come first, the evidence follows"
    assert all(body["drill"] and body["incident"]["id"] is None for body in bodies)
    assert all("drill" in body["title"].lower() for body in bodies)
    assert done.json["seen"] is True
    assert {one["alerter"] for one in done.json["messages"]} == {"webhook", "log"}
    assert all(one["sent"] and one["seconds"] > 0 for one in done.json["messages"])
    assert [step["name"] for step in done.json["steps"]][:3] == ["copy", "judge and decide", "notify"]
    assert done.json["not_notified"] == []


@pytest.mark.slow
def test_the_page_shows_what_a_drill_prints(prober: Run, declared: Path) -> None:
    done = prober("drill", "swapped", "--change", "refusal", "--to", "log")
    assert done.code == 0
    block = sample("operating/drill.md", "Drill on ").replace("support-bot", "swapped")
    assert is_shown(block, done.out), done.out


@pytest.mark.slow
def test_a_channel_that_refuses_is_said_with_its_reason(
    prober: Run, declared: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBER_WEBHOOK_URL", hook.url)
    hook.status = 404
    done = prober("drill", "swapped", "--change", "identity", "--to", "webhook")
    assert done.code == 2
    assert "webhook, fact: http_404" in done.out
    assert done.out.splitlines()[-1] == "NOT NOTIFIED: webhook. The lines above say why."
    assert "not-a-real-secret" not in done.out + done.err


@pytest.mark.slow
def test_a_channel_that_cannot_be_reached_is_not_waited_for_longer_than_the_patience(
    prober: Run, declared: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBER_WEBHOOK_URL", hook.url)
    hook.status = 503
    done = prober("drill", "swapped", "--change", "identity", "--to", "webhook", "--patience", 0)
    assert done.code == 3
    assert "webhook, fact: server_error: 503" in done.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], 'unknown endpoint "nobody"'),
        (["swapped", "--change", "refusals"], 'unknown change "refusals"; did you mean "refusal"?'),
        (["swapped", "--to", "slack"], 'no alerter "slack" is configured'),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    prober: Run, declared: Path, arguments: list[str], said: str
) -> None:
    done = prober("drill", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_without_a_database_there_is_nothing_to_drill(prober: Run, home: Path) -> None:
    declare(home)
    done = prober("drill", "swapped")
    assert done.code == 2
    assert "there is no database yet" in done.err
    assert not (home / "prober.db").exists()
