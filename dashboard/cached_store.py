"""Answers of the store, kept until it has newer ones. The only file here that opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Concatenate, ParamSpec, TypeVar, cast

import streamlit as st

from dashboard import formatting
from prober.model.allowance import AccountView
from prober.model.bill import Bill, start_of_last_month
from prober.model.errors import StoreError
from prober.model.incident import Incident, Measured
from prober.model.notice import Comparison, Notice, Part
from prober.model.retirement import Retiring
from prober.model.triage import Triage
from prober.model.version import Mark, Version
from prober.model.watch import DaemonStatus
from prober.settings import Settings
from prober.status.objectives import ObjectiveStatus, PromiseView, promises, stored_objectives
from prober.status.probe import Band, EmbeddingMap, ProbePage, embedding_map, judged_by_day, probe_page, reference_bands
from prober.status.quality import Compared, quality
from prober.status.retirement import retiring
from prober.status.samples import FeatureStatus, feature_statuses
from prober.status.strip import DayState, stored_strips
from prober.status.triage import default_since, triage, triage_of
from prober.store import Store, Transaction, daemons, judge_state, retention, versions, watches
from prober.store import daemons as stored_maintenance
from prober.store import incidents as stored_incidents
from prober.store import notices as stored_notices
from prober.store.bill import bills
from prober.store.export import log_lines
from prober.store.limits import accounts
from prober.store.pages import days, deliveries, over_time, overview
from prober.store.pages import probes as probes_page
from prober.store.pages import replies as stored_replies
from prober.store.pages.days import By, MonthView, TallyView
from prober.store.pages.notices import latest_notice_of
from prober.store.pages.over_time import ChannelDay, EditView, RoundLine
from prober.store.pages.present import present as stored_present
from prober.store.pages.probes import ProbeView
from prober.store.pages.replies import Found, Wanted
from prober.store.spending import budgets_in_use
from prober.store.views import (
    ActionView,
    BudgetView,
    ChannelPoint,
    DeliveryView,
    EndpointView,
    EpochView,
    MaintenanceView,
    NoticeView,
    ReplyView,
    RoundView,
)

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Given = ParamSpec("Given")


@dataclass(frozen=True, slots=True)
class CachedStore:
    """The store as it stood at one moment. Every method may raise StoreError."""

    store: Store
    url: str
    newest: str
    """What `watches.changes` said; the same words mean the same answers."""
    private: bool = False
    """Whether what was asked and answered is kept from whoever looks."""

    def endpoints(self) -> tuple[EndpointView, ...]:
        return self._each(formatting.endpoint, self._ask(overview.endpoints))

    def rounds(self, now: datetime) -> tuple[RoundView, ...]:
        """The newest rounds of every endpoint, without any that are due in the future."""
        return self._kept(
            lambda: self.store.query(overview.recent_rounds_of_each, now), "rounds", f"{now:%Y-%m-%dT%H:%M}"
        )

    def strips(self, now: datetime) -> Mapping[str, tuple[DayState, ...]]:
        """Name of an endpoint → the state of each of the last days, UTC."""
        today = now.astimezone(UTC).date()
        return self._ask(stored_strips, today)

    def channel_stretch(self, endpoint: str, channel: str, since: datetime | None) -> tuple[ChannelPoint, ...]:
        points = self._ask_of(endpoint, over_time.channel_stretch, endpoint, channel, since)
        return formatting.points(points) if self.private else points

    def channel_days(self, endpoint: str, since: datetime | None, *, hourly: bool) -> tuple[ChannelDay, ...]:
        return self._ask_of(endpoint, over_time.channel_days, endpoint, since, hourly=hourly)

    def prompt_edits(self, endpoint: str) -> tuple[Version, ...]:
        """Edits of the prompts that it is asked, oldest first."""

        def ask() -> tuple[Version, ...]:
            mine = {one.probe for one in self.store.query(probes_page.probes, endpoint)}
            found = self.store.query(versions.history)
            edited = (one for one in found if one.kind == "prompt" and one.number > 1 and one.name in mine)
            return tuple(sorted(edited, key=lambda one: one.at))

        return self._kept_of(endpoint, ask, "prompt edits")

    def bands(self, endpoint: str, channel: str) -> tuple[Band, ...]:
        """Where the rounds of the reference lay; one a probe set."""
        return self._ask_of(endpoint, reference_bands, endpoint, channel)

    def judged_by_day(self, endpoint: str) -> bool:
        """Whether a day is one step of the statistic."""
        return self._ask_of(endpoint, judged_by_day, endpoint)

    def lines(self, endpoint: str, since: datetime | None) -> tuple[RoundLine, ...]:
        return self._ask_of(endpoint, over_time.lines, endpoint, since)

    def edits(self, endpoint: str) -> tuple[EditView, ...]:
        return self._ask_of(endpoint, over_time.edits, endpoint)

    def embedding_map(self, endpoint: str) -> EmbeddingMap:
        found = self._ask_of(endpoint, embedding_map, endpoint)
        return formatting.embedding_map(found) if self.private else found

    def probes(self, endpoint: str) -> tuple[ProbeView, ...]:
        return self._each(formatting.probe, self._ask_of(endpoint, probes_page.probes, endpoint))

    def probe(self, endpoint: str, probe: str) -> ProbePage | None:
        found = self._ask_of(endpoint, probe_page, endpoint, probe)
        return formatting.probe_page(found) if found is not None and self.private else found

    def deleted(self, endpoint: str) -> str:
        """Which replies were deleted; empty where none were."""
        return self._ask_of(endpoint, retention.deleted_words, endpoint)

    def replies(self, endpoint: str, probe: str, before: str | None, limit: int) -> tuple[ReplyView, ...]:
        """Raw replies, a page of them, newest round first."""
        found = self._ask_of(endpoint, stored_replies.recent, endpoint, probe=probe, before=before, limit=limit)
        return self._each(formatting.reply, found)

    def search(self, wanted: Wanted, before: int | None) -> Found:
        """Replies that fit, a page of them. In privacy mode texts are not searched: hits would reveal what they say."""
        found = self._ask(stored_replies.search, replace(wanted, text="") if self.private else wanted, before)
        return replace(found, replies=self._each(formatting.reply, found.replies))

    def replies_by_id(self, ids: Sequence[int]) -> tuple[ReplyView, ...]:
        return self._each(formatting.reply, self._ask(stored_replies.by_id, ids))

    def replies_of_round(self, endpoint: str, label: str) -> tuple[ReplyView, ...]:
        return self._each(formatting.reply, self._ask_of(endpoint, stored_replies.of_round, endpoint, label))

    def labels(self, endpoint: str, since: datetime | None, until: datetime | None) -> Mapping[str, str]:
        """Of completed rounds, the newest first; and which probe set each asked."""
        return self._ask_of(endpoint, stored_replies.labels, endpoint, since, until)

    def log(self, endpoint: str, probe: str | None, since: datetime | None) -> Iterator[str]:
        """A reply log, line by line. Not kept: it may be long. Nothing of it in privacy mode."""
        if not self.private:
            yield from log_lines(self.store, endpoint, probe=probe, since=since)

    def tallies(self, by: By, since: date, until: date, *, daily: bool) -> tuple[TallyView, ...]:
        return self._ask(days.tallies, by, since, until, daily=daily)

    def month(self, by: By, now: datetime) -> tuple[MonthView, ...]:
        return self._kept(lambda: self.store.query(days.month, by, now), "month", by, f"{now:%Y-%m-%dT%H}")

    def budgets(self, now: datetime) -> tuple[BudgetView, ...]:
        """Every limit that is in use, the fullest first."""
        return self._kept(lambda: self.store.query(budgets_in_use, now), "budgets", f"{now:%Y-%m-%dT%H:%M}")

    def accounts(self, now: datetime) -> tuple[AccountView, ...]:
        """Limits of providers' accounts, the fullest first. Not kept: they change by the second."""
        return self.store.query(accounts, now)

    def bills(self, now: datetime) -> tuple[Bill, ...]:
        """What the team's own traffic costs."""
        return self._kept(lambda: self.store.query(bills, start_of_last_month(now)), "bills", f"{now:%Y-%m-%dT%H:%M}")

    def present(self) -> frozenset[str]:
        """Of which things there is anything to show."""
        return self._ask(stored_present)

    def quality(self, by: By, since: date, until: date) -> tuple[Compared, ...]:
        """The days in [since, until) against as many before."""
        return self._ask(quality, by, since, until)

    def objectives(self, now: datetime) -> tuple[ObjectiveStatus, ...]:
        return self._kept(lambda: self.store.query(stored_objectives, now), "objectives", f"{now:%Y-%m-%dT%H}")

    def all_marks(self) -> tuple[Mark, ...]:
        """Deploys, and what people know to be good; oldest first."""
        return self._ask(versions.marks)

    def versions(self) -> tuple[Version, ...]:
        """Contents that probes and endpoints have had; by name, oldest first."""
        return self._ask(versions.history)

    def retiring(self) -> tuple[Retiring, ...]:
        """Models that have a date, the nearest first."""
        return tuple(self._ask(retiring))

    def features(self) -> tuple[FeatureStatus, ...]:
        """Where the live samples of each feature stand."""
        return self._ask(feature_statuses)

    def triage_since(self, endpoint: str, since: datetime | None, now: datetime) -> tuple[datetime, Triage]:
        """What explains how the endpoint answers since then; by default since the first thing that is open."""

        def ask() -> tuple[datetime, Triage]:
            begun = since or self.store.query(default_since, endpoint, now)
            return begun, self.store.query(triage, endpoint, begun, now)

        return self._kept_of(endpoint, ask, "triage", _text(since), f"{now:%Y-%m-%dT%H}")

    def promises(self) -> tuple[PromiseView, ...]:
        return self._ask(promises)

    def missed(self) -> tuple[RoundView, ...]:
        """The newest rounds that were missed."""
        return self._ask(overview.recent_rounds, limit=100, state="missed")

    def daemon_statuses(self) -> tuple[DaemonStatus, ...]:
        """Heartbeats. Never cached: when they are new, nothing else has to be."""
        return self.store.query(daemons.statuses)

    def notice(self, incident_id: int, alerter: str) -> Notice | None:
        """The incident as an alerter would say it now."""
        return self._ask(latest_notice_of, incident_id, alerter, "")

    def epochs(self, endpoint: str) -> tuple[EpochView, ...]:
        return self._ask(judge_state.epochs, endpoint)

    def incidents(self, endpoint: str | None = None) -> tuple[Incident, ...]:
        return self._each(formatting.incident, self._ask(stored_incidents.recent, endpoint=endpoint))

    def open_incidents(self, endpoint: str | None = None) -> tuple[Incident, ...]:
        """All open incidents that people were notified of, the newest first."""
        found = (one for one in self._ask(stored_incidents.not_closed) if endpoint in (None, one.endpoint))
        return self._each(formatting.incident, sorted((one for one in found if one.is_live), key=lambda one: -one.id))

    def missed_objectives(self) -> tuple[Measured, ...]:
        """Open incidents of objectives."""
        return self._ask(stored_incidents.open_measured, "objective_missed")

    def incident(self, incident_id: int) -> Incident | None:
        found = self._ask(stored_incidents.get, incident_id)
        return formatting.incident(found) if found is not None and self.private else found

    def triage(self, incident: Incident, now: datetime) -> Triage | None:
        """What explains an incident; None where that cannot be said."""
        return self._kept(lambda: self.store.query(triage_of, incident, now), "triage", incident.id)

    def marks(self, since: datetime | None) -> tuple[Mark, ...]:
        """Deploys that people marked, oldest first."""
        found = self._ask(versions.marks, since=since)
        return tuple(one for one in found if one.kind == "deploy")

    def examples(self, incident: Incident) -> tuple[Comparison, ...]:
        return self._kept(
            lambda: self._each(formatting.comparison, self.store.query(stored_incidents.examples, incident)),
            "examples",
            incident.id,
        )

    def notices(self, incident_id: int) -> tuple[NoticeView, ...]:
        return self._ask(stored_notices.recent, incident_id)

    def presses(self, incident_id: int) -> tuple[ActionView, ...]:
        return self._ask(stored_incidents.actions, incident_id)

    def maintenance(self, now: datetime) -> tuple[MaintenanceView, ...]:
        return self._kept(
            lambda: self.store.query(stored_maintenance.not_over, now=now), "maintenance", f"{now:%Y-%m-%dT%H:%M}"
        )

    def deliveries(self) -> tuple[DeliveryView, ...]:
        return self._ask(deliveries.deliveries)

    def parts(self, incident: Incident) -> tuple[Part, ...]:
        return self._kept(lambda: self.store.query(stored_incidents.parts, incident), "parts", incident.id)

    def _each(self, hide: Callable[[Item], Item], found: Sequence[Item]) -> tuple[Item, ...]:
        return tuple(map(hide, found)) if self.private else tuple(found)

    def _ask(
        self, question: Callable[Concatenate[Transaction, Given], Answer], *given: Given.args, **more: Given.kwargs
    ) -> Answer:
        """What the store answers, kept until it has something newer."""
        return self._kept(lambda: self.store.query(question, *given, **more), _named(question, *given, **more))

    def _ask_of(
        self,
        endpoint: str,
        question: Callable[Concatenate[Transaction, Given], Answer],
        *given: Given.args,
        **more: Given.kwargs,
    ) -> Answer:
        """The same, kept until there is something newer of this endpoint."""
        said = _named(question, *given, **more)
        return self._kept_of(endpoint, lambda: self.store.query(question, *given, **more), said)

    def _kept_of(self, endpoint: str, ask: Callable[[], Answer], *question: str | int | None) -> Answer:
        """Kept until there is something newer of this endpoint."""
        newest = f"{self.store.query(watches.changes, endpoint)} {self.private}"
        return cast(Answer, _answer(self.url, newest, ascii((endpoint, *question)), ask))

    def _kept(self, ask: Callable[[], Answer], *question: str | int | None) -> Answer:
        return cast(Answer, _answer(self.url, f"{self.newest} {self.private}", ascii(question), ask))


def read(url: str | None = None) -> CachedStore:
    """A reading of the configured database, or of `url`. StoreError where there is none to read."""
    settings = Settings()
    url = url or settings.database_url
    store = _store(url)
    try:
        return CachedStore(store, url, store.query(watches.changes), settings.dashboard_private)
    except Exception:
        forget()  # it may have been replaced or upgraded under us: the next refresh opens it afresh
        raise


def present() -> frozenset[str]:
    """Of which things there is anything to show; nothing where the store cannot be read."""
    try:
        return read().present()
    except StoreError:
        return frozenset()


def forget() -> None:
    """Drops the open store and every kept answer."""
    _store.clear()
    _answer.clear()


@st.cache_resource(show_spinner=False)
def _store(url: str) -> Store:
    return Store.open(url, read_only=True)


# The answers are frozen, so sessions may share them: nothing is copied. A question is ASCII: names may be no Unicode.
@st.cache_resource(show_spinner=False, max_entries=256, ttl=900)
def _answer(url: str, newest: str, question: str, _ask: Callable[[], object]) -> object:
    return _ask()


def _named(question: Callable[..., object], *given: object, **more: object) -> str:
    return f"{question.__module__}.{question.__qualname__} {given} {more}"


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
