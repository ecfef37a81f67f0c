"""How an endpoint is watched: how its rounds went, whether it is suspected, and the daemons that watch it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Health:
    """How the asks of one round went."""

    label: str
    """The round's; a time."""
    asked: int
    failed: int
    failure: str = ""
    """The named failure the last of its failed asks ended with, or why the round was not asked at all."""
    detail: str = ""
    """The provider's own words about that ask."""

    @property
    def answered(self) -> float:
        """Share of the asks that were answered; 0 where nothing was asked."""
        return (self.asked - self.failed) / self.asked if self.asked else 0.0

    @property
    def is_failed(self) -> bool:
        """Whether fewer than half of its asks were answered."""
        return self.answered < 0.5


ConfirmReason = Literal[
    "confirm",  # ask again, after the pause
    "for_reference",  # ask again, to learn from it while the reference is gathered
    "repeats",  # before the next scheduled round, another would say nothing new
    "switched_off",  # by the declaration, or because nobody is there to ask again
    "insufficient_evidence",  # the reference is still growing
    "incident_open",  # it is confirmed, and people know
    "too_little_evidence",  # not begun, or fallen back
    "already_due",  # one waits to be asked
    "rounds_used",  # this suspicion has had its rounds
    "day_used",  # the probe set has had its rounds of the day
    "budget_used",  # a budget does not pay for another round
]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the store remembers of one endpoint, and of one probe set put to it."""

    since: str = ""
    """Label of the round that began it; empty while there is none."""
    rounds: int = 0
    """Confirmation rounds asked in it, of all probe sets."""
    rounds_today: int = 0
    """Confirmation rounds of this probe set asked since midnight, UTC."""
    due_at: datetime | None = None
    """When the confirmation round that waits to be asked is due; None where none waits."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was asked of one probe set for the reference of an endpoint so far, this round included."""

    rounds: int
    scheduled: int
    """How many of them the schedule made due."""
    since_scheduled: int
    """How many of them came after the newest scheduled one."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What to do about one judged round. The store carries it out when it settles the round."""

    reason: ConfirmReason
    since: str = ""
    """Label of the round that began the suspicion; empty where there is none from now on."""
    due_at: datetime | None = None
    """When the confirmation round is due, UTC; None where none is added."""


CLOCK_SLACK: Final = timedelta(minutes=1)
"""By how much the clocks of several machines may differ. What is further ahead was written by a clock that was once
ahead; a clock that is set back by more is noticed."""
SILENT_AFTER: Final = timedelta(minutes=5)
"""Without a heartbeat, after which a daemon counts as lost. It sends one a minute."""
NEWS_AFTER: Final = SILENT_AFTER + timedelta(minutes=2)
"""Between two heartbeats, after which it is news that a daemon is back, where nobody was notified that it was silent.
Longer than `SILENT_AFTER`: a daemon may be lost a minute after its last heartbeat, and takes a while to start."""


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The last heartbeat of one daemon."""

    worker: str
    """Its name in the store."""
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    """When it ended in order; None while it runs, or where it was lost."""
    endpoints: tuple[str, ...]
    """Names of those it watches."""
    notified_at: datetime | None = None
    """When people were notified that it is silent."""
    file_problems: tuple[str, ...] = ()
    """What is wrong with its files, `path:line: …`; it goes on with what was declared before. Empty while all is well.
    """

    def alive(self, now: datetime) -> bool:
        """Whether it was seen lately, and did not end. A heartbeat in the future says that a clock was ahead."""
        return self.stopped_at is None and abs(now - self.seen_at) <= SILENT_AFTER


NOT_ASKED: Final = ("budget_exhausted", "missing_key", "missing_library")
"""Causes for which no ask reaches the endpoint, so that it is not to blame."""
OUR_DOING: Final = (*NOT_ASKED, "cached", "configuration", "crashed")
"""Causes for which the model is not asked, though callers may reach it. A cache answers in place of the model."""
CACHE_OFF: Final = "switch the cache of the gateway off for the prober (docs/operating/caches.md says how)"
"""What to do where a cache answers."""


def trouble_headline(cause: str, failed_share: float | None = None) -> str:
    """In half a line: `does not answer: out of credit`, `is not asked: budget exhausted`, `fails 42 % of its asks: rate
    limited`, or `every reply comes from a cache`."""
    if cause == "cached":
        many = "every reply comes" if failed_share is None else f"{100 * failed_share:.0f} % of its replies come"
        return f"{many} from a cache"
    how = "is not asked" if cause.partition(":")[0] in NOT_ASKED else "does not answer"
    how = how if failed_share is None else f"fails {100 * failed_share:.0f} % of its asks"
    return f"{how}: {cause_in_words(cause)}"


def cause_in_words(cause: str, detail: str = "", failed_share: float | None = None) -> str:
    """Why an endpoint cannot be asked, in words: `out of credit: HTTP 429: You exceeded your current quota`. Of an open
    breaker it is what opened it."""
    if cause == "cached":
        many = "every reply" if failed_share is None else f"{100 * failed_share:.0f} % of the newest replies"
        return f"a cache answered {many} in place of the model; such a reply is not judged"
    name, colon, rest = (cause or "no reply").partition(":")
    said = rest.strip() if name == "breaker_open" else f"{name.replace('_', ' ')}{colon}{rest}"
    said += f": {detail}" if detail else ""
    if failed_share is None:
        return said
    return f"{100 * failed_share:.0f} % of the newest asks failed, the last one: {said}"
