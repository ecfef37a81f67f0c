"""What the addresses answer."""

from __future__ import annotations

import functools
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest

from prober.api.app import ROUTES, application
from prober.api.guard import Entry
from prober.api.listener import listening
from prober.api.public_page import MEANINGS, badge, status_page
from prober.api.source import Source
from prober.cli import main
from prober.loading.samples import rules_in
from prober.model.errors import ConfigurationError
from prober.settings import Settings
from prober.status.endpoint_status import endpoint_statuses
from prober.status.strip import stored_strips
from prober.store import Store, declared, samples, versions
from tests.api.conftest import Ask, asker
from tests.cli.world import declarations, due
from tests.dashboard import canned


def test_endpoints_are_those_of_status_json(ask: Ask, database: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "--json", "--database", database])
    printed = json.loads(capsys.readouterr().out)["endpoints"]
    served = ask("/v1/endpoints").json["endpoints"]
    assert [one["verdict"] for one in served] == ["unknown"]
    assert served == printed
    assert ask("/v1/endpoints/swapped").json == printed[0]
    assert ask("/v1/endpoints/none").status == 404


def test_health_of_an_endpoint(ask: Ask) -> None:
    found = ask("/v1/endpoints/swapped/health")
    assert (found.status, found.headers["content-type"]) == (200, "application/health+json")
    assert (found.json["status"], found.json["serviceId"]) == ("warn", "swapped"), "its verdict is unknown"
    assert ask("/v1/endpoints/none/health").status == 404


def test_an_answer_the_client_has_is_304(ask: Ask) -> None:
    first = ask("/v1/endpoints/swapped")
    again = ask("/v1/endpoints/swapped", if_none_match=f'"other", {first.headers["etag"]}')
    assert (first.status, again.status, again.body) == (200, 304, b"")
    assert ask("/v1/endpoints/swapped", if_none_match='"other"').status == 200


def test_marks(ask: Ask, database: str) -> None:
    body = json.dumps({"kind": "deploy", "what": "shop", "ref": "4f2a9c1", "by": "ci"}).encode()
    done = ask("/v1/marks", "POST", body, content_type="application/json")
    assert (done.status, done.json["mark"]["ref"]) == (201, "4f2a9c1")
    with Store.open(database, read_only=True) as store:
        assert [(one.what, one.actor, one.at) for one in store.query(versions.marks)] == [("shop", "ci", due(1))]


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        ("{}", "application/json", 422, "kind"),
        ('{"kind": "deploy", "what": "a\\nb"}', "application/json", 422, "what"),
        ('{"kind": "deploy", "what": "shop"}', "application/json", 409, "ref is missing"),
        ('{"kind": "deploy", "what": "shop", "ref": "1", "x": 1}', "application/json", 422, "x"),
        ('{"kind": "deploy", "what": "shop", "ref": "1"}', "text/plain", 415, "application/json"),
        (" " * 1_000_001, "application/json", 413, "bytes"),
    ],
)
def test_what_is_no_mark(ask: Ask, body: str, kind: str, status: int, said: str) -> None:
    done = ask("/v1/marks", "POST", body.encode(), content_type=kind)
    assert (done.status, done.headers["content-type"]) == (status, "application/problem+json")
    assert said in done.json["detail"]


@pytest.mark.slow
def test_samples(ask: Ask, database: str) -> None:
    sample = {"endpoint": "bot", "prompt": "Mail ada@example.org", "text": "Done."}
    body = json.dumps({"feature": "support", "samples": [sample]}).encode()
    done = ask("/v1/samples", "POST", body, content_type="application/json")
    assert (done.status, done.json["taken"]["stored"]) == (202, 1)
    with Store.open(database, read_only=True) as store:
        assert [(one.name, one.stored) for one in store.query(samples.features)] == [("support", 1)]
    body = json.dumps({"samples": [{**sample, "scores": 3}]}).encode()
    assert "samples:1" in ask("/v1/samples", "POST", body, content_type="application/json").json["detail"]


def test_samples_are_kept_as_the_rules_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samples.yaml").write_text("keep: text\nper_minute: 1\n")
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    source = Source(url, lambda: due(1), rules_in(tmp_path / "samples.yaml"))
    service = asker(application(source, Entry(None, frozenset({"localhost"}))))
    every = [{"endpoint": "bot", "prompt": "Mail ada@example.org", "text": f"Done {n}."} for n in range(3)]
    body = json.dumps({"feature": "support", "samples": every}).encode()
    taken = service("/v1/samples", "POST", body, content_type="application/json").json["taken"]
    assert (taken["stored"], taken["dropped"]) == (1, 2)
    with Store.open(url, read_only=True) as store:
        begin = due(1) - timedelta(days=1)
        (kept,) = store.query(samples.drawn, "bot", "support", begin, begin + timedelta(days=2), 9)
    assert kept.text == "Done 0."
    monkeypatch.delenv("PROBER_SAMPLES_KEY", raising=False)
    (tmp_path / "hashed.yaml").write_text("replace_by: hash\n")
    for file, said in (("hashed.yaml", "PROBER_SAMPLES_KEY"), ("none.yaml", "none.yaml")):
        with (
            pytest.raises(ConfigurationError, match=said),
            listening("127.0.0.1:0", Settings(database_url=url), lambda: due(1), rules=tmp_path / file),
        ):
            pass


def test_every_address_is_described_and_no_other(ask: Ask) -> None:
    document = ask("/openapi.json").json
    described = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert described == {(one.path, one.method) for one in ROUTES}
    for reference in re.findall(r'"\$ref": "#/([^"]*)"', json.dumps(document)):
        functools.reduce(lambda part, name: part[name], reference.split("/"), document)  # KeyError: it leads nowhere


def test_without_a_database(tmp_path: object) -> None:
    ask = asker(
        application(Source(f"sqlite:///{tmp_path}/none.db", lambda: due(1)), Entry(None, frozenset({"localhost"})))
    )
    assert ask("/healthz").status == 200
    assert (ask("/readyz").status, ask("/v1/endpoints").status) == (503, 503)
    assert b"prober_database_up 0.0" in ask("/metrics").body


def test_the_public_page_shows_names_states_severities_times_and_nothing_else() -> None:
    world = canned.all_states()
    statuses = endpoint_statuses(tuple(map(_marked, world.endpoint_views)), world.round_views, (), canned.NOW)
    statuses = tuple(replace(one, why="SECRET why") for one in statuses)
    page = status_page(statuses, world.query(stored_strips, canned.NOW.date()), canned.NOW)
    badges = "".join(map(badge, statuses))
    assert "SECRET" not in page + badges
    for one in statuses:
        assert escape(one.name) in page
        assert one.name in badges or escape(one.name) in badges
    assert {one.state for one in statuses} >= {"changed", "unreachable", "quiet"}
    assert all(f">{one.state}</b>" in page and MEANINGS[one.state] in page for one in statuses)
    assert page.index(">unreachable</b>") < page.index(">changed</b>") < page.index(">quiet</b>"), "worst first"
    paused = replace(statuses[0], state="paused", paused_until=canned.NOW + timedelta(hours=2))
    assert f" until {canned.NOW + timedelta(hours=2):%Y-%m-%d %H:%M} UTC" in status_page([paused], {}, canned.NOW)
    assert " until " not in page
    assert "1 day changed" in page or "2 days changed" in page, "the strip is read aloud"


@pytest.mark.parametrize(
    ("state", "verdict", "shown"),
    [
        ("unreachable", "unknown", "not asked"),
        ("unreachable", "unreachable", "unreachable"),
        ("paused", "unknown", "paused"),
    ],
)
def test_what_we_cannot_ask_is_not_called_unreachable_in_public(state: Any, verdict: Any, shown: Any) -> None:
    world = canned.all_states()
    [one, *_] = endpoint_statuses(world.endpoint_views, world.round_views, (), canned.NOW)
    one = replace(one, state=state, verdict=verdict)
    page, picture = status_page([one], {}, canned.NOW), badge(one)
    assert f">{shown}</b><small>{MEANINGS[shown]}" in page and f"1 endpoint: 1 {shown}." in page
    assert f": {shown}</title>" in picture and f">{shown}</text>" in picture
    assert ("unreachable" in page + picture) is (shown == "unreachable")
    assert (MEANINGS["unreachable"] in page) is (shown == "unreachable")


KEPT = {"name", "endpoint", "state", "severity", "onset", "round", "label", "kind", "last_round", "suspected_since"}


def _marked(value: Any, name: str = "") -> Any:
    """With SECRET in every text but those that states and times are worked out of."""
    if isinstance(value, str):
        return value if name in KEPT or not value else f"SECRET {value}"
    if isinstance(value, tuple):
        return tuple(_marked(one, name) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _marked(getattr(value, one.name), one.name) for one in fields(value)})
    return value


@pytest.mark.slow
def test_the_public_page_and_the_badge_hold_no_text_of_replies(database: str) -> None:
    [endpoint] = declarations().endpoints
    hostile = endpoint.model_copy(update={"name": '<b>&"x', "model": "secret-model"})
    with Store.open(database) as store:
        store.change(declared.remember, (), [hostile], due(0) + timedelta(hours=1))
    ask = asker(application(Source(database, lambda: due(1)), Entry(None, frozenset({"localhost"}))))
    page = ask("/status")
    assert "&lt;b&gt;&amp;" in page.body.decode()
    assert "secret-model" not in page.body.decode()
    assert not re.search(r"<script|<b>&", page.body.decode())
    assert "default-src 'none'" in page.headers["content-security-policy"]
    badge = ask('/badge/<b>&"x.svg')
    assert badge.headers["content-type"] == "image/svg+xml"
    texts = [one.text for one in ElementTree.fromstring(badge.body).iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ['<b>&"x', "gathering"]
