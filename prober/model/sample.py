"""Sampled replies of production traffic, tagged by feature: what is read of them, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from prober.model.declaration import Check
from prober.model.evidence import Fingerprint
from prober.model.reply import Reply
from prober.model.shape import Days, Shape, seconds

PersonalData = Literal["email", "phone", "card", "key"]
PERSONAL_DATA: Final[tuple[PersonalData, ...]] = ("email", "phone", "card", "key")
Side = Literal["inputs", "outputs"]
"""What is judged by itself: what users ask, and what is answered."""
SIDES: Final[tuple[Side, ...]] = ("inputs", "outputs")
SIDE_WORDS: Final[dict[Side, str]] = {"inputs": "questions", "outputs": "replies"}


HASH_KEY: Final = "PROBER_SAMPLES_KEY"
"""Environment variable with the secret that hashes of personal data are keyed by."""


class SampleRules(Shape):
    """What of live samples is kept, and how much. The file `samples.yaml`."""

    keep: Literal["fingerprint", "text"] = "fingerprint"
    """`fingerprint`: no text is stored, only what was read off it. `text`: prompts and replies too, without personal
    data."""
    personal_data: tuple[PersonalData, ...] = PERSONAL_DATA
    """What is taken out of a text before anything is read off it or stored."""
    replace_by: Literal["name", "hash"] = "name"
    """`name`: `[email]`. `hash`: `[email 3f9a21c0]`, the same for the same address; keyed by the secret in the
    environment variable PROBER_SAMPLES_KEY, which it needs."""
    per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60
    """Samples of one feature in one minute that are taken; the rest is counted as dropped."""
    keep_for: Days = "90d"
    """How long samples are stored."""

    @property
    def keep_for_s(self) -> float:
        return seconds(self.keep_for)


@dataclass(frozen=True, slots=True)
class Sample:
    """One reply to a user, as a log describes it."""

    endpoint: str
    feature: str
    reply: Reply
    prompt: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    """Name → number, such as user feedback, a judge's mark or what retrieval found."""
    expect: tuple[Check, ...] = ()
    """Checks that the reply should pass, where the log says so."""
    source: str = ""
    """`path:line`: tells samples without a time and without an id apart."""
    trace: str = ""
    """The run of an agent that it is a step of, such as a trace id; empty where the log does not say."""


@dataclass(frozen=True, slots=True)
class StoredSample:
    """What is kept of a sample."""

    key: str
    """Equal for the same sample, so that it is stored once."""
    endpoint: str
    feature: str
    at: datetime
    error: str = ""
    """Why there is no reply; empty where there is one."""
    inputs: Fingerprint | None = None
    """Read off the prompt; None where there is none."""
    outputs: Fingerprint | None = None
    """Read off the reply; None where there is none."""
    scores: Mapping[str, float] = field(default_factory=dict)
    prompt: str | None = None
    """None unless text is kept."""
    text: str | None = None
    """None unless text is kept."""
    model: str = ""
    """What answered, or was asked for; for its price."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    """With hidden reasoning."""
    trace: str = ""
    """A short hash of its trace id; empty where it has none."""
    asked: str = ""
    """A short hash of the prompt without personal data, so that a loop is seen; empty where there is no prompt."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of samples that were handed in."""

    samples: int = 0
    """Handed in."""
    stored: int = 0
    dropped: int = 0
    """Beyond what a minute may hold."""
    known: int = 0
    """Stored before."""
    too_old: int = 0
    """Older than samples are kept."""
    personal_data: Mapping[str, int] = field(default_factory=dict)
    """Kind → how often it was taken out."""

    def plus(self, other: Taken) -> Taken:
        kinds = sorted({*self.personal_data, *other.personal_data})
        return Taken(
            samples=self.samples + other.samples,
            stored=self.stored + other.stored,
            dropped=self.dropped + other.dropped,
            known=self.known + other.known,
            too_old=self.too_old + other.too_old,
            personal_data={kind: self.personal_data.get(kind, 0) + other.personal_data.get(kind, 0) for kind in kinds},
        )


@dataclass(frozen=True, slots=True)
class FoundShift:
    """A shift of one side of a feature that the judge found. What came since is the new reference."""

    endpoint: str
    feature: str
    side: Side
    onset: datetime
    """Begin of the first window that differs."""
    found_at: datetime
    """End of the window that showed it."""
    words: str
