"""Replay: the daemon's judgements again, from nothing but a log."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest

from prober.incidents.lifecycle import AFTERMATH
from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.lab.replay import reference_of, replay, rounds_of, rounds_per_year
from prober.loading.reply_log import LoggedReply, read, write
from prober.model.declaration import Check
from prober.model.reply import Reply
from tests.lab.replay.logs import PROMISE, START, answers, cheap, day, log, replayed

OLD, NEW, NEWEST = ("blue", "red"), ("sorry", "I cannot"), ("a long and winding answer", "another one")


@cache
def changed():
    """(replies, replayed) of a log that changes for good after 24 rounds."""
    replies = list(log((24, OLD), (8, NEW)))
    return replies, replayed(replies)


@pytest.mark.slow
def test_a_still_log_has_no_alarm() -> None:
    result = replayed(log((40, OLD)))
    assert result.alarms == ()
    assert (result.endpoint, result.rounds, result.reference_rounds) == ("acme/m", 40, 12)
    assert [j.state for j in result.judgements] == ["insufficient_evidence"] * 12 + ["quiet"] * 28
    assert result.promise is PROMISE


def test_a_change_is_found_dated_and_said_to_persist() -> None:
    (alarm,) = changed()[1].alarms
    assert day(24) <= alarm.round <= day(26)
    assert day(23) <= alarm.onset <= day(25)
    assert alarm.onset <= alarm.round
    assert alarm.persistent is True
    assert alarm.kind == "behaviour_change"
    assert alarm.e_value >= PROMISE.threshold
    assert {"choice", "length"} >= {v.channel for v in alarm.verdicts} > set()
    assert all(v.e_value >= PROMISE.threshold / 10 for v in alarm.verdicts)


@pytest.mark.slow
def test_after_an_alarm_a_new_epoch_begins_at_the_onset_so_a_second_change_is_found_too() -> None:
    result = replayed(log((24, OLD), (24, NEW), (12, NEWEST)))
    first, second = result.alarms
    assert day(24) <= first.round <= day(26)
    assert day(48) <= second.round <= day(50)
    assert len(result.judgements) == 60
    assert "insufficient_evidence" in {j.state for j in result.judgements[27:32]}


@pytest.mark.slow
def test_a_change_back_is_a_change() -> None:
    assert len(replayed(log((24, OLD), (20, NEW), (10, OLD))).alarms) == 2


@pytest.mark.slow
def test_what_passes_does_not_persist() -> None:
    result = replayed(log((24, OLD), (3, NEW), (20, OLD)))
    assert result.alarms[0].persistent is False


@pytest.mark.slow
def test_a_change_in_the_last_round_cannot_be_said_to_persist() -> None:
    replies, result = changed()
    (alarm,) = result.alarms
    until = replayed([one for one in replies if one.round <= alarm.round])
    assert until.alarms[0].round == alarm.round
    assert until.alarms[0].persistent is None


@pytest.mark.slow
def test_another_name_alone_is_a_change_of_identity() -> None:
    renamed = [*log((20, OLD)), *log((10, OLD), first=20, model="m-2")]
    assert replayed(renamed).alarms[0].kind == "identity_change"


def test_too_short_a_log_is_insufficient_and_says_what_is_missing() -> None:
    result = replayed(log((5, OLD)))
    assert (result.alarms, result.reference_rounds) == ((), 0)
    assert {j.state for j in result.judgements} == {"insufficient_evidence"}
    assert (
        result.judgements[-1].missing == "the reference of 3 probes needs 72 more of 168 hours and 7 more of 12 rounds"
    )


def test_a_log_of_failures_is_insufficient() -> None:
    failed = [LoggedReply(f"{i:03d}", "e", "p", Reply(at=START, error="timeout")) for i in range(12)]
    result = replayed(failed)
    assert {j.missing for j in result.judgements} == {"the newest round has no reply"}


@pytest.mark.slow
def test_failed_asks_are_kept_in_their_round_and_judged_by_nobody() -> None:
    good = list(log((14, OLD)))
    bad = [replace(one, reply=Reply(at=one.reply.at, error="http_500")) for one in log((14, OLD), samples=1)]
    (rounds,) = rounds_of([*good, *bad], cheap).values()
    assert sum(o.fingerprint is None for r in rounds for o in r.observations) == len(bad)
    assert [j.e_value for j in replay(rounds, PROMISE).judgements] == [j.e_value for j in replayed(good).judgements]


def test_the_first_n_rounds_are_the_reference_where_one_says_so() -> None:
    result = replayed(log((20, OLD)), Promise(reference=reference_of(5)))
    assert result.reference_rounds == 5
    assert [j.state for j in result.judgements].index("quiet") == 5


def test_a_reference_of_very_few_rounds_is_the_askers_own_affair() -> None:
    assert replayed(log((6, OLD)), Promise(reference=reference_of(2))).reference_rounds == 2


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 6])
def test_labels_may_be_numbers_which_have_no_times(width: int) -> None:
    replies = [
        one for i in range(10 ** min(width, 1), 10 ** min(width, 1) + 20) for one in answers(i, OLD, label=f"{i:0{width}d}")
    ]  # fmt: skip
    (rounds,) = rounds_of(replies, cheap).values()
    assert {r.at for r in rounds} == {None}
    assert rounds_per_year(rounds) == 365.25
    result = replay(rounds, PROMISE)
    assert result.reference_rounds == 12, "without times there are no hours to wait for"
    assert result.alarms == ()


def test_rounds_a_year_follow_from_the_labels_and_gaps_do_not_count() -> None:
    (hourly,) = rounds_of(
        [one for hour in range(20) for one in answers(hour, OLD, label=f"2026-01-01T{hour:02d}:00:00Z")], cheap
    ).values()
    assert rounds_per_year(hourly) == 8766.0
    (daily,) = rounds_of([*log((5, OLD)), *log((5, OLD), first=100)], cheap).values()
    assert rounds_per_year(daily) == 365.25
    assert rounds_per_year(daily[:1]) == 365.25
    assert rounds_per_year([]) == 365.25


@pytest.mark.slow
def test_the_order_of_lines_does_not_matter_but_that_of_labels_does() -> None:
    replies, one = changed()
    other = replayed(random.Random(0).sample(replies, len(replies)))
    assert [a.round for a in one.alarms] == [a.round for a in other.alarms]
    assert [j.round for j in other.judgements] == sorted({r.round for r in replies})


@pytest.mark.slow
def test_several_endpoints_in_one_log_are_judged_apart() -> None:
    mixed = [*log((14, OLD), (8, NEW), endpoint="x"), *log((16, OLD), endpoint="yy")]
    endpoints = rounds_of(random.Random(1).sample(mixed, len(mixed)), cheap)
    assert sorted(endpoints) == ["x", "yy"]
    found = {name: replay(rounds, PROMISE) for name, rounds in endpoints.items()}
    assert len(found["x"].alarms) == 1
    assert found["yy"].alarms == ()


def test_samples_are_numbered_within_their_probe_and_round() -> None:
    (rounds,) = rounds_of(log((2, OLD)), cheap).values()
    for round_ in rounds:
        assert [(o.probe, o.sample) for o in round_.observations] == [(p, k) for p in "abc" for k in range(3)]
        assert len({o.series for o in round_.observations}) == 3


@pytest.mark.parametrize(
    "edit", [{"prompt": "a??"}, {"system": "Be brief."}, {"expect": (Check(type="is-json"),)}, {"probe": "z"}]
)
@pytest.mark.slow
def test_an_edited_probe_is_another_series_and_no_alarm(edit) -> None:
    before = list(log((20, OLD), probes=("a", "b")))
    after = [replace(one, **edit) if one.probe == "a" else one for one in log((20, OLD), first=20, probes=("a", "b"))]
    after = [
        replace(one, reply=replace(one.reply, text="something else altogether")) if one.prompt != "b?" else one for one in after
    ]  # fmt: skip
    after = [one if one.probe != "b" else replace(one, reply=replace(one.reply, text="blue")) for one in after]
    (rounds,) = rounds_of([*before, *after], cheap).values()
    assert len({o.series for r in rounds for o in r.observations}) == 3
    assert replay(rounds, PROMISE).alarms == ()


@pytest.mark.slow
def test_the_same_change_without_an_edit_is_an_alarm() -> None:
    """What the test above would see, were the two series compared."""
    before = list(log((20, OLD), probes=("a", "b")))
    after = [
        replace(one, reply=replace(one.reply, text="something else altogether" if one.probe == "a" else "blue"))
        for one in log((20, OLD), first=20, probes=("a", "b"))
    ]
    assert replayed([*before, *after]).alarms


@pytest.mark.slow
def test_replay_judges_as_the_daemon_does() -> None:
    """Round by round through `advance`, with the history a store would give."""
    (rounds,) = rounds_of(log((16, OLD)), cheap).values()
    memory, said = Memory(), []
    for i, round_ in enumerate(rounds):
        held = rounds[: i + 1]
        memory, judgement = advance(memory, round_, lambda series, held=held: held, PROMISE)
        said.append(judgement.e_value)
    assert [j.e_value for j in replay(rounds, PROMISE).judgements] == said


@pytest.mark.slow
def test_replaying_twice_gives_the_same_to_the_last_bit(tmp_path) -> None:
    replies, once = changed()
    path = tmp_path / "log.jsonl.gz"
    write(path, replies)
    twice = replayed(read(path))
    assert once.alarms == twice.alarms
    assert [j.e_value for j in once.judgements] == [j.e_value for j in twice.judgements]


@pytest.mark.slow
def test_what_comes_after_the_aftermath_does_not_change_an_alarm() -> None:
    replies, result = changed()
    (whole,) = result.alarms
    last = sorted({one.round for one in replies}).index(whole.round) + AFTERMATH
    assert replayed([one for one in replies if one.round <= day(last)]).alarms[0] == whole


@pytest.mark.slow
def test_hostile_replies_are_fingerprinted_and_judged_by_the_real_thing() -> None:
    """Through every feature, as the daemon does; NUL bytes, lone surrogates, markup and size are data."""
    hostile = ("<!channel>\x00\ud800", "x" * 20_000)
    replies = log((12, OLD), (3, hostile), probes=("a",), samples=2)
    (rounds,) = rounds_of(replies).values()
    result = replay(rounds, PROMISE)
    assert len(result.judgements) == 15
    assert all(o.fingerprint for r in rounds for o in r.observations)


def test_an_alarm_says_when_how_much_and_what_moved() -> None:
    (alarm,) = changed()[1].alarms
    assert alarm.onset_between is not None
    assert alarm.onset_between[0] <= day(24) <= alarm.onset_between[1]
    words = {shift.channel: shift.words for shift in alarm.findings.shifts}
    assert words["choice"].startswith("a: “blue” 0 % (was ") or "never seen before" in words["choice"]
    assert alarm.findings.share is None, "all of the traffic changed"
    (example, *_) = alarm.findings.examples
    assert example.reference.round < alarm.onset_between[0] <= example.recent.round
