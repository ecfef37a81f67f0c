"""What stands beside the evidence: other endpoints that moved, and how long answers took."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.endpoint import always, latency, latency_moved
from dashboard.formatting import inline
from dashboard.incident import company
from prober.model.evidence import NONE
from prober.model.notice import Part
from prober.store.pages.over_time import RoundLine
from tests.dashboard.canned import HOSTILE, NOW, all_states
from tests.dashboard.conftest import texts


def test_company_is_named_with_its_incident_or_as_counted_only():
    assert company(()) == ""
    sentence = company((Part("eu", 4), Part("us", None)))
    assert sentence == (
        "**Also** since the same time, at the same provider: eu (incident 4). "
        "Its evidence was added to that of us, which is suspected too."
    )
    assert "eu (incident 4, incident 7)." in company((Part("eu", 4), Part("eu", 7)))
    assert company((Part(HOSTILE, 4),)).count("`") >= 2, "a hostile name is code"


def line(n: int, half_s: float | None) -> RoundLine:
    return RoundLine(f"{n:03d}", NOW, 12, 0, {}, half_s, None)


def test_latency_is_that_of_the_usual_round_and_silent_where_unknown():
    assert latency(()) == latency([line(1, None)]) == ""
    sentence = latency([line(n, half) for n, half in enumerate((0.1, 0.2, 9.0, None))])
    assert sentence == "Median latency of the last 3 rounds: 0.20 s. Latency is never judged."
    assert latency([line(0, 9.0), *(line(n, 0.3) for n in range(1, 11))]).count("0.30 s") == 1


def test_latency_before_and_since_a_change():
    lines = [line(n, 0.8 if n < 20 else 0.3) for n in range(40)]
    sentence = latency_moved([line(0, 99.0), *lines[11:31], line(50, 99.0)], "020")
    assert "0.80 s before the change, 0.30 s since." in sentence
    assert latency_moved(lines[:20], "020") == latency_moved(lines[20:], "020") == ""


@pytest.mark.slow
def test_the_pages_say_who_else_moved_and_how_latency_did(page):
    store = all_states()
    store.event_parts = (Part("support-eu", 7), Part("support-us", None))
    sentence = texts(page(store, incident="3"))
    assert "support-eu (incident 7)" in sentence
    assert "added to that of support-us" in sentence
    assert "s before the change, " in sentence
    assert "Median latency of the last" in texts(page(store, "endpoint", endpoint="support-bot"))


def test_one_model_that_answered_everything_is_a_sentence_and_no_chart() -> None:
    seen = [replace(line(n, None), identities={"gpt-4.1": 6}) for n in range(3)]
    assert always(seen) == f"{inline('gpt-4.1')} alone: 18 replies in 3 rounds."
    assert always([*seen, line(3, None)]) == always(seen), "a round that names nobody names no other"
    unnamed = [replace(line(n, None), identities={NONE: 6}) for n in range(3)]
    assert always(unnamed) == always([*seen, *unnamed]) == ""
    assert always([]) == always([*seen, replace(line(3, None), identities={"gpt-5": 1})]) == ""
