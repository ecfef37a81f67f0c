"""For whoever plans: until when are our models served?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date

import streamlit as st

from dashboard import tables
from dashboard.formatting import inline, one_line
from dashboard.frame import Cell, PageContext, heading
from prober.incidents.retirement import gate_command, is_soon
from prober.model.retirement import Retiring
from prober.status.retirement import calendar
from prober.text import count


def draw(context: PageContext) -> None:
    heading("Retirement", "Until when are our models served? Dates are UTC.")
    found, today = context.store.retiring(), context.now.astimezone(UTC).date()
    if not found:
        st.info(
            "**No date is known for any model.** `prober run` reads the providers' lists once a day, "
            "`prober retirement --ask` reads them now."
        )
        return
    soon = [one for one in found if is_soon(one, today)]
    if soon:
        first = soon[0]
        st.error(
            f"**{inline(first.endpoint, 60)}**: {_model(first)} {_left(first, today)}. "
            + (f"{count(len(soon) - 1, 'more endpoint')} within 30 days. " if soon[1:] else "")
            + "Compare the successor before then:"
        )
        st.code(one_line(gate_command(first)), language="shell", wrap_lines=True)
    else:
        st.success(
            f"**No model is shut down within 30 days.** The next date: {_model(found[0])} {_left(found[0], today)}."
        )
    _table(found, today)
    tables.downloads("This table", "retirement", [_row(one, today) for one in found])
    st.download_button(
        "Calendar with reminders (iCalendar)", lambda: calendar(found, context.now), file_name="retirement.ics",
        mime="text/calendar", on_click="ignore", icon=":material/event:", type="tertiary",
    )  # fmt: skip
    others = len(context.store.endpoints()) - len({one.endpoint for one in found})
    if others:
        st.caption(f"Of {count(others, 'more endpoint')} no date is known; that is no promise that there is none.")


def _model(one: Retiring) -> str:
    return inline(one.retirement.model, 80)


def _left(one: Retiring, today: date) -> str:
    days, retirement = one.days_left(today), one.retirement
    what = "is shut down" if retirement.kind == "shutdown" else "is deprecated"
    when = f"in {count(days, 'day')}" if days > 0 else "today" if days == 0 else f"{count(-days, 'day')} ago"
    return f"{what} on {retirement.on} ({when})"


def _table(found: Sequence[Retiring], today: date) -> None:
    st.dataframe(
        {
            "endpoint": [one_line(one.endpoint) for one in found],
            "model": [one_line(one.retirement.model) for one in found],
            "what": [one.retirement.kind for one in found],
            "on": [one.retirement.on for one in found],
            "left": [one.days_left(today) for one in found],
            "successor": [one_line(one.retirement.successor) for one in found],
            "said": [one_line(one.retirement.said) for one in found],
            "others": [
                one_line(", ".join(f"{each.said}: {each.kind} {each.on}" for each in one.others)) for one in found
            ],
        },
        hide_index=True,
        column_config={
            "on": st.column_config.DateColumn("date", format="YYYY-MM-DD"),
            "left": st.column_config.NumberColumn("days left", format="%d"),
            "said": st.column_config.TextColumn("who says so"),
            "others": st.column_config.TextColumn("what others say"),
        },
        alt="Models with a date of retirement, the nearest first",
    )


def _row(one: Retiring, today: date) -> dict[str, Cell]:
    retirement = one.retirement
    return {
        "endpoint": one.endpoint, "model": retirement.model, "kind": retirement.kind, "on": retirement.on.isoformat(),
        "days_left": one.days_left(today), "successor": retirement.successor, "said": retirement.said,
        "source": retirement.source,
    }  # fmt: skip
