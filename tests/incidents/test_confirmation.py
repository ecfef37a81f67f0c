"""Whether to ask again: every reason, the course of a suspicion, and the bound that the promise rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from statistics import NormalDist
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

from prober.incidents.confirmation import ask_for_reference, confirm, next_look_s
from prober.judging.promise import Promise
from prober.model.evidence import Judgement
from prober.model.reference import TRIAL, Confirm, ReferenceRule
from prober.model.watch import Confirmation, ConfirmReason, Gathered, Suspicion

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = Confirm()
BEGAN = Suspicion("r3", rounds=3)
"""Begun, and asked as often as an odd round is in any case."""


def judged(share: float, state: str = "quiet", label: str = "r7") -> Judgement:
    """A round whose evidence is this share of the threshold."""
    return Judgement(label, state, share * 1000.0, 1000.0)


def asked(
    share=0.2, suspicion=BEGAN, *, rule=RULE, state="suspected", incident=None, is_paid=True, every_s=inf, **seen
):
    return confirm(rule, replace(judged(share, state), **seen), incident, suspicion, is_paid, NOW, every_s)


CASES = {
    "confirm": (asked(), "r3", NOW + MINUTE),
    "a first suspicion": (asked(suspicion=Suspicion()), "r7", NOW + MINUTE),
    "just enough": (asked(0.1, Suspicion()), "r7", NOW + MINUTE),
    "a declared share and pause": (asked(0.3, rule=Confirm(at=0.3, pause="2m")), "r3", NOW + 2 * MINUTE),
    "a closed incident": (asked(incident=SimpleNamespace(state="closed")), "r3", NOW + MINUTE),
    "one that waited too long": (asked(suspicion=Suspicion("r3", due_at=NOW)), "r3", NOW + MINUTE),
    "the last round of a suspicion": (asked(suspicion=Suspicion("r3", rounds=5)), "r3", NOW + MINUTE),
    "an odd round, whatever the evidence": (asked(0.0, Suspicion(), is_odd=True), "r7", NOW + MINUTE),
    "the second and third round after an odd one": (asked(0.0, Suspicion("r3", rounds=2)), "r3", NOW + MINUTE),
    "odd and odd again": (asked(0.0, is_odd=True), "r3", NOW + MINUTE),
    "evidence that grows in a suspicion": (asked(0.001, is_growing=True), "r3", NOW + MINUTE),
    "an hour later, where minutes repeat one another": (asked(repeats_s=300.0), "r3", NOW + 60 * MINUTE),
    "the last round of a day": (asked(suspicion=Suspicion("r3", rounds_today=11)), "r3", NOW + MINUTE),
}


@pytest.mark.parametrize("case", CASES)
def test_asks_again(case):
    confirmation, since, due_at = CASES[case]
    assert confirmation == Confirmation("confirm", since, due_at)


REFUSED = {
    "switched_off": (asked(rule=Confirm(rounds=0)), "r3"),
    "insufficient_evidence": (asked(state="insufficient_evidence"), ""),
    "incident_open": (asked(incident=SimpleNamespace(state="acknowledged")), ""),
    "too_little_evidence": (asked(0.04), ""),
    "already_due": (asked(suspicion=Suspicion("r3", due_at=NOW + MINUTE)), "r3"),
    "rounds_used": (asked(suspicion=Suspicion("r3", rounds=6)), "r3"),
    "day_used": (asked(suspicion=Suspicion("r3", rounds_today=12)), "r3"),
    "budget_used": (asked(is_paid=False), "r3"),
    "repeats": (asked(every_s=6 * 3600, repeats_s=7200.0), "r3"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_does_not_ask_again_and_says_why(reason):
    confirmation, since = REFUSED[reason]
    assert confirmation == Confirmation(reason, since)


def test_growth_alone_begins_no_suspicion():
    assert asked(0.04, Suspicion(), is_growing=True) == Confirmation("too_little_evidence")


def test_every_reason_is_tried():
    assert {"confirm", "for_reference", *REFUSED} == set(get_args(ConfirmReason))


@pytest.mark.parametrize(
    ("repeats_s", "every_s", "wait_s"),
    [
        (0.0, 60.0, 60.0),
        (300.0, 21600.0, 3600.0),
        (300.0, 3600.0, None),
        (7200.0, 21600.0, None),
        (86400.0, 3600.0, None),
    ],
)
def test_the_next_look_is_as_far_away_as_rounds_must_be_to_say_something_new(repeats_s, every_s, wait_s) -> None:
    assert next_look_s(60.0, repeats_s, every_s) == wait_s


DEFAULT = ReferenceRule()
"""At one round every six hours: 28 rounds, of which each seventh is asked again."""


@pytest.mark.parametrize(
    ("rule", "gathered", "every_h", "wait_s"),
    [
        (DEFAULT, Gathered(1, 1, 0), 6, 60),
        (DEFAULT, Gathered(2, 1, 1), 6, 3600),
        (DEFAULT, Gathered(3, 1, 2), 6, None),
        (DEFAULT, Gathered(4, 2, 0), 6, None),
        (DEFAULT, Gathered(10, 8, 0), 6, 60),
        (DEFAULT, Gathered(2, 1, 1), 1, None),  # the schedule itself has rounds an hour apart
        (DEFAULT, Gathered(1, 1, 0), 1 / 60, None),
        (ReferenceRule(asked_again=0), Gathered(1, 1, 0), 6, None),
        (TRIAL, Gathered(7, 1, 6), 6, 60),
        (TRIAL, Gathered(9, 1, 8), 6, None),
    ],
)
def test_what_is_asked_again_for_the_reference(rule, gathered, every_h, wait_s) -> None:
    found = ask_for_reference(rule, gathered, Suspicion(), True, every_h * 3600, NOW)
    due_at = None if wait_s is None else NOW + timedelta(seconds=wait_s)
    assert found == Confirmation("insufficient_evidence" if wait_s is None else "for_reference", due_at=due_at)
    waiting = ask_for_reference(rule, gathered, Suspicion(due_at=NOW + MINUTE), True, every_h * 3600, NOW)
    assert waiting.reason == "already_due"


def test_an_alarm_ends_a_suspicion():
    assert asked(1.0, state="alarm") == Confirmation("incident_open")


def test_a_suspicion_lasts_until_evidence_has_halved():
    since = ""
    course = []
    for number, share in enumerate([0.09, 0.1, 0.09, 0.051, 0.12, 0.049, 0.09, 0.1]):
        made = confirm(RULE, judged(share, label=f"r{number}"), None, Suspicion(since, 3), True, NOW)
        since = made.since
        course.append((made.reason == "confirm", since))
    assert course == [
        (False, ""), (True, "r1"), (False, "r1"), (False, "r1"), (True, "r1"), (False, ""), (False, ""), (True, "r7"),
    ]  # fmt: skip


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 6])
def test_a_suspicion_that_shows_nothing_more_ends_however_few_rounds_it_may_have(rounds):
    last = Suspicion("r3", rounds=min(rounds, 3))
    assert asked(0.0, last, rule=Confirm(rounds=rounds)) == Confirmation("too_little_evidence")


# The promise


def test_without_confirmation_the_threshold_is_the_rounds_between_false_alarms():
    assert Promise(0.5, 365.0).threshold == 730.0


def test_confirmation_adds_the_most_rounds_it_can_to_the_threshold():
    promise = Promise(0.5, 365.0, confirm=Confirm(rounds=3, at=0.2))
    odd = 730 / 13  # scheduled rounds that are more extreme than all twelve of the reference
    assert (promise.most_confirmations, promise.threshold) == pytest.approx((3 * odd + 30.0, 3 * odd + 760.0))
    assert Promise(confirm=Confirm(rounds=0)).most_confirmations == 0.0


@pytest.mark.parametrize("scheduled", [30.0, 365.0, 8766.0])
@pytest.mark.parametrize(("rounds", "at"), [(1, 0.1), (6, 0.1), (6, 0.5), (50, 0.01)])
def test_the_threshold_is_enough_for_the_bound(scheduled, rounds, at):
    """E[scheduled rounds] >= A / (1 + q), q = k (odd + 2 / (a A)) bounds the confirmations to a scheduled round."""
    promise = Promise(1.0, scheduled, confirm=Confirm(rounds=rounds, at=at))
    a = promise.threshold
    assert a / (1 + rounds * (promise.odd_share + 2 / (at * a))) >= scheduled


def still_world(rule: Confirm, scheduled: float, rng: np.random.Generator, spread: float) -> tuple[int, int]:
    """(scheduled, confirmation) rounds until an exact Shiryaev-Roberts e-detector of an unchanged world raises an alarm."""
    promise = Promise(1.0, scheduled, confirm=rule)
    threshold = promise.threshold
    e_value, since, in_suspicion, counts = 0.0, "", 0, [0, 0]
    is_confirming = False
    while e_value < threshold:
        counts[is_confirming] += 1
        in_suspicion += is_confirming
        before, normal = e_value, rng.normal()
        e_value = (e_value + 1) * float(np.exp(-(spread**2) / 2 + spread * normal))  # of mean one
        state = "alarm" if e_value >= threshold else "suspected"
        is_odd = normal > NormalDist().inv_cdf(1 - promise.odd_share)  # the worst: odd is what adds most
        judgement = Judgement(f"r{sum(counts)}", state, e_value, threshold, is_odd=is_odd, is_growing=e_value > before)
        made = confirm(rule, judgement, None, Suspicion(since, in_suspicion), True, NOW)
        in_suspicion = in_suspicion if made.since == since else 0
        since, is_confirming = made.since, made.due_at is not None
    return counts[0], counts[1]


@pytest.mark.parametrize("spread", [0.5, 1.5])
@pytest.mark.slow
def test_in_still_worlds_scheduled_rounds_between_false_alarms_keep_the_promise(spread):
    rule, scheduled = Confirm(rounds=6, at=0.1), 60.0
    runs = np.array([still_world(rule, scheduled, np.random.default_rng(n), spread) for n in range(300)])
    mean, error = runs[:, 0].mean(), runs[:, 0].std() / len(runs) ** 0.5
    assert runs[:, 1].sum() > 0
    assert mean + 2 * error >= scheduled
    promise = Promise(1.0, scheduled, confirm=rule)
    assert runs[:, 1].mean() <= rule.rounds * (promise.odd_share + 2 / (rule.at * promise.threshold)) * mean


def test_forgetting_the_confirmations_would_break_the_promise():
    """That the test above can fail: most evidence of an unchanged world comes from confirmation rounds if they are free."""
    greedy = Confirm(rounds=100, at=0.02)
    runs = [still_world_unraised(greedy, 60.0, np.random.default_rng(n), 0.5) for n in range(300)]
    assert np.mean(runs) < 50


def still_world_unraised(rule: Confirm, threshold: float, rng: np.random.Generator, spread: float) -> int:
    """Scheduled rounds until the alarm where the threshold takes no account of confirmations."""
    e_value, scheduled, left = 0.0, 0, 0
    while e_value < threshold:
        is_confirming = e_value >= rule.at * threshold and left > 0
        left = left - 1 if is_confirming else rule.rounds
        scheduled += not is_confirming
        e_value = (e_value + 1) * float(np.exp(rng.normal(-(spread**2) / 2, spread)))
    return scheduled
