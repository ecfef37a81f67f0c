"""The gate: its verdicts are right as often as it says, and it asks no more than it must."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from prober.judging.noninferiority import Evidence, Looks, boundary
from prober.lab.gate.report import junit, markdown, report, words
from prober.lab.gate.run import ALL_CHECKS, Gated, GateRule, gate
from prober.loading.reply_log import UNKNOWN_TIME
from prober.model.declaration import Check, Probe
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.reply import Reply
from tests.bounds import most

RATES = (0.97, 0.93, 0.85, 0.75)
"""How often the reference passes, probe by probe: 87.5 % in all."""
PROBES = {
    f"set/p{i}": Probe(id=f"p{i}", prompt=f"{i}?", expect=(Check(type="is-json"), Check(type="contains", value="1")))
    for i in range(len(RATES))
}


class Simulated:
    """A side that passes with known probabilities."""

    asks_each, ended = 1, "a log has no more replies"

    def __init__(
        self,
        rates: Sequence[float],
        seed: int,
        *,
        name: str = "it",
        failing: bool = False,
        left: int = 10**6,
        text: str = "1",
    ) -> None:
        self.name, self.rates, self.failing, self.left, self.text = name, rates, failing, left, text
        self.rng = np.random.default_rng(seed)
        self.asked = 0

    def block(self, keys: Sequence[str]) -> list[Reply | None]:
        self.left -= 1
        if self.left < 0:
            return [None] * len(keys)
        self.asked += len(keys)
        if self.failing:
            return [Reply(at=UNKNOWN_TIME, error="unauthorized", error_detail="bad key") for _ in keys]
        passes = self.rng.random(len(keys)) < self.rates
        return [Reply(at=UNKNOWN_TIME, text=self.text if one else "no json 1") for one in passes]


def gated(candidate: Sequence[float] = RATES, seed: int = 0, **options: object) -> Gated:
    sides = Simulated(RATES, 2 * seed, name="old"), Simulated(candidate, 2 * seed + 1, name="new")
    return gate(*sides, PROBES, GateRule(**options))


def decided(candidate: Sequence[float], seeds: int, reference: Sequence[float] = RATES) -> tuple[list[str], list[int]]:
    """Verdicts and asks of the test alone, budget 600, alpha 0.05, margin 10 points."""
    verdicts, asks = [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        evidence, looks = Evidence(0.1), Looks(0.05)
        blocks = 600 // (2 * len(reference))
        for number in range(1, blocks + 1):
            pairs = zip(rng.random(len(reference)) < reference, rng.random(len(reference)) < candidate, strict=True)
            evidence = evidence.after([(bool(a), bool(b)) for a, b in pairs])
            if looks.is_due(number / blocks):
                looks = looks.after(number / blocks, [evidence])
            if looks.verdict != "undecided":
                break
        verdicts.append(looks.verdict)
        asks.append(2 * evidence.pairs)
    return verdicts, asks


def at_most(successes: int, of: int, rate: float) -> bool:
    """Whether so many successes are believable (1 in 1,000) if the rate is at most this."""
    return successes <= most(of, rate)


@pytest.mark.slow
@pytest.mark.parametrize("share", [(0.1, 0.1, 0.1, 0.1), (0.4, 0.0, 0.0, 0.0)], ids=["everywhere", "in one probe"])
def test_a_candidate_worse_by_the_margin_passes_no_more_often_than_alpha(share: Sequence[float]) -> None:
    verdicts, _ = decided([rate - less for rate, less in zip(RATES, share, strict=True)], 400)
    assert at_most(verdicts.count("not_worse"), 400, 0.05)


@pytest.mark.slow
def test_a_candidate_worse_by_half_the_margin_is_refused_no_more_often_than_alpha() -> None:
    verdicts, _ = decided([rate - 0.05 for rate in RATES], 400)
    assert at_most(verdicts.count("worse"), 400, 0.05)


@pytest.mark.slow
def test_the_verdicts_are_as_good_as_the_documentation_says() -> None:
    same, _ = decided(RATES, 300)
    assert at_most(same.count("worse"), 300, 0.02)
    assert at_most(300 - same.count("not_worse"), 300, 0.15)
    better, asks = decided([min(1.0, rate + 0.042) for rate in RATES], 300)
    assert at_most(300 - better.count("not_worse"), 300, 0.05) and np.median(asks) <= 160
    worse, asks = decided((0.7, 0.65, 0.6, 0.52), 300)
    assert at_most(300 - worse.count("worse"), 300, 0.05) and at_most(worse.count("not_worse"), 300, 0.01)
    assert np.median(asks) <= 150


def test_equal_replies_pass_soon() -> None:
    sides = Simulated((1.0,) * 4, 0), Simulated((1.0,) * 4, 1)
    done = gate(*sides, PROBES, GateRule())
    assert done.verdict == "not_worse" and done.asks <= 144


def test_a_worse_candidate_is_refused_and_the_report_says_so_first() -> None:
    done = gated((0.4,) * 4)
    assert done.verdict == "worse" and done.asks <= 120
    said = report(done, GateRule(), ("old", "new"), (None, None))
    first, *_ = words(said)
    assert first.startswith("REFUSE: the candidate is worse")
    assert markdown(said).startswith("### REFUSE")
    suite = ElementTree.fromstring(junit(said))
    assert suite.get("failures") == "1" and suite.find("testcase/failure") is not None


@pytest.mark.slow
@pytest.mark.parametrize("budget", [16, 100, 333])
def test_the_budget_is_never_passed(budget: int) -> None:
    old, new = Simulated(RATES, 1), Simulated(RATES, 2)
    done = gate(old, new, PROBES, GateRule(margin=0.01, budget=budget))
    assert done.asks == old.asked + new.asked <= budget
    assert done.verdict == "undecided" and "budget" in done.reason


@pytest.mark.slow
def test_undecided_says_how_many_more_asks_would_do() -> None:
    done = gated(budget=120)
    said = report(done, GateRule(budget=120), ("old", "new"), (None, None))
    assert said.outcome == "undecided" and done.more_pairs
    assert f"about {2 * done.more_pairs:,} more asks" in "\n".join(words(said))
    assert ElementTree.fromstring(junit(said)).get("skipped") == "1"


def test_each_criterion_with_a_margin_must_pass() -> None:
    done = gated((1.0,) * 4, margins={"contains": 0.3})
    assert list(done.criteria) == [ALL_CHECKS, "contains"] and done.verdict == "not_worse"
    assert {one.check: one.candidate for one in done.checks}['contains("1")'] == done.pairs
    with pytest.raises(ConfigurationError, match="no probe has the check regex"):
        gated(margins={"regex": 0.1})


def test_a_candidate_that_cannot_be_asked_is_not_judged() -> None:
    done = gate(Simulated(RATES, 0), Simulated(RATES, 1, failing=True), PROBES, GateRule())
    assert (done.verdict, done.reason, done.pairs) == ("undecided", "most asks fail", 0)
    assert done.asks == 16
    assert "unauthorized: bad key" in "\n".join(words(report(done, GateRule(), ("a", "b"), (None, None))))


def test_where_no_pair_was_answered_nothing_is_shown_as_compared() -> None:
    done = gate(Simulated(RATES, 0), Simulated(RATES, 1, failing=True), PROBES, GateRule())
    said = report(done, GateRule(), ("a", "b"), (None, None))
    assert (done.verdict, done.pairs) == ("undecided", 0)
    shown = "\n".join((markdown(said), *words(said)))
    assert "all checks" not in shown and "points" not in shown and "|" not in shown, "no row, and no empty table"
    assert markdown(said).splitlines()[2] == "most asks fail"
    assert "no reply instead of" not in junit(said)


def test_logs_end_and_empty_ones_are_not_enough() -> None:
    done = gate(Simulated(RATES, 0, left=5), Simulated(RATES, 1, left=5), PROBES, GateRule())
    assert done.reason == "a log has no more replies" and done.pairs == 20
    with pytest.raises(NotEnough):
        gate(
            Simulated(RATES, 0, left=0), Simulated(RATES, 1, left=0), PROBES,
            GateRule(),
        )  # fmt: skip


@pytest.mark.slow
def test_other_behaviour_refuses_only_if_asked_to() -> None:
    sides = Simulated((1.0,) * 4, 0), Simulated((1.0,) * 4, 1, text="111111111111")
    done = gate(*sides, PROBES, GateRule())
    assert done.behaviour is not None and done.behaviour.verdict == "changed"
    assert report(done, GateRule(unchanged=True), ("a", "b"), (None, None)).outcome == "changed"
    assert report(done, GateRule(), ("a", "b"), (None, None)).outcome == "not_worse"


@pytest.mark.parametrize(("pairs", "worse", "better"), [(44, 1, 0), (300, 30, 30), (60, 9, 2), (100, 0, 0)])
def test_the_score_test_agrees_with_a_plain_transcription(pairs: int, worse: int, better: int) -> None:
    """Tango 1998: the score at the likeliest share of worse pairs, given that the difference is -0.1."""
    q = np.linspace(0.1, 0.55, 450_001)  # of worse pairs; q - 0.1 of better ones
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [(worse, q), (better, q - 0.1), (pairs - worse - better, 1.1 - 2 * q)]
        likelihood = sum(np.where(count > 0, count * np.log(np.maximum(share, 0)), 0.0) for count, share in parts)
    likeliest = q[np.argmax(np.where(1.1 - 2 * q >= 0, likelihood, -np.inf))]
    score = (better - worse + 0.1 * pairs) / np.sqrt(pairs * (2 * likeliest - 0.1 - 0.01))
    assert Evidence(0.1, pairs=pairs, worse=worse, better=better).score_not_worse == pytest.approx(score, rel=1e-3)


def test_alpha_is_spent_as_planned_over_the_looks() -> None:
    """Brownian motions, drawn: by each look the share that has crossed is alpha times the part of the pairs."""
    rng, runs, alpha = np.random.default_rng(0), 40_000, 0.05
    parts = (0.02, 0.1, 0.25, 0.5, 0.9, 1.0)
    stands, crossed = np.zeros(runs), np.zeros(runs, dtype=bool)
    for number, (last, part) in enumerate(pairwise((0.0, *parts)), start=1):
        stands += rng.normal(size=runs) * np.sqrt(part - last)
        crossed |= stands >= boundary(parts[:number], alpha) * np.sqrt(part)
        assert at_most(int(crossed.sum()), runs, alpha * part) and at_most(
            int((~crossed).sum()), runs, 1 - alpha * part
        )


def test_one_look_is_the_usual_test_and_looks_are_due_as_pairs_come() -> None:
    assert boundary((1.0,), 0.05) == pytest.approx(1.6449, abs=1e-4)
    looks, due = Looks(0.05), []
    for number in range(1, 76):
        if looks.is_due(number / 75):
            looks = looks.after(number / 75, [Evidence(0.1)])
            due.append(number)
    assert due == [1, 2, 3, 5, 8, 12, 18, 25, 32, 39, 46, 53, 60, 67, 74, 75]
    assert looks.verdict == "undecided"


@pytest.mark.slow
def test_a_side_that_a_budget_ends_is_undecided_with_the_reason() -> None:
    old, new = Simulated(RATES, 0), Simulated(RATES, 1, left=2)
    old.ended, new.ended = "", "budget_exhausted: 12 of 12 asks of the last 24 hours are spent"
    done = gate(old, new, PROBES, GateRule())
    assert (done.verdict, done.reason) == (
        "undecided",
        "budget exhausted: 12 of 12 asks of the last 24 hours are spent",
    )
    assert done.asks == 5 * len(PROBES), "three blocks of the reference, two of the candidate: only asks that were made"
