"""Answers of the store, kept until it has newer ones. The only file here that opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar, cast

import streamlit as st

from dashboard import privacy
from prober.incidents.daemons import DaemonStatus
from prober.model.incident import Incident
from prober.model.notice import Comparison, Notice, Part
from prober.settings import Settings
from prober.store import Store
from prober.store.as_log import log_line
from prober.store.pages.page_views import (
    By,
    EditView,
    EmbeddingMap,
    MonthView,
    ProbePage,
    ProbeView,
    PromiseView,
    RoundLine,
    TallyView,
)
from prober.store.pages.views import (
    ActionView,
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


@dataclass(frozen=True, slots=True)
class CachedStore:
    """The store as it stood at one moment. Every method may raise StoreError."""

    store: Store
    url: str
    newest: str
    """What `Store.newest` said; the same words mean the same answers."""
    private: bool = False
    """Whether what was asked and answered is kept from whoever looks."""

    def endpoints(self) -> tuple[EndpointView, ...]:
        return self._kept(lambda: self._each(privacy.endpoint, self.store.endpoints()), "endpoints")

    def rounds(self) -> tuple[RoundView, ...]:
        """The newest of every endpoint."""
        return self._kept(self.store.lately, "rounds")

    def channel_stretch(self, endpoint: str, channel: str, since: datetime | None) -> tuple[ChannelPoint, ...]:
        def ask() -> tuple[ChannelPoint, ...]:
            points = self.store.channel_stretch(endpoint, channel, since)
            return privacy.points(points) if self.private else points

        return self._kept_of(endpoint, ask, "stretch", channel, _text(since))

    def lines(self, endpoint: str, since: datetime | None) -> tuple[RoundLine, ...]:
        return self._kept_of(endpoint, lambda: self.store.lines(endpoint, since), "lines", _text(since))

    def edits(self, endpoint: str) -> tuple[EditView, ...]:
        return self._kept_of(endpoint, lambda: self.store.edits(endpoint), "edits")

    def embedding_map(self, endpoint: str) -> EmbeddingMap:
        def ask() -> EmbeddingMap:
            found = self.store.embedding_map(endpoint)
            return privacy.embedding_map(found) if self.private else found

        return self._kept_of(endpoint, ask, "map")

    def probes(self, endpoint: str) -> tuple[ProbeView, ...]:
        return self._kept_of(endpoint, lambda: self._each(privacy.probe, self.store.probes(endpoint)), "probes")

    def probe(self, endpoint: str, probe: str) -> ProbePage | None:
        def ask() -> ProbePage | None:
            found = self.store.probe(endpoint, probe)
            return privacy.probe_page(found) if found is not None and self.private else found

        return self._kept_of(endpoint, ask, "probe", probe)

    def replies(self, endpoint: str, probe: str, before: str | None, limit: int) -> tuple[ReplyView, ...]:
        """Raw replies, a page of them, newest round first."""
        return self._kept_of(
            endpoint,
            lambda: self._each(privacy.reply, self.store.replies(endpoint, probe=probe, before=before, limit=limit)),
            "replies",
            probe,
            before,
            limit,
        )

    def log(self, endpoint: str, probe: str | None, since: datetime | None) -> Iterator[str]:
        """A reply log, line by line. Not kept: it may be long. Nothing of it in privacy mode."""
        if not self.private:
            for stored in self.store.export(endpoint, probe=probe, since=since):
                yield f"{log_line(stored)}\n"

    def tallies(self, by: By, since: date, until: date, *, daily: bool) -> tuple[TallyView, ...]:
        return self._kept(
            lambda: self.store.tallies(by, since, until, daily=daily),
            "tallies",
            by,
            since.isoformat(),
            until.isoformat(),
            daily,
        )

    def month(self, by: By, now: datetime) -> tuple[MonthView, ...]:
        return self._kept(lambda: self.store.month(by, now), "month", by, f"{now:%Y-%m-%dT%H}")

    def promises(self) -> tuple[PromiseView, ...]:
        return self._kept(self.store.promises, "promises")

    def missed(self) -> tuple[RoundView, ...]:
        """The newest rounds that were missed."""
        return self._kept(lambda: self.store.rounds(limit=100, state="missed"), "missed")

    def daemon_statuses(self) -> tuple[DaemonStatus, ...]:
        """Signs of life. Never kept: nothing else need be newer when they are."""
        return self.store.daemon_statuses()

    def told(self, incident_id: int, alerter: str) -> Notice | None:
        """The incident as an alerter told it."""
        return self._kept(lambda: self.store.told(incident_id, alerter, ""), "told", incident_id, alerter)

    def epochs(self, endpoint: str) -> tuple[EpochView, ...]:
        return self._kept(lambda: self.store.epochs(endpoint), "epochs", endpoint)

    def incidents(self, endpoint: str | None = None) -> tuple[Incident, ...]:
        return self._kept(
            lambda: self._each(privacy.incident, self.store.incidents(endpoint=endpoint)), "incidents", endpoint
        )

    def incident(self, incident_id: int) -> Incident | None:
        def ask() -> Incident | None:
            found = self.store.incident(incident_id)
            return privacy.incident(found) if found is not None and self.private else found

        return self._kept(ask, "incident", incident_id)

    def examples(self, incident: Incident) -> tuple[Comparison, ...]:
        return self._kept(
            lambda: self._each(privacy.comparison, self.store.examples(incident)), "examples", incident.id
        )

    def notices(self, incident_id: int) -> tuple[NoticeView, ...]:
        return self._kept(lambda: self.store.notices(incident_id), "notices", incident_id)

    def presses(self, incident_id: int) -> tuple[ActionView, ...]:
        return self._kept(lambda: self.store.presses(incident_id), "presses", incident_id)

    def maintenance(self, now: datetime) -> tuple[MaintenanceView, ...]:
        return self._kept(lambda: self.store.maintenance(now=now), "maintenance", f"{now:%Y-%m-%dT%H:%M}")

    def deliveries(self) -> tuple[DeliveryView, ...]:
        return self._kept(self.store.deliveries, "deliveries")

    def parts(self, incident: Incident) -> tuple[Part, ...]:
        return self._kept(lambda: self.store.parts(incident), "parts", incident.id)

    def _each(self, hide: Callable[[Item], Item], found: Sequence[Item]) -> tuple[Item, ...]:
        return tuple(map(hide, found)) if self.private else tuple(found)

    def _kept_of(self, endpoint: str, ask: Callable[[], Answer], *question: str | int | None) -> Answer:
        """Kept until there is something newer of this endpoint."""
        newest = f"{self.store.newest(endpoint)} {self.private}"
        return cast(Answer, _answer(self.url, newest, ascii((endpoint, *question)), ask))

    def _kept(self, ask: Callable[[], Answer], *question: str | int | None) -> Answer:
        return cast(Answer, _answer(self.url, f"{self.newest} {self.private}", ascii(question), ask))


def read(url: str | None = None) -> CachedStore:
    """A reading of the configured database, or of `url`. StoreError where there is none to read."""
    settings = Settings()
    url = url or settings.database_url
    store = _store(url)
    try:
        return CachedStore(store, url, store.newest(), settings.dashboard_private)
    except Exception:
        forget()  # it may have been replaced or upgraded under us: the next refresh opens it afresh
        raise


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


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
