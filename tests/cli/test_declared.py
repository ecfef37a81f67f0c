"""init, validate, plan, doctor: what is declared, before anybody is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prober.cli import doctor
from prober.model.bill import BilledDay
from prober.model.declaration import Message, Probe, Tool
from prober.store import Store, bill
from prober.tokens import input_tokens, output_limit
from tests.cli.conftest import Answer, Run
from tests.cli.world import write_probes


def test_init_writes_starters_that_are_valid_and_says_what_next(prober: Run, home: Path) -> None:
    done = prober("init")
    assert done.code == 0
    assert "prober validate probes" in done.out
    names = {path.name for path in (home / "probes").iterdir()}
    assert {"endpoints.yaml", "choice.yaml", "schema.json"} <= names
    assert prober("validate").code == 0


def test_init_overwrites_nothing(prober: Run, home: Path) -> None:
    mine = home / "own" / "choice.yaml"
    mine.parent.mkdir()
    mine.write_text("mine")
    done = prober("init", "own")
    assert done.code == 0
    assert "Left alone in own/, because they exist: choice.yaml." in done.out
    assert mine.read_text() == "mine"
    assert (mine.parent / "endpoints.yaml").exists()
    again = prober("init", "own")
    assert "Wrote" not in again.out
    mine.unlink()
    more = prober("init", "own", "--set", "tools")
    assert "Wrote tools.yaml into own/." in more.out
    assert prober("validate", "own").code == 0


def test_init_onto_a_file_is_refused(prober: Run, home: Path) -> None:
    (home / "taken").write_text("")
    done = prober("init", "taken")
    assert (done.code, done.err) == (2, "taken: cannot be written (File exists); choose another folder\n")


def test_validate_counts(prober: Run, home: Path) -> None:
    write_probes(home)
    done = prober("validate", "probes")
    assert (done.code, done.out) == (0, "1 probe set with 1 probe, 1 endpoint: valid.\n")
    assert prober("validate", "--json").json == {
        "valid": True, "probe_sets": 1, "probes": 1, "endpoints": 1, "problems": [], "warnings": [],
    }  # fmt: skip


def test_validate_says_every_problem(prober: Run, home: Path) -> None:
    folder = write_probes(home)
    (folder / "canary.yaml").write_text("owner: a\nendpoints: [bto]\nschedule: {every: 1d}\nprobes:\n  - {promt: x}\n")
    done = prober("validate", "probes")
    assert (done.code, done.out) == (2, "")
    assert "probes/canary.yaml:2: endpoints" in done.err
    assert 'did you mean "prompt"?' in done.err
    problems = prober("validate", "--json").json["problems"]
    assert len(problems) >= 2
    assert set(problems[0]) == {"path", "line", "field", "message"}


def test_nothing_to_validate_is_said(prober: Run) -> None:
    done = prober("validate")
    assert done.code == 2
    assert done.err.startswith("probes: no such file or folder")


def test_plan_says_what_it_will_come_to(prober: Run, home: Path) -> None:
    write_probes(home)
    done = prober("plan", "--json")
    assert done.code == 0
    (endpoint,) = done.json["endpoints"]
    promise = endpoint["promise"]
    assert (promise["false_alarms_per_year"], promise["rounds_per_year"]) == (1.0, 365.25)
    assert promise["threshold"] >= 365.25
    assert endpoint["asks_per_day"] == 2
    assert endpoint["probe_sets"] == [
        {
            "probe_set": "canary", "rounds_per_day": 1.0, "asks_per_round": 2, "asks_per_day": 2.0,
            "input_tokens_per_day": 8.0, "input_tokens_from": "prompts", "output_tokens_per_day": None,
            "output_tokens_from": "nothing", "reference_rounds": 12, "reference_days": 11.0,
            "reference_extra_rounds": 8,
        }
    ]  # fmt: skip
    said = prober("plan").out
    assert "after 12 rounds, 11 days after the first" in said
    assert "at most 1 false alarm a year" in said
    assert "budget" not in said


def test_plan_warns_of_a_budget_that_ends_too_soon(prober: Run, home: Path) -> None:
    folder = write_probes(home, budget={"asks_per_day": 3})
    content = json.loads((folder / "canary.yaml").read_text())
    (folder / "canary.yaml").write_text(json.dumps({**content, "schedule": {"every": "12h"}}))
    done = prober("plan")
    assert "bot: 3 asks a day; the plan takes more" in done.out + done.err


def test_plan_has_the_own_bill_beside_it(prober: Run, home: Path) -> None:
    write_probes(home)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    with Store.open(f"sqlite:///{home / 'prober.db'}") as store, store.write() as tx:
        bill.keep(tx, "account", "main", "main", bill.Known({"owner": "platform"}))
        bill.keep_days(tx, "account", "main", "main", [BilledDay(today, 12.5, 12.5, 12.5)])
    assert (
        "Beside the plan, your own bill:\n  own traffic of account main (platform): $12.50 this" in prober("plan").out
    )
    (own,) = prober("plan", "--json").json["bills"]
    assert (own["name"], own["owner"], own["month"]["dollars"]) == ("main", "platform", 12.5)


def test_a_reference_spans_its_hours(prober: Run, home: Path) -> None:
    folder = write_probes(home)
    content = json.loads((folder / "canary.yaml").read_text())
    (folder / "canary.yaml").write_text(json.dumps({**content, "schedule": {"every": "1h"}}))
    (planned,) = prober("plan", "--json").json["endpoints"][0]["probe_sets"]
    assert (planned["reference_rounds"], planned["reference_days"]) == (169, 7.0)


@pytest.mark.parametrize(
    ("reference", "every", "words"),
    [
        ("trial", "6h", "after 8 rounds, 7 min after the first"),
        ({"rounds": 8, "hours": 0}, "3m", "after 8 rounds, 21 min after the first"),
        ({"rounds": 8, "hours": 0}, "1h", "after 8 rounds, 7 h after the first"),
        ({"rounds": 8, "hours": 0, "warm_up": {"rounds": 3, "pause": "30s"}}, "1h", "after 8 rounds, 5 h after"),
        ({"rounds": 4, "hours": 0, "warm_up": {"rounds": 9, "pause": "10s"}}, "1d", "after 4 rounds, 30 s after"),
        ({"rounds": 8, "hours": 36}, "12h", "after 8 rounds, 3.5 days after the first"),
    ],
)
def test_a_short_reference_takes_minutes_or_hours(
    prober: Run, home: Path, reference: object, every: str, words: str
) -> None:
    folder = write_probes(home, reference=reference)
    content = json.loads((folder / "canary.yaml").read_text())
    (folder / "canary.yaml").write_text(json.dumps({**content, "schedule": {"every": every}}))
    assert words in prober("plan").out


def test_plan_names_endpoints_that_nobody_asks(prober: Run, home: Path) -> None:
    folder = write_probes(home)
    endpoints = json.loads((folder / "endpoints.yaml").read_text())
    endpoints["endpoints"]["idle"] = endpoints["endpoints"]["bot"]
    (folder / "endpoints.yaml").write_text(json.dumps(endpoints))
    assert "No probe set asks it." in prober("plan").out
    idle = prober("plan", "--json").json["endpoints"][1]
    assert (idle["promise"], idle["asks_per_day"], idle["output_tokens_per_day"]) == (None, 0, None)


def test_tokens_are_estimated_from_all_that_is_sent() -> None:
    probe = Probe(id="p", messages=(Message(role="user", content="x" * 40),), system="y" * 8)
    assert input_tokens(probe) == 12
    assert input_tokens(probe.model_copy(update={"tools": (Tool(name="t"),)})) > 12


@pytest.mark.parametrize(
    ("parameters", "limit"),
    [
        ({}, None),
        ({"temperature": 1}, None),
        ({"max_tokens": 60}, 60),
        ({"max_completion_tokens": 7}, 7),
        ({"generationConfig": {"maxOutputTokens": 200}}, 200),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 0, "extra": {"max_completion_tokens": 9}}, 9),
    ],
)
def test_the_limit_of_an_answer_is_found_where_providers_put_it(parameters: object, limit: int | None) -> None:
    assert output_limit(parameters) == limit


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed_packages", lambda: doctor.Finding("packages", "ok", "all"))


@pytest.mark.usefixtures("installed")
def test_doctor_finds_all_well(prober: Run, home: Path) -> None:
    write_probes(home)
    done = prober("doctor")
    assert done.code == 0, done.out
    assert "PROBLEM" not in done.out
    assert "prober.db does not exist yet" in done.out
    assert not (home / "prober.db").exists()
    assert prober("doctor", "--json").json["ok"] is True


@pytest.mark.usefixtures("installed")
def test_doctor_names_each_problem_with_its_fix_and_no_secret(
    prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_probes(home, base_url="http://127.0.0.1:9/v1", api_key_env="MISSING_KEY")
    (home / "prober.db").write_text("not a database at all, but a text that is long enough to be looked at" * 20)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    done = prober("doctor")
    assert done.code == 2
    lines = [line for line in done.out.splitlines() if line.startswith("PROBLEM")]
    assert [line.split()[1].rstrip(":") for line in lines] == ["database", "key", "alerters"]
    assert "MISSING_KEY: is not set; export MISSING_KEY=" in done.out
    assert "PROBER_SLACK_CHANNEL is not" in done.out
    assert "very-secret" not in done.out + done.err


@pytest.mark.usefixtures("installed")
def test_doctor_tries_routes_and_keys_that_are_fetched(prober: Run, home: Path) -> None:
    folder = write_probes(home, base_url="http://127.0.0.1:9/v1", api_key_command=["echo", "a-very-secret-key"])
    (folder / "alerts.yaml").write_text("routes:\n  - {to: [pagerduty]}\n")
    done = prober("doctor")
    assert done.code == 2
    assert 'PROBLEM  routes: alerts.yaml: a route leads to "pagerduty", which this environment' in done.out
    assert "api_key_command gives one" in done.out and "very-secret" not in done.out + done.err
    (folder / "alerts.yaml").unlink()
    write_probes(home, base_url="http://127.0.0.1:9/v1", api_key_command=["false"])
    done = prober("doctor")
    assert (done.code, "api_key_command false ended with exit code 1" in done.out) == (2, True)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        (b'{"ok": true}', "ok       slack: auth.test: ok", 0),
        (
            b'{"ok": false, "error": "invalid_auth"}',
            "PROBLEM  slack: auth.test: invalid_auth; check SLACK_BOT_TOKEN",
            2,
        ),
    ],
)
def test_doctor_asks_slack(
    prober: Run, home: Path, server: Answer, monkeypatch: pytest.MonkeyPatch, body: bytes, said: str, code: int
) -> None:
    write_probes(home)
    server.body = body
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("PROBER_SLACK_CHANNEL", "C1")
    monkeypatch.setenv("PROBER_SLACK_BASE_URL", server.url)
    done = prober("doctor")
    assert done.code == code
    assert said in done.out
    assert "very-secret" not in done.out + done.err


@pytest.mark.usefixtures("installed")
def test_doctor_goes_on_after_broken_declarations(prober: Run, home: Path) -> None:
    (home / "probes").mkdir()
    done = prober("doctor")
    assert done.code == 2
    assert "PROBLEM  declarations: " in done.out
    assert "alerters: log" in done.out
