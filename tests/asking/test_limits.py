"""Limits of a provider's account: what headers say, and that a simulated provider is never asked too much."""

from __future__ import annotations

import heapq
import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from prober.asking.gates import Refused
from prober.asking.interface import Answer, Ask
from prober.asking.limits import LimitGate, limits_in
from prober.loading.declarations import Declarations
from prober.model.allowance import AccountLimits, Allowance
from prober.model.comparison import Candidate
from prober.model.declaration import Endpoint, Probe
from prober.model.evidence import Observation
from prober.model.reply import Reply
from prober.service.candidates import asked_beside
from prober.service.gates import StoredMinutes, VerbGates
from prober.store import Store, limits
from prober.tokens import TokenEstimate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDPOINT = Endpoint(name="e", provider="openai", model="m", parameters={"max_tokens": 400})
PROBE = Probe(id="p", prompt="Pick a colour.")
LIMIT, MINUTES, ASKERS = 20_000, 6, 4


class FixedWindow:
    """All of the limit again with every full minute."""

    def __init__(self) -> None:
        self.minute, self.used = -1, 0

    def take(self, at_s: float, tokens: int) -> int:
        """What is left; below 0 where it is refused."""
        if int(at_s // 60) != self.minute:
            self.minute, self.used = int(at_s // 60), 0
        if self.used + tokens > LIMIT:
            return -1
        self.used += tokens
        return LIMIT - self.used


class Bucket:
    """The limit comes back evenly."""

    def __init__(self) -> None:
        self.at_s, self.left = 0.0, float(LIMIT)

    def take(self, at_s: float, tokens: int) -> int:
        self.left = min(LIMIT, self.left + (at_s - self.at_s) * LIMIT / 60)
        self.at_s = at_s
        if self.left < tokens:
            return -1
        self.left -= tokens
        return int(self.left)


def simulated(kind: type[FixedWindow | Bucket], *, gated: bool) -> tuple[int, float]:
    """Asks that were rejected after the first minute, and the share of the limit that was used since.

    16 askers, without a pause. `gated`: by our gates; else they ask again after a 429, as late as it says, as other
    tools do.
    """
    rng, provider, now_s = random.Random(5), kind(), 0.0

    def clock() -> datetime:
        return NOON + timedelta(seconds=now_s)

    with Store.in_memory() as store:
        gates = [LimitGate(StoredMinutes(store, ENDPOINT, clock), TokenEstimate(400), clock) for _ in range(ASKERS)]
        rejected, used = 0, [0] * (MINUTES + 2)
        queue: list[tuple[float, int, int, Answer | None]] = [(0.01 * n, n, n, None) for n in range(ASKERS * 4)]
        number = len(queue)
        heapq.heapify(queue)
        while queue and queue[0][0] < 60 * MINUTES:
            now_s, _, who, answer = heapq.heappop(queue)
            gate = gates[who % ASKERS]
            if answer is not None and gated:
                gate.settle([answer])
            number += 1
            ask = Ask(ENDPOINT, PROBE, number, "s", 0)
            if gated:
                admitted, refused = gate.admit([ask])
                if not admitted:
                    assert isinstance(refused, Refused) and refused.retry_s is not None
                    heapq.heappush(queue, (now_s + refused.retry_s + rng.random(), number, who, None))
                    continue
            tokens = rng.randrange(100, 400)
            left = provider.take(now_s, 20 + tokens)
            took_s = rng.uniform(0.5, 2.0)
            if left < 0:
                rejected += now_s > 60
                reply = Reply(at=clock(), error="rate_limited", retry_after_s=5.0)
                took_s += 0.0 if gated else 5.0
            else:
                used[int(now_s // 60)] += 20 + tokens
                headers = {"x-ratelimit-limit-tokens": str(LIMIT), "x-ratelimit-remaining-tokens": str(left)}
                reply = Reply(at=clock(), text="Teal", input_tokens=20, output_tokens=tokens, headers=headers)
            heapq.heappush(queue, (now_s + took_s, number, who, Answer(ask, reply)))
    return rejected, sum(used[1:MINUTES]) / (MINUTES - 1) / LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("kind", [FixedWindow, Bucket])
def test_a_limit_of_tokens_a_minute_is_used_and_never_hit_after_warm_up(kind: type[FixedWindow | Bucket]) -> None:
    rejected, share = simulated(kind, gated=True)
    assert rejected == 0 and share >= 0.9
    assert simulated(kind, gated=False)[0] > 50, "where asks are made again after a 429, it is hit all the time"


def test_limits_are_read_from_the_headers_of_each_provider() -> None:
    openai = {"x-ratelimit-limit-tokens": "30000", "x-ratelimit-remaining-tokens": "29000",
              "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499"}  # fmt: skip
    said = limits_in(Reply(at=NOON, text="a", headers=openai))
    assert (said.tokens, said.asks) == (Allowance(30_000, 29_000), Allowance(500, 499))
    anthropic = {"anthropic-ratelimit-tokens-limit": "8000", "anthropic-ratelimit-tokens-remaining": "x"}
    assert limits_in(Reply(at=NOON, text="a", headers=anthropic)).is_silent
    assert limits_in(Reply(at=NOON, error="rate_limited", retry_after_s=7.0)).blocked_s == 7.0


def test_of_a_declared_and_a_named_limit_the_lower_holds_and_both_are_shown() -> None:
    declared = ENDPOINT.model_copy(update={"limits": AccountLimits(asks_per_minute=3, tokens_per_minute=10**6)})
    said = {"x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "990"}
    with Store.in_memory() as store:
        assert store.query(limits.accounts, NOON) == ()
        gate = LimitGate(StoredMinutes(store, declared, lambda: NOON), TokenEstimate(400), lambda: NOON)
        assert not gate.is_ahead, "a limit is known before the first answer"
        asks = [Ask(declared, PROBE, sample, "series", sample) for sample in range(5)]
        count, refused = gate.admit(asks)
        assert (count, refused and refused.reason) == (3, "rate_limited: 3 asks a minute are used up")
        gate.settle([Answer(asks[0], Reply(at=NOON, text="Teal", input_tokens=5, output_tokens=5, headers=said))])
        (found,) = store.query(limits.accounts, NOON)
        assert found.endpoints == ("e",)
        assert found.waiting == 2
        shown = [(one.unit, one.most, one.is_declared) for one in found.limits]
        assert shown == [("asks", 3, True), ("tokens", 1000, False)]
        assert (found.limits[0].used, found.blocked_until) == (3, None)
        (later,) = store.query(limits.accounts, NOON + timedelta(minutes=2))
        assert ([one.used for one in later.limits], later.waiting) == ([0, 0], 0)
        undeclared = LimitGate(StoredMinutes(store, ENDPOINT, lambda: NOON), TokenEstimate(1), lambda: NOON)
        assert undeclared.admit(asks[3:])[0] == 0, "the tokens that the provider named are used up"


@pytest.mark.slow
def test_asks_of_verbs_book_on_the_limits_that_rounds_book_on_and_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited = [NOON], []
    declared = ENDPOINT.model_copy(update={"limits": AccountLimits(asks_per_minute=2)})

    class Answers:
        def ask(self, endpoint: Endpoint, probe: Probe, sample: int, at: datetime) -> Reply:
            return Reply(at=at, text="Teal", input_tokens=5, output_tokens=5)

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += timedelta(seconds=seconds)

    monkeypatch.setattr("prober.service.gates.time", SimpleNamespace(sleep=sleep))
    with Store.in_memory() as store:
        round_gate = LimitGate(StoredMinutes(store, declared, lambda: now[0]), TokenEstimate(400), lambda: now[0])
        assert round_gate.admit([Ask(declared, PROBE, 0, "s")])[0] == 1
        with VerbGates(Declarations((), ()), lambda: store, lambda: now[0]) as gates:
            gates.ask(Answers(), declared, PROBE)
            assert not waited and store.query(limits.accounts, NOON)[0].limits[0].used == 2
            gates.ask(Answers(), declared, PROBE)
            assert len(waited) == 1 and 60 <= waited[0] <= 65, "the third ask waits for the minute"


@pytest.mark.slow
def test_without_a_budget_or_declared_limits_a_verb_needs_no_store() -> None:
    def open_store() -> Store:
        raise AssertionError("the store was opened")

    with VerbGates(Declarations((), ()), open_store, lambda: NOON) as gates:
        assert len(gates.of(ENDPOINT, {})) == 1, "the breaker"


@pytest.mark.slow
def test_a_shadow_books_on_the_limits_of_its_account(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited = [NOON], []
    shadow = ENDPOINT.model_copy(update={"limits": AccountLimits(asks_per_minute=2)})
    provider = SimpleNamespace(
        ask=lambda endpoint, probe, sample, at: Reply(at=at, text="Teal", input_tokens=5, output_tokens=5),
        close=lambda: None,
    )

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += timedelta(seconds=seconds)

    monkeypatch.setattr("prober.service.candidates.time", SimpleNamespace(sleep=sleep))
    asked = [Observation("s", "set/p", sample, Reply(at=NOON, text="Teal"), None) for sample in range(3)]
    with Store.in_memory() as store:
        one = Candidate(
            1, "endpoint", "set", "e", shadow.name, "", 0, 0, NOON, "running", 0, 0, "undecided", "", None, "", ""
        )
        pairs = asked_beside(store, one, shadow, {"set/p": PROBE}, asked, "1", lambda _: provider, lambda: now[0], ())
        assert len(pairs) == 3 and len(waited) == 1, "the third is asked in the next minute"
