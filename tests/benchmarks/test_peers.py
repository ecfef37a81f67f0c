"""Peers: each formula against a slow plain twin in its paper's letters, and each method in a still and a changed world."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pytest

from benchmarks.ladder import Answers
from benchmarks.peers import PEERS, b3it, betting, length_only, lt, met, scan, usual
from benchmarks.peers.interface import SHUFFLES, Peer, exceeded, first_alarm
from benchmarks.peers.outcomes import Outcomes
from tests.bounds import fewest, most

pytestmark = pytest.mark.slow  # what measures the prober is not the prober

Lists = tuple[tuple[tuple[str, float], ...], ...]


NO_LISTS: Mapping[str, Lists] = MappingProxyType({})


def answered(texts: Mapping[str, tuple[str, ...]], lists: Mapping[str, Lists] = NO_LISTS) -> Answers:
    return Answers(texts, lists)


def said(*rounds: Mapping[str, Sequence[str]]) -> list[Answers]:
    return [answered({probe: tuple(replies) for probe, replies in texts.items()}) for texts in rounds]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# -- worlds ------------------------------------------------------------------------------------------------------------

OUTPUTS = ("Blue", "Red", "Light green", "I'm sorry, but I can't help with that.", "Teal, or something like it")
STILL = (0.5, 0.25, 0.15, 0.0, 0.1)
CHANGED = (0.05, 0.05, 0.1, 0.4, 0.4)
LEAST = 1 / (1 + SHUFFLES)


def world(
    seed: int, rounds: int, shares: Sequence[float] = STILL, probes: int = 3, replies: int = 4, moved: float = 0.0
) -> list[Answers]:
    """Independent rounds; `moved` is how far every other token's log-probability is off."""
    random = rng(seed)
    made = []
    for _ in range(rounds):
        texts = {f"p{k}": tuple(random.choice(OUTPUTS, replies, p=shares).tolist()) for k in range(probes)}
        lists = {
            probe: tuple(
                tuple((f"t{j}", -0.7 * j - 0.5 + moved * (j % 2) + float(random.normal(0, 0.05))) for j in range(6))
                for _ in range(replies)
            )
            for probe in texts
        }
        made.append(answered(texts, lists))
    return made


def changed(seed: int, rounds: int) -> list[Answers]:
    return world(seed, rounds, CHANGED, moved=0.4)


# -- the table ---------------------------------------------------------------------------------------------------------


def test_the_table_holds_every_peer_under_its_own_name() -> None:
    assert list(PEERS) == ["lt", "b3it", "met", "length_only", "usual", "betting", "scan"]
    assert all(peer.name == name and peer.source for name, peer in PEERS.items())
    assert [name for name, peer in PEERS.items() if peer.access == "logprobs"] == ["lt"]
    assert [name for name, peer in PEERS.items() if peer.p_value] == ["lt", "b3it", "met", "length_only", "betting"]
    assert [name for name, peer in PEERS.items() if peer.monitor] == ["lt", "b3it", "usual", "betting", "scan"]


@pytest.mark.parametrize("peer", [peer for peer in PEERS.values() if peer.access == "text"], ids=lambda peer: peer.name)
def test_peers_of_text_read_no_logprobs(peer: Peer) -> None:
    with_lists, without = world(1, 6), [answered(answers.texts) for answers in world(1, 6)]
    assert peer.score(with_lists[:4], with_lists[4:], rng()) == peer.score(without[:4], without[4:], rng())


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_the_same_seed_gives_the_same_numbers(peer: Peer) -> None:
    reference, candidate = world(1, 8), world(2, 4)
    for judged in filter(None, (peer.score, peer.p_value)):
        assert judged(reference, candidate, rng(5)) == judged(reference, candidate, rng(5))


# -- still and changed worlds ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_scores_separate_a_changed_world_from_still_ones(peer: Peer) -> None:
    reference = world(0, 12)
    still = [peer.score(reference, world(seed, 6), rng()) for seed in range(1, 16)]
    moved = [peer.score(reference, changed(seed, 6), rng()) for seed in range(1, 16)]
    assert max(still) < min(moved)


@pytest.mark.parametrize("peer", [peer for peer in PEERS.values() if peer.p_value], ids=lambda peer: peer.name)
def test_p_values_are_small_in_a_changed_world(peer: Peer) -> None:
    assert peer.p_value(world(0, 12), changed(1, 6), rng()) < 0.002


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lt", "b3it", "met", "length_only"])
def test_p_values_keep_their_level_in_a_still_world(name: str) -> None:
    values = [
        PEERS[name].p_value(world(2 * seed, 3, probes=2), world(2 * seed + 1, 3, probes=2), rng(seed))
        for seed in range(150)
    ]
    for level in (0.05, 0.25):
        assert sum(p <= level for p in values) <= most(len(values), level)
    if name != "length_only":  # few lengths tie, which makes its p-values large
        assert 0.35 < np.mean(values) < 0.65


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lt", "b3it", "betting", "scan"])
def test_monitors_alarm_soon_after_a_change_and_not_before(name: str) -> None:
    reference, calm, after = world(10, 48), world(11, 60), changed(12, 20)
    alarm = PEERS[name].monitor(reference, calm + after)
    assert alarm is not None
    assert 60 <= alarm < 70
    assert PEERS[name].monitor(reference, calm) is None


@pytest.mark.parametrize("peer", [peer for peer in PEERS.values() if peer.track], ids=lambda peer: peer.name)
def test_tracks_look_only_at_what_is_in(peer: Peer) -> None:
    reference, later = world(20, 24), world(21, 20) + changed(22, 10)
    whole = peer.track(reference, later)
    assert whole.shape == (30,)
    np.testing.assert_allclose(peer.track(reference, later[:22]), whole[:22])


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        (said({"a": ["x", "y"]}), said({"b": ["x"]})),
        (said({"a": ["x", "y"]}), said({"a": []})),
        (said({"a": []}), said({"a": ["x"]})),
        (said({}), said({})),
    ],
)
def test_nothing_to_compare_is_no_change(peer: Peer, reference: list[Answers], candidate: list[Answers]) -> None:
    assert peer.score(reference, candidate, rng()) == 0
    assert peer.p_value is None or peer.p_value(reference, candidate, rng()) == 1
    assert peer.monitor is None or peer.monitor(reference, candidate) is None


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_any_text_is_data(peer: Peer) -> None:
    odd = ["", "\0", "\ud800", "<!channel>" * 3, "é" * 30_000, "👩‍👩‍👧", " \n\t"]
    reference, candidate = said(*[{"a": odd}] * 3), said({"a": odd[::-1]}, {"a": ["\udfff", "plain"]})
    assert math.isfinite(peer.score(reference, candidate, rng()))
    assert peer.p_value is None or 0 <= peer.p_value(reference, candidate, rng()) <= 1
    assert peer.track is None or np.isfinite(peer.track(reference, candidate)).all()


def test_alarms_are_where_the_track_first_passes_1() -> None:
    assert first_alarm(lambda reference, later: np.array([0.0, 1.0, 1.1, 2.0]))([], []) == 2
    assert first_alarm(lambda reference, later: np.array([0.0, 1.0]))([], []) is None


def test_a_permutation_p_value_counts_what_was_seen_and_ignores_rounding() -> None:
    assert exceeded(2.0, np.array([1.0, 2.0 - 1e-12, 3.0])) == 3 / 4
    assert exceeded(5.0, np.array([1.0, 2.0, 3.0])) == 1 / 4


# -- outcomes ----------------------------------------------------------------------------------------------------------


def test_replies_are_counted_in_the_commonest_cells_and_one_for_others() -> None:
    outcomes = Outcomes.of(said({"a": ["x", "y", "y"], "b": ["z"]}, {"a": ["w"], "c": []}), most=3)
    assert outcomes.cells == {"a": {"y": 0, "w": 1}, "b": {"z": 3}}
    assert outcomes.sizes.tolist() == [3, 2]
    assert outcomes.count(said({"a": ["y", "x", "new"], "d": ["z"]}, {"b": ["z", "z"]})).tolist() == [
        [1, 0, 2, 0, 0],
        [0, 0, 0, 2, 0],
    ]
    assert outcomes.per_probe(np.arange(5.0)).tolist() == [3, 7]
    assert outcomes.spread(np.array([1.0, 2.0])).tolist() == [1, 1, 1, 2, 2]


def test_sparse_cells_are_merged() -> None:
    replies = ["x"] * 60 + ["y"] * 38 + ["z"] + ["w"]
    assert Outcomes.of(said({"a": replies}), rarest=0.02).cells == {"a": {"x": 0, "y": 1}}
    assert Outcomes.of(said({"a": replies[:98]}), rarest=0.02).cells == {"a": {"x": 0}}
    assert Outcomes.of(said({"a": ["x"] * 9}), rarest=0.02).cells == {"a": {"x": 0}}


# -- LT ----------------------------------------------------------------------------------------------------------------


def lists(*rounds: Sequence[Mapping[str, float]]) -> list[Answers]:
    """Rounds of one probe, from token → ln p of every reply."""
    return [answered({}, {"x": tuple(tuple(row.items()) for row in rows)}) for rows in rounds]


def slow_lt(X: Sequence[Mapping[str, float]], Y: Sequence[Mapping[str, float]], more: Sequence[str] = ()) -> float:
    """`more`: tokens that are known from elsewhere."""
    tokens = {token for row in [*X, *Y] for token in row} | set(more)
    a = {
        (t, side): np.mean([row.get(t, min(row.values())) for row in S])
        for t in tokens
        for side, S in enumerate((X, Y))
    }
    return float(np.mean([abs(a[t, 0] - a[t, 1]) for t in tokens]))


def some_lists(seed: int, n: int) -> list[dict[str, float]]:
    """Top 4 of 7 tokens, so that some are missing."""
    random = rng(seed)
    rows = [dict(zip("abcdefg", np.round(random.normal(-2, 1, 7), 3).tolist(), strict=True)) for _ in range(n)]
    return [dict(sorted(row.items(), key=lambda item: -item[1])[:4]) for row in rows]


@pytest.mark.parametrize("seed", range(5))
def test_lt_equals_its_twin(seed: int) -> None:
    X, Y = some_lists(seed, 7), some_lists(seed + 100, 5)
    assert lt.score(lists(X[:3], X[3:]), lists(Y), rng()) == pytest.approx(slow_lt(X, Y))


def test_lt_of_several_probes_is_their_mean() -> None:
    X, Y, Z = some_lists(1, 3), some_lists(2, 3), some_lists(3, 3)
    sides = [
        [answered({}, {"p": tuple(tuple(r.items()) for r in a), "q": tuple(tuple(r.items()) for r in b)})]
        for a, b in ((X, Y), (Y, Z))
    ]
    assert lt.score(*sides, rng()) == pytest.approx((slow_lt(X, Y) + slow_lt(Y, Z)) / 2)


def test_lt_takes_the_least_value_of_the_row_for_a_missing_token() -> None:
    assert lt.score(lists([{"a": -1.0, "b": -3.0}]), lists([{"a": -1.0, "c": -5.0}]), rng()) == pytest.approx(4 / 3)


def test_the_p_value_of_lt_is_that_of_all_arrangements() -> None:
    X, Y = some_lists(1, 4), some_lists(2, 4)
    Y = [{token: value - 0.8 for token, value in row.items()} for row in Y]
    pooled = X + Y
    every = [
        slow_lt([pooled[i] for i in range(8) if i not in chosen], [pooled[i] for i in chosen])
        for chosen in itertools.combinations(range(8), 4)
    ]
    exact = np.mean([t >= slow_lt(X, Y) - 1e-12 for t in every])
    assert 0.02 < exact < 0.5
    assert lt.p_value(lists(X), lists(Y), rng()) == pytest.approx(
        exact, abs=4 * math.sqrt(exact * (1 - exact) / SHUFFLES)
    )


def test_the_rule_of_lt_equals_its_twin() -> None:
    rows = some_lists(5, 3 * 150)
    rows[3 * 135 :] = [{token: value - 4.0 * (token < "d") for token, value in row.items()} for row in rows[3 * 135 :]]
    rounds = [rows[3 * i : 3 * i + 3] for i in range(150)]
    known = sorted({token for row in rows for token in row})

    def flat(start: int, end: int) -> list[dict[str, float]]:
        return [row for one in rounds[start:end] for row in one]

    span = 24 // 3
    T = {t: slow_lt(flat(t - 2 * span, t - span), flat(t - span, t), known) for t in range(2 * span, 151)}
    expected = []
    for t in range(31, 151):
        B = [T[s] for s in range(2 * span, t - 2 * span)][-100:]
        expected.append((T[t] - np.mean(B)) / np.std(B) / 12 if len(B) >= 10 and t in T else 0.0)
    found = lt.track(lists(*rounds[:30]), lists(*rounds[30:]))
    assert np.count_nonzero(expected) > 100
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_lt_is_calm_where_log_probabilities_repeat_exactly_and_alarms_at_their_first_move() -> None:
    row, other = {"a": -0.1, "b": -2.3}, {"a": -0.1000001, "b": -2.3}
    reference, calm = lists(*[[row, row, row]] * 30), lists(*[[row, row, row]] * 40)
    assert not lt.track(reference, calm).any()
    assert lt.PEER.monitor(reference, calm + lists([other] * 3)) == 40


# -- B3IT --------------------------------------------------------------------------------------------------------------


def slow_tv(X: Sequence[str], Y: Sequence[str]) -> float:
    P1, P2 = ({x: n / len(S) for x, n in Counter(S).items()} for S in (X, Y))
    return sum(abs(P1.get(x, 0) - P2.get(x, 0)) for x in {*P1, *P2}) / 2


def test_b3it_equals_its_twin() -> None:
    reference = {"a": ["x", "x", "y"], "b": ["u", "v", "w", "w"], "fixed": ["z", "z"]}
    candidate = {"a": ["y", "new", "newer"], "b": ["w", "u"], "fixed": ["moved", "moved"]}
    expected = (slow_tv(reference["a"], candidate["a"]) + slow_tv(reference["b"], candidate["b"])) / 2
    assert b3it.score(said(reference), said(candidate), rng()) == pytest.approx(expected)


def test_border_inputs_are_the_most_balanced_first_and_at_most_20() -> None:
    reference = {"skewed": ["x"] * 9 + ["y"], "even": ["x"] * 5 + ["y"] * 5, "fixed": ["x"] * 10}
    assert b3it.border_inputs(said(reference)) == ["even", "skewed"]
    many = {f"p{i:02}": ["x"] * (1 + i) + ["y"] for i in range(30)}
    assert b3it.border_inputs(said(many)) == [f"p{i:02}" for i in range(20)]


def test_the_output_is_the_first_word_with_its_space() -> None:
    assert [b3it.first_word(text) for text in ("Paris", " Paris, I think", "", "\n\nNo.", "   ")] == [
        "Paris",
        " Paris,",
        "",
        "\n\nNo.",
        "   ",
    ]


def test_the_p_value_of_b3it_is_that_of_all_arrangements() -> None:
    pooled = ["x", "x", "x", "y", "y", "z", "y", "z"]
    every = [
        slow_tv([pooled[i] for i in range(8) if i not in chosen], [pooled[i] for i in chosen])
        for chosen in itertools.combinations(range(8), 4)
    ]
    exact = np.mean([t >= slow_tv(pooled[:4], pooled[4:]) - 1e-12 for t in every])
    found = b3it.p_value(said({"a": pooled[:4]}), said({"a": pooled[4:]}), rng())
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / SHUFFLES))


def test_the_rule_of_b3it_equals_its_twin() -> None:
    reference, later = world(30, 6, probes=2, replies=20), world(31, 25, probes=2, replies=20)
    later += world(32, 8, CHANGED, probes=2, replies=20)

    def tv(against: Sequence[Answers], answers: Answers) -> float:
        first = [
            [text.split()[0] for one in rounds for text in one.texts[p]]
            for p in ("p0", "p1")
            for rounds in (against, [answers])
        ]
        return (slow_tv(first[0], first[1]) + slow_tv(first[2], first[3])) / 2

    T = [tv(reference[:i] + reference[i + 1 :], reference[i]) for i in range(6)] + [tv(reference, one) for one in later]
    deviates = [False] * len(T)
    for i in range(6, len(T)):
        B = T[max(0, i - 4 - 14) : i - 4]
        if len(B) >= 5:
            away = abs(T[i] - np.mean(B))
            deviates[i] = bool(away > 0.2 and away > 4 * np.std(B, ddof=1))
    expected = [all(deviates[i - 2 : i + 1]) for i in range(6, len(T))]
    assert (b3it.track(reference, later) > 1).tolist() == expected
    assert expected.index(True) == b3it.PEER.monitor(reference, later) == 27


def test_b3it_needs_three_deviating_rounds_in_a_row() -> None:
    still, moved = said({"a": ["x", "y"] * 4})[0], said({"a": ["y"] * 8})[0]
    reference = [still] * 10
    assert b3it.PEER.monitor(reference, [still, moved, moved, still, moved, moved]) is None
    assert b3it.PEER.monitor(reference, [still, moved, moved, moved]) == 3


# -- MET ---------------------------------------------------------------------------------------------------------------

PACKAGE = [
    (
        {
            "capital": ("Paris", "Paris", "Paris.", "It is Paris."),
            "colour": ("Blue", "blue", "Red", "Blue", "Green"),
            "joke": ("Why did the hen cross? 🐔", "No.", "Why not?"),
        },
        {
            "capital": ("Paris", "The capital is Paris.", "Lyon"),
            "colour": ("Red", "Red", "Blue", "Teal"),
            "joke": ("A man walks into a bar.", "Ouch", "Why did the hen cross?", "¿Por qué?"),
        },
        -0.001452631578947594,
        0.653,
    ),
    (
        {"essay": tuple("ab" * k + "c" * (3 * k) for k in (150, 180, 200, 260)), "word": ("a", "b")},
        {"essay": tuple("ac" * k + "b" * (3 * k) for k in (150, 190, 210, 240)), "word": ("a", "a", "c")},
        0.7206911976911978,
        0.00875,
    ),
]
"""Reference, candidate, and what the authors' package says of them (model-equality-testing 0.0.2, `mmd_hamming`, code
points padded or cut to 1,000; p-value of 4,000 permutations). Its arithmetic is numpy's; torch, which it only keeps
its arrays in, was replaced by numpy arrays for this."""


@pytest.mark.parametrize(("old", "new", "statistic", "p"), PACKAGE)
def test_met_agrees_with_the_package_of_its_authors(
    old: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]], statistic: float, p: float
) -> None:
    assert met.score(said(old), said(new), rng()) == pytest.approx(statistic, abs=1e-12)
    ours = np.mean([met.p_value(said(old), said(new), rng(seed)) for seed in range(4)])
    assert ours == pytest.approx(p, abs=4 * math.sqrt(2 * p * (1 - p) / 4000) + LEAST)


def slow_mmd(X: Sequence[tuple[str, str]], Y: Sequence[tuple[str, str]], L: int = 1000) -> float:
    """Of (prompt, reply) pairs."""

    def k(x: tuple[str, str], y: tuple[str, str]) -> float:
        return sum(x[1][i : i + 1] == y[1][i : i + 1] for i in range(L)) / L

    def mean(pairs: list[tuple[tuple[str, str], tuple[str, str]]]) -> float:
        alike = [k(x, y) for x, y in pairs if x[0] == y[0]]
        return sum(alike) / len(alike) if alike else 0.0

    within = [[(a, b) for a, b in itertools.permutations(S, 2)] for S in (X, Y)]
    return mean(within[0]) - 2 * mean(list(itertools.product(X, Y))) + mean(within[1])


@pytest.mark.parametrize("replies", [1, 3])
def test_met_equals_its_twin(replies: int) -> None:
    reference, candidate = world(1, 1, replies=replies), world(2, 2, replies=replies)
    X, Y = ([(p, t) for one in rounds for p, ts in one.texts.items() for t in ts] for rounds in (reference, candidate))
    assert met.score(reference, candidate, rng()) == pytest.approx(slow_mmd(X, Y), abs=1e-12)


def test_the_p_value_of_met_is_that_of_all_arrangements() -> None:
    pooled = [("a", "xx"), ("a", "xy"), ("b", "yy"), ("a", "x"), ("a", "yy"), ("b", "yx"), ("b", "xx"), ("a", "yyy")]
    sides = [{p: [t for q, t in half if q == p] for p in "ab"} for half in (pooled[:4], pooled[4:])]
    every = [
        slow_mmd([pooled[i] for i in range(8) if i not in chosen], [pooled[i] for i in chosen], L=3)
        for chosen in itertools.combinations(range(8), 4)
    ]
    exact = np.mean([t >= slow_mmd(pooled[:4], pooled[4:], L=3) - 1e-12 for t in every])
    assert 0.02 < exact < 0.98
    found = met.p_value(said(sides[0]), said(sides[1]), rng())
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / SHUFFLES) + LEAST)


def test_one_leading_space_is_all_met_needs() -> None:
    reference = world(1, 10)
    spaced = [answered({p: tuple(" " + t for t in ts) for p, ts in one.texts.items()}) for one in world(2, 10)]
    assert met.p_value(reference, world(2, 10), rng()) > 0.05
    assert met.p_value(reference, spaced, rng()) == LEAST


# -- length, and the usual recipe --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_length_equals_the_kolmogorov_smirnov_test_of_scipy(seed: int) -> None:
    from scipy.stats import ks_2samp

    old, new = rng(seed).poisson(400, 120).tolist(), rng(seed + 50).poisson(400 + 8 * seed, 60).tolist()
    statistic, p = length_only.ks(old, new)
    expected = ks_2samp(old, new, method="exact")
    assert statistic == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue, rel=0.25, abs=0.01)


def test_length_compares_shared_probes_only() -> None:
    reference, candidate = said({"a": ["xx", "x"], "b": ["x" * 50]}), said({"a": ["x", "xx"], "c": ["y" * 90]})
    assert length_only.score(reference, candidate, rng()) == 0
    assert length_only.score(said({"a": ["x"]}), said({"a": ["yy"]}), rng()) == 1


REFUSAL = "I'm sorry, but I can't help with that."


def test_the_usual_recipe_alarms_on_each_reading_at_its_threshold() -> None:
    steady = {"a": ["The sky is blue today", "The sky is grey today"] * 10}
    reference = said(*[steady] * 10)
    assert usual.PEER.monitor(reference, said(steady)) is None
    longer = said({"a": ["The sky is blue today " * 3, "The sky is grey today " * 3] * 10})
    assert usual.score(reference, longer, rng()) > 1
    elsewhere = said({"a": ["Buy more stock quickly", "Buy more stock quietly"] * 10})
    assert usual.score(reference, elsewhere, rng()) > 1


def test_refusals_count_against_a_tenth() -> None:
    def refused(refusals: int) -> list[Answers]:
        same_length = "The sky over the harbour is light blue"
        assert len(same_length) == len(REFUSAL)
        return said({"a": [REFUSAL] * refusals + [same_length] * (20 - refusals)})

    reference = [
        *refused(0),
        *refused(12),
        *refused(6),
        *refused(6),
    ]  # wide swings of the centroid, 30 % on average
    assert usual.score(reference, refused(7), rng()) == pytest.approx(0.5)
    assert usual.score(reference, refused(11), rng()) == pytest.approx(2.5)


def test_lengths_count_against_a_p_value_of_a_twentieth() -> None:
    sky, stock = "The sky over the harbour is blue", "Buy more stock before noon today"
    reference = said(*[{"a": [text] * 10} for text in (sky, stock) * 3])  # wide swings of the centroid
    longer = said({"a": [sky, stock] * 6 + [f"{text} {text}" for text in (sky, stock)] * 3})
    p = length_only.ks([len(sky)] * 60, [len(sky)] * 12 + [2 * len(sky) + 1] * 6)[1]
    assert usual.score(reference, longer, rng()) == pytest.approx(math.log(p, 0.05))


def test_the_usual_recipe_equals_its_twin() -> None:
    reference, later = world(40, 12), world(41, 5) + changed(42, 2)

    def replies(rounds: Sequence[Answers]) -> list[str]:
        return [text for one in rounds for texts in one.texts.values() for text in texts]

    def centroid(rounds: Sequence[Answers]) -> np.ndarray:
        return np.mean([usual.read(text)[1] for text in replies(rounds)], axis=0)

    def distance(rounds: Sequence[Answers]) -> float:
        a, b = centroid(rounds), centroid(reference)
        return 1 - float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    beyond = np.percentile([distance([one]) for one in reference], 99)
    expected = []
    for one in later:
        p = length_only.ks([len(t) for t in replies(reference)], [len(t) for t in replies([one])])[1]
        refused = np.mean([t == REFUSAL for t in replies([one])])
        expected.append(max(math.log(p, 0.05), refused / 0.1, distance([one]) / beyond))
    np.testing.assert_allclose(usual.track(reference, later), expected, rtol=1e-3)
    assert min(expected[-2:]) > 1


# -- betting -----------------------------------------------------------------------------------------------------------


def test_bets_equal_their_twin_reply_by_reply() -> None:
    reference, later = world(50, 4, probes=2), world(51, 6, CHANGED, probes=2)
    expected = []
    s: dict[str, Counter[str]] = {"p0": Counter(), "p1": Counter()}
    for one in later:
        bet = 1.0
        for probe in ("p0", "p1"):
            c = Counter(text for r in reference for text in r.texts[probe])
            n, K = c.total(), len(c) + 1
            for text in one.texts[probe]:
                k = text if text in c else "other"
                q = (s[probe][k] + 1 / 2) / (s[probe].total() + K / 2)
                bet *= q / ((c[k] + 1) / (n + K))
                s[probe][k] += 1
        expected.append(math.log(bet))
    np.testing.assert_allclose(betting.ln_bets(reference, later), expected)


def test_wealth_is_topped_up_to_1_before_each_round() -> None:
    np.testing.assert_allclose(np.exp(betting.ln_wealth(np.log([0.5, 3.0, 0.2, 4.0]))), [0.5, 3.0, 0.6, 4.0])


def test_an_alarm_is_wealth_above_the_rounds_of_a_year() -> None:
    reference, later = world(52, 20), changed(53, 12)
    wealth = np.exp(betting.ln_wealth(betting.ln_bets(reference, later)))
    assert betting.PEER.monitor(reference, later) == int(np.flatnonzero(wealth > 8766)[0])


def test_the_p_value_is_one_over_the_largest_wealth() -> None:
    reference, candidate = world(54, 20), changed(55, 3)
    wealth = np.exp(np.cumsum(betting.ln_bets(reference, candidate)))
    assert betting.p_value(reference, candidate, rng()) == pytest.approx(1 / wealth.max())


def test_where_the_null_is_true_bets_are_fair() -> None:
    reference, p = said({"a": ["x", "x", "y"]}), {"x": 3 / 6, "y": 2 / 6, "never seen": 1 / 6}
    expectation = sum(
        math.prod(p[text] for text in replies) * math.exp(betting.ln_bets(reference, said({"a": replies}))[0])
        for replies in itertools.product(p, repeat=3)
    )
    assert expectation == pytest.approx(1)


# -- scan --------------------------------------------------------------------------------------------------------------


def test_chi_square_equals_that_of_scipy() -> None:
    from scipy.stats import chisquare

    observed, p = np.array([3.0, 9.0, 8.0, 2.0, 5.0]), np.array([0.2, 0.5, 0.3, 0.6, 0.4])
    parts = [chisquare(o, o.sum() * q).statistic for o, q in ((observed[:3], p[:3]), (observed[3:], p[3:]))]
    assert scan.chi_square(observed, p, np.array([0, 3])) == pytest.approx(sum(parts))
    assert scan.chi_square(np.zeros(5), p, np.array([0, 3])) == 0


def test_the_scan_equals_its_twin() -> None:
    outcomes = Outcomes.of(world(70, 10), scan.CELLS)
    counts, p = (
        outcomes.count(world(71, 80, CHANGED)),
        scan.shares(outcomes.count(world(70, 10)).sum(axis=0), outcomes.starts),
    )
    found = scan.scan(counts.T, p, outcomes.starts)
    for w, row in zip(scan.WINDOWS, found, strict=True):
        for t in (0, 3, 40, 79):
            observed = counts[max(0, t + 1 - w) : t + 1].sum(axis=0)
            E = p * np.repeat(np.add.reduceat(observed, outcomes.starts), outcomes.sizes)
            assert row[t] == pytest.approx(((observed - E) ** 2 / E).sum())


def test_shares_are_smoothed_and_add_up_to_1() -> None:
    assert scan.shares(np.array([3.0, 0.0, 1.0, 0.0]), np.array([0, 2])) == pytest.approx([4 / 5, 1 / 5, 2 / 3, 1 / 3])


@pytest.mark.slow
def test_the_threshold_of_the_scan_keeps_its_promise() -> None:
    """At one alarm in 200 rounds asked for, on fresh streams each judged by its own reference."""
    random, p, rounds, alarms = rng(80), np.array([0.5, 0.3, 0.2]), 200, 0
    for _ in range(6):
        seen = random.multinomial(100, p).astype(float)
        null = scan.calibrate(tuple(seen.astype(int).tolist()), (0,), (4,), 200)
        counts = np.moveaxis(random.multinomial(4, p, size=(10, rounds)), -1, 0).astype(float)
        windows = scan.scan(counts, scan.shares(seen, np.array([0])), np.array([0]))
        alarms += int((null.standardised(windows) > null.threshold).any(axis=1).sum())
    asked_for = 1 - math.exp(-1)
    assert fewest(60, asked_for) <= alarms <= most(60, asked_for)


@pytest.mark.slow
def test_a_reference_has_one_threshold() -> None:
    scan.calibrate.cache_clear()
    first = scan.calibrate((8, 5, 2, 0), (0,), (4,)).threshold
    scan.calibrate.cache_clear()
    assert scan.calibrate((8, 5, 2, 0), (0,), (4,)).threshold == first
    assert scan.calibrate((8, 5, 2, 0), (0,), (4,), 100).threshold < first
