"""The buttons of an incident: acknowledge, mute, accept. Off by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Final

import streamlit as st

from dashboard.formatting import inline, one_line
from dashboard.frame import PageContext
from prober.incidents.routing import NOBODY
from prober.model.errors import ProberError
from prober.model.incident import Action, ActionName, Change, Incident
from prober.service.act import act, done
from prober.settings import Settings
from prober.store import Store

MUTES: Final = {"4 hours": 4, "1 day": 24, "3 days": 72, "1 week": 168}
"""Label → hours."""
_REASON_LIMIT: Final = 500
_OUTCOME: Final = "outcome-of-press"


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who is signed in."""

    name: str
    """As the record names them."""
    allowed: bool
    """Whether they are among those who may act."""


def section(context: PageContext, incident: Incident) -> None:
    """What a person may do about an incident now, and the result of what they did."""
    settings = Settings()
    _say_outcome(incident)
    if not incident.is_live:
        return
    if not settings.dashboard_actions:
        st.caption("To acknowledge it, or to accept the new behaviour as the reference:")
        say = f"prober incidents acknowledge {incident.id} --by YOU\n"
        accept = (
            "" if not isinstance(incident, Change) else f"prober incidents accept {incident.id} --by YOU --reason WHY"
        )
        st.code((say + accept).strip(), language="shell")
        return
    who = viewer(settings)
    if who is None:
        _sign_in()
    elif not who.allowed:
        st.caption(f"{inline(who.name)} may not act on incidents here (PROBER_DASHBOARD_ALLOWED).")
    else:
        _form(context, incident, who)


def press(url: str, incident: Incident, pressed: Action, now: datetime) -> str:
    """Does what the command line does; gives the result as a sentence.

    The recipients of the incident are notified by the daemon: the page has no alerters of its own.
    """
    try:
        with Store.open(url) as store:
            return done(*act(store, incident.id, pressed, NOBODY, now))
    except ProberError as error:
        return f"Nothing was done: {error}."


def _sign_in() -> None:
    if can_sign_in():
        st.caption("Sign in to acknowledge, mute and accept.")
        st.button("Sign in to act", on_click=st.login, icon=":material/login:")
    else:
        st.caption(
            "You are not signed in, so you cannot act here: name the header of your proxy in "
            "PROBER_DASHBOARD_USER_HEADER, or set up sign-in."
        )


def _form(context: PageContext, incident: Incident, who: Viewer) -> None:
    key = f"act-{incident.id}"
    with st.form(key, border=True, enter_to_submit=False):  # Enter must not decide anything
        st.markdown(
            f"**Act on this incident.** You are signed in as {inline(who.name)}; this is kept with the incident."
        )
        reason = st.text_input("Reason", key=f"{key}-reason", max_chars=_REASON_LIMIT, placeholder="Required to accept")
        columns = st.columns([1, 1, 1, 1], vertical_alignment="bottom")
        chosen: ActionName | None = None
        with columns[0]:
            if st.form_submit_button("Acknowledge", disabled=incident.state == "acknowledged", width="stretch"):
                chosen = "acknowledge"
        with columns[1]:
            for_ = st.selectbox("Mute for", list(MUTES), index=1, key=f"{key}-for")
        with columns[2]:
            if st.form_submit_button("Mute", width="stretch"):
                chosen = "mute"
        with columns[3]:
            if isinstance(incident, Change) and st.form_submit_button("Accept new behaviour", width="stretch"):
                chosen = "accept"
    if chosen is None:
        return
    if chosen == "accept" and not reason.strip():
        st.error("Give a reason for accepting: a new reference begins, and this cannot be undone.")
        return
    until = context.now + timedelta(hours=MUTES[for_]) if chosen == "mute" else None
    said = press(context.store.url, incident, Action(chosen, who.name, reason.strip(), until, "dashboard"), context.now)
    st.session_state[_OUTCOME] = (incident.id, said)
    st.rerun()


def _say_outcome(incident: Incident) -> None:
    about, said = st.session_state.get(_OUTCOME, (0, ""))
    if about == incident.id:
        st.info(inline(said, 400))


def viewer(settings: Settings) -> Viewer | None:
    """None where nobody is signed in."""
    if settings.dashboard_user_header:
        # The header alone where one is named: what the browser keeps must not outvote the proxy.
        name = named_by_header(st.context.headers, settings.dashboard_user_header)
    else:
        name = named_by_claims(st.user.to_dict())
    return Viewer(name, may_act(name, settings.dashboard_allowed)) if name else None


def can_sign_in() -> bool:
    """Whether Streamlit knows an identity provider (`[auth]` of its secrets) and has the package for it."""
    try:
        return "auth" in st.secrets and find_spec("authlib") is not None
    except FileNotFoundError:
        return False


def named_by_header(headers: Mapping[str, str], header: str) -> str:
    return one_line(headers.get(header, "").strip(), 120)


def named_by_claims(claims: Mapping[str, object]) -> str:
    """The e-mail address where its provider has verified it, else the provider's own name for the person."""
    if not claims.get("is_logged_in"):
        return ""
    verified = claims.get("email_verified") is not False
    return one_line(str((claims.get("email") if verified else "") or claims.get("sub") or ""), 120)


def may_act(name: str, allowed: str | None) -> bool:
    """Whether `name` is on a list with commas between; everyone is where there is none."""
    if allowed is None:
        return True
    return name.casefold() in {one.strip().casefold() for one in allowed.split(",") if one.strip()}
