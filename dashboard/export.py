"""Downloads: CSV for spreadsheets, safe from text that they would run as a formula, and reply logs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.formatting import legible
from dashboard.frame import PageContext

Cell = str | int | float | None

_COMMANDS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make spreadsheets run a text as a formula."""


def csv_text(rows: Sequence[Mapping[str, Cell]]) -> str:
    """Rows of the same columns, their names first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _harmless(cell) for name, cell in row.items()} for row in rows)
    return out.getvalue()


def csv_button(label: str, name: str, rows: Sequence[Mapping[str, Cell]]) -> None:
    """A button that downloads these rows; the file is written when it is pressed."""
    st.download_button(
        label,
        lambda: csv_text(rows),
        file_name=f"{file_stem(name)}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def log_button(context: PageContext, endpoint: str, probe: str | None = None) -> None:
    """A button that downloads the raw replies as a log for `prober replay` and `prober compare`."""
    if context.store.private:
        st.caption("Reply logs cannot be downloaded in privacy mode.")
        return
    st.download_button(
        "All its replies as a reply log",
        lambda: "".join(context.store.log(endpoint, probe, None)),
        file_name=f"{file_stem(f'{endpoint}-{probe}' if probe else endpoint)}.jsonl",
        mime="application/jsonl",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def file_stem(name: str) -> str:
    """A name that is a valid file name everywhere."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-")[:80] or "export"


def _harmless(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    text = legible(cell)
    return f"'{text}" if text.startswith(_COMMANDS) else text
