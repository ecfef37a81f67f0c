"""The words evidence is made of: Fingerprint, Observation, Round. Plain data, shared by every room above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prober.reply import Reply


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The features of one reply, as numbers and categories. Keys are `<feature>.<name>`, such as `text.characters`."""

    categories: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Feature → why it could not be read. A feature is never silently absent."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One reply in its place: which series it belongs to, and its fingerprint."""

    series: str
    """Content hash of the endpoint + content hash of the probe; only equal series are ever compared."""
    probe: str
    """`set/probe id`, for people."""
    sample: int
    """0-based index among the samples of this probe in this round."""
    reply: Reply
    fingerprint: Fingerprint | None
    """None where the ask failed."""


@dataclass(frozen=True, slots=True)
class Round:
    """One batch of asks put to one endpoint at one time: the unit of evidence."""

    label: str
    """Sorts in time order within an endpoint: ISO 8601 UTC, or a zero-padded number."""
    endpoint: str
    at: datetime | None
    """When it began, UTC; None where a log does not say."""
    observations: tuple[Observation, ...]
