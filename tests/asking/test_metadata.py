"""What is kept of what an endpoint says of itself: short values of the pages that some servers have."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prober.asking import Describes, metadata, open_provider
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
    assert values("info", {"model_id": "m", "model_sha": "9f", "router": "x"}, "m") == {
        "info.model_id": "m", "info.model_sha": "9f"
    }  # fmt: skip
    assert values("version", {"version": "0.8.1"}, "m") == {"version.version": "0.8.1"}
    assert values("get_model_info", {"model_path": "/m", "is_generation": True}, "m") == {
        "get_model_info.model_path": "/m"
    }


SAMPLING = {"temperature": 0.800000011920929, "top_k": 40, "top_p": 0.949999988079071, "stream": False, "lora": []}
ALIASED = {"id": "a.gguf", "aliases": ["m"], "meta": {"n_ctx": 4096, "n_embd": 576}}


@pytest.mark.parametrize(
    ("page", "said", "expected"),
    [
        # llama.cpp: the context of a slot, and how it samples where an ask does not say
        (
            "props",
            {"default_generation_settings": {"n_ctx": 1024, "params": SAMPLING}, "is_sleeping": False},
            {"n_ctx": "1024", "temperature": "0.8", "top_k": "40", "top_p": "0.95"},
        ),
        ("props", {"default_generation_settings": {"n_ctx": 512, "params": None}}, {"n_ctx": "512"}),
        ("props", {"default_generation_settings": [1], "model_ftype": "Q4_1"}, {"model_ftype": "Q4_1"}),
        (
            "models",
            {"data": [{"id": "m", "root": "/m", "max_model_len": 8192}]},
            {"root": "/m", "max_model_len": "8192"},
        ),
        ("models", {"data": [{"id": "b"}, ALIASED]}, {"meta.n_ctx": "4096"}),
        # A server with one model answers to every name; one with several says nothing of a name that it does not list.
        ("models", {"data": [{"id": "x", "meta": {"size": 7}}]}, {"meta.size": "7"}),
        ("models", {"data": [{"id": "x", "meta": {"size": 7}}, {"id": "y", "meta": {"size": 8}}]}, {}),
    ],
)
def test_what_a_server_was_started_with_is_read(page, said, expected):
    assert values(page, said, "m") == {f"{page}.{name}": value for name, value in expected.items()}


@pytest.mark.parametrize(
    ("base_url", "declared", "asked"),
    [
        (None, None, False),
        ("https://api.together.xyz/v1", None, False),
        ("https://api.openai.com/v1", True, True),
        ("https://notopenai.com/v1", None, True),
        ("http://llama:8080/v1", None, True),
        ("http://llama:8080/v1", False, False),
    ],
)
def test_it_is_asked_of_servers_that_are_no_large_providers(base_url, declared, asked):
    endpoint = Endpoint(name="e", provider="openai", model="m", base_url=base_url, metadata=declared)
    assert metadata.is_asked(endpoint) == asked


@pytest.mark.parametrize("said", [None, [], 7, {"data": {}}, {"data": [None, {"id": ["m"]}]}, {"model_path": {"a": 1}}])
@pytest.mark.parametrize("page", list(metadata.PAGES))
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
            assert set(provider.describe(endpoint, said.silent).values) == set(said.values)
            http.shutdown()
    assert set(said.values) == {
        "props.model_path", "props.build_info", "props.chat_template", "models.owned_by", "models.meta.size"
    }  # fmt: skip
    assert said.silent == ("tags", "info", "version", "get_model_info")
    with closing(open_provider(endpoint)) as provider:
        assert provider.describe(endpoint) == ({}, tuple(metadata.PAGES))  # nobody is there now


def test_all_pages_together_have_one_deadline():
    """A server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        endpoint = Endpoint(name="e", provider="openai", model="m", base_url=base)
        with closing(open_provider(endpoint)) as provider, pytest.MonkeyPatch.context() as patch:
            patch.setattr(metadata, "MOST_S", 0.05)
            assert provider.describe(endpoint) == ({}, ("props",))  # no time was left for the others
