"""Answers of the store, kept until it has newer ones. The only file here that opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import streamlit as st

from prober.incidents import Incident
from prober.notice import Comparison, Part
from prober.settings import Settings
from prober.store import Store
from prober.store.views import ChannelPoint, DeliveryView, EndpointView, EpochView, NoticeView, RoundView

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Reading:
    """The store as it stood at one moment. Every method may raise StoreError."""

    store: Store
    url: str
    newest: str
    """What `Store.newest` said; the same words mean the same answers."""

    def endpoints(self) -> tuple[EndpointView, ...]:
        return self._kept(self.store.endpoints)

    def rounds(self) -> tuple[RoundView, ...]:
        return self._kept(lambda: self.store.rounds(limit=2000), "rounds")

    def channel_history(self, endpoint: str, channel: str) -> tuple[ChannelPoint, ...]:
        return self._kept(lambda: self.store.channel_history(endpoint, channel), "history", endpoint, channel)

    def epochs(self, endpoint: str) -> tuple[EpochView, ...]:
        return self._kept(lambda: self.store.epochs(endpoint), "epochs", endpoint)

    def incidents(self, endpoint: str | None = None) -> tuple[Incident, ...]:
        return self._kept(lambda: self.store.incidents(endpoint=endpoint), "incidents", endpoint)

    def incident(self, incident_id: int) -> Incident | None:
        return self._kept(lambda: self.store.incident(incident_id), "incident", incident_id)

    def examples(self, incident: Incident) -> tuple[Comparison, ...]:
        return self._kept(lambda: self.store.examples(incident), "examples", incident.id)

    def notices(self, incident_id: int) -> tuple[NoticeView, ...]:
        return self._kept(lambda: self.store.notices(incident_id), "notices", incident_id)

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

    def _kept(self, ask: Callable[[], Answer], *question: str | int | None) -> Answer:
        return cast(Answer, _answer(self.url, self.newest, question or ("endpoints",), ask))


def read(url: str | None = None) -> Reading:
    """A reading of the configured database, or of `url`. StoreError where there is none to read."""
    url = url or Settings().database_url
    store = _store(url)
    try:
        return Reading(store, url, store.newest())
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
