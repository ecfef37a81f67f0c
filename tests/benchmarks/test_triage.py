"""The scripted incidents: a few of them, and one played through the store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scipy.stats import binom

from benchmarks.triage_worlds import LOOKED_AT, Incident, incidents, material, play
from prober.incidents.triage import triage as walk
from prober.status.triage import triage

pytestmark = pytest.mark.slow

BOTH = Incident(
    seed=5, causes=("prompt", "model"), rounds=5, has_twin=True, has_control=True, has_live=False, has_retrieval=False, edited=("ticket",),
    effect="json", strength="other", is_marked=True, says_so=True,
)  # fmt: skip
"""An edit of a prompt breaks its JSON in the same hour in which the model is swapped."""


def test_an_edit_that_breaks_json_in_the_hour_of_a_swap_is_two_causes() -> None:
    """Through rounds, judge, facts, versions and marks, as a user has it."""
    store = play(BOTH)
    now = BOTH.at + timedelta(days=2)
    found = store.query(triage, LOOKED_AT, BOTH.at - timedelta(hours=3), now)
    assert found.named == ("prompt", "model"), found.words
    assert found.runbook == "prompt-rollback"  # what can be undone at once comes first
    details = {check.name: check.details for check in found.checks}
    assert "commit c0ffee1 by ada" in details["prompt_edited"]
    assert "fp_1 → fp_2" in details["model_renamed"]
    assert "canary/ticket" in details["edited_moved"]
    in_memory = walk(material(BOTH), now)
    assert in_memory.named == found.named


def test_a_slice_of_the_injector_keeps_its_bounds() -> None:
    """Turn 199, which neither the table nor the page was made from: 14 incidents."""
    stories = incidents(1, 199)
    named = [walk(material(story), story.at).named for story in stories]
    claims = [
        (set(of), set(story.causes)) for of, story in zip(named, stories, strict=True) if of not in ((), ("none",))
    ]
    right = sum(of <= causes for of, causes in claims)
    assert right >= binom.ppf(0.001, len(claims), 0.85)
    covered = sum(bool(of and story.causes) for of, story in zip(named, stories, strict=True))
    assert covered >= binom.ppf(0.001, sum(bool(story.causes) for story in stories), 0.7)
