"""The tree: the questions in the order in which an engineer should ask them, each answered yes, no or unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prober.incidents.triage.material import Asked, Edit, Material, Neighbour
from prober.incidents.trouble import MOST_FAILED, kind_of
from prober.judging.fleet import FLOOR
from prober.judging.strata import Movement
from prober.model.reply import is_refused_request
from prober.model.triage import Answer, Check
from prober.model.watch import cause_in_words
from prober.text import count

Found = tuple[Answer | Literal["open"], str]
"""The answer, and what was found. `open`: unknown, because what was seen lies between yes and no."""
LIMITS: Final = frozenset({"budget_exhausted", "rate_limited", "out_of_credit"})
GONE: Final = frozenset({"model_not_found", "model_retired"})
_REFUSED: Final = "request_refused"
NAMES: Final = frozenset({"requested_model", "model_name", "snapshot", "fingerprint", "metadata"})
"""Kinds of facts by which a provider names another model."""
REPEATED: Final = 0.3
"""By how much the share of replies that came before word for word must rise."""


@dataclass(frozen=True, slots=True)
class Question:
    """One node of the tree."""

    asks: str
    look: Callable[[Material], Found]
    link: str = "prober triage {endpoint} --json"


def checks(material: Material) -> tuple[Check, ...]:
    """Every question, answered; those of the swap experiment where it was made."""
    found = []
    for name, one in TREE.items():
        answer, details = one.look(material)
        is_open = answer == "open"
        link = one.link.format(endpoint=material.endpoint)
        found.append(Check(name, one.asks, "unknown" if answer == "open" else answer, details, link, is_open))
    swapped = [
        Check(one.name, SWAPS[one.name], one.answer, one.details, _SWAP.format(endpoint=material.endpoint))
        for one in material.swapped
        if one.name in SWAPS
    ]
    return (*found, *swapped)


def _failing(material: Material) -> tuple[str, str]:
    """The kind of trouble, and its cause in words; empty where there is none. Before trouble opens, what the newest
    asks failed of. That a cache answers is another question."""
    one, asked = material.trouble, material.asked
    if one is not None and one.cause != "cached":
        return _kind(one.cause), cause_in_words(one.cause, one.detail, one.failed_share)
    if asked.unasked.startswith(tuple(LIMITS)):
        return _kind(asked.unasked), cause_in_words(asked.unasked)
    if _failed(asked) >= MOST_FAILED:
        share = f"{100 * _failed(asked):.0f} % of {count(asked.made, 'ask')} failed"
        return _kind(asked.failure), share + (f", the last one: {cause_in_words(asked.failure)}" * bool(asked.failure))
    return "", ""


def _kind(failure: str) -> str:
    return _REFUSED if is_refused_request(failure) else kind_of(failure)


def _failed(asked: Asked) -> float:
    """Share of the asks."""
    return (asked.failed - asked.cached) / asked.made if asked.made else 0.0


def _fails(kinds: frozenset[str], no: str) -> Callable[[Material], Found]:
    def look(material: Material) -> Found:
        kind, words = _failing(material)
        if kind in kinds:
            return "yes", words
        return ("no", f"{no}; asks fail for another reason") if kind else ("no", no)

    return look


def _unreachable(material: Material) -> Found:
    asked = material.asked
    if not asked.made and not _failing(material)[0]:
        return "unknown", "nothing was asked since"
    answered = f"{100 * (1 - _failed(asked)):.0f} % of {count(asked.made, 'ask')} were answered"
    return _fails(frozenset({"provider_error"}), answered)(material)


def _prompt_edited(material: Material) -> Found:
    if material.prompt_edits:
        return "yes", "; ".join(map(_edit, material.prompt_edits[:3])) + _more(material.prompt_edits)
    return "no", "no declared prompt was edited"


def _endpoint_edited(material: Material) -> Found:
    if material.endpoint_edits:
        return "yes", "; ".join(map(_edit, material.endpoint_edits[-3:]))
    return "no", "no declared parameter or endpoint was edited"


def _deployed(material: Material) -> Found:
    if material.deploys:
        return "yes", "; ".join(f"{one.what} {one.ref} at {one.at:%Y-%m-%d %H:%M} UTC" for one in material.deploys[-3:])
    return "no", "no deploy was recorded (`prober mark deploy`)"


def _edit(one: Edit) -> str:
    number = f" v{one.number}" if one.number else ""
    commit = f", commit {one.provenance.commit} by {one.provenance.author}" if one.provenance.commit else ""
    return f"{one.name}{number} from round {one.round[:16]}{commit}"


def _more(found: Sequence[object]) -> str:
    return f"; and {len(found) - 3} more" if len(found) > 3 else ""


def _renamed(material: Material) -> Found:
    """By what the provider says here, or of the same model at another endpoint."""
    answer, details = _said(NAMES)(material)
    twins = _twins(material)
    if answer == "yes" or not twins:
        return answer, details
    for one in twins:
        if facts := [fact for fact in one.facts if fact.kind in NAMES]:
            return "yes", f"{one.name}: " + "; ".join(fact.words for fact in facts[:3])
    if answer == "unknown":
        return "no", f"the provider says the same as before of the same model: {', '.join(one.name for one in twins)}"
    return answer, details


def _said(kinds: frozenset[str]) -> Callable[[Material], Found]:
    def look(material: Material) -> Found:
        facts = [one for one in material.facts if one.kind in kinds]
        if facts:
            return "yes", "; ".join(one.words for one in facts[:3])
        if not material.asked.made:
            return "unknown", "nothing was asked"
        if material.endpoint_edits:
            return "unknown", "the endpoint was edited, so there is nothing to compare with what the provider says"
        return "no", "the provider says the same as before"

    return look


def _twins(material: Material) -> list[Neighbour]:
    """The same model at other endpoints that answer and were not edited."""
    return [one for one in material.neighbours if one.same_model and one.moved is not None]


def _untouched(material: Material) -> Found:
    if material.endpoint_edits:
        return "unknown", "the endpoint was edited, so no series goes on"
    if material.change is not None:
        return "yes", f"same prompts, same parameters: {material.change.headline or material.change.kind}"
    if material.suspicion >= FLOOR:
        return "yes", f"evidence is at {100 * min(material.suspicion, 1):.0f} % of the threshold"
    return _by(material.untouched, "unedited probes")


def _edited(material: Material) -> Found:
    if not material.prompt_edits:
        return "unknown", "no prompt was edited"
    return _by(material.edited, "edited probes")


def _edited_alone(material: Material) -> Found:
    if not material.prompt_edits:
        return "unknown", "no prompt was edited"
    return _by(material.edited_alone, "checks of the edited probes, beyond those of the others,")


def _edited_elsewhere(material: Material) -> Found:
    if not material.prompt_edits:
        return "unknown", "no prompt was edited"
    if material.edited is None or not material.edited.moved:
        return "unknown", "the edited probes are not known to have moved here"
    # An endpoint that moves by itself is no control; one that stands still otherwise is, whoever serves it.
    known = [(one, one.edited) for one in material.neighbours if one.edited is not None and one.moved is False]
    if not known:
        return "unknown", "no other endpoint is asked the same prompts and is still otherwise"
    for one, found in known:
        if found.moved:
            return "yes", f"{one.name}: {found.words}"
    if any(found.moved is None for _, found in known):
        return "open", "whether the edited probes moved elsewhere is open"
    return "no", f"the edited probes did not move on {', '.join(one.name for one, _ in known)}"


def _reconfigured(material: Material) -> Found:
    if not material.endpoint_edits:
        return "unknown", "the endpoint was not edited"
    return _by(material.reconfigured, "probes")


def _by(found: Movement | None, what: str) -> Found:
    if found is None:
        return "unknown", f"there are no rounds of the {what} to compare"
    before, since = found.rounds
    rounds = f"{count(since, 'round')} against {before}, p = {found.p_value:.2g}"
    if found.moved:
        return "yes", f"the {what} moved: {found.words} ({rounds})"
    if found.moved is None:
        return "open", f"whether the {what} moved is open ({rounds})"
    return "no", f"the {what} did not move ({rounds})"


def _beside(pick: Callable[[Neighbour], bool], moved: bool, yes: str, no: str) -> Callable[[Material], Found]:
    def look(material: Material) -> Found:
        known = [one for one in material.neighbours if pick(one) and one.moved is not None]
        if not known:
            return "unknown", "no such endpoint is asked"
        found = [one.name for one in known if one.moved is moved]
        names = ", ".join(found or [one.name for one in known])
        return ("yes", f"{yes} at {names}") if found else ("no", f"{no} at {names}")

    return look


def _apart(material: Material) -> Found:
    """Only where this endpoint moved: a twin that stands still says that it is here."""
    if material.vantage and not any(one.same_model for one in material.neighbours):
        return "unknown", f"it is asked from {material.vantage} only"
    answer, _ = _untouched(material) if not material.endpoint_edits else _reconfigured(material)
    if answer != "yes":
        return "unknown", "this endpoint did not move on its own"
    here = f", here asked from {material.vantage}," if material.vantage else ""
    return _beside(
        lambda one: one.same_model, False, f"the same model{here} did not move", f"the same model{here} moved as well"
    )(material)


def _tokens(material: Material) -> Found:
    """Where the endpoint was edited, those of the same model at another endpoint."""
    added, where = material.tokens_added, ""
    if added is None and material.endpoint_edits:
        known = [(one.tokens_added, one.name) for one in _twins(material) if one.tokens_added is not None]
        added, where = max(known, default=(None, ""))
    at = f" at {where}" if where else ""
    if added is None:
        return "unknown", "input tokens are not reported, or too few prompts are the same"
    if added > 0:
        return "yes", f"every unedited prompt counts {count(added, 'more input token')}{at}"
    return "no", f"prompts do not count more input tokens by one amount{at}"


def _cached(material: Material) -> Found:
    if material.asked.cached:
        return "yes", f"a cache answered {material.asked.cached} of {count(material.asked.made, 'ask')}"
    return "no", "no reply is known to come from a cache"


def _repeats(material: Material) -> Found:
    if material.repeats is None:
        return "unknown", "there are no long replies"
    before, since = material.repeats
    words = f"{100 * since:.0f} % of long replies came before word for word, {100 * before:.0f} % earlier"
    return ("yes" if since - before >= REPEATED else "no"), words


def _live(name: str, yes: str, no: str) -> Callable[[Material], Found]:
    def look(material: Material) -> Found:
        said = getattr(material.live, name) if material.live is not None else None
        return ("unknown", "there are no live samples") if said is None else ("yes", yes) if said else ("no", no)

    return look


_ROUNDS: Final = "prober status --json"
_VERSIONS: Final = "prober versions"
_INCIDENTS: Final = "prober incidents list --endpoint {endpoint}"
TREE: Final[dict[str, Question]] = {
    "unreachable": Question("Does the provider fail?", _unreachable, _ROUNDS),
    "limited": Question(
        "Is a budget, a rate limit or a credit used up?",
        _fails(LIMITS, "no budget, rate limit or credit is used up"),
        _ROUNDS,
    ),
    "key_refused": Question(
        "Are the credentials missing or refused?",
        _fails(frozenset({"unauthorized"}), "the credentials are accepted"),
        "prober doctor",
    ),
    "model_gone": Question(
        "Does the provider not know the model?", _fails(GONE, "the model is not refused"), _INCIDENTS
    ),
    "request_refused": Question(
        "Does the provider refuse the request as we send it?",
        _fails(frozenset({_REFUSED}), "the request is not refused"),
        _INCIDENTS,
    ),
    "prompt_edited": Question("Was a declared prompt edited?", _prompt_edited, _VERSIONS),
    "endpoint_edited": Question("Was a declared parameter or endpoint edited?", _endpoint_edited, _VERSIONS),
    "deployed": Question("Did you deploy something?", _deployed, _VERSIONS),
    "model_renamed": Question("Does the provider name another model or build?", _renamed, _INCIDENTS),
    "route_renamed": Question("Does the provider name another route?", _said(frozenset({"serving"})), _INCIDENTS),
    "tokens_added": Question("Do all prompts count more input tokens?", _tokens, _INCIDENTS),
    "cached": Question("Does a cache answer?", _cached, _ROUNDS),
    "repeats": Question("Are long replies repeated word for word?", _repeats),
    "untouched_moved": Question("Did unedited probes move?", _untouched, _INCIDENTS),
    "edited_moved": Question("Did the edited probes move?", _edited),
    "edited_alone": Question("Did the edited probes fail more than the others?", _edited_alone),
    "edited_elsewhere": Question("Did the edited probes move where all others did not?", _edited_elsewhere),
    "reconfigured_moved": Question("Did replies move when the endpoint was edited?", _reconfigured),
    "same_model_moved": Question(
        "Did the same model move at another endpoint?",
        _beside(lambda one: one.same_model, True, "the same model moved", "the same model did not move"),
    ),
    "apart": Question("Is the same model unchanged elsewhere while it moved here?", _apart),
    "same_provider_moved": Question(
        "Did another model of the provider move?",
        _beside(
            lambda one: one.same_provider and not one.same_model,
            True,
            "another model of the provider moved",
            "another model of the provider did not move",
        ),
    ),
    "control_moved": Question(
        "Did unedited probes move at another provider too?",
        _beside(
            lambda one: not one.same_provider and not one.same_model,
            True,
            "unedited probes of another provider moved",
            "unedited probes of other providers did not move",
        ),
    ),
    "inputs_moved": Question(
        "Do users ask for other things?",
        _live("inputs_moved", "users ask other things than before", "users ask the same things as before"),
    ),
    "outputs_moved": Question(
        "Do live replies differ from before?",
        _live("outputs_moved", "live replies differ from before", "live replies do not differ"),
    ),
    "retrieval_fell": Question(
        "Is retrieval worse?",
        _live("retrieval_fell", "scores of retrieval fell", "scores of retrieval are as before"),
    ),
}
"""Name → question, in order."""
_SWAP: Final = "prober triage {endpoint} --ask 120"
SWAPS: Final[dict[str, str]] = {
    "old_prompt_differs": "Does the present model answer the old prompt differently than the new one?",
    "old_prompt_moved": "Does the present model answer the old prompt differently than before?",
    "old_model_differs": "Does the last snapshot answer differently than the present model?",
    "fallback_passes": "Does the fallback pass the checks that the present model fails?",
    "old_parameters_differ": "Does the endpoint answer differently with its old parameters?",
}
"""Name → question of the swap experiment."""
