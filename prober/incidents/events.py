"""The events people are notified of: one table.

To add an event: a row of `EVENTS`, and a decision that names it. Routing, messages, pagers, Slack and the webhook read
what they need from the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from prober.model.declaration import Severity
from prober.model.incident import Event

Audience = Literal["routed", "notified", "escalated"]
"""`routed`: all whom a route names, and all who were notified before. `notified`: only the latter, where there is
anyone. `escalated`: whom a route names for when nobody acknowledges, and only who was not notified before."""
Urgency = Literal["by_severity", "good_news", "at_once"]
"""`by_severity`: maintenance, the digest and quiet hours hold it, unless it is critical. `good_news`: only quiet hours
hold it. `at_once`: nothing holds it."""
Phase = Literal["firing", "acknowledged", "resolved"]
"""What it means to systems that keep alerts of their own, such as PagerDuty and Alertmanager."""
Details = Literal["facts", "course", "endpoints", "author", "none"]
"""What a message about an incident says below its title: all facts; whether the change stays; which endpoints; who did
it; or nothing, so that the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """All that depends on the event alone."""

    title: str
    """First words of a message; `{severity}` and `{Severity}` stand for the incident's, `{kind}` for its kind."""
    audience: Audience = "notified"
    urgency: Urgency = "by_severity"
    phase: Phase | None = None
    """None where other systems have no alert for it."""
    severity: Severity | None = None
    """None: the incident's."""
    details: Details = "author"
    steps: tuple[str, ...] = ()
    """What to do now; `{id}` stands for the incident's number, `{acknowledge}`, `{accept}`, `{dismiss}` and `{close}`
    for how a person does that: by a button, or by a command. Empty: what the kind of incident asks for."""
    intro: tuple[str, str] | None = None
    """(label, sentence) above the facts; `{before}` stands for what the cause of trouble was before."""
    opens: bool = False
    """Whether it is the first event of an incident."""
    shows_evidence: bool = False
    """Whether the message shows what moved, and replies side by side."""
    broadcasts: bool = False
    """Whether the whole Slack channel sees it, not only the thread of the incident."""
    broadcasts_for: timedelta | None = None
    """How long after the incident opened it does so; None: always."""
    is_daily: bool = False
    """Whether people read it with the digest of the day, also where none is declared, as long as it is `info`."""
    pause: timedelta = timedelta(0)
    """How long it waits for more of its kind, of the other endpoints of the same event, before it is sent."""
    folds: bool = False
    """Whether people read it once of all endpoints of one event that it befalls alike: the first is sent at once, what
    follows within `pause` is gathered."""
    after: Event | None = None
    """The event whose recipients get this one; None: the recipients of the same incident."""


_GATHERED: Final = timedelta(minutes=1)
"""How long news of one event waits for more of its kind."""
_FIRST: Final = EventRule(title="{Severity}", audience="routed", phase="firing", details="facts", opens=True)
"""The first event of an incident."""
_OVER: Final = EventRule(title="Over", urgency="good_news", phase="resolved", pause=timedelta(minutes=5))
"""It is over by itself."""
_ENDED: Final = EventRule(title="Over", urgency="at_once", phase="resolved")
"""The same, where people are to know at once: somebody ended it."""
EVENTS: Mapping[Event, EventRule] = {
    # A change was confirmed.
    "opened": replace(_FIRST, shows_evidence=True),
    # Another endpoint of the same provider changed at the same time: its incident is part of this one.
    "joined": EventRule(
        title="More endpoints",
        audience="routed",
        phase="firing",
        details="endpoints",
        steps=("Look at these endpoints as well: each has an incident of its own, to acknowledge or to accept.",),
        pause=_GATHERED,
    ),
    # The severity of an open incident went up.
    "escalated": EventRule(
        title="Now {severity}",
        audience="routed",
        phase="firing",
        details="facts",
        intro=("News", "it is more serious than reported before."),
        shows_evidence=True,
        broadcasts=True,
        folds=True,
        pause=_GATHERED,
    ),
    # The endpoint answers as the reference again. The incident stays open until that has lasted.
    "passed": EventRule(
        title="Passed",
        urgency="good_news",
        phase="firing",
        details="course",
        folds=True,
        pause=_GATHERED,
        steps=(
            "Look at what the replies of those rounds were used for.",
            "{close}",
        ),
    ),
    # The incident has been open for a while, and nobody has acknowledged it.
    "reminded": EventRule(
        title="Still open, {severity}",
        audience="routed",
        phase="firing",
        details="none",
        broadcasts=True,
        broadcasts_for=timedelta(days=2),
    ),
    # Nobody has acknowledged it for as long as a route allows: it goes to the recipients of that route.
    "unacknowledged": EventRule(
        title="Not acknowledged, {severity}",
        audience="escalated",
        phase="firing",
        details="facts",
        intro=("News", "those who were notified first have not acknowledged it in time."),
        shows_evidence=True,
    ),
    "acknowledged": EventRule(
        title="Acknowledged",
        urgency="at_once",
        phase="acknowledged",
        steps=("Nothing, unless you can help: somebody is working on it.",),
    ),
    "muted": EventRule(
        title="Muted",
        urgency="at_once",
        phase="acknowledged",
        steps=("Nothing: you are notified again when the mute ends, or when it gets worse.",),
    ),
    # A person ended the mute, or its time is over.
    "unmuted": EventRule(title="No longer muted", phase="firing"),
    # A person took the new behaviour as the reference.
    "accepted": replace(_ENDED, title="Accepted", steps=("Nothing: later rounds are judged against a new reference.",)),
    # A person says that nothing changed.
    "dismissed": replace(
        _ENDED,
        title="False alarm",
        steps=("Nothing: later rounds are judged against a reference that holds these rounds too.",),
    ),
    # The old behaviour is back.
    "recovered": replace(
        _OVER,
        title="Recovered",
        steps=("Look at what the replies of those rounds were used for; the reference stays as it was.",),
    ),
    # The endpoint changed again, or was edited: a later incident or reference takes the place of this one.
    "superseded": replace(_OVER, title="Superseded", steps=("Go on with the incident that takes its place.",)),
    # A provisional change: a reference was gathered from the rounds since then, and rounds are like it.
    "became_reference": replace(
        _OVER,
        title="Now the reference",
        steps=(
            "Nothing, if the new behaviour is fine: rounds are judged against it.",
            "If not, ask the provider: the former behaviour is no longer the reference.",
        ),
    ),
    # A person began a new reference while the incident was open.
    "closed": replace(_ENDED, title="Closed", steps=("Nothing: later rounds are judged against a new reference.",)),
    # It cannot be asked for another reason now.
    "cause_changed": EventRule(
        title="Now {kind}",
        audience="routed",
        phase="firing",
        details="facts",
        intro=("News", "{before}"),
        folds=True,
        pause=_GATHERED,
    ),
    # A provider says something else of itself than before, or what is deterministic is another. It needs no evidence.
    "fact": replace(_FIRST, is_daily=True),
    # Evidence was found for a change that began with facts: the incident goes on as a change.
    "answers_changed": EventRule(
        title="The answers changed too", phase="firing", details="facts", shows_evidence=True, broadcasts=True
    ),
    # Only the values from before come.
    "fact_over": replace(
        _OVER, title="Back to what it was", steps=("Nothing: the provider says the same as before.",), is_daily=True
    ),
    # A person has seen it: it is known from now on.
    "fact_acknowledged": replace(
        _ENDED,
        title="Acknowledged",
        steps=("Nothing: the new value is known, and you are not notified of it again.",),
        is_daily=True,
    ),
    # Several rounds in a row failed.
    "trouble": _FIRST,
    # Rounds succeed again.
    "trouble_over": replace(_OVER, title="Answers again", steps=("Nothing: rounds succeed, and are judged again.",)),
    # A probe set spends several times what is planned: what is not needed first is asked no more.
    "runaway": _FIRST,
    # Rounds take what was planned again.
    "runaway_over": replace(_OVER, title="Spending is in plan again", steps=("Nothing: everything is asked again.",)),
    # The team's own traffic costs several times what is planned, or more than its limit of a day, or runs in a loop.
    "bill_above_plan": _FIRST,
    "bill_in_plan": replace(
        _OVER, title="Own traffic is in plan again", steps=("Look at what the day cost: the dashboard's page Cost.",)
    ),
    # The error budget of a declared objective is spent too fast.
    "objective_missed": _FIRST,
    "objective_over": replace(
        _OVER, title="Error budget no longer burns", steps=("Look at how much of the error budget is left: prober slo",)
    ),
    # What users ask, or what they are answered, shifted in live samples.
    "samples_shifted": replace(_FIRST, is_daily=True),
    "samples_learnt": replace(
        _OVER,
        title="Now the reference",
        steps=("Nothing: later samples are compared with those since the shift.",),
        is_daily=True,
    ),
    # An endpoint has had no completed round for several schedules.
    "stale": EventRule(
        title="No fresh rounds",
        audience="routed",
        phase="firing",
        severity="warning",
        steps=("Check that `prober run` is up and that the endpoint's rounds are not missed: prober status",),
    ),
    "fresh": replace(
        _OVER, title="Fresh rounds again", steps=("Nothing: rounds come in again.",), severity="warning", after="stale"
    ),
    # A candidate was asked beside the endpoint for as long as declared: an edited prompt, or another endpoint.
    "compared": EventRule(
        title="Compared",
        audience="routed",
        severity="info",
        steps=("Accept it, or roll it back: prober candidates",),
    ),
    # The gate ran by itself: the provider names another version of the model, or its retirement is near.
    "version_compared": EventRule(
        title="New version compared",
        audience="routed",
        steps=(
            "If it is worse, pin the version or send callers to the endpoint that is named above.",
            "If it is not, accept the incident, or move to the successor before the day.",
        ),
    ),
    # The provider retires the model of an endpoint: notified 60, 30 and 7 days ahead, and on the day.
    "retiring": EventRule(
        title="Model retires",
        audience="routed",
        steps=(
            "Choose the successor, and compare it on your own probes with the command above.",
            "Move callers before that day, and write the successor as `model` of the endpoint.",
        ),
    ),
    # A daemon sends no heartbeat.
    "daemon_silent": EventRule(
        title="The prober is silent",
        audience="routed",
        phase="firing",
        severity="critical",
        steps=("Check that `prober run` is up, and start it again: nothing is watched until then.",),
    ),
    "daemon_back": replace(
        _OVER,
        title="The prober is back",
        steps=("Nothing: the daemon is running again.",),
        severity="warning",
        after="daemon_silent",
    ),
    # The database was deleted, replaced, damaged, is full, or cannot be reached. These two are not stored.
    "database_lost": EventRule(
        title="The database cannot be used",
        audience="routed",
        urgency="at_once",
        phase="firing",
        severity="critical",
        steps=("Fix it, or restore a backup: prober db restore FILE. Nothing is asked until then.",),
    ),
    "database_back": replace(
        _ENDED,
        title="The database can be used again",
        steps=("Nothing: rounds go on. What was due meanwhile is missed.",),
        severity="warning",
        after="database_lost",
    ),
    # `prober init --slack` shows that messages arrive. It is not stored.
    "test": EventRule(
        title="Test message",
        urgency="at_once",
        severity="info",
        steps=("Nothing: messages of the prober arrive here.",),
    ),
    # The week in sentences, where `alerts.yaml` declares it.
    "weekly_report": EventRule(title="Weekly report", urgency="at_once", severity="info", details="none"),
    # What waited, in one message.
    "digest": EventRule(
        title="Digest",
        urgency="at_once",
        severity="info",
        steps=("Read it when you have time: nothing here is urgent.",),
    ),
}


ALARMS: Final[tuple[Event, ...]] = (
    "opened", "fact", "trouble", "runaway", "bill_above_plan", "objective_missed", "samples_shifted", "escalated",
    "answers_changed", "cause_changed", "unmuted",
)  # fmt: skip
"""Events after which an incident must be acknowledged again."""
NAMES_ALL_PARTS: Final[tuple[Event, ...]] = (*(event for event, rule in EVENTS.items() if rule.opens), "joined")
"""Events whose message names every endpoint that has joined the incident before it is sent."""
