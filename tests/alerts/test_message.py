"""What a notice says to people, and that no notice, however hostile, breaks how it is said."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.alerts.keys import notice_key
from prober.alerts.kinds import KINDS
from prober.alerts.message import body, compose, current, plain_text
from prober.alerts.phrases import chance, when
from prober.alerts.slack.blocks import fallback_text, root_blocks, root_text, slack_blocks
from prober.alerts.webhook import payload
from prober.model.incident import IncidentKind
from prober.model.notice import Comparison, Moved, Notice, ReportNews
from prober.text import private
from tests.alerts.notices import HOSTILE, NAMED, PLAIN, any_notice, edited
from tests.alerts.test_hostile import UNSEEN

GOLDEN = Path(__file__).parent / "golden"


def same_as_golden(name: str, text: str) -> None:
    """Pins `text`; with PROBER_WRITE_GOLDEN=1 it writes it instead, and fails so that someone looks at it."""
    path = GOLDEN / name
    if os.environ.get("PROBER_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{name} written: look at the difference before you commit it")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_a_terminal_sees_the_golden_message(name: str) -> None:
    same_as_golden(f"plain_{name}.txt", plain_text(NAMED[name]) + "\n")


@pytest.mark.parametrize("name", ["behaviour_change", "hostile", "acknowledged"])
def test_a_webhook_sees_the_golden_message(name: str) -> None:
    same_as_golden(f"webhook_{name}.json", json.dumps(payload(NAMED[name]), indent=1) + "\n")


def test_the_first_line_says_how_bad_where_what_for_how_long_and_which_model() -> None:
    """The same in a log, in a notification, and above the message in Slack."""
    bot = edited(
        PLAIN,
        severity="critical",
        endpoint="support-bot",
        model="gpt-4.1",
        onset="2026-01-31T00:00:00Z",
        moved=(Moved("expectation", 900.0, "checks pass 73 % (was 100 %)", direction="worse"),),
    )
    said = "support-bot: checks pass 73 % (was 100 %) · for 6 h · gpt-4.1"
    assert compose(bot).title == plain_text(bot).splitlines()[0] == payload(bot)["title"] == f"Critical · {said}"
    assert fallback_text(bot).splitlines()[0] == root_text(bot).splitlines()[0] == f"🔴 {said}"
    assert slack_blocks(bot)[0]["text"]["text"] == f"🔴 {said}"  # type: ignore[index,call-overload]
    # It is edited in place and read for days: no time that passes.
    assert root_blocks(bot, interactive=True)[0]["text"]["text"] == (  # type: ignore[index,call-overload]
        "🔴 support-bot: checks pass 73 % (was 100 %) · gpt-4.1"
    )
    assert "about once in" in dict(compose(bot).paragraphs)["How sure"]
    assert "threshold 365" in dict(compose(bot).paragraphs)["How sure"]


def test_the_age_is_that_of_the_moment_it_is_said() -> None:
    assert " · for 2 d · " in compose(PLAIN).title
    assert " · for 3 d · " in compose(edited(PLAIN, as_of=PLAIN.at + timedelta(days=1))).title
    over = edited(PLAIN, state="closed", close_reason="recovered", closed_at=PLAIN.at)
    assert " · lasted 2 d · " in current(over).title
    for unknown in (edited(PLAIN, onset="0031"), edited(PLAIN, state="closed", close_reason="accepted")):
        assert current(unknown).title.count(" · ") == 2


def test_a_provider_s_sentence_stands_first() -> None:
    refused = NAMED["cause_changed"]
    label, said = compose(edited(refused, event="trouble")).paragraphs[0]
    assert (label, said) == ("The provider says", refused.about.detail)
    assert compose(edited(refused, event="trouble")).title.startswith(
        "Warning · acme/gpt-4o: does not answer: out of c"
    )


def test_steps_are_buttons_where_there_are_buttons() -> None:
    by_button, by_command = compose(PLAIN, buttons=True).todo, compose(PLAIN).todo
    assert "prober" not in " ".join(by_button) and "Press Acknowledge" in by_button[0]
    assert by_command[0].endswith("prober incidents acknowledge 12")
    shipped = replace(PLAIN, source=replace(PLAIN.source, runbook=None))  # type: ignore[type-var]
    shipped = replace(shipped, about=replace(shipped.about, runbook="refusal-spike"))  # type: ignore[call-arg]
    assert "Follow the runbook refusal-spike: prober incidents runbook 12" in compose(shipped).todo


def test_a_reminder_is_one_line() -> None:
    reminder = compose(NAMED["reminded"])
    assert (reminder.paragraphs, reminder.lists, reminder.todo) == ((), (), ())
    assert reminder.title.startswith("Still open, warning · acme/gpt-4o: 34 % longer · for 3 d")


def test_a_digest_has_a_heading_an_endpoint_and_says_equal_things_once() -> None:
    ((name, lines),) = compose(NAMED["digest"]).lists
    assert name == "acme/gpt-4o-mini" and len(lines) == 3
    assert lines[-1] == "No fresh rounds: none for 3 h, 20 times, the last 2026-01-31 03:00 UTC"


def test_every_kind_and_event_has_words_of_its_own() -> None:
    assert set(KINDS) == set(get_args(IncidentKind))
    unknown = edited(PLAIN, kind="a_word_of_next_year", moved=())
    assert compose(unknown).title.startswith("Warning · acme/gpt-4o: change · ")


def test_what_the_incident_is_now_is_said_whatever_the_notice_tells() -> None:
    late = edited(PLAIN, event="opened", state="closed", close_reason="recovered")
    assert current(late).title == "Recovered · acme/gpt-4o, was: 34 % longer · gpt-4o-2024-08-06"
    assert dict(current(late).paragraphs)["State"] == "warning, closed: recovered"
    state = dict(current(NAMED["muted"]).paragraphs)["State"]
    assert state == "warning, muted until 2026-02-01 12:30 UTC by alice: known"
    assert dict(current(NAMED["acknowledged"]).paragraphs)["State"] == (
        "warning, acknowledged since 2026-02-01 08:30 UTC by alice: asked the provider"
    )


def test_trouble_is_never_said_to_be_a_change() -> None:
    for name in ("trouble", "trouble_over"):
        assert "change" not in compose(NAMED[name]).title + current(NAMED[name]).title
        assert "How sure" not in dict(compose(NAMED[name]).paragraphs)
        assert "accept" not in plain_text(NAMED[name])
    assert compose(NAMED["trouble"]).title == (
        "Warning · acme/gpt-4o: does not answer: unauthorized: 12 of 12 asks · for 2 d · gpt-4o-2024-08-06"
    )
    assert "unauthorized: 12 of 12 asks" in plain_text(NAMED["trouble"])


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("budget_exhausted: 6 of 6 asks of the last 24 hours are spent", "is not asked: budget exhausted: 6 of 6"),
        ("missing_key", "is not asked: missing key"),
        ("missing_library: pip install boto", "is not asked: missing library"),
        ("timeout", "does not answer: timeout"),
        ("unauthorized: 12 of 12 asks", "does not answer: unauthorized"),
    ],
)
def test_an_endpoint_that_is_not_asked_is_not_blamed(cause: str, said: str) -> None:
    trouble = edited(NAMED["trouble"], cause=cause)
    assert compose(trouble).title.startswith(f"Warning · acme/gpt-4o: {said}")


def test_a_cache_is_not_said_to_be_an_error_of_the_provider() -> None:
    said = plain_text(edited(NAMED["trouble"], kind="provider_error", cause="cached"))
    assert "How bad: cached: a cache answers" in said and "Switch the cache of the gateway off" in said
    assert "provider error" not in said and "status page" not in said
    said = plain_text(edited(NAMED["trouble"], kind="provider_error", cause="timeout"))
    assert "a cache answers" not in said and "status page" in said


@pytest.mark.parametrize(
    ("rounds", "said"), [(0, " UTC; detected"), (1, " UTC, 1 round so far; "), (2, ", 2 rounds so")]
)
def test_rounds_are_counted_where_there_are_any(rounds: int, said: str) -> None:
    trouble = edited(NAMED["trouble"], rounds_since_onset=rounds)
    assert said in dict(compose(trouble).paragraphs)["Since"]


def test_a_fact_is_said_with_was_and_is() -> None:
    assert compose(NAMED["fact"]).title == (
        "Warning · acme/gpt-4o: input tokens of the same prompt 18 → 20 and 1 more · for 2 d · gpt-4o-2024-08-06"
    )
    assert [words for label, words in compose(NAMED["fact"]).paragraphs if label == "Fact"] == [
        "input tokens of the same prompt: 18 → 20, seen in 6 of 6 replies to 2 probes",
        "served model: gpt-x-0613 → gpt-x-1106, seen in 18 of 18 replies",
    ]


def test_a_long_name_gives_way_to_the_rest_of_the_first_line() -> None:
    title = compose(edited(PLAIN, endpoint="e" * 200)).title
    assert len(title) == 150
    assert title.endswith("e…: 34 % longer · for 2 d · gpt-4o-2024-08-06")


def test_a_drill_is_called_one_everywhere() -> None:
    drill = edited(PLAIN, drill=True)
    assert compose(drill).title.startswith("Drill, warning · ")
    assert compose(drill).paragraphs[0][0] == "Drill"
    assert payload(drill)["drill"] is True


@pytest.mark.parametrize(
    ("e_value", "threshold", "per_year", "words"),
    [
        (365.0, 365.0, 1.0, "by chance about once a year"),
        (8120.0, 365.0, 1.0, "by chance about once in 22 years"),
        (365.0 * 1234, 365.0, 1.0, "by chance about once in 1,200 years"),
        (1e300, 365.0, 1.0, "by chance less than once in a million years"),
        (math.inf, 365.0, 1.0, "by chance less than once in a million years"),
        (31.0, 30.4375, 12.0, "by chance about once in 31 days"),
        (730.0, 730.0, 0.5, "by chance about once in 2 years"),
        (1.0, 30.4, 12.0, "by chance about once a day or more"),
        (-5.0, 30.4, 12.0, "by chance about once a day or more"),
        (math.nan, 365.0, 1.0, "by chance at an unknown rate"),
        (1.0, 0.0, 1.0, "by chance at an unknown rate"),
        (1.0, 365.0, math.inf, "by chance at an unknown rate"),
    ],
)
def test_evidence_is_said_as_how_often_chance_would_do_it(
    e_value: float, threshold: float, per_year: float, words: str
) -> None:
    assert chance(e_value, threshold, per_year) == words


@given(st.floats(1, 1e12), st.floats(1, 1e6), st.floats(0.01, 100))
def test_more_evidence_is_never_said_to_be_more_common(e_value: float, threshold: float, per_year: float) -> None:
    assert _years(chance(e_value * 10, threshold, per_year)) >= _years(chance(e_value, threshold, per_year))


def _years(words: str) -> float:
    if found := re.search(r"once in ([\d,]+) (years|days)", words):
        number = float(found[1].replace(",", ""))
        return number if found[2] == "years" else number / 365.25
    return {"by chance less than once in a million years": math.inf, "by chance about once a year": 1.0}.get(words, 0.0)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("2026-01-29T06:00:00.123456+00:00", "2026-01-29 06:00 UTC"),
        ("2026-01-29T06:00:00Z", "2026-01-29 06:00 UTC"),
        ("2026-01-29T06:00:00", "2026-01-29 06:00 UTC"),
        ("2026-01-29T06:00:00+02:00", "2026-01-29 04:00 UTC"),
        ("2026-01-29", "2026-01-29"),
        ("00000031", "round 00000031"),
        ("20260129", "round 20260129"),
        ("2026-99-99T99:99", "2026-99-99T99:99"),
        ("", "an unknown round"),
        ("a\nb", "a\\nb"),
    ],
)
def test_a_round_label_is_said_as_a_time_where_it_is_one(label: str, words: str) -> None:
    assert when(label) == words


def test_what_is_left_out_is_counted() -> None:
    many = edited(PLAIN, moved=tuple(Moved(f"channel {n}", 1.0, "more") for n in range(9)))
    assert compose(many).moved[-1] == "and 6 more on the dashboard"
    assert len(compose(many).moved) == 4


def test_a_bad_runbook_is_text_and_a_missing_one_is_absent() -> None:
    bad = edited(PLAIN, runbook="javascript:alert(1)")
    assert [element for element in _inline(slack_blocks(bad)) if element["type"] == "link"] == [
        {"type": "link", "url": "http://localhost:8501/?incident=12"}
    ]
    assert "Runbook: javascript:alert(1)" in plain_text(bad)
    assert "unbook" not in plain_text(edited(PLAIN, runbook=None))


def test_a_trailing_slash_of_the_dashboard_is_not_doubled() -> None:
    assert compose(edited(PLAIN, dashboard_url="https://canary.example/prober/")).links[0] == (
        "Dashboard",
        "https://canary.example/prober/?incident=12",
    )


def test_the_key_is_one_for_all_tries_and_another_for_any_other_notice() -> None:
    same = [edited(PLAIN, attempts=9), edited(PLAIN, detected_at=PLAIN.since.replace(tzinfo=None)), edited(PLAIN, dashboard_url="http://x.example"),
            edited(PLAIN, detected_at=PLAIN.since.astimezone(timezone(timedelta(hours=5))))]  # fmt: skip
    other = [
        edited(PLAIN, id=8),
        edited(PLAIN, event="accepted"),
        edited(PLAIN, endpoint="acme/gpt-4"),
        edited(PLAIN, detected_at=datetime(2026, 2, 1, tzinfo=UTC)),
    ]
    assert {notice_key(notice) for notice in same} == {notice_key(PLAIN)}
    assert notice_key(PLAIN) not in {notice_key(notice) for notice in other}
    assert notice_key(edited(PLAIN, endpoint="\ud800"))


@pytest.mark.parametrize("event", ["acknowledged", "muted", "unmuted", "accepted", "recovered", "superseded", "closed"])
def test_later_news_is_short_and_says_who_and_why(event: str) -> None:
    news = edited(PLAIN, event=event, actor="alice", note="asked the provider")  # type: ignore[arg-type]
    assert compose(news).moved == () and compose(news).pairs == ()
    assert "by alice: asked the provider" in plain_text(news)


def test_no_line_of_a_reply_can_pass_for_a_line_of_the_message() -> None:
    forged = edited(
        PLAIN,
        comparisons=(
            Comparison("p", "q\nHow sure: not at all", "x\nHow bad: not at all", "y\r\nDashboard: http://evil.example"),
        ),
    )
    lines = plain_text(forged).splitlines()
    assert [line for line in lines if line.startswith("How ")] == [
        line for line in plain_text(PLAIN).splitlines() if line.startswith("How ")
    ]
    assert [line for line in lines if line.startswith("Dashboard")] == ["Dashboard: http://localhost:8501/?incident=12"]


def _inline(node: object) -> list[dict[str, object]]:
    if isinstance(node, list):
        return [element for item in node for element in _inline(item)]
    if not isinstance(node, dict):
        return []
    return (
        [node]
        if node.get("type") in ("text", "link")
        else [element for value in node.values() for element in _inline(value)]
    )


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(any_notice())
def test_any_notice_can_be_printed_and_sent_as_json(notice: Notice) -> None:
    assert not UNSEEN.search(plain_text(notice))
    assert len(plain_text(notice)) < 12_000
    wire = json.dumps(payload(notice), allow_nan=False, ensure_ascii=False)
    assert json.loads(wire) == payload(notice)
    assert len(wire.encode()) < 400_000
    assert not UNSEEN.search(wire)


def test_the_hostile_notice_mentions_nobody() -> None:
    assert "<!channel>" in json.dumps(slack_blocks(HOSTILE)), "the reply is shown, as text"
    assert "&lt;!channel&gt;" in fallback_text(HOSTILE)


@pytest.mark.slow
def test_a_weekly_report_is_whole_in_an_e_mail_and_shortened_with_a_count_in_slack() -> None:
    lines = tuple(f"Worse: set-{n:03d}: checks pass 71.4 % of 420 (was 98.1 % of 416)" for n in range(200))
    notice = replace(NAMED["weekly_report"], about=ReportNews("Quality", (("Sets", lines), ("Incidents", ("None.",)))))
    assert compose(notice).title == "Weekly report: Quality"
    assert all(f"  - {line}" in body(notice) for line in lines)
    shown = json.dumps(slack_blocks(notice))
    assert "set-000" in shown and "set-199" not in shown
    hidden = int(re.search(r"and (\d+) more", shown)[1])
    assert f"set-{199 - hidden:03d}" in shown and f"set-{200 - hidden:03d}" not in shown
    assert "None." in shown


def test_a_private_weekly_report_quotes_no_answer() -> None:
    line = "bot: choice “a secret answer” 31 % (was 88 %)"
    notice = replace(
        NAMED["weekly_report"], private=True, about=ReportNews("Q", (("Incidents", (line,)),), f"- {line}")
    )
    shown = private(notice)
    assert "secret" not in body(shown) + shown.about.markdown
    assert "an answer 31 %" in body(shown)
