"""Asking within a budget, and going on after a stop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.asking.interface import Ask
from prober.lab.discover.asker import LONGEST_PAUSE_S, LONGEST_TEXT, PATIENCE, GivenUp, PatientAsker, ask_of
from prober.loading import reply_log
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError, LogError
from prober.model.reply import Reply
from tests.lab.discover.worlds import START, Clock, Model, endpoint


class Answers:
    """Answers whatever it is told to, one after the other, then for ever the last."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asks = 0
        self._lock = threading.Lock()

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        with self._lock:
            self.asks += 1
            return replace(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0], at=now)

    def close(self) -> None:
        pass


def said(text: str = "Tea", **more: object) -> Reply:
    return replace(Reply(at=START, text=text, input_tokens=10, output_tokens=1), **more)


def failed(error: str, **more: object) -> Reply:
    return replace(Reply(at=START, error=error), **more)


def asks(count: int, bot: Endpoint | None = None) -> list[Ask]:
    return [ask_of(bot or endpoint(), Probe(id="p", prompt="Tea or oak?"), sample) for sample in range(count)]


Open = Callable[..., PatientAsker]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def open_(
        provider: object, budget: int = 100_000, limit: int | None = 20, clock: Clock | None = None
    ) -> PatientAsker:
        clock = clock or Clock()
        return PatientAsker(provider, budget, limit, tmp_path / "progress.jsonl", clock, clock.pause)

    return open_


def test_replies_come_in_the_order_of_the_asks(opened: Open) -> None:
    model = Model()
    with opened(model) as asker:
        replies = asker.ask(asks(9))
    assert [reply.text for reply in replies if reply] == [
        Model().ask(endpoint(), asks(1)[0].probe, sample, START).text for sample in range(9)
    ]
    assert asker.spent == asker.walked == sum(reply.tokens or 0 for reply in replies if reply)


def test_nothing_is_asked_twice_in_a_run_or_after_it(opened: Open) -> None:
    model = Model()
    with opened(model) as asker:
        first = asker.ask(asks(5))
        assert asker.ask(asks(5)) == first
    with opened(model) as again:
        assert again.known == 5 and again.spent == asker.spent
        assert [reply.text for reply in again.ask(asks(6)) if reply][:5] == [reply.text for reply in first if reply]
    assert sorted(sample for _, sample in model.asked) == list(range(6))


def test_an_edited_endpoint_is_asked_anew(opened: Open) -> None:
    model = Model()
    with opened(model) as asker:
        asker.ask(asks(2))
    with opened(model) as asker:
        asker.ask(asks(2, endpoint(temperature=0.5)))
    assert len(model.asked) == 4


@pytest.mark.slow
@settings(max_examples=25)
@given(budget=st.integers(1, 3_000), limit=st.integers(1, 60), reasoning=st.integers(0, 40), seed=st.integers(0, 99))
def test_the_budget_is_never_passed(
    tmp_path_factory: pytest.TempPathFactory, budget: int, limit: int, reasoning: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("asker") / "progress.jsonl"
    model = Model(reasoning=max(0, min(reasoning, limit - 6)), seed=seed)
    clock = Clock()
    with PatientAsker(model, budget, limit, path, clock, clock.pause) as asker:
        replies = asker.ask(asks(60))
        assert asker.spent <= budget
        assert asker.exhausted == (None in replies)
    with PatientAsker(model, budget, limit, path, clock, clock.pause) as asker:
        asker.ask(asks(60))
        assert asker.spent <= budget


def test_an_ask_of_unknown_cost_costs_what_was_set_aside(opened: Open) -> None:
    silent = said(input_tokens=None, output_tokens=None)
    with opened(Answers(silent), budget=1_000) as asker:
        replies = asker.ask(asks(50))
        assert 0 < len([reply for reply in replies if reply]) < 50
        assert asker.spent <= 1_000
    with opened(Answers(silent), budget=1_000) as again:
        again.ask(asks(50))
        assert again.asked == 0


def test_without_a_limit_the_longest_reply_teaches_caution(opened: Open) -> None:
    with opened(Answers(said(output_tokens=2_000)), budget=8_500, limit=None) as asker:
        assert asker.ask(asks(1)) != [None]
        assert asker.ask(asks(2))[1] is not None
        assert asker.ask(asks(3))[2] is None
        assert asker.exhausted


def test_without_a_limit_short_replies_teach_trust(opened: Open) -> None:
    with opened(Answers(said(output_tokens=1)), budget=1_200, limit=None) as asker:
        assert len([reply for reply in asker.ask(asks(100)) if reply]) > 90


def test_overheads_are_learnt(opened: Open) -> None:
    """A hidden system prompt costs tokens too."""
    with opened(Answers(said(input_tokens=900)), budget=2_500) as asker:
        asker.ask(asks(1))
        assert asker.ask(asks(2))[1]
        assert asker.ask(asks(3))[2] is None
        assert asker.spent <= 2_500


def test_failures_are_no_evidence_and_are_asked_again_another_time(opened: Open) -> None:
    provider = Answers(said(), failed("provider_error"), said())
    with opened(provider) as asker:
        replies = asker.ask(asks(3, endpoint().model_copy(update={"concurrency": 1})))
        assert [reply is None for reply in replies] == [False, True, False]
    with opened(provider) as asker:
        assert None not in asker.ask(asks(3))
    assert provider.asks == 4


def test_refused_asks_are_free_and_lost_ones_are_not(opened: Open) -> None:
    with opened(Answers(failed("unauthorized"), said())) as asker:
        asker.ask(asks(1))
        assert asker.spent == 0
        asker.ask(asks(1))
        assert asker.spent == 11
    with opened(Answers(failed("timeout"), said())) as asker:
        before = asker.spent
        asker.ask([asks(2)[1]])
        assert asker.spent > before
    with opened(Answers(said())) as again:
        assert again.spent == asker.spent


def test_it_is_patient_but_not_for_ever(opened: Open) -> None:
    provider = Answers(failed("unreachable", error_detail="refused"))
    with opened(provider) as asker, pytest.raises(GivenUp) as given:
        asker.ask(asks(100))
    assert given.value.reply.error == "unreachable"
    assert PATIENCE <= provider.asks <= PATIENCE + endpoint().concurrency


def test_rate_limits_are_waited_for_within_reason(opened: Open) -> None:
    clock = Clock()
    one = endpoint().model_copy(update={"concurrency": 1})
    limited = [failed("rate_limited", retry_after_s=wish) for wish in (7.0, None, 9_999.0)]
    with opened(Answers(*limited, said()), clock=clock) as asker:
        assert asker.ask(asks(1, one))[0]
    assert clock.waits == [7.0, 1.0, LONGEST_PAUSE_S]


def test_a_stop_loses_nothing_that_was_answered(opened: Open) -> None:
    class Stopped(Model):
        def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            if sample == 6:
                raise KeyboardInterrupt
            return super().ask(endpoint, probe, sample, now)

    stopped, model = Stopped(), Model()
    with opened(stopped) as asker, pytest.raises(KeyboardInterrupt):
        asker.ask(asks(10))
    with opened(model) as asker:
        asker.ask(asks(10))
    assert sorted(sample for _, sample in [*stopped.asked, *model.asked]) == list(range(10))


@pytest.mark.parametrize("torn", [1, 20, 60])
def test_a_half_written_last_line_is_asked_again(opened: Open, tmp_path: Path, torn: int) -> None:
    model = Model()
    with opened(model) as asker:
        asker.ask(asks(3))
    path = tmp_path / "progress.jsonl"
    path.write_bytes(path.read_bytes()[:-torn])
    with opened(model) as asker:
        assert asker.known == 2
        asker.ask(asks(3))
    assert len(model.asked) == 4
    assert len(list(reply_log.read(path))) == 3


def test_progress_is_an_ordinary_reply_log(opened: Open, tmp_path: Path) -> None:
    hostile = "a\x00b\ud800 <!channel>\u2028" + "x" * 1_000_000
    with opened(Answers(said(hostile, top_logprobs=(("\ud800", -0.1),)))) as asker:
        (kept,) = asker.ask(asks(1))
    (logged,) = reply_log.read(tmp_path / "progress.jsonl")
    assert kept is not None and logged.reply == kept
    assert kept.text == hostile[:LONGEST_TEXT]
    assert (logged.endpoint, logged.probe, logged.prompt) == ("bot", "p", "Tea or oak?")


@pytest.mark.parametrize("line", ['{"round": "1", "endpoint": "e", "probe": "p", "text": "Tea"}\n',
                                  '{"round": "1", "endpoint": "e", "probe": "p", "text": "T", "series": "s", '
                                  '"sample": 1, "tokens": -5}\n'])  # fmt: skip
def test_the_log_of_somebody_else_is_refused(opened: Open, tmp_path: Path, line: str) -> None:
    (tmp_path / "progress.jsonl").write_text(line)
    with pytest.raises(ConfigurationError, match=r"progress.jsonl:1: was not written by `prober discover`"):
        opened(Model())


def test_a_broken_line_names_its_place(opened: Open, tmp_path: Path) -> None:
    with opened(Model()) as asker:
        asker.ask(asks(1))
    with (tmp_path / "progress.jsonl").open("a") as file:
        file.write(json.dumps("no object") + "\n")
    with pytest.raises(LogError, match=r"progress.jsonl:2: not a JSON object"):
        opened(Model())


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConfigurationError, match="taken: cannot be"):
        PatientAsker(Model(), 100, 20, tmp_path / "taken", clock, clock.pause)
