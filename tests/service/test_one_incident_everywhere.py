"""One incident is said in the same words and numbers in a notice, in the status and on the dashboard."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from dashboard.overview import headline
from prober.alerts.phrases import title_of, what_moved
from prober.model.incident import Change
from prober.service.deliver import StoredOutbox
from tests.service.test_facts import World

pytestmark = pytest.mark.slow

ENGLISH = "The key lifts the pins, and then the plug of the lock turns slowly."
GERMAN = "Der Schlüssel hebt die Stifte an, und dann dreht sich der Kern des Schlosses langsam."
ANSWERS, REFUSES = "{}", "I'm sorry, but I can't help with that."


@pytest.mark.parametrize(
    ("before", "since", "severity", "said"),
    [
        (ANSWERS, REFUSES, "critical", "refuses 100 % (was 0 %)"),
        (REFUSES, ANSWERS, "info", "better: checks pass 100 % (was 0 %)"),
        (ANSWERS, f"Here you go: {ANSWERS}", "critical", "checks pass 0 % (was 100 %)"),
        (ENGLISH, GERMAN, "warning", "“English” 0 % (was 100 %)"),
    ],
    ids=["worse", "better", "a preamble", "another language"],
)
def test_words_severity_and_evidence_are_the_same_everywhere(before: str, since: str, severity: str, said: str) -> None:
    world = World(reference={"rounds": 8, "hours": 24}).rounds(20, text=before).rounds(6, text=since)
    incident = next(one for one in world.found if isinstance(one, Change) and one.is_live)
    assert (incident.severity, said in incident.headline) == (severity, True), incident.headline
    notice = StoredOutbox(world.store).claim_notice(world.now, 60, "https://prober")
    assert what_moved(notice.about) == incident.headline == world.status.why
    assert said in title_of(notice, severity.title())
    assert said in headline([world.status]).sentence.replace("\xa0", " ")
    assert notice.severity == world.status.severity == severity
    assert (notice.about.e_value, notice.about.threshold) == (incident.e_value, incident.threshold)
    assert [one.words for one in notice.about.moved] == [one.words for one in incident.shifts]
    told = {one.channel: (one.replies, one.reference_replies) for one in notice.about.moved}
    assert told == {one["channel"]: (one["replies"], one["reference_replies"]) for one in map(asdict, incident.shifts)}
