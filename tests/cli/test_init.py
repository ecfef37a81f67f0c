"""prober init: an endpoint that answers, and the starter sets that ask it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from prober.alerts.slack.manifest import MANIFEST
from prober.cli.pipelines import PIPELINES
from prober.loading.declarations import load
from tests.alerts.slack_server import CHANNEL, TOKEN, SlackServer
from tests.asking.wire_server import WireServer
from tests.cli.conftest import Run
from tests.cli.test_gate_in_pipelines import shell

ANSWER = {"model": "acme-1-2026-05-01", "choices": [{"message": {"content": "Blue"}, "finish_reason": "stop"}]}


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


def picky(server: WireServer, status: int, refused: str) -> None:
    """Refuses what the newest ask carries under that name, and answers any other."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        is_refused = refused in server.asked[-1].body
        body = {"error": {"message": f"Unsupported parameter: {refused}"}} if is_refused else ANSWER
        raw = json.dumps(body).encode()
        handler.send_response_only(status if is_refused else 200)
        handler.send_header("content-length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    server.behave = behave


def test_the_endpoint_takes_the_parameters_that_the_model_takes(prober: Run, home: Path, server: WireServer) -> None:
    picky(server, 400, "logprobs")
    told = prober("init", "--model", "acme/acme-1", "--base-url", server.url, "--set", "choice")
    assert told.code == 0
    asks = [one.body for one in server.asked if one.body]
    assert len(asks) == 6  # hello with and without log-probabilities, a tool, the same numbers twice, a seed
    declarations = load(home / "probes")
    (endpoint,) = declarations.endpoints
    assert (endpoint.name, endpoint.model, endpoint.base_url) == ("acme-1", "acme/acme-1", server.url)
    assert endpoint.parameters == {"temperature": 1, "max_tokens": 200}
    assert [(one.name, one.endpoints) for one in declarations.sets] == [("choice", ("acme-1",))]
    words = " ".join(told.out.split())
    assert "acme-1 answers, as acme-1-2026-05-01: if that is a dated version" in words
    assert "It takes temperature, a seed, tools. It does not take log-probabilities." in words
    assert "Twice the same random numbers" in words
    assert "acme-1 will be asked 96 times a day" in words
    assert prober("validate").code == 0


def test_log_probabilities_that_are_ignored_are_not_declared(prober: Run, home: Path, server: WireServer) -> None:
    picky(server, 400, "nothing is refused")
    told = prober("init", "--model", "acme/acme-1", "--base-url", server.url, "--set", "choice")
    assert "It does not take log-probabilities." in " ".join(told.out.split())
    assert load(home / "probes").endpoints[0].parameters == {"temperature": 1, "max_tokens": 200}


def test_without_a_key_it_says_which_variable_to_set(prober: Run, home: Path, server: WireServer) -> None:
    told = prober("init", "--model", "m", "--base-url", server.url, "--api-key-env", "ACME_KEY")
    assert (told.code, server.asked) == (2, [])
    assert told.err.splitlines() == [
        "environment variable ACME_KEY is not set; set it to the key of m. "
        "Nothing was written; --no-ask writes the files without asking"
    ]
    assert not (home / "probes").exists()


def test_a_bad_key_writes_nothing_and_is_asked_once(
    prober: Run, home: Path, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", "not-a-key-0123456789")
    picky(server, 401, "model")
    told = prober("init", "--model", "m", "--base-url", server.url, "--api-key-env", "ACME_KEY")
    assert (told.code, len(server.asked)) == (2, 1)
    assert "m at " in told.err and "does not answer (unauthorized" in told.err and "Nothing was written" in told.err
    assert "not-a-key" not in told.err + told.out
    assert not (home / "probes").exists()
    told = prober("init", "--model", "m", "--base-url", server.url)
    assert "no key was sent" in told.err and "--api-key-env VARIABLE" in told.err


@pytest.mark.parametrize("status", [200, 401])
def test_a_secret_that_the_endpoint_was_never_sent_is_not_shown_either(
    prober: Run, home: Path, server: WireServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    secret = "Guessed7Zq7Lm0pQrStUvWxYz"
    monkeypatch.setenv("OTHER_API_KEY", secret)

    def behave(handler: BaseHTTPRequestHandler) -> None:
        answer = {**ANSWER, "model": f"m-{secret}"} if status == 200 else {"error": {"message": f"no key but {secret}"}}
        raw = json.dumps(answer).encode()
        handler.send_response_only(status)
        handler.send_header("content-length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    server.behave = behave
    told = prober("init", "--model", "m", "--base-url", server.url)
    assert secret not in told.out + told.err and "[redacted]" in told.out + told.err


@pytest.mark.slow
def test_a_server_that_is_not_there_is_3(prober: Run, home: Path) -> None:
    told = prober("init", "--model", "m", "--base-url", "http://127.0.0.1:1/v1")
    assert told.code == 3
    assert "m at http://127.0.0.1:1/v1 does not answer (unreachable" in " ".join(told.err.split())
    assert not (home / "probes").exists()


def test_what_exists_is_left_alone_and_the_endpoint_is_printed(prober: Run, home: Path) -> None:
    prober("init")
    before = {file.name: file.read_bytes() for file in (home / "probes").iterdir()}
    told = prober("init", "--model", "m-1", "--trial", "--no-ask", "--provider", "anthropic")
    assert {file.name: file.read_bytes() for file in (home / "probes").iterdir()} == before
    block = told.out[told.out.index("endpoints:\n") : told.out.index("\nNext:")]
    assert yaml.safe_load(block)["endpoints"]["m-1"] == {
        "provider": "anthropic",
        "model": "m-1",
        "api_key_env": "ANTHROPIC_API_KEY",
        "reference": "trial",
        "parameters": {"temperature": 1, "max_tokens": 200},
    }


@pytest.mark.slow
def test_on_trial_a_round_comes_every_hour_and_the_files_say_what_to_write_later(prober: Run, home: Path) -> None:
    told = prober("init", "--model", "m-1", "--trial", "--no-ask", "--set", "all")
    assert "Then a round every hour" in told.out
    declarations = load(home / "probes")
    assert {one.schedule.every for one in declarations.sets} == {"1h"}
    assert len(declarations.sets) == 12
    prober("init", str(home / "later"), "--model", "m-1", "--no-ask", "--set", "all")
    for later in load(home / "later").sets:
        schedule = later.schedule
        rule = f"every: {schedule.every}" if schedule.every else f'cron: "{schedule.cron}"'
        words = f"`{rule}` and `jitter: {schedule.jitter}`"
        assert words in (home / "probes" / f"{later.name}.yaml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "m", "--provider", "opnai"], '--provider: opnai is not one of them; did you mean "openai"?'),
        (["--set", "choise"], 'there is no starter set choise; did you mean "choice"?'),
        (["--model", "m", "--base-url", "acme.example"], "base_url"),
        (["--model", "m", "--provider", "bedrock"], "base_url"),
    ],
)
def test_wrong_usage_is_2_and_writes_nothing(prober: Run, home: Path, arguments: list[str], words: str) -> None:
    told = prober("init", *arguments)
    assert told.code == 2
    assert words in " ".join(told.err.split())
    assert not (home / "probes").exists()


@pytest.mark.slow
def test_a_model_without_tools_gets_no_set_of_tools(prober: Run, home: Path, server: WireServer) -> None:
    picky(server, 400, "tools")
    told = prober("init", "--model", "m", "--base-url", server.url, "--set", "tools", "--set", "choice")
    assert "The set tools was left out" in told.out
    (endpoint,) = load(home / "probes").endpoints
    assert endpoint.capabilities.tools is False
    assert not (home / "probes" / "tools.yaml").exists()


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.slow
def test_on_a_terminal_it_asks(prober: Run, home: Path, server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    picky(server, 400, "nothing")
    typed = ["m-1", "opnai", "openai", server.url, "", "y", "choice, format", "y", "github"]
    monkeypatch.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in typed)))
    told = prober("init")
    assert told.code == 0, told.err
    assert 'did you mean "openai"?' in told.out
    assert "https://api.slack.com/apps?new_app=1&manifest_json=%7B" in told.out
    declarations = load(home / "probes")
    assert [one.name for one in declarations.sets] == ["choice", "format"]
    assert declarations.endpoint("m-1").reference.rounds == 8
    workflow = yaml.safe_load((home / ".github/workflows/prober.yml").read_text())
    assert "--reference m-1 --candidate-probes probes" in workflow["jobs"]["gate"]["steps"][5]["run"]


def test_the_page_shows_the_manifest_of_the_link() -> None:
    page = (Path(__file__).parents[2] / "docs/operating/slack.md").read_text()
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(block) == MANIFEST


@pytest.mark.slow
def test_a_test_message_reaches_slack(prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SlackServer() as slack:
        for name, value in {
            "SLACK_BOT_TOKEN": TOKEN, "PROBER_SLACK_CHANNEL": CHANNEL, "PROBER_SLACK_BASE_URL": slack.base_url,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        prober("init")
        told = prober("init", "--slack")
        assert (told.code, "a test message was sent" in told.out) == (0, True), told.out
        (message,) = slack.messages
        assert "Test message" in str(message) and "The prober is back" not in str(message)
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong-0000000000")
        assert prober("init", "--slack").code == 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_the_workflow_compares_with_the_branch_it_goes_to(prober: Run, home: Path, kind: str) -> None:
    """Its shell lines, in a repository."""
    prober("init", "--set", "format", "--ci", kind)
    path, _ = PIPELINES[kind]
    before = (home / path).read_text()
    assert "exist" in prober("init", "--ci", kind).out
    assert (home / path).read_text() == before
    workflow = yaml.safe_load(before)
    lines = (
        [step["run"] for step in workflow["jobs"]["gate"]["steps"][3:] if "run" in step]
        if kind == "github"
        else workflow["prober"]["script"][1:]
    )
    shell("git init -q -b main . && git add -A && git -c user.name=a -c user.email=a@b commit -qm one", home)
    shell("git update-ref refs/remotes/origin/main HEAD", home)
    (home / "summary.md").touch()
    done = shell(
        "\n".join(lines), home, GITHUB_BASE_REF="main", CI_MERGE_REQUEST_DIFF_BASE_SHA="main",
        GITHUB_STEP_SUMMARY=str(home / "summary.md"),
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr
    assert "offline-demo" in (home / "gate.md").read_text()
