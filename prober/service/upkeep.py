"""What time brings: mutes that end, reminders, digests, stale and edited endpoints, silent daemons, old replies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prober.incidents.clock import attendance, freshness, pass_time, replaced, unwatched
from prober.incidents.routing import Routing
from prober.judging.memory import decode
from prober.model.decision import Decision
from prober.model.declaration import Endpoint
from prober.model.incident import Change, Incident, Measured
from prober.model.watch import CLOCK_SLACK, NEWS_AFTER, SILENT_AFTER
from prober.service.decisions import alarmed_at, carry_out, locked, notify_of_no_incident, subject_of
from prober.store import (
    Store,
    Transaction,
    daemons,
    declared,
    incidents,
    judge_state,
    notices,
    notified,
    retention,
    spending,
    watches,
)
from prober.store.retention import Needed
from prober.text import count


def look_at_incidents(store: Store, routing: Routing, now: datetime) -> tuple[Decision, ...]:
    """Mutes that end, reminders and escalations that are due, incidents of endpoints that were edited, and digests:
    each in a transaction of its own. Gives what was decided about incidents."""
    with store.read() as tx:
        waiting = [one for one in incidents.not_closed(tx) if _decide(tx, one, routing, now).reason != "nothing_due"]
        has_digest = notices.has_digest(tx, now)
    done = [_look_at_one(store, one, routing, now) for one in waiting]
    if has_digest:
        store.change(notices.gather_digests, now)
    return tuple(decision for decision in done if decision is not None)


def _look_at_one(store: Store, seen: Incident, routing: Routing, now: datetime) -> Decision | None:
    """What was decided about one incident; None where somebody was quicker."""
    with locked(store, seen.endpoint_hash) as tx:
        incident = incidents.get(tx, seen.id)
        if incident is None or incident.state == "closed":
            return None
        decision = _decide(tx, incident, routing, now)
        if decision.reason == "nothing_due":
            return None
        carry_out(tx, decision, routing, now)
    return decision


def _decide(tx: Transaction, incident: Incident, routing: Routing, now: datetime) -> Decision:
    outlives = isinstance(incident, Measured) and not incident.is_of_content
    is_old = not outlives and not declared.is_current(tx, incident.endpoint_hash)
    if is_old and declared.is_declared(tx, incident.endpoint):
        return replaced(incident, now)
    alerts = routing.alerts
    waits = incident.state == "open" and incident.part_of is None
    since = alarmed_at(tx, incident) if waits else None
    decision = pass_time(incident, alerts.reminders, now, incidents.muted_for(tx, incident), since)
    may_escalate = waits and decision.reason == "nothing_due" and any(route.after for route in alerts.routes)
    if may_escalate and routing.escalates(subject_of(tx, incident, "unacknowledged", now), now):
        return Decision("not_acknowledged", incident, event="unacknowledged")
    return decision


def owe_weekly_report(store: Store, routing: Routing, now: datetime) -> int:
    """Owe the weekly report that is due, once, however many daemons look. Gives how many notices are owed."""
    found = routing.weekly_report(now)
    if found is None or store.query(_has_report, found[0], now):
        return 0
    due, owed = found
    with store.write() as tx:
        watches.mark_changed(tx, None)  # who writes it has every endpoint's lock, so others wait here, and then see it
        if _has_report(tx, due, now):
            return 0
        for one in owed:
            notices.add(tx, one, "weekly_report", "info", "weekly_report", now, private=one.private)
    return len(owed)


def _has_report(tx: Transaction, due: datetime, now: datetime) -> bool:
    # A day earlier, so that moving the hour on that very day sends no second report.
    return notified.is_owed_since(tx, "weekly_report", due - timedelta(days=1), now)


def may_be_news(store: Store, watched: Mapping[str, tuple[datetime, datetime]], now: datetime) -> frozenset[str]:
    """Which of these endpoints `check_freshness` may have news of, by a few questions about all of them together.

    `watched`: content of an endpoint → (since, deadline).
    """
    with store.read() as tx:
        troubled, known = incidents.not_asked(tx), judge_state.freshness(tx)
    return frozenset(
        key
        for key, (since, deadline) in watched.items()
        if key not in troubled and _is_fresh(*known.get(key, (None, None)), since, deadline, now).event is not None
    )


def check_freshness(
    store: Store, endpoint: Endpoint, since: datetime, deadline: datetime, routing: Routing, now: datetime
) -> Decision:
    """Whether an endpoint has gone stale or is fresh again; people are notified once of each.

    `since`: from when on it is watched. `deadline`: the moment since which no completed round makes it stale.
    """
    key = endpoint.content_hash
    if store.query(_freshness, key, since, deadline, now).event is None:
        return Decision("nothing_due")
    with locked(store, key) as tx:
        decision = _freshness(tx, key, since, deadline, now)  # read again: another daemon may have been quicker
        if decision.event is None:
            return decision
        is_stale = decision.event == "stale"
        watches.set_stale_since(tx, key, now if is_stale else None)
        newest = judge_state.newest_completed_at(tx, key)
        last = f"the last one {newest:%Y-%m-%d %H:%M} UTC" if newest else "none yet"
        overdue = f"no completed round in {routing.alerts.stale_after} schedules; {last}"
        notify_of_no_incident(
            tx,
            decision.event,
            routing,
            now,
            endpoint=endpoint.name,
            cause=overdue if is_stale else "rounds complete",
            reason=decision.reason,
        )
    return decision


def _freshness(tx: Transaction, endpoint_hash: str, since: datetime, deadline: datetime, now: datetime) -> Decision:
    if endpoint_hash in incidents.not_asked(tx):
        return Decision("inhibited")  # people know already why no rounds come
    stale_since, newest = watches.stale_since(tx, endpoint_hash), judge_state.newest_completed_at(tx, endpoint_hash)
    return _is_fresh(stale_since, newest, since, deadline, now)


def _is_fresh(
    stale_since: datetime | None, newest: datetime | None, since: datetime, deadline: datetime, now: datetime
) -> Decision:
    known = newest is not None and newest <= now + CLOCK_SLACK  # else it was completed while a clock was ahead
    completed = newest if newest and known else datetime.min.replace(tzinfo=UTC)
    # Only a completed round makes it fresh: not a daemon that was started again, nor an edited schedule.
    return freshness(stale_since is not None, completed if stale_since else max(since, completed), deadline)


def beat(
    store: Store,
    worker: str,
    endpoints: Collection[str],
    routing: Routing,
    now: datetime,
    file_problems: Sequence[str] = (),
    *,
    goes_on: bool = False,
    active: Collection[str] = (),
) -> None:
    """A heartbeat of a daemon that watches these endpoints.

    Where another has fallen silent people are notified, once; and again when its work goes on. `goes_on`: this process
    has given a sign before, so that a gap since then is one in which the machine slept or the database was lost; that
    is no news, and for once nothing is said of others, who may have slept too. `active` as in `attendance`.
    """
    with store.write() as tx:
        before = daemons.see(tx, worker, endpoints, now, file_problems)
        woke = False
        if before is not None:
            gap = now - before.seen_at
            woke = goes_on and gap > SILENT_AFTER
            slept = before.stopped_at is None and (before.notified_at is not None or gap > SILENT_AFTER)
            if slept and (before.notified_at is not None or (gap > NEWS_AFTER and not woke)):
                _back(tx, f"the daemon {worker} is back", gap, routing, now)
            if slept or before.stopped_at is not None or before.started_at > now:
                daemons.restart(tx, worker, now)
        if woke:
            return
        known = daemons.statuses(tx)
        for lost in attendance(known, now, active=active).relieved:
            gap = unwatched(lost, known)
            was_missed = lost.stopped_at is None and (lost.notified_at is not None or gap > NEWS_AFTER)
            # Whoever forgets it notifies people, so that of several daemons one does.
            if daemons.remove(tx, lost) and was_missed:
                _back(tx, f"what the daemon {lost.worker} watched is watched again", gap, routing, now)
        _notify_of_silent(tx, routing, now, active)


def look_for_silent_daemons(store: Store, routing: Routing, now: datetime) -> int:
    """Notify people, once, of every daemon that has fallen silent. Gives how many notices are owed."""
    return store.change(_notify_of_silent, routing, now)


def _notify_of_silent(tx: Transaction, routing: Routing, now: datetime, active: Collection[str] = ()) -> int:
    owed = 0
    here = attendance(daemons.statuses(tx), now, active=active)
    for lost in here.silent:
        if daemons.mark_notified(tx, lost, now):
            cause = (
                f"the daemon {lost.worker} has sent no heartbeat since {lost.seen_at:%Y-%m-%d %H:%M} UTC; "
                f"nobody watches {here.missing(lost)}"
            )
            owed += notify_of_no_incident(tx, "daemon_silent", routing, now, cause=cause, reason="no_heartbeat")
    return owed


def _back(tx: Transaction, words: str, gap: timedelta, routing: Routing, now: datetime) -> None:
    minutes = round(gap.total_seconds() / 60)
    cause = f"{words}, after {count(minutes, 'minute')} without a daemon"
    notify_of_no_incident(tx, "daemon_back", routing, now, cause=cause, reason="heartbeat_resumed")


@dataclass(frozen=True, slots=True)
class Pruned:
    """The replies of one set that were, or would be, deleted."""

    probe_set: str
    before: datetime
    rounds: int
    replies: int


def prune(
    store: Store,
    now: datetime,
    *,
    keep: timedelta | None = None,
    only_count: bool = False,
    may_go_on: Callable[[], bool] = lambda: True,
) -> tuple[Pruned, ...]:
    """Delete the replies that are kept no longer, a few rounds at a time; of every set `keep` where it is given, else
    as declared; and what no budget counts any more. Raises StoreError."""
    if keep is None:
        kept = {rule.probe_set: rule.keep for rule in store.query(retention.rules) if rule.keep is not None}
    else:
        kept = dict.fromkeys(store.query(retention.sets_with_replies), keep)
    done, change = [], store.query if only_count else store.change
    for probe_set, span in kept.items():
        before, rounds, replies = now - span, 0, 0
        for content in store.query(retention.contents, probe_set, before):
            last: int | None = 0
            while last is not None and may_go_on():
                batch = change(
                    retention.delete_replies, probe_set, content, before, last, _needed, only_count=only_count
                )
                rounds, replies, last = rounds + batch.rounds, replies + batch.replies, batch.last_id
        done.append(Pruned(probe_set, before, rounds, replies))
    if not only_count:
        store.change(spending.forget, now)
    return tuple(done)


def _needed(tx: Transaction, endpoint_hash: str) -> Needed:
    text = judge_state.memory(tx, endpoint_hash)
    memory = None if text is None else decode(text)
    live = [one for one in incidents.not_closed(tx) if one.endpoint_hash == endpoint_hash]
    changes = [one for one in live if isinstance(one, Change)]
    examples = [example for one in changes for example in one.findings.examples]
    shown = [place for one in examples for place in (one.reference, one.recent)]
    onsets = [one.onset_between[0] if isinstance(one, Change) and one.onset_between else one.onset for one in live]
    return Needed(
        epoch_start=judge_state.epoch_start(tx, endpoint_hash),
        series=frozenset(memory.series if memory is not None else ()),
        days=frozenset(label[:10] for label in (memory.reference_rounds if memory is not None else ())),
        labels=frozenset(place.round for place in shown),
        onset=min(onsets, default=None),
    )
