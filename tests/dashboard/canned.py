"""Canned answers for pages, keyed by the query that asks for them; and small worlds to show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

from prober.judging.explain.probe import ChannelInformation, Distribution, Dot, ProbeInformation
from prober.judging.objectives import Standing
from prober.judging.samples import Shift
from prober.model.allowance import AccountView, MinuteLimit
from prober.model.bill import Bill
from prober.model.budget import Limit, Spent
from prober.model.evidence import Verdict
from prober.model.incident import TROUBLES, Change, Incident, Trouble
from prober.model.notice import Comparison, Notice, Part
from prober.model.objective import Objective
from prober.model.retirement import Retirement, Retiring
from prober.model.sample import FoundShift
from prober.model.triage import Check, Ranked, Triage
from prober.model.version import Mark, Provenance, Version
from prober.model.watch import DaemonStatus
from prober.status import probe
from prober.status.objectives import ObjectiveStatus, PromiseView, promises, stored_objectives
from prober.status.probe import AnswerView, CheckView, EmbeddingMap, MapDot, ProbePage, embedding_map
from prober.status.quality import COUNTED, Compared, Worst, quality
from prober.status.retirement import retiring
from prober.status.samples import FeatureStatus, SideStatus, feature_statuses
from prober.status.strip import stored_strips, strips
from prober.status.triage import default_since, triage_of
from prober.status.triage import triage as triage_now
from prober.store import daemons, incidents, judge_state, notices, retention, versions, watches
from prober.store.bill import bills
from prober.store.limits import accounts
from prober.store.pages import days, deliveries, last_days, over_time, overview, probes, replies
from prober.store.pages.days import MonthView, TallyView
from prober.store.pages.notices import latest_notice_of
from prober.store.pages.over_time import EditView, RoundLine
from prober.store.pages.present import present
from prober.store.pages.probes import ProbeView
from prober.store.samples import Feature
from prober.store.spending import budgets_in_use
from prober.store.sums import total_of
from prober.store.views import (
    ActionView,
    BudgetView,
    ChannelPoint,
    DeliveryView,
    EndpointView,
    EpochView,
    NoticeView,
    ReplyView,
    RoundView,
)

NOW = datetime.now(UTC).replace(microsecond=0)
THRESHOLD = 365.0
HOSTILE = (
    "<script>alert(1)</script> **bold** `tick` ``two`` $x^2$ :red[red] :material/home: :red-badge[b] -> :smile: \x1b[31m <!channel> www.evil.example "
    "https://evil.example [a](javascript:alert(1)) ![i](http://evil.example/i.png) \x00 \ud800 \u202egnirts | # h"
)


@dataclass
class CannedStore:
    """Stands in for a Store that is only read: `query` answers what the test says. What no page asks is a KeyError."""

    endpoint_views: tuple[EndpointView, ...] = ()
    points: tuple[ChannelPoint, ...] = ()
    epoch_views: dict[str, tuple[EpochView, ...]] = field(default_factory=dict)
    all_incidents: tuple[Incident, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    round_views: tuple[RoundView, ...] = ()
    notice_views: tuple[NoticeView, ...] = ()
    delivery_views: tuple[DeliveryView, ...] = ()
    press_views: tuple[ActionView, ...] = ()
    event_parts: tuple[Part, ...] = ()
    edit_views: dict[str, tuple[EditView, ...]] = field(default_factory=dict)
    tally: TallyView = field(default_factory=lambda: tally_view(rounds=4))
    unpriced: dict[str, str] = field(default_factory=dict)
    probe_pages: tuple[ProbePage, ...] = ()
    bands: tuple[probe.Band, ...] = ()
    is_by_day: bool = False
    map: EmbeddingMap = field(default_factory=lambda: map_of(count=0))
    promise_views: tuple[PromiseView, ...] = ()
    reply_views: tuple[ReplyView, ...] = ()
    signs_of_life: tuple[DaemonStatus, ...] = ()
    notice: Notice | None = None
    triage: Triage | None = None
    identity: str = "model-1"
    version: str = "1"
    verdict: str = "worse"
    more_passed_before: int = 0
    said: str = "wait for more rounds"
    """What a triage quotes, and the name of the worst endpoint."""
    objective_statuses: tuple[ObjectiveStatus, ...] = ()
    marks: tuple[Mark, ...] = ()
    history: tuple[Version, ...] = ()
    retirings: tuple[Retiring, ...] = ()
    features: tuple[FeatureStatus, ...] = ()
    budgets: tuple[BudgetView, ...] = ()
    bills: tuple[Bill, ...] = ()
    shown: frozenset[str] = frozenset({"objectives", "triage", "changes", "retirement", "samples"})
    searched: Callable | None = None
    """Stands in for the search of replies."""
    asked: list[str] = field(default_factory=list)

    def query(self, function, *args, **kwargs):
        """As `Store.query`."""
        if function is overview.endpoints:
            self.asked.append("endpoints")
        return self._answers()[function](*args, **kwargs)

    def _strips(self, today):
        seen = [
            last_days.DayView(one.name, today - timedelta(days=n), 4, 0, 48, 0)
            for one in self.endpoint_views
            for n in range(30)
            if one.asks
        ]
        spans = [
            last_days.SpanView(one.endpoint, "changed", NOW - timedelta(days=1), one.closed_at)
            for one in self.all_incidents
            if one.state != "closed"
        ]
        return strips(seen, spans, today)

    def _answers(self):
        """Query → what stands in for it."""
        return {
            overview.endpoints: lambda: self.endpoint_views,
            overview.recent_rounds: lambda limit=200, state=None: tuple(
                one for one in self.round_views if state in {None, one.state}
            )[:limit],
            stored_strips: self._strips,
            overview.recent_rounds_of_each: lambda now: self.round_views,
            over_time.channel_stretch: self._stretch,
            over_time.lines: self._lines,
            over_time.channel_days: self._channel_days,
            versions.history: lambda: (),
            over_time.edits: lambda endpoint: self.edit_views.get(endpoint, ()),
            days.tallies: self._tallies,
            days.month: lambda by, now: tuple(
                MonthView(name, 1.25, 0.1, 1.75, 7, 4, self.unpriced) for name in ([""] if by == "all" else self._asked)
            ),
            probes.probes: lambda endpoint: tuple(one.probe for one in self.probe_pages),
            probe.probe_page: lambda endpoint, probe: next(
                (one for one in self.probe_pages if one.probe.probe == probe), None
            ),
            embedding_map: lambda endpoint: self.map,
            probe.reference_bands: lambda endpoint, channel: self.bands,
            probe.judged_by_day: lambda endpoint: self.is_by_day,
            promises: lambda: self.promise_views,
            deliveries.deliveries: lambda: self.delivery_views,
            replies.search: self.searched
            or (
                lambda wanted, before: replies.Found(
                    self.reply_views[:100], len(self.reply_views), 7 if len(self.reply_views) > 100 else None
                )
            ),
            replies.by_id: lambda ids: tuple(one for one in self.reply_views if one.id in ids),
            replies.of_round: lambda endpoint, label: tuple(one for one in self.reply_views if one.round == label),
            replies.labels: lambda endpoint, since, until: dict.fromkeys(
                (one.round for one in self.reply_views), "starter"
            ),
            replies.recent: lambda endpoint, probe, before, limit: tuple(
                one for one in self.reply_views if before is None or one.round < before
            )[:limit],
            daemons.statuses: lambda: self.signs_of_life,
            latest_notice_of: lambda *_: self.notice,
            judge_state.epochs: lambda endpoint: self.epoch_views.get(endpoint, ()),
            incidents.recent: lambda endpoint: tuple(
                one for one in self.all_incidents if endpoint in {None, one.endpoint}
            )[: incidents.NEWEST],
            incidents.not_closed: lambda: tuple(one for one in self.all_incidents if one.state != "closed"),
            incidents.open_measured: lambda kind: tuple(
                one for one in self.all_incidents if one.state != "closed" and one.kind == kind
            ),
            incidents.get: lambda incident_id: next((one for one in self.all_incidents if one.id == incident_id), None),
            incidents.examples: lambda incident: self.comparisons,
            incidents.actions: lambda incident_id: tuple(
                one for one in self.press_views if one.incident_id == incident_id
            ),
            triage_of: lambda incident, now: self.triage,
            incidents.parts: lambda incident: self.event_parts,
            notices.recent: lambda incident_id: tuple(
                one for one in self.notice_views if one.incident_id == incident_id
            ),
            quality: self._quality,
            stored_objectives: lambda now: self.objective_statuses,
            versions.marks: lambda since=None: self.marks,
            versions.history: lambda: self.history,
            retiring: lambda: self.retirings,
            feature_statuses: lambda: self.features,
            default_since: lambda endpoint, now: NOW - timedelta(days=2),
            triage_now: lambda endpoint, since, now: triage_view(endpoint, since, now, self.said),
            present: lambda: self.shown,
            budgets_in_use: lambda now: self.budgets,
            bills: lambda since: self.bills,
            accounts: lambda now: (
                (AccountView("account:1", ("down",), (MinuteLimit("asks", 60, 57, True),), 3, None),)
                if self.budgets
                else ()
            ),
            watches.changes: lambda endpoint=None: self.version,
            daemons.not_over: lambda now: (),
            retention.deleted_words: lambda endpoint: "",
        }

    @property
    def _asked(self):
        return [one.name for one in self.endpoint_views if one.asks]

    def _stretch(self, endpoint, channel, since):
        found = (one for one in self.points if (one.endpoint, one.channel) == (endpoint, channel))
        return tuple(one for one in found if since is None or one.at >= since)[-400:]

    def _channel_days(self, endpoint, since, hourly):
        days = {}
        for one in self.points:
            if one.endpoint == endpoint and (since is None or one.at >= since):
                days.setdefault((one.at.replace(hour=0, minute=0, second=0), one.channel), []).append(one.e_value)
        return tuple(over_time.ChannelDay(channel, day, max(of), len(of)) for (day, channel), of in days.items())

    def _lines(self, endpoint, since):
        rounds = {one.round: one.at for one in self.points if one.endpoint == endpoint}
        return tuple(
            RoundLine(label, at, 12, n % 3, {self.identity: 8, "model-2": n % 4}, 0.1 + n / 100, 0.5)
            for n, (label, at) in enumerate(rounds.items())
        )

    def _quality(self, by, since, until):
        days = tuple((NOW.date() - timedelta(days=n), self.tally) for n in (2, 1, 0))
        now = total_of([sums for _, sums in days])
        verdicts = dict.fromkeys(COUNTED, self.verdict)
        worst = Worst(self.said, 0.5, 0.9, is_worse=True)
        names = [""] if by == "all" else self._asked
        before = replace(now, passed=now.passed + self.more_passed_before)
        return tuple(Compared(name, now, before, verdicts, worst, days) for name in names if self._asked)

    def _tallies(self, by, since, until, daily):
        when = [NOW.date() - timedelta(days=n) for n in range(3)] if daily else [None]
        return tuple(replace(self.tally, key=name, day=day) for day in when for name in self._asked)


def objective_status(text: str = "starter", **given) -> ObjectiveStatus:
    rates = tuple((timedelta(hours=hours), 2.5, 30) for hours in (1, 6, 72))
    standard = {"state": "missed", "replies": 153, "bad": 72, "interval": (0.4, 0.55), "budget_left": -3.7,
                "burning_since": NOW, "e_value": 1e6, "threshold": 120.0, "burn_rates": rates, "newest": NOW}  # fmt: skip
    return ObjectiveStatus(
        text, "support-bot", Objective(name="answers", at_least="90 %"), Standing(**(standard | given))
    )


def around(text: str = "web-app") -> dict[str, object]:
    """What stands on the pages that are there only where there is something to show."""
    at = NOW - timedelta(days=1)
    versions_ = [
        Version(
            "prompt", "starter/refund", n, f"d{n}", at, Provenance("1a2b", text), f"id: refund\nprompt: {text} {n}\n"
        )
        for n in (1, 2)
    ]
    retirement_ = Retirement(text, NOW.date() + timedelta(days=12), "shutdown", "model_list", text, text)
    side = SideStatus(NOW, None)
    return {
        "objective_statuses": (objective_status(text), objective_status("ok", state="met", budget_left=0.8)),
        "marks": (Mark(1, "deploy", at, text, text, text, text),),
        "history": tuple(versions_),
        "budgets": (
            BudgetView(f"set:{text}", Limit("dollars", "month", 30_000_000_000), Spent(9, 900, 15_000_000_000)),
        ),
        "retirings": (Retiring("support-bot", retirement_, (retirement_,)),),
        "features": (
            FeatureStatus(
                Feature("support-bot", text, 400, 3, 8, NOW),
                {"inputs": side, "outputs": side},
                (FoundShift("support-bot", text, "outputs", at, NOW, text),),
                {text: Shift(0.004, text, False)},
            ),
        ),
    }


def triage_view(endpoint: str, since: datetime, at: datetime, said: str) -> Triage:
    ranking = (Ranked("model", 0.82, (said,), (said,), said), Ranked("none", 0.01, (), (), said))
    checks = (Check("identity", "Does the provider name another model?", "yes", said, "prober status"),)
    return Triage(endpoint, since, at, checks, ranking, ("model",), "model")


def tally_view(**given) -> TallyView:
    standard = {
        "rounds": 4, "missed": 1, "asks": 48, "failed": 2, "input_tokens": 960, "output_tokens": 4800, "timed": 46,
        "latency_s": 23.0, "checked": 40, "passed": 38, "keyed": 20, "right": 15, "refused": 1, "characters": 9200,
        "dollars": 0.05,
    }  # fmt: skip
    return TallyView(key="", day=None, **(standard | given))


def probe_page(text: str = "Teal", probe: str = "starter/colour") -> ProbePage:
    return ProbePage(
        probe=ProbeView(probe, "series", f"Pick a colour. {text}", f"Be brief. {text}", ()),
        then=24,
        now=60,
        since=label(NOW - timedelta(days=2)),
        rounds=20,
        distributions=(
            Distribution("choice", "share", (text, "Red", "(other)"), (0.7, 0.2, 0.1), (0.4, 0.5, 0.1), 24, 60),
            Distribution(
                "length", "characters", ("3 to 5 characters", "6 to 9 characters"), (0.5, 0.5), (0.5, 0.5), 24, 60
            ),
        ),
        answers=(AnswerView(text, 17, 24), AnswerView("", 2, 1)),
        checks=(CheckView(f"equals({text})", 0.7, None), CheckView("is-json", 1.0, 0.98)),
        information=ProbeInformation(
            "series", probe, 3.0, False, (ChannelInformation("choice", 2.2, 0.04, 0.31),), 12.4, "faint"
        ),
    )


def reply_views(text: str = "Teal", count: int = 3) -> tuple[ReplyView, ...]:
    answered = [
        ReplyView(
            "series",
            "starter/colour",
            "Pick.",
            label(NOW - timedelta(hours=n)),
            NOW,
            0,
            text,
            None,
            "model-1",
            id=n + 1,
            endpoint="bot",
            checks="pass",
        )
        for n in range(count - 1)
    ]
    at = NOW - timedelta(hours=count)
    failed = ReplyView("series", "starter/colour", "Pick.", label(at), at, 1, None, "timeout", None, text, id=count)
    return (*answered, failed)


def map_of(text: str = "Teal", count: int = 9) -> EmbeddingMap:
    dots = [
        MapDot(Dot(n / 7, n % 3), label(NOW), "" if n < 5 else label(NOW), "set/probe", 0, text) for n in range(count)
    ]
    return EmbeddingMap(tuple(dots), 0.62)


def promise_view(endpoint: str, **given) -> PromiseView:
    standard = {"false_alarms_per_year": 1.0, "judged": 400, "promised": 0.8, "alarms": 2, "stayed": 1, "unclear": 0,
                "gone": 1, "false": 0, "chance": 0.55}  # fmt: skip
    return PromiseView(endpoint, **(standard | given))


def sign(worker: str = "host-1", **given) -> DaemonStatus:
    standard = {"started_at": NOW - timedelta(days=3), "seen_at": NOW, "stopped_at": None, "endpoints": ("a", "b")}
    return DaemonStatus(worker, **(standard | given))


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
                words="other answers in 32 % (was 2 %)" if since else "as before",
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
    standard = Change(
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
    return with_given(standard, **given)


def with_given(incident: Incident, **given) -> Incident:
    """The incident with these values; trouble, where they name such a kind."""
    if given.get("kind") in TROUBLES:
        kept = {field.name: getattr(incident, field.name, field.default) for field in fields(Trouble)}
        return Trouble(**kept | {name: value for name, value in given.items() if name in kept})
    return replace(incident, **given)


def notice_view(number: int = 3, **given) -> NoticeView:
    standard = {
        "event": "opened", "alerter": "slack", "state": "sent", "attempts": 1, "created_at": NOW, "next_try_at": NOW,
        "sent_at": NOW, "last_reason": "sent", "receipt": "C1/2",
    }  # fmt: skip
    return NoticeView(id=1, incident_id=number, **(standard | given))


def all_states() -> CannedStore:
    """One endpoint in each standing; `support-bot` has an open incident, `3`, and a closed one, `1`."""
    moved, still = history("support-bot", changed=34), history("search-ranker")
    growing = history("summariser")
    opened = incident(moved, 34)
    growing_now = tuple(
        replace(one, e_value=40.0, words="11 % shorter") if one.channel == "length" else one for one in growing[-3:]
    )
    return CannedStore(
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
        epoch_views={"support-bot": (EpochView(opened.onset, NOW, "ada", "we asked for it"),)},
        edit_views={"support-bot": (
            EditView("", "h1", "openai", "gpt-4o"), EditView(opened.detected_round, "h2", "openai", "gpt-4o-mini"),
        )},
        probe_pages=(probe_page(), probe_page("Owl", "starter/animal")),
        map=map_of(),
        promise_views=(promise_view("support-bot"), promise_view("search-ranker", gone=9, chance=0.0001),
                       promise_view("brand-new", judged=0, promised=0.0, alarms=0, stayed=0, gone=0, chance=1.0)),
        reply_views=reply_views(),
        **around(),
        signs_of_life=(sign(), sign("host-2", seen_at=NOW - timedelta(hours=2), endpoints=("c",))),
        unpriced={"down": "the list has no price of it"},
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
            ActionView(3, NOW - timedelta(hours=1), "acknowledge", "eve", "", "slack", None, "not_allowed"),
        ),
        notice_views=(notice_view(), notice_view(alerter="webhook", state="failed", attempts=9, sent_at=None,
                                                 last_reason="server_error")),
    )  # fmt: skip


def fleet(size: int = 100, channels: int = 9) -> CannedStore:
    """Many endpoints, all as pinned."""
    names = [f"team-{n:03d}/endpoint" for n in range(size)]
    made = {name: tuple(point(name, f"channel-{c}", 0, 1) for c in range(channels)) for name in names}
    return CannedStore(
        endpoint_views=tuple(endpoint_view(name, points) for name, points in made.items()),
        points=tuple(one for points in made.values() for one in points),
        round_views=tuple(one for name in names for one in rounds_every(name, 6, 3)),
    )


def hostile() -> CannedStore:
    """Every text that a model or a provider may choose is an attack."""
    points = tuple(replace(one, words=HOSTILE) for one in history("target", changed=36))
    opened = incident(points, 36, note=HOSTILE, actor=HOSTILE, state="acknowledged")
    return CannedStore(
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
        round_views=(*rounds_every("target", 6), round_view("target", 50, state="missed", reason=HOSTILE)),
        notice_views=(notice_view(last_reason=HOSTILE, channel=HOSTILE),),
        press_views=(ActionView(3, NOW, "mute", HOSTILE, HOSTILE, "slack", None, "muted"),),
        delivery_views=(DeliveryView("slack", HOSTILE, 1, 0, 0, 2, None, True, HOSTILE, NOW),),
        epoch_views={"target": (EpochView(opened.onset, NOW, HOSTILE, HOSTILE),)},
        edit_views={"target": (EditView("", "h", "openai", "m"), EditView(opened.onset, "h2", "openai", HOSTILE))},
        probe_pages=(probe_page(HOSTILE, HOSTILE),),
        map=map_of(HOSTILE),
        promise_views=(promise_view(HOSTILE, gone=9, chance=0.0),),
        reply_views=reply_views(HOSTILE),
        signs_of_life=(
            sign(HOSTILE, endpoints=(HOSTILE,)),
            sign(HOSTILE, seen_at=NOW - timedelta(days=1), endpoints=("x",)),
        ),
        unpriced={HOSTILE: HOSTILE},
        identity=HOSTILE,
        said=HOSTILE,
        **around(HOSTILE),
    )
