"""Boxes to choose from. What is chosen stands in the address, so that it can be sent on and found again."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.words import inline, one_line


def choose_from(
    label: str,
    parameter: str,
    options: Sequence[str],
    unknown: str,
    *,
    usual: str | None = None,
    forgets: Sequence[str] = (),
) -> str:
    """A box; gives what the address names, else `usual`, else the first. `options` may not be empty.

    `unknown` is said, with the name in its place, where the address names none of them. Another choice makes the
    address forget what hangs on this one.
    """
    wanted = st.query_params.get(parameter)
    if wanted is not None and wanted not in options:
        st.warning(f"{unknown.format(inline(wanted, 60))} Choose one of those there are.")
        wanted = None
    value = wanted or usual or options[0]
    key = f"choose-{parameter}"
    st.session_state[key] = value

    def changed() -> None:
        kept = {name: text for name, text in st.query_params.to_dict().items() if name not in forgets}
        st.query_params.from_dict(kept | {parameter: st.session_state[key]})

    st.selectbox(label, options, key=key, format_func=one_line, on_change=changed)
    return value
