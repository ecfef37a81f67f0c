"""The router recipe: a real LiteLLM proxy sends requests elsewhere when the verdict turns, and back again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from prober.asking.litellm_proxy import LiteLLMProxy
from prober.model.errors import NotEnough
from tests.processes import free_port

RECIPE = Path(__file__).parents[2] / "deploy" / "litellm" / "prober_router.py"

KEY = "sk-0123456789abcdef0123456789abcdef"

pytestmark = pytest.mark.slow


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def answer(request: BaseHTTPRequestHandler, content: object) -> None:
    body = json.dumps(content).encode()
    request.send_response(200)
    request.send_header("content-type", "application/json")
    request.send_header("content-length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def model(name: str) -> type[BaseHTTPRequestHandler]:
    """An endpoint of OpenAI's kind that answers with its own name."""

    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            message = {"role": "assistant", "content": name}
            answer(self, {
                "id": "1", "object": "chat.completion", "created": 1, "model": name,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            })  # fmt: skip

        def log_message(self, *arguments: object) -> None:
            pass

    return Model


def test_a_proxy_falls_back_on_the_verdict(tmp_path: Path) -> None:
    litellm = os.environ.get("PROBER_TEST_LITELLM") or shutil.which("litellm")
    if litellm is None:
        pytest.skip("no LiteLLM proxy; install litellm[proxy] by itself and set PROBER_TEST_LITELLM to its `litellm`")
    verdicts = {"first": "ok", "second": "ok"}

    class Prober(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/v1/endpoints"
            answer(self, {"endpoints": [{"endpoint": name, "verdict": one} for name, one in verdicts.items()]})

        def log_message(self, *arguments: object) -> None:
            pass

    shutil.copy(RECIPE, tmp_path)
    port = free_port()
    with serving(Prober) as prober, serving(model("first")) as first, serving(model("second")) as second:
        deployments = [
            {
                "model_name": "assistant",
                "litellm_params": {"model": "openai/x", "api_base": url, "api_key": "none", "order": order},
                "model_info": {"prober_endpoint": name, "prober_blocks": True},
            }
            for order, (name, url) in enumerate((("first", first), ("second", second)), 1)
        ]
        config = {"model_list": deployments, "litellm_settings": {"callbacks": "prober_router.router"}}
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PROBER_URL": prober, "PROBER_FRESH_S": "0",
            "NO_PROXY": "127.0.0.1", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY,
        }  # fmt: skip
        log = (tmp_path / "log").open("wb")
        process = subprocess.Popen(
            [litellm, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            cwd=tmp_path, env=environment, stdout=log, stderr=log,
        )  # fmt: skip

        def asked() -> str:
            body = json.dumps({"model": "assistant", "messages": [{"role": "user", "content": "Who?"}]}).encode()
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/chat/completions",
                body,
                {"content-type": "application/json", "authorization": f"Bearer {KEY}"},
            )
            with urllib.request.urlopen(request, timeout=30) as reply:
                return str(json.load(reply)["choices"][0]["message"]["content"])

        try:
            end = time.monotonic() + 300
            while True:
                try:
                    asked()
                    break
                except OSError:
                    assert time.monotonic() < end, (tmp_path / "log").read_text()[-3000:]
                    assert process.poll() is None, (tmp_path / "log").read_text()[-3000:]
                    time.sleep(0.5)
            with closing(LiteLLMProxy(f"http://127.0.0.1:{port}", KEY)) as admin:
                found = admin.deployments()
                assert [(one.group, one.endpoint, one.is_ours, one.is_blocked) for one in found] == [
                    ("assistant", "first", True, False), ("assistant", "second", True, False)
                ]  # fmt: skip
                with pytest.raises(NotEnough, match="/model/block: HTTP 500"):  # models of a file cannot be blocked
                    admin.set_blocked(found[0], True)
            assert {asked() for _ in range(6)} == {"first"}
            verdicts["first"] = "changed"
            assert {asked() for _ in range(6)} == {"second"}
            verdicts["second"] = "unreachable"
            assert asked() in {"first", "second"}, "where nothing is left, requests still go through"
            verdicts.update(first="ok")
            assert {asked() for _ in range(6)} == {"first"}
        finally:
            process.terminate()
            process.wait(30)
            log.close()
