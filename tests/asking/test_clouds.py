"""Google's and AWS's own libraries sign in, against servers on this machine: tokens are kept, signatures are right."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from prober.asking import clouds
from prober.loading.declarations import load
from prober.model.declaration import Endpoint
from prober.model.errors import ConfigurationError
from prober.model.reply import Reply
from tests.asking.conftest import PROBE, ask
from tests.asking.wire_server import WireServer

pytestmark = pytest.mark.slow  # the clouds' libraries take a while to load

KEY_ID, SECRET, SESSION = "AKIAEXAMPLE012345678", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY", "FwoGZXIvYXdzEBYaDH+session/token=="
TOKEN = "ya29.local-token-0123456789"
CONVERSE = {"output": {"message": {"content": [{"text": "Teal"}]}}, "stopReason": "end_turn", "usage": {}}
MESSAGE = {"type": "message", "content": [{"type": "text", "text": "Teal"}], "stop_reason": "end_turn"}


def declared(provider: str, url: str, **fields: Any) -> Endpoint:
    return Endpoint.model_validate({"name": "e", "provider": provider, "model": "m", "base_url": url, **fields})


def on_bedrock(url: str, **fields: Any) -> Endpoint:
    provider = fields.pop("provider", "bedrock")
    return declared(provider, url, **{"model": "meta.llama3-v1:0", "auth": "aws", **fields})


def on_vertex(url: str, **fields: Any) -> Endpoint:
    limit = {"parameters": {"max_tokens": 9}}
    return declared("anthropic", url, **{"model": "claude@1", "api_version": "vertex-2023-10-16", **limit, **fields})


# --- AWS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clouds, "AWS", clouds.Aws())
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    values = {
        "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SESSION,
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def signature(path: str, headers: dict[str, str], body: bytes) -> str:
    """AWS's Signature Version 4 of what arrived, in the letters of its documentation."""
    scope = headers["authorization"].partition("Credential=")[2].partition(",")[0].partition("/")[2]
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    address = urlsplit(path)
    canonical = "\n".join(
        ["POST", quote(address.path, safe="/~"), address.query]
        + [f"{name}:{headers[name].strip()}" for name in names]
        + ["", ";".join(names), hashlib.sha256(body).hexdigest()]
    )
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("fields", "path", "answer"),
    [
        ({}, "/v1/model/meta.llama3-v1%3A0/converse", CONVERSE),
        ({"query": {"a": "1"}, "headers": {"x-team": "search"}}, "/v1/model/meta.llama3-v1%3A0/converse?a=1", CONVERSE),
        ({"provider": "anthropic", "api_version": "bedrock-2023-05-31", "auth": None, "parameters": {"max_tokens": 9}},
         "/v1/model/meta.llama3-v1%3A0/invoke", MESSAGE),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("aws")
def test_a_request_to_aws_is_signed(
    server: WireServer, fields: dict[str, Any], path: str, answer: dict[str, Any]
) -> None:
    server.says(200, {"content-type": "application/json"}, json.dumps(answer).encode())
    assert ask(on_bedrock(server.url, **fields)).text == "Teal"
    (asked,) = server.asked
    assert asked.path == path
    assert asked.headers["x-amz-security-token"] == SESSION
    assert f"Credential={KEY_ID}/" in asked.headers["authorization"]
    assert "/eu-west-1/bedrock/aws4_request" in asked.headers["authorization"]
    body = json.dumps(asked.body).encode()
    assert asked.headers["authorization"].endswith(f"Signature={signature(asked.path, asked.headers, body)}")
    assert ("anthropic_version" in asked.body) == (fields.get("provider") == "anthropic")
    assert "model" not in asked.body and "anthropic-version" not in asked.headers


@pytest.mark.usefixtures("aws")
def test_the_region_of_the_address_counts_before_that_of_the_environment() -> None:
    sent, secrets = clouds.AWS.sign("https://bedrock-runtime.us-west-2.amazonaws.com/model/m/converse", b"{}", {})
    assert "/us-west-2/bedrock/" in sent["authorization"]
    assert set(secrets) == {KEY_ID, SECRET, SESSION}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("status", [200, 403])
def test_what_was_signed_with_is_never_seen(server: WireServer, status: int) -> None:
    said = f"The token {SESSION} of {KEY_ID} is invalid"
    answer = {**CONVERSE, "output": {"message": {"content": [{"text": said}]}}} if status == 200 else {"message": said}
    server.says(status, {"content-type": "application/json"}, json.dumps(answer).encode())
    shown = repr(ask(on_bedrock(server.url)))
    assert KEY_ID not in shown and SESSION not in shown and "is invalid" in shown


# --- Google -----------------------------------------------------------------------------------------------------------


class TokenServer:
    """Gives tokens for assertions of a service account."""

    def __init__(self) -> None:
        self.claims: list[dict[str, Any]] = []
        self.lasts_s, self.status = 3600, 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                claims = form["assertion"][0].split(".")[1]
                outer.claims.append(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))))
                said = {"access_token": TOKEN, "expires_in": outer.lasts_s, "error": "invalid_grant"}
                self.send_response(outer.status)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(said).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/token"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture(scope="session")
def private_key() -> str:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, which makes the key of a service account")
    return subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True, text=True).stdout


@pytest.fixture
def google(private_key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TokenServer]:
    running = TokenServer()
    account = {
        "type": "service_account", "client_email": "prober@my-project.iam.gserviceaccount.com", "private_key_id": "1",
        "private_key": private_key, "token_uri": running.url, "project_id": "my-project",
    }  # fmt: skip
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    monkeypatch.setattr(clouds, "GOOGLE", clouds.Google())
    yield running
    running.http.shutdown()
    running.http.server_close()


def test_a_token_of_google_is_fetched_once_and_sent_as_a_bearer(server: WireServer, google: TokenServer) -> None:
    server.says(200, {"content-type": "application/json"}, json.dumps(MESSAGE).encode())
    for _ in range(3):
        assert ask(on_vertex(server.url)).text == "Teal"
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {TOKEN}"}
    (claims,) = google.claims
    assert claims["iss"] == "prober@my-project.iam.gserviceaccount.com" and claims["scope"] == clouds.SCOPE
    asked = server.asked[0]
    assert asked.path == "/v1/models/claude%401:rawPredict"
    assert asked.body["anthropic_version"] == "vertex-2023-10-16" and "model" not in asked.body


def test_a_token_that_is_about_to_expire_is_renewed(server: WireServer, google: TokenServer) -> None:
    google.lasts_s = 1
    server.says(200, {"content-type": "application/json"}, json.dumps(MESSAGE).encode())
    for _ in range(2):
        ask(on_vertex(server.url))
    assert len(google.claims) == 2


@pytest.mark.parametrize("status", [400, 500])
def test_no_token_is_a_missing_key_without_its_words(server: WireServer, google: TokenServer, status: int) -> None:
    google.status = status
    reply = ask(on_vertex(server.url))
    assert reply.error == "missing_key" and "sign in again" in reply.error_detail
    assert TOKEN not in repr(reply) and server.asked == []


# --- what is missing --------------------------------------------------------------------------------------------------


def replied(endpoint: Endpoint) -> Reply:
    return ask(endpoint, PROBE)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("auth", "module", "extra"), [("aws", "botocore.session", "bedrock"), ("google", "google.auth", "vertex")]
)
def test_without_the_extra_it_is_said_what_to_install(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, auth: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(clouds, "GOOGLE", clouds.Google())
    reply = replied(on_bedrock(server.url, auth=auth))
    assert reply.error == "missing_library" and f"pip install 'canary-prober[{extra}]'" in reply.error_detail
    assert server.asked == []


@pytest.mark.usefixtures("aws")
def test_without_credentials_it_is_said_where_they_come_from(
    server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    reply = replied(on_bedrock(server.url))
    assert (reply.error, "run aws configure" in reply.error_detail) == ("missing_key", True)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/account.json")
    monkeypatch.setattr(clouds, "GOOGLE", clouds.Google())
    reply = replied(on_vertex(server.url))
    assert (reply.error, "gcloud auth application-default login" in reply.error_detail) == ("missing_key", True)
    assert server.asked == []


def test_a_library_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "WITHIN_S", 0.01)
    never = threading.Event()
    with pytest.raises(clouds.NoCredentials, match="were not there within"):
        clouds.within("AWS's credentials", never.wait)
    never.set()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"provider": "bedrock", "auth": "aws"}, "base_url: is missing"),
        ({"provider": "bedrock", "base_url": "https://b.example", "stream": True, "auth": "aws"}, ""),
        ({"provider": "bedrock", "base_url": "https://b.example/model/m/converse", "auth": "aws"}, "base_url: the prober appends"),
        ({"provider": "google", "base_url": "https://b.example/v1", "auth": "google", "api_key_env": "K"}, "api_key_env: auth: google takes no key"),
        ({"provider": "google", "base_url": "http://b.example/v1", "auth": "google"}, "base_url: would send the key unencrypted"),
        ({"provider": "google", "base_url": "https://b.example/v1", "auth": "google", "headers": {"Authorization": "x"}}, "headers.Authorization: "),
        ({"provider": "anthropic", "api_version": "vertex-2023-10-16", "parameters": {"max_tokens": 9}}, "base_url: is missing"),
        ({"provider": "bedrock", "auth": "aws", "base_url": "https://b.example", "parameters": {"toolConfig": {}}}, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_its_field(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    (tmp_path / "endpoints.yaml").write_text(json.dumps({"endpoints": {"bot": {"model": "m", **fields}}}))
    (tmp_path / "set.yaml").write_text(
        "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes: [{id: a, prompt: P.}]\n"
    )
    if not message:
        assert load(tmp_path).endpoints
        return
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path)
    assert f"endpoints.bot.{message}" in str(raised.value)
