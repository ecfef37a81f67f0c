"""Where rounds wait between being due and being asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from prober.daemon.due_times import Watched
from prober.store import Store, rounds
from prober.store.views import RoundView


class RoundQueue(Protocol):
    """Where rounds wait between being due and being asked. Every method may raise StoreError.

    `StoredQueue` keeps them in the store's tables. An engine such as Procrastinate can stand here instead.
    """

    def put(self, due: Sequence[tuple[Watched, datetime]], now: datetime) -> None:
        """The rounds of these moments wait to be asked. One that waits, is in progress or is over stays as it is. One
        that was passed over, or asked before the clock was set back, waits again."""
        ...

    def take(self, now: datetime, endpoint_hash: str | None = None) -> Sequence[RoundView]:
        """Rounds that nobody has claimed, of one endpoint or of all, oldest first. Whoever asks one still has to claim
        it."""
        ...

    def done(self, waiting: RoundView, reason: str, now: datetime) -> bool:
        """A round that was taken will not be asked; whether that is news."""
        ...

    def pass_over(self, watched: Watched, moments: Sequence[datetime], reason: str, now: datetime) -> int:
        """These moments passed without a round. Gives how many: what another daemon has, or had, stays as it is."""
        ...


class StoredQueue:
    """The queue in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, due: Sequence[tuple[Watched, datetime]], now: datetime) -> None:
        wanted = [(watched.endpoint, watched.probe_set.name, due_at) for watched, due_at in due]
        repeated = {}
        with self._store.write() as tx:
            for watched, _ in due:
                here = watched.endpoint.name, watched.probe_set.name
                if watched.asked_ahead is None:
                    watched.asked_ahead = rounds.newest_ahead(tx, *here, now)
                repeated[here] = watched.asked_ahead
            # Passed over while a clock was ahead, its moment has come all the same.
            rounds.make_due(tx, wanted, "misfire", repeated)

    def take(self, now: datetime, endpoint_hash: str | None = None) -> Sequence[RoundView]:
        return self._store.query(rounds.unfinished, now, endpoint_hash)

    def done(self, waiting: RoundView, reason: str, now: datetime) -> bool:
        return self._store.change(rounds.miss, waiting.id, reason, now)

    def pass_over(self, watched: Watched, moments: Sequence[datetime], reason: str, now: datetime) -> int:
        with self._store.write() as tx:
            return rounds.pass_over(tx, watched.endpoint, watched.probe_set.name, moments, reason, now)
