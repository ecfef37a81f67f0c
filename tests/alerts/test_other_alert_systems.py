"""What alerts of other systems are about, and when they fire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prober.alerts.keys import subject, subject_key
from prober.incidents.events import EVENTS
from prober.model.incident import Event
from tests.alerts.notices import PLAIN, edited


def test_every_event_has_a_phase_but_those_that_never_end() -> None:
    endless = {event for event, rule in EVENTS.items() if rule.phase is None}
    assert endless == {"compared", "digest", "retiring", "test", "version_compared", "weekly_report"}


@pytest.mark.parametrize(
    ("event", "kind", "about"),
    [
        ("opened", "behaviour_change", "change"),
        ("acknowledged", "contract_break", "change"),
        ("trouble", "provider_error", "trouble"),
        ("acknowledged", "rate_limited", "trouble"),
        ("muted", "budget_exhausted", "trouble"),
        ("trouble_over", "provider_error", "trouble"),
        ("runaway", "runaway", "runaway"),
        ("runaway_over", "runaway", "runaway"),
        ("stale", "", "stale"),
        ("fresh", "", "stale"),
        ("daemon_silent", "", "daemon"),
        ("daemon_back", "", "daemon"),
    ],
)
def test_what_it_is_about(event: str, kind: str, about: str) -> None:
    assert subject(edited(PLAIN, event=event, kind=kind)) == about


@pytest.mark.parametrize("event", [event for event in EVENTS if subject(edited(PLAIN, event=event)) == "change"])
def test_one_incident_is_one_thing_from_first_to_last(event: Event) -> None:
    later = edited(PLAIN, id=99, event=event, attempts=3, kind="contract_break", severity="critical", state="closed")
    assert subject_key(later) == subject_key(PLAIN)


def test_what_differs_is_another_thing() -> None:
    others = [
        PLAIN,
        edited(PLAIN, incident_id=13),
        edited(PLAIN, endpoint="acme/other"),
        edited(PLAIN, detected_at=PLAIN.since + timedelta(seconds=1)),
        edited(PLAIN, drill=True),
        edited(PLAIN, event="trouble"),
        edited(PLAIN, incident_id=0, event="stale"),
        edited(PLAIN, incident_id=0, event="daemon_silent", endpoint=""),
    ]
    assert len({subject_key(notice) for notice in others}) == len(others)


def test_an_endpoint_is_stale_whenever_it_is_said() -> None:
    stale = edited(PLAIN, incident_id=0, event="stale")
    fresh = edited(stale, event="fresh", detected_at=PLAIN.since + timedelta(hours=9))
    assert subject_key(stale) == subject_key(fresh)
