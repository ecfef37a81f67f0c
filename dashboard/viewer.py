"""Who looks at the page: as a proxy in front of it says, or as they signed in (OpenID Connect, by Streamlit)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import streamlit as st

from dashboard.formatting import one_line
from prober.settings import Settings


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who is signed in."""

    name: str
    """As the record names them."""
    allowed: bool
    """Whether they are among those who may act."""


def viewer(settings: Settings) -> Viewer | None:
    """None where nobody is signed in."""
    if settings.dashboard_user_header:
        # The header alone where one is named: what the browser keeps must not outvote the proxy.
        name = named_by_header(st.context.headers, settings.dashboard_user_header)
    else:
        name = named_by_claims(st.user.to_dict())
    return Viewer(name, may_act(name, settings.dashboard_allowed)) if name else None


def can_sign_in() -> bool:
    """Whether Streamlit was told of a place to sign in at (`[auth]` of its secrets), and has what that takes."""
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
