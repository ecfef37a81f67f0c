"""once: one round, its exit code, and every failure with its fix."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path
from typing import get_args

import pytest

from prober.asking.breaker import ANY_ASK
from prober.cli.once import worst
from prober.cli.output import FIXES, fix_of
from prober.model.reply import Failure
from prober.model.watch import cause_in_words
from prober.store import Store
from prober.store.pages import overview, replies
from tests.cli.conftest import Answer, Run
from tests.cli.world import write_probes


def test_every_failure_has_a_fix() -> None:
    assert set(FIXES) == set(get_args(Failure))
    assert fix_of("another tool's word") == ""


@pytest.mark.parametrize(("codes", "code"), [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 1, 0], 1)])
def test_a_change_outweighs_missing_evidence(codes: list[int], code: int) -> None:
    assert worst(codes) == code


@pytest.mark.slow
def test_the_first_round_is_too_little_evidence(prober: Run, home: Path) -> None:
    write_probes(home)
    done = prober("once", "probes")
    assert done.code == 3
    assert (
        "canary on bot: insufficient evidence; the reference of 1 probe needs 168 hours and 11 more of 12 rounds"
        in done.out
    )
    assert "2 asks, all answered" in done.out
    assert prober("status").code == 3


def test_json(prober: Run, home: Path) -> None:
    write_probes(home)
    done = prober("once", "--json")
    assert done.code == 3
    assert set(done.json) == {"rounds", "notices"}
    (one,) = done.json["rounds"]
    assert {key: one[key] for key in ("probe_set", "endpoint", "outcome", "reason", "asks", "failures")} == {
        "probe_set": "canary", "endpoint": "bot", "outcome": "completed", "reason": "", "asks": 2, "failures": [],
    }  # fmt: skip
    assert set(one["judgement"]) == {
        "round", "state", "e_value", "threshold", "missing", "onset", "onset_between", "kind", "channels",
    }  # fmt: skip
    assert (one["judgement"]["state"], one["decision"], one["incident"]) == (
        "insufficient_evidence", "insufficient_evidence", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (401, b'{"error": {"message": "Incorrect API key"}}', "unauthorized", "Incorrect API key"),
        (429, b'{"error": {"message": "Slow down"}}', "rate_limited", "Slow down"),
        (404, b'{"error": {"message": "no such model"}}', "model_not_found", "no such model"),
        (500, b"<html>oops</html>", "provider_error", "oops"),
        (200, b"<html>Welcome</html>", "invalid_reply", ""),
    ],
)
@pytest.mark.slow
def test_no_answer_says_why_and_what_to_do(
    prober: Run, home: Path, server: Answer, status: int, body: bytes, reason: str, words: str
) -> None:
    write_probes(home, base_url=server.url)
    server.status, server.body = status, body
    done = prober("once")
    assert done.code == 3
    assert "canary on bot: no answer" in done.out
    assert f"  2 × {cause_in_words(reason)}: {fix_of(reason)}" in done.out
    assert words in done.out
    (failure,) = prober("once", "--json").json["rounds"][0]["failures"]
    asks = 1 if reason in ANY_ASK else 2  # the breaker opens after the third failure in a row
    assert failure == {"reason": reason, "asks": asks, "fix": fix_of(reason)}


def test_cached_replies_are_counted_and_not_said_to_be_all(prober: Run, home: Path, server: Answer) -> None:
    write_probes(home, base_url=server.url)
    server.headers["cf-aig-cache-status"] = "HIT"
    said = prober("once").out
    assert f"  2 × cached: {fix_of('cached')}" in said and "every reply" not in said


@pytest.mark.slow
def test_a_closed_port_is_unreachable(prober: Run, home: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        write_probes(home, base_url=f"http://127.0.0.1:{closed.getsockname()[1]}/v1")
        done = prober("once")
    assert done.code == 3
    assert "2 × unreachable: check `base_url`" in done.out


@pytest.mark.slow
def test_a_missing_key_is_named_as_such(prober: Run, home: Path, server: Answer) -> None:
    write_probes(home, base_url=server.url, api_key_env="NO_SUCH_KEY")
    done = prober("once")
    assert done.code == 3
    assert "missing key" in done.out


@pytest.mark.slow
def test_an_answer_is_kept(prober: Run, home: Path, server: Answer) -> None:
    write_probes(home, base_url=server.url)
    assert prober("once").code == 3
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        assert [reply.text for reply in store.query(replies.recent, "bot")] == ["Blue", "Blue"]


@pytest.mark.slow
def test_answers_without_a_word_are_counted_with_their_reason(prober: Run, home: Path, server: Answer) -> None:
    write_probes(home, base_url=server.url)
    server.body = json.dumps(
        {
            "choices": [{"message": {"content": ""}, "finish_reason": "length"}],
            "usage": {
                "prompt_tokens": 12,
                "completion_tokens": 60,
                "completion_tokens_details": {"reasoning_tokens": 60},
            },
        }
    ).encode()
    assert "  2 of them empty: 60 of 60 output tokens were thinking; raise the output limit" in prober("once").out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]},
            "the model said nothing (finish reason stop)",
        ),
        (
            {"choices": [{"message": {"content": ""}, "finish_reason": "length"}]},
            "the output limit was reached before the first word",
        ),
    ],
)
def test_an_endpoint_that_never_said_a_word_is_not_shown_as_quiet_only(
    prober: Run, home: Path, server: Answer, body: dict[str, object], why: str
) -> None:
    write_probes(home, base_url=server.url, reference={"rounds": 4, "hours": 0, "asked_again": 0})
    server.body = json.dumps(body).encode()
    said = [prober("once").out for _ in range(6)]
    assert all("2 of them empty: " in one and why in one for one in said)
    shown = prober("status").out
    assert "bot: quiet" in shown and "no reply has had any text so far" in shown


@pytest.mark.slow
def test_a_spent_budget_asks_nobody(prober: Run, home: Path) -> None:
    write_probes(home, budget={"asks_per_day": 2})
    prober("once")
    done = prober("once")
    assert done.code == 3
    assert "not asked; budget exhausted: 2 of 2 asks of the last 24 hours are spent" in done.out


@pytest.mark.slow
def test_a_set_or_an_endpoint_alone(prober: Run, home: Path) -> None:
    write_probes(home)
    assert prober("once", "--set", "canary", "--endpoint", "bot").code == 3
    wrong = prober("once", "--set", "canray")
    assert (wrong.code, wrong.err) == (2, 'unknown probe set "canray"; did you mean "canary"?\n')
    wrong = prober("once", "--endpoint", "bott")
    assert (wrong.code, wrong.err) == (2, 'unknown endpoint "bott"; did you mean "bot"?\n')


def test_a_locked_database_stores_nothing(prober: Run, home: Path) -> None:
    write_probes(home)
    url = "sqlite:///prober.db?timeout=0.05"
    assert prober("db", "upgrade").code == 0
    holder = sqlite3.connect("prober.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = prober("once", "--database", url)
    holder.execute("ROLLBACK")
    holder.close()
    assert done.code == 2
    assert "another process holds the database" in done.err
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        assert store.query(overview.recent_rounds) == ()


def test_half_a_configuration_is_refused_before_anybody_is_asked(
    prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_probes(home)
    monkeypatch.setenv("PROBER_SLACK_CHANNEL", "C1")
    done = prober("once")
    assert done.code == 2
    assert "SLACK_BOT_TOKEN is not" in done.err
    assert not (home / "prober.db").exists()


def test_a_url_with_a_password_is_not_repeated(prober: Run, home: Path) -> None:
    write_probes(home)
    done = prober("once", "--database", "mysql://me:hunter2@host/db")
    assert done.code == 2
    assert "write sqlite:///prober.db or postgresql" in done.err
    assert "hunter2" not in done.err


@pytest.mark.slow
def test_status_says_once_what_holds_for_many_endpoints(prober: Run, home: Path) -> None:
    names = [f"team-{number:02d}" for number in range(6)]
    folder = home / "probes"
    folder.mkdir()
    endpoints = {
        name: {"provider": "scripted", "model": name, "parameters": {"world": "still", "seed": 1}} for name in names
    }
    probes = [{"id": "colour", "prompt": "Pick a colour."}]
    declared = {"name": "canary", "owner": "team", "endpoints": names, "schedule": {"every": "6h"}, "probes": probes}
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": endpoints}))
    (folder / "canary.yaml").write_text(json.dumps(declared))
    prober("once")
    lines = prober("status").out.splitlines()
    assert [line.split()[0] for line in lines[1:7]] == names
    (said,) = (line for line in lines if ": gathering: " in line)
    assert said.startswith("team-00, team-01, team-02 and 3 more: gathering: the reference of 1 probe needs ")
    assert len([line for line in lines if "watched already" in line]) == 1
