"""`prober discover`, as it is called."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from prober.cli import discover as verb
from prober.loading.declarations import load
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply
from tests.cli.conftest import Answer, Run
from tests.cli.world import write_probes
from tests.lab.discover.worlds import Gateway, Model, borders, everyday, whole_request

FILE = Path("probes/discovered-bot.yaml")


@pytest.fixture
def there(home: Path) -> Path:
    """A project whose endpoint `bot` is a scripted world."""
    write_probes(home)
    return home


def served(monkeypatch: pytest.MonkeyPatch, provider: object) -> None:
    monkeypatch.setattr(verb, "open_provider", lambda endpoint: provider)


def search(prober: Run, *arguments: object):
    return prober("discover", "bot", "--budget-tokens", 6_000, "--probes", 3, *arguments)


@pytest.mark.slow
def test_it_writes_an_ordinary_probe_set(prober: Run, there: Path) -> None:
    done = search(prober)
    assert done.code == 0, done.err
    assert f"Wrote {FILE}" in done.out
    assert prober("validate").code == 0
    (found,) = [one for one in load(there / "probes").sets if one.name == "discovered-bot"]
    assert found.endpoints == ("bot",)
    assert [probe.samples for probe in found.probes] == [3, 3, 3]
    text = (there / FILE).read_text()
    assert "# prober discover bot --budget-tokens 6000 --seed 0\n" in text
    assert "asks: " in text
    assert [path.name for path in (there / "probes").glob(".*")] == [".discover-discovered-bot.jsonl"]


@pytest.mark.slow
def test_json_says_the_same(prober: Run, there: Path) -> None:
    report = search(prober, "--json").json
    assert report["output"] == str(FILE)
    assert (report["budget_tokens"], report["findings"], report["missing"]) == (6_000, [], "")
    assert 0 < report["spent_tokens"] <= 6_000
    assert [each["id"] for each in yaml.safe_load(FILE.read_text())["probes"]] == [
        each["id"] for each in report["probes"]
    ]
    assert all(sum(each["answers"].values()) == each["asks"] for each in report["probes"])


@pytest.mark.slow
def test_a_second_run_goes_on(prober: Run, there: Path) -> None:
    first = search(prober, "--json").json
    again = search(prober, "--json").json
    assert again["recalled"] == first["asks"]
    assert again["asks"] == 0
    assert again["probes"] == first["probes"]


@pytest.mark.slow
def test_no_probe_set_need_be_there(prober: Run, there: Path) -> None:
    (there / "probes" / "canary.yaml").unlink()
    assert search(prober).code == 0


@pytest.mark.slow
def test_an_edited_file_is_left_alone(prober: Run, there: Path) -> None:
    search(prober)
    assert search(prober).code == 0
    edited = FILE.read_text().replace("platform-team", "me")
    FILE.write_text(edited)
    refused = search(prober)
    assert refused.code == 2
    assert refused.err.startswith(f"{FILE}: already exists, and was written or edited by hand")
    assert FILE.read_text() == edited
    assert search(prober, "--force").code == 0
    assert "platform-team" in FILE.read_text()


@pytest.mark.slow
def test_a_file_edited_meanwhile_is_left_alone_too(
    prober: Run,
    there: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Edits(Model):
        def ask(self, bot: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            FILE.write_text("mine")
            return super().ask(bot, probe, sample, now)

    served(monkeypatch, Edits(everyday))
    assert search(prober).code == 2
    assert FILE.read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("discover", "bto"), 'unknown endpoint "bto"; did you mean "bot"?'),
        (("discover", "bot", "elsewhere"), "elsewhere: no such file or folder"),
        (("discover", "bot", "--output", "found.txt"), "found.txt: is not the name of a probe set file"),
        (("discover", "bot", "--output", "my.endpoints.yaml"), "my.endpoints.yaml: is not the name of a probe set file"),
        (("discover", "bot", "--output", "probes/canary.yaml"), "probes/canary.yaml: already exists"),
        (("discover", "bot", "--output", "probes/canary.yaml/x.yaml"), "probes/canary.yaml: cannot be created"),
        (("discover", "bot", "--budget-tokens", "0"), "Invalid value for '--budget-tokens'"),
        (("discover",), "Missing argument 'ENDPOINT'"),
    ],
)  # fmt: skip
def test_wrong_usage_is_2(prober: Run, there: Path, arguments: tuple[str, ...], said: str) -> None:
    done = prober(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert (there / "probes" / "canary.yaml").exists()


def test_nothing_declared_is_2(prober: Run) -> None:
    done = prober("discover", "bot")
    assert done.code == 2
    assert done.err.startswith("probes: no such file or folder")


def test_progress_of_somebody_else_is_2(prober: Run, there: Path) -> None:
    log = there / "probes" / ".discover-discovered-bot.jsonl"
    log.write_text('{"round": "1", "endpoint": "bot", "probe": "p", "text": "Tea"}\n')
    done = search(prober)
    assert done.code == 2
    assert ".discover-discovered-bot.jsonl:1: was not written by `prober discover`" in done.err


@pytest.mark.slow
def test_an_endpoint_out_of_reach_is_3(prober: Run, home: Path) -> None:
    write_probes(home, "http://127.0.0.1:9/v1", parameters={"max_tokens": 5})
    done = search(prober)
    assert done.code == 3
    assert "bot does not answer: unreachable" in done.out
    assert "check `base_url`" in done.out
    assert not FILE.exists()
    report = search(prober, "--json")
    assert report.code == 3 and "unreachable" in report.json["missing"]


@pytest.mark.slow
def test_a_dead_key_costs_three_asks(prober: Run, home: Path, server: Answer) -> None:
    server.status, server.body = 401, b'{"error": {"message": "Incorrect API key provided"}}'
    write_probes(home, server.url, parameters={"max_tokens": 5})
    done = search(prober)
    assert (done.code, len(server.requests)) == (3, 3)
    assert "bot does not answer: unauthorized" in done.out


@pytest.mark.slow
def test_one_answer_for_everything_is_3(prober: Run, home: Path, server: Answer) -> None:
    write_probes(home, server.url, parameters={"max_tokens": 5, "temperature": 1})
    done = prober("discover", "bot", "--budget-tokens", 1_500)
    assert done.code == 3
    assert "FOUND temperature_ignored" in done.out
    assert "gave more than one answer" in done.out
    assert not FILE.exists()


def test_a_cache_is_said_plainly(prober: Run, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_probes(there, "http://127.0.0.1:9/v1", parameters={"max_tokens": 20})
    served(monkeypatch, Gateway(Model(everyday), key=whole_request))
    done = search(prober)
    assert done.code == 3
    assert "FOUND reply_cache" in done.out and "the endpoint answers from a cache" in done.out
    assert [each["kind"] for each in search(prober, "--json").json["findings"]] == ["reply_cache"]


def test_too_small_a_budget_is_3(prober: Run, there: Path) -> None:
    done = prober("discover", "bot", "--budget-tokens", 20)
    assert done.code == 3
    assert "--budget-tokens 20 is too little to begin" in done.out


@pytest.mark.slow
def test_no_limit_of_tokens_is_said(prober: Run, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_probes(there, "http://127.0.0.1:9/v1", parameters={})
    served(monkeypatch, Model(everyday))
    done = search(prober)
    assert done.code == 0
    assert "declares no limit of output tokens" in done.out


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(prober: Run, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Model):
        def ask(self, bot: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            if len(self.asked) > 60:
                raise KeyboardInterrupt
            return super().ask(bot, probe, sample, now)

    served(monkeypatch, Stopped(everyday))
    done = search(prober)
    assert done.code == 130
    assert "Nothing is lost" in done.err and ".discover-discovered-bot.jsonl" in done.err
    served(monkeypatch, Model(everyday))
    assert search(prober, "--json").json["recalled"] == 61


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["# x\nprobes: []", "\x00\x7f\x85\u2028\ud800\ufeff", "'\"{[&*!|>%@`", "sk-ant-" + "a1" * 20]
)
def test_hostile_answers_leave_the_file_whole(
    prober: Run, there: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:  # fmt: skip
    class Hostile(Model):
        def ask(self, bot: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            reply = super().ask(bot, probe, sample, now)
            return reply if reply.text != "Tea" else Reply(at=now, text=text, input_tokens=20, output_tokens=1)

    served(monkeypatch, Hostile(borders(0.6)))
    done = search(prober)
    assert done.code == 0, done.out
    assert "\x00" not in done.out
    assert prober("validate").code == 0
    assert "a1a1" not in FILE.read_text()


@pytest.mark.slow
def test_a_small_budget_of_asks_a_day_is_kept(prober: Run, there: Path) -> None:
    search(prober)
    write_probes(there, budget={"asks_per_day": 8})
    done = search(prober, "--force")
    assert done.code == 0, "every reply is known: nothing is asked"
    assert prober("validate").code == 0
    (there / "probes" / ".discover-discovered-bot.jsonl").unlink()
    done = search(prober, "--force", "--seed", "1")
    assert done.code == 3 and "8 of 8 asks of the last 24 hours are spent; raise that limit" in done.out
    assert "tokens are too few" not in done.out


@pytest.mark.slow
def test_names_with_slashes_make_one_file(prober: Run, there: Path) -> None:
    endpoints = json.loads((there / "probes" / "endpoints.yaml").read_text())
    endpoints["endpoints"]["eu/bot.1"] = endpoints["endpoints"]["bot"]
    (there / "probes" / "endpoints.yaml").write_text(json.dumps(endpoints))
    assert prober("discover", "eu/bot.1", "--budget-tokens", 4_000).code == 0
    assert (there / "probes" / "discovered-eu-bot.1.yaml").exists()
    assert prober("validate").code == 0
