"""The judge of one endpoint: what it says while it learns, when something moves, and what never reaches it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from math import inf, isfinite, isnan, nan

import numpy as np
import pytest

from prober.judging.alarm_checks import COMPLETE
from prober.judging.channels import CHANNELS
from prober.judging.explain.summary import judgement, log_e_of_all, weights
from prober.judging.judge import advance
from prober.judging.memory import RECENT, Memory, encode
from prober.judging.promise import Promise
from prober.model.evidence import Round
from prober.model.reference import ReferenceRule
from tests.judging.observed import REFERENCE, START, history, judged, observed, spoken

SERIES = ("a", "b", "c")
ONE_DAY = timedelta(days=1)


def world(count, first=0, seed=0, change=None, at=10**6, series=SERIES, samples=3, every=ONE_DAY):
    """Rounds of three series; from round `at` on, every fingerprint is as `change` says."""
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, number])
        changes = change if change and number >= at else {}
        prints = {s: [spoken(rng, **changes) for _ in range(samples)] for s in series}
        yield observed(number, prints, every)


@cache
def still():
    """(rounds, memory, judgements) of a world of twenty rounds in which nothing changes."""
    rounds = list(world(20))
    return rounds, *judged(rounds)


@pytest.mark.slow
def test_until_the_reference_is_complete_it_says_how_much_is_missing() -> None:
    _, _, judgements = still()
    assert [j.state for j in judgements[: REFERENCE + 1]] == ["insufficient_evidence"] * REFERENCE + ["quiet"]
    assert judgements[0].missing == f"the reference of 3 probes needs 168 hours and 11 more of {REFERENCE} rounds"
    assert (
        judgements[1].missing
        == f"the reference of 3 probes needs 144 more of 168 hours and 10 more of {REFERENCE} rounds"
    )
    assert judgements[REFERENCE - 1].missing == COMPLETE
    assert judgements[0].e_value == 0.0
    assert judgements[0].threshold == pytest.approx(365.25)
    assert judgements[0].verdicts == ()


@pytest.mark.slow
def test_rounds_alone_are_not_enough_where_they_span_too_few_hours() -> None:
    _, judgements = judged(world(26, every=timedelta(hours=7), series=("a",), samples=1))
    assert judgements[11].missing == "the reference of 1 probe needs 91 more of 168 hours"
    assert [j.state for j in judgements].index("quiet") == 25


def test_one_probe_is_one_probe() -> None:
    _, judgements = judged(world(1, series=("a",)))
    assert judgements[0].missing.startswith("the reference of 1 probe needs")


@pytest.mark.slow
def test_the_size_of_the_reference_is_the_teams_own() -> None:
    promise = Promise(reference=ReferenceRule(rounds=12, hours=0))
    memory, judgements = judged(world(13, series=("a",), samples=1), promise)
    assert [j.state for j in judgements].index("quiet") == 12
    assert len(memory.reference_rounds) == 12


def test_an_endpoint_that_never_answered_says_so() -> None:
    _, judgements = judged(observed(i, {"a": [None]}) for i in range(3))
    assert [j.state for j in judgements] == ["insufficient_evidence"] * 3
    assert judgements[-1].missing == "the newest round has no reply"


def test_a_round_of_failures_after_answers_is_not_called_the_first() -> None:
    _, judgements = judged([*world(3, series=("a",)), observed(3, {"a": [None]})])
    assert [j.missing.startswith("the reference of 1 probe needs") for j in judgements] == [True, True, True, False]
    assert judgements[-1].missing == "the newest round has no reply"


def test_a_still_endpoint_stays_quiet_and_every_channel_speaks() -> None:
    _, memory, judgements = still()
    assert {j.state for j in judgements[REFERENCE:]} == {"quiet"}
    assert {v.channel for v in judgements[-1].verdicts} == set(CHANNELS) - {"exact"}, "which reads what choice reads"
    es = {v.channel: v.e_value for v in judgements[-1].verdicts}
    assert list(es.values()) == sorted(es.values(), reverse=True)
    shares = dict(zip(memory.channels, weights(memory), strict=True))
    assert judgements[-1].e_value == pytest.approx(sum(shares[channel] * e for channel, e in es.items()))
    assert judgements[-1].onset is judgements[-1].kind is None
    assert memory.series == SERIES


def alarm_of(change, at=14, seed=0, **options):
    """The first alarm of a world that changes at round `at`; nothing may be said before."""
    _, judgements = judged(world(at + 12, seed=seed, change=change, at=at, **options), until_alarm=True)
    assert len(judgements) > at, "nothing had changed yet"
    assert judgements[-1].state == "alarm", f"{change} was not seen in twelve rounds"
    return judgements[-1]


@pytest.mark.parametrize(
    ("change", "channel", "kind", "words"),
    [
        ({"refusal.refused": "yes"}, "refusal", "behaviour_change", "refuses 100 % (was 0 %)"),
        ({"expectation.all": "fail"}, "expectation", "contract_break", "checks pass 0 % (was 100 %)"),
        ({"identity.model": "m-2"}, "identity", "identity_change", "values never seen before 100 % (was "),
        ({"structure.shape": "json"}, "format", "behaviour_change", "formats never seen before 100 % (was "),
        ({"text.choice": "other"}, "choice", "behaviour_change", "“"),
        ({"text.characters": 200.0}, "length", "behaviour_change", "% longer"),
        ({"text.characters": 50.0}, "length", "behaviour_change", "% shorter"),
        (
            {"vector": (0.0, -1.0, 0.0, 0.0)},
            "embedding",
            "behaviour_change",
            "topic moved: distance from the reference",
        ),
    ],
)
@pytest.mark.slow
def test_a_change_has_its_channel_kind_words_and_date(change, channel, kind, words) -> None:
    alarm = alarm_of(change)
    assert alarm.verdicts[0].channel == channel
    assert alarm.kind == kind
    assert words in alarm.verdicts[0].words
    assert abs(int(alarm.onset) - 14) <= 1
    assert alarm.onset == alarm.verdicts[0].onset
    assert set(alarm.verdicts[0].series) <= set(SERIES)
    assert alarm.e_value >= alarm.threshold


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"identity.model": "m-2"}, "identity_change"),
        ({"identity.model": "m-2", "text.characters": 400.0}, "behaviour_change"),
        ({"text.characters": 400.0, "expectation.all": "fail"}, "contract_break"),
    ],
)
@pytest.mark.slow
def test_once_all_that_moves_has_moved_the_diagnosis_is_the_gravest(change, kind) -> None:
    _, judgements = judged(world(24, change=change, at=14))
    assert (judgements[-1].state, judgements[-1].kind) == ("alarm", kind)


@pytest.mark.slow
def test_words_name_the_probe_and_the_answer_that_moved_most() -> None:
    _, judgements = judged(
        observed(i, {"a": [spoken(rng)] * 4, "b": [spoken(rng, choice="no" if i >= 20 else "yes")] * 4})
        for i, rng in ((i, np.random.default_rng(i)) for i in range(30))
    )
    first = next(j for j in judgements if j.state == "alarm").verdicts[0]
    assert first.channel in {"choice", "exact"}, "which read the same"
    assert first.words.startswith("probe b: ")
    assert "answers never seen before 100 % (was " in first.words
    assert first.series[0] == "b"


@pytest.mark.parametrize("text", ["<!channel>" * 40, "\x00\x07", "\ud800", "“" * 100])
@pytest.mark.slow
def test_hostile_answers_are_data(text: str) -> None:
    alarm = alarm_of({"text.choice": text})
    assert alarm.verdicts[0].channel == "choice"
    assert len(alarm.verdicts[0].words) < 200


@pytest.mark.slow
def test_effects_are_in_the_channels_unit() -> None:
    longer = alarm_of({"text.characters": 200.0}).verdicts[0]
    assert longer.unit == "ratio to the reference"
    assert longer.reference_value == pytest.approx(1.0)
    assert longer.value == pytest.approx(2.0, rel=0.05)
    assert longer.effect == pytest.approx(1.0, rel=0.05)
    refusing = alarm_of({"refusal.refused": "yes"}).verdicts[0]
    assert (refusing.reference_value, refusing.value, refusing.effect) == pytest.approx((0.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("share", "state"), [(0.09, "quiet"), (0.11, "suspected"), (0.99, "suspected"), (1.01, "alarm")]
)
@pytest.mark.slow
def test_a_tenth_of_the_threshold_is_a_suspicion(share: float, state: str) -> None:
    rounds = list(world(20, change={"refusal.refused": "yes"}, at=14))
    before, _ = judged(rounds[:-1])
    of = history(rounds)
    e_value = advance(before, rounds[-1], of, Promise())[1].e_value
    assert e_value > 20
    judgement = advance(before, rounds[-1], of, Promise(rounds_per_year=e_value / share))[1]
    assert (judgement.state, judgement.e_value) == (state, e_value)
    assert (judgement.kind is None) == (state != "alarm")


@pytest.mark.slow
def test_the_promise_moves_the_threshold_and_nothing_else() -> None:
    rounds = list(world(18, change={"text.characters": 130.0}, at=14))
    _, strict = judged(rounds, Promise(false_alarms_per_year=0.1))
    _, loose = judged(rounds, Promise(false_alarms_per_year=10))
    assert strict[-1].threshold == pytest.approx(100 * loose[-1].threshold)
    assert [j.e_value for j in strict] == [j.e_value for j in loose]


@pytest.mark.slow
def test_failed_asks_never_reach_a_detector() -> None:
    rounds = list(world(20))
    failing = [
        replace(r, observations=(*r.observations, *observed(i, {"a": [None], "b": [None]}).observations))
        for i, r in enumerate(rounds)
    ]
    (plain, said), (with_failures, said_too) = judged(rounds), judged(failing)
    assert encode(plain) == encode(with_failures)
    assert [j.e_value for j in said] == [j.e_value for j in said_too]


def test_failures_do_not_fill_a_reference() -> None:
    failing = (
        replace(r, observations=observed(i, {s: [None] for s in SERIES}).observations) if i % 2 else r
        for i, r in enumerate(world(REFERENCE + 4))
    )
    _, judgements = judged(failing)
    assert judgements[-1].state == "insufficient_evidence"
    assert "4 more of" in judgements[-2].missing


def test_a_round_without_a_reply_changes_nothing_and_shows_no_value() -> None:
    rounds, memory, judgements = still()
    silent = observed(20, {s: [None] for s in SERIES})
    after, judgement = advance(memory, silent, history([*rounds, silent]), Promise())
    assert encode(after) == encode(memory)
    assert judgement.e_value == judgements[-1].e_value
    assert all(isnan(v.value) for v in judgement.verdicts)
    assert judgement.round == "0020"


def test_a_round_without_observations_changes_nothing() -> None:
    rounds, memory, _ = still()
    empty = Round("0020", "acme/model", START, ())
    assert encode(advance(memory, empty, history([*rounds, empty]), Promise())[0]) == encode(memory)


@pytest.mark.slow
def test_a_series_added_later_gets_a_reference_of_its_own() -> None:
    early = list(world(20))
    late = list(world(REFERENCE + 12, first=20, series=(*SERIES, "d")))
    memory, judgements = judged([*early, *late])
    # It goes on being judged meanwhile; an unchanged world is suspected once in a tenth of the threshold, 37 rounds.
    assert {j.state for j in judgements[REFERENCE:]} <= {"quiet", "suspected"}
    assert judgements[20].missing == f"the reference of 1 probe needs 168 hours and 11 more of {REFERENCE} rounds"
    assert judgements[20 + REFERENCE].missing == ""
    assert memory.series == (*SERIES, "d")
    for name, held in memory.channels.items():
        # Left out are series of which another channel reads the same: `choice`, or the length.
        of_endpoint = {"identity": ("model",), "serving": ("x-ms-region",)}
        rows = of_endpoint.get(name, (*SERIES, "d"))
        assert held.rows == rows or (name in {"exact", "reasoning"} and set(held.rows) < set(rows))


@pytest.mark.slow
def test_a_change_in_a_series_added_later_is_seen() -> None:
    rounds = list(world(12))
    for number in range(12, 44):
        rng = np.random.default_rng(number)
        prints = {s: [spoken(rng) for _ in range(3)] for s in SERIES}
        prints["d"] = [spoken(rng, **({"refusal.refused": "yes"} if number >= 32 else {})) for _ in range(3)]
        rounds.append(observed(number, prints))
    _, judgements = judged(rounds)
    states = [j.state for j in judgements]
    assert "alarm" not in states[:32]
    first = next(j for j in judgements if j.state == "alarm").verdicts[0]
    assert (first.channel, first.series[0]) == ("refusal", "d")


@pytest.mark.slow
def test_an_edited_prompt_is_never_compared_with_the_old_one() -> None:
    """It is a new series: whatever it answers, nothing moved."""
    new = {"text.choice": "42", "text.characters": 5000.0, "refusal.refused": "yes", "structure.shape": "json"}
    rounds = [*world(20, series=("a", "b")), *world(REFERENCE + 10, first=20, series=("a", "b2"))]
    rounds = [
        replace(r, observations=tuple(replace(o, fingerprint=spoken(np.random.default_rng(0), **new)) if o.series == "b2" else o for o in r.observations))
        for r in rounds
    ]  # fmt: skip
    memory, judgements = judged(rounds)
    assert {j.state for j in judgements[REFERENCE:]} == {"quiet"}
    assert memory.series == ("a", "b", "b2")


@pytest.mark.slow
def test_a_channel_that_can_first_be_read_later_starts_with_its_own_reference() -> None:
    def without(round_, key):
        kept = []
        for o in round_.observations:
            categories = {k: v for k, v in o.fingerprint.categories.items() if k != key}
            kept.append(replace(o, fingerprint=replace(o.fingerprint, categories=categories)))
        return replace(round_, observations=tuple(kept))

    early = [without(r, "expectation.all") for r in world(14)]
    memory, judgements = judged(early)
    assert "expectation" not in memory.channels
    assert judgements[-1].state == "quiet"
    memory, judgements = judged([*early, *world(REFERENCE + 4, first=14, series=(*SERIES, "d"))])
    assert memory.channels["expectation"].rows == ("d",)


@pytest.mark.slow
def test_what_is_remembered_does_not_grow() -> None:
    rounds = list(world(RECENT + 20, series=("a",), samples=1))
    memory, _ = judged(rounds[:-8])
    size = len(encode(memory))
    for round_ in rounds[-8:]:
        memory, _ = advance(memory, round_, history([round_]), Promise())
    held = memory.channels["length"]
    assert len(held.recent) == RECENT
    assert held.recent[-1][0] == rounds[-1].label
    assert abs(len(encode(memory)) - size) < 0.02 * size


@pytest.mark.slow
def test_the_same_rounds_give_the_same_judgements() -> None:
    assert judged(world(16))[1][-1].e_value == still()[2][15].e_value


def test_nothing_learnt_is_an_empty_memory() -> None:
    memory, _ = judged(world(3))
    assert memory == Memory()


@pytest.mark.slow
def test_of_several_references_the_nearest_to_completion_says_what_it_lacks() -> None:
    early = list(world(10, series=("a",)))
    rounds = [*early, *world(3, first=10, series=("a", "b")), *world(2, first=13, series=("a", "b", "c"))]
    _, judgements = judged(rounds)
    assert (
        judgements[-1].missing
        == f"the reference of 2 probes needs 72 more of 168 hours and 7 more of {REFERENCE} rounds"
    )


@pytest.mark.slow
def test_vectors_of_another_embedder_are_no_evidence() -> None:
    other = {"vector": (0.0, 1.0)}
    _, judgements = judged(world(REFERENCE + 4, series=("a",), change=other, at=REFERENCE + 2))
    assert [j.state for j in judgements[REFERENCE:]] == ["quiet"] * 4
    (embedding,) = (v for v in judgements[-1].verdicts if v.channel == "embedding")
    assert isnan(embedding.value)


def with_log_e(memory, channel, log_e):
    """The memory after the evidence of one channel has become so."""
    held = memory.channels[channel]
    onsets = held.statistic.onsets
    onsets = replace(onsets, log_capital=np.full_like(onsets.log_capital, log_e))
    held = replace(held, statistic=replace(held.statistic, onsets=onsets))
    return replace(memory, channels={**memory.channels, channel: held})


def said_of(memory, label):
    return judgement(memory, log_e_of_all(memory), label, Promise(), "")


def test_a_channel_whose_evidence_is_not_a_number_is_never_quiet(caplog) -> None:
    _, memory, judgements = still()
    assert judgements[-1].state == "quiet"
    lost = said_of(with_log_e(memory, "length", nan), judgements[-1].round)
    assert lost.state == "insufficient_evidence"
    assert "internal error: the evidence of length is not a number" in lost.missing
    assert "length" not in {verdict.channel for verdict in lost.verdicts}
    assert not isnan(lost.e_value)
    assert "the evidence of length is not a number" in caplog.text


def test_the_other_channels_still_raise_an_alarm_where_one_is_not_a_number() -> None:
    _, memory, judgements = still()
    broken = with_log_e(with_log_e(memory, "length", nan), "refusal", 1000.0)
    found = said_of(broken, judgements[-1].round)
    assert found.state == "alarm"
    assert found.verdicts[0].channel == "refusal"
    assert "length" in found.missing


def test_infinite_evidence_is_an_alarm_with_a_number_that_json_can_hold() -> None:
    _, memory, judgements = still()
    found = said_of(with_log_e(memory, "refusal", inf), judgements[-1].round)
    assert found.state == "alarm"
    assert isfinite(found.e_value)
    assert isfinite(found.verdicts[0].e_value)
