"""What the files declare, remembered so that readers know names, prompts and owners without them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import col, func, select, update

from prober.loading.cron import rounds_per_year
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.errors import StoreError
from prober.model.incident import Change, Incident, Measured
from prober.model.objective import Objective
from prober.model.providers import PROVIDERS
from prober.model.reference import Confirm, ReferenceRule
from prober.prices import tariff
from prober.store.engine import Transaction
from prober.store.inserts import insert, insert_all_missing
from prober.store.rows import EndpointRow, ProbeSetRow, ReplyRow, RoundRow, SeriesRow, WatchRow
from prober.store.watches import lock_all

_LIST_GOOD_FOR: Final = timedelta(days=7)
"""How long a price from a list is used before the list is read again."""

_FEW: Final = 1000
"""Endpoints that are looked up by their names; of more, all are read."""


@dataclass(frozen=True, slots=True)
class AskedSet:
    """What is kept of a declared probe set."""

    name: str
    owner: str
    runbook: str | None
    tags: tuple[str, ...]
    endpoints: tuple[str, ...] = ()
    objectives: tuple[Objective, ...] = ()


def remember(tx: Transaction, sets: Sequence[ProbeSet], endpoints: Sequence[Endpoint], now: datetime) -> None:
    """Keep names, prompts, owners and prices, so that readers need no files. Adds and refreshes; forgets nothing.

    All that is known is read at once, and only what differs is written, whatever the number of endpoints.
    """
    # Sorted, so that two processes at once lock in the same order.
    declared = {endpoint.name: endpoint for endpoint in endpoints}
    in_order = [declared[name] for name in sorted(declared)]
    remember_endpoints(tx, in_order)
    _price(tx, in_order, now)
    for probe_set in sorted(sets, key=lambda one: one.name):
        tx.merge(
            ProbeSetRow(
                name=probe_set.name,
                owner=probe_set.owner,
                runbook=probe_set.runbook,
                endpoints=json.dumps(probe_set.endpoints),
                tags=json.dumps(probe_set.tags),
                objectives=json.dumps([one.model_dump(exclude_defaults=True) for one in probe_set.objectives]),
                rounds_per_year=rounds_per_year(probe_set.schedule),
            )
        )
    asked = {
        series_key(declared[name], probe): probe
        for probe_set in sets
        for name in set(probe_set.endpoints) & set(declared)
        for probe in probe_set.probes
    }
    known = set(tx.exec(select(SeriesRow.series))) if asked else set()
    insert_all_missing(tx, SeriesRow, [_series(key, asked[key]) for key in sorted(asked.keys() - known)])
    lock_all(tx, {endpoint.content_hash for endpoint in endpoints})


_CURRENT: Final = columns(
    col(EndpointRow.name), col(EndpointRow.endpoint_hash), col(EndpointRow.false_alarms_per_year),
    col(EndpointRow.rules),
).where(col(EndpointRow.current))  # fmt: skip
_NAMED: Final = _CURRENT.where(col(EndpointRow.name).in_(bindparam("names", expanding=True)))


def remember_endpoints(tx: Transaction, endpoints: Sequence[Endpoint]) -> None:
    """From now on each name means this content."""
    which = (_NAMED, {"names": [one.name for one in endpoints]}) if len(endpoints) < _FEW else (_CURRENT, {})
    held = tx.connection().execute(*which)
    known = {(name, endpoint_hash): (promised, rules) for name, endpoint_hash, promised, rules in held}
    news = [
        {
            "name": one.name,
            "endpoint_hash": one.content_hash,
            "provider": one.provider,
            "model": one.model,
            "origin": _origin(one),
            "false_alarms_per_year": one.false_alarms_per_year,
            "current": True,
            "rules": rules,
        }
        for one in endpoints
        if known.get((one.name, one.content_hash)) != (one.false_alarms_per_year, rules := _rules(one))
    ]
    if not news:
        return
    others = update(EndpointRow).where(col(EndpointRow.name) == bindparam("of")).values(current=False)
    tx.connection().execute(others, [{"of": one["name"]} for one in news])
    adding = insert(tx, EndpointRow)
    renewed = {name: adding.excluded[name] for name in ("current", "false_alarms_per_year", "rules")}
    tx.connection().execute(adding.on_conflict_do_update(index_elements=["name", "endpoint_hash"], set_=renewed), news)
    watched = [{"endpoint_hash": one["endpoint_hash"], "token": 0, "epoch_start": "", "changes": 0} for one in news]
    insert_all_missing(tx, WatchRow, watched)


def _rules(endpoint: Endpoint) -> str:
    declared = [("vantage", endpoint.vantage is not None), ("confirm", endpoint.confirm != Confirm())]
    return endpoint.model_dump_json(include={"reference", "budget", *(name for name, is_so in declared if is_so)})


def _price(tx: Transaction, endpoints: Sequence[Endpoint], now: datetime) -> None:
    """What they charge, looked up while their declarations are at hand. Lists are looked at anew after a while only,
    which takes half a second; what is declared counts at once."""
    current = select(EndpointRow).where(col(EndpointRow.current)).execution_options(populate_existing=True)
    rows = {(row.name, row.endpoint_hash): row for row in tx.exec(current)}
    for endpoint in endpoints:
        row = rows[endpoint.name, endpoint.content_hash]
        declared_one = endpoint.price is not None or (row.tariff is not None and '"declared"' in row.tariff)
        if declared_one or row.priced_at is None or abs(now - row.priced_at) > _LIST_GOOD_FOR:
            row.tariff, row.priced_at = json.dumps(asdict(tariff(endpoint, now))), now
            tx.add(row)
    tx.flush()


def promise_of(tx: Transaction, endpoint: str) -> dict[str, object] | None:
    """What the judge promises of an endpoint as it is declared now, as `Promise.of_json` reads it; None where that is
    not known."""
    row = tx.exec(select(EndpointRow).where(EndpointRow.name == endpoint, col(EndpointRow.current))).first()
    rules = json.loads((row.rules if row else None) or "{}")
    sets = [one for one in tx.exec(select(ProbeSetRow)) if endpoint in json.loads(one.endpoints)]
    cadences = [one.rounds_per_year for one in sets if one.rounds_per_year is not None]
    if row is None or "reference" not in rules or not sets or len(cadences) < len(sets):
        return None
    return {
        "false_alarms_per_year": row.false_alarms_per_year,
        "rounds_per_year": sum(cadences),
        "reference": ReferenceRule.model_validate(rules["reference"]).model_dump(exclude_none=True),
        "confirm": Confirm.model_validate(rules.get("confirm", {})).model_dump(),
    }


def content_of(tx: Transaction, endpoint: str) -> str:
    """The hash of what the name means now. StoreError where it means nothing."""
    found = tx.exec(
        select(EndpointRow.endpoint_hash).where(EndpointRow.name == endpoint, col(EndpointRow.current))
    ).first()
    if found is None:
        raise StoreError(f"the store does not know endpoint {endpoint}")
    return found


def is_current(tx: Transaction, endpoint_hash: str) -> bool:
    """Whether some name means this content now."""
    here = select(EndpointRow.name).where(EndpointRow.endpoint_hash == endpoint_hash, col(EndpointRow.current))
    return tx.exec(here).first() is not None


def is_declared(tx: Transaction, endpoint: str) -> bool:
    """Whether the name means anything now."""
    named = select(EndpointRow.name).where(EndpointRow.name == endpoint, col(EndpointRow.current))
    return tx.exec(named).first() is not None


def origin_of(tx: Transaction, endpoint_hash: str) -> str | None:
    """Who serves an endpoint, as a hash."""
    return tx.exec(select(EndpointRow.origin).where(EndpointRow.endpoint_hash == endpoint_hash).limit(1)).first()


def lock_origin(tx: Transaction, origin: str) -> None:
    """Until the transaction ends nobody else holds this provider. On SQLite a writer is alone anyway."""
    if tx.get_bind().dialect.name == "postgresql":
        tx.exec(select(func.pg_advisory_xact_lock(int(origin, 16) - 2**63)))


def _origin(endpoint: Endpoint) -> str:
    """Who serves it: the provider and its address, hashed, for an address may hold what is nobody's business. Nobody
    knows who serves an endpoint that was asked elsewhere; it is alone."""
    known = endpoint.provider in PROVIDERS
    served_by = [endpoint.provider, endpoint.base_url or ""] if known else [endpoint.provider, endpoint.content_hash]
    return hashlib.sha256(json.dumps(served_by).encode()).hexdigest()[:16]


def probe_sets(tx: Transaction) -> tuple[AskedSet, ...]:
    """Every probe set, as it was declared last, by name."""
    return tuple(
        AskedSet(
            name=row.name,
            owner=row.owner,
            runbook=row.runbook,
            tags=tuple(json.loads(row.tags or "[]")),
            endpoints=tuple(json.loads(row.endpoints)),
            objectives=tuple(Objective.model_validate(one) for one in json.loads(row.objectives or "[]")),
        )
        for row in tx.exec(select(ProbeSetRow).order_by(col(ProbeSetRow.name)))
    )


def sets_of(tx: Transaction, endpoint: str) -> tuple[AskedSet, ...]:
    """The probe sets asked of an endpoint, by name."""
    return tuple(one for one in probe_sets(tx) if endpoint in one.endpoints)


def called_too(tx: Transaction, endpoint: str, endpoint_hash: str) -> tuple[str, ...]:
    """The other names under which the same content is declared and asked: what is found of one holds of all."""
    same = (EndpointRow.endpoint_hash == endpoint_hash, EndpointRow.name != endpoint, col(EndpointRow.current))
    names = tx.exec(select(EndpointRow.name).where(*same).order_by(EndpointRow.name)).all()
    return tuple(one for one in names if sets_of(tx, one))


def concerned(tx: Transaction, incident: Incident) -> tuple[AskedSet, ...]:
    """The sets whose probes moved, that spends, or whose objective it is; else every set asked of the endpoint."""
    asked = sets_of(tx, incident.endpoint)
    if isinstance(incident, Measured):
        return tuple(one for one in asked if one.name == incident.probe_set) or asked
    verdicts = incident.verdicts if isinstance(incident, Change) else ()
    moved = {series for verdict in verdicts for series in verdict.series}
    probes = tx.exec(
        select(ReplyRow.probe)
        .distinct()
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == incident.endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label).between(incident.onset, incident.detected_round),
            col(ReplyRow.series).in_(moved),
        )
    ).all()
    return tuple(one for one in asked if any(probe.startswith(f"{one.name}/") for probe in probes)) or asked


def remember_series(tx: Transaction, asked: Mapping[str, Probe]) -> None:
    """What is asked and expected in each series; the first one is kept, because the key is a hash of it."""
    insert_all_missing(tx, SeriesRow, [_series(*one) for one in asked.items()])


def _series(series: str, probe: Probe) -> dict[str, object]:
    conversation = probe.conversation
    if len(conversation) == 1 and conversation[0].role == "user":
        prompt = conversation[0].content
    else:
        prompt = "\n\n".join(f"{message.role}: {message.content}" for message in conversation)
    expect = json.dumps([check.model_dump(exclude_none=True) for check in probe.expect])
    return {"series": series, "prompt": prompt, "system": probe.system, "expect": expect}
