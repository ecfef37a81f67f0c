"""An incident as news: what a notice says of it. Pure."""

from __future__ import annotations

from prober.model.incident import Change, Incident
from prober.model.notice import ChangeNews, Comparison, Moved, Part, Point, TroubleNews


def news_of(
    incident: Incident,
    *,
    rounds_since_onset: int,
    also: tuple[Part, ...],
    comparisons: tuple[Comparison, ...],
    history: tuple[Point, ...],
    history_unit: str,
) -> ChangeNews | TroubleNews:
    """`history` is of the channel that moved most, oldest round first."""
    if not isinstance(incident, Change):
        return TroubleNews(
            incident_id=incident.id,
            kind=incident.kind,
            detected_at=incident.opened_at,
            onset=incident.onset,
            rounds_since_onset=rounds_since_onset,
            state=incident.state,
            close_reason=incident.close_reason,
            cause=incident.cause,
            actor=incident.actor,
            note=incident.note,
            acknowledged_at=incident.acknowledged_at,
            muted_until=incident.muted_until,
            also=also,
        )
    return ChangeNews(
        incident_id=incident.id,
        kind=incident.kind,
        detected_at=incident.opened_at,
        onset=incident.onset,
        rounds_since_onset=rounds_since_onset,
        state=incident.state,
        close_reason=incident.close_reason,
        cause=incident.cause,
        actor=incident.actor,
        note=incident.note,
        acknowledged_at=incident.acknowledged_at,
        muted_until=incident.muted_until,
        also=also,
        e_value=incident.e_value,
        threshold=incident.threshold,
        moved=_moved(incident),
        comparisons=comparisons,
        onset_between=incident.onset_between,
        course=incident.course,
        passed=incident.passed,
        share=incident.findings.share,
        history=history,
        history_unit=history_unit,
    )


def _moved(incident: Change) -> tuple[Moved, ...]:
    """The channels that moved, in the words of the replies where these could be counted."""
    counted = {shift.channel: shift for shift in incident.findings.shifts}
    return tuple(
        Moved(one.channel, one.e_value, shift.words, shift.replies, shift.reference_replies)
        if (shift := counted.get(one.channel)) is not None
        else Moved(one.channel, one.e_value, one.words)
        for one in incident.moved
    )
