"""The body of the generic webhook: `docs/reference/webhook.md` is its contract. Pure."""

from __future__ import annotations

from datetime import datetime

from prober.alerts.message import Json, compose, incident_url, notice_key, plain_text
from prober.alerts.phrases import chance, finite, iso
from prober.model.evidence import Share
from prober.model.notice import Notice
from prober.text import visible

TEXT_LIMIT = 4000
"""UTF-16 units of one prompt or reply."""
MOVED_SENT = 20
COMPARISONS_SENT = 5
ALSO_SENT = 100
POINTS_SENT = 200
ITEMS_SENT = 100


def payload(notice: Notice) -> dict[str, Json]:
    """The body of the generic webhook, as `docs/reference/webhook.md` describes it."""

    def line(text: str) -> str:
        return visible(text, 300, lines=False)

    return {
        "version": 1,
        "id": notice_key(notice),
        "event": notice.event,
        "drill": notice.drill,
        "private": notice.private,
        "severity": notice.severity,
        "reason": line(notice.reason),
        "cause": line(notice.cause),
        "at": _moment(notice.at),
        "title": compose(notice).title,
        "text": plain_text(notice),
        "incident": {
            "id": notice.incident_id or None,
            "state": notice.state,
            "close_reason": line(notice.close_reason),
            "kind": line(notice.kind),
            "detected_at": iso(notice.detected_at),
            "onset": line(notice.onset),
            "onset_between": None if notice.onset_between is None else [line(label) for label in notice.onset_between],
            "course": notice.course,
            "passed": None if notice.passed is None else line(notice.passed),
            "rounds_since_onset": notice.rounds_since_onset,
            "url": visible(incident_url(notice), 2000, lines=False),
            "runbook": visible(notice.runbook, 2000, lines=False) if notice.runbook else None,
            "actor": line(notice.actor),
            "note": line(notice.note),
            "acknowledged_at": _moment(notice.acknowledged_at),
            "muted_until": _moment(notice.muted_until),
        },
        "also": [{"endpoint": line(part.endpoint), "incident": part.incident_id} for part in notice.also[:ALSO_SENT]],
        "endpoint": {"name": line(notice.endpoint), "model": line(notice.model), "owner": line(notice.owner)},
        "evidence": {
            "e_value": finite(notice.e_value),
            "threshold": finite(notice.threshold),
            "false_alarms_per_year": finite(notice.false_alarms_per_year),
            "words": chance(notice.e_value, notice.threshold, notice.false_alarms_per_year),
        },
        "share": None if notice.share is None else _share(notice.share),
        "moved": [
            {
                "channel": line(moved.channel),
                "e_value": finite(moved.e_value),
                "words": line(moved.words),
                "replies": moved.replies,
                "reference_replies": moved.reference_replies,
            }
            for moved in notice.moved[:MOVED_SENT]
        ],
        "comparisons": [
            {
                "probe": line(compared.probe),
                "prompt": visible(compared.prompt, TEXT_LIMIT),
                "reference": visible(compared.reference, TEXT_LIMIT),
                "recent": visible(compared.recent, TEXT_LIMIT),
            }
            for compared in notice.comparisons[:COMPARISONS_SENT]
        ],
        "history": {
            "unit": line(notice.history_unit),
            "points": [
                {
                    "round": line(point.label),
                    "value": finite(point.value),
                    "reference": finite(point.reference),
                    "e_value": finite(point.e_value),
                }
                for point in notice.history[-POINTS_SENT:]
            ],
        },
        "items": [
            {
                "event": item.event,
                "endpoint": line(item.endpoint),
                "incident": item.incident_id or None,
                "kind": line(item.kind),
                "severity": item.severity,
                "state": item.state,
                "close_reason": line(item.close_reason),
                "at": iso(item.at),
                "words": line(item.words),
            }
            for item in notice.items[:ITEMS_SENT]
        ],
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _share(share: Share) -> Json:
    return {
        "at_least": finite(share.at_least),
        "low": finite(share.low),
        "high": finite(share.high),
        "changed_rounds": share.changed_rounds,
        "rounds": share.rounds,
    }
