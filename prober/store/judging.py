"""Judging: what the judge remembers and reads, and the one transaction that settles a round."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from sqlmodel import Session, col, delete, select

from prober.incidents.confirmation import Confirmation
from prober.incidents.routing import NOBODY, Routing
from prober.incidents.trouble import Health
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import StoreError
from prober.model.evidence import Judgement, Round
from prober.model.incident import LEARNT, Decision, Incident
from prober.store import confirming, tallies
from prober.store.acting import carry_out
from prober.store.codec import pack_judgement, pack_text, unpack_text
from prober.store.declared import remember_series
from prober.store.examples import findings
from prober.store.reply_rows import observation
from prober.store.rounds import claim, due, get, hold, record, release
from prober.store.rows import MemoryRow, ReplyRow, RoundRow, WatchRow


def memory(session: Session, endpoint_hash: str) -> str | None:
    row = session.get(MemoryRow, endpoint_hash)
    return None if row is None else unpack_text(row.memory)


def history(session: Session, endpoint_hash: str, series: Collection[str]) -> tuple[Round, ...]:
    epoch_start = session.exec(select(WatchRow.epoch_start).where(WatchRow.endpoint_hash == endpoint_hash)).first()
    found = session.exec(
        select(ReplyRow, RoundRow.label, RoundRow.endpoint)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= (epoch_start or ""),
            col(ReplyRow.series).in_(series),
        )
        .order_by(col(RoundRow.label), col(ReplyRow.place), col(ReplyRow.id))
        .execution_options(yield_per=1000)
    )
    return tuple(_rounds(iter(found)))


def _rounds(found: Iterator[tuple[ReplyRow, str | None, str]]) -> Iterator[Round]:
    for (label, endpoint), replies in groupby(found, key=lambda one: (one[1] or "", one[2])):
        yield Round(
            label=label,
            endpoint=endpoint,
            at=datetime.fromisoformat(label),
            observations=tuple(observation(row) for row, _, _ in replies),
        )


def settle(
    session: Session,
    round_id: int,
    judgement: Judgement,
    memory: str | None,
    decision: Decision,
    routing: Routing,
    now: datetime,
    token: int | None,
    confirmation: Confirmation | None = None,
    trouble: Decision | None = None,
) -> Incident | None:
    hold(session, round_id, token)
    row = get(session, round_id, fresh=True)
    row.state, row.completed_at, row.lease_until = "completed", now, None
    row.judgement = pack_judgement(judgement)
    session.add(row)
    if memory is None:
        session.exec(delete(MemoryRow).where(col(MemoryRow.endpoint_hash) == row.endpoint_hash))
    else:
        session.merge(MemoryRow(endpoint_hash=row.endpoint_hash, memory=pack_text(memory)))
    session.flush()
    tallies.end(session, row, judgement)
    release(session, round_id)
    if confirmation is not None:
        confirming.carry_out(session, row, confirmation)
    note_trouble(session, trouble, routing, now)
    if decision.incident is None or decision.reason not in LEARNT:
        return decision.incident
    if decision.reason in ("suspected", "suspicion_faded"):
        return carry_out(session, decision, routing, now)
    found = replace(decision.incident, findings=findings(session, decision.incident))
    return carry_out(session, replace(decision, incident=found), routing, now)


def note_trouble(session: Session, trouble: Decision | None, routing: Routing, now: datetime) -> None:
    """Trouble that opens, or is over."""
    if trouble is not None and trouble.event is not None:
        carry_out(session, trouble, routing, now)


def health(session: Session, round_id: int, rounds: int = 10) -> tuple[Health, ...]:
    """How the asks of the newest rounds of an endpoint went, oldest first, up to and with this one, as it is now."""
    here = get(session, round_id)
    mine = (RoundRow.endpoint_hash == here.endpoint_hash, col(RoundRow.label) < here.label)
    # A round nobody began says nothing of the endpoint; one its budget did not pay for does.
    tried = (col(RoundRow.state) == "completed") | (
        (col(RoundRow.state) == "missed") & col(RoundRow.reason).startswith("budget_exhausted")
    )
    before = session.exec(select(RoundRow).where(*mine, tried).order_by(col(RoundRow.label).desc()).limit(rounds - 1))
    return tuple(map(_health, [*reversed(before.all()), here]))


def _health(row: RoundRow) -> Health:
    return Health(row.label or "", row.asked, row.failed, row.reason or row.last_failure)


def take_in(
    session: Session,
    endpoint: Endpoint,
    probe_set: str,
    round_: Round,
    probes: Mapping[str, Probe],
    judgement: Judgement,
    memory: str,
    decision: Decision,
) -> bool:
    if round_.at is None:
        raise StoreError(f"round {round_.label} of {endpoint.name} has no time; a stored round must have one")
    for series, probe in probes.items():
        remember_series(session, series, probe)
    round_id = due(session, endpoint, probe_set, round_.at)
    if get(session, round_id).state == "completed":
        return False
    claimed = claim(session, round_id, "import", round_.at, 0.0)
    if claimed is None:
        raise StoreError(f"round {round_.label} of {endpoint.name} is in other hands; try again when they are done")
    claimed_round, token = claimed
    if datetime.fromisoformat(claimed_round.label) != round_.at:
        raise StoreError(
            f"round {round_.label} of {endpoint.name} is older than its newest round; rounds are taken in by time"
        )
    record(session, round_id, round_.observations, token)
    settle(session, round_id, judgement, memory, decision, NOBODY, round_.at, token)
    return True
