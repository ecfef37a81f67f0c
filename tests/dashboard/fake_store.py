"""The readers of `prober.store.Store`, in memory, and small worlds to show. A test holds its signatures to the store's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from prober.detectors.verdict import Verdict
from prober.evidence import Observation
from prober.incidents import Incident
from prober.notice import Comparison, Part
from prober.store.views import (
    ChannelPoint,
    DeliveryView,
    EndpointView,
    EpochView,
    NoticeView,
    PressView,
    RoundState,
    RoundView,
)

NOW = datetime.now(UTC).replace(microsecond=0)
THRESHOLD = 365.0
HOSTILE = (
    "<script>alert(1)</script> **bold** `tick` ``two`` $x^2$ :red[red] :smile: <!channel> www.evil.example "
    "https://evil.example [a](javascript:alert(1)) ![i](http://evil.example/i.png) \x00 \ud800 \u202egnirts | # h"
)


@dataclass
class FakeStore:
    """Answers what it was given."""

    endpoint_views: tuple[EndpointView, ...] = ()
    points: tuple[ChannelPoint, ...] = ()
    epoch_views: dict[str, tuple[EpochView, ...]] = field(default_factory=dict)
    all_incidents: tuple[Incident, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    round_views: tuple[RoundView, ...] = ()
    notice_views: tuple[NoticeView, ...] = ()
    delivery_views: tuple[DeliveryView, ...] = ()
    press_views: tuple[PressView, ...] = ()
    event_parts: tuple[Part, ...] = ()
    observations: dict[int, tuple[Observation, ...]] = field(default_factory=dict)
    version: str = "1"
    asked: list[str] = field(default_factory=list)

    def endpoints(self) -> tuple[EndpointView, ...]:
        self.asked.append("endpoints")
        return self.endpoint_views

    def channel_history(self, endpoint: str, channel: str | None = None, limit: int = 2000) -> tuple[ChannelPoint, ...]:
        found = (one for one in self.points if one.endpoint == endpoint and channel in {None, one.channel})
        return tuple(found)[-limit:]

    def epochs(self, endpoint: str) -> tuple[EpochView, ...]:
        return self.epoch_views.get(endpoint, ())

    def incidents(
        self, *, endpoint: str | None = None, state: str | None = None, limit: int = 200
    ) -> tuple[Incident, ...]:
        found = (one for one in self.all_incidents if endpoint in {None, one.endpoint} and state in {None, one.state})
        return tuple(found)[:limit]

    def incident(self, incident_id: int) -> Incident | None:
        return next((one for one in self.all_incidents if one.id == incident_id), None)

    def examples(self, incident: Incident, limit: int = 5) -> tuple[Comparison, ...]:
        return self.comparisons[:limit]

    def rounds(
        self, endpoint: str | None = None, limit: int = 200, *, state: RoundState | None = None
    ) -> tuple[RoundView, ...]:
        found = (one for one in self.round_views if endpoint in {None, one.endpoint} and state in {None, one.state})
        return tuple(found)[:limit]

    def notices(self, incident_id: int | None = None, limit: int = 200) -> tuple[NoticeView, ...]:
        return tuple(one for one in self.notice_views if incident_id in {None, one.incident_id})[:limit]

    def presses(self, incident_id: int | None = None, limit: int = 200) -> tuple[PressView, ...]:
        return tuple(one for one in self.press_views if incident_id in {None, one.incident_id})[:limit]

    def deliveries(self) -> tuple[DeliveryView, ...]:
        return self.delivery_views

    def parts(self, incident: Incident) -> tuple[Part, ...]:
        return self.event_parts

    def recorded(self, round_id: int) -> tuple[Observation, ...]:
        return self.observations.get(round_id, ())

    def newest(self, endpoint: str | None = None) -> str:
        return self.version


def label(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def point(endpoint: str, channel: str, n: int, rounds: int, **given) -> ChannelPoint:
    at = NOW - timedelta(hours=6 * (rounds - n) - 5)
    standard = {
        "e_value": 1.0,
        "value": 1.0,
        "reference_value": 1.0,
        "unit": "ratio to reference",
        "words": "as before",
    }
    return ChannelPoint(
        endpoint=endpoint, round=label(at), at=at + timedelta(minutes=1), channel=channel, **(standard | given)
    )


def history(endpoint: str, rounds: int = 40, changed: int | None = None) -> tuple[ChannelPoint, ...]:
    """Length, choice and format of `rounds` rounds every six hours; from round `changed` on length and choice move."""
    points = []
    for n in range(rounds):
        since = max(0, n - changed + 1) if changed is not None else 0
        wiggle = 0.02 * math.sin(7.0 * n)
        moved = {"value": 1.34 + wiggle, "words": "34 % longer"} if since else {"value": 1 + wiggle}
        points += [
            point(endpoint, "length", n, rounds, e_value=min(1.5 + wiggle + 20.0**since, 1e9), **moved),
            point(
                endpoint,
                "choice",
                n,
                rounds,
                e_value=1.2 + 3.0**since,
                value=0.02 + abs(wiggle) + 0.3 * bool(since),
                reference_value=0.02,
                unit="share of replies",
                words="other answers in 32 % instead of 2 %" if since else "as before",
            ),
            point(endpoint, "format", n, rounds, e_value=0.7, value=math.nan if n % 9 == 0 else 1.0),
        ]
    return tuple(points)


def endpoint_view(name: str, points: tuple[ChannelPoint, ...] = (), **given) -> EndpointView:
    last = points[-1] if points else None
    standard = {
        "provider": "openai",
        "model": "gpt-4o-2024-08-06",
        "owners": ("search team",),
        "state": "quiet" if points else "unknown",
        "missing": "",
        "e_value": max((one.e_value for one in points if last and one.round == last.round), default=1.0),
        "threshold": THRESHOLD,
        "last_round": last.round if last else None,
        "last_completed_at": last.at if last else None,
        "rounds": len({one.round for one in points}),
        "missed": 0,
        "failed_asks": 0,
        "asks": 12 * len({one.round for one in points}),
        "last_failure": "",
        "channels": tuple(one for one in points if last and one.round == last.round),
        "open_incident": None,
    }
    return EndpointView(name=name, endpoint_hash=f"hash-{name}", **(standard | given))


def round_view(endpoint: str, hours_ago: float, **given) -> RoundView:
    at = NOW - timedelta(hours=hours_ago)
    standard = {
        "state": "completed",
        "label": label(at),
        "completed_at": at,
        "reason": "",
        "asked": 12,
        "failed": 0,
    }
    return RoundView(
        id=int(1000 - hours_ago),
        endpoint=endpoint,
        endpoint_hash=f"hash-{endpoint}",
        probe_set="starter",
        due_at=at,
        worker="here",
        lease_until=None,
        **(standard | given),
    )


def rounds_every(endpoint: str, hours: float, count: int = 8, newest: float = 1.0) -> tuple[RoundView, ...]:
    return tuple(round_view(endpoint, newest + hours * n) for n in range(count))


def incident(points: tuple[ChannelPoint, ...], changed: int, number: int = 3, **given) -> Incident:
    labels = sorted({one.round for one in points})
    onset, seen = labels[changed], labels[min(changed + 2, len(labels) - 1)]
    verdicts = tuple(
        Verdict(
            one.channel, one.e_value, one.value, one.reference_value, one.unit, one.value - one.reference_value,
            one.words, onset if one.e_value > THRESHOLD else None, ("series",),
        )
        for one in sorted((one for one in points if one.round == seen), key=lambda one: -one.e_value)
    )  # fmt: skip
    standard = Incident(
        id=number,
        endpoint=points[0].endpoint,
        endpoint_hash=f"hash-{points[0].endpoint}",
        state="open",
        kind="behaviour_change",
        onset=onset,
        detected_round=seen,
        opened_at=next(one.at for one in points if one.round == seen),
        e_value=4.1e5,
        threshold=THRESHOLD,
        verdicts=verdicts,
    )
    return replace(standard, **given)


def notice_view(number: int = 3, **given) -> NoticeView:
    standard = {
        "event": "opened", "alerter": "slack", "state": "sent", "attempts": 1, "created_at": NOW, "next_try_at": NOW,
        "sent_at": NOW, "last_reason": "sent", "receipt": "C1/2",
    }  # fmt: skip
    return NoticeView(id=1, incident_id=number, **(standard | given))


def all_states() -> FakeStore:
    """One endpoint in each standing; `support-bot` has an open incident, `3`, and a closed one, `1`."""
    moved, still = history("support-bot", changed=34), history("search-ranker")
    growing = history("summariser")
    opened = incident(moved, 34)
    growing_now = tuple(
        replace(one, e_value=40.0, words="11 % shorter") if one.channel == "length" else one for one in growing[-3:]
    )
    return FakeStore(
        endpoint_views=(
            endpoint_view("search-ranker", still),
            endpoint_view("support-bot", moved, state="alarm", e_value=4.1e5, open_incident=opened),
            endpoint_view("summariser", (*growing[:-3], *growing_now), state="suspected", e_value=40.0),
            endpoint_view(
                "eu/claude", still[:9], state="insufficient_evidence", missing="3 of 8 rounds, 12 of 24 hours"
            ),
            endpoint_view("brand-new"),
            endpoint_view("down", still, asks=96, failed_asks=96, last_failure="unauthorized"),
        ),
        points=(*moved, *still, *growing),
        epoch_views={},
        all_incidents=(
            opened,
            incident(moved, 12, 1, state="closed", closed_at=NOW - timedelta(days=5), close_reason="accepted",
                     actor="ada", note="we asked for it"),
        ),
        comparisons=(
            Comparison("starter/refund", "May I return shoes after 40 days?",
                       "No. Returns are accepted within 30 days of purchase.",
                       "Great question! Our policy is to accept returns within 30 days.\n\n"
                       "- After that, we unfortunately cannot help.\n- Let me know if there is anything else!"),
            Comparison("starter/json", 'Answer as JSON: {"ok": true}', '{"ok": true}', '```json\n{"ok": true}\n```'),
        ),
        round_views=(
            *rounds_every("support-bot", 6), *rounds_every("search-ranker", 6), *rounds_every("summariser", 6),
            *rounds_every("eu/claude", 6), round_view("down", 1, failed=12), *rounds_every("down", 6, newest=7),
        ),
        press_views=(
            PressView(3, NOW - timedelta(hours=1), "acknowledge", "eve", "", "slack", None, "not_allowed"),
        ),
        notice_views=(notice_view(), notice_view(alerter="webhook", state="failed", attempts=9, sent_at=None,
                                                 last_reason="server_error")),
    )  # fmt: skip


def fleet(size: int = 100, channels: int = 9) -> FakeStore:
    """Many endpoints, all as pinned."""
    names = [f"team-{n:03d}/endpoint" for n in range(size)]
    made = {name: tuple(point(name, f"channel-{c}", 0, 1) for c in range(channels)) for name in names}
    return FakeStore(
        endpoint_views=tuple(endpoint_view(name, points) for name, points in made.items()),
        points=tuple(one for points in made.values() for one in points),
        round_views=tuple(one for name in names for one in rounds_every(name, 6, 3)),
    )


def hostile() -> FakeStore:
    """Every text that a model or a provider may choose is an attack."""
    points = tuple(replace(one, words=HOSTILE) for one in history("target", changed=36))
    opened = incident(points, 36, note=HOSTILE, actor=HOSTILE, state="acknowledged")
    return FakeStore(
        endpoint_views=(
            endpoint_view("target", points, state="alarm", model=HOSTILE, owners=(HOSTILE,), open_incident=opened),
            endpoint_view("other", points, state="insufficient_evidence", missing=HOSTILE),
        ),
        points=points,
        all_incidents=(opened,),
        comparisons=(
            Comparison(HOSTILE, HOSTILE, HOSTILE, "\n" * 5000),
            Comparison("set/huge", "p", "x" * 2_000_000, ""),
        ),
        round_views=rounds_every("target", 6),
        notice_views=(notice_view(last_reason=HOSTILE),),
    )
