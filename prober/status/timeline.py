"""What happened to an incident, in order: what was judged, who was notified, what people did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from prober.alerts.phrases import thousands
from prober.incidents.actions import had_effect
from prober.loading.round_labels import moment_of
from prober.model.decision import ActionName
from prober.model.incident import Change, Facts, Incident, Measured, Trouble
from prober.model.version import Mark
from prober.store.views import ActionView, NoticeView
from prober.text import visible

_NO_EFFECT = "had no effect: {}"

_ACTED: Final[Mapping[ActionName, str]] = {
    "acknowledge": "acknowledged",
    "mute": "muted",
    "unmute": "unmuted",
    "accept": "accepted",
    "dismiss": "dismissed as a false alarm",
    "close": "closed by hand",
    "show": "evidence viewed",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. May hold hostile text."""

    at: datetime
    what: str
    who: str = ""
    """Empty if it happened by itself."""
    why: str = ""


def timeline(
    incident: Incident,
    presses: Sequence[ActionView],
    notices: Sequence[NoticeView],
    marks: Sequence[Mark] = (),
    zone: tzinfo = UTC,
) -> tuple[Step, ...]:
    """Oldest first, with the deploys that were marked until it was over. `zone`: of moments within texts."""
    steps = [*_judged(incident), *map(_pressed, presses), *_notified(notices, zone)]
    steps += [_marked(one) for one in marks if incident.closed_at is None or one.at <= incident.closed_at]
    return tuple(sorted(steps, key=lambda step: step.at))


CHANGED: Final = "first changed round"
FIRST: Final[Mapping[type[Incident], str]] = {Trouble: "first round that failed", Measured: "first seen"}


def _marked(one: Mark) -> Step:
    what = _line(f"{one.kind} of {one.what} {one.ref}".strip(), 120)
    return Step(one.at, what, _line(one.actor, 120), _line(one.note))


def _judged(incident: Incident) -> list[Step]:
    steps = []
    if began := moment_of(incident.onset):
        steps.append(Step(began, FIRST.get(type(incident), CHANGED)))
    if isinstance(incident, Change):
        sure = f"at its strongest, evidence {thousands(incident.e_value)}, threshold {thousands(incident.threshold)}"
        confirmed_at = incident.opened_at
        if opened_by_fact(incident):
            steps.append(Step(incident.opened_at, "opened by a fact", why=_line(incident.facts[0].words)))
            confirmed_at = moment_of(incident.detected_round) or incident.opened_at
        steps.append(Step(confirmed_at, "suspected" if incident.state == "suspected" else "confirmed", why=sure))
        is_known = incident.course != "unknown" and not incident.is_provisional
        if is_known and incident.settled_round and (settled := moment_of(incident.settled_round)):
            stays = incident.course == "persistent"
            steps.append(Step(settled, "found to persist" if stays else "found to have passed"))
        if incident.passed and (back := moment_of(incident.passed)):
            steps.append(Step(back, "first round as in the reference again"))
    else:
        steps.append(Step(incident.opened_at, "opened", why=_line(_why(incident))))
    if incident.closed_at is not None:
        # If a person closed it, their action says who.
        by = "" if incident.close_reason in {"accepted", "dismissed", "reset"} else _line(incident.cause)
        steps.append(Step(incident.closed_at, f"closed: {incident.closed_as.removeprefix('closed ')}", why=by))
    return steps


def opened_by_fact(incident: Incident) -> bool:
    """Whether a change was noticed by a fact, rounds before there was evidence enough."""
    detected = moment_of(incident.detected_round)
    is_earlier = detected is not None and incident.opened_at < detected
    return isinstance(incident, Change) and bool(incident.facts) and is_earlier


def _why(incident: Incident) -> str:
    """Empty where the words are those of now, which it was not opened for."""
    if isinstance(incident, Measured):
        return ""
    return incident.words if isinstance(incident, Facts) else incident.cause.replace("_", " ")


def _pressed(one: ActionView) -> Step:
    done = _ACTED[one.action]
    if not had_effect(one.reason):
        done = f"{one.action} {_NO_EFFECT.format(one.reason.replace('_', ' '))}"
    return Step(one.at, done, _line(f"{one.actor} (from {one.via})", 120), _line(one.note, 500))


def _notified(notices: Sequence[NoticeView], zone: tzinfo) -> list[Step]:
    """When people were notified, once per event and channel; all reminders in one line, where the first was."""
    steps, reminders = [], list[NoticeView]()
    for one in sorted((one for one in notices if one.sent_at is not None), key=lambda one: one.created_at):
        if one.event == "reminded":
            reminders.append(one)
        else:
            steps.append(Step(_sent(one), f"notified: {one.event.replace('_', ' ')}", why=_line(place(one), 80)))
    if reminders:
        last = max(map(_sent, reminders)).astimezone(zone)
        times = f" {len(reminders)} times, until {last:%Y-%m-%d %H:%M %Z}"
        where = ", ".join(dict.fromkeys(map(place, reminders)))
        said = f"notified: reminded{times if len(reminders) > 1 else ''}"
        steps.append(Step(min(map(_sent, reminders)), said, why=_line(where, 80)))
    return steps


def _sent(one: NoticeView) -> datetime:
    return one.sent_at or one.created_at


def place(notice: NoticeView) -> str:
    """Where a notice goes: `slack:#billing`."""
    return f"{notice.alerter}:{notice.channel}" if notice.channel else notice.alerter


def _line(text: str, limit: int = 200) -> str:
    return visible(text, limit, lines=False)
