"""Versions of probes and endpoints as they were declared, and the marks that people set."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import yaml
from pydantic import ValidationError
from sqlmodel import col, select

from prober.model.declaration import Endpoint, Probe, ProbeSet
from prober.model.triage import Swapped
from prober.model.version import Mark, MarkKind, Provenance, Version, VersionKind
from prober.store.codec import pack_swapped, unpack_swapped
from prober.store.engine import Transaction
from prober.store.rows import ExperimentRow, MarkRow, VersionRow
from prober.text import redact

_Declared = TypeVar("_Declared", Probe, Endpoint)
Declared = tuple[VersionKind, str, str, str]
"""Kind, name, digest and content."""


def contents(sets: Iterable[ProbeSet], endpoints: Iterable[Endpoint]) -> list[Declared]:
    """What is declared, each with its digest; sorted, so that two processes at once lock in the same order."""
    found: list[Declared] = [
        ("prompt", f"{one.name}/{probe.id}", probe.content_hash, _yaml(probe.model_dump(exclude_defaults=True)))
        for one in sets
        for probe in one.probes
    ]
    found += [
        ("endpoint", one.name, one.content_hash, _yaml(one.model_dump(exclude_defaults=True))) for one in endpoints
    ]
    return sorted(found)


def unknown(tx: Transaction, declared: Iterable[Declared]) -> list[Declared]:
    """Those that are another content than the newest version under their name."""
    known = _newest(tx)
    return [one for one in declared if known.get((one[0], one[1]), (0, ""))[1] != one[2]]


def add(tx: Transaction, declared: Iterable[Declared], provenance: Provenance, now: datetime) -> None:
    """A new version of each that is not the newest one already; two processes at once add it once."""
    known = _newest(tx)
    for kind, name, digest, content in declared:
        number, newest = known.get((kind, name), (0, ""))
        if digest == newest:
            continue
        tx.add(
            VersionRow(
                kind=kind,
                name=name,
                number=number + 1,
                digest=digest,
                at=now,
                commit=provenance.commit,
                author=provenance.author,
                content=content,
            )
        )


def _newest(tx: Transaction) -> dict[tuple[str, str], tuple[int, str]]:
    """Kind and name → number and digest of the newest version."""
    by_number = select(VersionRow.kind, VersionRow.name, VersionRow.number, VersionRow.digest)
    rows = tx.exec(by_number.order_by(col(VersionRow.number)))
    return {(kind, name): (number, digest) for kind, name, number, digest in rows}


def history(tx: Transaction, name: str | None = None) -> tuple[Version, ...]:
    """Versions of one name, or of all; by name, oldest first."""
    found = select(VersionRow).order_by(col(VersionRow.kind), col(VersionRow.name), col(VersionRow.number))
    if name is not None:
        found = found.where(VersionRow.name == name)
    return tuple(
        Version(row.kind, row.name, row.number, row.digest, row.at, Provenance(row.commit, row.author), row.content)  # type: ignore[arg-type]
        for row in tx.exec(found)
    )


def probe_of(version: Version) -> Probe | None:
    """The probe as it was declared; None if a secret was taken out of it, so that it cannot be asked again."""
    found = _read(Probe, version.content)
    return found if found is not None and found.content_hash == version.digest else None


def endpoint_of(version: Version) -> Endpoint | None:
    """As `probe_of`."""
    found = _read(Endpoint, version.content)
    return found if found is not None and found.content_hash == version.digest else None


def _read(of: type[_Declared], content: str) -> _Declared | None:
    try:
        return of.model_validate(yaml.safe_load(content))
    except (ValidationError, yaml.YAMLError):
        return None


def mark(tx: Transaction, kind: MarkKind, what: str, ref: str, actor: str, note: str, now: datetime) -> Mark:
    """Set a mark."""
    row = MarkRow(kind=kind, at=now, what=what, ref=ref, actor=actor, note=note)
    tx.add(row)
    tx.flush()
    return _mark(row)


def marks(
    tx: Transaction, what: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> tuple[Mark, ...]:
    """Marks set in [since, until], oldest first; of one thing, or all."""
    found = select(MarkRow).order_by(col(MarkRow.at), col(MarkRow.id))
    if what is not None:
        found = found.where(MarkRow.what == what)
    if since is not None:
        found = found.where(MarkRow.at >= since)
    if until is not None:
        found = found.where(MarkRow.at <= until)
    return tuple(map(_mark, tx.exec(found)))


def _mark(row: MarkRow) -> Mark:
    return Mark(row.id, row.kind, row.at, row.what, row.ref, row.actor, row.note)  # type: ignore[arg-type]


def _yaml(content: object) -> str:
    text: str = yaml.safe_dump(_plain(content), sort_keys=False, allow_unicode=True, width=100)
    return redact(text)


def _plain(value: object) -> object:
    """Tuples as lists, which YAML has."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def keep_experiment(tx: Transaction, endpoint: str, found: tuple[Swapped, ...], asks: int, now: datetime) -> None:
    """A swap experiment of a triage is over."""
    tx.add(ExperimentRow(endpoint=endpoint, at=now, asks=asks, found=pack_swapped(found)))


def newest_experiment(tx: Transaction, endpoint: str, since: datetime) -> tuple[Swapped, ...]:
    """What was found by the newest swap experiment on an endpoint since then; empty if there was none."""
    row = tx.exec(
        select(ExperimentRow)
        .where(ExperimentRow.endpoint == endpoint, col(ExperimentRow.at) >= since)
        .order_by(col(ExperimentRow.id).desc())
        .limit(1)
    ).first()
    return () if row is None else unpack_swapped(row.found)
