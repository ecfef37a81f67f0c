"""The generic webhook: one signed JSON POST a notice. `docs/reference/webhook.md` is its contract."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from prober.alerts.keys import Json, finite, incident_url, notice_key
from prober.alerts.message import compose, plain_text
from prober.alerts.phrases import chance, iso
from prober.alerts.post import TIMEOUT_S, checked_address, encoded, given, post
from prober.model.errors import ConfigurationError
from prober.model.evidence import Fact, Share
from prober.model.notice import (
    ChangeNews,
    Comparison,
    Digest,
    DigestItem,
    IncidentNews,
    MeasuredNews,
    Moved,
    Notice,
    Outcome,
    Point,
    ReportNews,
    Source,
    TroubleNews,
)
from prober.settings import Settings
from prober.text import visible

TEXT_LIMIT = 4000
"""UTF-16 units of one prompt or reply."""
REPORT_LIMIT = 40_000
"""UTF-16 units of a weekly report."""
MOVED_SENT = 20
COMPARISONS_SENT = 5
ALSO_SENT = 100
POINTS_SENT = 200
ITEMS_SENT = 100


def payload(notice: Notice) -> dict[str, Json]:
    """The body of the generic webhook, as `docs/reference/webhook.md` describes it. Every notice has every key: what
    its event has no use for is null, zero or empty."""
    source = notice.source or Source("", "", "", None, 1.0)
    change = notice.about if isinstance(notice.about, ChangeNews) else _NO_CHANGE
    how_likely = "" if change is _NO_CHANGE else chance(change.e_value, change.threshold, source.false_alarms_per_year)
    items = notice.about.items if isinstance(notice.about, Digest) else ()
    also, facts = (notice.about.also, notice.about.facts) if isinstance(notice.about, IncidentNews) else ((), ())
    return {
        "version": 1,
        "id": notice_key(notice),
        "event": notice.event,
        "drill": notice.drill,
        "private": notice.private,
        "severity": notice.severity,
        "reason": _line(notice.reason),
        "cause": "" if isinstance(notice.about, Digest | ReportNews) else _line(notice.about.cause),
        "detail": _line(notice.about.detail) if isinstance(notice.about, TroubleNews | MeasuredNews) else "",
        "at": iso(notice.at),
        "title": compose(notice).title,
        "text": plain_text(notice),
        "incident": _incident(notice, source),
        "also": [
            {"endpoint": _line(part.endpoint), "incident": part.incident_id, "is_over": part.is_over}
            for part in also[:ALSO_SENT]
        ],
        "endpoint": {"name": _line(source.name), "model": _line(source.model), "owner": _line(source.owner)},
        "evidence": {
            "e_value": finite(change.e_value),
            "threshold": finite(change.threshold),
            "false_alarms_per_year": finite(source.false_alarms_per_year),
            "words": how_likely,
        },
        "share": None if change.share is None else _share(change.share),
        "moved": [_moved(one) for one in change.moved[:MOVED_SENT]],
        "facts": [_fact(one) for one in facts[:MOVED_SENT]],
        "comparisons": [_comparison(one) for one in change.comparisons[:COMPARISONS_SENT]],
        "history": {
            "channel": _line(change.history_channel),
            "unit": _line(change.history_unit),
            "points": [_point(one) for one in change.history[-POINTS_SENT:]],
        },
        "items": [_item(one) for one in items[:ITEMS_SENT]],
        "report": visible(notice.about.markdown, REPORT_LIMIT) if isinstance(notice.about, ReportNews) else None,
    }


def _incident(notice: Notice, source: Source) -> Json:
    incident = notice.about if isinstance(notice.about, IncidentNews) else _NO_CHANGE
    change = incident if isinstance(incident, ChangeNews) else _NO_CHANGE
    return {
        "id": notice.incident_id,
        "state": incident.state,
        "close_reason": _line(incident.close_reason),
        "kind": _line(incident.kind) if isinstance(notice.about, IncidentNews) else notice.event,
        "about": _line(incident.about) if isinstance(incident, MeasuredNews) and incident.kind != "runaway" else "",
        "detected_at": iso(notice.since),
        "onset": _line(incident.onset),
        "onset_between": None if change.onset_between is None else [_line(label) for label in change.onset_between],
        "course": change.course,
        "passed": None if change.passed is None else _line(change.passed),
        "rounds_since_onset": incident.rounds_since_onset,
        "url": visible(incident_url(notice), 2000, lines=False),
        "runbook": visible(source.runbook, 2000, lines=False) if source.runbook else None,
        "triage": _line(incident.triage),
        "actor": _line(incident.actor),
        "note": _line(incident.note),
        "acknowledged_at": _moment(incident.acknowledged_at),
        "muted_until": _moment(incident.muted_until),
    }


_NO_CHANGE: Final = ChangeNews(
    incident_id=None,
    kind="",
    detected_at=datetime.min.replace(tzinfo=UTC),
    onset="",
    rounds_since_onset=0,
    e_value=0.0,
    threshold=0.0,
    moved=(),
    comparisons=(),
)
"""What the payload says of a change where the notice is about none."""


def _line(text: str) -> str:
    return visible(text, 300, lines=False)


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


def _moved(moved: Moved) -> Json:
    return {
        "channel": _line(moved.channel),
        "e_value": finite(moved.e_value),
        "words": _line(moved.words),
        "replies": moved.replies,
        "reference_replies": moved.reference_replies,
        "direction": moved.direction,
    }


def _fact(fact: Fact) -> Json:
    return {
        "round": _line(fact.round),
        "kind": fact.kind,
        "part": _line(fact.part),
        "was": _line(fact.was),
        "is": _line(fact.now),
        "words": _line(fact.words),
    }


def _comparison(compared: Comparison) -> Json:
    return {
        "probe": _line(compared.probe),
        "prompt": visible(compared.prompt, TEXT_LIMIT),
        "reference": visible(compared.reference, TEXT_LIMIT),
        "recent": visible(compared.recent, TEXT_LIMIT),
    }


def _point(point: Point) -> Json:
    return {
        "round": _line(point.label),
        "value": finite(point.value),
        "reference": finite(point.reference),
        "e_value": finite(point.e_value),
    }


def _item(item: DigestItem) -> Json:
    return {
        "event": item.event,
        "endpoint": _line(item.endpoint),
        "incident": item.incident_id,
        "kind": _line(item.kind),
        "severity": item.severity,
        "state": item.state,
        "close_reason": _line(item.close_reason),
        "at": iso(item.at),
        "words": _line(item.words),
    }


@dataclass(frozen=True, slots=True)
class WebhookAlerter:
    """Posts to one address. A receiver tells a repeated notice by its `X-Prober-Notice`."""

    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timeout_s: float = TIMEOUT_S
    name: str = "webhook"

    def send(self, notice: Notice) -> Outcome:
        body = encoded(payload(notice))
        key, timestamp = notice_key(notice), str(int(self.now().timestamp()))
        headers = {"X-Prober-Notice": key, "X-Prober-Timestamp": timestamp}
        if self.secret is not None:
            headers["X-Prober-Signature"] = f"v1={signature(self.secret, timestamp, body)}"
        return post(self.url, body, headers, key, self.timeout_s)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 of `<timestamp>.<body>`, in hex. The time is signed too, so that a receiver can refuse old bodies."""
    return hmac.new(secret.encode(), timestamp.encode("ascii") + b"." + body, hashlib.sha256).hexdigest()


def open_webhook(settings: Settings) -> WebhookAlerter | None:
    """From PROBER_WEBHOOK_URL and, to sign, PROBER_WEBHOOK_SECRET. Raises `ConfigurationError` where it cannot work."""
    secret = given(settings.webhook_secret)
    url = given(settings.webhook_url)
    if url is None:
        if secret is not None:
            raise ConfigurationError(
                "PROBER_WEBHOOK_SECRET is set but PROBER_WEBHOOK_URL is not; set the address, or unset the secret"
            )
        return None
    return WebhookAlerter(checked_address("PROBER_WEBHOOK_URL", url), secret)
