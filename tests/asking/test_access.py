"""Keys from everywhere, headers, query, certificates and proxies: what is sent, what is kept, and what is never shown."""

from __future__ import annotations

import base64
import json
import logging
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from prober.asking import access, wire_format
from prober.asking.access import Keys, NoKey, access_of, key_header
from prober.asking.http_provider import HttpProvider
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError
from prober.model.refused_parameters import refused_parameters
from prober.model.reply import Reply
from tests.asking.conftest import KEY, NOW, PROBE, ask, endpoint_for
from tests.asking.wire_server import WireServer
from tests.processes import free_port

TEAM_KEY = "pk-team-9876543210fedcba"
ANSWER = json.dumps({"choices": [{"message": {"content": "Blue"}, "finish_reason": "stop"}]}).encode()


def declared(**fields: Any) -> Endpoint:
    return Endpoint.model_validate({"name": "e", "provider": "openai", "model": "m", **fields})


def answering(server: WireServer, status: int = 200, body: bytes = ANSWER) -> None:
    server.says(status, {"content-type": "application/json"}, body)


# --- headers and query ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_headers_and_query_are_sent_with_what_the_environment_says(
    server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", TEAM_KEY)
    answering(server)
    endpoint = endpoint_for(
        "openai", server.url, headers={"X-Team": "search", "X-Portkey-Key": "${TEAM_KEY}", "x-both": "a-${TEAM_KEY}-b"},
        query={"api-version": "2026-01", "code": "${TEAM_KEY}&x"}, user_agent="Mozilla/5.0 (x)",
    )  # fmt: skip
    assert ask(endpoint).text == "Blue"
    (asked,) = server.asked
    sent = {name: asked.headers[name] for name in ("x-team", "x-portkey-key", "x-both", "user-agent", "authorization")}
    assert sent == {
        "x-team": "search", "x-portkey-key": TEAM_KEY, "x-both": f"a-{TEAM_KEY}-b",
        "user-agent": "Mozilla/5.0 (x)", "authorization": f"Bearer {KEY}",
    }  # fmt: skip
    assert asked.path == f"/v1/chat/completions?api-version=2026-01&code={TEAM_KEY}%26x"


@pytest.mark.parametrize("status", [200, 401])
def test_no_value_of_the_environment_is_seen_again(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEAM_KEY", TEAM_KEY)
    said = f"You sent {TEAM_KEY} and {KEY}, as %70k-team-9876543210fedcba"
    body = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}], "error": None}
    answering(server, status, json.dumps(body if status == 200 else {"error": {"message": said}}).encode())
    reply = ask(endpoint_for("openai", server.url, headers={"x-k": "${TEAM_KEY}"}, query={"k": "${TEAM_KEY}"}))
    shown = repr(reply) + caplog.text
    assert "9876543210" not in shown and KEY not in shown
    assert reply.answered == (status == 200)


def test_an_unset_variable_is_a_missing_key_and_nothing_is_sent(server: WireServer) -> None:
    reply = ask(endpoint_for("openai", server.url, headers={"x-k": "${NOT_SET_ANYWHERE}"}))
    assert (reply.error, "NOT_SET_ANYWHERE is not set" in reply.error_detail) == ("missing_key", True)
    assert server.asked == []


def test_what_the_environment_holds_and_where_the_key_is_from_begin_no_new_epoch() -> None:
    usual = declared(headers={"x-beta": "${BETA}", "x-team": "a"}, query={"v": "1"})
    same = [
        declared(headers={"X-Team": "a", "X-Beta": "${OTHER}"}, query={"v": "1"}),
        declared(headers=usual.headers, query=usual.query, api_key_file="k", auth="api-key", user_agent="x"),
        declared(headers=usual.headers, query=usual.query, client_cert="c", ca_file="f", api_key_command=("a",)),
    ]
    other = [
        declared(headers={"x-beta": "${BETA}", "x-team": "b"}, query={"v": "1"}),
        declared(headers={"x-beta": "${BETA}", "x-group": "a"}, query={"v": "1"}),
        declared(headers={"x-beta": "on-${BETA}", "x-team": "a"}, query={"v": "1"}),
        declared(headers=usual.headers, query={"v": "2"}),
        declared(headers=usual.headers, query=usual.query, api_version="2"),
        declared(),
    ]
    assert {one.content_hash for one in same} == {usual.content_hash}
    assert len({usual.content_hash, *(one.content_hash for one in other)}) == len(other) + 1


def test_an_endpoint_without_any_of_this_keeps_its_hash() -> None:
    assert declared(base_url="http://x/v1", parameters={"temperature": 1}).content_hash == "bab7928e6afd846c"


def test_a_changed_copy_has_a_hash_of_its_own() -> None:
    before = declared(model="m-1")
    known = before.content_hash
    for deep in (False, True):
        assert before.model_copy(update={"model": "m-2"}, deep=deep).content_hash == declared(model="m-2").content_hash
        assert before.model_copy(deep=deep) == before
    assert before.content_hash == known
    asked = PROBE.content_hash
    assert PROBE.model_copy(update={"prompt": "Another?"}).content_hash != asked == PROBE.content_hash


# --- how the key is sent ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ({}, {"authorization": "Bearer k"}),
        ({"base_url": "https://res.openai.azure.com/openai/v1"}, {"api-key": "k"}),
        ({"base_url": "https://res.openai.azure.us/openai/v1"}, {"api-key": "k"}),
        ({"base_url": "https://x.azure.com.evil.example"}, {"authorization": "Bearer k"}),
        ({"base_url": "https://res.openai.azure.com/openai/v1", "auth": "bearer"}, {"authorization": "Bearer k"}),
        ({"provider": "anthropic"}, {"x-api-key": "k"}),
        ({"provider": "anthropic", "api_version": "2026-10-21"}, {"authorization": "Bearer k"}),
        ({"provider": "anthropic", "auth": "bearer"}, {"authorization": "Bearer k"}),
        ({"provider": "google"}, {"x-goog-api-key": "k"}),
        ({"provider": "google", "auth": "bearer"}, {"authorization": "Bearer k"}),
        ({"auth": "x-goog-api-key"}, {"x-goog-api-key": "k"}),
        ({"auth": "none"}, {}),
    ],
)
def test_the_key_is_sent_as_declared_or_as_is_usual_there(fields: dict[str, Any], header: dict[str, str]) -> None:
    assert key_header(declared(**fields), "k") == header


def test_both_versions_of_anthropics_api_are_spoken(server: WireServer) -> None:
    answering(server, 200, json.dumps({"type": "message", "content": [], "stop_reason": "end_turn"}).encode())
    ask(endpoint_for("anthropic", server.url))
    ask(endpoint_for("anthropic", server.url, api_version="2026-10-21"))
    old, new = (asked.headers for asked in server.asked)
    assert (old["anthropic-version"], old["x-api-key"]) == ("2023-06-01", KEY)
    assert (new["anthropic-version"], new["authorization"], "x-api-key" in new) == (
        "2026-10-21", f"Bearer {KEY}", False,
    )  # fmt: skip
    cold = {"provider": "anthropic", "parameters": {"temperature": 0, "max_tokens": 9}}
    assert not refused_parameters(declared(**cold))
    assert list(refused_parameters(declared(**cold, api_version="2026-10-21"))) == ["temperature"]


# --- where the key comes from -----------------------------------------------------------------------------------------


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def printing(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def counting(folder: Path, what: str) -> tuple[str, ...]:
    """A command that notes each run, and prints `what` (an expression in which n is the number of the run)."""
    note = folder / "runs"
    return printing(f"p = open({str(note)!r}, 'a+'); p.write('x'); p.seek(0); n = len(p.read()); print({what})")


def token(expires: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{claims}.c2lnbmVk"


def test_a_key_file_is_read_anew(server: WireServer, tmp_path: Path) -> None:
    answering(server)
    file = tmp_path / "key"
    endpoint = endpoint_for("openai", server.url, api_key_env=None, api_key_file=str(file))
    assert ask(endpoint).error == "missing_key"
    for key in ("first-key-000", "second-key-000"):
        file.write_text(f"{key}\n")
        assert ask(endpoint).text == "Blue"
    assert [asked.headers["authorization"] for asked in server.asked] == [
        "Bearer first-key-000",
        "Bearer second-key-000",
    ]


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"a-key-000\r\n", None),
        (b"\xef\xbb\xbfa-key-000\n", None),
        ("a-key-000\r\n".encode("utf-16"), None),
        (b"  a-key-000 \n\n", None),
        (b"", "is empty; there must be a key"),
        (b"\xef\xbb\xbf\n", "is empty; there must be a key"),
        (b"a-key-000\nb-key-000\n", "holds more than one line; there must be the key alone"),
        ("a-key-\u2026".encode(), "holds characters no key has"),
    ],
)
def test_a_key_file_as_editors_and_shells_write_it(
    server: WireServer, tmp_path: Path, content: bytes, failure: str | None
) -> None:
    answering(server)
    (tmp_path / "key").write_bytes(content)
    reply = ask(endpoint_for("openai", server.url, api_key_env=None, api_key_file=str(tmp_path / "key")))
    if failure is None:
        assert server.asked[0].headers["authorization"] == "Bearer a-key-000"
    else:
        assert reply.error == "missing_key" and failure in reply.error_detail
        assert "a-key" not in reply.error_detail and not server.asked


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "lasts", "good_for"),
    [
        ("f'key-{n}'", None, 600),
        ("f'key-{n}'", "90s", 90),
        ('\'{"accessToken": "key-%d", "expires_on": 5000}\' % n', None, 5000 - 1000 - 60),
        ('\'{"accessToken": "key-%d", "expires_on": "5000"}\' % n', "1m", 60),
        ('\'{"token": "key-%d", "expiration": "1970-01-01T01:00:00Z"}\' % n', None, 3600 - 1000 - 60),
        ('\'{"status": {"token": "key-%d", "expirationTimestamp": "1970-01-01T01:00:00Z"}}\' % n', None, 2540),
    ],
)
def test_a_printed_key_is_kept_until_it_expires(tmp_path: Path, what: str, lasts: str | None, good_for: float) -> None:
    clock = Clock()
    keys = Keys(clock, clock)
    endpoint = declared(api_key_command=counting(tmp_path, what), api_key_lasts=lasts)
    assert keys.key_of(endpoint) == "key-1"
    clock.now = 1000 + good_for - 1
    assert keys.key_of(endpoint) == "key-1"
    clock.now += 2
    assert keys.key_of(endpoint) == "key-2"


def test_a_web_token_says_when_it_expires(tmp_path: Path) -> None:
    clock = Clock()
    keys = Keys(clock, clock)
    endpoint = declared(api_key_command=counting(tmp_path, repr(token(3000))))
    for now, runs in ((1000, 1), (2939, 1), (2941, 2)):  # a minute before
        clock.now = now
        assert keys.key_of(endpoint) == token(3000)
        assert len((tmp_path / "runs").read_text()) == runs


def test_a_refused_key_is_fetched_anew_but_not_for_every_ask(tmp_path: Path) -> None:
    clock = Clock()
    keys = Keys(clock, clock)
    endpoint = declared(api_key_command=counting(tmp_path, "f'key-{n}'"))
    keys.key_of(endpoint)
    keys.refused(endpoint)
    assert keys.key_of(endpoint) == "key-1"
    clock.now += 61
    assert keys.key_of(endpoint) == "key-2"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("no-such-program-here",), "cannot be started (No such file or directory)"),
        (printing("import sys; print('half-a-secret'); sys.exit('whole-secret')"), "ended with exit code 1"),
        (printing("print()"), "is empty"),
        (printing("print('two words\\nand a line')"), "holds more than one line"),
        (printing("print('{}')"), "printed JSON without a text"),
    ],
)
def test_a_command_without_a_key_says_why_and_shows_nothing_it_printed(command: tuple[str, ...], reason: str) -> None:
    found = Keys().key_of(declared(api_key_command=command))
    assert isinstance(found, NoKey) and reason in found.reason and "secret" not in found.reason


def test_a_failed_command_is_not_run_for_every_ask(tmp_path: Path) -> None:
    clock = Clock()
    keys = Keys(clock, clock)
    endpoint = declared(api_key_command=counting(tmp_path, "1 / 0"))
    for _ in range(5):
        assert isinstance(keys.key_of(endpoint), NoKey)
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.slow
def test_a_command_that_hangs_is_ended_with_all_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(access, "COMMAND_S", 0.3)
    alive = tmp_path / "alive"
    late = f"import time; time.sleep(1.0); open({str(alive)!r}, 'w')"
    starts = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {late!r}]); time.sleep(60)"
    found = Keys().key_of(declared(api_key_command=printing(starts)))
    assert isinstance(found, NoKey) and "printed no key within 0.3 s" in found.reason
    threading.Event().wait(1.2)
    assert not alive.exists()


def test_nothing_is_read_by_a_shell(tmp_path: Path) -> None:
    found = Keys().key_of(declared(api_key_command=("echo", "$HOME;", "touch", str(tmp_path / "made"))))
    assert isinstance(found, str) and found.startswith("$HOME; touch")
    assert not (tmp_path / "made").exists()


def test_access_names_every_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_KEY", TEAM_KEY)
    monkeypatch.setenv("WIRE_KEY", KEY)
    found = access_of(declared(api_key_env="WIRE_KEY", query={"k": "${TEAM_KEY}"}), Keys())
    assert not isinstance(found, NoKey) and set(found.secrets) == {KEY, TEAM_KEY}


# --- proxies and certificates -----------------------------------------------------------------------------------------


def asked_anew(endpoint: Endpoint, probe: Probe = PROBE) -> Reply:
    """By a provider that reads the environment now."""
    provider = HttpProvider(wire_format)
    try:
        return provider.ask(endpoint, probe, 0, NOW)
    finally:
        provider.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "socks5://user:hunter2@127.0.0.1:1", "ALL_PROXY names a SOCKS proxy"),
        ("HTTP_PROXY", "ftp://user:hunter2@127.0.0.1:1", "HTTP_PROXY is not the address of a proxy"),
        ("http_proxy", "http://user:hunter2@[::1", "http_proxy is not the address of a proxy"),
        ("HTTPS_PROXY", "http://user:hunter2@proxy:port", "HTTPS_PROXY is not the address of a proxy"),
    ],
)
def test_a_bad_proxy_is_a_mistake_of_the_configuration(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        asked_anew(endpoint_for("openai", server.url))
    assert said in str(raised.value) and "hunter2" not in str(raised.value)


def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:hunter2@127.0.0.1:{free_port()}")
    monkeypatch.setenv("WIRE_KEY", KEY)
    reply = asked_anew(endpoint_for("openai", "http://models.example/v1"))
    assert reply.error == "unreachable" and reply.error_detail.startswith("through the proxy of HTTP_PROXY: ")
    assert "hunter2" not in repr(reply)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1 that is its own authority."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, which makes the certificates")
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def secured(made: Path) -> Iterator[str]:
    """The address of a server that wants a client certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "cert.pem", made / "key.pem")
    context.load_verify_locations(made / "cert.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with Quiet(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"https://127.0.0.1:{running.server_address[1]}/v1"
        running.shutdown()


def test_own_authorities_and_client_certificates(
    secured: str, made: Path, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_files(**files: str) -> Reply:
        paths = {name: str(made / file) for name, file in files.items()}
        return asked_anew(endpoint_for("openai", secured, api_key_env=None, **paths))

    assert with_files(ca_file="cert.pem", client_cert="cert.pem", client_key="key.pem").text == "Blue"
    assert with_files(ca_file="cert.pem").error in ("unreachable", "invalid_reply")
    unknown = with_files(client_cert="cert.pem", client_key="key.pem")
    assert unknown.error == "unreachable" and "certificate" in unknown.error_detail.lower()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"ca_file": "missing.pem"}, "cannot be read (No such file or directory)"),
        ({"ca_file": "key.pem"}, "not a certificate"),
        ({"client_cert": "missing.pem"}, "cannot be read (No such file or directory)"),
        ({"client_cert": "key.pem"}, "not a certificate"),
    ],
)
def test_a_bad_certificate_is_a_mistake_of_the_configuration(
    made: Path, server: WireServer, files: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(files))) as raised:
        asked_anew(endpoint_for("openai", server.url, **{name: str(made / file) for name, file in files.items()}))
    assert said in str(raised.value)


def test_endpoints_with_other_certificates_share_no_connection(made: Path, server: WireServer) -> None:
    said: list[int] = []

    def behave(handler: BaseHTTPRequestHandler) -> None:
        said.append(handler.client_address[1])
        handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: %d\r\n\r\n" % len(ANSWER) + ANSWER
        )
        handler.close_connection = False

    server.behave = behave
    provider = HttpProvider(wire_format)
    plain, own = endpoint_for("openai", server.url), endpoint_for("openai", server.url, ca_file=str(made / "cert.pem"))
    replies = [provider.ask(endpoint, PROBE, 0, NOW).text for endpoint in (plain, plain, own, plain)]
    provider.close()
    assert replies == ["Blue"] * 4
    assert said[0] == said[1] == said[3] != said[2]
