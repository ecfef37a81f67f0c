"""`prober router`: which deployments are blocked, and what is said to a LiteLLM proxy."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest

from prober.asking.litellm_proxy import LiteLLMProxy
from prober.cli.router import of_step, step_words
from prober.incidents.deployments import router_steps
from prober.model.deployment import Deployment
from prober.model.errors import ConfigurationError, NotEnough

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/router.schema.json").read_text("utf-8"))


def deployment(name: str, *, blocked: bool = False, ours: bool = True, group: str = "assistant") -> Deployment:
    return Deployment(name, group, name, ours, blocked)


def test_which_deployments_are_blocked() -> None:
    a, b, theirs = deployment("a"), deployment("b"), deployment("c", ours=False)
    back, alone = deployment("d", blocked=True), deployment("e", group="other")
    verdicts = {"a": "changed", "b": "unreachable", "c": "changed", "d": "ok", "e": "changed"}
    steps = router_steps([a, b, theirs, back, alone], verdicts)
    assert [(one.deployment.id, one.block) for one in steps] == [("d", False), ("a", True), ("b", True), ("e", None)]
    assert [one.block for one in router_steps([a, b], verdicts)] == [True, None], "one of them stays"
    assert router_steps([a, back], {"a": "degraded", "d": "unknown"}) == ()
    said = {"dry_run": True, "blocked": 0, "steps": [of_step(one) for one in steps]}
    jsonschema.validate(said, SCHEMA)
    assert step_words(steps[1], True) == "would block assistant (a): a is changed"


class Proxy(BaseHTTPRequestHandler):
    """As LiteLLM 1.108 answers."""

    asked: list[tuple[str, object]]

    def do_GET(self) -> None:
        info = {"id": "1", "prober_endpoint": "bot", "prober_blocks": True, "blocked": True, "db_model": True}
        self.answer(200, {"data": [{"model_name": "assistant", "model_info": info}, {"model_info": {}}, 3]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((self.path, body))
        if self.headers["authorization"] != "Bearer admin":
            self.answer(403, {"error": {"message": "Only proxy admins can change a model's blocked flag."}})
        else:
            self.answer(200, {"model_id": body["model_id"]})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.mark.slow
def test_a_proxy_is_told() -> None:
    Proxy.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with closing(LiteLLMProxy(url, "admin")) as proxy:
            (one,) = proxy.deployments()
            assert one == Deployment("1", "assistant", "bot", True, True)
            proxy.set_blocked(one, False)
            proxy.set_blocked(one, True)
        assert Proxy.asked == [("/model/unblock", {"model_id": "1"}), ("/model/block", {"model_id": "1"})]
        with (
            closing(LiteLLMProxy(url, "other")) as proxy,
            pytest.raises(NotEnough, match="HTTP 403: Only proxy admins"),
        ):
            proxy.set_blocked(one, True)
        server.shutdown()
    with closing(LiteLLMProxy(url, "admin")) as proxy, pytest.raises(NotEnough, match="/v1/model/info: unreachable"):
        proxy.deployments()
    with pytest.raises(ConfigurationError):
        LiteLLMProxy("http://user:secret@host", "admin")
