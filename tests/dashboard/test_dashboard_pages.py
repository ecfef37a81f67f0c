"""Every page in every world: nothing breaks, nothing hostile is obeyed, and what is empty says what to do next."""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.proto.Metric_pb2 import Metric as MetricProto
from streamlit.testing.v1 import AppTest

from dashboard.app import PAGES
from dashboard.cost import delta_words
from dashboard.selection import HOME
from prober.model.bill import Bill, BilledDay
from prober.model.budget import Limit, Spent
from prober.model.incident import Measured, Trouble
from prober.model.notice import EndpointNews, Notice, Source
from prober.store.incidents import NEWEST
from prober.store.pages import replies as stored_replies
from prober.store.views import BudgetView
from tests.dashboard.canned import (
    HOSTILE,
    NOW,
    CannedStore,
    all_states,
    endpoint_view,
    fleet,
    history,
    hostile,
    incident,
    probe_page,
    promise_view,
    reply_views,
    rounds_every,
    sign,
    with_given,
)
from tests.dashboard.conftest import address, links, menu, replies, texts

NAMES = ["" if name == HOME else name for name in PAGES]


def pages(*by_default: str) -> list[object]:
    """Every page; those named here by default, the others with the slow tests."""
    return [name if name in by_default else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


POINTS = history("bot")
ATTACKS = (
    "<script>", "**bold**", ":smile:", "www.", "http", "$x", "\x00", "\u202e", "\ud800", ":red[red", ":material/home", ":red-badge[b",
    "->", "\x1b",
)  # fmt: skip


def one() -> CannedStore:
    return CannedStore((endpoint_view("bot", POINTS),), POINTS, round_views=rounds_every("bot", 6),
                     probe_pages=(probe_page(),), promise_views=(promise_view("bot"),))  # fmt: skip


def marked_up(at: AppTest) -> list[str]:
    """Every text that is read as markdown."""
    kinds = (at.markdown, at.caption, at.error, at.warning, at.info, at.success, at.button, at.toggle, at.metric,
             at.expander, at.tabs, at.radio, at.selectbox, at.multiselect, at.header, at.subheader, at.title)  # fmt: skip
    elements = [element for kind in kinds for element in kind]
    assert not any(getattr(element, "allow_html", False) for element in elements)
    said = [str(getattr(element, "label", "") or element.value) for element in elements]
    helps = [element.help for element in elements if getattr(element, "help", "")]
    return [*said, *helps, *(label for label, _, _ in links(at))]


@pytest.mark.parametrize("name", pages("", "probe"))
def test_a_page_of_an_empty_store_says_what_to_do_next(page, name):
    at = page(CannedStore(), name)
    assert "Nothing is watched yet" in at.info[0].value
    assert "prober validate probes/" in at.code[0].value


@pytest.mark.parametrize("name", pages("", "endpoint"))
def test_a_page_of_an_endpoint_that_was_never_asked_is_no_error(page, name):
    at = page(CannedStore((endpoint_view("bot"),)), name)
    assert at.info or at.success or at.warning
    assert not at.error
    assert not at.get("vega_lite_chart")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "world", [all_states, pytest.param(one, marks=pytest.mark.slow), pytest.param(fleet, marks=pytest.mark.slow)]
)
def test_a_page_is_drawn_in_every_world(page, name, world):
    at = page(world(), name)
    assert "As of" in at.caption[-1].value


@pytest.mark.parametrize("name", pages("", "incident", "probe"))
def test_hostile_texts_stay_texts(page, name):
    at = page(hostile(), name, incident="3") if name == "incident" else page(hostile(), name)
    for toggle in at.toggle:
        toggle.set_value(True)
    if at.toggle:
        at.run()
        assert not at.exception
    for text in marked_up(at):
        outside_of_code = "".join(text.split("```")[::2])
        assert not any(attack in outside_of_code for attack in ATTACKS), text
    for chart in at.get("vega_lite_chart"):
        json.loads(chart.proto.spec)
        assert "\x00" not in chart.proto.spec


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("endpoint", {"endpoint": "gone"}, "There is no endpoint gone here"),
        ("endpoint", {"endpoint": "search-ranker", "channel": "<b>"}, "has no channel `<b>`"),
        ("endpoint", {"range": "ever"}, "There is no range ever"),
        ("incident", {"incident": "99"}, "There is no incident 99 here"),
        ("probe", {"endpoint": "gone"}, "There is no endpoint gone here"),
        ("probe", {"probe": "<b>"}, "is not asked `<b>`"),
        ("quality", {"by": "moon"}, "Totals cannot be grouped by moon"),
        ("cost", {"range": "<b>"}, "There is no range `<b>`"),
    ],
)
def test_unknown_names_in_an_address_are_reported_kindly(page, name, query, said):
    at = page(all_states(), name, **query)
    assert any(said in one.value for one in at.warning)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "suspected"}, ":orange-badge[suspected]"),
        ({"state": "acknowledged", "actor": "ada", "acknowledged_at": NOW}, "**Who**: Acknowledged by ada."),
        ({"state": "muted", "actor": "ada", "muted_until": NOW + timedelta(days=1)}, "**Who**: Muted by ada until 2"),
        ({"state": "closed", "close_reason": "recovered", "closed_at": NOW}, ": recovered."),
        ({"state": "closed", "close_reason": "superseded", "closed_at": NOW, "cause": "incident 9"}, ": superseded."),
        ({"severity": "critical", "kind": "contract_break"}, ":red-badge[critical] :red-badge[open] Contract break"),
        ({"kind": "provider_error", "cause": "server_error"}, "support-bot: does not answer: server error"),
        ({"kind": "unauthorized", "cause": "unauthorized"}, ":orange-badge[open] Unauthorized"),
        ({"kind": "rate_limited", "cause": "", "verdicts": ()}, ":orange-badge[open] Rate limited"),
        ({"verdicts": ()}, "No channel was named."),
    ],
)
@pytest.mark.slow
def test_an_incident_of_every_state_and_kind(page, given, said):
    store = all_states()
    store.all_incidents = (with_given(store.all_incidents[0], **given),)
    store.comparisons = ()
    at = page(store, "incident", incident="3")
    assert said in texts(at)
    acting = any("prober incidents" in one.value for one in at.code)
    assert acting == (given.get("state", "open") in {"open", "acknowledged", "muted"})


@pytest.mark.slow
def test_an_incident_shows_the_runbook_of_what_moved(page):
    store = all_states()
    (shipped,) = (one for one in page(store, "incident", incident="3").expander if "Runbook" in one.label)
    assert (
        "First five minutes" in shipped.markdown[0].value and "Incident 3 of support-bot" in shipped.markdown[0].value
    )
    store.notice = Notice(
        id=1,
        alerter="slack",
        attempts=0,
        event="stale",
        severity="warning",
        at=NOW,
        source=Source("support-bot", "m", "team", "https://wiki.example/runbook <b>", 1.0),
        about=EndpointNews(""),
        dashboard_url="",
    )
    at = page(store, "incident", incident="3")
    assert "https://wiki.example/runbook <b>" in [one.value for one in at.code]


@pytest.mark.slow
def test_a_probe_then_and_now(page):
    at = page(all_states(), "probe", endpoint="support-bot", probe="starter/animal")
    shown = texts(at)
    assert "Pick a colour. Owl" in shown
    assert "Compared: 24 answers from the reference with 60 answers from the newest 20 rounds" in shown
    assert "this probe alone would detect it after about 12 days, in channel choice" in shown
    answers, expectations, told = (one.value for one in at.dataframe[:3])
    assert told["different answers"].tolist() == [2.2]
    assert expectations["reference"].tolist() == [70.0, 100.0]
    assert expectations["now"].tolist()[1] == 98.0
    assert answers["answer"].tolist() == ["Owl", "(empty)"]
    assert answers["now, of 60"].tolist() == [24, 1]
    assert len(at.get("vega_lite_chart")) == 2
    at.selectbox[1].select("starter/colour").run()
    assert address(at) == {"endpoint": "support-bot", "probe": "starter/colour"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("then", "now", "columns"),
    [
        (24, 60, ["reference, of 24", "now, of 60", "reference", "now"]),
        (0, 60, ["now, of 60", "now"]),
        (24, 0, ["reference, of 24", "reference"]),
    ],
)
def test_a_probe_has_no_column_of_what_was_not_answered(page, then, now, columns):
    at = page(replace(one(), probe_pages=(replace(probe_page(), then=then, now=now),)), "probe", endpoint="bot")
    tables = [set(one.value.columns) for one in at.dataframe]
    (answers,) = (one for one in tables if "answer" in one)
    (expectations,) = (one for one in tables if "expectation" in one)
    assert answers == {"answer", *columns}
    assert ("reference" in expectations, "now" in expectations) == (then > 0, now > 0)


@pytest.mark.slow
def test_raw_replies_come_on_demand_and_by_the_page(page):
    store = all_states()
    store.reply_views = reply_views("Teal indeed", 130)
    at = page(store, "probe")
    assert not any("reply" in one.value for one in at.dataframe)
    at.toggle(key="replies").set_value(True).run()
    table = at.dataframe[-1].value
    assert table["reply"].tolist() == ["Teal indeed"] * 100 and table["characters"].tolist()[0] == 11
    at.button[-1].click().run()
    assert address(at)["before"] == store.reply_views[99].round
    assert at.dataframe[-1].value["reply"].tolist()[-1] == "failed: timeout"


def test_quality_is_a_sentence_a_delta_and_the_worst(page):
    at = page(one(), "quality")
    assert len(at.get("vega_lite_chart")) == 2
    assert [one.label for one in at.metric] == ["Checks passed", "Right answers", "Refusals", "Length"]
    assert [one.value for one in at.metric] == ["95.0\u00a0%", "75\u00a0%", "2.2\u00a0%", "200 characters"]
    said = next(one.value for one in at.markdown if "-badge[worse]" in one.value).replace("\u00a0", " ")
    assert "**bot**: checks pass 95.0 % of 120 (was 95.0 % of 120)" in said
    assert "lowest at wait for more rounds: 50.0 % (was 90.0 %)" in said
    table = at.dataframe[0].value
    assert table["passed"].tolist() == pytest.approx([95.0])
    assert table["passed, change"].tolist() == [0.0]
    assert table["right"].tolist() == [75.0]
    assert table["characters"].tolist() == [200.0]


def test_quality_names_the_gravest_incidents_first(page):
    store = one()
    store.all_incidents = tuple(
        incident(POINTS, 34, number=number, severity="critical" if number == 1 else "warning")
        for number in (1, 2, 3, 4)
    )
    said = str(links(page(store, "quality")))
    assert re.findall(r"Incident (\d)", said) == ["1", "4", "3"]


def test_two_months_without_cost_are_no_rise():
    assert delta_words(0.0, 0.0) is delta_words(None, 1.0) is None
    assert (delta_words(2.0, 0.0), delta_words(0.0, 2.0)) == ("+$2.00", "-$2.00")


def test_cost_says_what_the_month_comes_to_and_what_is_not_in_it(page):
    at = page(all_states(), "cost")
    assert [one.value for one in at.metric] == ["$1.25", "$1.75", "nothing"]
    assert "**down** is not included in the dollars: the list has no price of it." in at.warning[0].value
    assert "4 answers of this month came without a token count" in at.warning[1].value
    assert len(at.get("vega_lite_chart")) == 2
    budgets, accounts, months, goes_to = (one.value for one in at.dataframe[:4])
    assert accounts.iloc[0].tolist() == ["down", "asks", 57, 60, "declared", 3]
    assert budgets["share"].tolist() == [50.0]
    assert f"${months['so far'].sum():.2f} so far" in texts(at), "the columns add up to what is said of all"
    kinds = ["prompt", "prompt, cached", "reply", "reasoning"]
    assert f"{goes_to[kinds].sum().sum():,} tokens" in texts(at)


@pytest.mark.slow
def test_cost_shows_own_traffic_apart_from_what_the_prober_spends(page):
    day = f"{NOW:%Y-%m-%d}"
    bills = (
        Bill("account", "main", "main", "platform", days=(BilledDay(day, 512.0, 512.0, 512.0),), problem="HTTP 503"),
        Bill(
            "feature", "chat", "bot", share=0.01, days=(BilledDay(day, 8.0, 0.2, 15.8, 400, 6e5, 3),), no_price="none"
        ),
        Bill("feature", "without tokens", "bot", days=(BilledDay(day, 0.0, 0.0, 0.0, 9),)),
    )
    without, store = page(all_states(), "cost"), all_states()
    store.bills = bills
    at = page(store, "cost")
    assert [one.value for one in at.metric] == [one.value for one in without.metric]
    (table,) = [one.value for one in at.dataframe if "month" in one.value]
    assert list(table["whose"]) == ["main", "chat"] and list(table["month"]) == [512.0, 8.0]
    assert list(table["from"]) == ["the provider's report", "samples, 1 %"] and list(table["low"]) == pytest.approx(
        [512.0, 0.2]
    )
    assert any("could not be read: HTTP 503" in one.value for one in at.warning)


@pytest.mark.slow
def test_cost_says_what_spends_more_than_planned(page):
    found = Measured(
        id=9, endpoint="down", endpoint_hash="h", state="open", kind="runaway", onset="2026-01-31T06:00:00Z",
        detected_round="2026-01-31T06:00:00Z", opened_at=NOW, about="s", cause="asks take 80 times the planned tokens",
        detail="probe set s of us on down: 8 asks", e_value=1.0, threshold=1.0,
    )  # fmt: skip
    store = all_states()
    store.endpoint_views = tuple(
        replace(one, runaways=(found,)) if one.name == "down" else one for one in store.endpoint_views
    )
    at = page(store, "cost")
    assert "**Asks take 80 times the planned tokens**: probe set s of us on down: 8 asks" in at.error[0].value


@pytest.mark.slow
def test_cost_says_what_a_budget_keeps_from_being_asked_though_something_of_it_is_left(page):
    cause = "budget_exhausted: 500 of 520 tokens of the last hour are spent, and the next ask may need 50"
    found = Trouble(
        id=9, endpoint="down", endpoint_hash="h", state="open", kind="budget_exhausted", onset="2026-01-31T06:00:00Z",
        detected_round="2026-01-31T06:00:00Z", opened_at=NOW, cause=cause,
    )  # fmt: skip
    store = all_states()
    store.endpoint_views = tuple(
        replace(one, trouble=found) if one.name == "down" else one for one in store.endpoint_views
    )
    (said,) = [one.value for one in page(store, "cost").error if "is not asked" in one.value]
    assert said.startswith("**down** is not asked: ") and "500 of 520 tokens" in said


@pytest.mark.parametrize(("dollars", "is_used_up"), [(29.99, False), (30, True), (31, True)])
def test_cost_says_first_which_budget_is_used_up(page, dollars, is_used_up):
    store = all_states()
    spent = Spent(9, 900, round(dollars * 10**9))
    store.budgets = (BudgetView("set:night", Limit("dollars", "month", 30 * 10**9), spent),)
    said = [one.value for one in page(store, "cost").error if "Used up" in one.value]
    assert [one.partition(". ")[0] for one in said] == ["**Used up**: set night, dollars per month"] * is_used_up
    assert all("until older asks leave the period" in one for one in said)


def test_pages_of_what_a_team_has_are_in_the_menu_only_where_there_is_something(page):
    assert {"objectives", "triage", "retirement"} <= {name for _, name, _ in menu(page(all_states()))}
    bare = one()
    bare.shown = frozenset()
    assert not {"objectives", "triage", "retirement"} & {name for _, name, _ in menu(page(bare))}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("objectives", "1 missed"),
        ("objectives", "4.7 times the error budget is spent"),
        ("triage", "the provider changed the model (82 %)"),
        ("changes", "From v1 to v2"),
        ("retirement", "is shut down on"),
        ("samples", "**Shifted now**: web-app on support-bot"),
        ("quality", " of 153 replies, wanted at least 90 % over 28 d"),
    ],
)
def test_what_a_team_has_beside_incidents_is_said(page, name, said):
    at = page(all_states(), name)
    assert said in texts(at)


@pytest.mark.slow
def test_what_is_open_is_found_however_many_incidents_came_since(page):
    """Pages list the newest incidents that are over; of those that are open they leave out none."""
    store = all_states()
    opened, closed = store.all_incidents
    missed = Measured(id=2, endpoint="support-bot", endpoint_hash="h", state="open", kind="objective_missed",
                      onset=opened.onset, detected_round=opened.onset, opened_at=NOW, severity="critical",
                      cause="answers: passed 53.0 %", about="web-app/answers", detail="x")  # fmt: skip
    since = tuple(replace(closed, id=9 + n) for n in reversed(range(NEWEST)))
    store.all_incidents = (*since, opened, missed)
    assert [query for _, name, query in links(page(store, "objectives")) if name == "incident"] == [
        "endpoint=support-bot&incident=2"
    ]
    assert any("incident=3" in query for _, name, query in links(page(store, "quality")) if name == "incident")
    listed = page(store, "incident")
    found = [query for _, name, query in links(listed) if name == "incident"]
    assert found == ["endpoint=support-bot&incident=2", "endpoint=support-bot&incident=3"]
    assert f"Of the newest {NEWEST} incidents" in texts(listed)
    history = links(page(store, "endpoint", endpoint="support-bot"))
    assert f"{NEWEST - 20} earlier incidents" in [label for label, _, _ in history]


@pytest.mark.parametrize(
    ("verdict", "more_before", "said", "colour"),
    [
        ("worse", 6, "-5.0 points", MetricProto.MetricColor.RED),
        ("better", -6, "+5.0 points", MetricProto.MetricColor.GREEN),
        ("as_before", 1, "-0.8 points", MetricProto.MetricColor.GRAY),
        ("as_before", 0, "no difference", MetricProto.MetricColor.GRAY),
    ],
)
def test_a_measure_has_a_colour_only_where_it_is_called_worse_or_better(page, verdict, more_before, said, colour):
    store = one()
    store.verdict, store.more_passed_before = verdict, more_before
    at = page(store, "quality")
    (passed,) = (each for each in at.metric if each.label == "Checks passed")
    assert (passed.delta, passed.proto.color) == (said, colour)


def test_what_is_missed_and_what_shifts_leads_to_its_incident_or_is_said_on_the_first_page(page):
    """A missed objective has a link; live traffic of an endpoint that no file declares has no row of its own."""
    store = all_states()
    change = store.all_incidents[0]
    missed = Measured(id=9, endpoint="support-bot", endpoint_hash="h", state="open", kind="objective_missed",
                      onset=change.onset, detected_round=change.onset, opened_at=NOW, severity="critical",
                      cause="answers: passed 53.0 %, wanted at least 90 %", about="web-app/answers", detail="x")  # fmt: skip
    store.all_incidents = (*store.all_incidents, missed)
    found = [(label, query) for label, name, query in links(page(store, "objectives")) if name == "incident"]
    assert found == [("Incident 9", "endpoint=support-bot&incident=9")]

    assert "Live traffic shifted" not in texts(page(store))
    (feature,) = store.features
    (shift,) = feature.shifts
    store.features = (
        replace(
            feature, counts=replace(feature.counts, endpoint="gateway"), shifts=(replace(shift, endpoint="gateway"),)
        ),
    )
    assert "on gateway, which no file declares: replies web-app, since" in texts(page(store))


@pytest.mark.slow
def test_each_probe_set_has_a_panel_of_its_own_and_incidents_of_other_kinds_mark_no_round(page):
    """One line through the rounds of all sets would be a sawtooth, for their values are not alike."""
    store = all_states()
    store.points = tuple(replace(one, probe_set=("tone", "support")[n % 2]) for n, one in enumerate(store.points))
    change = store.all_incidents[0]
    missed = Measured(id=9, endpoint="support-bot", endpoint_hash="h", state="open", kind="objective_missed",
                      onset=change.onset, detected_round=change.onset, opened_at=NOW, cause="x", about="x", detail="x")  # fmt: skip
    store.all_incidents = (missed,)
    shown = texts(page(store, "endpoint", endpoint="support-bot", channel="length"))
    assert "**Value** of set support" in shown and "**Value** of set tone" in shown
    assert "estimated first changed round" not in shown


def test_a_channel_that_reads_nothing_of_a_set_says_so(page):
    store = all_states()
    store.points = tuple(
        replace(one, probe_set=("tone", "support")[n % 2], value=(math.nan, one.value)[n % 2])
        for n, one in enumerate(store.points)
    )
    at = page(store, "endpoint", endpoint="support-bot", channel="length")
    assert "Not read in this time" in texts(at)
    whole = page(all_states(), "endpoint", endpoint="support-bot", channel="length")
    assert "Not read in this time" not in texts(whole)


@pytest.mark.parametrize("name", ["", "endpoint", "incident"])
def test_what_has_no_words_is_no_empty_box(page, name):
    """A channel may move before anybody can say how."""
    store = all_states()
    store.points = tuple(replace(one, words="") for one in store.points)
    store.endpoint_views = tuple(
        replace(one, channels=tuple(replace(each, words="") for each in one.channels)) for one in store.endpoint_views
    )
    at = page(store, name, **({"endpoint": "summariser"} if name == "endpoint" else {}))
    assert "` `" not in texts(at) and "****" not in texts(at)
    if not name:
        assert "Evidence is growing" in texts(at)


def test_evidence_of_any_size_is_a_number_in_the_table_of_what_moved(page):
    store = all_states()
    changed = store.all_incidents[0]
    strong = tuple(replace(one, e_value=1e40) for one in changed.verdicts)
    store.all_incidents = (replace(changed, verdicts=strong),)
    table = page(store, "incident", incident="3").dataframe[0]
    assert list(table.value) == ["channel", "moved", "replies since", "replies before", "evidence", "changed since"]
    assert table.value["evidence"].tolist() == pytest.approx(
        [40.0] * len(strong)
    )  # powers of ten; a browser has no integer of 41 digits
    assert json.loads(table.proto.columns)["evidence"]["type_config"]["format"] == "10^%.1f"


def test_reliability_says_who_is_at_work_and_who_fell_silent(page):
    at = page(all_states(), "reliability")
    assert "**A daemon fell silent**: host-2" in at.error[0].value
    assert "**At work**: host-1 (2 endpoints)" in at.success[0].value
    nobody = page(one(), "reliability")
    assert "No daemon is at work" in nobody.warning[0].value
    ended = one()
    ended.signs_of_life = (sign(stopped_at=NOW),)
    assert "No daemon is at work" in page(ended, "reliability").warning[0].value


@pytest.mark.slow
def test_the_promise_is_held_against_what_happened(page):
    at = page(one(), "promise")
    assert "**Kept, as far as the data shows**: 1 alarm" in at.success[0].value
    at = page(all_states(), "promise")
    assert "**The promise is in doubt** at search-ranker" in at.warning[0].value
    assert at.dataframe[0].value["kept"].tolist() == ["in doubt", "yes", "too early"]
    assert "in doubt** at search-ranker" in page(all_states()).warning[0].value, "the first page says so too"


@pytest.mark.slow
def test_an_endpoint_shows_who_answered_how_fast_and_a_map(page):
    at = page(all_states(), "endpoint", endpoint="support-bot")
    assert len(at.get("vega_lite_chart")) == 5
    assert "green line: you edited the endpoint or a prompt" in texts(at)
    assert "New reference from round" in texts(at)
    at.toggle[0].set_value(True).run()
    assert len(at.get("vega_lite_chart")) == 6
    assert "9 replies from the first and the newest rounds" in texts(at)


@pytest.mark.slow
def test_privacy_mode_shows_no_prompt_and_no_reply(page, monkeypatch):
    monkeypatch.setenv("PROBER_DASHBOARD_PRIVATE", "true")
    store = all_states()
    store.points = tuple(one for one in store.points)
    for name, query in (("incident", {"incident": "3"}), ("probe", {}), ("endpoint", {"endpoint": "support-bot"})):
        at = page(store, name, **query)
        for toggle in at.toggle:
            toggle.set_value(True)
        at.run()
        everything = texts(at) + "".join(str(one.value) for one in at.dataframe)
        everything += "".join(one.proto.spec for one in at.get("vega_lite_chart"))
        for secret in ("Teal", "Owl", "Returns are accepted", "Great question", "May I return shoes"):
            assert secret not in everything, (name, secret)
    assert "sha256" in texts(page(store, "incident", incident="3"))
    assert not page(store, "probe").get("download_button")


def test_the_hostile_text_is_hostile():
    assert all(attack in HOSTILE for attack in ATTACKS[:2])


def test_the_file_that_streamlit_runs_shows_nothing_by_itself() -> None:
    """Streamlit draws every expression that stands alone in it, such as the docstring of a constant."""
    shown, *rest = ast.parse((Path(__file__).parents[2] / "dashboard" / "app.py").read_text(encoding="utf-8")).body
    assert isinstance(shown, ast.Expr)  # the docstring of the module is not drawn
    assert not [node for node in rest if isinstance(node, ast.Expr)]


def test_replies_are_searched_and_two_of_them_read_from_the_address(page):
    store = one()
    store.reply_views = reply_views("Teal indeed", 130)
    at = page(store, "replies", find="teal", only="check failed", read="2-130")
    assert at.text_input[0].value == "teal"
    table = at.dataframe[0].value
    assert (len(table), table["reply"].tolist()[0], table["checks"].tolist()[0]) == (100, "Teal indeed", "pass")
    assert "100 replies found in 130 searched, the newest first; there are earlier ones." in texts(at)
    assert len(replies(at)) == 2, "what the address names is read"
    at.button[-1].click().run()
    assert address(at) == {"find": "teal", "only": "check failed", "before": "7"}


@pytest.mark.slow
def test_another_search_starts_with_the_newest_and_forgets_what_was_read(page):
    store = one()
    store.reply_views = reply_views(count=3)
    at = page(store, "replies", before="7", read="1")
    at.text_input[0].set_value("blue").run()
    assert address(at) == {"find": "blue"}


@pytest.mark.slow
def test_two_rounds_are_compared_pair_by_pair(page):
    store = one()
    first, second, failed = reply_views(count=3)
    store.reply_views = (first, replace(second, text="Blue"), failed)
    at = page(store, "replies", view="two rounds", endpoint="bot", pair=f"{second.id}-{first.id}")
    table = at.dataframe[0].value
    assert table.iloc[0].tolist()[:3] == ["starter/colour", 1, "yes"]
    assert table.iloc[0].tolist()[3:] == ["Blue", "Teal"], "the earlier round stands first"
    assert "1 of 1 pair differ" in texts(at)
    assert "<del>Blue</del>" in replies(at)[0]
    at.selectbox(key="choose-a").select(first.round).run()
    assert address(at)["a"] == first.round
    assert "0 of 1 pair differ" in texts(at)


@pytest.mark.slow
def test_in_privacy_mode_no_text_is_searched_for(page, monkeypatch):
    monkeypatch.setenv("PROBER_DASHBOARD_PRIVATE", "true")
    store, asked = one(), []
    store.reply_views = reply_views("Teal indeed", 3)
    found = stored_replies.Found(store.reply_views, 3, None)
    store.searched = lambda wanted, before: (asked.append(wanted), found)[1]
    at = page(store, "replies", find="teal", read="1")
    assert [one.text for one in asked] == [""]
    assert not any(one.label == "In the reply" for one in at.text_input)
    assert "Teal" not in texts(at) + "".join(replies(at)) + at.dataframe[0].value.to_string()


@pytest.mark.slow
def test_a_model_that_differs_from_one_place_only_is_said_so(page):
    points = history("bot-eu", changed=30)
    change = incident(points, 30)
    views = (
        endpoint_view("bot-eu", points, vantage="eu-west", open_incident=change),
        endpoint_view("bot-us", history("bot-us"), vantage="us-east"),
        endpoint_view("other", history("other"), model="model-9"),
    )
    rounds = tuple(one for view in views for one in rounds_every(view.name, 6))
    at = page(CannedStore(views, points, round_views=rounds, all_incidents=(change,)), view="vantages")
    table = at.dataframe[0].value
    assert len(table) == 1, "a model without a vantage is no row"
    row = table.iloc[0].to_dict()
    assert row["seen"] == "differs from eu-west only; as before from us-east"
    assert (row["eu-west"], row["us-east"]) == ("◆ changed: bot-eu", "● quiet: bot-us")
    assert "vantage" in at.selectbox(key="choose-group").options
    plain = page(one())
    assert "vantage" not in plain.selectbox(key="choose-group").options
