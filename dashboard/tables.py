"""Columns of tables that sort as numbers, and tables as files. Pure, apart from the buttons."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

import streamlit as st

from dashboard.frame import Cell, csv_text, file_stem


def share_column(title: str, about: str | None = None) -> Any:
    """Of values times 100."""
    return st.column_config.NumberColumn(title, format="%.1f %%", help=about)


def points_column(title: str, about: str | None = None) -> Any:
    """Of differences of shares, times 100."""
    return st.column_config.NumberColumn(title, format="%+.1f", help=about)


def dollar_column(title: str, amounts: Sequence[float | None], about: str | None = None) -> Any:
    """All amounts with the same digits, enough that a column is seen to add up."""
    most = max((abs(one) for one in amounts if one is not None), default=0.0)
    return st.column_config.NumberColumn(title, format="$%.2f" if most >= 10 else "$%.4f", help=about)


def time_column(title: str, zone: tzinfo, about: str | None = None) -> Any:
    """Of moments; sorts by time, and shows the viewer's."""
    return st.column_config.DatetimeColumn(title, format="YYYY-MM-DD HH:mm", timezone=str(zone), help=about)


def hundred(share: float | None) -> float | None:
    return None if share is None else 100 * share


def difference(now: float | None, before: float | None) -> float | None:
    """In points; None where either is not known."""
    return None if now is None or before is None else 100 * (now - before)


def parquet_bytes(rows: Sequence[Mapping[str, Cell]]) -> bytes:
    """Rows of the same columns. Texts are as they are: nothing runs a formula that it reads in Parquet."""
    import pyarrow
    from pyarrow import parquet

    out = io.BytesIO()
    names = list(rows[0]) if rows else []
    parquet.write_table(pyarrow.table({name: [_plain(row[name]) for row in rows] for name in names}), out)
    return out.getvalue()


def downloads(label: str, name: str, rows: Sequence[Mapping[str, Cell]]) -> None:
    """Buttons that download these rows; a file is written when its button is pressed."""
    files: tuple[tuple[str, str, Callable[[], str | bytes]], ...] = (
        ("CSV", "text/csv", lambda: csv_text(rows)),
        ("Parquet", "application/vnd.apache.parquet", lambda: parquet_bytes(rows)),
    )
    with st.container(horizontal=True):
        for kind, mime, data in files:
            st.download_button(
                f"{label} as {kind}",
                data,
                file_name=f"{file_stem(name)}.{kind.lower()}",
                mime=mime,
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
            )


def _plain(cell: Cell) -> Cell:
    """Without lone surrogates, which no UTF-8 has."""
    return cell.encode("utf-8", "backslashreplace").decode() if isinstance(cell, str) else cell
