"""What a product manager forwards once a week: quality in sentences, objectives, incidents and cost, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from prober.incidents.objective_standing import objective_standing
from prober.model.incident import Change, Facts, Incident, Measured
from prober.model.notice import ReportNews
from prober.prices import dollars
from prober.status.objectives import ObjectiveStatus, stored_objectives
from prober.status.quality import Compared, quality, sentence, verdict_words
from prober.store import incidents
from prober.store.engine import Transaction
from prober.store.pages import days
from prober.store.pages.days import MonthView
from prober.text import count, inline, visible


@dataclass(frozen=True, slots=True)
class Report:
    """Some whole UTC days, against as many before."""

    since: date
    until: date
    """The day after the last."""
    sets: tuple[Compared, ...]
    """The worst first."""
    objectives: tuple[ObjectiveStatus, ...]
    """As they stand now."""
    incidents: tuple[Incident, ...]
    """Incidents of behaviour that were open in that time; the newest first."""
    month: MonthView | None
    """The month of all endpoints, as it stands now."""

    @property
    def is_worse(self) -> bool:
        """Whether any set got worse, or an objective is missed or burns."""
        states = {one.standing.state for one in self.objectives}
        return bool(states & {"missed", "burning"}) or any(one.verdict == "worse" for one in self.sets)


def report(tx: Transaction, span: int, now: datetime) -> Report:
    """The newest `span` whole days. Only reads."""
    until = now.astimezone(UTC).date()
    since = until - timedelta(days=span)
    begin, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (since, until))
    return Report(
        since=since,
        until=until,
        sets=quality(tx, "probe_set", since, until),
        objectives=stored_objectives(tx, now),
        incidents=tuple(
            one
            for one in incidents.recent(tx)
            if isinstance(one, Change | Facts | Measured)
            and one.kind != "runaway"
            and one.opened_at < end
            and (one.closed_at is None or one.closed_at >= begin)
        ),
        month=next(iter(days.month(tx, "all", now)), None),
    )


Section: TypeAlias = tuple[str, tuple[str, ...]]
"""(heading, lines)"""


def weekly(tx: Transaction, now: datetime) -> ReportNews:
    """The newest seven whole days, to be sent."""
    found = report(tx, 7, now)
    return ReportNews(_title(found), _sections(found, markup=False), markdown(found))


def markdown(found: Report) -> str:
    """The document. Hostile text is shown, never interpreted."""
    (against, sets), *others = _sections(found, markup=True)
    lines = [f"# {_title(found)}", "", f"{against}.", "", *_items(sets)]
    for heading, said in others:
        lines += ["", f"## {heading}", "", *_items(said)]
    return "\n".join(lines)


def _items(lines: Sequence[str]) -> list[str]:
    """A line that ends a sentence stands alone."""
    return [line if line.endswith(".") else f"- {line}" for line in lines]


def _title(found: Report) -> str:
    return f"Quality, {found.since} to {found.until - timedelta(days=1)} (UTC)"


def _sections(found: Report, *, markup: bool) -> tuple[Section, ...]:
    """What is said, in order. `markup`: as markdown, in which hostile text is no markup; else as plain text."""

    def safe(text: str) -> str:
        return inline(text) if markup else visible(text, 300, lines=False)

    bold = "**" if markup else ""
    span = (found.until - found.since).days
    sets = tuple(
        f"{verdict_words(one).capitalize()}: {bold}{safe(one.key or 'none')}{bold}: {safe(sentence(one))}"
        for one in found.sets
    )
    said: list[Section] = [(f"Against the {count(span, 'day')} before", sets or ("No answers in this time.",))]
    if found.objectives:
        graver = [one for one in found.objectives if one.standing.state in ("missed", "burning")]
        met = sum(one.standing.state == "met" for one in found.objectives)
        hold = f"{met} of {count(len(found.objectives), 'objective')} {'is' if met == 1 else 'are'} met."
        said += [
            ("Objectives", (hold, *(f"{one.standing.state.capitalize()}: {_objective(one, safe)}" for one in graver)))
        ]
    said += [("Incidents", tuple(_incident(one, safe) for one in found.incidents) or ("None.",))]
    if found.month is not None and found.month.so_far is not None:
        said += [("Cost of watching", (_cost(found.month, safe),))]
    return tuple(said)


def _objective(one: ObjectiveStatus, safe: Callable[[str], str]) -> str:
    name = safe(f"{one.probe_set} on {one.endpoint}, {one.objective.name}")
    return f"{name}: {objective_standing(one.objective, one.standing)}"


def _incident(one: Incident, safe: Callable[[str], str]) -> str:
    said = one.headline if isinstance(one, Change) else one.words if isinstance(one, Facts) else one.cause
    over = f", {one.closed_as}" if one.state == "closed" else ", still open"
    return f"{safe(one.endpoint)}: {safe(said or 'differs')} ({one.severity}{over})"


def _cost(month: MonthView, safe: Callable[[str], str]) -> str:
    said = f"{dollars(month.so_far or 0.0)} this month so far"
    if month.forecast is not None:
        said += f", forecast {dollars(month.forecast)}"
    if month.forecast_between is not None:
        low, high = month.forecast_between
        said += f" ({dollars(low)} to {dollars(high)} in 9 of 10 cases)"
    if month.before is not None:
        said += f"; {dollars(month.before)} the month before"
    unpriced = f" Not included: {safe(', '.join(month.unpriced))}." if month.unpriced else ""
    return f"{said}.{unpriced}"
