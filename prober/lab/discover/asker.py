"""Asking within a budget, so that a stop costs nothing: every reply is on disk before the next is asked for.

Progress is an ordinary reply log. What stands in it is not asked again, and what it cost counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from prober.asking import Provider
from prober.asking.asker import Asker
from prober.asking.gates import Booking, BudgetGate, Entry, Gate, Refused, says_unreached
from prober.asking.interface import Answer, Ask
from prober.asking.limits import LONGEST_WAIT_S
from prober.loading import reply_log
from prober.loading.reply_log import LoggedReply
from prober.model.budget import Spent
from prober.model.declaration import Endpoint, Probe, series_key
from prober.model.errors import ConfigurationError, Problem
from prober.model.reply import Reply
from prober.tokens import TokenEstimate

PATIENCE: Final = 5
"""Asks in a row without an answer until it is given up."""
LONGEST_PAUSE_S: Final = 60.0
LONGEST_TEXT: Final = 2_000
"""Characters of a reply that are kept."""

_Key: TypeAlias = tuple[str, int]
"""Series and sample."""


class GivenUp(Exception):
    """The endpoint does not answer. Never leaves this package."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.error)


def ask_of(endpoint: Endpoint, probe: Probe, sample: int) -> Ask:
    """One ask, to be made once."""
    return Ask(endpoint, probe, sample, series_key(endpoint, probe))


class PatientAsker:
    """Puts asks to a provider within a budget of tokens. Use as a context manager; from one thread."""

    def __init__(
        self,
        provider: Provider,
        budget_tokens: int,
        reply_limit: int | None,
        progress: Path,
        clock: Callable[[], datetime],
        pause: Callable[[float], object],
        report: Callable[[int], object] = lambda spent: None,
        gates: Sequence[Gate] = (),
    ) -> None:
        """`reply_limit`: the most output tokens of one reply, None where the endpoint declares no limit.

        `progress`: the reply log to go on with, or to begin. `pause` waits so many seconds; `report` is called with
        the tokens spent. Raises LogError where the log cannot be read.
        """
        self.budget_tokens = budget_tokens
        self.walked = 0
        """Tokens of the replies handed out by this run, whenever they were asked: what shares of the budget go by."""
        self.exhausted = False
        """Whether an ask was left out because the budget might not have held."""
        self.declared_budget = ""
        """What the declared budget said that refused an ask; empty where none did."""
        self._provider, self._clock, self._pause = provider, clock, pause
        self._handed: set[_Key] = set()
        estimate = TokenEstimate(reply_limit)
        self._progress = _Progress(progress, budget_tokens, estimate, report)
        self._patience = _Patience()
        self._gates: tuple[Gate, ...] = (self._patience, BudgetGate(self._progress, estimate), *gates)

    def __enter__(self) -> Self:
        self._progress.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.close()

    @property
    def spent(self) -> int:
        """Tokens, those of earlier runs and of failed asks among them."""
        return self._progress.spent

    @property
    def asked(self) -> int:
        """Asks made by this run."""
        return self._progress.asked

    @property
    def known(self) -> int:
        """Replies at hand."""
        return len(self._progress.known)

    def ask(self, asks: Sequence[Ask]) -> list[Reply | None]:
        """The reply to each ask, asked now or known already; None where it failed or the budget does not hold it.

        Rate limits are waited for, as long as the provider says. Raises GivenUp.
        """
        known = self._progress.known
        todo = list({_key(ask): ask for ask in asks if _key(ask) not in known}.values())
        while todo:
            limited = [answer for answer in self._ask_new(todo) if answer.reply.error == "rate_limited"]
            todo = [ask for ask, _ in limited]
            if todo:
                wish = max(reply.retry_after_s or 1.0 for _, reply in limited)
                self._pause(min(wish, LONGEST_PAUSE_S))
        replies = {_key(ask): known.get(_key(ask)) for ask in asks}
        self.walked += sum(reply.tokens or 0 for key, reply in replies.items() if reply and key not in self._handed)
        self._handed.update(replies)
        return list(replies.values())

    def _ask_new(self, asks: Sequence[Ask]) -> list[Answer]:
        concurrency = asks[0].endpoint.concurrency
        asker = Asker(self._provider, self._clock, concurrency, self._gates, self._pause, LONGEST_WAIT_S)
        answers = [answer for arrived in asker.ask(asks) for answer in arrived]
        is_unreached = asker.refused is not None and says_unreached(asker.refused.reason)
        if self._patience.failed is not None and (self._patience.is_lost or is_unreached):
            raise GivenUp(self._patience.failed)
        self.exhausted = self.exhausted or asker.refused is not None
        if asker.refused is not None and ":" in asker.refused.reason:
            self.declared_budget = asker.refused.reason
        return answers


class _Patience:
    """A gate that closes after `PATIENCE` asks in a row without an answer."""

    is_ahead = True

    def __init__(self) -> None:
        self._unanswered = 0
        self.failed: Reply | None = None
        """The newest reply that is no answer."""

    @property
    def is_lost(self) -> bool:
        return self._unanswered >= PATIENCE

    def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
        return (0, Refused("it does not answer")) if self.is_lost else (len(asks), None)

    def settle(self, answers: Sequence[Answer]) -> None:
        for _, reply in answers:
            self._unanswered = 0 if reply.answered and not self.is_lost else self._unanswered + 1
            self.failed = self.failed if reply.answered else reply

    def release(self, asks: Sequence[Ask]) -> None:
        """Nothing was set aside."""


class _Progress:
    """A reply log as a ledger: what was asked, and what it cost."""

    def __init__(
        self, path: Path, budget_tokens: int, estimate: TokenEstimate, report: Callable[[int], object]
    ) -> None:
        """Earlier replies are read. A last line that a kill cut short is taken off: its ask is made again."""
        self.known: dict[_Key, Reply] = {}
        self.spent = self.asked = 0
        self._path, self._report = path, report
        self._most = budget_tokens
        if not path.exists():
            return
        _repair(path)
        for number, logged in enumerate(reply_log.read(path), start=1):
            sample, cost = logged.extra.get("sample"), logged.extra.get("tokens")
            if not isinstance(sample, int) or not isinstance(cost, int) or cost < 0 or not logged.series:
                message = "was not written by `prober discover`; move this file away, or name another --output"
                raise ConfigurationError([Problem(str(path), number, "", message)])
            self.spent += cost
            estimate.learn(Probe.model_construct(id=logged.probe, prompt=logged.prompt), logged.reply)
            if logged.reply.answered:
                self.known[logged.series, sample] = logged.reply

    def open(self) -> None:
        try:
            self._file = self._path.open("a", encoding="ascii")
        except OSError as error:
            message = f"cannot be written ({error.strerror}); name another place with --output"
            raise ConfigurationError([Problem(str(self._path), 0, "", message)]) from error

    def close(self) -> None:
        self._file.close()

    def book(self, costs: Sequence[Spent]) -> Booking:
        count = 0
        for cost in costs:
            if self.spent + cost.tokens > self._most:
                break
            self.spent, count = self.spent + cost.tokens, count + 1
        return Booking(count, "budget_exhausted", "")

    def settle(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            ask, reply = entry.answer
            self.asked += 1
            self.spent += entry.cost.tokens - entry.booked.tokens
            if reply.answered:
                reply = self.known[_key(ask)] = _kept(reply, entry.cost.tokens)
            logged = LoggedReply(
                f"{ask.sample:06d}", ask.endpoint.name, ask.probe.id, reply,
                prompt=ask.probe.prompt, series=ask.series, extra={"sample": ask.sample, "tokens": entry.cost.tokens},
            )  # fmt: skip
            self._file.write(reply_log.line_of(logged) + "\n")
        self._file.flush()
        self._report(self.spent)

    def cancel(self, page: str, cost: Spent) -> None:
        self.spent -= cost.tokens


def _key(ask: Ask) -> _Key:
    return ask.series, ask.sample


def _kept(reply: Reply, cost: int) -> Reply:
    kept = replace(reply, text=(reply.text or "")[:LONGEST_TEXT])
    # Where the provider does not say what it cost, as much as was set aside.
    return kept if kept.tokens is not None else replace(kept, input_tokens=cost - 1, output_tokens=1)


def _repair(path: Path) -> None:
    try:
        with path.open("r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
    except OSError as error:
        message = f"cannot be used ({error.strerror}); name another place with --output"
        raise ConfigurationError([Problem(str(path), 0, "", message)]) from error
