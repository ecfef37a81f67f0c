"""The nouns of triage: named checks, causes with their probabilities, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

Cause: TypeAlias = Literal[
    "prompt",  # a declared prompt was edited
    "configuration",  # a declared parameter or endpoint was edited
    "model",  # the provider serves another model
    "system_prompt",  # somebody between us and the model adds text to every prompt
    "routing",  # one region, deployment or route answers differently
    "gateway_cache",  # a cache answers in place of the model
    "input_shift",  # users ask other things than before
    "retrieval",  # what is retrieved for the prompt is worse
    "provider_outage",
    "budget",  # a budget, a rate limit or a credit is used up
    "key_refused",
    "model_gone",  # the provider does not know the model, or no longer
    "request_refused",  # a parameter, the prompt or the address is not accepted
    "none",  # nothing changed
]
CERTAIN: Final[tuple[Cause, ...]] = ("key_refused", "model_gone", "request_refused")
"""Causes that the check of the same name shows by itself: the provider says so."""
CAUSES: Final[tuple[Cause, ...]] = tuple(one for one in get_args(Cause) if one not in {*CERTAIN, "none"})
"""Causes that are weighed by all checks."""
SURE: Final = 0.95
"""Probability from which on a cause is not called uncertain, even where what else is at work keeps it from being named.
"""
UNDECIDED: Final = "insufficient_evidence"
Answer: TypeAlias = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One question of the tree, answered from what is stored. Its texts may be hostile."""

    name: str
    question: str
    answer: Answer
    """`yes` is what is interesting."""
    details: str
    """One sentence: what was found, or why that cannot be said."""
    link: str = ""
    """Command that shows the piece."""
    is_open: bool = False
    """Whether it is unknown because what was seen lies between yes and no."""


@dataclass(frozen=True, slots=True)
class Swapped:
    """What one comparison of the swap experiment found."""

    name: str
    """Name of the check."""
    answer: Answer
    details: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """One cause."""

    cause: Cause
    probability: float
    """That it is at work, alone or beside another. Of `none`: that nothing is."""
    supporting: tuple[str, ...]
    """Details of the checks that support it."""
    opposing: tuple[str, ...]
    measurement: str
    """The one that would settle it."""
    command: str = ""
    """That makes this measurement; empty where it is not the prober's to make."""

    @property
    def settles(self) -> str:
        """The measurement and its command, in a line."""
        return f"{self.measurement}: {self.command}" if self.command else self.measurement

    @property
    def percent(self) -> str:
        """Its probability, the same wherever it is shown."""
        return f"{100 * self.probability:.0f} %"

    @property
    def is_sure(self) -> bool:
        """Whether it is a cause that is not called uncertain."""
        return self.probability >= SURE and self.cause != "none"


@dataclass(frozen=True, slots=True)
class Triage:
    """What explains how an endpoint answers since some moment."""

    endpoint: str
    since: datetime
    at: datetime
    checks: tuple[Check, ...]
    """In the order of the tree."""
    ranking: tuple[Ranked, ...]
    """All causes that the checks could show, the likeliest first."""
    named: tuple[Cause, ...]
    """Causes that are certain enough to be named: one, two, or `none`. Empty where that cannot be said."""
    runbook: str
    """Name of the runbook that fits; empty where nothing is to be done."""
    further: tuple[Check, ...] = ()
    """Checks whose answer the one named cause seldom brings about: a second cause may be at work."""

    @property
    def verdict(self) -> str:
        """Such as `model`, `prompt+model`, `none`, or `insufficient_evidence`."""
        return "+".join(self.named) or UNDECIDED

    @property
    def words(self) -> str:
        """The first line."""
        if self.named == ("none",):
            return f"nothing changed ({self.ranking[0].percent})"
        odds = {one.cause: one.percent for one in self.ranking}
        if self.named:
            said = " and ".join(f"{CAUSE_WORDS[one]} ({odds[one]})" for one in self.named)
            also = "; ".join(one.details for one in self.further)
            return f"{said}; perhaps another cause too: {also}" if also else said
        likeliest = [one for one in self.ranking if one.probability >= 0.1][:3]
        sure = [one for one in likeliest if one.is_sure]
        others = " or ".join(f"{CAUSE_WORDS[one.cause]} ({one.percent})" for one in likeliest if one not in sure)
        if not sure:
            return f"not certain: {others}"
        said = " and ".join(f"{CAUSE_WORDS[one.cause]} ({one.percent})" for one in sure)
        return f"{said}; another cause may be at work too" + f": {others}" * bool(others)


CAUSE_WORDS: Final[dict[Cause, str]] = {
    "prompt": "your prompt was edited",
    "configuration": "your configuration",
    "model": "the provider changed the model",
    "system_prompt": "text is added to your prompts on the way",
    "routing": "one region or route answers differently",
    "gateway_cache": "a cache answers in place of the model",
    "input_shift": "users ask other things",
    "retrieval": "retrieval got worse",
    "provider_outage": "the provider fails",
    "budget": "a budget, a rate limit or a credit is used up",
    "key_refused": "the credentials are missing or refused",
    "model_gone": "the provider does not know the model",
    "request_refused": "the provider refuses the request as we send it",
    "none": "nothing changed",
}
