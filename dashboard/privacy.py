"""Privacy mode: nothing that was asked or answered, only hashes and measures of it; as messages have it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from prober.alerts.private import measured, unquoted
from prober.incidents import Incident
from prober.notice import Comparison, Moved
from prober.store.views import ChannelPoint, EndpointView


def comparison(one: Comparison) -> Comparison:
    return Comparison(one.probe, measured(one.prompt), measured(one.reference), measured(one.recent))


def words(said: str) -> str:
    """What is said of a channel, without the answers it quotes."""
    return unquoted(Moved("", 0.0, said))


def points(seen: Iterable[ChannelPoint]) -> tuple[ChannelPoint, ...]:
    return tuple(replace(one, words=words(one.words)) for one in seen)


def incident(one: Incident) -> Incident:
    shifts = tuple(replace(shift, words=words(shift.words)) for shift in one.findings.shifts)
    verdicts = tuple(replace(verdict, words=words(verdict.words)) for verdict in one.verdicts)
    return replace(one, verdicts=verdicts, findings=replace(one.findings, shifts=shifts))


def endpoint(one: EndpointView) -> EndpointView:
    opened = incident(one.open_incident) if one.open_incident else None
    return replace(one, channels=points(one.channels), open_incident=opened)
