"""How an endpoint stands: one answer, which the command line, metrics, heartbeats and the dashboard show. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from prober.asking.breaker import Breaker
from prober.asking.gates import Overspending
from prober.incidents.severity import gravity, worst
from prober.loading.round_labels import moment_of
from prober.model.budget import NANO, since
from prober.model.declaration import Severity
from prober.model.incident import Incident
from prober.model.watch import CACHE_OFF, CLOCK_SLACK, OUR_DOING, cause_in_words
from prober.status.gathering import judged_from, lasting, middle_gap, next_scheduled, protected_by, without_words
from prober.store.views import ChannelPoint, EndpointView, MaintenanceView, RoundView

State = Literal["changed", "unreachable", "stale", "suspected", "gathering", "paused", "quiet"]
Shown: TypeAlias = State | Literal["not asked"]
"""A state in the words of pages."""
Verdict = Literal["ok", "degraded", "changed", "unreachable", "unknown"]

STATES: Final[tuple[State, ...]] = ("unreachable", "changed", "stale", "suspected", "gathering", "paused", "quiet")
"""Most urgent first, of the same severity."""
_WITHOUT_INCIDENT: Final[Mapping[State, Severity]] = {"unreachable": "warning", "stale": "warning", "suspected": "info"}
"""As urgent as an incident of this severity: until an incident opens, or because none does."""

_GRACE = timedelta(minutes=10)
_ODD = "a round was unlike every round of the reference, or evidence came near the threshold"
_NOT_ASKED = ("budget_exhausted", "breaker_open", "configuration", "crashed")
"""Beginnings of the reasons of missed rounds that the next round will share."""


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """The limit of the last hour, day or month that is nearest to being reached."""

    spent: float
    limit: float
    unit: str
    """As in the declaration, such as `asks_per_day` or `dollars_per_month`."""


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """One endpoint now.

    `changed`: an incident of a change, or of critical facts, is open. `unreachable`: trouble is open, or nothing was
    answered in the newest round. `paused`: it is in maintenance. `stale`: rounds do not come. `gathering`: the
    reference is not complete. `suspected`: evidence grows. `quiet`: nothing moved.
    """

    endpoint: EndpointView
    state: State
    why: str
    """Half a sentence, without times. May hold hostile text."""
    since: datetime | None
    """Since when it is so: of a change its onset. None where that is not known."""
    completed_at: datetime | None
    """When the newest round was completed; rounds of the future do not count."""
    answered_at: datetime | None
    """When the newest round was completed in which something was answered."""
    clock_ahead_at: datetime | None
    """When the newest round claims to have been completed, where that is in the future; else None."""
    age_s: float | None
    """Seconds since `completed_at`."""
    verdict: Verdict
    """For a router: `ok` only while rounds come as often as usual."""
    protected_by: tuple[str, ...] = ()
    """While its reference is gathered: what is watched already, by names of `PROTECTIONS`."""
    judged_from: datetime | None = None
    """While its reference is gathered: when it will be complete at the usual pace; None where that is not known."""
    next_round_at: datetime | None = None
    """While it is suspected: when its next round is due; None where that is not known."""
    paused_until: datetime | None = None
    """While it is paused: when its maintenance ends."""
    budget: BudgetStatus | None = None
    """None where none is declared."""
    breaker: Breaker | None = None
    """Where it is open: the endpoint answers nothing, and is asked no whole rounds."""
    overspending: tuple[Overspending, ...] = ()
    """Probe sets that spend more than planned, for which asks are held back."""

    @property
    def name(self) -> str:
        return self.endpoint.name

    @property
    def shown(self) -> Shown:
        """Its state in one word, for people. Where a budget is used up, a key is missing or a cache answers, the
        endpoint is not to blame."""
        return "not asked" if self.state == "unreachable" and self.verdict == "unknown" else self.state

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """The change, else the trouble first; then the gravest."""
        view = self.endpoint
        others: tuple[Incident, ...] = (*view.open_facts, *view.measured, *view.runaways)
        firsts = [one for one in (view.open_incident, view.trouble) if one is not None]
        return (*firsts, *sorted(others, key=lambda one: gravity(one.severity)))

    @property
    def incident(self) -> Incident | None:
        """The first of what is open."""
        return next(iter(self.open_incidents), None)

    @property
    def misses_objective(self) -> bool:
        """Whether the error budget of an objective is spent too fast."""
        return any(one.kind == "objective_missed" for one in self.endpoint.measured)

    @property
    def beside(self) -> tuple[Incident, ...]:
        """Open incidents that are worse than news and say nothing of how it answers: spending, objectives, live
        samples, and facts, unless these are what changed. The gravest first."""
        facts = self.endpoint.open_facts if self.state != "changed" else ()
        found: tuple[Incident, ...] = (*self.endpoint.runaways, *self.endpoint.measured, *facts)
        return tuple(sorted((one for one in found if one.severity != "info"), key=lambda one: gravity(one.severity)))

    @property
    def is_stale(self) -> bool:
        """Whether no fresh rounds come, whatever else is the matter."""
        return self.state == "stale" or self.endpoint.stale_since is not None

    @property
    def severity(self) -> Severity | None:
        """The worst of what is open."""
        return worst(one.severity for one in self.open_incidents) if self.open_incidents else None

    @property
    def missing(self) -> str:
        """What the reference still needs; empty where it is complete."""
        return self.why if self.state == "gathering" else self.endpoint.missing


def endpoint_statuses(
    endpoints: Sequence[EndpointView], rounds: Sequence[RoundView], work: Sequence[MaintenanceView], now: datetime
) -> tuple[EndpointStatus, ...]:
    """Every endpoint, the most urgent first: by severity, so that a critical change comes before an outage that is a
    warning; then outages before changes, then what nobody has acknowledged. `rounds`: the newest of each, newest first;
    `work`: announced maintenance."""
    by_endpoint: dict[str, list[RoundView]] = {}
    for one in rounds:
        by_endpoint.setdefault(one.endpoint, []).append(one)
    begun = {one.endpoint: one for one in work if one.start <= now < one.until}
    found = [
        endpoint_status(one, by_endpoint.get(one.name, ()), now, maintenance=begun.get(one.name)) for one in endpoints
    ]
    return tuple(sorted(found, key=_urgency))


def _urgency(one: EndpointStatus) -> tuple[int, int, bool, str]:
    levels = [level for level in (one.severity, _WITHOUT_INCIDENT.get(one.state)) if level]
    is_in_hand = one.incident is not None and one.incident.state != "open"
    return gravity(worst(levels)) if levels else 1, STATES.index(one.state), is_in_hand, one.name


def endpoint_status(
    endpoint: EndpointView,
    rounds: Sequence[RoundView],
    now: datetime,
    *,
    maintenance: MaintenanceView | None = None,
) -> EndpointStatus:
    """One endpoint, from its newest judgement and its newest rounds, newest first."""
    claimed = endpoint.last_completed_at
    ahead = claimed is not None and claimed > now + CLOCK_SLACK
    completed_at = _newest([claimed, *(one.completed_at for one in rounds)], now)
    answered = [one.completed_at for one in rounds if one.asked > one.failed]
    answered_at = _newest([endpoint.last_answered_at, *answered], now)
    ended = [one for one in rounds if one.state in {"completed", "missed"} and one.due_at <= now + CLOCK_SLACK]
    usual = _usual_gap(rounds)
    state, why, since = _state(endpoint, ended, usual, completed_at, ahead, maintenance, now)
    return EndpointStatus(
        endpoint=endpoint,
        state=state,
        why=why + without_words(endpoint, state),
        since=since,
        completed_at=completed_at,
        answered_at=answered_at,
        clock_ahead_at=claimed if ahead else None,
        age_s=None if completed_at is None else max(0.0, (now - completed_at).total_seconds()),
        verdict=_verdict(endpoint, state, ended, is_known_fresh=usual is not None),
        protected_by=protected_by(endpoint) if _is_gathering(endpoint) else (),
        judged_from=judged_from(endpoint, rounds, now) if _is_gathering(endpoint) else None,
        next_round_at=endpoint.confirmation_due_at or next_scheduled(rounds) if state == "suspected" else None,
        paused_until=maintenance.until if maintenance and state == "paused" else None,
        budget=_budget(endpoint, now),
    )


def exit_code(statuses: Sequence[EndpointStatus]) -> int:
    """1 where an incident is open, except outages and facts that are only news; else 3 where an endpoint is
    unreachable, stale or not judged yet, or there is none; else 0. An incident comes first: it is certain, whatever
    else is not known."""
    states = {one.state for one in statuses}
    if "changed" in states or any(one.beside or one.misses_objective for one in statuses):
        return 1
    return 3 if not states or states & {"unreachable", "stale", "gathering"} else 0


def _state(
    endpoint: EndpointView,
    ended: Sequence[RoundView],
    usual: timedelta | None,
    completed_at: datetime | None,
    ahead: bool,
    maintenance: MaintenanceView | None,
    now: datetime,
) -> tuple[State, str, datetime | None]:
    if (incident := endpoint.open_incident) is not None:
        return "changed", incident.headline, moment_of(incident.onset)
    if (critical := next((one for one in endpoint.open_facts if one.severity == "critical"), None)) is not None:
        return "changed", critical.words, moment_of(critical.onset)
    if (trouble := endpoint.trouble) is not None:
        said = f"{trouble.headline}: {trouble.detail}" if trouble.detail else trouble.headline
        is_held_back = trouble.cause.startswith(_NOT_ASKED) or trouble.failed_share is not None
        if not is_held_back and ended and ended[0].asked > ended[0].failed:
            said += "; the newest round was answered, and the incident closes when the next one is too"
        return "unreachable", said, moment_of(trouble.onset)
    if maintenance is not None:
        why = f"in maintenance: {maintenance.note or 'no reason given'}"
        return "paused", why, maintenance.start
    if ended and (unanswered := _unanswered(endpoint, ended[0])):
        return "unreachable", unanswered, _first_unanswered(endpoint, ended)
    if stale := _stale(endpoint, usual, completed_at, ahead, now):
        return "stale", stale, completed_at
    began, judged_at = endpoint.reference_began_at, endpoint.last_completed_at
    if began is not None and judged_at is not None and began > judged_at:
        return "gathering", "a new reference is gathered", began
    match endpoint.state:
        case "suspected":
            strongest: ChannelPoint | None = max(endpoint.channels, key=lambda point: point.e_value, default=None)
            return "suspected", (strongest.words if strongest else "") or "evidence is growing", None
        case "quiet" if endpoint.suspected_since:
            return "suspected", _ODD, moment_of(endpoint.suspected_since)
        case "quiet":
            return "quiet", "nothing moved", None
        case "alarm":
            return "suspected", _alarm_without_incident(endpoint), None
        case "insufficient_evidence":
            return "gathering", endpoint.missing or "the reference is still growing", None
        case _:
            return "gathering", "no round has been judged yet", None


def _alarm_without_incident(endpoint: EndpointView) -> str:
    """A person closed it, or the round came in maintenance."""
    over, judged_at = endpoint.closed_incident, endpoint.last_completed_at
    closed = "no incident is open"
    if over is not None and over.actor and over.closed_at is not None and judged_at and over.closed_at > judged_at:
        closed = f"incident {over.id} was closed by {over.actor}"
    return (
        f"{closed}, but the newest round still differs from the reference; if the next round does too, an incident "
        f"opens; to keep the new behaviour, run prober reference reset {endpoint.name}"
    )


def _unanswered(endpoint: EndpointView, ended: RoundView) -> str:
    """Why nothing was answered in a round; empty where something was, or where that says nothing of the endpoint."""
    if ended.state == "missed":
        return (
            f"the last round was missed: {cause_in_words(ended.reason)}" if ended.reason.startswith(_NOT_ASKED) else ""
        )
    if ended.asked and ended.cached == ended.asked:
        return f"every reply of the last round came from a cache, so nothing is judged; {CACHE_OFF}"
    if ended.asked and ended.failed == ended.asked:
        return f"every ask of the last round failed: {cause_in_words(endpoint.last_failure, endpoint.last_detail)}"
    return ""


def _first_unanswered(endpoint: EndpointView, ended: Sequence[RoundView]) -> datetime:
    first = ended[0]
    for one in ended:
        if not _unanswered(endpoint, one):
            break
        first = one
    return first.completed_at or first.due_at


def _stale(
    endpoint: EndpointView, usual: timedelta | None, completed_at: datetime | None, ahead: bool, now: datetime
) -> str:
    """Why rounds count as not coming; empty while they come."""
    if completed_at is None and ahead:
        return "the only round was completed in the future: the clock was once ahead"
    if completed_at is None:
        return "no round was ever completed" if endpoint.stale_since else ""
    # Three gaps: the weekend of a schedule of working days is not stale.
    if usual is not None and now - completed_at > 3 * usual + _GRACE:
        return f"no round, usually one every {lasting(usual)}"
    return "no fresh rounds" if endpoint.stale_since else ""


def _is_gathering(endpoint: EndpointView) -> bool:
    """Whether its reference is still growing, even where it has another state to show."""
    return endpoint.open_incident is None and endpoint.state not in ("quiet", "suspected", "alarm")


def _budget(endpoint: EndpointView, now: datetime) -> BudgetStatus | None:
    if endpoint.budget is None:
        return None
    found = []
    for limit in endpoint.budget.limits:
        oldest = since(limit.period, now)
        parts = [one.spent for one in endpoint.spending if one.period == limit.period and one.began_at >= oldest]
        used = sum(one.of(limit.unit) for one in parts)
        found.append(BudgetStatus(used / NANO if limit.unit == "dollars" else used, limit.shown, limit.name))
    return max(found, key=lambda one: one.spent / one.limit, default=None)


def _usual_gap(rounds: Sequence[RoundView]) -> timedelta | None:
    """Of the probe set asked most often: the middle one of the gaps between its newest rounds.

    None where no set has been due three times.
    """
    usual = [middle_gap(rounds, probe_set) for probe_set in {one.probe_set for one in rounds}]
    return min((gap for gap in usual if gap is not None), default=None)


def _verdict(endpoint: EndpointView, state: State, ended: Sequence[RoundView], *, is_known_fresh: bool) -> Verdict:
    match state:
        case "changed":
            return "changed"
        case "unreachable":
            return "unknown" if _is_our_doing(endpoint, ended) else "unreachable"
        case "suspected":
            return "degraded"
        case "quiet" if is_known_fresh:
            missed = [one for one in endpoint.measured if one.kind == "objective_missed"]
            is_doubtful = any(one.severity != "info" for one in (*endpoint.open_facts, *missed))
            return "degraded" if is_doubtful or (ended and ended[0].failed) else "ok"
        case _:
            return "unknown"


def _is_our_doing(endpoint: EndpointView, ended: Sequence[RoundView]) -> bool:
    """Whether the model was not asked for a reason of our own, such as a budget: callers may reach it all the same."""
    cause = endpoint.last_failure
    if endpoint.trouble is not None:
        cause = endpoint.trouble.cause or endpoint.trouble.kind
    elif ended and ended[0].state == "missed":
        cause = ended[0].reason
    return cause.partition(":")[0] in OUR_DOING


def _newest(moments: Sequence[datetime | None], now: datetime) -> datetime | None:
    """The newest moment that is not in the future."""
    return max((one for one in moments if one is not None and one <= now + CLOCK_SLACK), default=None)
