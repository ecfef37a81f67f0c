"""The generic webhook, over real HTTP."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from prober.alerts.keys import notice_key
from prober.alerts.webhook import WebhookAlerter, open_webhook, payload, signature
from prober.incidents.events import EVENTS
from prober.model.errors import ConfigurationError
from prober.model.notice import ChangeNews, Outcome
from prober.settings import Settings
from tests.alerts.hook import Hook
from tests.alerts.notices import HOSTILE, NAMED, PLAIN, any_notice, edited

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "webhook.md"


def alerter(hook: Hook, secret: str | None = None) -> WebhookAlerter:
    return WebhookAlerter(hook.url, secret, now=lambda: NOW, timeout_s=0.5 if hook.status == 0 else 30.0)


@pytest.mark.parametrize("notice", [PLAIN, HOSTILE], ids=["plain", "hostile"])
def test_a_notice_is_one_json_post(hook: Hook, notice) -> None:
    assert alerter(hook).send(notice) == Outcome(True, "sent", receipt=notice_key(notice))
    [(path, headers, body)] = hook.received
    assert path == "/hook?key=not-a-real-secret"
    assert json.loads(body) == payload(notice)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Prober-Notice"] == json.loads(body)["id"]
    assert "X-Prober-Signature" not in headers


def test_a_secret_signs_time_and_body_as_the_document_says(hook: Hook) -> None:
    assert alerter(hook, "k€y").send(PLAIN).sent
    [(_, headers, body)] = hook.received
    assert headers["X-Prober-Timestamp"] == str(int(NOW.timestamp()))
    [example] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    documented: dict[str, object] = {}
    exec(example, documented)
    genuine = documented["genuine"]
    given = (headers["X-Prober-Timestamp"], body, headers["X-Prober-Signature"])
    assert genuine("k€y", *given)  # type: ignore[operator]
    assert not genuine("other", *given)  # type: ignore[operator]
    assert not genuine("k€y", "1", *given[1:])  # type: ignore[operator]
    assert not genuine("k€y", given[0], body + b" ", given[2])  # type: ignore[operator]


def test_the_signature_is_what_openssl_says() -> None:
    # printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
    expected = "a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03"
    assert signature("key", "1700000000", b'{"a":1}') == expected


def test_two_tries_carry_one_key(hook: Hook) -> None:
    alerter(hook).send(PLAIN)
    alerter(hook).send(edited(PLAIN, attempts=1))
    assert hook.received[0][1]["X-Prober-Notice"] == hook.received[1][1]["X-Prober-Notice"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, Outcome(True, "sent", receipt=notice_key(PLAIN))),
        (429, Outcome(False, "rate_limited", retry_after_s=9.0)),
        (503, Outcome(False, "server_error: 503", retry_after_s=9.0)),
        (408, Outcome(False, "http_408")),
        (400, Outcome(False, "http_400", permanent=True)),
        (403, Outcome(False, "http_403", permanent=True)),
        (404, Outcome(False, "http_404", permanent=True)),
        (410, Outcome(False, "http_410", permanent=True)),
        (0, Outcome(False, "timeout")),
        (-1, Outcome(False, "connection_lost")),
    ],
)
def test_every_answer_has_its_outcome(hook: Hook, status: int, outcome: Outcome) -> None:
    hook.status, hook.headers = status, {"Retry-After": "9"}
    assert alerter(hook).send(PLAIN) == outcome
    assert len(hook.received) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(hook: Hook, status: int) -> None:
    hook.status, hook.headers = status, {"Location": "/elsewhere"}
    assert alerter(hook).send(PLAIN) == Outcome(False, f"redirected: {status}; write the final address", permanent=True)
    assert len(hook.received) == 1


def test_nobody_listening_is_unreachable() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        url = f"http://127.0.0.1:{gone.server_address[1]}/"
    assert WebhookAlerter(url, None).send(PLAIN) == Outcome(False, "unreachable")


@pytest.mark.parametrize(
    "url",
    [
        "example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "http://a b/",
        "http://a.example:0/",
        "http://u:p@a.example/",
    ],
)
def test_an_address_that_cannot_be_posted_to_is_refused_unshown(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^PROBER_WEBHOOK_URL is not an address") as caught:
        open_webhook(Settings(webhook_url=url))  # type: ignore[arg-type]
    assert url not in str(caught.value)


def test_a_secret_without_an_address_is_half_a_configuration() -> None:
    with pytest.raises(ConfigurationError, match="PROBER_WEBHOOK_URL is not; set the address"):
        open_webhook(Settings(webhook_secret="s"))  # type: ignore[arg-type]


def test_without_an_address_there_is_no_webhook() -> None:
    assert open_webhook(Settings()) is None
    assert open_webhook(Settings(webhook_url="", webhook_secret="")) is None  # type: ignore[arg-type]


def test_the_alerter_shows_neither_address_nor_secret() -> None:
    opened = open_webhook(Settings(webhook_url="https://a.example/token", webhook_secret="hush"))  # type: ignore[arg-type]
    assert opened is not None
    assert "token" not in repr(opened) and "hush" not in repr(opened)


@pytest.mark.parametrize("notice", NAMED.values(), ids=NAMED)
def test_only_a_change_says_how_often_chance_would_do_it(notice) -> None:
    about = payload(notice)["evidence"]["words"]
    assert about.startswith("by chance ") if isinstance(notice.about, ChangeNews) else about == ""


def test_the_document_names_every_key_of_the_body() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for key, value in payload(NAMED["digest"]).items():
        names = [f"{key}.{inner}" for inner in value] if isinstance(value, dict) else [key]
        names += list(value[0]) if isinstance(value, list) and value else []
        assert [name for name in names if f"`{name}`" not in text] == []


SCHEMA = json.loads((DOCUMENT.parents[1] / "webhook.schema.json").read_text(encoding="utf-8"))


def closed(schema: object) -> object:
    """The schema, with every key refused that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in schema else inner


TAKEN = Draft202012Validator(closed(SCHEMA))


@pytest.mark.slow
@pytest.mark.parametrize("notice", NAMED.values(), ids=NAMED)
def test_the_schema_is_what_is_sent(notice) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    TAKEN.validate(payload(notice))


@given(any_notice())
@pytest.mark.slow
def test_whatever_is_in_it_keeps_to_the_schema(notice) -> None:
    TAKEN.validate(json.loads(json.dumps(payload(notice), allow_nan=False)))


def test_the_document_and_the_schema_name_every_event() -> None:
    assert set(SCHEMA["properties"]["event"]["enum"]) == set(EVENTS)
    listed = re.findall(r"`(\w+)`", DOCUMENT.read_text(encoding="utf-8").split("### Events")[1].split("Replies are")[0])
    assert set(EVENTS) <= set(listed)
