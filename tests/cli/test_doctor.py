"""prober doctor: what it warns of, what one ask shows, and its exit codes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from prober.asking.http_provider import ahead_s
from prober.cli import doctor, findings
from prober.store import Store, daemons
from tests.cli.conftest import Answer, Run
from tests.cli.world import write_probes

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "doctor.schema.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "loaded_embedder", lambda: "an embedder")


def found(prober: Run, *arguments: str) -> dict[str, tuple[str, str]]:
    """About → (level, words) of every finding that is not ok; holds the schema."""
    told = prober("doctor", "--json", *arguments).json
    jsonschema.Draft202012Validator(SCHEMA).validate(told)
    return {one["about"]: (one["level"], one["words"]) for one in told["findings"] if one["level"] != "ok"}


def test_packages_of_extras_are_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's install has no extra."""
    wanted = ["httpx>=0.28,<0.29", "authlib>=1.3; extra == 'login'", "nowhere-a; extra == 'x' and python_version > '3'"]
    monkeypatch.setattr(doctor, "requires", lambda name: wanted)
    monkeypatch.setattr(doctor, "version", lambda name: "1")
    assert doctor.installed_packages().ok


def test_before_init_nothing_is_a_problem(prober: Run, home: Path) -> None:
    assert found(prober) == {"declarations": ("warning", "none here yet; prober init writes the first ones")}
    assert prober("doctor").code == 0


@pytest.mark.slow
def test_the_starter_is_all_well_and_answers(prober: Run, home: Path) -> None:
    prober("init")
    assert found(prober, "--ask") == {}
    prober("once")
    assert prober("doctor", "--ask").code == 0
    assert found(prober) == {}
    prober("export", "--output", "log.jsonl.gz")
    for file in ("prober.db", "log.jsonl.gz"):
        assert (home / file).stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_the_database_is_looked_at(prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_probes(home, budget={"asks_per_day": 2})
    prober("once")
    (home / "prober.db").chmod(0o644)
    monkeypatch.setattr(findings, "FREE_BYTES", 2**80)
    seen = datetime.now(UTC) - timedelta(hours=3)
    with Store.open(f"sqlite:///{home / 'prober.db'}") as store:
        store.change(daemons.see, "host:7", ["bot"], seen)
    told = found(prober)
    assert {about: level for about, (level, _) in told.items()} == dict.fromkeys(
        ("database file", "disk", "budget of bot", "daemon"), "warning"
    )
    assert "chmod 600" in told["database file"][1] and "2 of 2 asks" in told["budget of bot"][1]
    assert "host:7 was last seen 3 h ago" in told["daemon"][1]
    assert prober("doctor").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_database_that_may_not_be_written_is_a_problem(prober: Run, home: Path) -> None:
    write_probes(home)
    prober("once")
    (home / "prober.db").chmod(0o400)
    assert found(prober)["database file"][0] == "problem"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "level", "code"),
    [
        (200, None, "ok", 0),
        (401, {"error": {"message": "Incorrect API key provided"}}, "problem", 2),
        (404, {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}, "problem", 2),
        (503, {"error": {"message": "overloaded"}}, "unreachable", 3),
        (429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, "unreachable", 3),
    ],
)
def test_one_ask_shows_whether_the_key_is_good(
    prober: Run, home: Path, server: Answer, status: int, body: object, level: str, code: int
) -> None:
    write_probes(home, base_url=server.url)
    server.status = status
    server.body = server.body if body is None else json.dumps(body).encode()
    assert found(prober, "--ask").get("ask of bot", ("ok", ""))[0] == level
    assert prober("doctor", "--ask").code == code
    assert prober("doctor").code == 0  # nothing is asked unless told to


@pytest.mark.parametrize("header", ["cf-aig-cache-status", "x-cache"])
def test_a_cache_is_to_be_switched_off_once(prober: Run, home: Path, server: Answer, header: str) -> None:
    write_probes(home, base_url=server.url)
    server.headers = {header: "HIT"}
    said = prober("doctor", "--ask").out
    assert said.count("switch") == 1, said
    assert (
        "not the model; switch the cache of the gateway off for the prober (docs/operating/caches.md says how)" in said
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base_url", "headers", "warned"),
    [
        ("https://gateway.ai.cloudflare.com/v1/a/b/openai", {}, True),
        ("https://gateway.ai.cloudflare.com/v1/a/b/openai", {"CF-AIG-Skip-Cache": "true"}, False),
        ("https://oai.helicone.ai/v1", {}, False),
        ("https://oai.helicone.ai/v1", {"Helicone-Cache-Enabled": "true"}, True),
        ("https://api.portkey.ai/v1", {"x-portkey-config": "pc-1"}, True),
        ("https://nothelicone.ai/v1", {"Helicone-Cache-Enabled": "true"}, False),
    ],
)
def test_gateways_that_may_cache_are_named(
    prober: Run, home: Path, base_url: str, headers: dict[str, str], warned: bool
) -> None:
    write_probes(home, base_url=base_url, headers=headers)
    assert (found(prober).get("cache of bot", ("",))[0] == "warning") == warned
    validated = prober("validate")
    assert validated.code == 0 and ("may answer from its cache" in validated.out) == warned


def test_a_local_dashboard_in_a_team_channel_is_a_warning(
    prober: Run, home: Path, server: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_probes(home)
    server.body = b'{"ok": true}'
    server.headers = {"x-oauth-scopes": "chat:write,files:write,groups:history,usergroups:read"}
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("PROBER_SLACK_CHANNEL", "C1")
    monkeypatch.setenv("PROBER_SLACK_BASE_URL", server.url)
    told = found(prober)
    assert "only opens on this machine" in told["dashboard"][1]
    assert told["slack"] == (
        "warning", "the app lacks the scope channels:history; add it to the Slack app and install the app again"
    )  # fmt: skip
    monkeypatch.setenv("PROBER_DASHBOARD_URL", "https://prober.example")
    assert "dashboard" not in found(prober)


@pytest.mark.slow
def test_clocks_are_compared(prober: Run, home: Path, server: Answer) -> None:
    write_probes(home, base_url=server.url)
    server.headers = {"date": "Sun, 01 Mar 2020 00:00:00 GMT"}
    assert found(prober, "--ask")["clock"][0] == "warning"


@pytest.mark.parametrize(
    ("date", "ahead"),
    [("Sun, 01 Mar 2026 00:01:00 GMT", 60.0), ("Sun, 01 Mar 2026 00:00:00 -0000", 0.0), ("soon", None), ("", None)],
)
def test_a_date_header_is_read(date: str, ahead: float | None) -> None:
    assert ahead_s(date, datetime(2026, 3, 1, tzinfo=UTC)) == ahead
