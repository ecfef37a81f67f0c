"""prober init: an endpoint that answers, and the starter sets that ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from prober.loading import load
from tests.asking.wire_server import WireServer
from tests.cli.conftest import Run

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
    told = prober("init", "--model", "acme/acme-1", "--base-url", server.url, "--set", "canary")
    assert told.code == 0
    assert len(server.asked) == 2
    declarations = load(home / "probes")
    (endpoint,) = declarations.endpoints
    assert (endpoint.name, endpoint.model, endpoint.base_url) == ("acme-1", "acme/acme-1", server.url)
    assert endpoint.parameters == {"temperature": 1, "max_tokens": 200}
    assert [(one.name, one.endpoints) for one in declarations.sets] == [("canary", ("acme-1",))]
    words = " ".join(told.out.split())
    assert "without log-probabilities, as acme-1-2026-05-01: if that is a dated version" in words
    assert "acme-1 will be asked 72 times a day" in words
    assert prober("validate").code == 0


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
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "m", "--provider", "opnai"], '--provider: opnai is none of them; did you mean "openai"?'),
        (["--set", "canari"], 'there is no starter set canari; did you mean "canary"?'),
        (["--model", "m", "--base-url", "acme.example"], "base_url"),
        (["--model", "m", "--provider", "bedrock"], "base_url"),
    ],
)
def test_wrong_usage_is_2_and_writes_nothing(prober: Run, home: Path, arguments: list[str], words: str) -> None:
    told = prober("init", *arguments)
    assert told.code == 2
    assert words in " ".join(told.err.split())
    assert not (home / "probes").exists()
