"""Asking within a budget, so that a stop costs nothing: every reply is on disk before the next is asked for.

Progress is an ordinary reply log. What stands in it is not asked again, and what it cost counts.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from prober.asking import Provider
from prober.loading import reply_log
from prober.loading.reply_log import LoggedReply
from prober.model.declaration import Endpoint, Probe, series_key
from prober.model.errors import ConfigurationError, Problem
from prober.model.reply import Reply

PATIENCE: Final = 5
"""Asks in a row without an answer until it is given up."""
LONGEST_PAUSE_S: Final = 60.0
LONGEST_TEXT: Final = 2_000
"""Characters of a reply that are kept."""
UNLIMITED: Final = 512
"""Output tokens set aside for an ask where the endpoint declares no limit, until ENOUGH_SEEN replies were seen."""
ENOUGH_SEEN: Final = 12
MARGIN: Final = 3
"""Afterwards, so many times the longest of them."""
OVERHEAD: Final = 64
"""Input tokens set aside beyond the bytes of a prompt, for what a provider puts around it."""

_FREE = frozenset(
    {
        "unreachable",
        "rate_limited",
        "out_of_credit",
        "unauthorized",
        "model_not_found",
        "model_retired",
        "not_found",
        "unsupported_parameter",
        "context_length",
        "bad_request",
        "missing_key",
    }
)
"""Failures that cost no tokens. Any other ask may have been answered, and billed, all the same."""


class GivenUp(Exception):
    """The endpoint does not answer. Never leaves the room."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.error)


@dataclass(frozen=True)
class Ask:
    """One ask, to be made once."""

    endpoint: Endpoint
    probe: Probe
    sample: int

    @cached_property
    def key(self) -> tuple[str, int]:
        return series_key(self.endpoint, self.probe), self.sample


class Asker:
    """Puts asks to a provider within a budget of tokens. Use as a context manager; from one thread."""

    def __init__(
        self,
        provider: Provider,
        budget_tokens: int,
        reply_limit: int | None,
        progress: Path,
        clock: Callable[[], datetime],
        pause: Callable[[float], object],
        tell: Callable[[int], object] = lambda spent: None,
    ) -> None:
        """`reply_limit`: the most output tokens of one reply, None where the endpoint declares no limit.

        `progress`: the reply log to go on with, or to begin. `pause` waits so many seconds; `tell` hears of tokens
        spent. Raises LogError where the log cannot be read.
        """
        self.budget_tokens = budget_tokens
        self.spent = 0
        """Tokens, those of earlier runs and of failed asks among them."""
        self.walked = 0
        """Tokens of the replies handed out by this run, whenever they were asked: what shares of the budget go by."""
        self.exhausted = False
        """Whether an ask was left out because the budget might not have held."""
        self.asked = 0
        """Asks made by this run."""
        self._provider, self._clock, self._pause, self._tell = provider, clock, pause, tell
        self._reply_limit = reply_limit
        self._longest = 0
        self._overhead = OVERHEAD
        self._in_hand = 0
        self._unanswered = 0
        self._lock = threading.Lock()
        self._path = progress
        self._known: dict[tuple[str, int], Reply] = {}
        self._handed: set[tuple[str, int]] = set()
        self._recall()

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("a", encoding="ascii")
        except OSError as error:
            message = f"cannot be written ({error.strerror}); name another place with --output"
            raise ConfigurationError([Problem(str(self._path), 0, "", message)]) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def known(self) -> int:
        """Replies at hand."""
        return len(self._known)

    def ask(self, asks: Sequence[Ask]) -> list[Reply | None]:
        """The reply to each ask, asked now or known already; None where it failed or the budget does not hold it.

        Rate limits are waited for, as long as the provider says. Raises GivenUp.
        """
        todo = [ask for ask in asks if ask.key not in self._known]
        while todo:
            failed = self._ask_new(todo)
            limited = [(ask, reply) for ask, reply in failed if reply.error == "rate_limited"]
            todo = [ask for ask, _ in limited]
            if todo:
                wish = max(reply.retry_after_s or 1.0 for _, reply in limited)
                self._pause(min(wish, LONGEST_PAUSE_S))
        replies = {ask.key: self._known.get(ask.key) for ask in asks}
        self.walked += sum(tokens_of(reply) or 0 for key, reply in replies.items() if reply and key not in self._handed)
        self._handed.update(replies)
        return list(replies.values())

    def _ask_new(self, asks: Sequence[Ask]) -> list[tuple[Ask, Reply]]:
        """Ask as many as the budget holds, a few at once; those that failed."""
        concurrency = asks[0].endpoint.concurrency
        waiting = deque(asks)
        failed: list[tuple[Ask, Reply]] = []
        with ThreadPoolExecutor(concurrency, thread_name_prefix="discover") as pool:
            while waiting:
                granted: list[tuple[Ask, int]] = []
                while waiting and len(granted) < concurrency and (held := self._reserve(waiting[0])):
                    granted.append((waiting.popleft(), held))
                if not granted:
                    self.exhausted = True
                    break
                replies = list(pool.map(self._ask_one, *zip(*granted, strict=True)))
                for (ask, _), reply in zip(granted, replies, strict=True):
                    self._unanswered = 0 if reply.answered else self._unanswered + 1
                    if not reply.answered:
                        failed.append((ask, reply))
                    if self._unanswered >= PATIENCE:
                        raise GivenUp(reply)
        return failed

    def _ask_one(self, ask: Ask, held: int) -> Reply:
        reply = self._provider.ask(ask.endpoint, ask.probe, ask.sample, self._clock())
        cost = tokens_of(reply)
        if cost is None:
            cost = 0 if reply.error in _FREE else held
        kept = replace(reply, text=None if reply.text is None else reply.text[:LONGEST_TEXT])
        if kept.answered and tokens_of(kept) is None:
            kept = replace(kept, input_tokens=held - 1, output_tokens=1)  # unknown: as much as was set aside
        with self._lock:
            self._in_hand -= held
            self._learn(ask.probe.prompt, reply)
            self._settle(ask, kept, cost)
            self.asked += 1
        return kept

    def _reserve(self, ask: Ask) -> int:
        """Tokens set aside for an ask; 0 where there are not as many. A prompt is never more tokens than bytes."""
        limit = self._reply_limit
        if limit is None:
            limit = max(MARGIN * self._longest, 0 if len(self._known) >= ENOUGH_SEEN else UNLIMITED)
        most = _bytes(ask.probe.prompt) + self._overhead + limit
        if self.spent + self._in_hand + most > self.budget_tokens:
            return 0
        self._in_hand += most
        return most

    def _learn(self, prompt: str | None, reply: Reply) -> None:
        """What providers add to a prompt, and how long replies get, is known from the replies."""
        if reply.input_tokens is not None:
            self._overhead = max(self._overhead, reply.input_tokens - _bytes(prompt))
        self._longest = max(self._longest, output_of(reply) or 0)

    def _settle(self, ask: Ask, reply: Reply, cost: int) -> None:
        self.spent += cost
        if reply.answered:
            self._known[ask.key] = reply
        series, sample = ask.key
        prompt = ask.probe.prompt
        extra = {"sample": sample, "tokens": cost}
        logged = LoggedReply(
            f"{sample:06d}", ask.endpoint.name, ask.probe.id, reply, prompt=prompt, series=series, extra=extra
        )
        self._file.write(reply_log.line_of(logged) + "\n")
        self._file.flush()
        self._tell(self.spent)

    def _recall(self) -> None:
        """Earlier replies. A last line that a kill cut short is taken off: its ask is made again."""
        if not self._path.exists():
            return
        _mend(self._path)
        for number, logged in enumerate(reply_log.read(self._path), start=1):
            sample, cost = logged.extra.get("sample"), logged.extra.get("tokens")
            if not isinstance(sample, int) or not isinstance(cost, int) or cost < 0 or not logged.series:
                message = "was not written by `prober discover`; move this file away, or name another --output"
                raise ConfigurationError([Problem(str(self._path), number, "", message)])
            self.spent += cost
            self._learn(logged.prompt, logged.reply)
            if logged.reply.answered:
                self._known[logged.series, sample] = logged.reply


def output_of(reply: Reply) -> int | None:
    """Output tokens, hidden reasoning within; None where the provider did not say."""
    if reply.output_tokens is None:
        return None
    reasoning = reply.reasoning_tokens or 0
    # More reasoning than output: this provider counts the two apart.
    return reply.output_tokens + (reasoning if reasoning > reply.output_tokens else 0)


def tokens_of(reply: Reply) -> int | None:
    """Input and output tokens, hidden reasoning within; None where the provider did not say."""
    output = output_of(reply)
    return None if output is None or reply.input_tokens is None else reply.input_tokens + output


def _bytes(prompt: str | None) -> int:
    return len((prompt or "").encode(errors="replace"))


def _mend(path: Path) -> None:
    try:
        with path.open("r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
    except OSError as error:
        message = f"cannot be used ({error.strerror}); name another place with --output"
        raise ConfigurationError([Problem(str(path), 0, "", message)]) from error
