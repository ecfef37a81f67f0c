"""What happened to an incident, in order."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

from prober.loading.round_labels import moment_of
from prober.model.evidence import Fact
from prober.model.incident import Trouble
from prober.status.timeline import timeline
from prober.store.views import ActionView
from tests.dashboard.canned import HOSTILE, NOW, history, incident, notice_view

OPEN = incident(history("bot", changed=34), 34)


def whats(*given, presses=(), notices=()):
    return [step.what for step in timeline(*given, presses, notices)]


def test_a_change_from_its_first_round_to_its_end():
    presses = (
        ActionView(3, NOW - timedelta(hours=2), "acknowledge", "ada", "asked them", "slack", None, "acknowledged"),
        ActionView(3, NOW - timedelta(hours=1), "accept", "bob", "", "shell", None, "not_allowed"),
    )
    sent = notice_view(sent_at=NOW - timedelta(hours=3), channel="#billing")
    owed = notice_view(sent_at=None)
    over = replace(OPEN, state="closed", closed_at=NOW, close_reason="recovered", course="transient",
                   settled_round=OPEN.detected_round, passed=OPEN.detected_round)  # fmt: skip
    steps = timeline(over, presses, (sent, owed))
    assert [step.what for step in steps] == [
        "first changed round",
        "found to have passed",
        "first round as in the reference again",
        "confirmed",
        "notified: opened",
        "acknowledged",
        "accept had no effect: not allowed",
        "closed: recovered",
    ]
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert steps[4].why == "slack:#billing"
    assert (steps[5].who, steps[5].why) == ("ada (from slack)", "asked them")


def test_what_is_only_suspected_is_not_confirmed():
    assert whats(replace(OPEN, state="suspected")) == ["first changed round", "suspected"]


def test_a_change_that_a_fact_opened_was_confirmed_later():
    seen = Fact(OPEN.onset, "contract_break", "canary/sum", "holds", "fails", 2, 2)
    by_fact = replace(OPEN, facts=(seen,), opened_at=moment_of(OPEN.onset) + timedelta(seconds=9))
    steps = timeline(by_fact, (), ())
    assert [step.what for step in steps] == ["first changed round", "opened by a fact", "confirmed"]
    assert steps[-1].at == moment_of(OPEN.detected_round) > by_fact.opened_at
    assert steps[1].why == seen.words


def test_trouble_says_its_cause():
    kept = {field.name: getattr(OPEN, field.name) for field in fields(Trouble) if hasattr(OPEN, field.name)}
    trouble = Trouble(**kept | {"kind": "provider_error", "cause": "unauthorized"})
    steps = timeline(trouble, (), ())
    assert [(step.what, step.why) for step in steps] == [("first round that failed", ""), ("opened", "unauthorized")]


def test_rounds_with_numbers_for_names_stand_nowhere_in_time():
    assert whats(replace(OPEN, onset="00017")) == ["confirmed"]


def test_hostile_texts_are_one_line():
    pressed = ActionView(3, NOW, "mute", HOSTILE, HOSTILE + "\n" * 50, HOSTILE, None, "muted")
    (step,) = [one for one in timeline(OPEN, (pressed,), ()) if one.what == "muted"]
    assert "\n" not in step.who + step.why
    assert "\x00" not in step.who + step.why


def test_reminders_are_one_line():
    sent = [
        notice_view(event=event, sent_at=NOW + timedelta(hours=n), created_at=NOW + timedelta(hours=n))
        for n, event in enumerate(("opened", *["reminded"] * 69))
    ]
    until = f"{NOW + timedelta(hours=69):%Y-%m-%d %H:%M} UTC"
    assert [what for what in whats(OPEN, notices=sent) if what.startswith("notified")] == [
        "notified: opened",
        f"notified: reminded 69 times, until {until}",
    ]
