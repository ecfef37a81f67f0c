"""A candidate is asked beside what is in force: what a probe set declares of that, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from prober.model.reply import Reply
from prober.model.shape import Duration, Name, Shape, seconds


class Canary(Shape):
    """An edited prompt is asked beside the current version, before it takes its place."""

    rounds: int = Field(10, ge=3, le=1000)
    """Rounds in which both are asked, at most: a prompt that is worse is reported as soon as that is certain."""
    share: float = Field(1.0, gt=0, le=1)
    """Share of the rounds in which the new version is asked as well."""
    margin: float = Field(10.0, gt=0, lt=100)
    """Percentage points by which it may pass its checks less often."""
    accept: Literal["by_person", "if_not_worse"] = "by_person"
    """`if_not_worse`: a version that is not worse replaces the old one at once, and a worse one is rolled back."""


class Shadow(Shape):
    """Another endpoint is asked the same probes, beside the endpoints of the set."""

    candidate: Name
    """A declared endpoint."""
    lasts: Duration = "7d"
    """For how long it is asked."""
    share: float = Field(1.0, gt=0, le=1)
    """Share of the rounds in which it is asked as well."""
    margin: float = Field(10.0, gt=0, lt=100)
    """Percentage points by which it may pass its checks less often."""

    @property
    def lasts_s(self) -> float:
        return seconds(self.lasts)


class VersionGate(Shape):
    """The gate runs by itself when the provider names another version of the model, or its retirement is near."""

    asks: int = Field(240, ge=2, le=100_000)
    """At most, for one version; they count against the `budget:` of the endpoint as well."""
    margin: float = Field(10.0, gt=0, lt=100)
    """Percentage points by which the new version may pass its checks less often."""


CandidateKind: TypeAlias = Literal[
    "prompt",
    "endpoint",
    "version",  # of the model, compared with the replies stored before it
]
CandidateState: TypeAlias = Literal[
    "running",
    "compared",  # enough was seen; a person may accept it or roll it back
    "accepted",
    "rolled_back",
    "superseded",  # it was edited again, or is no longer declared
]
OPEN: tuple[CandidateState, ...] = ("running", "compared")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is asked beside an endpoint in one probe set, and how it compares."""

    id: int
    kind: CandidateKind
    probe_set: str
    """Empty of a version, which is asked the probes of all sets."""
    endpoint: str
    """That it is compared with; of a prompt, where both versions are asked."""
    name: str
    """`set/probe id` of a prompt; the candidate's name, of an endpoint; of a version, what is asked."""
    digest: str
    """Content hash of the candidate; of a version, what made it due."""
    reference: int
    """Number of the current version; 0 of an endpoint."""
    number: int
    """Number of the candidate's version; 0 of an endpoint."""
    began_at: datetime
    state: CandidateState
    seen: int
    """Rounds since it began."""
    rounds: int
    """Rounds in which it was asked as well."""
    verdict: str
    """`not_worse`, `worse` or `undecided`."""
    words: str
    ended_at: datetime | None
    actor: str
    note: str

    @property
    def title(self) -> str:
        """Such as `prompt shop/order v7 against v6`."""
        if self.kind == "prompt":
            return f"prompt {self.name} v{self.number} against v{self.reference}"
        against = "the stored replies of " if self.kind == "version" else ""
        return f"{self.name} against {against}{self.endpoint}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A reply of either side to the same probe in the same round."""

    round: str
    """Its label."""
    probe: str
    """`set/probe id`."""
    sample: int
    reference: Reply
    candidate: Reply
