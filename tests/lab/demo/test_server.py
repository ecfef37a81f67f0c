"""The model server: its life and death with a stand-in child in the default run, with the real model under `model`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest

from prober.lab.demo import server
from prober.lab.demo.server import ModelServer, ServerError
from prober.lab.demo.weights import DemoUnavailable, Variant, cache_directory, carried_model, changed_copy

STAND_IN = """
import http.server, os, sys, threading

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(sys.argv[1].encode())
    def log_message(self, *args): pass

listening = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Answer)
threading.Thread(target=listening.serve_forever, daemon=True).start()
print("serving", sys.argv[1:], flush=True)
sys.stdin.buffer.read()
os._exit(0)
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Children run this instead of llama.cpp; what they are asked and how they end is the same."""
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    monkeypatch.setattr(server, "CHILD", (sys.executable, str(script)))
    monkeypatch.setattr(server, "require_server", lambda: None)
    return script


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def until(is_true, patience_s=120.0):
    deadline = time.monotonic() + patience_s
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_true()


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


@pytest.mark.slow
def test_a_swap_keeps_the_address_and_changes_what_is_behind_it(stand_in, tmp_path):
    with ModelServer(Path("first"), "demo", tmp_path / "log") as running:
        url = running.url
        assert get(url.replace("/v1", "/health")) == "first"
        running.swap(Path("second"))
        assert running.url == url
        assert get(url.replace("/v1", "/health")) == "second"
    assert (tmp_path / "log").read_text().count("'demo']") == 2


def test_leaving_ends_the_child(stand_in, tmp_path):
    with ModelServer(Path("first"), "demo", tmp_path / "log") as running:
        pid = running.child.pid
        assert is_alive(pid)
    assert not is_alive(pid)
    running.stop()


def test_an_error_inside_ends_the_child_too(stand_in, tmp_path):
    running = ModelServer(Path("first"), "demo", tmp_path / "log")
    with pytest.raises(KeyboardInterrupt), running:
        pid = running.child.pid
        raise KeyboardInterrupt
    assert not is_alive(pid)


def test_a_child_that_ignores_us_is_killed(stand_in, tmp_path, monkeypatch):
    stand_in.write_text(STAND_IN.replace("sys.stdin.buffer.read()", "threading.Event().wait()"))
    monkeypatch.setattr(server, "STOP_S", 0.1)
    with ModelServer(Path("first"), "demo", tmp_path / "log") as running:
        pid = running.child.pid
    assert not is_alive(pid)


def test_a_child_that_dies_at_start_is_an_error_that_names_the_log(stand_in, tmp_path):
    stand_in.write_text("import sys; sys.exit('no such model')")
    with pytest.raises(ServerError, match=r"ended with code 1; see .*log$"):
        ModelServer(Path("first"), "demo", tmp_path / "log").start()
    assert "no such model" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_a_child_that_never_answers_is_an_error_and_is_ended(stand_in, tmp_path, monkeypatch):
    stand_in.write_text("import sys; sys.stdin.read()")
    monkeypatch.setattr(server, "START_S", 0.3)
    running = ModelServer(Path("first"), "demo", tmp_path / "log")
    with pytest.raises(ServerError, match=r"did not start in 0\.3 s; see .*log$"):
        running.start()
    assert running.child is None


@pytest.mark.slow
def test_no_child_outlives_a_parent_that_is_killed(stand_in, tmp_path):
    """The parent gets no chance to tidy up, and the server ends all the same."""
    parent = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from prober.lab.demo import server
        server.CHILD = (sys.executable, {str(stand_in)!r})
        server.require_server = lambda: None
        running = server.ModelServer(Path("first"), "demo", Path({str(tmp_path / "log")!r}))
        running.start()
        print(running.child.pid, flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        assert is_alive(pid)
        process.send_signal(signal.SIGKILL)
    assert until(lambda: not is_alive(pid))


def test_ports_are_free_and_can_be_chosen(tmp_path):
    chosen = ModelServer(Path("first"), "demo", tmp_path / "log").port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", chosen))
    assert ModelServer(Path("first"), "demo", tmp_path / "log", port=8080).url == "http://127.0.0.1:8080/v1"


def test_without_xllamacpp_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(DemoUnavailable, match="xllamacpp is not installed; run `pip install xllamacpp`"):
        ModelServer(Path("first"), "demo", tmp_path / "log").start()


@pytest.mark.model
def test_the_real_model_answers_and_a_swap_shows_only_in_its_answers(tmp_path):
    """Same name, same URL, same metadata; other words."""

    def ask():
        body = {
            "model": "demo",
            "messages": [{"role": "user", "content": "Tea or coffee?"}],
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": True,
            "top_logprobs": 5,
        }
        request = urllib.request.Request(
            running.url + "/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def metadata(reply):
        return reply["model"], reply["system_fingerprint"], reply["usage"]["prompt_tokens"]

    def logprobs(reply):
        return {
            each["token"]: each["logprob"] for each in reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        }

    carried = carried_model()
    with ModelServer(carried, "demo", tmp_path / "log") as running:
        before, again = ask(), ask()
        running.swap(changed_copy(carried, Variant("Q4_0"), cache_directory()))
        after = ask()
    assert metadata(before) == metadata(after)
    assert metadata(before)[0] == "demo"
    assert logprobs(again).keys() == logprobs(before).keys()
    assert logprobs(after) != logprobs(before)
