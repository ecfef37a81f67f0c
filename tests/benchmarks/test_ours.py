"""The benchmarks run the judge of production; designs cost what they ask."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import ladder, stream
from benchmarks.design import EIGHT, Design, text_only
from benchmarks.ours import Watch, compared, numbered
from prober.judging.promise import Promise
from prober.lab.compare import compare
from prober.lab.replay import reference_of, replay
from prober.loading.reply_log import LoggedReply

pytestmark = pytest.mark.slow  # what measures the prober is not the prober

BASE = ladder.load(ladder.BASE)
SMALL = Design(3, 2)


def test_a_watch_says_what_replay_says() -> None:
    rng = np.random.default_rng(0)
    rounds = [*EIGHT.draw(BASE, rng, 12), *EIGHT.draw(ladder.load("template"), rng, 6)]
    judged = replay(numbered(rounds), Promise(1.0, 8766, reference_of(8))).judgements
    watch, said = Watch.begin(rounds[:8]), []
    for answers in rounds[8:]:
        watch = watch.see(answers)
        said.append((watch.log_e, watch.alarmed))
        if watch.alarmed:
            break
    assert said[-1][1] and len(said) > 4
    for (log_e, alarmed), judgement in zip(said, judged[8:], strict=False):
        assert np.exp(log_e) == pytest.approx(judgement.e_value)
        assert alarmed == (judgement.state == "alarm")


def test_many_futures_follow_one_past() -> None:
    rng = np.random.default_rng(1)
    history = Watch.begin(EIGHT.draw(BASE, rng, 12))
    still, changed = EIGHT.draw(BASE, rng, 5), EIGHT.draw(ladder.load("template"), rng, 6)
    assert history.delay(still) is None
    first = history.delay(changed)
    assert first == history.delay(changed)
    assert first is not None
    assert history.delay(changed[: first - 1]) is None


def test_the_comparison_is_that_of_two_logs() -> None:
    rng = np.random.default_rng(4)
    old, new = (EIGHT.draw(ladder.load(rung), rng, 7) for rung in (ladder.BASE, "q4_0"))
    said = compared(old, new, 0.05)
    assert said.verdict == "changed" and said.exchanged == "rounds"
    assert {"choice", "length", "logprobs"} <= {one.channel for one in said.channels}
    logs = (
        [
            LoggedReply(answered.label, "smollm2", seen.probe, seen.reply)
            for answered in numbered(side)
            for seen in answered.observations
        ]
        for side in (old, new)
    )
    two = compare(*logs, 0.05)
    assert two.evidence == pytest.approx(said.evidence)
    assert [(one.channel, one.p_value) for one in two.channels] == [(one.channel, one.p_value) for one in said.channels]


def test_without_log_probabilities_the_texts_are_the_same() -> None:
    rounds = SMALL.draw(BASE, np.random.default_rng(2), 3)
    hidden = text_only(rounds)
    assert [answers.texts for answers in hidden] == [answers.texts for answers in rounds]
    assert all(top == () for answers in hidden for tops in answers.top_logprobs.values() for top in tops)
    assert all(top for answers in rounds for tops in answers.top_logprobs.values() for top in tops)
    assert "logprobs" not in Watch.begin(text_only(SMALL.draw(BASE, np.random.default_rng(3), 12))).memory.channels


def test_a_design_costs_what_it_asks() -> None:
    tokens = [BASE.input_tokens[probe] for probe in ladder.BORDER[:3]]
    assert SMALL.asks == 6 and str(SMALL) == "3 × 2"
    assert SMALL.tokens(BASE) == (2 * sum(tokens), 6)
    assert SMALL.dollars(BASE) == pytest.approx((2 * sum(tokens) * 2 + 6 * 8) / 1e6)
    assert EIGHT.information(ladder.load("q4_0")) > EIGHT.information(ladder.load("q8_0")) > 0
    assert EIGHT.information(BASE) == 0


def test_the_tail_meets_the_rate_asked_for() -> None:
    rng = np.random.default_rng(4)
    # The largest of 100 exponentials: what one round in 8,766 passes is ln 8,766.
    largest = rng.exponential(size=(4000, 100)).max(axis=1)
    assert stream.tail(largest) == pytest.approx(np.log(8766), abs=0.4)
    assert stream.tail(np.full(10, 3.0)) == 3.0


def test_a_peers_threshold_decides_when_it_alarms() -> None:
    rng = np.random.default_rng(5)
    history = text_only(EIGHT.draw(BASE, rng, 120))
    changed = text_only(EIGHT.draw(ladder.load("template"), rng, 8))
    early, late = (stream.delay_of("b3it", history, changed, at) for at in (0.5, 1e9))
    assert early is not None and late is None
    with pytest.raises(ValueError, match="met does not watch streams"):
        stream.track_of("met", history, changed)


def test_a_past_is_judged_up_to_the_change_and_every_method_goes_on_from_there(monkeypatch) -> None:
    monkeypatch.setattr(stream, "REFERENCE", 70)
    monkeypatch.setattr(stream, "QUIET", 4)
    design = Design(4, 3)
    history = stream.Watched.of(np.random.default_rng(6), design)
    assert (len(history.rounds), len(history.watch.rounds), history.alarms) == (74, 74, 0)
    changed = text_only(design.draw(ladder.load("template"), np.random.default_rng(7), 6))
    delays = history.delays(changed, {"b3it": 1e9})
    assert history.delays([], {"b3it": 0.5}) == {"ours": None, "b3it": None}
    assert delays["b3it"] is None
    assert delays["ours"] == history.watch.delay(changed) in range(1, 7)
