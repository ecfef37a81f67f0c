"""Faults that were once seen on the pages, each with the tests that keep it away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
FAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "a table orange all over under a green banner": (
        "dashboard/test_dashboard_charts.py::test_evidence_that_grows_by_itself_has_no_colour",
        "dashboard/test_dashboard_page.py::test_a_still_world_is_one_green_sentence",
    ),
    "series left out in silence, the worst among them": (
        "dashboard/test_dashboard_charts_days.py::test_bars_of_a_hundred_keys_add_up_to_all_of_them",
        "dashboard/test_dashboard_charts_days.py::test_lines_keep_the_worst_and_the_mean_of_the_others",
    ),
    "two names of one content that show each other's alarms": (
        "dashboard/test_dashboard_first_sentence.py"
        "::test_an_incident_of_another_name_with_the_same_content_is_said_to_be_its",
    ),
    "an open incident that is not judged any more": (
        "dashboard/test_dashboard_page.py::test_a_change_that_has_passed_says_since_when",
    ),
    "a state without its age": (
        "dashboard/test_dashboard_page.py::test_one_glance_and_one_click",
        "status/test_endpoint_status.py::test_three_usual_gaps_and_ten_minutes_make_it_stale",
    ),
    "one line through the rounds of all probe sets": (
        "dashboard/test_dashboard_pages.py"
        "::test_each_probe_set_has_a_panel_of_its_own_and_incidents_of_other_kinds_mark_no_round",
        "store/test_notifications.py::test_a_message_knows_the_first_one_in_the_same_place_and_the_history",
    ),
    "a belief of the judge shown as a share of replies": (
        "dashboard/test_dashboard_pages.py::test_a_probe_then_and_now",
    ),
    "categories by the names that the judge has for them": (
        "judging/test_probe_distributions.py::test_categories_are_words_and_shares_are_counts",
    ),
    "a set with two tags counted twice": (
        "dashboard/test_twenty_numbers.py::test_twenty_numbers_are_those_of_the_database",
    ),
    "a step back that leads to the same page": (
        "dashboard/test_dashboard_browser.py::test_from_a_glance_to_the_evidence_and_back",
        "dashboard/test_door.py::test_the_link_of_a_message_leads_to_its_incident_without_a_step_in_the_history",
    ),
    "numbers sorted as text": (
        "dashboard/test_dashboard_pages.py::test_evidence_of_any_size_is_a_number_in_the_table_of_what_moved",
    ),
    "lines that only the judge understands": ("dashboard/test_dashboard_page.py::test_one_glance_and_one_click",),
    "the same mark for every severity, in order of ids": (
        "dashboard/test_dashboard_first_sentence.py::test_the_most_urgent_comes_first_and_every_state_has_a_symbol",
        "dashboard/test_dashboard_page.py::test_many_endpoints_are_searched_grouped_and_sorted",
    ),
    "a legend that leaves no plot, an axis in exponents": (
        "dashboard/test_dashboard_charts_days.py"
        "::test_a_legend_takes_nothing_from_the_plot_and_an_axis_has_no_exponents",
    ),
    "actions that cannot be confirmed or taken back": (
        "dashboard/test_dashboard_actions.py::test_acknowledged_muted_unmuted_and_accepted_with_a_reason",
    ),
    "a channel that reads nothing, unsaid": (
        "dashboard/test_dashboard_pages.py::test_a_channel_that_reads_nothing_of_a_set_says_so",
    ),
    "an empty code box": ("dashboard/test_dashboard_pages.py::test_what_has_no_words_is_no_empty_box",),
    "two numbers of one thing side by side": (
        "dashboard/test_dashboard_pages.py::test_evidence_of_any_size_is_a_number_in_the_table_of_what_moved",
    ),
    "a calm sentence above an outage": ("dashboard/test_dashboard_first_sentence.py::test_headlines",),
    "lines cut off on a phone": (
        "dashboard/test_dashboard_browser.py::test_every_page_fits_every_width",
        "dashboard/test_odd_stores_browser.py::test_every_page_is_drawn_without_an_error",
    ),
    "a page as long as a hostile reply": (
        "dashboard/test_dashboard_page.py::test_hostile_replies_are_shown_as_text_and_cut",
    ),
    "a selection lost between pages": (
        "dashboard/test_dashboard_frame.py::test_what_is_selected_is_kept_by_every_link_and_what_one_page_knows_is_not",
    ),
    "a timeline of reminders": ("dashboard/test_dashboard_timeline.py::test_reminders_are_one_line",),
    "quality without a before": (
        "dashboard/test_dashboard_pages.py::test_quality_is_a_sentence_a_delta_and_the_worst",
        "dashboard/test_dashboard_charts_days.py::test_an_axis_of_shares_is_zoomed_but_makes_no_mountain_of_noise",
    ),
    "one title for every page": (
        "dashboard/test_dashboard_browser.py::test_every_page_is_reached_by_the_menu_and_nothing_hangs_over_the_edge",
    ),
    "columns that do not add up to their metric": (
        "dashboard/test_twenty_numbers.py::test_twenty_numbers_are_those_of_the_database",
    ),
    "a slow start, and a page redrawn without news": (
        "cli/test_main.py::test_nobody_waits_for_what_is_not_needed",
        "dashboard/test_dashboard_page.py::test_nothing_is_asked_again_until_the_store_has_something_newer",
    ),
}
"""What was seen → the tests."""


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_that_was_seen_has_a_test(fault: str) -> None:
    for named in FAULTS[fault]:
        file, _, name = named.partition("::")
        assert re.search(rf"^def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE), named
