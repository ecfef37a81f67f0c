"""The first sentence of the dashboard; how an endpoint stands is held by `tests/status`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from dashboard.formatting import when
from dashboard.standing import SYMBOLS, Headline, badges, gathering, headline, needs_somebody, sentence, why
from prober.model.evidence import Fact
from prober.model.incident import Facts, Measured
from prober.status.endpoint_status import STATES, endpoint_status, endpoint_statuses
from prober.store.pages import overview
from prober.store.views import MaintenanceView
from tests.dashboard.canned import NOW, all_states, endpoint_view, history, incident, round_view

POINTS = history("one")


def test_the_most_urgent_comes_first_and_every_state_has_a_symbol() -> None:
    store = all_states()
    found = endpoint_statuses(store.query(overview.endpoints), store.query(overview.recent_rounds), (), NOW)
    assert [(one.state, one.name) for one in found] == [
        ("unreachable", "down"),
        ("changed", "support-bot"),
        ("suspected", "summariser"),
        ("gathering", "brand-new"),
        ("gathering", "eu/claude"),
        ("quiet", "search-ranker"),
    ]
    assert set(SYMBOLS) == {*STATES, "not asked"}


def test_a_reason_says_since_when() -> None:
    view = endpoint_view("one", POINTS, last_failure="timeout")
    found = endpoint_status(view, [round_view("one", 0.1, failed=12)], NOW)
    began = NOW - timedelta(hours=0.1)
    assert why(found).startswith(f"every ask of the last round failed: timeout since {began:%Y-%m-%d %H:%M}")
    assert why(endpoint_status(view, (), NOW)) == "nothing moved"


def test_the_end_of_maintenance_is_in_the_reader_s_zone() -> None:
    work = MaintenanceView("one", NOW - timedelta(hours=1), NOW + timedelta(hours=2), "ada", "new keys")
    (paused,) = endpoint_statuses([endpoint_view("one", POINTS)], (), [work], NOW)
    zone = timezone(timedelta(hours=5, minutes=30))
    said = sentence(paused, zone).replace("\u00a0", " ")
    assert said.startswith("In maintenance: new keys; until ") and when(work.until, zone).replace("\u00a0", " ") in said
    assert "UTC" not in said.replace("UTC+05:30", "")


def test_while_a_reference_is_gathered_the_page_says_what_watches_and_from_when_evidence_will() -> None:
    learning = endpoint_status(endpoint_view("new", state="insufficient_evidence"), (), NOW)
    assert "When evidence begins is not known yet" in gathering(
        learning
    ) and "the checks that probes declare" in gathering(learning)
    assert f"Evidence from {NOW:%Y-%m-%d %H:%M}" in gathering(replace(learning, judged_from=NOW))


def quiet(name):
    return endpoint_view(name, POINTS)


def say(*endpoints, rounds=()) -> Headline:
    return headline(endpoint_statuses(endpoints, rounds, (), NOW))


def test_headlines():
    moved = history("bot", changed=30)
    bot = endpoint_view("bot", moved, state="alarm", open_incident=incident(moved, 30))
    learning = endpoint_view("new", state="insufficient_evidence", missing="8 of 8 rounds")
    down = [round_view("down", 0.1, failed=12)]

    assert (say(quiet("a")).tone, say(quiet("a")).remarks) == ("success", ())
    assert "the endpoint answers as the reference did" in say(quiet("a")).sentence
    assert "all 2 endpoints" in say(quiet("a"), quiet("b")).sentence

    assert say(bot, quiet("a")).tone == "error"
    assert say(bot).sentence.startswith("**bot** is different from what you pinned: 34\u00a0% longer since")
    assert (
        say(bot, replace(bot, name="bat")).sentence
        == "2 of 2 endpoints differ from what you pinned: **bat** and **bot**."
    )

    mixed = say(quiet("a"), learning)
    assert mixed.tone == "success"
    assert "Nothing is confirmed to differ" in mixed.sentence
    assert mixed.remarks == ("◔ Gathering: **new**.",)

    assert say(learning).tone == "info"
    assert "Too early to say" in say(learning, endpoint_view("x")).sentence
    assert say(quiet("down"), rounds=down).tone == "error"
    assert say(quiet("down"), rounds=down).sentence.startswith("**down** has an outage: every ask of the last round")
    both = say(bot, quiet("down"), rounds=down).sentence
    assert both == "**down** has an outage. **bot** is different from what you pinned.", (
        "of one severity, outages first"
    )
    grave = replace(bot, open_incident=replace(incident(moved, 30), severity="critical"))
    assert say(grave, quiet("down"), rounds=down).sentence.startswith("**bot** is different"), "the graver first"
    assert say(endpoint_view("s", POINTS, state="suspected"), quiet("a")).tone == "warning"


def test_an_incident_of_another_name_with_the_same_content_is_said_to_be_its():
    opened = incident(history("twin", changed=30), 30)
    seen = [
        endpoint_status(endpoint_view(name, POINTS, state="alarm", open_incident=opened), (), NOW)
        for name in ("twin", "bot")
    ]
    assert "same content" not in sentence(seen[0])
    assert "the incident of twin, which is declared with the same content" in sentence(seen[1])


def test_a_missed_objective_of_a_quiet_endpoint_is_not_called_quiet_in_red():
    missed = Measured(id=9, endpoint="a", endpoint_hash="h", state="open", kind="objective_missed", severity="critical",
                      onset="2026-01-31T06:00:00Z", detected_round="2026-01-31T06:00:00Z", opened_at=NOW, cause="x",
                      about="s/x", detail="x")  # fmt: skip
    found = endpoint_status(replace(quiet("a"), measured=(missed,)), (), NOW)
    assert badges(found) == ":red-badge[▲ objective missed] :red-badge[critical]"


def test_what_is_open_beside_the_answers_is_said_before_all_is_well() -> None:
    """A critical cost incident of an endpoint that answers as before must not hide behind a green sentence."""
    spends = Measured(id=9, endpoint="a", endpoint_hash="h", state="open", kind="runaway", severity="critical",
                      onset="2026-01-31T06:00:00Z", detected_round="2026-01-31T06:00:00Z", opened_at=NOW,
                      cause="spends 7 times its plan", about="s", detail="x")  # fmt: skip
    view = replace(quiet("a"), runaways=(spends,))
    found = endpoint_status(view, (), NOW)
    assert badges(found) == ":red-badge[▲ runaway spending] :red-badge[critical]" and needs_somebody(found)
    said = say(view, quiet("b"))
    assert (said.tone, said.remarks) == ("warning", ("▲ Runaway spending: **a**.",))
    calm = replace(view, runaways=(replace(spends, severity="info"),))
    assert say(calm).tone == "success" and not needs_somebody(endpoint_status(calm, (), NOW))
    renamed = Facts(id=8, endpoint="a", endpoint_hash="h", state="open", kind="identity_change", severity="warning",
                    onset="2026-01-31T06:00:00Z", detected_round="2026-01-31T06:00:00Z", opened_at=NOW,
                    facts=(Fact("2026-01-31T06:00:00Z", "model_name", "model", "m-1", "m-2"),))  # fmt: skip
    facts = replace(quiet("a"), open_facts=(renamed,))
    assert say(facts).remarks == ("▲ New identity: **a**.",)


def test_a_remark_on_many_names_a_few():
    many = [endpoint_view(f"e{n}", state="insufficient_evidence", missing="why") for n in range(9)]
    assert say(quiet("a"), *many).remarks == ("◔ Gathering: **e0**, **e1**, **e2** and 6 more.",)


def test_names_and_reasons_in_a_headline_are_harmless():
    bot = endpoint_view("www.evil.example", POINTS, state="suspected")
    assert "`www.evil.example`" in say(quiet("a"), bot).remarks[0]
    hostile = endpoint_status(
        endpoint_view("x", state="insufficient_evidence", missing="<b> www.evil.example"), (), NOW
    )
    assert "`<b> www.evil.example`" in sentence(hostile)
