"""What stands beside the evidence: other endpoints that moved, and how long answers took."""

from __future__ import annotations

import pytest
from conftest import texts
from fake_store import HOSTILE, NOW, all_states

from dashboard import incident_context
from prober.model.notice import Part
from prober.store.pages.page_views import RoundLine


def test_company_is_named_with_its_incident_or_as_counted_only():
    assert incident_context.company(()) == ""
    told = incident_context.company((Part("eu", 4), Part("us", None)))
    assert told == (
        "At the same provider moved at the same time: eu (incident 4). "
        "Believed sooner because evidence had grown there as well: us."
    )
    assert incident_context.company((Part(HOSTILE, 4),)).count("`") >= 2, "a hostile name is code"


def line(n: int, half_s: float | None) -> RoundLine:
    return RoundLine(f"{n:03d}", NOW, 12, 0, {}, half_s, None)


def test_latency_is_that_of_the_usual_round_and_silent_where_unknown():
    assert incident_context.latency(()) == incident_context.latency([line(1, None)]) == ""
    told = incident_context.latency([line(n, half) for n, half in enumerate((0.1, 0.2, 9.0, None))])
    assert "half of the answers came within 0.20 s in the last 3 rounds." in told
    assert incident_context.latency([line(0, 9.0), *(line(n, 0.3) for n in range(1, 11))]).count("0.30 s") == 1


def test_latency_before_and_since_a_change():
    lines = [line(n, 0.8 if n < 20 else 0.3) for n in range(40)]
    told = incident_context.latency_moved([line(0, 99.0), *lines[11:31], line(50, 99.0)], "020")
    assert "within 0.80 s before the change, within 0.30 s since." in told
    assert incident_context.latency_moved(lines[:20], "020") == incident_context.latency_moved(lines[20:], "020") == ""


@pytest.mark.slow
def test_the_pages_say_who_else_moved_and_how_latency_did(page):
    store = all_states()
    store.event_parts = (Part("support-eu", 7), Part("support-us", None))
    told = texts(page(store, incident="3"))
    assert "support-eu (incident 7)" in told
    assert "grown there as well: support-us." in told
    assert "before the change, within" in told
    assert "half of the answers came within" in texts(page(store, endpoint="support-bot"))
