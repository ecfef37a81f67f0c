"""The buttons of an incident: acknowledge, mute, unmute, close, accept, dismiss. Each asks first. Off by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.util import find_spec
from typing import Final, Literal

import streamlit as st

from dashboard.formatting import inline, one_line, when
from dashboard.frame import PageContext
from prober.incidents.routing import NOBODY
from prober.model.decision import CHANGE_REFERENCE, Action, ActionName
from prober.model.errors import ProberError
from prober.model.incident import Change, Incident
from prober.service.act import act, done
from prober.settings import Settings
from prober.store import Store

MUTES: Final = {"4 hours": 4, "1 day": 24, "3 days": 72, "1 week": 168}
"""Label → hours."""
_ACTIONS: Final[Mapping[ActionName, tuple[str, str]]] = {
    "acknowledge": ("Acknowledge", "You take it on: no more reminders are sent."),
    "mute": ("Mute", "Nobody is notified of it for a while, unless it gets worse or is over."),
    "unmute": ("Unmute", "People are notified of it again."),
    "close": ("Close", "It is over: the old behaviour is back. The reference stays as it is."),
    "accept": (
        "Accept new behaviour",
        "The new behaviour is wanted: a new reference begins at its first round. **This cannot be undone.**",
    ),
    "dismiss": (
        "False alarm",
        "Nothing changed: all rounds so far are the reference, and the alarm counts against the promise. **This cannot "
        "be undone.**",
    ),
}
"""Title and what comes of it, markdown."""
_OR: Final[Mapping[tuple[ActionName, ...], str]] = {
    (): "",
    ("accept",): ", or to accept the new behaviour as the reference",
    CHANGE_REFERENCE: ", to accept the new behaviour as the reference, or to dismiss a false alarm",
}
"""What `_of_change` adds, in words."""
_REASON_LIMIT: Final = 500
_OUTCOME: Final = "outcome-of-press"
_OPEN: Final = "open-dialog"
"""Which incident and which action a person is asked about."""


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
        of_change = _of_change(incident)
        st.caption(f"To acknowledge it{_OR[of_change]}:")
        reason = {"acknowledge": "", **dict.fromkeys(of_change, " --reason WHY")}
        said = (f"prober incidents {verb} {incident.id} --by YOU{why}" for verb, why in reason.items())
        st.code("\n".join(said), language="shell")
        return
    who = viewer(settings)
    if who is None:
        _sign_in()
    elif not who.allowed:
        st.caption(f"{inline(who.name)} may not act on incidents here (PROBER_DASHBOARD_ALLOWED).")
    else:
        _buttons(context, incident, who)


def press(url: str, incident: Incident, pressed: Action, now: datetime, zone: tzinfo = UTC) -> str:
    """Does what the command line does; gives the result as a sentence, with times as clocks in `zone` show them.

    The recipients of the incident are notified by the daemon: the page has no alerters of its own.
    """
    try:
        with Store.open(url) as store:
            return done(*act(store, incident.id, pressed, NOBODY, now), lambda at: when(at, zone))
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


def possible(incident: Incident) -> tuple[ActionName, ...]:
    """What a person may do about an incident now."""
    first: ActionName = "unmute" if incident.state == "muted" else "mute"
    acknowledge: tuple[ActionName, ...] = () if incident.state == "acknowledged" else ("acknowledge",)
    return (*acknowledge, first, "close", *_of_change(incident))


def _of_change(incident: Incident) -> tuple[ActionName, ...]:
    """The actions that change the reference. A change to which a fact belongs is never a false alarm."""
    if not isinstance(incident, Change):
        return ()
    return ("accept",) if incident.facts else CHANGE_REFERENCE


def _buttons(context: PageContext, incident: Incident, who: Viewer) -> None:
    with st.container(horizontal=True, key="act"):
        for name in possible(incident):
            kind: Literal["primary", "secondary"] = "primary" if name == "acknowledge" else "secondary"
            st.button(_ACTIONS[name][0], key=f"act-{name}", type=kind, on_click=_ask, args=(incident.id, name))
    # Kept, so that a page that is drawn again because of news does not take the dialog away.
    about, name = st.session_state.get(_OPEN, (0, ""))
    if about == incident.id and name in possible(incident):
        _confirm(context, incident, who, name)


def _ask(incident_id: int, name: ActionName) -> None:
    st.session_state[_OPEN] = (incident_id, name)


def _dismissed() -> None:
    st.session_state.pop(_OPEN, None)


def _confirm(context: PageContext, incident: Incident, who: Viewer, name: ActionName) -> None:
    """Asks in a dialog. What was typed there is gone with it."""
    title, explained = _ACTIONS[name]

    @st.dialog(f"{title}: incident {incident.id}", on_dismiss=_dismissed)
    def dialog() -> None:
        st.markdown(explained)
        for_ = st.selectbox("For", list(MUTES), index=1, key="act-for") if name == "mute" else ""
        needed = name in CHANGE_REFERENCE
        hint = "Required" if needed else "Kept with the incident"
        reason = st.text_input("Reason", key="act-reason", max_chars=_REASON_LIMIT, placeholder=hint).strip()
        st.caption(f"You are signed in as {inline(who.name)}.")
        if not st.button(title, key="act-confirm", type="primary"):
            return
        if needed and not reason:
            st.error("Give a reason: a new reference begins, and this cannot be undone.")
            return
        until = context.now + timedelta(hours=MUTES[for_]) if for_ else None
        pressed = Action(name, who.name, reason, until, "dashboard")
        said = press(context.store.url, incident, pressed, context.now, context.zone)
        st.session_state[_OUTCOME] = (incident.id, said)
        _dismissed()
        st.rerun()

    dialog()


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
