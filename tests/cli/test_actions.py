"""mute, unmute, close, maintenance: what people say of an incident and of an endpoint, from a shell."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from prober.cli.options import now_utc
from tests.cli.conftest import Run

pytestmark = pytest.mark.usefixtures("changed")


def incident(prober: Run) -> dict:
    return prober("incidents", "show", 1, "--json").json["incident"]


@pytest.mark.slow
def test_mute_and_unmute(prober: Run) -> None:
    done = prober("incidents", "mute", 1, "--for", "4h", "--by", "ana", "--reason", "known")
    assert done.code == 0
    muted = incident(prober)
    assert (muted["state"], muted["actor"], muted["note"]) == ("muted", "ana", "known")
    until = datetime.fromisoformat(muted["muted_until"])
    assert timedelta(hours=3) < until - now_utc() <= timedelta(hours=4)
    assert done.out == f"Incident 1 of swapped is muted until {until:%Y-%m-%d %H:%M} UTC by ana.\n"
    assert f"muted until {until:%Y-%m-%d %H:%M} UTC" in prober("incidents", "show", 1).out
    assert prober("incidents", "unmute", 1, "--by", "bo").out == "Incident 1 of swapped is unmuted by bo.\n"
    assert incident(prober)["state"] == "open"
    late = prober("incidents", "unmute", 1, "--by", "bo")
    assert (late.code, late.err) == (2, "incident 1 is not muted\n")


@pytest.mark.slow
def test_close_says_that_the_old_behaviour_is_back_and_keeps_the_reference(prober: Run) -> None:
    done = prober("incidents", "close", 1, "--by", "ana", "--reason", "rolled back")
    assert (done.code, done.out) == (
        0, "Incident 1 of swapped is closed by ana. If it still differs from its reference, a new incident opens.\n",
    )  # fmt: skip
    closed = incident(prober)
    assert (closed["state"], closed["close_reason"], closed["note"]) == ("closed", "recovered", "rolled back")
    assert prober("reference", "--json").json["endpoints"][0]["rounds"] == 8
    late = prober("incidents", "acknowledge", 1, "--by", "bo")
    assert (late.code, late.err) == (2, "incident 1 is closed already: closed by ana\n")


@pytest.mark.slow
def test_every_click_is_shown_with_its_author(prober: Run) -> None:
    prober("incidents", "acknowledge", 1, "--by", "ana", "--reason", "[b]looking[/b]")
    again = prober("incidents", "acknowledge", 1, "--by", "bo")
    assert (again.code, again.out) == (0, "Incident 1 of swapped is already acknowledged by ana.\n")
    presses = prober("incidents", "show", 1, "--json").json["presses"]
    assert [(one["action"], one["actor"], one["outcome"], one["via"]) for one in presses] == [
        ("acknowledge", "bo", "already_acknowledged", "shell"),
        ("acknowledge", "ana", "acknowledged", "shell"),
    ]
    said = prober("incidents", "show", 1).out
    assert "acknowledge by ana" in said and "[b]looking[/b]" in said
    assert "acknowledge by bo" in said and "(already acknowledged)" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("soon", '--for: "soon" is not a time; write a number with s, m, h or d, like 2h\n'),
        ("0h", '--for: "0h" must be more than 0 and at most 365 days\n'),
        ("400d", '--for: "400d" must be more than 0 and at most 365 days\n'),
    ],
)
def test_a_mute_needs_a_time_that_is_one(prober: Run, time: str, words: str) -> None:
    done = prober("incidents", "mute", 1, "--for", time)
    assert (done.code, done.err) == (2, words)
    assert incident(prober)["state"] == "open"


@pytest.mark.slow
def test_work_is_announced_listed_and_ended(prober: Run) -> None:
    assert prober("incidents", "maintenance").out == "No maintenance is announced.\n"
    done = prober("incidents", "maintenance", "swapped", "--for", "2h", "--by", "ana", "--reason", "upgrade")
    assert done.code == 0
    (listed,) = prober("incidents", "maintenance", "--json").json["maintenance"]
    assert (listed["endpoint"], listed["author"], listed["note"]) == ("swapped", "ana", "upgrade")
    assert done.out.startswith("swapped: in maintenance until ") and done.out.endswith(" UTC, by ana: upgrade\n")
    assert prober("incidents", "maintenance", "swapped", "--end").out == "The maintenance of swapped is over.\n"
    assert prober("incidents", "maintenance", "swapped", "--end").out == "No maintenance is announced.\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("swaped", "--for", "2h"), 'unknown endpoint "swaped"; did you mean "swapped"?\n'),
        (("swapped", "--for", "8d"), '--for: "8d" must be more than 0 and at most 7 days\n'),
        (("swapped", "--for", "2h", "--end"), "--for begins maintenance and --end ends it; give only one of them\n"),
        (("--end",), "name the endpoint: prober incidents maintenance ENDPOINT --for 2h\n"),
    ],
)
def test_work_that_cannot_be_announced(prober: Run, arguments: tuple[str, ...], words: str) -> None:
    done = prober("incidents", "maintenance", *arguments)
    assert (done.code, done.err) == (2, words)
