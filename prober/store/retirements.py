"""When the models of endpoints are retired, and what people were warned of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import col, select

from prober.model.retirement import Retirement, RetirementSource
from prober.store.engine import Transaction
from prober.store.rows import EndpointRow, ModelListRow, RetirementRow


def keep(
    tx: Transaction, endpoint: str, model: str, found: Sequence[Retirement], answered: Sequence[RetirementSource]
) -> None:
    """What is said now. What sources that answered say no more is forgotten, and so is what was said of another
    model. A warning given for a date holds for whoever else says the same date."""
    before = tx.exec(select(RetirementRow).where(RetirementRow.endpoint == endpoint)).all()
    warned = {(row.model, row.day): row.warned for row in before if row.warned is not None}
    for row in before:
        if row.source in answered or row.model != model:
            tx.delete(row)
    tx.flush()
    for one in found:
        day = one.on.isoformat()
        tx.merge(
            RetirementRow(
                endpoint=endpoint,
                source=one.source,
                kind=one.kind,
                model=one.model,
                day=day,
                said=one.said,
                successor=one.successor,
                warned=warned.get((one.model, day)),
            )
        )
    tx.flush()


def warned(tx: Transaction, endpoint: str, on: date, ahead: int) -> None:
    """People were warned of this date."""
    rows = select(RetirementRow).where(RetirementRow.endpoint == endpoint, RetirementRow.day == on.isoformat())
    for row in tx.exec(rows).all():
        row.warned = ahead
        tx.add(row)
    tx.flush()


def said(tx: Transaction, endpoint: str | None = None) -> dict[str, list[tuple[Retirement, int | None]]]:
    """Endpoint, as it is declared now → what is said of its model, and of what people were warned."""
    found = (
        select(RetirementRow)
        .join(EndpointRow, col(EndpointRow.name) == col(RetirementRow.endpoint))
        .where(col(EndpointRow.current), col(EndpointRow.model) == col(RetirementRow.model))
        .order_by(col(RetirementRow.endpoint), col(RetirementRow.source), col(RetirementRow.kind))
    )
    if endpoint is not None:
        found = found.where(RetirementRow.endpoint == endpoint)
    by_endpoint: dict[str, list[tuple[Retirement, int | None]]] = {}
    for row in tx.exec(found):
        one = Retirement(row.model, date.fromisoformat(row.day), row.kind, row.source, row.said, row.successor)  # type: ignore[arg-type]
        by_endpoint.setdefault(row.endpoint, []).append((one, row.warned))
    return by_endpoint


def looked(tx: Transaction, endpoint: str, model: str, models: Sequence[str], now: datetime) -> None:
    """The provider's list was read, or could not be."""
    tx.merge(ModelListRow(endpoint=endpoint, model=model, looked_at=now, models=json.dumps(list(models))))
    tx.flush()


def looked_at(tx: Transaction, endpoint: str, model: str) -> datetime | None:
    """When somebody looked last, for this model."""
    row = tx.get(ModelListRow, endpoint)
    return row.looked_at if row is not None and row.model == model else None


def listed(tx: Transaction, endpoint: str) -> tuple[str, ...]:
    """The models that the provider listed when it was asked last; empty where that is not known."""
    row = tx.get(ModelListRow, endpoint)
    return () if row is None else tuple(json.loads(row.models))


def has_looked(tx: Transaction) -> bool:
    """Whether any list was read, or tried."""
    return tx.exec(select(ModelListRow.endpoint).limit(1)).first() is not None
