"""Stretches of time: every point where there are few, no peak lost where there are many."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from prober.model.evidence import Observation
from prober.store import Store, rounds, watches
from prober.store.export import export
from prober.store.pages import over_time, overview
from tests.store.world import DAY, NOW, SEARCH, complete, declare, judge, observe, verdict

HOUR = timedelta(hours=1)


def told(store: Store, evidence: list[float], failed: int | None = None) -> None:
    """A round an hour; `evidence` is that of its length. The round no. `failed` has a failed ask."""
    for n, e_value in enumerate(evidence):
        verdicts = (replace(verdict("length"), e_value=e_value, value=float(n)), verdict("choice", 2.0))
        asks = [observe(), *([observe(error="timeout", sample=1)] if n == failed else [])]
        complete(store, NOW + n * HOUR, *asks, judgement=judge("", "quiet", *verdicts))


@pytest.mark.slow
def test_a_short_stretch_is_every_round_of_it_oldest_first(store: Store) -> None:
    told(store, [1.0] * 6)
    points = store.query(over_time.channel_stretch, "billing", "length", NOW + HOUR, NOW + 4 * HOUR)
    assert [one.value for one in points] == [1.0, 2.0, 3.0]
    assert {one.probe_set for one in points} == {"money"}
    history = store.query(over_time.channel_history, "billing", "length")[1:4]
    assert tuple(replace(one, probe_set="") for one in points) == history
    assert len(store.query(over_time.channel_stretch, "billing", "length")) == 6
    assert store.query(over_time.channel_stretch, "billing", "length", NOW + DAY) == ()
    assert (
        store.query(over_time.channel_stretch, "billing", "nonsense")
        == store.query(over_time.channel_stretch, "nobody", "length")
        == ()
    )


@pytest.mark.parametrize("peak", [0, 7, 12, 24])
@pytest.mark.slow
def test_a_long_stretch_keeps_every_peak_and_the_newest(store: Store, peak: int) -> None:
    told(store, [1.0] * peak + [99.0] + [1.0] * (24 - peak))
    points = store.query(over_time.channel_stretch, "billing", "length", most=5)
    assert len(points) in (5, 6)
    values = [one.value for one in points]
    assert values == sorted(values)
    assert float(peak) in values
    assert values[-1] == 24.0


def test_lines_say_who_answered_what_failed_and_how_long_it_took(store: Store) -> None:
    def by(model: str, sample: int, latency_s: float | None) -> Observation:
        one = observe("x", sample, latency_s=latency_s)
        assert one.fingerprint is not None
        named = {**one.fingerprint.categories, "identity.model": model}
        return replace(one, fingerprint=replace(one.fingerprint, categories=named))

    seconds = (4.0, 1.0, 3.0, None)
    view = complete(
        store, NOW, *(by("ab"[n % 2], n, s) for n, s in enumerate(seconds)), observe(error="timeout", sample=9)
    )
    (line,) = store.query(over_time.lines, "billing")
    assert (line.round, line.at, line.asked, line.failed) == (view.label, NOW, 5, 1)
    assert line.identities == {"model=a": 2, "model=b": 2}
    assert (line.latency_half_s, line.latency_most_s) == (3.0, 4.0)
    complete(store, NOW, observe(error="timeout"), endpoint=SEARCH)
    (nothing,) = store.query(over_time.lines, "search")
    assert (nothing.identities, nothing.latency_half_s, nothing.latency_most_s) == ({}, None, None)


@pytest.mark.slow
def test_a_long_stretch_of_lines_keeps_the_failures(store: Store) -> None:
    told(store, [1.0] * 25, failed=9)
    lines = store.query(over_time.lines, "billing", most=4)
    assert len(lines) in (4, 5)
    assert [one.failed for one in lines if one.failed] == [1]
    assert lines[-1].round == store.query(overview.recent_rounds)[0].label


def test_newest_of_an_endpoint_changes_with_it_alone(store: Store) -> None:
    declare(store)
    billing, search, both = (
        store.query(watches.changes, "billing"),
        store.query(watches.changes, "search"),
        store.query(watches.changes),
    )
    complete(store)
    assert store.query(watches.changes, "billing") != billing
    assert store.query(watches.changes, "search") == search
    assert store.query(watches.changes) != both


def test_rounds_of_one_state(store: Store) -> None:
    complete(store)
    missed = store.change(rounds.due, SEARCH, "chat", NOW)
    store.change(rounds.miss, missed, "nobody came", NOW)
    assert [one.id for one in store.query(overview.recent_rounds, state="missed")] == [missed]
    assert store.query(overview.recent_rounds, "billing", state="missed") == ()


@pytest.mark.slow
def test_export_is_of_what_is_seen(store: Store) -> None:
    told(store, [1.0] * 4)
    complete(store, NOW + 4 * HOUR, observe("hello", series="s", probe="chat/talk"))
    seen = export(store, "billing", since=NOW + HOUR, until=NOW + 3 * HOUR)
    assert [one.round for one in seen] == [one.round for one in store.query(over_time.lines, "billing")][1:3]
    assert [one.reply.text for one in export(store, probe="chat/talk")] == ["hello"]


@pytest.mark.slow
def test_lately_is_the_newest_rounds_of_each_endpoint(store: Store) -> None:
    declare(store)
    told(store, [1.0] * 4)
    search = store.change(rounds.due, SEARCH, "chat", NOW)
    newest = [one.id for one in store.query(overview.recent_rounds, "billing", limit=2)]
    now = NOW + 4 * HOUR
    assert [one.id for one in store.query(overview.recent_rounds_of_each, now, 2)] == [*newest, search]
    assert [one.id for one in store.query(overview.recent_rounds_of_each, now)] == [
        one.id for one in store.query(overview.recent_rounds)
    ]
