"""Where the replies of one side come from: an endpoint that is asked, or a reply log that is read."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import count
from typing import Protocol

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.gates import Gate
from prober.asking.interface import Ask
from prober.asking.limits import LONGEST_WAIT_S
from prober.loading.reply_log import LoggedReply
from prober.model.declaration import Endpoint, Probe, series_key
from prober.model.reply import Reply

Probes = Mapping[str, Probe]
"""`set/probe id` → the probe, as this side is asked it."""


class Side(Protocol):
    """One side of the comparison."""

    name: str
    """For people."""
    asks_each: int
    """Asks a reply costs: 1, or 0 where replies are read from a log."""
    ended: str
    """Why the newest block lacks replies; empty where it lacks none."""

    def block(self, keys: Sequence[str]) -> list[Reply | None]:
        """One new reply to each of these probes, in this order; None where there is none left."""
        ...


class AskedSide:
    """An endpoint, asked now. One ask, one reply: nothing is tried again."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        probes: Probes,
        provider: Provider,
        clock: Callable[[], datetime],
        number: int,
        gates: Sequence[Gate] = (),
    ) -> None:
        """`number`: 0 or 1, so that a scripted endpoint compared with itself does not give both sides one reply."""
        self.name, self.asks_each, self.ended = name, 1, ""
        self._endpoint, self._probes = endpoint, probes
        self._asker = Asker(provider, clock, endpoint.concurrency, gates, time.sleep, LONGEST_WAIT_S)
        self._samples = count(number, 2)

    def block(self, keys: Sequence[str]) -> list[Reply | None]:
        sample = next(self._samples)
        probes = [self._probes[key] for key in keys]
        asks = [
            Ask(self._endpoint, probe, sample, series_key(self._endpoint, probe), place)
            for place, probe in enumerate(probes)
        ]
        with closing(self._asker.ask(asks)) as arriving:
            replies = {answer.ask.place: answer.reply for answers in arriving for answer in answers}
        self.ended = self._asker.refused.reason if self._asker.refused else ""
        return [replies.get(place) for place in range(len(keys))]


class LoggedSide:
    """A reply log, each reply of which is used once, in the order of the log. A probe is known by its id."""

    def __init__(self, name: str, replies: Iterable[LoggedReply]) -> None:
        self.name, self.asks_each, self.ended = name, 0, ""
        self._left: dict[str, deque[Reply]] = {}
        for logged in replies:
            self._left.setdefault(logged.probe, deque()).append(logged.reply)

    @property
    def probes(self) -> frozenset[str]:
        """The probes it has replies to."""
        return frozenset(self._left)

    def block(self, keys: Sequence[str]) -> list[Reply | None]:
        block = [left.popleft() if (left := self._left.get(key)) else None for key in keys]
        self.ended = "a log has no more replies" if None in block else ""
        return block
