"""For whoever owns the product: are the answers as good as before? By set, owner, tag or endpoint, and by day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final, Literal

import streamlit as st

from dashboard import charts_days, tables
from dashboard.charts import Mark
from dashboard.charts_days import DayValue, Unit
from dashboard.formatting import began, inline, moment, one_line
from dashboard.frame import PageContext, heading
from dashboard.objectives import not_met
from dashboard.selection import RANGES, TimeRange, choose_by, choose_from, choose_range, link
from prober.incidents.severity import urgency
from prober.model.incident import Change
from prober.status.quality import Compared, Measure, sentence, verdict_words
from prober.store.pages.days import By
from prober.store.sums import Sums
from prober.text import count

_COLOURS: Final = {"worse": "red", "better": "green", "unclear": "orange", "as_before": "gray", "too_few": "gray"}
_SAME: Final = "no difference"
SENTENCES: Final = 6
"""Shown at once; the others are folded."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the charts and the table can show."""

    title: str
    value: Callable[[Sums], float | None]
    base: Callable[[Sums], int]
    of: str
    unit: Unit = "share"
    bad: Literal["low", "high"] = "low"
    measure: Measure | None = None
    """Whose verdict says whether it differs; None where none is given."""


MEASURES: Final = {
    one.title: one
    for one in (
        _Shown("Checks passed", lambda one: one.pass_rate, lambda one: one.checked, "checked replies",
               measure="passed"),
        _Shown("Right answers", lambda one: one.accuracy, lambda one: one.keyed, "checks with a known answer",
               measure="right"),
        _Shown("Refusals", lambda one: one.refusal_rate, lambda one: one.answered, "replies", bad="high",
               measure="refused"),
        _Shown("Length", lambda one: one.mean_characters, lambda one: one.answered, "replies", "number", "high"),
    )
}  # fmt: skip


def draw(context: PageContext) -> None:
    heading("Quality", "Are the answers as good as before?")
    left, middle, right = st.columns([2, 2, 5], vertical_alignment="bottom")
    with left:
        by = choose_by(("probe_set", "owner", "tag", "endpoint"))
    with middle:
        shown = MEASURES[choose_from("Measure", "measure", list(MEASURES), "There is no measure {}.")]
    with right:
        range_ = choose_range(_usual(context))
    found = context.store.quality(by, *range_.dates(context.now))
    if not found:
        st.info(
            "**No answers in this time.** `prober run` asks for them; a longer time range may show older days. "
            "Expectations are declared with the probes (`expect:`)."
        )
        return
    (whole,) = context.store.quality("all", *range_.dates(context.now))
    if not whole.before.answered:
        _nothing_before(whole, range_)
    _sentences(found, by, range_, has_before=bool(whole.before.answered))
    _incidents(context)
    _metrics(whole, range_)
    not_met(context)
    _days(context, found, shown, by, range_)
    _table(found, shown, by, range_)
    tables.downloads("These days", f"quality-by-{by}", [_row(one.key, str(day), sums, by) for one in found
                                                        for day, sums in one.daily])  # fmt: skip


def _usual(context: PageContext) -> str:
    """A young database is compared over a shorter time: before its newest 30 days there is too little."""
    (whole, *_) = context.store.quality("all", *RANGES["30 days"].dates(context.now)) or (None,)
    is_young = whole is not None and set(whole.verdicts.values()) == {"too_few"} and len(whole.daily) >= 14
    return "7 days" if is_young else "30 days"


def _against(range_: TimeRange) -> str:
    return "" if range_.days is None else f"against the {count(range_.days, 'day')} before"


def _metrics(whole: Compared, range_: TimeRange) -> None:
    for column, shown in zip(st.columns(len(MEASURES)), MEASURES.values(), strict=True):
        now, before = shown.value(whole.now), shown.value(whole.before)
        delta = _delta(shown, now, before)
        is_clear = shown.measure is not None and whole.verdicts[shown.measure] in ("worse", "better")
        column.metric(
            shown.title,
            "none" if now is None else charts_days.written(now, shown.unit) + " characters" * (shown.unit == "number"),
            delta,
            delta_color="off" if not is_clear else "inverse" if shown.bad == "high" else "normal",
            delta_arrow="off" if delta == _SAME else "auto",
            delta_description=None if delta is None else _against(range_),
            help=f"All replies of {range_.words}, UTC days: {shown.base(whole.now):,} {shown.of}, "
            f"{shown.base(whole.before):,} before." + (" Mean of a reply." if shown.unit == "number" else ""),
            border=True,
        )


def _delta(shown: _Shown, now: float | None, before: float | None) -> str | None:
    """In points, or in percent of what it was; None where either is not known."""
    if now is None or before is None or (shown.unit == "number" and not before):
        return None
    moved = 100 * (now - before) if shown.unit == "share" else 100 * (now / before - 1)
    said = f"{moved:+.1f} points" if shown.unit == "share" else f"{moved:+.0f} %"
    return said if float(said.split(maxsplit=1)[0]) else _SAME


def _nothing_before(whole: Compared, range_: TimeRange) -> None:
    days = len(whole.daily)
    shorter = [one for one in RANGES.values() if one.days is not None and 2 * one.days <= days]
    st.info(f"Nothing was asked before these {range_.words}, so there is nothing to compare with.")
    if shorter:
        days_words = shorter[-1].name.removeprefix("1 ")
        link(f"Compare the last {days_words} with the {days_words} before", "quality", range=shorter[-1].name)


def _sentences(found: Sequence[Compared], by: By, range_: TimeRange, *, has_before: bool) -> None:
    _write(found[:SENTENCES])
    rest = found[SENTENCES:]
    if rest:
        graver = len([one for one in rest if one.verdict == "worse"])
        with st.expander(f"{len(rest):,} more: {graver or 'none'} of them worse"):
            _write(rest)
    st.caption(
        f"{' '.join([range_.words.capitalize(), *([_against(range_)] if has_before else [])])}, UTC days, by "
        f"{by.replace('_', ' ')}; the worst first. A "
        "difference is called worse or better where it is larger than days differ by themselves (p < 0.01); incidents, "
        "which are watched round by round, keep a stricter promise."
    )


def _write(found: Sequence[Compared]) -> None:
    st.markdown(
        "\n".join(
            f"- :{_COLOURS[one.verdict]}-badge[{verdict_words(one)}] **{inline(one.key or 'none', 60)}**: "
            f"{inline(sentence(one), 400)}"
            for one in found
        )
    )


def _incidents(context: PageContext) -> None:
    opened = sorted((one for one in context.store.open_incidents() if isinstance(one, Change)), key=urgency)
    for one in opened[:3]:
        link(
            f"Incident {one.id}: {inline(one.endpoint, 60)} differs since {context.since(one)}",
            "incident",
            icon=":material/warning:",
            incident=str(one.id),
        )
    if opened[3:]:
        link(f"All {len(opened)} open incidents", "incident")


def _days(context: PageContext, found: Sequence[Compared], shown: _Shown, by: By, range_: TimeRange) -> None:
    values = [DayValue(one.key, day, shown.value(sums), shown.base(sums)) for one in found for day, sums in one.daily]
    what = f"{shown.title}, {'characters of a reply' if shown.unit == 'number' else f'share of {shown.of}'}"
    st.markdown(f"## {shown.title} by day")
    if all(one.value is None for one in values):
        st.caption("Nothing to show: no probe here declares the expectation this needs (`expect:`).")
        return
    marked = _marks(context, range_)
    st.altair_chart(
        charts_days.calendar(
            values,
            shown.title,
            shown.unit,
            shown.of,
            marked,
            bad=shown.bad,
            in_colour=any(one.verdict == "worse" for one in found),
        ),
        alt=f"{what}, by UTC day and {by.replace('_', ' ')}, the worst first",
    )
    st.caption(
        f"{what}. A row for each {by.replace('_', ' ')}, the worst first; the stronger a day, the "
        f"{'more' if shown.bad == 'high' else 'lower'}. "
        + (f"Lines, {len(marked)} in all: where changes and deploys began; "
           "point at one to read it." if marked else "No change and no deploy in this time.")
    )  # fmt: skip
    st.altair_chart(
        charts_days.over_days(
            values, shown.title, shown.unit, shown.of, keep="smallest" if shown.bad == "low" else "largest"
        ),
        alt=f"{what}, as lines, by UTC day and {by.replace('_', ' ')}",
    )


def _marks(context: PageContext, range_: TimeRange) -> list[Mark]:
    """Where changes began and what the team did in this time, oldest first."""
    since, _ = range_.dates(context.now)
    begin = datetime.combine(since, time(), UTC)
    found = [
        Mark(at, "changed", f"incident {one.id} at {one_line(one.endpoint, 60)}, since {began(one)}")
        for one in context.store.incidents()
        if isinstance(one, Change) and (at := moment(one.onset)) is not None
    ]
    found += [
        Mark(one.at, "edited", f"deploy of {one_line(one.what, 60)} {one_line(one.ref, 40)}")
        for one in context.store.marks(begin)
    ]
    return sorted((one for one in found if one.at >= begin), key=lambda one: one.at)


def _table(found: Sequence[Compared], shown: _Shown, by: By, range_: TimeRange) -> None:
    st.markdown(f"## Total of {range_.words}")
    key = by.replace("_", " ")
    scale = 1 if shown.unit == "number" else 100
    columns = {
        key: [one_line(one.key) or "none" for one in found],
        "replies": [one.now.answered for one in found],
        "passed": [tables.hundred(one.now.pass_rate) for one in found],
        "passed, change": [tables.difference(one.now.pass_rate, one.before.pass_rate) for one in found],
        "right": [tables.hundred(one.now.accuracy) for one in found],
        "right, change": [tables.difference(one.now.accuracy, one.before.accuracy) for one in found],
        "refused": [tables.hundred(one.now.refusal_rate) for one in found],
        "refused, change": [tables.difference(one.now.refusal_rate, one.before.refusal_rate) for one in found],
        "characters": [one.now.mean_characters for one in found],
        "failed": [tables.hundred(one.now.failure_rate) for one in found],
        "days": [[scale * value for _, sums in one.daily if (value := shown.value(sums)) is not None] for one in found],
    }
    before = f"Points, {_against(range_) or 'nothing before'}"
    st.dataframe(
        columns,
        hide_index=True,
        placeholder="",
        column_config={
            "replies": st.column_config.NumberColumn("replies", format="localized"),
            "passed": tables.share_column("checks passed", "Share of the replies that are checked"),
            "passed, change": tables.points_column("± points", before),
            "right": tables.share_column("right", "Share of the checks that know the right answer"),
            "right, change": tables.points_column("± points ", before),
            "refused": tables.share_column("refused", "Share of replies"),
            "refused, change": tables.points_column("± points  ", before),
            "characters": st.column_config.NumberColumn("characters", format="%.0f", help="Of a reply, mean"),
            "failed": tables.share_column("failed asks", "Share of asks without a reply"),
            "days": st.column_config.LineChartColumn(f"{shown.title.lower()}, by day"),
        },
        alt=f"Quality in {range_.words} {_against(range_)}, by {key}",
    )


def _row(key: str, day: str, sums: Sums, by: By) -> dict[str, str | int | float | None]:
    return {
        "day": day, by: key, "answers": sums.answered, "checked": sums.checked, "passed": sums.passed,
        "keyed": sums.keyed, "right": sums.right, "refused": sums.refused, "characters": sums.characters,
    }  # fmt: skip
