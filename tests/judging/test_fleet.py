"""e-BH over a fleet: against a slow twin, what counts and what does not, and what it does to an unchanged fleet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import fleet as simulated
from prober.judging.fleet import FLOOR, EndpointEvidence, Stretch, agree, confirmed, fresh, with_peers
from prober.model.evidence import Judgement, Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LABEL = "2026-03-01T12:00:00Z"


def stretch(at: datetime = NOW, period: timedelta = DAY, last: datetime | None = None) -> Stretch:
    return Stretch(at, last or at, period)


def peer(name: str, e_value: float, onset: datetime = NOW, judged_at: datetime = NOW, period: timedelta = DAY):
    return EndpointEvidence(name, e_value, stretch(onset, period), judged_at)


def judged(share: float, state: str = "suspected", channel: str = "length", threshold: float = 400.0) -> Judgement:
    e_value = share * threshold
    verdict = Verdict(channel, 7 * e_value, 1.3, 1.0, "ratio", 0.3, "34 % longer", LABEL, ())
    return Judgement(LABEL, state, e_value, threshold, (verdict,), LABEL)  # type: ignore[arg-type]


def raised(judgement: Judgement, *peers: EndpointEvidence) -> tuple[str, tuple[str, ...]]:
    after, others = with_peers(judgement, "own", lambda: DAY, lambda: peers, NOW)
    return after.state, others


def largest_self_consistent(peers_evidence: list[EndpointEvidence]) -> set[str]:
    """e-BH as defined: the largest set of k of which each has e >= 1/k. Found by trying every set."""
    able = [s for s in peers_evidence if s.e_value >= FLOOR]
    for k in range(len(able), 0, -1):
        sets = [c for c in combinations(able, k) if all(s.e_value * k >= 1 for s in c)]
        if sets:
            return {s.endpoint for s in sets[0]}
    return set()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, 0.24, 0.25, 0.3, 1 / 3, 0.4, 0.5, 0.7, 1.0, 3.0, float("inf")]), max_size=7))
def test_the_confirmed_are_the_largest_self_consistent_set(shares: list[float]) -> None:
    peers_evidence = [peer(f"e{i}", share) for i, share in enumerate(shares)]
    assert {s.endpoint for s in confirmed(peers_evidence)} == largest_self_consistent(peers_evidence)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 5), max_size=12))
def test_the_evidence_of_the_confirmed_is_never_less_than_one_call(shares: list[float]) -> None:
    """What the proof in docs/mathematics/promise.md rests on."""
    crowd = confirmed([peer(f"e{i}", share) for i, share in enumerate(shares)])
    assert not crowd or sum(s.e_value for s in crowd) >= 1 - 1e-9
    assert all(s.e_value >= max(1 / len(crowd), FLOOR) for s in crowd)
    assert {f"e{i}" for i, share in enumerate(shares) if share >= 1} <= {s.endpoint for s in crowd}


@pytest.mark.parametrize(
    ("own", "others", "state", "names"),
    [
        (0.6, [], "suspected", ()),
        (0.6, [0.5], "alarm", ("p0",)),
        (0.6, [0.49], "suspected", ()),
        (0.34, [0.4, 0.35], "alarm", ("p0", "p1")),
        (0.26, [9.0, 9.0, 9.0], "alarm", ("p0", "p1", "p2")),
        (0.24, [9.0] * 9, "suspected", ()),
        (0.3, [9.0], "suspected", ()),
        (0.5, [9.0, 0.1], "alarm", ("p0",)),
    ],
)
def test_endpoints_that_move_together_are_confirmed_sooner(
    own: float, others: list[float], state: str, names: tuple[str, ...]
) -> None:
    assert raised(judged(own), *(peer(f"p{i}", e) for i, e in enumerate(others))) == (state, names)


def test_an_alarm_needs_nobody_and_nobody_is_asked() -> None:
    def unasked() -> tuple[EndpointEvidence, ...]:
        raise AssertionError("the store was asked for nothing")

    for judgement in (judged(2.0, "alarm"), judged(0.2), judged(0.0, "quiet"), judged(0.9, "insufficient_evidence")):
        assert with_peers(judgement, "own", lambda: DAY, unasked, NOW) == (judgement, ())


def test_suspicion_counts_whatever_the_state_is_called() -> None:
    """Where confirmation begins is the endpoint's own setting; e-BH has one of its own."""
    assert raised(judged(0.6, "quiet"), peer("p", 0.6))[0] == "alarm"


@pytest.mark.parametrize(
    "silent",
    [
        peer("stale", 5.0, judged_at=NOW - 2 * DAY - HOUR),
        peer("of tomorrow", 5.0, judged_at=NOW + HOUR),
        peer("long ago", 5.0, onset=NOW - 3 * DAY),
        peer("hourly, this morning", 5.0, judged_at=NOW - 3 * HOUR, period=HOUR),
    ],
    ids=lambda one: one.endpoint,
)
def test_the_stale_and_those_that_moved_at_another_time_do_not_count(silent: EndpointEvidence) -> None:
    assert raised(judged(0.6), silent) == ("suspected", ())
    assert raised(judged(0.6), silent, peer("p", 0.6)) == ("alarm", ("p",))


def test_a_raised_alarm_says_what_kind_and_keeps_its_evidence() -> None:
    quiet = judged(0.6, channel="identity")
    after, _ = with_peers(quiet, "own", lambda: DAY, lambda: [peer("p", 0.6)], NOW)
    assert after == replace(quiet, state="alarm", kind="identity_change")
    assert quiet.kind is None


def test_onsets_agree_within_two_rounds_of_the_slower_or_two_hours_or_where_intervals_overlap() -> None:
    minute = timedelta(minutes=1)
    assert agree(stretch(NOW - 2 * HOUR, minute), stretch(NOW, minute))
    assert not agree(stretch(NOW - 2 * HOUR - minute, minute), stretch(NOW, minute))
    assert agree(stretch(NOW - 2 * DAY, DAY), stretch(NOW, minute))
    assert agree(stretch(NOW, minute), stretch(NOW - 2 * DAY, DAY))
    assert agree(stretch(NOW - 9 * DAY, minute, last=NOW - HOUR), stretch(NOW, minute))
    assert agree(stretch(NOW - 9 * DAY, minute, last=NOW + DAY), stretch(NOW, minute))


def test_an_endpoint_counts_for_two_of_its_own_periods() -> None:
    assert fresh(peer("p", 1.0, period=HOUR), NOW + 2 * HOUR)
    assert not fresh(peer("p", 1.0, period=HOUR), NOW + 2 * HOUR + timedelta(seconds=1))


def test_evidence_is_read_from_a_judgement() -> None:
    judgement = replace(judged(0.5), onset_between=("2026-02-27T12:00:00Z", LABEL))
    standing = EndpointEvidence.of("a", judgement, NOW, HOUR)
    assert (standing.e_value, standing.onset) == (0.5, Stretch(NOW - 2 * DAY, NOW, HOUR))
    nothing = EndpointEvidence.of("a", replace(judged(0.5), e_value=float("nan"), onset=None), NOW, HOUR)
    assert (nothing.e_value, nothing.onset) == (0.0, Stretch(NOW, NOW, HOUR))
    assert EndpointEvidence.of("a", replace(judged(0.5), e_value=float("inf")), NOW, HOUR).e_value == float("inf")


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_a_still_fleet_is_called_about_no_more_often_than_promised(shared: float) -> None:
    """20 endpoints, 10 years: about 160 calls when independent, so that 1 a year is five standard deviations away."""
    results = {
        rule: simulated.measure(np.random.default_rng(5), rule, endpoints=20, years=10, shared=shared)
        for rule in simulated.RULES
    }
    assert 0 < results["agreeing"].calls <= 1
    assert results["agreeing"].alarms <= results["alone"].alarms / FLOOR
    assert results["plain"].alarms > results["agreeing"].alarms >= results["alone"].alarms > 0.3


def test_the_simulated_rule_is_the_rule() -> None:
    share, onset = np.array([0.6, 0.5, 0.5, 0.2]), np.array([10.0, 11.0, 20.0, 10.0])
    assert simulated.raise_alarms("agreeing", share, onset) == [0, 1]
    assert simulated.raise_alarms("alone", share, onset) == []
    assert sorted(simulated.raise_alarms("plain", share, onset)) == [0, 1, 2]
