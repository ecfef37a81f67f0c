"""`Store`: every question and every change, each one transaction. What happens inside is in the rooms beside this."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import TracebackType

from prober.incidents.confirmation import Confirmation, Suspicion
from prober.incidents.daemons import DaemonStatus
from prober.incidents.routing import NOBODY, Routing
from prober.incidents.trouble import Health
from prober.judging.fleet import EndpointEvidence
from prober.model.declaration import Budget, Endpoint, Probe, ProbeSet
from prober.model.evidence import Judgement, Observation, Round
from prober.model.incident import Action, Decision, Event, Incident
from prober.model.notice import Comparison, Notice, Outcome, Part
from prober.model.reply import Spent
from prober.store import (
    acting,
    confirming,
    daemons,
    declared,
    examples,
    fleet,
    judging,
    notices,
    owing,
    rounds,
    spending,
    upkeep,
)
from prober.store.engine import Database
from prober.store.pages import days, deliveries, over_time, overview, probes, promises, readers
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
    RoundState,
    RoundView,
    StoredReply,
)
from prober.store.schema import prepare


class Store:
    """One database, opened. Safe to share by threads; any number of processes may open the same.

    Every method is one transaction, takes and gives timezone-aware times in UTC, and raises StoreError (with what to
    do) where the database cannot be used; then nothing of the transaction is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counting = threading.Lock()
        self._tokens: dict[int, int] = {}
        """Round → token of our claim. What proves, later, that nobody else has taken the round since."""

    @staticmethod
    def open(url: str, *, read_only: bool = False) -> Store:
        """Open, creating or migrating as needed; read-only, only look.

        `url` is SQLAlchemy's: `sqlite:///prober.db` (`?timeout=` seconds to wait for a lock, default 10) or
        `postgresql+psycopg://user@host/database`. Raises StoreError: unreachable, locked, full, of a newer version,
        not a prober database, or, read-only, not made yet.
        """
        database = Database(url, read_only=read_only)
        try:
            prepare(database, read_only=read_only)
        except BaseException:
            database.close()
            raise
        return Store(database)

    @property
    def where(self) -> str:
        """The database's URL, without its password."""
        return self._database.where

    def close(self) -> None:
        """Release the connections."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Declarations

    def remember(self, sets: Sequence[ProbeSet], endpoints: Sequence[Endpoint], now: datetime) -> None:
        """Keep names, prompts, owners and prices, so that readers need no files. Adds, refreshes, forgets nothing."""
        with self._database.write() as session:
            declared.remember(session, sets, endpoints, now)

    # Rounds

    def due(self, endpoint: Endpoint, probe_set: str, due_at: datetime, reopened: str = "") -> int:
        """Id of the round of this set on this endpoint at this time: made by the first call, found by every other.

        `reopened`: the reason with which it may have been missed before its time, and is due all the same.
        """
        with self._database.write() as session:
            return rounds.due(session, endpoint, probe_set, due_at, reopened)

    def claim(self, round_id: int, worker: str, now: datetime, lease_s: float) -> RoundView | None:
        """Take a round in hand for `lease_s` seconds, and with it the endpoint.

        None when it is finished, someone has it, or another round of the same endpoint is in hand: one round an
        endpoint at a time. The first claim gives the label; a later one keeps it, unless a later round of the
        endpoint was completed in between: labels grow in the order of judging. The claim outlives its lease until
        somebody else takes the endpoint.
        """
        with self._database.write() as session:
            claimed = rounds.claim(session, round_id, worker, now, lease_s)
            if claimed is None:
                session.rollback()
                return None
        view, token = claimed
        with self._counting:
            # Tokens grow. A thread that was slow to get here must not hide the later claim of another.
            self._tokens[round_id] = max(token, self._tokens.get(round_id, token))
        return view

    def record(self, round_id: int, observations: Observation | Sequence[Observation], now: datetime) -> None:
        """Keep replies of a round we claimed. The first for a (round, series, sample) stays, any other is ignored.

        Raises ClaimLost where the round is not in this Store's hands any more.
        """
        some = [observations] if isinstance(observations, Observation) else observations
        with self._database.write() as session:
            rounds.record(session, round_id, some, self._tokens.get(round_id))

    def take_fingerprints(self, round_id: int, observations: Sequence[Observation]) -> None:
        """Keep the fingerprints of replies that were recorded before. Raises ClaimLost."""
        with self._database.write() as session:
            rounds.take_fingerprints(session, round_id, observations, self._tokens.get(round_id))

    def renew(self, round_id: int, now: datetime, lease_s: float) -> None:
        """Our claim holds for `lease_s` seconds from now on. Raises ClaimLost where the round is not in our hands."""
        with self._database.write() as session:
            rounds.renew(session, round_id, now, lease_s, self._tokens.get(round_id))

    def recorded(self, round_id: int) -> tuple[Observation, ...]:
        """What a round holds so far, as recorded: what is left to ask after a kill is the rest."""
        with self._database.read() as session:
            return rounds.recorded(session, round_id)

    def miss(
        self,
        round_id: int,
        reason: str,
        now: datetime,
        *,
        ours: bool = True,
        trouble: Decision | None = None,
        routing: Routing = NOBODY,
    ) -> None:
        """The round will not be completed, and why; with it the trouble that shows. Its replies stay; they are never
        judged.

        Whoever asks the round may give it up. Anybody else says that it is not `ours`: threads of one process share a
        Store, and with it the claim. Raises ClaimLost while another holds it under a live lease, StoreError when it is
        completed.
        """
        with self._database.write() as session:
            rounds.miss(session, round_id, reason, now, self._tokens.get(round_id) if ours else None)
            judging.note_trouble(session, trouble, routing, now)
        self._tokens.pop(round_id, None)

    def unfinished(self, now: datetime) -> tuple[RoundView, ...]:
        """Rounds that wait for someone: due, or claimed under a lease that ran out. Oldest first."""
        with self._database.read() as session:
            return rounds.unfinished(session, now)

    def spent(self, endpoint: str, now: datetime) -> Spent:
        """By an endpoint, on the UTC day of `now`."""
        with self._database.read() as session:
            return spending.spent(session, endpoint, now)

    def reserve(self, endpoint: str, budget: Budget, tokens: Sequence[int], now: datetime) -> tuple[int, Spent]:
        """Book asks that may cost so many tokens each, as far as the day's budget goes: how many, and what is spent."""
        with self._database.write() as session:
            return spending.reserve(session, endpoint, budget, tokens, now)

    def give_back(self, endpoint: str, day: str, asks: int, tokens: int) -> None:
        """What was booked on that day and not used."""
        with self._database.write() as session:
            spending.give_back(session, endpoint, day, asks, tokens)

    def newest_replies(self, endpoint_hash: str) -> tuple[Observation, ...]:
        """Those of the newest completed round of an endpoint."""
        with self._database.read() as session:
            return spending.newest_replies(session, endpoint_hash)

    # Judging

    def memory(self, endpoint_hash: str) -> str | None:
        """The judge's state, as `settle` was given it in the current epoch; None before the first."""
        with self._database.read() as session:
            return judging.memory(session, endpoint_hash)

    def history(self, endpoint_hash: str, series: Collection[str]) -> tuple[Round, ...]:
        """Completed rounds of the current epoch in label order, with the observations of these series only.

        Rounds without any are left out.
        """
        with self._database.read() as session:
            return judging.history(session, endpoint_hash, series)

    def suspicion(self, endpoint_hash: str, probe_set: str, midnight: datetime) -> Suspicion:
        """What was asked of the present suspicion so far, and of this probe set since midnight."""
        with self._database.read() as session:
            return confirming.suspicion(session, endpoint_hash, probe_set, midnight)

    def peers(self, endpoint_hash: str) -> tuple[EndpointEvidence, ...]:
        """How the other endpoints of the same provider stood after their newest judged round; by name."""
        with self._database.read() as session:
            return fleet.peers(session, endpoint_hash)

    def period(self, endpoint_hash: str) -> timedelta:
        """Between scheduled rounds of an endpoint, as they came lately."""
        with self._database.read() as session:
            return fleet.period(session, endpoint_hash)

    def parts(self, incident: Incident) -> tuple[Part, ...]:
        """The other endpoints of the event that an incident belongs to."""
        with self._database.read() as session:
            return fleet.parts(session, incident)

    def open_incident(self, endpoint_hash: str) -> Incident | None:
        """The change that is not closed, also where it is only suspected. An endpoint has at most one."""
        with self._database.read() as session:
            return acting.standing(session, endpoint_hash)

    def open_trouble(self, endpoint_hash: str) -> Incident | None:
        """Why an endpoint cannot be asked; None where it can. An endpoint has at most one."""
        with self._database.read() as session:
            return acting.standing(session, endpoint_hash, trouble=True)

    def health(self, round_id: int) -> tuple[Health, ...]:
        """How the asks of the newest rounds of an endpoint went, up to and with this one; oldest first."""
        with self._database.read() as session:
            return judging.health(session, round_id)

    def busy_until(self, endpoint: str, now: datetime) -> datetime | None:
        """The end of the work on an endpoint that was announced by command and goes on now."""
        with self._database.read() as session:
            return owing.busy_until(session, endpoint, now)

    def settle(
        self,
        round_id: int,
        judgement: Judgement,
        memory: str | None,
        decision: Decision,
        routing: Routing,
        now: datetime,
        confirmation: Confirmation | None = None,
        trouble: Decision | None = None,
    ) -> Incident | None:
        """Complete a round we claimed: judgement, memory, incident, trouble and owed notices, at once or not at all.

        `memory` None forgets what was there, `confirmation` None leaves the suspicion as it is. Gives the incident as
        stored. Raises ClaimLost where the round is not in this Store's hands any more, so that nothing is judged twice,
        nor against a reference replaced meanwhile.
        """
        with self._database.write() as session:
            incident = judging.settle(
                session,
                round_id,
                judgement,
                memory,
                decision,
                routing,
                now,
                self._tokens.get(round_id),
                confirmation,
                trouble,
            )
        self._tokens.pop(round_id, None)
        return incident

    def take_in(
        self,
        endpoint: Endpoint,
        probe_set: str,
        round_: Round,
        probes: Mapping[str, Probe],
        judgement: Judgement,
        memory: str,
        decision: Decision,
    ) -> bool:
        """Keep a round that was asked elsewhere, judged, at once or not at all; False where it is here already.

        `round_.at` is its due time and gives its label; `probes` says what is asked in each series. Nobody is owed a
        notice. Raises StoreError where the endpoint has a later round: rounds are judged in order.
        """
        with self._database.write() as session:
            return judging.take_in(session, endpoint, probe_set, round_, probes, judgement, memory, decision)

    def carry_out(self, decision: Decision, routing: Routing, now: datetime) -> Incident:
        """What was decided about an incident: the incident, owed notices, and a new epoch where there is one.

        A new epoch drops the judge's memory, history starts at its label, and a round in hand is taken from its
        holder, to be judged anew. Raises StoreError when the incident is closed already.
        """
        with self._database.write() as session:
            return acting.carry_out(session, decision, routing, now)

    def press(
        self, incident_id: int, press: Action, routing: Routing, now: datetime
    ) -> tuple[Incident, Decision] | None:
        """What a person does to an incident: read, decided and written at once, and kept with its author.

        Gives the incident as it is afterwards, and the decision with its reason: a press that comes too late changes
        nothing and raises nothing. None where there is no such incident.
        """
        with self._database.write() as session:
            incident, decision = acting.act(session, incident_id, press, routing, now)
        return None if incident is None or decision is None else (incident, decision)

    def presses(self, incident_id: int | None = None, limit: int = 200) -> tuple[ActionView, ...]:
        """Newest first."""
        with self._database.read() as session:
            return readers.presses(session, incident_id, limit)

    def begin_anew(self, endpoint: str, author: str, note: str, routing: Routing, now: datetime) -> EpochView:
        """A new epoch of an endpoint as declared last, of the rounds to come; its open incident closes, and is told.

        As with every new epoch the judge's memory is dropped, and a round in hand is taken from its holder. Raises
        StoreError where there is no such endpoint.
        """
        with self._database.write() as session:
            endpoint_hash = declared.current(session, endpoint)
            start = acting.begin_anew(session, endpoint, endpoint_hash, author, note, routing, now)
        return EpochView(start_label=start, at=now, author=author, note=note)

    # What time brings

    def pass_time(self, routing: Routing, now: datetime) -> tuple[Decision, ...]:
        """Mutes that end, reminders that are due, incidents of endpoints that were edited, and digests: each written
        down with its notices, in a transaction of its own. Gives what was done to incidents."""
        with self._database.read() as session:
            due = upkeep.due(session, routing.alerts.reminders, now)
            has_digest = upkeep.has_digest(session, now)
        done = []
        for incident_id in due:
            with self._database.write() as session:
                done.append(upkeep.pass_one(session, incident_id, routing, now))
        if has_digest:
            with self._database.write() as session:
                upkeep.gather_digests(session, now)
        return tuple(decision for decision in done if decision is not None)

    def check_freshness(
        self, endpoint: Endpoint, since: datetime, deadline: datetime, routing: Routing, now: datetime
    ) -> Decision:
        """Whether an endpoint has gone stale or is fresh again; told once each. `since`: from when on it is watched,
        `deadline`: the moment since which no completed round makes it stale."""
        about = (endpoint.name, endpoint.content_hash, since, deadline)
        with self._database.read() as session:
            if upkeep.freshness_of(session, endpoint.content_hash, since, deadline).event is None:
                return Decision("nothing_due")
        with self._database.write() as session:
            return upkeep.check_freshness(session, *about, routing, now)

    def announce(self, endpoint: str, until: datetime, author: str, note: str, now: datetime) -> MaintenanceView:
        """Work on an endpoint from now on: nothing opens, nobody is woken, rounds go on. Raises StoreError where the
        store does not know it."""
        with self._database.write() as session:
            declared.current(session, endpoint)
            return upkeep.announce(session, endpoint, until, author, note, now)

    def end_maintenance(self, endpoint: str, now: datetime) -> int:
        """The work announced by command is over; notices that waited for its end wait no longer. Gives how many."""
        with self._database.write() as session:
            return upkeep.end_maintenance(session, endpoint, now)

    def maintenance(self, endpoint: str | None = None, *, now: datetime) -> tuple[MaintenanceView, ...]:
        """Work announced by command that is not over, the earliest first."""
        with self._database.read() as session:
            return readers.maintenance(session, endpoint, now)

    # Notices

    def owe(
        self,
        event: Event,
        routing: Routing,
        now: datetime,
        *,
        endpoint: str = "",
        cause: str = "",
        reason: str = "",
    ) -> int:
        """News that is about no incident: of an endpoint, or without one of the prober itself. Gives how many notices
        are owed."""
        with self._database.write() as session:
            return owing.owe_news(session, event, endpoint, cause, reason, routing, now)

    def claim_notice(self, now: datetime, lease_s: float, dashboard_url: str) -> Notice | None:
        """The oldest notice whose time has come, ours for `lease_s` seconds; None when there is none."""
        with self._database.write() as session:
            notice_id = notices.claim_notice(session, now, lease_s)
        if notice_id is None:
            return None
        with self._database.read() as session:
            return notices.notice(session, notice_id, dashboard_url)

    def told(self, incident_id: int, alerter: str, dashboard_url: str) -> Notice | None:
        """An incident as the newest notice of one alerter would say it now; None where that told nobody of it."""
        with self._database.read() as session:
            return notices.latest(session, incident_id, alerter, dashboard_url)

    def settle_notice(self, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
        """Sent; or owed again at `retry_at`; or, where that is None, failed for good."""
        with self._database.write() as session:
            notices.settle_notice(session, notice_id, outcome, retry_at, now)

    def deliveries(self) -> tuple[DeliveryView, ...]:
        """How messages fare, by alerter and channel."""
        with self._database.read() as session:
            return deliveries.deliveries(session)

    # Daemons

    def beat(self, worker: str, endpoints: Collection[str], routing: Routing, now: datetime) -> None:
        """A sign of life of a daemon that watches these endpoints.

        Where another has fallen silent people are owed the news, once; and again when its work goes on.
        """
        with self._database.write() as session:
            daemons.beat(session, worker, endpoints, routing, now)

    def miss_daemons(self, routing: Routing, now: datetime) -> int:
        """Owe people the news of daemons that have fallen silent, once. Gives how many notices are owed."""
        with self._database.write() as session:
            return daemons.miss(session, routing, now)

    def end_daemon(self, worker: str, now: datetime) -> None:
        """A daemon ends in order: nobody misses it."""
        with self._database.write() as session:
            daemons.stop(session, worker, now)

    def daemon_statuses(self) -> tuple[DaemonStatus, ...]:
        """The last sign of life of every daemon that may still be missed."""
        with self._database.read() as session:
            return daemons.daemon_statuses(session)

    # Readers

    def endpoints(self) -> tuple[EndpointView, ...]:
        """Every endpoint as declared last, now; by name."""
        with self._database.read() as session:
            return overview.endpoints(session)

    def channel_history(self, endpoint: str, channel: str | None = None, limit: int = 2000) -> tuple[ChannelPoint, ...]:
        """Channels over time, of the newest `limit` completed rounds; oldest first."""
        with self._database.read() as session:
            return readers.channel_history(session, endpoint, channel, limit)

    def channel_stretch(
        self, endpoint: str, channel: str, since: datetime | None = None, until: datetime | None = None, most: int = 400
    ) -> tuple[ChannelPoint, ...]:
        """One channel in the rounds begun in [since, until), oldest first. Where these are more than `most`, of as many
        equal stretches each the round with the most evidence, and the newest."""
        with self._database.read() as session:
            return over_time.channel_stretch(session, endpoint, channel, since, until, most)

    def lines(
        self, endpoint: str, since: datetime | None = None, until: datetime | None = None, most: int = 400
    ) -> tuple[RoundLine, ...]:
        """Who answered, how many asks failed and how long answers took, round by round, oldest first. Where the rounds
        are more than `most`, of as many equal stretches each the one with the most failures, and the newest."""
        with self._database.read() as session:
            return over_time.lines(session, endpoint, since, until, most)

    def edits(self, endpoint: str) -> tuple[EditView, ...]:
        """What the name of an endpoint has meant, and from which round on; oldest first."""
        with self._database.read() as session:
            return over_time.edits(session, endpoint)

    def tallies(
        self, by: By, since: date, until: date, *, daily: bool = True, endpoint: str | None = None
    ) -> tuple[TallyView, ...]:
        """What was asked, came back and cost on the UTC days in [since, until), by day and key; or by key alone."""
        with self._database.read() as session:
            return days.tallies(session, by, since, until, daily=daily, endpoint=endpoint)

    def month(self, by: By, now: datetime) -> tuple[MonthView, ...]:
        """What the month of `now` cost so far, and comes to at the present rate; by key."""
        with self._database.read() as session:
            return days.month(session, by, now)

    def probes(self, endpoint: str) -> tuple[ProbeView, ...]:
        """What an endpoint was asked in its newest rounds, by name."""
        with self._database.read() as session:
            return probes.probes(session, endpoint)

    def probe(self, endpoint: str, probe: str) -> ProbePage | None:
        """One probe then and now; None where the newest rounds asked no such probe."""
        with self._database.read() as session:
            return probes.page(session, endpoint, probe)

    def embedding_map(self, endpoint: str, probe: str | None = None, most: int = 300) -> EmbeddingMap:
        """Replies to one probe, or to all, in the plane in which they differ most; about `most` of them."""
        with self._database.read() as session:
            return probes.embedding_map(session, endpoint, probe, most)

    def promises(self) -> tuple[PromiseView, ...]:
        """What was promised of every endpoint, and what happened; by name."""
        with self._database.read() as session:
            return promises.promises(session)

    def epochs(self, endpoint: str) -> tuple[EpochView, ...]:
        """Where references started anew, oldest first; the first epoch, from the beginning, is not listed."""
        with self._database.read() as session:
            return readers.epochs(session, endpoint)

    def incidents(
        self, *, endpoint: str | None = None, state: str | None = None, limit: int = 200
    ) -> tuple[Incident, ...]:
        """Newest first."""
        with self._database.read() as session:
            return readers.incidents(session, endpoint, state, limit)

    def incident(self, incident_id: int) -> Incident | None:
        """None where there is no such incident."""
        with self._database.read() as session:
            return readers.incident(session, incident_id)

    def examples(self, incident: Incident, limit: int = 5) -> tuple[Comparison, ...]:
        """Replies that show it best, the most telling first and each of another probe: of the answers that became rarer
        the commonest, beside the commonest of those that grew."""
        with self._database.read() as session:
            return examples.examples(session, incident, limit)

    def replies(
        self, endpoint: str, *, probe: str | None = None, before: str | None = None, limit: int = 100
    ) -> tuple[ReplyView, ...]:
        """Newest round first, in whole rounds up to `limit` replies (one round at least); `before` a label goes on."""
        with self._database.read() as session:
            return readers.replies(session, endpoint, probe, before, limit)

    def rounds(
        self, endpoint: str | None = None, limit: int = 200, *, state: RoundState | None = None
    ) -> tuple[RoundView, ...]:
        """By the time they were due, newest first."""
        with self._database.read() as session:
            return readers.rounds(session, endpoint, state, limit)

    def lately(self, each: int = 40) -> tuple[RoundView, ...]:
        """The newest rounds of every endpoint as declared last, at most `each`; by when they were due, newest first."""
        with self._database.read() as session:
            return readers.lately(session, each)

    def notices(self, incident_id: int | None = None, limit: int = 200) -> tuple[NoticeView, ...]:
        """Newest first."""
        with self._database.read() as session:
            return readers.notices(session, incident_id, limit)

    def export(
        self,
        endpoint: str | None = None,
        *,
        probe: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[StoredReply]:
        """Every reply of completed rounds begun in [since, until), in label order, one round in memory at a time."""
        with self._database.read() as session:
            completed = readers.completed(session, endpoint, since, until)
        for round_id, label, name in completed:
            with self._database.read() as session:
                replies = tuple(readers.stored_replies(session, round_id, label, name, probe))
            yield from replies

    def newest(self, endpoint: str | None = None) -> str:
        """Changes whenever a reader's answer may have changed, about this endpoint where one is named; cheap enough to
        ask every second. Signs of life are no part of it: they come every minute."""
        with self._database.read() as session:
            return readers.newest(session, endpoint)
