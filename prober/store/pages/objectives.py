"""What came of the rounds of a probe set on an endpoint, for objectives. Everything here only reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy import select as columns
from sqlmodel import col

from prober.prices import Tariff
from prober.store.engine import Transaction
from prober.store.pages.days import tariffs_of
from prober.store.rows import LineRow, RoundRow

_COUNTED = ("checked", "passed", "keyed", "right", "refused")


@dataclass(frozen=True, slots=True)
class Took:
    """What one answer took; None where that is not known."""

    seconds: float | None
    dollars: float | None
    """By the price of the endpoint as it was looked up last."""


def counts_of_set(
    tx: Transaction, endpoint: str, probe_set: str, since: datetime
) -> tuple[tuple[datetime, Mapping[str, int]], ...]:
    """Completed rounds of one set on one endpoint since then, oldest first: when, and how many replies were what.
    Rounds of older versions, which did not count, are left out."""
    names = ("asked", "answered", *_COUNTED)
    answered = col(LineRow.asked) - col(LineRow.failed)
    counted = [col(getattr(LineRow, name)) for name in _COUNTED]
    lines = _lines(endpoint, probe_set, since, col(LineRow.asked), answered, *counted)
    found = tx.connection().execute(lines.where(col(LineRow.checked).is_not(None)))
    return tuple((at, dict(zip(names, counts, strict=True))) for at, *counts in found)


def took_of_set(
    tx: Transaction, endpoint: str, probe_set: str, since: datetime
) -> tuple[tuple[datetime, tuple[Took, ...]], ...]:
    """Completed rounds of one set on one endpoint since then, oldest first: when, and what each answer took. Rounds of
    older versions, which did not keep that, are left out."""
    lines = _lines(endpoint, probe_set, since, col(LineRow.replies)).where(col(LineRow.replies).is_not(None))
    tariff = tariffs_of(tx).get(endpoint)
    priced = tariff if isinstance(tariff, Tariff) else None
    found = tx.connection().execute(lines)
    return tuple((at, tuple(_took(priced, *one) for one in json.loads(replies))) for at, replies in found)


def _lines(endpoint: str, probe_set: str, since: datetime, *shown: Any) -> Select[Any]:
    of_round = (col(RoundRow.endpoint) == col(LineRow.endpoint)) & (col(RoundRow.label) == col(LineRow.label))
    return (
        columns(col(LineRow.at), *shown)
        .join(RoundRow, of_round)
        .where(col(LineRow.endpoint) == endpoint, col(RoundRow.probe_set) == probe_set, col(LineRow.at) >= since)
        .order_by(col(LineRow.label))
    )


def _took(tariff: Tariff | None, seconds: float | None, input_tokens: int | None, output_tokens: int | None) -> Took:
    if tariff is None or input_tokens is None or output_tokens is None:
        return Took(seconds, None)
    return Took(seconds, tariff.dollars(1, input_tokens, output_tokens))
