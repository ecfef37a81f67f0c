"""What stored replies say about a plan: tokens and dollars of an ask, and progress of the reference."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Final

from prober.cli.options import settings_of
from prober.cli.output import Json
from prober.judging.memory import Memory, decode
from prober.model.budget import A_PERIOD, SPANS, whose
from prober.model.declaration import Endpoint
from prober.model.errors import NotMadeYet
from prober.model.evidence import Observation, Round
from prober.prices import Tariff, Unpriced, dollars
from prober.store import Store, judge_state, replies
from prober.store.pages import overview
from prober.store.views import RoundView
from prober.text import count

DAYS_PER_MONTH: Final = 365.25 / 12
RECENT: Final = 64
"""Rounds whose replies say what an ask takes, at most."""
_ALL: Final = 1_000_000_000
_PERIODS: Final = {**A_PERIOD, "month": f"in {SPANS['month'].days} days"}
"""As written behind a limit. A limit of a month is one of 30 days, and costs are shown by calendar months."""


@dataclass(frozen=True, slots=True)
class Used:
    """Mean tokens of one ask, as the provider counted them; None if it never did."""

    input_tokens: float | None
    output_tokens: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What an endpoint costs under this plan."""

    dollars_per_day: float | None
    """None if it is not known."""
    is_bound: bool
    """Whether this is an upper bound, not a measured cost."""
    why: str
    """Where the price is from; or why the cost is not known, and what to do."""

    @property
    def words(self) -> str:
        if self.dollars_per_day is None:
            return f"unknown: {self.why}"
        most = "at most " if self.is_bound else "about "
        month = self.dollars_per_day * DAYS_PER_MONTH
        return f"{most}{dollars(self.dollars_per_day)} a day, {dollars(month)} a month ({self.why})"

    @property
    def json(self) -> Json:
        known = self.dollars_per_day is not None
        return {
            "dollars_per_day": self.dollars_per_day,
            "dollars_per_month": self.dollars_per_day * DAYS_PER_MONTH if self.dollars_per_day is not None else None,
            "is_bound": self.is_bound if known else None,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class PlannedLimit:
    """One limit of a budget, and what the plan takes of it."""

    scope: str
    """The name of an endpoint, `set:NAME`, `owner:NAME`, or `all:`."""
    limit: str
    """As it is declared, such as `tokens_per_day`."""
    most: float
    planned: float | None
    """In the period, of scheduled rounds, or of one round of each set where that is more; None if it is not known."""
    is_bound: bool
    """Whether `planned` is an upper bound, as no reply says how long answers are."""

    @property
    def fits(self) -> bool | None:
        """None if it is not known."""
        return None if self.planned is None else self.planned <= self.most

    @property
    def json(self) -> Json:
        return {**asdict(self), "fits": self.fits}

    @property
    def words(self) -> str:
        unit, _, period = self.limit.partition("_per_")
        amounts = [
            "" if one is None else dollars(one) if unit == "dollars" else count(round(one), unit.removesuffix("s"))
            for one in (self.most, self.planned)
        ]
        about = f"{whose(self.scope)}: {amounts[0]} {_PERIODS[period]}"
        if self.planned is None:
            missing = "the length of answers" if unit == "tokens" else "a price, or the length of answers,"
            return f"{about}; what the plan takes is not known: {missing} is missing."
        planned = f"{'at most ' if self.is_bound else 'about '}{amounts[1]}"
        if self.fits:
            return f"{about}; the plan takes {planned}."
        takes, missed = ("may take", "may") if self.is_bound else ("takes", "will")
        return f"{about}; the plan {takes} more, {planned}; rounds {missed} be missed."


def cost(tariff: Tariff | Unpriced, asks: float, input_tokens: float, output_tokens: float | None,
         is_bound: bool) -> Cost:  # fmt: skip
    """Cost of a day with this many asks and tokens."""
    if isinstance(tariff, Unpriced):
        return Cost(None, False, tariff.reason)
    if output_tokens is not None:
        return Cost(tariff.dollars(asks, input_tokens, output_tokens), is_bound, tariff.source)
    if tariff.output_per_million == 0:
        return Cost(tariff.dollars(asks, input_tokens, 0.0), False, tariff.source)
    return Cost(
        None,
        False,
        "nothing says how long answers are; declare max_tokens, or ask a round first",
    )


@contextmanager
def stored(database: str | None) -> Iterator[Store | None]:
    """The store, read-only; None if it is not made yet. Raises StoreError, ConfigurationError."""
    try:
        store = Store.open(settings_of(database).database_url, read_only=True)
    except NotMadeYet:
        yield None
        return
    with store:
        yield store


def used(store: Store, endpoint: Endpoint, series: Collection[str], rounds: int = RECENT) -> dict[str, Used]:
    """Series → tokens of its replies in so many newest rounds; series without replies are left out."""
    found: dict[str, list[Observation]] = {}
    for view in _completed(store, endpoint, rounds):
        for one in store.query(replies.recorded, view.id):
            if one.series in series and one.reply.answered:
                found.setdefault(one.series, []).append(one)
    return {
        name: Used(
            input_tokens=_mean([one.reply.input_tokens for one in seen]),
            output_tokens=_mean([one.reply.output_tokens for one in seen]),
        )
        for name, seen in found.items()
    }


def memory_of(store: Store, endpoint: Endpoint) -> Memory:
    """What the judge remembers of a declared endpoint; an empty memory before its first round."""
    held = store.query(judge_state.memory, endpoint.content_hash)
    return Memory() if held is None else decode(held)


def reference_of(store: Store, endpoint: Endpoint, memory: Memory) -> list[Round]:
    """The rounds of its reference, in order."""
    labels = set(memory.reference_rounds)
    views = [view for view in _completed(store, endpoint, _ALL) if view.label in labels]
    views.sort(key=lambda view: view.label)
    return [Round(view.label, view.endpoint, None, store.query(replies.recorded, view.id)) for view in views]


def missing_of_each(store: Store) -> dict[str, str]:
    """Endpoint's hash → what its reference still needs, as text."""
    return {view.endpoint_hash: view.missing for view in store.query(overview.endpoints)}


def progress(
    store: Store, endpoint: Endpoint, series: Collection[str], missing: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """How many of these series have a complete reference, and what the others still need, as text. `missing`: as
    `missing_of_each` gives it, where many are asked for; None reads it."""
    complete = len(set(memory_of(store, endpoint).series) & set(series))
    if complete == len(series):
        return complete, ""
    known = missing_of_each(store) if missing is None else missing
    return complete, known.get(endpoint.content_hash, "") or "the first round"


def _completed(store: Store, endpoint: Endpoint, limit: int) -> Sequence[RoundView]:
    """Newest first."""
    views = store.query(overview.recent_rounds, endpoint.name, limit)
    return [one for one in views if one.state == "completed" and one.endpoint_hash == endpoint.content_hash]


def _mean(numbers: Sequence[int | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return fmean(known) if known else None


NOTHING_USED: Final[Mapping[str, Used]] = {}
