"""Before and since: the replies that an incident is about, looked at when it is judged and shown ever after."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sqlmodel import Session, col, func, select

from prober.judging.explain.findings import ROUNDS, find, said
from prober.model.evidence import Findings, Place, Round
from prober.model.incident import Incident
from prober.model.notice import Comparison
from prober.store.codec import unpack_reply
from prober.store.reply_rows import observation
from prober.store.rows import ReplyRow, RoundRow, SeriesRow, WatchRow


def findings(session: Session, incident: Incident) -> Findings:
    """What the completed rounds of the present epoch show of it: a bounded read, whatever the history."""
    series = sorted({series for verdict in incident.moved for series in verdict.series})
    first = incident.onset if incident.onset_between is None else incident.onset_between[0]
    watch = session.get(WatchRow, incident.endpoint_hash)
    start = watch.epoch_start if watch else ""
    reference = _rounds(session, incident, series, start, first)
    # Where the interval reaches back to the reference's first round, the likeliest onset must do.
    reference = reference or _rounds(session, incident, series, start, incident.onset)
    since = _rounds(session, incident, series, incident.onset, incident.passed)
    return find(incident.moved, reference, since, _probes(session, incident))


def examples(session: Session, incident: Incident, limit: int) -> tuple[Comparison, ...]:
    """The example replies of an incident, the most telling first."""
    found = (
        _comparison(session, incident, example.series, example.reference, example.recent)
        for example in incident.findings.examples[:limit]
    )
    return tuple(comparison for comparison in found if comparison is not None)


def _rounds(
    session: Session, incident: Incident, series: Sequence[str], start: str, end: str | None
) -> tuple[Round, ...]:
    """The first completed rounds from label `start` up to, not including, `end`, with these series only."""
    ours = [
        col(RoundRow.endpoint_hash) == incident.endpoint_hash,
        col(RoundRow.state) == "completed",
        col(RoundRow.label) >= start,
        *([] if end is None else [col(RoundRow.label) < end]),
    ]
    labels = select(RoundRow.id, RoundRow.label).where(*ours).order_by(col(RoundRow.label)).limit(ROUNDS)
    label_of = {round_id: label or "" for round_id, label in session.exec(labels)}
    replies = session.exec(
        select(ReplyRow)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(col(ReplyRow.round_id).in_(label_of), col(ReplyRow.series).in_(series))
        .order_by(col(RoundRow.label), col(ReplyRow.place), col(ReplyRow.id))
    )
    return tuple(
        Round(label_of[round_id], incident.endpoint, None, tuple(map(observation, rows)))
        for round_id, rows in groupby(replies, key=lambda row: row.round_id)
    )


def _probes(session: Session, incident: Incident) -> int:
    """Series asked of the endpoint in the rounds that told of the change."""
    return session.exec(
        select(func.count(func.distinct(col(ReplyRow.series))))
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == incident.endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label).between(incident.onset, incident.detected_round),
        )
    ).one()


def _comparison(
    session: Session, incident: Incident, series: str, reference: Place, recent: Place
) -> Comparison | None:
    old, new = (_reply(session, incident, series, place) for place in (reference, recent))
    if old is None or new is None:
        return None
    asked = session.get(SeriesRow, series)
    return Comparison(
        probe=new.probe,
        prompt=asked.prompt if asked else "",
        reference=said(unpack_reply(old.reply)),
        recent=said(unpack_reply(new.reply)),
    )


def _reply(session: Session, incident: Incident, series: str, place: Place) -> ReplyRow | None:
    return session.exec(
        select(ReplyRow)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == incident.endpoint_hash,
            col(RoundRow.label) == place.round,
            col(ReplyRow.series) == series,
            col(ReplyRow.sample) == place.sample,
        )
    ).first()
