"""What is decided about an incident, by whom, and the named reason why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from prober.model.incident import Change, Event, Incident

Reason = Literal[
    # a round was judged
    "insufficient_evidence",  # the reference is still growing
    "quiet",  # nothing to say
    "suspected",  # evidence grows, not enough to page
    "suspicion_faded",  # the evidence went away again
    "change_confirmed",  # the promise's threshold was passed: an incident opens
    "joined",  # confirmed, and part of an incident of the same provider that is open
    "already_open",  # the same change, seen again
    "more_serious",  # the open incident is worse than before: people are notified
    "more_channels",  # further channels moved
    "refreshed",  # the same, in today's numbers
    "aftermath",  # one of the rounds that decide whether the change stays
    "persistent",  # it stays
    "transient",  # it has passed: people are notified
    "back_so_far",  # one of the rounds that decide whether the old behaviour is back to stay
    "back_for_good",  # it recovered: the incident closes
    "changed_again",  # another change, later than the one that is open: a new incident takes over
    "became_reference",  # a provisional change: rounds are like the reference that was gathered since, so it closes
    "in_maintenance",  # a change in a declared window of work: nothing opens
    "inhibited",  # most asks failed: the few replies open nothing
    # a provider says something else than before
    "fact_found",  # people are notified, once
    "fact_over",  # only the values from before come
    # rounds failed, or succeeded again
    "failing",  # some rounds, too few to say so
    "rounds_failed",  # several in a row: trouble opens
    "asks_failed",  # a large share of the asks of many rounds: trouble opens
    "still_failing",
    "cause_changed",  # for another reason now: people are notified
    "cause_refreshed",  # for the same reason, in newer words
    "recovering",  # some rounds succeeded
    "rounds_succeed",  # several in a row: trouble is over
    # more is spent than planned
    "overspent",  # an incident opens, and asks are held back, those of low priority first
    "back_in_plan",  # several rounds in a row took no more than planned: it is over
    "bill_above_plan",  # the team's own traffic costs more than planned: an incident opens
    "bill_in_plan",  # it does no more
    # what the team measures itself
    "budget_burns",  # the e-detector of an objective passed its threshold: an incident opens
    "burn_over",  # its evidence is gone
    "shift_found",  # in live samples: an incident opens
    "shift_learnt",  # the windows since are the reference
    "not_declared",  # the objective, or the endpoint, is declared no more
    # a person acted
    "acknowledged",  # a person took it on
    "muted",  # a person wants no notices of it for a while
    "unmuted",
    "accepted",  # a person took the new behaviour as the reference
    "dismissed",  # a person says that nothing changed: it was a false alarm
    "closed_by_hand",  # a person closed it: the old behaviour is back
    "reset",  # a person began a new reference
    "shown",  # a person looked at the evidence
    "not_allowed",  # this person may not act on incidents
    "already_acknowledged",
    "not_muted",
    "not_confirmed",  # only suspected: there is nothing to act on yet
    "nothing_to_accept",  # an endpoint that cannot be asked shows no behaviour
    "nothing_to_dismiss",  # only evidence of a change can be a false alarm
    "rests_on_fact",  # nor can a change to which a fact belongs
    "already_closed",
    # time went by
    "mute_expired",
    "mute_moved",  # it was set by a clock that was ahead
    "reminder_due",
    "not_acknowledged",  # for as long as a route allows: others are notified
    "nothing_due",
    "rounds_overdue",  # an endpoint is stale
    "rounds_resumed",
    # our own edit
    "config_changed",  # its endpoint is another now, under the same name
]
LEARNT: Final[frozenset[Reason]] = frozenset(
    (
        "suspected",
        "suspicion_faded",
        "change_confirmed",
        "more_serious",
        "more_channels",
        "refreshed",
        "aftermath",
        "persistent",
        "transient",
        "back_so_far",
        "back_for_good",
        "changed_again",
        "became_reference",
    )
)
"""Reasons by which a judged round makes an incident another than it was."""
TROUBLE_LEARNT: Final[frozenset[Reason]] = frozenset(
    ("rounds_failed", "asks_failed", "cause_changed", "cause_refreshed", "rounds_succeed")
)
"""The same for trouble."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one judgement, action or moment, and why. A service carries it out in one transaction."""

    reason: Reason
    incident: Incident | None = None
    """The incident as it shall be from now on; None where there is none."""
    event: Event | None = None
    """What happened to it, if anyone is to be notified."""
    new_epoch: str | None = None
    """Label of the first round of a new epoch, where a new reference starts."""
    successor: Change | None = None
    """The change that takes the place of this one, which closes as superseded; people are notified that it opened."""


ActionName = Literal["acknowledge", "mute", "unmute", "accept", "dismiss", "close", "show"]
"""`show` only looks at the evidence."""
CHANGE_REFERENCE: Final[tuple[ActionName, ...]] = ("accept", "dismiss")
"""Actions that cannot be undone, for which pages and Slack ask the reason."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a person does to an incident, by a button or from a shell. Every one is kept, with what became of it."""

    action: ActionName
    actor: str
    """Who, as people know them."""
    note: str = ""
    """Why."""
    until: datetime | None = None
    """When a mute ends."""
    via: str = "shell"
    """Where that was done, such as `slack`."""
    allowed: bool = True
    """Whether that person may; kept, but without effect, where not."""
