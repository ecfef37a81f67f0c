"""Asks put to a provider, a few at once. Each reply is handed on as it comes in, never behind a slower one."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from traceback import format_tb
from typing import Final, TypeAlias

from prober.asking.gates import Gate, Refused, admit
from prober.asking.interface import Answer, Ask, Provider
from prober.model.errors import ConfigurationError
from prober.model.reply import Reply

logger = logging.getLogger(__name__)

_Outcome: TypeAlias = Answer | BaseException
GRACE_S: Final = 5.0
"""How long a process that is being stopped waits for its asks in flight."""


class Asker:
    """Makes asks, as far as the gates admit them, with at most `concurrency` in flight. For one thread."""

    def __init__(
        self,
        provider: Provider,
        clock: Callable[[], datetime],
        concurrency: int,
        gates: Sequence[Gate] = (),
        pause: Callable[[float], object] | None = None,
        longest_pause_s: float = 0.0,
    ) -> None:
        """`pause` waits so many seconds for a gate to admit the next ask, at most `longest_pause_s` in one call of
        `ask`; without it, nothing waits."""
        self.refused: Refused | None = None
        """Why the last asks of the newest call were not made; None where all were."""
        self._provider, self._clock, self._concurrency, self._gates = provider, clock, concurrency, gates
        self._pause, self._longest_pause_s = pause, longest_pause_s
        self._todo: SimpleQueue[Ask | None] = SimpleQueue()
        self._done: SimpleQueue[_Outcome] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._is_stopped = False

    @property
    def is_ahead(self) -> bool:
        """Whether the threads need not wait for us between two asks."""
        return all(gate.is_ahead for gate in self._gates)

    @property
    def has_replies(self) -> bool:
        """Whether replies wait to be taken, so that other work can wait."""
        return not self._done.empty()

    def ask(self, asks: Sequence[Ask]) -> Generator[Sequence[Answer]]:
        """The replies that came in since the last look, in the order of the asks, until all are there.

        Where the provider raises, that ask has failed as `invalid_reply`, and the others go on. A refusal is final only
        when nothing is in flight: a reply may give back some of what was reserved for it. To stop early, close the
        iterator; it waits for the asks in flight, after Ctrl-C for `GRACE_S` at most.

        Raises:
            ConfigurationError: what every other ask would meet as well, such as an address that is none.
        """
        self.refused = None
        self._is_stopped = False
        waiting = deque(asks)
        in_flight, patience_s = 0, self._longest_pause_s
        answers: list[Answer] = []
        failure: BaseException | None = None
        try:
            while True:
                if waiting and failure is None:
                    room = len(waiting) if self.is_ahead else self._concurrency - in_flight
                    in_flight += self._begin(waiting, room)
                if answers:
                    yield answers
                if in_flight == 0:
                    wait_s = self.refused.retry_s if self.refused is not None and failure is None else None
                    if self._pause is None or wait_s is None or wait_s > patience_s:
                        break
                    self._pause(wait_s)
                    patience_s -= wait_s
                    answers = []
                    continue
                outcomes = self._arrived()
                in_flight -= len(outcomes)
                answers = sorted((one for one in outcomes if isinstance(one, Answer)), key=lambda one: one.ask.place)
                was_ahead = self.is_ahead
                for gate in self._gates:
                    gate.settle(answers)
                if was_ahead and not self.is_ahead:
                    unmade = self._recall()
                    in_flight -= len(unmade)
                    waiting.extendleft(reversed(unmade))
                failure = failure or next((one for one in outcomes if isinstance(one, BaseException)), None)
                if failure is not None:
                    in_flight -= len(self._take_back())
        except KeyboardInterrupt:
            self._stop(GRACE_S)
            raise
        finally:
            self._stop()
        if failure is not None:
            raise failure

    def _begin(self, waiting: deque[Ask], free: int) -> int:
        """Hand the next asks to the threads, as many as there is room for and the gates admit; how many."""
        offered = [waiting.popleft() for _ in range(min(len(waiting), free))]
        admitted, self.refused = admit(self._gates, offered)
        waiting.extendleft(reversed(offered[admitted:]))
        for ask in offered[:admitted]:
            self._todo.put(ask)
            if len(self._threads) < self._concurrency:
                self._threads.append(threading.Thread(target=self._work, name="ask", daemon=True))
                self._threads[-1].start()
        return admitted

    def _arrived(self) -> list[_Outcome]:
        """What has come in; waits for the first."""
        outcomes = [self._done.get()]
        with suppress(Empty):
            while True:
                outcomes.append(self._done.get_nowait())
        return outcomes

    def _work(self) -> None:
        while (ask := self._todo.get()) is not None:
            outcome = self._make(ask)
            self._done.put(outcome)
            if isinstance(outcome, BaseException):
                self._is_stopped = True
            if self._is_stopped:
                return

    def _make(self, ask: Ask) -> _Outcome:
        """The boundary around one ask: whatever goes wrong in a provider goes wrong for this ask only."""
        now = self._clock()
        try:
            return Answer(ask, self._provider.ask(ask.endpoint, ask.probe, ask.sample, now))
        except ConfigurationError as error:
            return error
        except Exception as error:
            # A fault of ours. Never its text: it may quote what was read or sent, secrets among it.
            kind, trace = type(error).__name__, "".join(format_tb(error.__traceback__))
            said = "asking %s failed with %s, which counts as invalid_reply:\n%s"
            logger.error(said, ask.endpoint.name, kind, trace)  # noqa: TRY400
            return Answer(ask, Reply(at=now, error="invalid_reply", error_detail=f"reading it failed with {kind}"))
        except BaseException as error:  # the process is to end
            return error

    def _stop(self, within_s: float | None = None) -> None:
        """Nothing is in flight any more when this returns; what nobody took is settled by the gates all the same.

        After `within_s` what is still in flight is left alone: it stays booked, as after a kill."""
        self._take_back()
        for _ in self._threads:
            self._todo.put(None)
        end = None if within_s is None else time.monotonic() + within_s
        for thread in self._threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
        if not self._done.empty():
            answers = [one for one in self._arrived() if isinstance(one, Answer)]
            for gate in self._gates:
                gate.settle(answers)
        self._threads.clear()
        self._todo, self._done = SimpleQueue(), SimpleQueue()

    def _take_back(self) -> list[Ask]:
        """As `_recall`, and nothing more is begun."""
        self._is_stopped = True
        return self._recall()

    def _recall(self) -> list[Ask]:
        """What no thread has begun; it is released by the gates."""
        unmade: list[Ask] = []
        with suppress(Empty):
            while True:
                ask = self._todo.get_nowait()
                unmade += [] if ask is None else [ask]
        if unmade:
            for gate in self._gates:
                gate.release(unmade)
        return unmade
