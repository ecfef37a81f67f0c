"""Retirement: dates from lists, replies and packages; which counts; and warnings, each given once."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prober.asking import ListsModels, open_provider
from prober.asking.headers import kept
from prober.asking.model_lists import Listing, listing, packaged
from prober.incidents.retirement import announced, counts, warning_due
from prober.incidents.routing import Routing
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.retirement import Retirement, Retiring, date_of
from prober.service.retirement import look, warn
from prober.status.retirement import calendar, retiring
from prober.store import Store, declared, notices, retirements

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOT = Endpoint(name="bot", provider="openai", model="m-1")
SET = ProbeSet(
    name="canary", owner="team", endpoints=("bot",), schedule=Schedule(every="1d"), probes=(Probe(id="a", prompt="Hi"),)
)
OURS = Retirement("m-1", date(2026, 4, 25), "shutdown", "model_list", "shutdown_date of the model list", "m-2")


@pytest.mark.parametrize(
    ("said", "on"),
    [
        ("2026-10-23", date(2026, 10, 23)),
        ("2026-10-23T23:30:00-02:00", date(2026, 10, 24)),
        ("2026-10-23T00:00:00Z", date(2026, 10, 23)),
        ("Sat, 31 Dec 2026 23:59:59 GMT", date(2026, 12, 31)),
        ("@1767139199", date(2025, 12, 30)),
        (1767139199, date(2025, 12, 30)),
        (1767139199.0, date(2025, 12, 30)),
        (1767139199000, date(2025, 12, 30)),
        *((odd, None) for odd in ("true", True, "", "2026-99-99", "1999-01-01", "soon", None, [], 7, "9" * 400)),
    ],
)
def test_dates_are_read_as_providers_write_them(said: object, on: date | None) -> None:
    assert date_of(said) == on


@pytest.mark.parametrize(
    ("page", "kind", "on", "successor"),
    [
        ({"data": [{"id": "x"}, {"id": "m-1", "shutdown_date": 1792713600}]}, "shutdown", date(2026, 10, 23), ""),
        ({"models": [{"name": "models/m-1", "retirementTime": "2026-10-23T00:00:00Z"}]}, "shutdown",
         date(2026, 10, 23), ""),
        ({"data": [{"id": "m-1", "deprecation": {"inference": 1792713600}}]}, "shutdown", date(2026, 10, 23), ""),
        ({"data": [{"id": "m", "aliases": ["m-1"], "deprecation": "2026-10-23T12:00:00Z",
                    "deprecation_replacement_model": "m-2"}]}, "deprecation", date(2026, 10, 23), "m-2"),
        ([{"id": "m-1", "deprecation_date": "2026-10-23"}], "deprecation", date(2026, 10, 23), ""),
    ],
)  # fmt: skip
def test_entries_of_model_lists_are_read_under_the_names_of_each_provider(
    page: object, kind: str, on: date, successor: str
) -> None:
    (found,) = listing([page], "m-1").retirements
    assert (found.kind, found.on, found.successor) == (kind, on, successor)


@pytest.mark.parametrize(
    "odd", [None, [], 7, {"data": 7}, {"data": [None, {"id": ["m-1"]}]}, {"data": [{"id": "m-1"}]}]
)
def test_odd_lists_say_nothing(odd: object) -> None:
    assert listing([odd, odd], "m-1").retirements == ()


def test_replies_announce_an_end_in_their_headers_those_passed_on_by_a_gateway_among_them() -> None:
    headers = kept({"sunset": "Sat, 31 Oct 2026 23:59:59 GMT", "llm_provider-deprecation": "@1767139199", "via": "x"})
    found = announced("m-1", [headers, {"body:retirement_time": "2026-10-01T00:00:00Z"}, {}])
    assert [(one.kind, one.on) for one in found] == [
        ("shutdown", date(2026, 10, 1)),
        ("deprecation", date(2025, 12, 30)),
    ]


def test_the_list_of_a_package_is_read_without_importing_it() -> None:
    sonnet = Endpoint(name="s", provider="anthropic", model="claude-2.1")
    found = packaged(sonnet)
    assert any(one.on == date(2025, 7, 21) and one.kind == "shutdown" and one.successor for one in found)
    assert packaged(sonnet.model_copy(update={"base_url": "https://example.org/v1"})) == ()
    assert packaged(sonnet.model_copy(update={"model": "none-such"})) == ()


def test_the_providers_own_shutdown_counts_first() -> None:
    listed = replace(OURS, source="package", on=date(2026, 1, 1))
    deprecated = replace(OURS, kind="deprecation", on=date(2026, 1, 1))
    assert counts([listed, deprecated, OURS]) is OURS
    assert counts([listed, deprecated]) is listed
    assert counts([]) is None


def test_warnings_are_due_at_60_30_and_7_days_and_on_the_day_each_once() -> None:
    due, warned = [], None
    for ahead in range(90, -3, -1):
        one = Retiring("bot", OURS, (), warned)
        if (now := warning_due(one, OURS.on - timedelta(days=ahead))) is not None:
            due.append((ahead, now))
            warned = now
    assert due == [(60, 60), (30, 30), (7, 7), (0, 0)]
    assert warning_due(Retiring("bot", OURS), OURS.on - timedelta(days=20)) == 30, "learnt late: one warning, not two"


def remembered() -> Store:
    store = Store.in_memory()
    store.change(declared.remember, [SET], [BOT], NOW)
    return store


def test_a_date_is_kept_and_people_are_warned_once_and_again_when_it_moves() -> None:
    with closing(remembered()) as store:
        routing = Routing(("log",))
        assert look(store, BOT, lambda _: Listing((OURS,), ("m-1", "m-2")), NOW)
        assert not look(store, BOT, lambda _: pytest.fail("asked twice a day"), NOW + timedelta(hours=3))
        assert warn(store, BOT, routing, NOW) is not None
        assert warn(store, BOT, routing, NOW) is None
        (notice,) = store.query(notices.recent)
        assert (notice.event, notice.reason) == ("retiring", "60_days_ahead")
        assert notice.cause == (
            "m-1 is shut down on 2026-04-25 (in 55 days), according to shutdown_date of the model list; successor m-2. "
            "Compare: prober gate --reference bot --model m-2"
        )
        assert store.query(retirements.listed, "bot") == ("m-1", "m-2")
        sooner = replace(OURS, on=date(2026, 3, 6))
        look(store, BOT, lambda _: Listing((sooner,)), NOW + timedelta(days=1))
        assert warn(store, BOT, routing, NOW + timedelta(days=1)) is not None
        assert [one.reason for one in store.query(notices.recent)] == ["7_days_ahead", "60_days_ahead"]
        look(store, BOT, lambda _: Listing((), ("m-1",)), NOW + timedelta(days=2))
        assert store.query(retiring) == [], "the provider took it back"
        look(store, BOT, lambda _: Listing((OURS,)), NOW + timedelta(days=3))
        look(store, BOT, lambda _: Listing(), NOW + timedelta(days=4))
        assert len(store.query(retiring)) == 1, "a list that could not be read takes nothing back"


@pytest.mark.slow
def test_what_was_said_of_another_model_is_forgotten() -> None:
    with closing(remembered()) as store:
        look(store, BOT, lambda _: Listing((OURS,)), NOW)
        other = BOT.model_copy(update={"model": "m-2"})
        store.change(declared.remember, [SET], [other], NOW)
        assert store.query(retiring) == []
        assert look(store, other, lambda _: Listing(), NOW), "another model is looked up at once"
        assert not store.query(retirements.said)


@pytest.mark.slow
def test_the_calendar_reads_back() -> None:
    from icalendar import Calendar

    hostile = replace(OURS, model="m\r\nBEGIN:VEVENT", successor="ü;,\\" * 40)
    read = Calendar.from_ical(calendar([Retiring("bot", OURS), Retiring("cat", hostile)], NOW))
    events = read.walk("VEVENT")
    assert [one.decoded("dtstart") for one in events] == [OURS.on, OURS.on]
    assert str(events[0]["summary"]) == "bot: m-1 is shut down"
    assert len({str(one["uid"]) for one in events}) == 2
    alarms = [one.decoded("trigger").days for one in events[0].walk("VALARM")]
    assert alarms == [-60, -30, -7]


@pytest.mark.slow
def test_a_server_is_asked_for_its_list_and_then_for_the_models_own_page() -> None:
    seen: list[str] = []
    pages = {"/v1/models": {"data": [{"id": "other"}]}, "/v1/models/m-1": {"id": "m-1", "shutdown_date": "2026-10-23"}}

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            body = json.dumps(pages.get(self.path)).encode()
            self.send_response(200 if self.path in pages else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        endpoint = BOT.model_copy(update={"base_url": f"http://127.0.0.1:{http.server_port}/v1"})
        with closing(open_provider(endpoint)) as provider:
            assert isinstance(provider, ListsModels)
            found = provider.list_models(endpoint)
            assert [one.on for one in found.retirements] == [date(2026, 10, 23)]
            assert found.models == ("other",)
            assert provider.list_models(endpoint.model_copy(update={"model": "other"})).retirements == ()
        http.shutdown()
    assert seen == ["/v1/models", "/v1/models/m-1", "/v1/models"]
