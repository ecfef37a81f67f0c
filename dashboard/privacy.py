"""Privacy mode: hashes and measures instead of prompts and replies, as in messages. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from prober.alerts.privacy import measured, unquoted
from prober.model.incident import Change, Incident
from prober.model.notice import Comparison, Moved
from prober.store.pages.page_views import EmbeddingMap, ProbePage, ProbeView
from prober.store.views import ChannelPoint, EndpointView, ReplyView


def comparison(one: Comparison) -> Comparison:
    return Comparison(one.probe, measured(one.prompt), measured(one.reference), measured(one.recent))


def words(said: str) -> str:
    """What is said of a channel, without the answers it quotes."""
    return unquoted(Moved("", 0.0, said))


def points(seen: Iterable[ChannelPoint]) -> tuple[ChannelPoint, ...]:
    return tuple(replace(one, words=words(one.words)) for one in seen)


AnIncident = TypeVar("AnIncident", bound=Incident)


def incident(one: AnIncident) -> AnIncident:
    if not isinstance(one, Change):
        return one
    shifts = tuple(replace(shift, words=words(shift.words)) for shift in one.findings.shifts)
    verdicts = tuple(replace(verdict, words=words(verdict.words)) for verdict in one.verdicts)
    return replace(one, verdicts=verdicts, findings=replace(one.findings, shifts=shifts))


def endpoint(one: EndpointView) -> EndpointView:
    opened = incident(one.open_incident) if one.open_incident else None
    return replace(one, channels=points(one.channels), open_incident=opened)


def probe(one: ProbeView) -> ProbeView:
    # What is expected of an answer may say what it is.
    return replace(one, prompt=measured(one.prompt), system=one.system and measured(one.system), expect=())


def probe_page(one: ProbePage) -> ProbePage:
    """Categories of a channel may be answers: they are numbered instead."""
    return replace(
        one,
        probe=probe(one.probe),
        answers=tuple(replace(answer, text=measured(answer.text)) for answer in one.answers),
        distributions=tuple(
            replace(each, labels=tuple(f"category {n + 1}" for n in range(len(each.labels))))
            for each in one.distributions
        ),
        checks=tuple(replace(check, label=f"expectation {n + 1}") for n, check in enumerate(one.checks)),
    )


def reply(one: ReplyView) -> ReplyView:
    text = None if one.text is None else measured(one.text)
    return replace(one, prompt=measured(one.prompt), text=text, error_detail="")


def embedding_map(one: EmbeddingMap) -> EmbeddingMap:
    return replace(one, dots=tuple(replace(dot, text=measured(dot.text)) for dot in one.dots))
