"""Versions of what a team declares, and the marks it sets: its own changes, on the clock of the rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

VersionKind: TypeAlias = Literal["prompt", "endpoint"]
MarkKind: TypeAlias = Literal["deploy", "known-good"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an edit came from, as git says; empty where there is no git."""

    commit: str = ""
    """Abbreviated; ends in `+` where the files had changes that were not committed."""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One content of a probe or an endpoint."""

    kind: VersionKind
    name: str
    """`set/probe id`, or the endpoint's name."""
    number: int
    """From 1 on, for this name. Going back to an earlier content is a new version with the old digest."""
    digest: str
    """Hash of what is asked and expected, or of what is asked of whom."""
    at: datetime
    """When the prober first saw it."""
    provenance: Provenance
    content: str
    """As YAML, without secrets."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something the team did or knows, said by command."""

    id: int
    kind: MarkKind
    at: datetime
    what: str
    """What was deployed, or the probe or endpoint that is known to be good."""
    ref: str
    """Which: a commit, a release, or the number of a version."""
    actor: str
    note: str
