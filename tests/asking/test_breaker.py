"""The breaker: when it opens, how seldom it looks, and that an answer closes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from prober.asking.breaker import LONGEST_PAUSE_S, Breaker, BreakerGate, Outcome, breaker
from prober.asking.interface import Answer, Ask
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDPOINT = Endpoint(name="e", provider="openai", model="m")
PROBE = Probe(id="p", prompt="Pick a colour.")


def outcomes(*said: tuple[float, str | None]) -> list[Outcome]:
    return [Outcome(NOON + timedelta(seconds=at_s), failure) for at_s, failure in said]


def asks(count: int) -> list[Ask]:
    return [Ask(ENDPOINT, PROBE, number, "s") for number in range(count)]


def round_of(known: list[Outcome], now: datetime, failure: str | None, count: int = 18, *, keeps_pause: bool = True):
    """Asks made of one round, four at once, each of which ends alike; and what is known then."""
    gate, made = BreakerGate(known, lambda: now, "e", keeps_pause=keeps_pause), 0
    while made < count:
        admitted, _ = gate.admit(asks(min(4, count - made)))
        if not admitted:
            break
        made += admitted
        reply = Reply(at=now, error=failure) if failure else Reply(at=now, text="Teal")
        gate.settle([Answer(ask, reply) for ask in asks(admitted)])
    return made, [*known, *[Outcome(now, failure)] * made]


@pytest.mark.parametrize(
    ("said", "is_open"),
    [
        ([(0, "timeout"), (15, "timeout"), (30, "timeout")], True),
        ([(0, "timeout"), (16, "timeout"), (31, "timeout")], False),
        ([(0, "timeout"), (1, None), (2, "timeout"), (3, "timeout")], False),
        ([(0, "context_length"), (1, "bad_request"), (2, "bad_output"), (3, "cached")], False),
        ([(100 * i, "timeout") for i in range(9)], False),
        ([(100 * i, "timeout") for i in range(10)], True),
        ([(0, "unauthorized"), (1, "unauthorized"), (2, "unauthorized"), (90, None)], False),
    ],
)
def test_it_opens_where_nothing_is_answered(said: list[tuple[float, str | None]], is_open: bool) -> None:
    assert breaker(outcomes(*said)).is_open is is_open


def test_a_dead_key_costs_one_ask_a_round_and_an_answer_asks_the_rest() -> None:
    made, known = round_of([], NOON, "unauthorized")
    assert made == 3
    for hour in range(1, 60):
        made, known = round_of(known, NOON + timedelta(hours=hour), "unauthorized")
        assert made == 1
    made, known = round_of(known, NOON + timedelta(hours=60), None)
    assert made == 18 and breaker(known[-40:]) == Breaker()


def test_what_one_prompt_may_cause_is_looked_at_with_three_asks() -> None:
    _, known = round_of([], NOON, "provider_error")
    assert round_of(known, NOON + timedelta(hours=1), "provider_error")[0] == 3


def test_looks_become_rare_but_never_rarer_than_said() -> None:
    _, known = round_of([], NOON, "timeout")
    pauses = []
    for _ in range(12):
        next_test_at = breaker(known, "e").next_test_at
        assert next_test_at is not None
        pauses.append((next_test_at - known[-1].at).total_seconds())
        early = next_test_at - timedelta(seconds=1)
        assert round_of(known, early, "timeout")[0] == 0
        assert round_of(known, early, "timeout", keeps_pause=False)[0] == 3, "a person need not wait"
        _, known = round_of(known, next_test_at, "timeout")
    assert 22 <= pauses[0] <= 38 < pauses[2] and max(pauses) <= 1.25 * LONGEST_PAUSE_S
    assert len(set(pauses)) == len(pauses), "jitter"


def test_what_the_provider_asks_to_wait_is_kept() -> None:
    said = [Outcome(NOON, "rate_limited", 900.0)] * 3
    assert breaker(said).next_test_at == NOON + timedelta(seconds=900)


def test_an_endpoint_that_answers_lets_asks_be_handed_out_ahead() -> None:
    gate = BreakerGate(outcomes((0, None)), lambda: NOON)
    assert gate.is_ahead and gate.admit(asks(18)) == (18, None)
    gate.settle([Answer(asks(1)[0], Reply(at=NOON, error="unreachable"))])
    assert not gate.is_ahead
