"""What pages show over time: a round in a line, days added up, probes then and now, the promise against what happened.

Shares are 0 to 1 and None where nothing was counted; days are UTC. Names, texts and reasons may be hostile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from prober.judging.explain.probe import Distribution, Dot, ProbeInformation
from prober.model.declaration import Check

By = Literal["endpoint", "probe_set", "owner", "tag", "all"]
"""What days are added up by. A set with two tags counts in both; one without an owner or a tag under the empty name."""


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A completed round in a line."""

    round: str
    """Its label."""
    at: datetime
    """When it completed."""
    asked: int
    failed: int
    identities: Mapping[str, int]
    """Who the provider says answered → how many of the replies; the ribbon of mixture weights."""
    latency_half_s: float | None
    """Within which half of the answers came; None where no reply says."""
    latency_most_s: float | None
    """Within which nine of ten came."""


@dataclass(frozen=True, slots=True)
class EditView:
    """Where an endpoint began to mean something else: our own edit."""

    round: str
    """Label of the first completed round asked so."""
    endpoint_hash: str
    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class TallyView:
    """What was asked and came back, added up over a day or a stretch of days."""

    key: str
    """Name of the endpoint, set, owner or tag; empty for all together, or where there is none."""
    day: date | None
    """None where the whole stretch is one sum."""
    rounds: int = 0
    """Completed."""
    missed: int = 0
    asks: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    """Reasoning among them."""
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    """Of the input tokens."""
    uncounted: int = 0
    """Answers whose provider did not say what they took: tokens and dollars are at least what stands here."""
    timed: int = 0
    """Answers whose time is known."""
    latency_s: float = 0.0
    """Of these, together."""
    checked: int = 0
    """Answers that were held against the expectations of their probe."""
    passed: int = 0
    """Of these, that met every one."""
    keyed: int = 0
    """Single checks that know the right answer: equals, contains, icontains, contains-any, starts-with, regex."""
    right: int = 0
    """Of these, that held."""
    refused: int = 0
    characters: int = 0
    dollars: float | None = 0.0
    """What is known of it, at the prices known now; None where no price is."""
    unpriced: tuple[str, ...] = ()
    """Endpoints whose price is not known, and which are not in `dollars`."""

    @property
    def answered(self) -> int:
        return self.asks - self.failed

    @property
    def pass_rate(self) -> float | None:
        """Share of the checked answers that meet all expectations."""
        return _share(self.passed, self.checked)

    @property
    def accuracy(self) -> float | None:
        """Share of the checks that know the right answer, and hold."""
        return _share(self.right, self.keyed)

    @property
    def refusal_rate(self) -> float | None:
        return _share(self.refused, self.answered)

    @property
    def failure_rate(self) -> float | None:
        return _share(self.failed, self.asks)

    @property
    def mean_characters(self) -> float | None:
        return _share(self.characters, self.answered)

    @property
    def mean_latency_s(self) -> float | None:
        return _share(self.latency_s, self.timed)


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class MonthView:
    """What a month comes to."""

    key: str
    so_far: float | None
    """Dollars since the first of the month, UTC; None where no price is known."""
    per_day: float | None
    """The rate: mean of the last seven whole days, or of as many as there are."""
    forecast: float | None
    """So far, and the rate for what is left of the month."""
    days: int
    """Whole days that the rate is the mean of; 0 where today is the first: then today's is taken."""
    uncounted: int
    """Answers of the month whose tokens nobody said."""
    unpriced: Mapping[str, str]
    """Endpoint → why its price is not known."""


@dataclass(frozen=True, slots=True)
class ProbeView:
    """A probe as its endpoint is asked it now."""

    probe: str
    """`set/probe id`."""
    series: str
    prompt: str
    system: str | None
    expect: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One text that a probe is answered with."""

    text: str
    """Hostile."""
    then: int
    """Of the replies of the reference looked at, how many say this."""
    now: int


@dataclass(frozen=True, slots=True)
class CheckView:
    """One expectation of a probe."""

    label: str
    then: float | None
    """Share of the replies of the reference that met it."""
    now: float | None


@dataclass(frozen=True, slots=True)
class ProbePage:
    """A probe then, in its reference, and now, in the newest rounds."""

    probe: ProbeView
    then: int
    """Answers of the reference that were looked at; 0 while it grows."""
    now: int
    """Answers of the newest rounds that were looked at."""
    since: str
    """Label of the first of these rounds; empty where there is none."""
    rounds: int
    """How many they are."""
    distributions: tuple[Distribution, ...]
    """One a channel that reads this probe, those that moved most first; none while the reference grows."""
    answers: tuple[AnswerView, ...]
    """The commonest answers, then and now together, at most twelve."""
    checks: tuple[CheckView, ...]
    information: ProbeInformation | None = None
    """What its replies can tell at all; None while the reference grows."""


@dataclass(frozen=True, slots=True)
class MapDot:
    """One reply on the map."""

    dot: Dot
    round: str
    epoch: str
    """Label with which its epoch starts; empty for the first."""
    probe: str
    sample: int
    text: str
    """The beginning of the reply. Hostile."""


@dataclass(frozen=True, slots=True)
class EmbeddingMap:
    """Replies in the plane in which they differ most; near means alike."""

    dots: tuple[MapDot, ...]
    """A bounded sample: of each of the newest epochs the first and the newest rounds."""
    shown: float
    """Share of all their differences that the plane shows."""


@dataclass(frozen=True, slots=True)
class PromiseView:
    """What was promised of an endpoint, and what happened."""

    endpoint: str
    false_alarms_per_year: float
    """As declared."""
    judged: int
    """Rounds judged against a complete reference, ever."""
    promised: float
    """False alarms that these rounds may raise at most, on average: the sum over rounds of 1 / threshold."""
    alarms: int
    """Changes that people were notified of."""
    stayed: int
    """Of these, what a person accepted as a new behaviour, or what later changed again: certainly no false alarm."""
    unclear: int
    """Of these, open still, or ended by a new reference."""
    gone: int
    """Of these, gone by themselves: a change that passed, or a false alarm. Nobody can tell."""
    chance: float
    """P(at least so many of `gone` | false alarms come at the promised rate): small where the promise is in doubt."""

    @property
    def kept(self) -> bool:
        """Whether even if all that went away by themselves were false, the promise is not in doubt (at 1 %)."""
        return self.gone <= self.promised or self.chance >= 0.01
