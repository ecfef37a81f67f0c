"""What to do now, by what happened. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prober.alerts.phrases import KINDS, OTHER_KIND
from prober.model.incident import TROUBLES, Event
from prober.model.notice import Notice

_SAID: Final[Mapping[Event, tuple[str, ...]]] = {
    "joined": ("Look at these endpoints as well: each has an incident of its own, to acknowledge or to accept.",),
    "acknowledged": ("Nothing, unless you can help: the change is in hand.",),
    "muted": ("Nothing: more is said when the mute ends, or when it gets worse.",),
    "accepted": ("Nothing: later rounds are judged against a new reference.",),
    "closed": ("Nothing: later rounds are judged against a new reference.",),
    "recovered": ("Look at what the replies of those rounds were used for; the reference stays as it was.",),
    "superseded": ("Go on with the incident that takes its place.",),
    "trouble_over": ("Nothing: rounds succeed, and are judged again.",),
    "stale": ("See that `prober run` is up and that the endpoint's rounds are not missed: prober status",),
    "fresh": ("Nothing: rounds come in again.",),
    "daemon_silent": ("See that `prober run` is up, and start it again: nothing is watched until then.",),
    "daemon_back": ("Nothing: the daemon is at work again.",),
    "digest": ("Look through it when it suits you: nothing here had to wake anyone.",),
}
"""What needs no incident to be said."""


def todo(notice: Notice) -> tuple[str, ...]:
    """The steps, in order."""
    if notice.drill:
        return ("Nothing: this is a drill, and the endpoint has not changed. Whoever started it takes it back.",)
    number = notice.incident_id
    if notice.event == "passed":
        return (
            "Look at what the replies of those rounds were used for.",
            f"Close it, with a reference from after the change: prober incidents accept {number}",
        )
    if notice.event in _SAID:
        return _SAID[notice.event]
    check = KINDS.get(notice.kind, OTHER_KIND).check
    runbook = ("Follow the runbook.",) if notice.runbook else ()
    in_hand = f"Say that it is in hand: prober incidents acknowledge {number}"
    if notice.kind in TROUBLES:
        return (check, *runbook, in_hand)
    return (
        "Compare the replies, here and on the dashboard: is it worse, better, or only different?",
        *runbook,
        check,
        in_hand,
        f"If the new behaviour is to be the reference: prober incidents accept {number}",
    )
