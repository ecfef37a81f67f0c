"""The page that matters: is anything different from what we pinned? Two clicks lead to the evidence."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from dashboard import history, incident
from dashboard.reading import Reading, forget, read
from dashboard.standing import Standing, headline, standings, unreached
from dashboard.words import count, incident_number, inline, one_line, round_name, share
from prober.errors import StoreError
from prober.incidents import Incident

REFRESH_S = 10
_WORTH_A_LOOK = 0.25
"""Share of the evidence that an alarm needs, from which on a cell is tinted. Still channels stay below it for long."""
_FIXED = ("endpoint", "state", "evidence", "last round", "why", "failed asks", "model", "owners")


@st.fragment(run_every=REFRESH_S)
def page() -> None:
    """Everything on the page; drawn again every few seconds, from kept answers while the store has nothing newer."""
    now = datetime.now(UTC)
    try:
        _draw(read(), now)
    except StoreError as error:
        forget()
        _title(now)
        st.warning("**There is no store to read yet**, or it cannot be read.")
        st.text(str(error))
        st.markdown("Start the prober, which makes one, and this page fills by itself:")
        st.code("prober run", language="shell")
        st.caption("The database is named by PROBER_DATABASE_URL; `prober doctor` tells what is wrong with it.")


def _title(now: datetime) -> None:
    st.markdown("##### :material/troubleshoot: canary prober")
    st.caption(f"As of {now:%Y-%m-%d %H:%M:%S} UTC; all times are UTC.")


def _draw(reading: Reading, now: datetime) -> None:
    _title(now)
    standing = standings(reading.endpoints(), reading.rounds(), now)
    if not standing:
        _nothing_watched()
        return
    said = headline(standing)
    {"error": st.error, "warning": st.warning, "info": st.info, "success": st.success}[said.tone](said.sentence)
    for sentence in unreached(reading.deliveries(), now):
        st.error(sentence)
    if said.remarks:
        st.markdown("  \n".join(said.remarks))
    wanted = st.query_params.get("incident")
    if wanted is not None:
        _incident(reading, wanted, now)
        return
    _incidents(reading, now)
    st.markdown("#### Endpoints now")
    _matrix(standing)
    _history(reading, standing)


def _nothing_watched() -> None:
    st.info("**Nothing is watched yet.** Declare an endpoint and a few probes, look at the plan, and start.")
    st.code("prober init\nprober validate probes/\nprober run", language="shell")
    st.caption("To see the whole journey first, with no key and no account: `prober demo`.")


def _incident(reading: Reading, wanted: str, now: datetime) -> None:
    st.button("All endpoints", icon=":material/arrow_back:", on_click=st.query_params.clear)
    number = incident_number(wanted)
    found = reading.incident(number) if number is not None else None
    if found is None:
        st.warning(f"There is no incident {inline(wanted, 40)} here.")
        st.caption("It may belong to another database, or the link may be cut short.")
        return
    incident.section(reading, found, now)


def _incidents(reading: Reading, now: datetime) -> None:
    """A button for each incident that is not closed; the closed ones folded away."""
    every = reading.incidents()
    for one in (one for one in every if one.state != "closed"):
        _incident_button(one)
    closed = [one for one in every if one.state == "closed"]
    if closed:
        with st.expander(count(len(closed), "closed incident")):
            for one in closed[:50]:
                _incident_button(one)


def _incident_button(one: Incident) -> None:
    words = inline(one.verdicts[0].words) if one.verdicts else "no channel named"
    st.button(
        f"**{inline(one.endpoint)}**: {words}, since {inline(round_name(one.onset))}. See the evidence",
        key=f"incident-{one.id}",
        icon=":material/check_circle:" if one.state == "closed" else ":material/change_history:",
        on_click=_go,
        kwargs={"incident": str(one.id)},
    )


def _matrix(standing: tuple[Standing, ...]) -> None:
    """Endpoints × channels: a click on a cell shows that channel's history."""
    channels = list(dict.fromkeys(point.channel for one in standing for point in one.endpoint.channels))
    frame, tints = matrix(standing, channels)
    st.dataframe(
        frame.style.apply(lambda _: tints, axis=None),
        hide_index=True,
        height=min(35 * (len(frame) + 1) + 3, 600),
        key="matrix",
        on_select=lambda: _chosen(standing, frame),
        selection_mode="single-cell",
        column_config={
            "endpoint": st.column_config.TextColumn(pinned=True, width="medium"),
            "why": st.column_config.TextColumn(width="medium"),
            "evidence": st.column_config.ProgressColumn(
                format="%d %%", min_value=0, max_value=100, help="Of what an alarm needs, on a log scale"
            ),
        },
    )
    st.caption(
        "Evidence: 100 % is what the promise asks for before an alarm, on a log scale; a deeper orange holds more. "
        "Choose a cell to see its history."
    )


def matrix(standing: tuple[Standing, ...], channels: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cells as text, and their tints as CSS."""
    names = [one_line(channel) for channel in channels]
    columns = [*_FIXED[:3], *names, *_FIXED[3:]]
    cells, tints = [], []
    for one in standing:
        endpoint = one.endpoint
        row: dict[str, str | int] = {
            "endpoint": one_line(endpoint.name),
            "state": one.label,
            "evidence": round(100 * min(1.0, share(endpoint.e_value, endpoint.threshold))),
            "last round": one.age,
            "why": one_line(one.why),
            "failed asks": f"{endpoint.failed_asks:,} of {endpoint.asks:,}",
            "model": one_line(endpoint.model),
            "owners": one_line(", ".join(endpoint.owners)),
        }
        tint: dict[str, str] = {}
        for point in endpoint.channels:
            name, held = one_line(point.channel), share(point.e_value, endpoint.threshold)
            row[name] = one_line(point.words, 80)
            if held >= _WORTH_A_LOOK:
                row[name] = f"{row[name]} · {held:.0%}"
                tint[name] = f"background-color: rgba(213, 94, 0, {0.5 * min(held, 1.0):.2f})"
        cells.append([row.get(column, "") for column in columns])
        tints.append([tint.get(column, "") for column in columns])
    return pd.DataFrame(cells, columns=columns), pd.DataFrame(tints, columns=columns)


def _chosen(standing: tuple[Standing, ...], frame: pd.DataFrame) -> None:
    cells = st.session_state["matrix"].selection.cells
    if cells:
        row, column = cells[0]
        endpoint = standing[row].endpoint
        chosen = {"endpoint": endpoint.name}
        channel = next((one.channel for one in endpoint.channels if one_line(one.channel) == column), None)
        _go(**chosen, **({"channel": channel} if channel else {}))


def _history(reading: Reading, standing: tuple[Standing, ...]) -> None:
    wanted = st.query_params.get("endpoint")
    views = {one.endpoint.name: one.endpoint for one in standing}
    if wanted is not None and wanted not in views:
        st.warning(f"There is no endpoint {inline(wanted, 60)} here. Choose one below.")
        wanted = None
    st.markdown("#### History")
    history.choose(reading, views, wanted or next(iter(views)), st.query_params.get("channel"))


def _go(**parameters: str) -> None:
    st.query_params.from_dict(parameters)
