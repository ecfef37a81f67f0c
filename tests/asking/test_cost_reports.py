"""Cost reports of providers over HTTP: what they say, page by page, and every way in which they cannot be read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from prober.asking import cost_reports
from prober.asking.cost_reports import CostReportError, read_report
from prober.model.bill import BilledAccount

SINCE = datetime(2026, 2, 27, 13, 45, tzinfo=UTC)
SECRET = "sk-admin-9f8e7d6c5b4a39281706"


@dataclass
class Reports:
    """A server that answers as it is told, and remembers what it was asked."""

    answer: Callable[[dict[str, list[str]]], tuple[int, object]] = lambda query: (200, {"data": []})
    asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)
    hangs: threading.Event | None = None
    url: str = ""


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reports]:
    told, over = Reports(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = parse_qs(address.query)
            told.asked.append((address.path, query, {name.lower(): value for name, value in self.headers.items()}))
            status, said = told.answer(query)
            if said is None:
                over.wait()
                return
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response_only(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    monkeypatch.setenv("ADMIN_KEY", SECRET)
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield told
        over.set()
        server.shutdown()


def account(reports: Reports, provider: str, **given: Any) -> BilledAccount:
    content = {"provider": provider, "admin_key_env": "ADMIN_KEY", "base_url": reports.url, **given}
    return BilledAccount.model_validate(content)


def openai(day: int, *values: object, currency: object = "usd") -> dict[str, object]:
    began = int(datetime(2026, 2, day, tzinfo=UTC).timestamp())
    results = [
        {"object": "organization.costs.result", "amount": {"value": one, "currency": currency}} for one in values
    ]
    return {"object": "bucket", "start_time": began, "end_time": began + 86_400, "results": results}


def anthropic(day: int, *amounts: object, currency: object = "USD") -> dict[str, object]:
    results = [{"currency": currency, "amount": one, "cost_type": "tokens"} for one in amounts]
    return {"starting_at": f"2026-02-{day}T00:00:00Z", "ending_at": f"2026-02-{day + 1}T00:00:00Z", "results": results}


def page(*buckets: object, next_page: object = None) -> dict[str, object]:
    return {"data": list(buckets), "has_more": next_page is not None, "next_page": next_page}


def test_openai_is_asked_by_page_and_amounts_are_dollars_as_numbers_or_text(reports: Reports) -> None:
    pages = {"": page(openai(26, 0.5, "0.25"), next_page="p2"), "p2": page(openai(27, 1, 2.5), openai(28))}
    reports.answer = lambda query: (200, pages[query.get("page", [""])[0]])
    days = read_report(account(reports, "openai"), SINCE)
    assert [(one.day, one.dollars, one.low, one.high) for one in days] == [
        ("2026-02-26", 0.75, 0.75, 0.75), ("2026-02-27", 3.5, 3.5, 3.5), ("2026-02-28", 0.0, 0.0, 0.0),
    ]  # fmt: skip
    (path, query, headers), (_, second, _) = reports.asked
    midnight = str(int(datetime(2026, 2, 27, tzinfo=UTC).timestamp()))
    assert path == "/v1/organization/costs" and headers["authorization"] == f"Bearer {SECRET}"
    assert query == {"start_time": [midnight], "bucket_width": ["1d"], "limit": ["31"]}
    assert second == {**query, "page": ["p2"]}


def test_anthropic_is_asked_by_page_and_amounts_are_cents_as_text(reports: Reports) -> None:
    pages = {"": page(anthropic(26, "123.45", "0.55"), next_page="p2"), "p2": page(anthropic(26, "100"), anthropic(27))}
    reports.answer = lambda query: (200, pages[query.get("page", [""])[0]])
    days = read_report(account(reports, "anthropic", base_url=f"{reports.url}/v1/"), SINCE)
    assert [(one.day, one.dollars) for one in days] == [("2026-02-26", 2.24), ("2026-02-27", 0.0)]
    path, query, headers = reports.asked[0]
    assert path == "/v1/organizations/cost_report" and headers["x-api-key"] == SECRET
    assert headers["anthropic-version"] == "2023-06-01"
    assert query == {"starting_at": ["2026-02-27T00:00:00Z"], "bucket_width": ["1d"], "limit": ["31"]}


def test_a_bucket_of_another_time_zone_is_of_its_day_in_utc(reports: Reports) -> None:
    bucket = {**anthropic(27, "100"), "starting_at": "2026-02-27T01:00:00+02:00"}
    reports.answer = lambda query: (200, page(bucket))
    assert [one.day for one in read_report(account(reports, "anthropic"), SINCE)] == ["2026-02-26"]


DOCUMENTED = "invalid_reply: the report is not as the provider documents it: "
FIX = "; check that base_url leads to the provider itself and that the prober is up to date, or remove the account"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "status", "said", "why"),
    [
        ("openai", 401, {"error": {"message": f"Incorrect API key provided: {SECRET}"}},
         "the key in ADMIN_KEY is refused (HTTP 401); it must be an admin key of the organisation"),
        ("anthropic", 403, {}, "the key in ADMIN_KEY may not read costs (HTTP 403); it must be an admin key of the "
         "organisation"),
        ("openai", 404, b"<html>", "there is no cost report at this address (HTTP 404); check base_url"),
        ("anthropic", 429, {}, "too many requests (HTTP 429); it is asked again next time"),
        ("openai", 503, b"", "HTTP 503: the provider gave no report; it is asked again next time"),
        ("openai", 302, b"", "HTTP 302: redirects are refused; write the final address as base_url"),
        ("openai", 200, b"<html>", f"{DOCUMENTED}not JSON"),
        ("openai", 200, b"[" * 100_000, f"{DOCUMENTED}not JSON"),
        ("openai", 200, [], f"{DOCUMENTED}no list under data"),
        ("openai", 200, {"data": {}}, f"{DOCUMENTED}no list under data"),
        ("openai", 200, page("x"), f"{DOCUMENTED}no list under data[0].results"),
        ("openai", 200, page({"results": []}), f"{DOCUMENTED}data[0] does not say when it began"),
        ("openai", 200, page({**openai(26), "start_time": 10**30}), f"{DOCUMENTED}data[0] does not say when it began"),
        ("anthropic", 200, page({"results": [], "starting_at": "soon"}),
         f"{DOCUMENTED}data[0] does not say when it began"),
        ("openai", 200, page(openai(26, 1), openai(27, 1, 2, currency="eur")),
         f"{DOCUMENTED}data[1].results[0] is not in US dollars"),
        ("anthropic", 200, page(anthropic(26, "1", currency=None)),
         f"{DOCUMENTED}data[0].results[0] is not in US dollars"),
        *(("anthropic", 200, page(anthropic(26, "1", bad)), f"{DOCUMENTED}the amount of data[0].results[1] is no number")
          for bad in ("", "NaN", "-Infinity", "1e999", "1e9999999", "one", None, True, [1], "1" * 40)),
        ("openai", 200, b'{"data": [{"start_time": 1, "results": [{"amount": {"value": NaN, "currency": "usd"}}]}]}',
         f"{DOCUMENTED}the amount of data[0].results[0] is no number"),
        *(("openai", 200, b'{"data": [{"start_time": 1, "results": [{"amount": {"value": %s, "currency": "usd"}}]}]}' % bad,
           DOCUMENTED + why)
          for bad, why in ((b"1e999999999", "the amount of data[0].results[0] is no number"),
                           (b"1e99999999999999999999", "not JSON"))),
        ("openai", 200, page(openai(26), next_page="again"), f"{DOCUMENTED}next_page names no further page"),
        ("openai", 200, page(openai(26), next_page=7), f"{DOCUMENTED}next_page names no further page"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_without_the_key(
    reports: Reports, provider: str, status: int, said: object, why: str
) -> None:
    reports.answer = lambda query: (status, said)
    with pytest.raises(CostReportError) as raised:
        read_report(account(reports, provider), SINCE)
    why += FIX if why.startswith(DOCUMENTED) else ""
    assert str(raised.value) == why and SECRET not in repr(raised.value)


def test_pages_without_end_are_read_up_to_a_limit(reports: Reports) -> None:
    reports.answer = lambda query: (200, page(openai(26), next_page=f"p{len(reports.asked)}"))
    with pytest.raises(CostReportError, match="more than 50 pages"):
        read_report(account(reports, "openai"), SINCE)


def test_pages_are_bounded_all_together(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_reports, "MOST_BYTES", 500)
    reports.answer = lambda query: (200, page(openai(26), next_page=f"p{len(reports.asked)}"))
    with pytest.raises(CostReportError, match=r"^too_large: "):
        read_report(account(reports, "openai"), SINCE)
    assert len(reports.asked) > 1


def test_a_server_that_never_answers_is_left_at_the_deadline(reports: Reports) -> None:
    reports.answer = lambda query: (200, None)
    with pytest.raises(CostReportError, match=r"^timeout: "):
        read_report(account(reports, "openai"), SINCE, most_s=0.2)


@pytest.mark.parametrize("end", ["\nx: y", "é", *(pytest.param(one, marks=pytest.mark.slow) for one in "\r…")])
def test_a_key_that_cannot_be_sent_is_not_shown(reports: Reports, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setenv("ADMIN_KEY", f"{SECRET}{end}{SECRET}")
    with pytest.raises(CostReportError, match=r"^unreachable: a header holds characters that cannot be sent") as raised:
        read_report(account(reports, "openai"), SINCE)
    assert SECRET not in repr(raised.value) and reports.asked == []


def test_a_key_that_is_not_set_and_a_server_that_is_not_there_are_said(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CostReportError, match=r"^unreachable: "):
        read_report(account(reports, "openai", base_url="http://127.0.0.1:1"), SINCE)
    monkeypatch.delenv("ADMIN_KEY")
    with pytest.raises(CostReportError, match="the environment variable ADMIN_KEY is not set where the prober runs"):
        read_report(account(reports, "openai"), SINCE)
    assert reports.asked == []
