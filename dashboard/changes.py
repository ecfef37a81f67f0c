"""For whoever edits prompts and deploys: what did we change ourselves, when, and who?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from difflib import unified_diff

import streamlit as st

from dashboard import tables
from dashboard.formatting import Shown, by_clock, moment, one_line, shown
from dashboard.frame import Cell, PageContext, heading
from dashboard.selection import choose_from, choose_range
from prober.model.incident import Change
from prober.model.version import Version


@dataclass(frozen=True, slots=True)
class _Step:
    """One row of the table."""

    at: datetime
    what: str
    name: str
    which: str
    who: str
    note: str


def draw(context: PageContext) -> None:
    heading("Changes", "What did we change ourselves, when, and who? Beside it: when a model began to differ.")
    range_ = choose_range()
    begin = datetime.combine(range_.dates(context.now)[0], time(), UTC)
    versions = context.store.versions()
    steps = sorted((one for one in _steps(context, versions) if one.at >= begin), key=lambda one: one.at, reverse=True)
    if not steps:
        st.info(
            "**No edit and no deploy in this time.** Edits of prompts and endpoints are noticed by themselves; "
            "`prober mark deploy WHAT --ref REF` records a deploy."
        )
    else:
        st.dataframe(
            {
                "when": [one.at for one in steps],
                "what": [one.what for one in steps],
                "name": [one_line(one.name) for one in steps],
                "which": [one_line(one.which) for one in steps],
                "who": [one_line(one.who) for one in steps],
                "note": [one_line(one.note) for one in steps],
            },
            hide_index=True,
            column_config={
                "when": tables.time_column("when", context.zone),
                "which": st.column_config.TextColumn("version or reference"),
            },
            alt="Edits, deploys, known-good versions and incidents, the newest first",
        )
        rows: list[dict[str, Cell]] = [
            {"at": one.at.isoformat(), "what": one.what, "name": one.name, "which": one.which, "who": one.who,
             "note": one.note} for one in steps
        ]  # fmt: skip
        tables.downloads("This table", "changes", rows)
    _edit(context, versions)


def _steps(context: PageContext, versions: Sequence[Version]) -> list[_Step]:
    found = [
        _Step(one.at, f"{one.kind} edited", one.name, f"v{one.number}", one.provenance.author, one.provenance.commit)
        for one in versions
        if one.number > 1
    ]
    found += [_Step(one.at, one.kind, one.what, one.ref, one.actor, one.note) for one in context.store.all_marks()]
    found += [
        _Step(at, f"model began to differ{by_clock(one)}", one.endpoint, f"incident {one.id}", "", one.headline)
        for one in context.store.incidents()
        if isinstance(one, Change) and (at := moment(one.onset)) is not None
    ]
    return found


def _edit(context: PageContext, versions: Sequence[Version]) -> None:
    """What one edit changed, line by line."""
    edited = [one.name for one in sorted(versions, key=lambda one: one.at, reverse=True) if one.number > 1]
    if not edited:
        return
    st.markdown("## What an edit changed")
    if context.store.private:
        st.caption("The contents of prompts are not shown in privacy mode.")
        return
    name = choose_from("Probe or endpoint", "edited", list(dict.fromkeys(edited)), "Nothing called {} was edited.")
    mine = [one for one in versions if one.name == name]
    before, after = mine[-2:]
    st.caption(
        f"From v{before.number} to v{after.number}, the newest, first seen {context.when(after.at)}. "
        "`prober versions` shows every version."
    )
    text = _diff(before, after)
    st.code(text.text, language="diff", wrap_lines=True)
    if text.cut:
        st.caption(f"{text.cut:,} more characters are not shown.")


def _diff(before: Version, after: Version) -> Shown:
    lines = unified_diff(before.content.splitlines(), after.content.splitlines(), lineterm="", n=2)
    return shown("\n".join(list(lines)[2:]))
