"""For whoever serves users: do live questions and replies drift, feature by feature?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from dashboard import tables
from dashboard.formatting import inline, listed, one_line
from dashboard.frame import PageContext, heading
from dashboard.selection import link
from prober.incidents.clock import by_clock_ahead
from prober.model.sample import SIDE_WORDS, Side
from prober.status.samples import FeatureStatus, SideStatus, open_shifts
from prober.text import count

_STATES = {"alarm": "shifted", "suspected": "suspected", "quiet": "as before", "insufficient_evidence": "too few yet"}


def draw(context: PageContext) -> None:
    heading("Live traffic", "Do users ask other things, and are they answered otherwise, feature by feature?")
    found = context.store.features()
    if not found:
        st.info("**No live samples yet.** `prober ingest` takes in a log of production traffic.")
        return
    shifts = open_shifts(found)
    if shifts:
        names = dict.fromkeys(f"{one.feature} on {one.endpoint}" for one in shifts)
        st.warning(f"**Shifted now**: {listed([inline(name) for name in names])}.")
    elif all(_state(side) == "too few yet" for one in found for side in one.sides.values()):
        st.info("**Too few samples to say**: a feature is judged once enough windows hold enough of them.")
    else:
        st.success(f"**No feature shifts now**, of {count(len(found), 'feature')}.")
    _table(context, found, {(one.endpoint, one.feature, one.side) for one in shifts})
    _shifts(context, found)
    _scores(found)
    st.caption(
        "Questions and replies are judged apart from each other, in windows of samples: on average, each raises at "
        "most one false alarm a year. Probes and their promise are not part of it."
    )


def undeclared(context: PageContext) -> None:
    """On other pages: what shifts at endpoints that no file declares, which have no row there."""
    known = {one.name for one in context.store.endpoints()}
    shifts = [one for one in open_shifts(context.store.features()) if one.endpoint not in known]
    if shifts:
        said = [
            f"**{inline(one.feature, 60)}** on {inline(one.endpoint, 60)}, which no file declares: "
            f"{SIDE_WORDS[one.side]} {inline(one.words, 120)}, "
            f"since {context.when(one.onset)}{by_clock_ahead(one.onset, context.now)}"
            for one in shifts
        ]
        st.warning(f"**Live traffic shifted**: {'; '.join(said[:3])}{f' and {len(said) - 3} more' * (len(said) > 3)}.")
        link("All live traffic", "samples")


def _state(one: SideStatus, is_shifted: bool = False) -> str:
    if is_shifted:  # the windows since then are still being learnt as the reference
        return "shifted"
    return "too few yet" if one.judgement is None else _STATES.get(one.judgement.state, one.judgement.state)


def _table(context: PageContext, found: Sequence[FeatureStatus], shifted: Collection[tuple[str, str, Side]]) -> None:
    def states(side: Side) -> list[str]:
        return [_state(one.sides[side], (one.counts.endpoint, one.counts.name, side) in shifted) for one in found]

    st.dataframe(
        {
            "feature": [one_line(one.counts.name) for one in found],
            "endpoint": [one_line(one.counts.endpoint) for one in found],
            "inputs": states("inputs"),
            "outputs": states("outputs"),
            "stored": [one.counts.stored for one in found],
            "failed": [
                tables.hundred(one.counts.failed / one.counts.stored if one.counts.stored else None) for one in found
            ],
            "dropped": [one.counts.dropped for one in found],
            "newest": [one.counts.newest_at for one in found],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "inputs": st.column_config.TextColumn("questions"),
            "outputs": st.column_config.TextColumn("replies"),
            "stored": st.column_config.NumberColumn("samples", format="localized", help="Ever"),
            "failed": tables.share_column("without a reply", "Share of the samples"),
            "dropped": st.column_config.NumberColumn(
                "dropped", format="localized", help="Beyond what a minute may hold"
            ),
            "newest": tables.time_column("newest", context.zone),
        },
        alt="Features of live traffic, and whether their questions and replies shift",
    )


def _shifts(context: PageContext, found: Sequence[FeatureStatus]) -> None:
    shifts = sorted((shift for one in found for shift in one.shifts), key=lambda one: one.onset, reverse=True)
    if not shifts:
        return
    st.markdown("## Shifts that were found")
    st.dataframe(
        {
            "since": [one.onset for one in shifts],
            "feature": [one_line(one.feature) for one in shifts],
            "endpoint": [one_line(one.endpoint) for one in shifts],
            "what": [SIDE_WORDS[one.side] for one in shifts],
            "how": [one_line(one.words) + by_clock_ahead(one.onset, context.now) for one in shifts],
        },
        hide_index=True,
        column_config={"since": tables.time_column("since", context.zone)},
        alt="Shifts of live traffic, the newest first",
    )


def _scores(found: Sequence[FeatureStatus]) -> None:
    scores = sorted(
        ((one, name, shift) for one in found for name, shift in one.scores.items()), key=lambda row: row[2].p_value
    )
    if not scores:
        return
    st.markdown("## Scores\nThe newest day against the week before")
    st.dataframe(
        {
            "feature": [one_line(one.counts.name) for one, _, _ in scores],
            "endpoint": [one_line(one.counts.endpoint) for one, _, _ in scores],
            "score": [one_line(name) for _, name, _ in scores],
            "state": ["shifted" if shift.is_clear else "as before" for _, _, shift in scores],
            "change": [one_line(shift.words.removeprefix(f"{name}: ")) for _, name, shift in scores],
            "p": [shift.p_value for _, _, shift in scores],
        },
        hide_index=True,
        column_config={"p": st.column_config.NumberColumn("p-value", format="%.3f")},
        alt="Scores of live traffic, the newest day against the week before",
    )
