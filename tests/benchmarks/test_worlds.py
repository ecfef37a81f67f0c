"""Unchanged worlds are what their row says: who answers when, what is drawn anew, what never is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np
import pytest

from benchmarks import numbers, still, worlds
from prober.model.evidence import Fingerprint, Round

pytestmark = pytest.mark.slow  # what measures the prober is not the prober


def drawn(kind: str, days: int = 20, seed: int = 4, **changes: object) -> tuple[worlds.World, list[Round]]:
    rng = np.random.default_rng(seed)
    world = replace(worlds.KINDS[kind].draw(rng), **changes)  # type: ignore[arg-type]
    return world, list(worlds.rounds(rng, world, round(days * 24 / world.every_h)))


def prints(round_: Round) -> list[Fingerprint]:
    return [o.fingerprint for o in round_.observations if o.fingerprint is not None]


def answerer(round_: Round) -> int:
    """Which behaviour answered; one a round."""
    [behaviour] = {print_.categories["identity.system_fingerprint"].split("_")[1] for print_ in prints(round_)}
    return int(behaviour)


def by_day(rounds: list[Round]) -> list[list[Round]]:
    return [list(day) for _, day in groupby(rounds, key=lambda one: one.at and one.at.date())]


@pytest.mark.parametrize("kind", [kind for kind in worlds.KINDS if not kind.endswith("-10-minutely")])
def test_every_kind_gives_the_same_rounds_for_the_same_seed(kind: str) -> None:
    world, rounds = drawn(kind, days=3)
    assert rounds == drawn(kind, days=3)[1] != drawn(kind, days=3, seed=5)[1]
    assert [r.label for r in rounds] == [f"{i:06d}" for i in range(len(rounds))]
    assert {len(r.observations) for r in rounds} == {len(world.probes) * world.samples}
    assert {(later.at - earlier.at).total_seconds() for earlier, later in pairwise(rounds)} == {world.every_h * 3600}
    assert worlds.KINDS[kind].says


def test_equal_replies_share_one_fingerprint() -> None:
    _, rounds = drawn("independent", days=300)
    all_prints = [(o.series, o.fingerprint) for r in rounds for o in r.observations]
    kept = {id(print_) for _, print_ in all_prints}
    assert len(kept) < len(all_prints)
    assert len({(s, repr(p)) for s, p in all_prints}) == len({(s, id(p)) for s, p in all_prints})


def test_independent_replies_are_drawn_from_the_truth() -> None:
    world, rounds = drawn("independent", days=500)
    for number, truth in enumerate(world.probes):
        seen = Counter(
            o.fingerprint.categories["text.choice"] for r in rounds for o in r.observations if o.series == f"s{number}"
        )
        shares = np.array([seen[f"choice {c}"] for c in range(len(truth.choice))]) / seen.total()
        assert np.abs(shares - truth.choice).max() < 5 * np.sqrt(0.25 / seen.total())


def test_clustered_days_scatter_more_than_their_replies_and_hours_of_a_day_do_not() -> None:
    truth = replace(drawn("clustered")[0].probes[0], choice=np.array([0.5, 0.5]), spread=0.1)
    world, rounds = drawn("clustered-hourly", days=60, strength=5.0, samples=4, probes=(truth,))
    share = np.array(
        [np.mean([p.categories["text.choice"] == "choice 0" for r in day for p in prints(r)]) for day in by_day(rounds)]
    )
    # Beta(2.5, 2.5) has the variance 1/24; 96 replies a day add a 384th of what is left.
    assert 0.02 < share.var() < 0.07
    assert world.strength == 5.0


def test_what_wanders_is_like_the_day_before() -> None:
    truth = replace(drawn("independent")[0].probes[0], spread=0.4)
    _, rounds = drawn("wander-0.9", days=1500, samples=4, wander=2.0, probes=(truth,))
    length = np.array([np.log(p.numbers["text.characters"]) for r in rounds for p in prints(r)]).reshape(-1, 4).mean(1)
    lagged = [np.corrcoef(length[:-lag], length[lag:])[0, 1] for lag in (1, 10)]
    assert 0.75 < lagged[0] < 0.92 and 0.1 < lagged[1] < 0.5


def test_a_machine_stays_for_two_days_and_a_cache_for_one() -> None:
    _, rounds = drawn("staying-6-hourly", days=400)
    moves = sum(a != b for a, b in pairwise(map(answerer, rounds)))
    assert 0.35 < moves / 400 < 0.65
    _, rounds = drawn("cached-hourly", days=5, fingerprints=1)
    for day in by_day(rounds):
        assert len({(o.series, repr(o.fingerprint)) for r in day for o in r.observations}) == len(
            {o.series for r in day for o in r.observations}
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["replicas", "replicas-hourly"])
def test_a_replica_answers_for_a_whole_day(kind: str) -> None:
    world, rounds = drawn(kind, days=60)
    days = [{answerer(r) for r in day} for day in by_day(rounds)]
    assert {len(day) for day in days} == {1} and len(days) == 60
    assert set.union(*days) == set(range(1 + len(world.others))) and world.others


def test_weekends_and_nights_come_by_the_clock() -> None:
    for round_ in drawn("weekend")[1]:
        assert answerer(round_) == (round_.at.weekday() >= 5)
    for round_ in drawn("night-hourly", days=3)[1]:
        assert answerer(round_) == (not 8 <= round_.at.hour < 20)


def test_redrawn_answers_are_one_a_day_and_jump_together() -> None:
    world, rounds = drawn("redrawn", days=400, redrawn=0.4)
    logs = []
    for round_ in rounds:
        by_probe = [
            {(p.categories["text.choice"], p.numbers["text.characters"]) for p in one} for one in per_probe(round_)
        ]
        assert {len(answers) for answers in by_probe} == {1}
        logs.append([np.log(next(iter(answers))[1]) for answers in by_probe])
    long = [i for i, truth in enumerate(world.probes) if truth.length > 4]
    correlations = np.corrcoef(np.array(logs)[:, long], rowvar=False)
    assert len(long) > 1 and correlations.min() > 0.99
    assert 0.3 < np.std(np.array(logs)[:, long[0]]) < 0.5


def per_probe(round_: Round) -> list[list[Fingerprint]]:
    return [
        [o.fingerprint for o in replies if o.fingerprint is not None]
        for _, replies in groupby(round_.observations, key=lambda o: o.series)
    ]


def test_heavy_tails_are_heavy_and_new_answers_keep_turning_up() -> None:
    world, rounds = drawn("heavy", days=365)
    lengths = np.log1p(
        [o.fingerprint.numbers["text.characters"] for r in rounds for o in r.observations if o.series == "s0"]
    )
    middle = np.quantile(lengths, 0.75) - np.quantile(lengths, 0.25)
    assert np.ptp(lengths) > 10 * middle, "a normal law of these many replies has 5 to 6"
    assert lengths.max() <= np.log(worlds.LONGEST)
    early = {o.fingerprint.categories["text.choice"] for r in rounds[:100] for o in r.observations}
    late = {o.fingerprint.categories["text.choice"] for r in rounds[265:] for o in r.observations}
    assert late - early and {probe.tail for probe in world.probes} <= {"student", "mixture"}


@pytest.mark.slow
def test_a_measurement_counts_what_the_judge_says_and_goes_on_where_it_stopped(tmp_path, monkeypatch) -> None:
    result = still.result("independent", [still.watched(0, "independent", 3)])
    assert (result.kind, result.worlds, result.alarms, result.worlds_with_alarm) == ("independent", 1, 0, 0)
    assert result.years == pytest.approx(4 / 365.25) and result.interval[0] == result.rate == 0
    monkeypatch.setattr(numbers, "digest", lambda measure: measure.__name__)
    monkeypatch.setattr(still.worlds, "KINDS", {"short": replace(worlds.KINDS["independent"], days=3)})
    [first], kept = still.measure({"short": 1}, 1, tmp_path / "kept.jsonl"), (tmp_path / "kept.jsonl").read_text()
    [both] = still.measure({"short": 2}, 1, tmp_path / "kept.jsonl")
    assert (first.worlds, both.worlds) == (1, 2) and (tmp_path / "kept.jsonl").read_text().startswith(kept)
    assert still.kept_results(tmp_path / "kept.jsonl") == [both]
    assert still.measure({"short": 9}, 1, tmp_path / "kept.jsonl", minutes=0) == [both], "no time for another"
    monkeypatch.setattr(numbers, "digest", lambda measure: "another")
    [anew] = still.measure({"short": 1}, 1, tmp_path / "kept.jsonl")
    assert anew == first and len((tmp_path / "kept.jsonl").read_text().splitlines()) == 1, "never mixed"


def test_the_interval_is_garwoods() -> None:
    low, high = still.StillResult("x", 2.0, 3, 2, 2).interval
    assert (2 * low, 2 * high) == pytest.approx((0.6187, 8.7673), abs=1e-3)
