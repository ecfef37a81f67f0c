"""Where the service reads: the status as it is now, from a store that is opened read-only when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from prober.model.errors import StoreError
from prober.model.sample import SampleRules, Taken
from prober.model.version import Mark
from prober.service.act import mark
from prober.service.samples import accept_samples
from prober.status.objectives import ObjectiveStatus, stored_objectives
from prober.status.strip import DayState, stored_strips
from prober.status.system_status import SystemStatus, system_status
from prober.store import Store, watches

Answer = TypeVar("Answer")


class Source:
    """One database. Threads share it. A database that does not exist yet, or is gone for a while, is opened later."""

    def __init__(self, url: str, clock: Callable[[], datetime], rules: SampleRules | None = None) -> None:
        """`rules`: what of posted samples is kept; None: the defaults."""
        self._url = url
        self._rules = rules or SampleRules()
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._objectives: tuple[str, tuple[ObjectiveStatus, ...]] = ("", ())
        self.now = clock

    def status(self) -> SystemStatus:
        """Everything that is watched. Raises StoreError."""
        return self._read(lambda store: system_status(store, self.now()))

    def strips(self) -> Mapping[str, tuple[DayState, ...]]:
        """Name of an endpoint → the state of each of the last days. Raises StoreError."""
        return self._read(lambda store: store.query(stored_strips, self.now().astimezone(UTC).date()))

    def objectives(self) -> tuple[ObjectiveStatus, ...]:
        """Their status; read again when something was asked since. Raises StoreError."""

        def read(store: Store) -> tuple[str, tuple[ObjectiveStatus, ...]]:
            known = store.query(watches.changes)
            return self._objectives if known == self._objectives[0] else (
                known, store.query(stored_objectives, self.now())
            )  # fmt: skip

        self._objectives = self._read(read)
        return self._objectives[1]

    def mark(self, kind: str, what: str, ref: str, actor: str, note: str) -> Mark:
        """Record a mark. Raises StoreError, or ConfigurationError for what cannot be marked."""
        with Store.open(self._url) as store:
            return mark(store, kind, what, ref, actor, note, self.now())

    def accept_samples(
        self, lines: Sequence[Mapping[str, Any]], feature: str | None = None, source: str = "samples"
    ) -> Taken:
        """Take in live samples, as the rules say. Raises StoreError, or LogError, which names `source`, for
        what cannot be read."""
        with Store.open(self._url) as store:
            return accept_samples(store, lines, self._rules, self.now(), feature=feature, source=source)

    def close(self) -> None:
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def _read(self, question: Callable[[Store], Answer]) -> Answer:
        with self._lock:
            if self._store is None:
                self._store = Store.open(self._url, read_only=True)
            store = self._store
        try:
            return question(store)
        except StoreError:
            self.close()  # it may be another database by the next request
            raise
