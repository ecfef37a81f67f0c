"""Asks at once: each reply as it comes in, a boundary around each ask, and gates that refuse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from prober.asking.asker import Asker
from prober.asking.gates import Gate, Refused
from prober.asking.interface import Answer, Ask
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError
from prober.model.reply import Reply
from tests.asking.conftest import KEY, NOW

PARROT = Endpoint(name="parrot", provider="scripted", model="p-1")
WAIT_S = 30.0
"""Only a fault is waited for as long."""


def asks(count: int) -> list[Ask]:
    return [Ask(PARROT, Probe(id="p", prompt="Hello?"), sample, "series", sample) for sample in range(count)]


class Says:
    """A provider that answers as it is told, and notes what it was asked."""

    def __init__(self, answer: Callable[[int], Reply]) -> None:
        self.answer, self.asked = answer, list[int]()

    def ask(self, endpoint, probe, sample, now):
        self.asked.append(sample)
        return self.answer(sample)

    def close(self) -> None: ...


def plain(sample: int) -> Reply:
    return Reply(at=NOW, text=str(sample))


def asker(answer: Callable[[int], Reply] = plain, concurrency: int = 4, gates: Sequence[Gate] = ()) -> Asker:
    return Asker(Says(answer), lambda: NOW, concurrency, gates)


def samples(batches: Sequence[Sequence[Answer]]) -> list[int]:
    return [answer.ask.sample for batch in batches for answer in batch]


def test_every_reply_is_handed_on_while_one_is_slow() -> None:
    go_on = threading.Event()

    def answer(sample: int) -> Reply:
        assert sample or go_on.wait(WAIT_S)
        return plain(sample)

    came = []
    for answers in asker(answer).ask(asks(20)):
        came += [answer.ask.sample for answer in answers]
        if len(came) == 19:
            assert 0 not in came
            go_on.set()
    assert sorted(came) == list(range(20)) and came[-1] == 0


def test_one_at_a_time_is_in_order() -> None:
    provider = Says(plain)
    assert samples(list(Asker(provider, lambda: NOW, 1).ask(asks(9)))) == provider.asked == list(range(9))


def test_an_ask_at_which_the_provider_raises_has_failed_and_the_others_go_on(caplog) -> None:
    def answer(sample: int) -> Reply:
        if sample == 2:
            raise ValueError(KEY)
        return plain(sample)

    replies = {a.ask.sample: a.reply for batch in asker(answer).ask(asks(6)) for a in batch}
    assert [replies[n].error for n in range(6)] == [None, None, "invalid_reply", None, None, None]
    assert "ValueError" in replies[2].error_detail and "in answer" in caplog.text
    assert KEY not in repr(replies) + caplog.text


@pytest.mark.parametrize("error", [ConfigurationError("base_url: 'x' is no address"), KeyboardInterrupt()])
def test_what_concerns_every_ask_ends_it_once_the_replies_in_progress_were_handed_on(error: BaseException) -> None:
    def answer(sample: int) -> Reply:
        if sample == 3:
            raise error
        return plain(sample)

    provider, came = Says(answer), list[int]()
    with pytest.raises(type(error)):
        for answers in Asker(provider, lambda: NOW, 1).ask(asks(9)):
            came += [one.ask.sample for one in answers]
    assert (came, provider.asked) == ([0, 1, 2], [0, 1, 2, 3])


def test_closing_it_makes_no_further_ask() -> None:
    provider = Says(plain)
    asking = Asker(provider, lambda: NOW, 2).ask(asks(50))
    next(asking)
    asking.close()
    assert len(provider.asked) <= 4
    assert not [thread for thread in threading.enumerate() if thread.name == "ask"]


class Allowing:
    """Admits so many asks; with `gives_back`, an ask that has its reply makes room for another."""

    is_ahead = False

    def __init__(self, room: int, gives_back: bool = False) -> None:
        self.room, self.gives_back, self.released = room, gives_back, list[int]()

    def admit(self, asks):
        count = min(self.room, len(asks))
        self.room -= count
        return count, None if count == len(asks) else Refused("budget_exhausted: enough")

    def settle(self, answers):
        self.room += len(answers) * self.gives_back

    def release(self, asks):
        self.room += len(asks)
        self.released += [ask.sample for ask in asks]


def test_a_gate_that_refuses_ends_it_with_its_reason() -> None:
    one = asker(gates=[Allowing(5)])
    assert sorted(samples(list(one.ask(asks(9))))) == [0, 1, 2, 3, 4]
    assert one.refused == Refused("budget_exhausted: enough")


def test_a_refusal_is_not_final_while_a_reply_may_make_room() -> None:
    one = asker(gates=[Allowing(2, gives_back=True)])
    assert sorted(samples(list(one.ask(asks(9))))) == list(range(9))
    assert one.refused is None


def test_what_a_later_gate_refuses_is_given_back_to_the_earlier() -> None:
    first, second = Allowing(9), Allowing(3)
    assert sorted(samples(list(asker(gates=[first, second]).ask(asks(6))))) == [0, 1, 2]
    assert first.room == 6 and second.room == 0


def test_who_stops_early_still_learns_what_was_in_flight_has_cost() -> None:
    class Counts:
        is_ahead = False
        settled = 0

        def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
            return len(asks), None

        def settle(self, answers: Sequence[Answer]) -> None:
            self.settled += len(answers)

        def release(self, asks: Sequence[Ask]) -> None: ...

    gate, provider = Counts(), Says(plain)
    arriving = Asker(provider, lambda: NOW, 4, [gate]).ask(asks(20))
    next(arriving)
    arriving.close()
    assert gate.settled == len(provider.asked) < 20


def test_what_a_gate_admits_later_is_waited_for_but_not_longer_than_allowed() -> None:
    class Later(Allowing):
        def admit(self, asks):
            count, refused = super().admit(asks)
            return count, refused and Refused("rate_limited: 2 asks a minute are used up", 30.0)

    gate, paused = Later(2), list[float]()

    def pause(seconds: float) -> None:
        paused.append(seconds)
        gate.room += 2

    one = Asker(Says(plain), lambda: NOW, 4, [gate], pause, 75.0)
    assert sorted(samples(list(one.ask(asks(9))))) == [0, 1, 2, 3, 4, 5]
    assert paused == [30.0, 30.0]
    assert one.refused == Refused("rate_limited: 2 asks a minute are used up", 30.0)
