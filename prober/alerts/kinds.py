"""Every kind of incident, as a person says it, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prober.incidents.events import EVENTS
from prober.incidents.measured import HELD_BACK
from prober.model.incident import Incident
from prober.model.notice import ChangeNews, IncidentNews, MeasuredNews, Notice
from prober.model.reply import is_refused_request
from prober.model.watch import CACHE_OFF


@dataclass(frozen=True, slots=True)
class KindWords:
    """One diagnosis word, as a person says it."""

    title: str
    bad: str
    """How bad it is."""
    check: str
    """What to look at first."""


KINDS: dict[str, KindWords] = {
    "identity_change": KindWords(
        "New identity",
        "the provider describes the model differently than before. The answers may or may not differ: see below.",
        "Ask the provider, or read its changelog: was the model updated, re-routed or retired? Pin a dated version.",
    ),
    "behaviour_change": KindWords(
        "Behaviour change",
        "the same prompts get different answers than before. Whatever uses them may work worse now.",
        "Run your own evaluation against this endpoint before you trust it with more work.",
    ),
    "contract_break": KindWords(
        "Contract break",
        "answers no longer pass the checks of the probes. Callers that rely on it are probably failing now.",
        "Look at the callers that parse these answers; fall back to another endpoint if they fail.",
    ),
    "unauthorized": KindWords(
        "Unauthorized",
        "the key is missing or rejected, so this endpoint is not watched. Callers with the same key fail as well.",
        "Check the key in the variable that `api_key_env` of the endpoint names, and what it may do.",
    ),
    "out_of_credit": KindWords(
        "Out of credit",
        "the account has no money left, so this endpoint is not watched. Callers on the same account fail as well.",
        "Add credit, or raise the spending limit with the provider. Waiting does not help.",
    ),
    "model_not_found": KindWords(
        "Model not found",
        "the provider knows no such model, so this endpoint is not watched. Callers of the same model fail as well.",
        "Check `model` of the endpoint, and whether this key may use it.",
    ),
    "model_retired": KindWords(
        "Model retired",
        "the provider took the model out of service. Callers of the same model fail as well.",
        "Move callers to the successor that the provider names, and write it as `model` of the endpoint.",
    ),
    "provider_error": KindWords(
        "Provider error",
        "this endpoint is not watched until its rounds succeed again. Its callers probably fail as well.",
        "Look at the provider's status page, and at what the provider says.",
    ),
    "rate_limited": KindWords(
        "Rate limited",
        "this endpoint is not watched until its rounds succeed again. It shares its limit with its callers.",
        "Ask less often, or ask the provider for a higher limit.",
    ),
    "budget_exhausted": KindWords(
        "Budget exhausted",
        "this endpoint is not watched until its spending leaves the window of the budget.",
        "Raise the budget, or ask less often: `prober plan` shows what the probes cost.",
    ),
    "runaway": KindWords(
        "Runaway spending",
        f"more is spent than planned. Until it is over, {HELD_BACK}.",
        "Find what asks so much: rounds in a loop, or a model that reasons longer.",
    ),
    "bill": KindWords(
        "Own traffic above plan",
        "your own traffic costs more than planned, or an agent runs in a loop. The prober holds none of it back.",
        "Look at what the feature sends: a loop, longer prompts, or more users.",
    ),
    "objective_missed": KindWords(
        "Objective missed",
        "replies are bad more often than your objective allows, and the error budget is spent too fast.",
        "Look at which probes fail, and since when: prober slo, and the History of the endpoint.",
    ),
    "input_shift": KindWords(
        "Other questions",
        "your users ask for other things than before. The answers may be as good as before, or not.",
        "Look at what the feature is used for now, and whether your probes still ask what users ask.",
    ),
    "output_shift": KindWords(
        "Other answers to users",
        "your users get different answers than before. If they also ask for other things, that alone may explain it.",
        "Compare with the probes and with what users ask: prober triage.",
    ),
}
OTHER_KIND = KindWords("Change", "the endpoint is not what it was.", "Look at what moved.")
_CACHED: Final = KindWords(
    "Cached",
    "a cache answers in place of the model. Its replies are not judged, so this endpoint is not watched. Callers may "
    "get old replies too.",
    f"{CACHE_OFF[:1].upper()}{CACHE_OFF[1:]}.",
)
_REQUEST_REFUSED: Final = KindWords(
    "Request refused",
    "the provider refuses the requests as the probes send them, so this endpoint is not watched. Callers that send the "
    "same fail as well.",
    "Correct what the provider names: a parameter, a prompt, or the address of the endpoint.",
)
PLAN = "If you want to spend this much, make it the plan: prober incidents accept {id}"
_BY_COMMAND: Final[Mapping[str, str]] = {
    "acknowledge": "Acknowledge it to stop reminders: prober incidents acknowledge {id}",
    "accept": "To make the new behaviour the reference: prober incidents accept {id}",
    "dismiss": "If nothing changed, dismiss it as a false alarm: prober incidents dismiss {id}",
    "close": "Close it, and keep the reference: prober incidents close {id}",
}
_BY_BUTTON: Final[Mapping[str, str]] = {
    "acknowledge": "Press Acknowledge to stop reminders.",
    "accept": "To make the new behaviour the reference, press Accept new behaviour.",
    "dismiss": "If nothing changed, press False alarm.",
    "close": "Close it on the dashboard, and keep the reference; or: prober incidents close {id}",
}
"""What a person can do, where the message has buttons and where it has none."""
_CLOSED_BY_HAND: Final = (
    "Nothing, if it is over. A person closed it; nothing was measured to be over: see prober status."
)


def words_of(incident: Incident | IncidentNews) -> KindWords:
    """That a cache answers, or that our request is refused, is stored as an error of the provider, which it is not."""
    if incident.kind == "provider_error" and incident.cause == "cached":
        return _CACHED
    if incident.kind == "provider_error" and is_refused_request(incident.cause):
        return _REQUEST_REFUSED
    return KINDS.get(incident.kind, OTHER_KIND)


def steps(notice: Notice, buttons: bool) -> tuple[str, ...]:
    """What to do now, in order."""
    if notice.drill:
        return ("Nothing: this is a drill, and the endpoint has not changed. Whoever started it ends it.",)
    number, about = notice.incident_id, notice.about
    can = {name: words.format(id=number) for name, words in (_BY_BUTTON if buttons else _BY_COMMAND).items()}
    if isinstance(about, IncidentNews) and about.is_closed_by_hand and EVENTS[notice.event].phase == "resolved":
        return (_CLOSED_BY_HAND,)
    if own := EVENTS[notice.event].steps:
        return tuple(step.format(id=number, **can) for step in own)
    check = (words_of(about) if isinstance(about, IncidentNews) else OTHER_KIND).check
    acknowledge = [can["acknowledge"]] if isinstance(about, IncidentNews) and about.acknowledged_at is None else []
    if isinstance(about, MeasuredNews) and about.kind in ("runaway", "bill"):
        return (*acknowledge, *_runbook(notice), check, PLAN.format(id=number))
    if not isinstance(about, ChangeNews):
        return (*acknowledge, *_runbook(notice), check)
    compare = "Compare the replies, here and on the dashboard: is it worse, better, or only different?"
    dismiss = [] if about.facts else [can["dismiss"]]  # a fact is never a false alarm
    return (*acknowledge, *_runbook(notice), compare, check, can["accept"], *dismiss)


def _runbook(notice: Notice) -> list[str]:
    """The team's own, whose address is below; else the shipped one that fits."""
    if notice.source and notice.source.runbook:
        return ["Follow the runbook."]
    name = notice.about.runbook if isinstance(notice.about, IncidentNews) else ""
    return [f"Follow the runbook {name}: prober incidents runbook {notice.incident_id}"] if name else []
