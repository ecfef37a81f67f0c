"""Answers of the store, kept until it has newer ones. The only file here that opens it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import streamlit as st

from dashboard import privacy
from prober.incidents import Incident
from prober.notice import Comparison, Part
from prober.settings import Settings
from prober.store import Store
from prober.store.views import ChannelPoint, DeliveryView, EndpointView, EpochView, NoticeView, PressView, RoundView

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Reading:
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
        return self._kept(lambda: self.store.rounds(limit=2000), "rounds")

    def channel_history(self, endpoint: str, channel: str) -> tuple[ChannelPoint, ...]:
        def ask() -> tuple[ChannelPoint, ...]:
            points = self.store.channel_history(endpoint, channel)
            return privacy.points(points) if self.private else points

        return self._kept(ask, "history", endpoint, channel)

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

    def presses(self, incident_id: int) -> tuple[PressView, ...]:
        return self._kept(lambda: self.store.presses(incident_id), "presses", incident_id)

    def deliveries(self) -> tuple[DeliveryView, ...]:
        return self._kept(self.store.deliveries, "deliveries")

    def parts(self, incident: Incident) -> tuple[Part, ...]:
        return self._kept(lambda: self.store.parts(incident), "parts", incident.id)

    def seconds(self, rounds: tuple[int, ...]) -> tuple[float, ...]:
        """How long each answer took that came back in these rounds, by their ids."""
        return self._kept(
            lambda: tuple(
                one.reply.latency_s
                for round_id in rounds
                for one in self.store.recorded(round_id)
                if one.reply.error is None and one.reply.latency_s is not None
            ),
            "seconds",
            *rounds,
        )

    def _each(self, hide: Callable[[Item], Item], found: Sequence[Item]) -> tuple[Item, ...]:
        return tuple(map(hide, found)) if self.private else tuple(found)

    def _kept(self, ask: Callable[[], Answer], *question: str | int | None) -> Answer:
        return cast(Answer, _answer(self.url, f"{self.newest} {self.private}", question, ask))


def read(url: str | None = None) -> Reading:
    """A reading of the configured database, or of `url`. StoreError where there is none to read."""
    settings = Settings()
    url = url or settings.database_url
    store = _store(url)
    try:
        return Reading(store, url, store.newest(), settings.dashboard_private)
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


# The answers are frozen, so sessions may share them: nothing is copied.
@st.cache_resource(show_spinner=False, max_entries=64, ttl=900)
def _answer(url: str, newest: str, question: tuple[str | int | None, ...], _ask: Callable[[], object]) -> object:
    return _ask()
