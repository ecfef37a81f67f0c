"""What stands beside the evidence: other endpoints that moved, and how long answers took."""

from __future__ import annotations

import pytest

from dashboard.endpoint import latency, latency_moved
from dashboard.incident import company
from prober.model.notice import Part
from prober.store.pages.page_views import RoundLine
from tests.dashboard.conftest import texts
from tests.dashboard.fake_store import HOSTILE, NOW, all_states


def test_company_is_named_with_its_incident_or_as_counted_only():
    assert company(()) == ""
    told = company((Part("eu", 4), Part("us", None)))
    assert told == (
        "At the same provider moved at the same time: eu (incident 4). "
        "Believed sooner because evidence had grown there as well: us."
    )
    assert company((Part(HOSTILE, 4),)).count("`") >= 2, "a hostile name is code"


def line(n: int, half_s: float | None) -> RoundLine:
    return RoundLine(f"{n:03d}", NOW, 12, 0, {}, half_s, None)


def test_latency_is_that_of_the_usual_round_and_silent_where_unknown():
    assert latency(()) == latency([line(1, None)]) == ""
    told = latency([line(n, half) for n, half in enumerate((0.1, 0.2, 9.0, None))])
    assert "half of the answers came within 0.20 s in the last 3 rounds." in told
    assert latency([line(0, 9.0), *(line(n, 0.3) for n in range(1, 11))]).count("0.30 s") == 1


def test_latency_before_and_since_a_change():
    lines = [line(n, 0.8 if n < 20 else 0.3) for n in range(40)]
    told = latency_moved([line(0, 99.0), *lines[11:31], line(50, 99.0)], "020")
    assert "within 0.80 s before the change, within 0.30 s since." in told
    assert latency_moved(lines[:20], "020") == latency_moved(lines[20:], "020") == ""


@pytest.mark.slow
def test_the_pages_say_who_else_moved_and_how_latency_did(page):
    store = all_states()
    store.event_parts = (Part("support-eu", 7), Part("support-us", None))
    told = texts(page(store, incident="3"))
    assert "support-eu (incident 7)" in told
    assert "grown there as well: support-us." in told
    assert "before the change, within" in told
    assert "half of the answers came within" in texts(page(store, endpoint="support-bot"))
