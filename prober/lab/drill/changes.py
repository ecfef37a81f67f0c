"""Changes whose signs are known, made to one reply. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from prober.model.reply import Reply

ChangeName = Literal["refusal", "wording", "identity"]

MARK: Final = "(Part of a drill: the endpoint did not say this.)"
"""In every text that is made up, for whoever sees it on its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change."""

    words: str
    channel: str
    """Of the detectors, the one that it is to move; how severe that is decides who is told."""
    make: Callable[[Reply], Reply]
    """The reply as it would have been."""


def _refused(reply: Reply) -> Reply:
    return _said(reply, f"I'm sorry, but I can't help with that. {MARK}")


def _wordy(reply: Reply) -> Reply:
    return _said(reply, f"Certainly! Here is what you asked for. {reply.text} Is there anything else? {MARK}")


def _renamed(reply: Reply) -> Reply:
    return replace(reply, model=f"{reply.model or 'model'}-drill", system_fingerprint="fp_drill")


def _said(reply: Reply, text: str) -> Reply:
    return replace(reply, text=text, refusal=None, tool_calls=(), top_logprobs=())


CHANGES: Final[Mapping[ChangeName, Change]] = {
    "refusal": Change("every ask is refused", "refusal", _refused),
    "wording": Change("every answer is wrapped in many words", "length", _wordy),
    "identity": Change("another model says its name, and answers the same", "identity", _renamed),
}
"""The changes there are, the one that matters most first."""


def changed(reply: Reply, name: ChangeName) -> Reply:
    """The reply after that change; a failed ask stays one."""
    return CHANGES[name].make(reply) if reply.answered else reply
