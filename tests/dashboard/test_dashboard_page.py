"""The page in every state a person may meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import log10

import pytest

from dashboard import cached_store, charts
from dashboard.formatting import inline
from prober.model.errors import NotMadeYet, StoreError
from prober.model.evidence import Findings, Share, Shift
from prober.model.sample import SIDE_WORDS, FoundShift
from prober.status.samples import FeatureStatus, SideStatus
from prober.store.pages import overview as overview_page
from prober.store.samples import Feature
from prober.store.views import DeliveryView
from tests.dashboard.canned import (
    HOSTILE,
    NOW,
    THRESHOLD,
    CannedStore,
    all_states,
    endpoint_view,
    fleet,
    history,
    hostile,
    incident,
    rounds_every,
    sign,
)
from tests.dashboard.conftest import address, links, replies, texts


@pytest.mark.slow
def test_no_database_says_what_to_run(page):
    at = page(NotMadeYet("there is no database at sqlite:///prober.db"))
    assert "there is no database at sqlite:///prober.db" in texts(at)
    assert "prober run" in [one.value for one in at.code]


def test_a_store_that_breaks_later_is_an_explanation_too(page):
    class Broken(CannedStore):
        def query(self, function, *args, **kwargs):
            if function is overview_page.endpoints:
                raise StoreError("the database is locked")
            return super().query(function, *args, **kwargs)

    assert "the database is locked" in texts(page(Broken()))


def test_an_empty_store_says_what_to_do_next(page):
    at = page(CannedStore())
    assert "Nothing is watched yet" in at.info[0].value
    assert "prober validate probes/" in at.code[0].value


@pytest.mark.slow
def test_too_little_evidence_says_how_much_is_missing(page):
    learning = endpoint_view("bot", state="insufficient_evidence", missing="3 of 8 rounds")
    at = page(CannedStore(endpoint_views=(learning,)))
    assert "Too early to say" in at.info[0].value
    assert "3 of 8 rounds" in texts(at)
    at = page(CannedStore(endpoint_views=(learning,)), "endpoint")
    assert "**No history yet**: 3 of 8 rounds" in at.info[0].value


def test_a_still_world_is_one_green_sentence(page):
    points = history("bot")
    at = page(CannedStore((endpoint_view("bot", points),), points, round_views=rounds_every("bot", 6)))
    assert "Nothing differs from what you pinned" in at.success[0].value
    assert not (at.error or at.warning or at.info)
    assert links(at) == [("**bot**", "endpoint", "endpoint=bot")]
    assert ":red" not in texts(at) and ":orange" not in texts(at), "colour only where something is suspected"


@pytest.mark.slow
def test_a_channel_that_nobody_is_reached_by_is_said_first_of_all(page):
    points = history("bot")
    fine = DeliveryView("log", "", 0, 0, 3, 0, NOW, False, "", None)
    waits = DeliveryView("webhook", "", 1, 0, 3, 0, NOW, False, "timeout", NOW)
    gone = DeliveryView("slack", HOSTILE, 0, 0, 0, 2, None, True, "channel_not_found", NOW - timedelta(hours=3))
    store = CannedStore((endpoint_view("bot", points),), points, round_views=rounds_every("bot", 6),
                      delivery_views=(fine, gone, waits))  # fmt: skip
    at = page(store)
    (said,) = at.error
    assert said.value == (
        f"**Nobody is reached through slack** ({inline(HOSTILE)}) for 3 h: {inline('channel_not_found')}. "
        "`prober status` says what to do."
    )


def test_one_glance_and_one_click(page):
    store = all_states()
    at = page(store)
    assert at.error[0].value == "**down** has an outage. **support-bot** is different from what you pinned."
    doubt, down, bot, *_ = links(at)
    assert doubt[1] == "promise"
    assert down == ("**down**", "endpoint", "endpoint=down")
    assert bot == ("**support-bot**", "incident", "endpoint=support-bot&incident=3")
    shown = texts(at)
    assert ":red-badge[✕ unreachable]" in shown and ":orange-badge[◆ changed] :orange-badge[warning]" in shown
    assert "34 % longer" in shown and "Not acknowledged · search team" in shown
    assert "newest round 59 min ago · 30 days: 2 days changed" in shown
    late = tuple(
        replace(each, stale_since=NOW) if each.name == "support-bot" else each for each in store.endpoint_views
    )
    store.endpoint_views = late
    assert "**no fresh rounds**, newest round 59 min ago · 30 days: 2 days changed" in texts(page(store))


def test_a_prober_that_asks_nothing_comes_before_an_answer_that_may_be_old(page):
    points = history("bot")
    silent = CannedStore((endpoint_view("bot", points),), points, round_views=rounds_every("bot", 6))
    silent.signs_of_life = (sign(seen_at=NOW - timedelta(days=2)),)
    said = [each.value for each in page(silent).main if each.type in ("error", "warning", "success")]
    assert [line.split(" ")[0] for line in said] == ["**The", "**Nothing"], said
    changed = all_states()
    changed.signs_of_life = silent.signs_of_life
    said = [each.value for each in page(changed).main if each.type in ("error", "warning", "success")]
    assert "fell silent" in said[0] and "support-bot" in said[1], said


def test_many_endpoints_are_searched_grouped_and_sorted(page):
    at = page(all_states(), find="gpt-4o brand", group="owner")
    assert [label for label, to, _ in links(at) if to == "endpoint"] == ["**brand-new**"]
    assert "## search team" in texts(at) and "0 of 1 endpoint need attention" in texts(at)
    table = page(all_states(), view="table").dataframe[0].value
    assert table["endpoint"].tolist()[:3] == ["down", "support-bot", "summariser"]
    assert table["evidence"].tolist()[1] == 100 and table["failed asks"].tolist()[0] == 96
    assert page(all_states(), find="nobody").info[0].value == "No endpoint matches the search."


@pytest.mark.slow
def test_a_link_to_an_incident_shows_what_moved_and_the_replies_side_by_side(page):
    at = page(all_states(), incident="3")
    assert "<del>" in replies(at)[0]
    assert "<ins>Great" in replies(at)[1]
    assert at.dataframe[0].value["channel"][0] == "length"
    assert at.dataframe[0].value["evidence"].tolist()[0] > log10(THRESHOLD), "numbers sort as numbers"
    whats = [what for what in at.dataframe[-2].value["what"] if not what.startswith("deploy")]
    assert whats == ["first changed round", "confirmed", "acknowledge had no effect: "
                                                   "not allowed", "notified: opened"]  # fmt: skip
    assert list(at.dataframe[-1].value["state"]) == ["sent", "failed"]
    assert at.title[0].value == "support-bot: 34\u00a0% longer"
    assert ":orange-badge[warning] :orange-badge[open] Behaviour change" in texts(at)
    assert "Now: still different" in texts(at) and "By chance: once in" in texts(at)
    assert len(at.get("vega_lite_chart")) == 2
    assert links(at)[0] == ("All incidents", "incident", "")
    assert address(at) == {"incident": "3"}


def test_without_a_number_all_incidents_are_listed(page):
    at = page(all_states(), "incident")
    assert [query for _, _, query in links(at)] == [
        "endpoint=support-bot&incident=3",
    ]
    assert at.dataframe[0].value["closed as"].tolist() == ["accepted"]
    at = page(CannedStore((endpoint_view("bot", history("bot")),)), "incident")
    assert "No incident yet" in at.success[0].value


@pytest.mark.slow
def test_a_closed_incident_says_who_closed_it_and_why(page):
    at = page(all_states(), incident="1")
    assert "by ada: accepted." in texts(at)
    assert at.text[0].value == "we asked for it"


@pytest.mark.parametrize("wanted", ["99", "<b>"])
def test_an_unknown_incident_is_a_friendly_message(page, wanted):
    at = page(all_states(), incident=wanted)
    assert "There is no incident" in at.warning[0].value
    assert "<b>" not in at.warning[0].value.replace("`<b>`", "")


@pytest.mark.slow
def test_a_link_to_a_channel_shows_it(page):
    at = page(all_states(), "endpoint", endpoint="summariser", channel="choice")
    assert [box.value for box in at.selectbox] == ["summariser", "choice"]
    assert at.button_group[0].value == "30 days"
    assert len(at.get("vega_lite_chart")) == 5
    assert ", share of replies. Evidence" in texts(at)


@pytest.mark.slow
def test_choosing_another_channel_changes_the_address(page):
    at = page(all_states(), "endpoint", endpoint="support-bot", channel="choice")
    at.selectbox[1].select("format").run()
    assert address(at) == {"endpoint": "support-bot", "channel": "format"}
    at.button_group[0].set_value("1 day").run()
    assert address(at) == {"endpoint": "support-bot", "channel": "format", "range": "1 day"}
    at.selectbox[0].select("search-ranker").run()
    assert address(at) == {"endpoint": "search-ranker", "range": "1 day"}
    assert at.selectbox[0].value == "search-ranker"


@pytest.mark.slow
def test_unknown_names_in_a_link_are_friendly_messages(page):
    at = page(all_states(), "endpoint", endpoint="gone", channel="length")
    assert "There is no endpoint gone here" in at.warning[0].value
    at = page(all_states(), "endpoint", endpoint="search-ranker", channel="gone")
    assert "search-ranker has no channel gone" in at.warning[0].value
    assert at.selectbox[1].value in {"length", "choice", "format"}


def test_an_endpoint_without_points_in_its_history(page):
    store = all_states()
    store.points = ()
    assert "This channel was not judged in this time" in texts(page(store, "endpoint"))


def test_a_hundred_endpoints(page):
    at = page(fleet(100))
    assert len(links(at)) == 25, "a page of them"
    assert "all 100 endpoints" in at.success[0].value


@pytest.mark.slow
def test_hostile_replies_are_shown_as_text_and_cut(page):
    at = page(hostile(), incident="3")
    assert any("&lt;script&gt;alert(1)&lt;/script&gt;" in text for text in replies(at))
    assert not any("<script>" in text for text in replies(at))
    assert max(map(len, replies(at))) < 10_000
    assert "1,996,000 more characters" in texts(at)


@pytest.mark.slow
def test_nothing_is_asked_again_until_the_store_has_something_newer(page):
    store = all_states()
    at = page(store)
    at.run()
    assert store.asked == ["endpoints"]
    store.version = "2"
    store.endpoint_views = store.endpoint_views[:1]
    store.all_incidents = ()
    at.run()
    assert store.asked == ["endpoints"] * 2
    assert "Nothing differs" in at.success[0].value


def test_a_store_that_appears_later_is_found_without_a_restart(page, monkeypatch):
    at = page(StoreError("there is no database"))
    monkeypatch.setattr(cached_store.Store, "open", staticmethod(lambda url, *, read_only=False: all_states()))
    at.run()
    assert "support-bot" in at.error[0].value


def test_the_hostile_text_is_hostile():
    assert all(part in HOSTILE for part in ("<script>", "<!channel>", "\x00", "\ud800", "\u202e"))


@pytest.mark.slow
def test_an_incident_says_when_it_began_whether_it_lasts_how_much_and_word_by_word(page):
    store = all_states()
    (opened, *others) = store.all_incidents
    first, last = opened.onset, opened.detected_round
    found = Findings((Shift("length", "34 % longer, counted", 48, 256),), Share(0.163, 0.1, 0.22, 4, 12))
    opened = replace(opened, onset_between=(first, last), course="persistent", rounds_after=3, findings=found)
    at = page(replace(store, all_incidents=(opened, *others)), incident=str(opened.id))
    shown = texts(at)
    assert "(between " in shown
    assert "still differs from the reference, as did the rounds after the alarm" in shown
    assert "Affected: ≥ 16 %" in shown
    assert "at least 16 % of the replies (10–22 %)" in shown
    assert "4 of 12 changed" in shown
    table = next(one.value for one in at.dataframe if "replies since" in one.value)
    row = table[table["channel"] == "length"].iloc[0]
    assert (row["moved"], row["replies since"], row["replies before"]) == ("34 % longer, counted", 48, 256)


@pytest.mark.slow
def test_a_change_that_has_passed_says_since_when(page):
    store = all_states()
    (opened, *others) = store.all_incidents
    over = replace(opened, course="transient", passed=opened.detected_round)
    at = page(replace(store, all_incidents=(over, *others)), incident=str(over.id))
    assert "Replies are as in the reference again since" in texts(at)
    assert "Now: back as before" in texts(at) and "Close it, if you agree" in texts(at)


@pytest.mark.slow
def test_a_provisional_change_is_not_compared_with_a_reference_that_is_not_there(page):
    store = all_states()
    (opened, *others) = store.all_incidents
    found = replace(opened, course="persistent", rounds_after=0, settled_round=opened.detected_round)
    at = page(replace(store, all_incidents=(found, *others)), incident=str(found.id))
    shown = texts(at)
    assert "Now: becomes the reference" in shown and "Provisional: there was no reference yet" in shown
    assert "differs from the reference" not in shown
    assert "found to persist" not in at.dataframe[-2].value["what"].tolist()


def test_an_endpoint_that_is_judged_by_days_says_why_its_rounds_have_no_value(page):
    points = tuple(replace(point, value=float("nan")) for point in history("bot"))
    store = CannedStore((endpoint_view("bot", points),), points, round_views=rounds_every("bot", 6), is_by_day=True)
    shown = texts(page(store, "endpoint", endpoint="bot"))
    assert "Judged by days: rounds of one day are alike here" in shown and "Not read in this time" not in shown
    store.is_by_day = False
    assert "Not read in this time" in texts(page(store, "endpoint", endpoint="bot"))


def test_a_beginning_by_a_clock_that_was_ahead_is_said_to_be_one_wherever_it_is_shown(page):
    points = history("bot", changed=30)
    before = NOW - timedelta(days=40)
    over = incident(points, 30, state="closed", close_reason="accepted", closed_at=NOW, opened_at=before)
    right = incident(points, 30, number=4, state="closed", close_reason="accepted", closed_at=NOW)
    store = CannedStore((endpoint_view("bot", points),), points, all_incidents=(over, right))
    said = "by a clock that was once ahead"
    table = page(store, "incident").dataframe[0].value
    assert table["its beginning is"].tolist() == [said, ""]
    (mark,) = [one.words for one in charts.marks(points, [over], []) if one.kind == "changed"]
    assert mark.endswith(f" ({said})")
    assert page(replace(store, all_incidents=(right,)), "incident").dataframe[0].value.columns.tolist()[-3:] == [
        "began", "closed", "by",
    ]  # fmt: skip
    shift = FoundShift("gone", "chat", "inputs", NOW + timedelta(hours=5), NOW, "asks for more")
    feature = FeatureStatus(Feature("gone", "chat", 9, 0, 0, NOW), {one: SideStatus(NOW, None) for one in SIDE_WORDS},
                            (shift,), {})  # fmt: skip
    assert said in page(replace(store, features=(feature,)), "samples").dataframe[1].value["how"][0]
