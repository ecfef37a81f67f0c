"""What an incident is: its kinds, its states, and what each kind knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Final, Literal, TypeAlias, get_args

from prober.model.declaration import Severity
from prober.model.evidence import Between, Fact, Findings, Kind, Shift, Verdict, facts_headline, headline, moved
from prober.model.watch import trouble_headline

IncidentState = Literal["suspected", "open", "acknowledged", "muted", "closed"]
CloseReason = Literal[
    "",  # it is not closed
    "recovered",  # the old behaviour is back
    "accepted",  # the new behaviour is the reference
    "dismissed",  # a person says that it was a false alarm
    "superseded",  # it changed again, or became another endpoint: a later incident or reference takes its place
    "reset",  # a person began a new reference
    "faded",  # it was only suspected, and the evidence went away; nobody was notified
]
TroubleKind = Literal[
    "unauthorized",  # the key is wrong or missing, or may not do this
    "out_of_credit",  # somebody has to pay
    "model_not_found",
    "model_retired",
    "rate_limited",
    "budget_exhausted",  # a budget of our own
    "provider_error",  # any other reason
]
"""Why an endpoint cannot be asked. Never a change."""
MeasuredKind = Literal[
    "runaway",  # a probe set spends more on an endpoint than planned
    "objective_missed",  # the error budget of a declared objective is spent too fast
    "input_shift",  # users ask something else than before
    "output_shift",  # they are answered otherwise than before
    "bill",  # the team's own traffic costs more than planned, or runs in a loop
]
"""What is measured beside the answers to probes: spending, an objective, or samples of the team's own traffic. It needs
no probe to have moved."""
IncidentKind = Literal[Kind, TroubleKind, MeasuredKind]
Event: TypeAlias = str
"""What people are notified of: the name of a row of `prober.incidents.events.EVENTS`."""
Course = Literal["unknown", "persistent", "transient"]
"""Whether a change stays: known a few rounds after the alarm. `transient`: the endpoint is back at its reference."""
SERIOUS: Final[tuple[Kind, ...]] = get_args(Kind)
"""From the least serious to the most."""
TROUBLES: Final[frozenset[str]] = frozenset(get_args(TroubleKind))
MEASURED: Final[tuple[MeasuredKind, ...]] = get_args(MeasuredKind)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
PROVISIONAL: Final = (
    "provisional: there was no reference yet, so the newest rounds were compared with those before them; the rounds "
    "since the change become the reference"
)
"""What a change that was found while a reference was gathered is, for people."""
LIVE: Final[tuple[IncidentState, ...]] = ("open", "acknowledged", "muted")
"""States of an incident that people know of, and that is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What every incident is: an endpoint changed (`Change`), says something else of itself (`Facts`), cannot be asked
    (`Trouble`), or is not as the plan, the team's own objectives or live samples had it (`Measured`)."""

    id: int
    """0 before the store gives it one."""
    endpoint: str
    """The endpoint's name."""
    endpoint_hash: str
    state: IncidentState
    kind: IncidentKind
    onset: str
    """Label of the first changed, or failed, round."""
    detected_round: str
    """Label of the round that opened it; while it is suspected, of the newest."""
    opened_at: datetime
    """When it was confirmed; while it is suspected, when that began."""
    severity: Severity = "warning"
    """By what moved, or failed, and by the rules in force then. Never falls."""
    cause: str = ""
    """Of trouble: the named failure asks ended with, such as `unauthorized`. Of what was measured: it, in half a line.
    Of a superseded one: what took its place."""
    part_of: int | None = None
    """The first incident of its provider that began at the same time, if there was one: people are notified of that
    one."""
    closed_at: datetime | None = None
    close_reason: CloseReason = ""
    actor: str = ""
    """Who acted on it last; empty where nobody did, or where it closed by itself."""
    note: str = ""
    """The reason that person gave."""
    acknowledged_at: datetime | None = None
    muted_until: datetime | None = None
    """Only while muted."""
    notified_at: datetime | None = None
    """When people were last notified that it is open and not acknowledged: opened, escalated, unmuted or reminded."""

    @property
    def is_live(self) -> bool:
        """Whether people know of it, and it is not over."""
        return self.state in LIVE

    @property
    def closed_as(self) -> str:
        """Why it closed, for people; `closed by hand` where a person closed it, which measures nothing. Empty while it
        is not closed."""
        by_hand = self.close_reason == "recovered" and self.actor
        return "" if self.state != "closed" else "closed by hand" if by_hand else self.close_reason or "over"

    @property
    def headline(self) -> str:
        """What happened, in half a line: the same in messages, in `prober status` and on the dashboard."""
        return self.kind.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Incident):
    """A durable change of what an endpoint answers."""

    kind: Kind
    e_value: float
    threshold: float
    verdicts: tuple[Verdict, ...]
    """Of the channels, strongest first, frozen until `course` is known; then as strong as they ever were."""
    onset_between: Between | None = None
    """Labels of the first and last round the onset may be, with 90 % probability."""
    course: Course = "unknown"
    rounds_after: int = 0
    """Rounds judged since detection, until `course` is known."""
    peak_log_e: float = -inf
    """The most evidence the first channel ever had, ln."""
    passed: str | None = None
    """Label of the first round after that peak; None while the newest is the peak."""
    settled_round: str | None = None
    """Label of the round by which the course was known."""
    calm_rounds: int = 0
    """Rounds in a row like the reference since a change passed."""
    findings: Findings = field(default_factory=Findings)
    """What the replies show as of the newest round: everything that moved, the gravest first."""
    together: tuple[str, ...] = ()
    """Endpoints whose evidence was pooled with its own, where its own would not have been enough."""
    facts: tuple[Fact, ...] = ()
    """The new facts with which it began."""

    @property
    def is_provisional(self) -> bool:
        """Whether it was found while a reference was gathered: the rounds since then become the reference."""
        return self.course == "persistent" and not self.rounds_after

    @property
    def back_since(self) -> str | None:
        """Label of the first round that is like the reference again, where the change has passed."""
        return self.passed if self.course == "transient" else None

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """Everything that moved, the gravest first, as counted in the replies; what was not counted as judged."""
        counted = {shift.channel for shift in self.findings.shifts}
        rest = (Shift(one.channel, one.words, 0, 0) for one in self.moved if one.channel not in counted)
        return (*self.findings.shifts, *rest)

    @property
    def headline(self) -> str:
        moved = [(shift.channel, shift.words, shift.direction) for shift in self.shifts]
        return headline(moved, self.facts) or self.kind.replace("_", " ")

    @property
    def for_better_or_worse(self) -> str:
        """Which of it is worse and which is better, such as `worse: refuses 11 % (was 2 %)`, as far as checks,
        refusals and empty replies know it; empty where they did not move."""
        sides = {
            side: ", ".join(one.words for one in self.shifts if one.direction == side) for side in ("worse", "better")
        }
        return "; ".join(f"{side}: {words}" for side, words in sides.items() if words)

    @property
    def moved(self) -> tuple[Verdict, ...]:
        """The channels whose own evidence passed a tenth of the threshold; else the strongest, if there is any."""
        return moved(self.verdicts, self.threshold) or self.verdicts[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Incident):
    """New facts of one round: the provider reports another value of itself, or a deterministic value changed. No
    evidence is needed. An endpoint may have several open ones. With evidence of the same onset it becomes a
    `Change`."""

    kind: Kind
    facts: tuple[Fact, ...]
    """The gravest first."""

    @property
    def headline(self) -> str:
        return facts_headline(self.facts)

    @property
    def words(self) -> str:
        """Such as `served model: gpt-x-0613 → gpt-x-1106, seen in 18 of 18 replies; and 2 more`."""
        more = len(self.facts) - 1
        return f"{self.facts[0].words}; and {more} more" if more else self.facts[0].words


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble(Incident):
    """An endpoint that cannot be asked, or only sometimes. It shows no behaviour, so it is never a change."""

    kind: TroubleKind
    detail: str = ""
    """The provider's own words about the newest failed ask, short and without secrets. Hostile."""
    cause_before: str = ""
    """What `cause` was before it became another kind; empty where it never did."""
    failed_share: float | None = None
    """Share of the asks that failed lately, where some rounds go well; None where rounds fail as a whole."""

    @property
    def headline(self) -> str:
        return trouble_headline(self.cause or self.kind, self.failed_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Incident):
    """A probe set that spends more than planned, an objective whose error budget is spent too fast, or a shift of live
    samples. An endpoint may have several. How each kind opens and ends: `prober.incidents.measured`."""

    kind: MeasuredKind
    about: str
    """The probe set that spends; the objective, as `set/name`; the feature of the live samples; or the account at a
    provider. At most one of a kind is open about it."""
    detail: str
    """What was measured, with its interval; who spends, what, and what was planned. `cause` has it in half a line."""
    e_value: float = 0.0
    """The most evidence there ever was; 0 where the numbers are in `detail` alone."""
    threshold: float = 0.0

    @property
    def headline(self) -> str:
        return self.cause

    @property
    def probe_set(self) -> str:
        """Name of the set it is about; empty of live samples."""
        return self.about.partition("/")[0] if self.kind in ("runaway", "objective_missed") else ""

    @property
    def is_of_content(self) -> bool:
        """Whether it is about the endpoint as it was declared then. An objective holds, and users ask, whatever is
        edited."""
        return self.kind == "runaway"
