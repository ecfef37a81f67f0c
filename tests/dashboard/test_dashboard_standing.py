from __future__ import annotations

from dataclasses import replace

import pytest
from fake_store import NOW, all_states, endpoint_view, history, incident, round_view, rounds_every

from dashboard.endpoint_state import ORDER, SYMBOLS, endpoint_states, headline, stand

POINTS = history("one")


def words_of(*endpoints, rounds=()):
    return [one.word for one in endpoint_states(endpoints, rounds, NOW)]


def test_every_state_has_its_word_and_the_most_urgent_comes_first():
    store = all_states()
    found = endpoint_states(store.endpoints(), store.rounds(), NOW)
    assert [(one.word, one.endpoint.name) for one in found] == [
        ("changed", "support-bot"),
        ("silent", "down"),
        ("silent", "eu/claude"),
        ("suspected", "summariser"),
        ("waiting", "brand-new"),
        ("as pinned", "search-ranker"),
    ]
    assert len(set(SYMBOLS.values())) == len(ORDER), "each word has a shape of its own"


@pytest.mark.parametrize(
    ("given", "word", "why"),
    [
        ({"state": "quiet"}, "as pinned", "nothing moved"),
        ({"state": "unknown"}, "waiting", "no round has been judged yet"),
        ({"state": "insufficient_evidence", "missing": "3 of 8 rounds"}, "learning", "3 of 8 rounds"),
        ({"state": "alarm"}, "learning", "the change was accepted; the next round begins a new reference"),
        ({"state": "suspected", "channels": ()}, "suspected", "evidence is growing"),
    ],
)
def test_word_and_reason(given, word, why):
    found = stand(endpoint_view("one", POINTS, **given), rounds_every("one", 6), NOW)
    assert (found.word, found.why) == (word, why)


def test_suspicion_names_the_strongest_channel():
    channels = (replace(POINTS[-3], e_value=9.0, words="9 % longer"), replace(POINTS[-2], e_value=90.0, words="other"))
    assert stand(endpoint_view("one", POINTS, state="suspected", channels=channels), (), NOW).why == "other"


def test_an_open_incident_outranks_everything():
    moved = history("one", changed=30)
    view = endpoint_view("one", moved, state="quiet", open_incident=incident(moved, 30))
    found = stand(view, [round_view("one", 0, state="missed", reason="budget_exhausted")], NOW)
    assert found.word == "changed"
    assert found.why.startswith("34 % longer since 20")
    unnamed = replace(view, open_incident=replace(incident(moved, 30), verdicts=()))
    assert stand(unnamed, (), NOW).why.startswith("behaviour change since")


@pytest.mark.parametrize(
    ("rounds", "why"),
    [
        (
            [round_view("one", 0.1, state="missed", reason="budget_exhausted")],
            "the last round was missed: budget_exhausted",
        ),
        ([round_view("one", 0.1, failed=12)], "every ask of the last round failed: timeout"),
    ],
)
def test_silence_says_why(rounds, why):
    found = stand(endpoint_view("one", POINTS, last_failure="timeout"), rounds, NOW)
    assert (found.word, found.why) == ("silent", why)


def test_a_round_under_way_or_with_some_failures_is_not_silence():
    view = endpoint_view("one", POINTS)
    under_way = [round_view("one", 0, state="claimed", asked=2, failed=2), *rounds_every("one", 6)]
    assert stand(view, under_way, NOW).word == "as pinned"
    assert stand(view, [round_view("one", 0.5, failed=11)], NOW).word == "as pinned"


@pytest.mark.parametrize(("late_by", "word"), [(17, "as pinned"), (18.1, "as pinned"), (18.5, "silent")])
def test_an_endpoint_is_silent_after_three_of_its_usual_gaps(late_by, word):
    rounds = rounds_every("one", 6, newest=late_by)
    view = endpoint_view("one", POINTS, last_completed_at=rounds[0].completed_at)
    assert stand(view, rounds, NOW).word == word


def test_two_rounds_are_too_few_to_know_the_usual_gap():
    rounds = rounds_every("one", 6, count=2, newest=1_000)
    assert (
        stand(endpoint_view("one", POINTS, last_completed_at=rounds[0].completed_at), rounds, NOW).word == "as pinned"
    )


def test_probe_sets_that_come_together_are_not_one_that_comes_often():
    rounds = [replace(one, probe_set=name) for one in rounds_every("one", 24, newest=30) for name in "abc"]
    view = endpoint_view("one", POINTS, last_completed_at=rounds[0].completed_at)
    assert stand(view, rounds, NOW).word == "as pinned"
    often = [*rounds, *rounds_every("one", 1, newest=30)]
    assert stand(view, often, NOW).why.endswith("usually one every 60 min")


def quiet(name):
    return endpoint_view(name, POINTS)


def say(*endpoints, rounds=()):
    return headline(endpoint_states(endpoints, rounds, NOW))


def test_headlines():
    moved = history("bot", changed=30)
    bot = endpoint_view("bot", moved, state="alarm", open_incident=incident(moved, 30))
    learning = endpoint_view("new", state="insufficient_evidence", missing="8 of 8 rounds")
    down = [round_view("down", 0.1, failed=12)]

    assert (say(quiet("a")).tone, say(quiet("a")).remarks) == ("success", ())
    assert "the endpoint answers as the reference did" in say(quiet("a")).sentence
    assert "all 2 endpoints" in say(quiet("a"), quiet("b")).sentence

    assert say(bot, quiet("a")).tone == "error"
    assert say(bot).sentence.startswith("**bot** is different from what you pinned: 34 % longer since")
    assert (
        say(bot, replace(bot, name="bat")).sentence
        == "2 of 2 endpoints differ from what you pinned: **bat** and **bot**."
    )

    mixed = say(quiet("a"), learning)
    assert mixed.tone == "success"
    assert "Nothing is confirmed to differ" in mixed.sentence
    assert mixed.remarks == ("◔ Learning: **new** (8 of 8 rounds).",)

    assert say(learning).tone == "info"
    assert "Too early to tell" in say(learning, endpoint_view("x")).sentence
    assert say(quiet("down"), rounds=down).tone == "warning"
    assert "Cannot tell" in say(quiet("down"), rounds=down).sentence
    assert say(quiet("down"), quiet("a"), rounds=down).tone == "warning"
    assert say(endpoint_view("s", POINTS, state="suspected"), quiet("a")).tone == "warning"


def test_a_remark_on_many_names_a_few():
    many = [endpoint_view(f"e{n}", state="insufficient_evidence", missing="why") for n in range(9)]
    assert say(quiet("a"), *many).remarks == ("◔ Learning: **e0**, **e1**, **e2** and 6 more.",)


def test_names_and_reasons_in_a_headline_are_harmless():
    hostile = endpoint_view("x", state="insufficient_evidence", missing="<b> www.evil.example")
    assert "`<b> www.evil.example`" in say(quiet("a"), hostile).remarks[0]
