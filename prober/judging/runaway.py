r"""Does more get spent than planned? Three e-detectors of the rounds of one probe set on one endpoint.

The plan: as many rounds as the schedule and the rules of confirmation and reference make due, each of as many tokens as
the first `LEARNT_FROM` whole rounds took (their mean and two standard errors). What is tolerated is up to $T$ times
that; the null of each reading is that no more is expected, whatever came before. For each $\lambda$ of `BETS`:

- `rounds`: what a round took, $X$ planned rounds: $(1 + \lambda X / T)\,e^{-\lambda p}$, where $p$ rounds were planned
  since the one before. Holds for rounds at any times, such as a Poisson process with marks of any size;
- `tokens`: of each ask of a whole round, $x$ planned asks: $(1 + \lambda x / T) / (1 + \lambda)$;
- `reasoning`: the same of hidden reasoning tokens.

Asks of one round may be dear together by chance; where the first rounds vary so much that this alone would look like
more than planned, $T$ of `tokens` and `reasoning` is up to `MOST_ROOM` times as high (`_room`).

Rounds that no schedule made due are no part of this: `with_unplanned` counts them over an hour.

Each factor has an expectation of at most 1 under its null (for `tokens` by the inequality of the means, since probes
differ), so the sum over all possible beginnings is an e-detector (Shin, Ramdas & Rinaldo 2024): the mean of all of them
takes at least `c` rounds on average to reach `c` (bets on a mean: Waudby-Smith & Ramdas 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import exp, inf, log, log1p, sqrt
from statistics import fmean, stdev
from typing import Any, Final, Literal, NamedTuple, get_args

from prober.model.declaration import Priority

Reading = Literal["rounds", "tokens", "reasoning"]
READINGS: Final[tuple[Reading, ...]] = get_args(Reading)
BETS: Final = (1 / 3, 1.0, 3.0, 9.0, 27.0)
LEARNT_FROM: Final = 8
"""Whole rounds that say what one takes; nothing is judged before."""
YEARS: Final = 10.0
"""Mean years of scheduled rounds between two false alarms of an endpoint, all its sets together, at least."""
FEW: Final = 50.0
"""Reasoning tokens of an ask that are no explosion, however few were planned."""
CHANCE: Final = 5.0
"""Standard deviations of the logarithm of what a round takes that are chance; few rounds may understate them."""
AT_ONCE: Final = 5.0
"""How many times the plan a round of many asks takes that reaches the threshold by itself, about."""
MOST_ROOM: Final = 2.5
"""Times what is tolerated, however much rounds vary: what spends ten times its plan is found all the same."""
CALM: Final = 3
"""Rounds in a row within what is tolerated, after which spending is back in plan."""
MOST_AHEAD: Final = 50.0
"""Planned rounds that spending is ahead of the plan, at most: what is held back is held back no longer than that."""
BEGAN: Final = 300.0
"""Evidence of all readings together from which on what is spent is counted, for people."""
FEW_UNPLANNED: Final = 20
"""Rounds without a schedule in an hour that are no loop, however few are planned."""
LOOP: Final = 10.0
"""So many times the rounds that an hour usually has are a loop."""
MOST_UNPLANNED: Final = 1000
"""Of them, the newest are remembered; as many in an hour are a loop whatever is planned."""
_NONE: Final = (-inf,) * len(BETS)
_LARGEST: Final = 500.0
"""ln; more would not fit into a number."""


class Took(NamedTuple):
    """What one round took."""

    label: str
    planned: float
    """Rounds that were planned since the round before, this one included."""
    asks: int
    """Made."""
    of: int
    """Asks of a whole round."""
    tokens: Sequence[int] | None
    """Of each ask; None where the provider does not count all of them."""
    reasoning: Sequence[int] = ()
    """Of them, hidden; of each ask."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What is known of the spending of one probe set on one endpoint, after some rounds."""

    content: str = ""
    """Which probes: with others, the plan is another."""
    tokens: tuple[float, ...] = ()
    """Of each round that says what one takes."""
    reasoning: tuple[float, ...] = ()
    asks: int = 0
    """Of a whole round."""
    evidence: tuple[tuple[float, ...], ...] = (_NONE,) * len(READINGS)
    """ln of each reading's sums over beginnings, by bet."""
    onset: str = ""
    """Label of the first round that the evidence rests on."""
    planned_rounds: float = 0.0
    """Since then."""
    spent_rounds: float = 0.0
    """In planned rounds."""
    made: int = 0
    """Asks, since then."""
    took: int = 0
    """Tokens."""
    reasoned: int = 0
    ahead: float = 0.0
    """Planned rounds that were spent before their time, after the newest round."""
    calm: int = 0
    """Newest rounds in a row that are within what is tolerated."""
    is_open: bool = False
    """Whether an incident was opened for it."""
    at: str = ""
    """When the newest round was asked, ISO 8601; empty before the first."""
    every_s: float = 0.0
    """Seconds between planned rounds, on average."""
    priority: Priority = "normal"
    """Priority of the probe set."""
    unplanned: tuple[int, ...] = ()
    """When the rounds of the last hour were asked that no schedule made due, seconds since 1970."""
    usual_unplanned: int = 0
    """Of them, those in the hour before a person accepted a loop."""
    is_loop: bool = False
    """Whether they are too many. It ends where they are half as many, so that it does not come and go."""

    @property
    def is_learnt(self) -> bool:
        return len(self.tokens) >= LEARNT_FROM

    @property
    def round_tokens(self) -> float:
        """Planned, of one round."""
        return _most(self.tokens)

    @property
    def round_reasoning(self) -> float:
        """Planned, of one round."""
        return max(_most(self.reasoning), FEW * self.asks)

    @property
    def e_value(self) -> float:
        """Of all readings together: what the threshold is for."""
        return fmean(map(self._e_value, READINGS))

    @property
    def leading(self) -> Reading:
        return max(READINGS, key=self._e_value)

    def times(self, reading: Reading) -> float:
        """How many times the plan, since the onset."""
        if reading == "rounds":
            return self.spent_rounds / max(self.planned_rounds, 1.0)
        asked = max(self.made, 1) / max(self.asks, 1)
        planned, took = (self.round_tokens, self.took) if reading == "tokens" else (self.round_reasoning, self.reasoned)
        return took / (asked * planned)

    def _e_value(self, reading: Reading) -> float:
        logs = self.evidence[READINGS.index(reading)]
        return sum(map(exp, logs)) / len(logs)


def after(known: Spending, took: Took, tolerated: float) -> Spending:
    """With one more round. `tolerated`: up to how many times the plan may be spent, above 1."""
    is_whole = took.asks == took.of and took.tokens is not None
    if not known.is_learnt:
        if not is_whole or took.tokens is None:
            return known
        return replace(
            known,
            asks=took.of,
            tokens=(*known.tokens, float(sum(took.tokens))),
            reasoning=(*known.reasoning, float(sum(took.reasoning))),
        )
    spent = took.asks / took.of if took.tokens is None else sum(took.tokens) / known.round_tokens
    began = known if known.e_value >= BEGAN else replace(known, onset=took.label, **_NOTHING)
    factors = [[log1p(bet * spent / tolerated) - bet * took.planned for bet in BETS]]
    few = FEW * known.asks
    for each, planned, room in (
        (took.tokens, known.round_tokens, _room(known.tokens, 1.0, known.asks)),
        (took.reasoning, known.round_reasoning, _room(known.reasoning, few, known.asks)),
    ):
        factors.append(_asks(each if is_whole else (), tolerated * room * planned / known.asks))
    return replace(
        began,
        evidence=tuple(
            tuple(min(_LARGEST, _log_sum(held, 0.0) + factor) for held, factor in zip(logs, of, strict=True))
            for logs, of in zip(known.evidence, factors, strict=True)
        ),
        planned_rounds=began.planned_rounds + took.planned,
        spent_rounds=began.spent_rounds + spent,
        made=began.made + took.asks,
        took=began.took + sum(took.tokens or ()),
        reasoned=began.reasoned + sum(took.reasoning),
        ahead=min(MOST_AHEAD, max(0.0, known.ahead - took.planned) + spent),
        calm=known.calm + 1 if spent <= tolerated * min(1.0, took.planned) else 0,
    )


def with_unplanned(known: Spending, at_s: float, planned_an_hour: float, *, is_scheduled: bool) -> Spending:
    """With one more round, which a schedule made due or not: whether a person or a script asks in a loop.

    `planned_an_hour`: rounds of the schedule.
    """
    recent = [one for one in known.unplanned if at_s - 3600 < one <= at_s]
    recent = [*recent, *(() if is_scheduled else (round(at_s),))][-MOST_UNPLANNED:]
    most = min(max(FEW_UNPLANNED, LOOP * (planned_an_hour + known.usual_unplanned)), MOST_UNPLANNED - 1)
    return replace(known, unplanned=tuple(recent), is_loop=len(recent) > (most / 2 if known.is_loop else most))


def closed(known: Spending) -> Spending:
    """After a person closed the incident, or it is over: the plan stays, nothing else does."""
    ended = replace(known, onset="", ahead=0.0, calm=0, is_open=False, unplanned=(), is_loop=False, **_NOTHING)
    return replace(ended, evidence=Spending().evidence)


def threshold(rounds_per_year: float) -> float:
    """What `e_value` must reach. `rounds_per_year`: scheduled rounds of all sets of the endpoint."""
    return max(YEARS * rounds_per_year, 1.0)


def encode(known: Spending) -> dict[str, Any]:
    return asdict(known)


def decode(held: dict[str, Any]) -> Spending:
    """As `encode` gave it, also after it was JSON."""
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in held.items()}
    return Spending(**{**values, "evidence": tuple(map(tuple, held["evidence"]))})


_NOTHING: Final[dict[str, Any]] = {"planned_rounds": 0.0, "spent_rounds": 0.0, "made": 0, "took": 0, "reasoned": 0}


def _asks(took: Sequence[int] | None, most: float) -> list[float]:
    """ln of the factor of each bet; `most`: what an ask may take on average."""
    return [sum(log1p(bet * one / most) for one in took or ()) - len(took or ()) * log1p(bet) for bet in BETS]


def _most(rounds: Sequence[float]) -> float:
    """Their mean and two standard errors: what is planned is learnt from a few rounds only."""
    return max(1.0, fmean(rounds) + 2 * stdev(rounds) / sqrt(len(rounds)))


def _room(rounds: Sequence[float], least: float, asks: int) -> float:
    """How many times more is tolerated of the asks of one round where rounds vary by chance, for then all its asks are
    dear together: what `CHANCE` deviations make of a round, beyond `AT_ONCE`. They are those beyond what independent
    asks give that vary as much as their mean. `least`: of a round, at least."""
    alone = 1 / max(asks, 1)
    spread = sqrt(max(0.0, stdev(log(max(one, least)) for one in rounds) ** 2 - alone))
    return min(MOST_ROOM, max(1.0, exp(CHANCE * min(spread, 10.0)) / AT_ONCE))


def _log_sum(a: float, b: float) -> float:
    """ln(e^a + e^b)."""
    most, least = max(a, b), min(a, b)
    return most if least == -inf else most + log1p(exp(least - most))
