"""What is kept of what an endpoint says of itself: short values of the pages that some servers have."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prober.asking import Describes, open_provider
from prober.asking.metadata import values
from prober.model.declaration import Endpoint

PAGES = {
    "/props": {"model_path": "/m/a.gguf", "chat_template": "x" * 900, "total_slots": 4, "build_info": "b42"},
    "/v1/models": {"data": [{"id": "other", "owned_by": "x"}, {"id": "m", "owned_by": "us", "meta": {"size": 12}}]},
    "/api/tags": {"models": [{"name": "m:latest", "digest": "0a1b"}]},
}


def test_short_values_are_kept_and_long_ones_as_digests():
    said = values("props", PAGES["/props"], "m")
    assert said.pop("props.chat_template").startswith("sha256 ")
    assert said == {"props.model_path": "/m/a.gguf", "props.build_info": "b42"}
    assert values("models", PAGES["/v1/models"], "m") == {"models.owned_by": "us", "models.meta.size": "12"}
    assert values("tags", PAGES["/api/tags"], "m") == {"tags.digest": "0a1b"}


@pytest.mark.parametrize("said", [None, [], 7, {"data": {}}, {"data": [None, {"id": ["m"]}]}, {"model_path": {"a": 1}}])
@pytest.mark.parametrize("page", ["props", "models", "tags"])
def test_odd_answers_say_nothing(page, said):
    assert values(page, said, "m") == {}


def test_a_server_is_asked_at_the_pages_it_has():
    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(PAGES.get(self.path)).encode()
            self.send_response(200 if self.path in PAGES and self.path != "/api/tags" else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        base = f"http://127.0.0.1:{http.server_port}/v1"
        endpoint = Endpoint(name="e", provider="openai", model="m", base_url=base)
        with closing(open_provider(endpoint)) as provider:
            assert isinstance(provider, Describes)
            said = provider.describe(endpoint)
            http.shutdown()
    assert set(said) == {
        "props.model_path", "props.build_info", "props.chat_template", "models.owned_by", "models.meta.size"
    }  # fmt: skip
    with closing(open_provider(endpoint)) as provider:
        assert provider.describe(endpoint) is None  # nobody is there now
