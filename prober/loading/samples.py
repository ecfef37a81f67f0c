"""Live samples: lines of a reply log, or records of other tools, read as samples of production traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from prober.loading.files import read as read_file
from prober.loading.lines import Document, Finding
from prober.loading.reply_log import UNKNOWN_TIME, LoggedReply, is_finite, logged
from prober.loading.validation_errors import shaped
from prober.model.errors import ConfigurationError, LogError, Problem
from prober.model.sample import Sample, SampleRules

UNNAMED: Final = "(unnamed)"
"""Endpoint or feature of samples that name none."""
MOST_SCORES: Final = 16


def samples_of(lines: Iterable[Mapping[str, Any]], source: str, feature: str | None = None) -> Iterator[Sample]:
    """Objects such as a line of a reply log holds; `round` and `probe` may be left out. `feature` is that of those
    that name none.

    Raises LogError naming `source` and the number of the object where a value cannot be read.
    """
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, Mapping):
            raise LogError([Problem(source, number, "", 'not a JSON object; write {"feature": …, "text": …}')])
        named = str(line.get("feature") or feature or UNNAMED)
        endpoint = line.get("endpoint") or line.get("requested_model") or line.get("model") or UNNAMED
        content = {"round": line.get("at") or "0", "probe": named, **line, "endpoint": endpoint}
        yield sample_of(logged(content, source, number), source, number, feature)


def sample_of(one: LoggedReply, source: str, number: int, feature: str | None = None) -> Sample:
    """One line of a log as a sample: its feature is `feature` in the line, else as given, else its probe's name."""
    own = one.extra.get("feature")
    return Sample(
        endpoint=one.endpoint,
        feature=str(own) if own else feature or one.probe,
        reply=one.reply,
        prompt=one.prompt,
        scores=_scores(one.extra.get("scores"), source, number),
        expect=one.expect,
        source="" if one.reply.reply_id or one.reply.at != UNKNOWN_TIME else f"{source}:{number}",
        trace=str(one.extra.get("trace") or "")[:300],
    )


def _scores(value: object, source: str, number: int) -> dict[str, float]:
    """Numbers by name; true and false are 1 and 0, and what is null is left out."""
    if value is None:
        return {}
    want = 'is no object of at most 16 numbers; write {"feedback": 1, "retrieval_hits": 0.8}'
    if not isinstance(value, Mapping) or len(value) > MOST_SCORES:
        raise LogError([Problem(source, number, "scores", want)])
    found = {}
    for name, score in value.items():
        if score is None:
            continue
        if not isinstance(score, bool) and not is_finite(score):
            raise LogError([Problem(source, number, f"scores.{str(name)[:40]}", "is no finite number; write one")])
        found[str(name)[:80]] = float(score)
    return found


def rules_in(path: Path) -> SampleRules:
    """What a file such as `samples.yaml` declares. Raises ConfigurationError with the line of each mistake."""
    problems: list[Problem] = []
    rules = gather_samples(read_file(path), problems)
    if problems or rules is None:
        raise ConfigurationError(problems)
    return rules


def gather_samples(document: Document, problems: list[Problem]) -> SampleRules | None:
    """The rules that a file declares; what is wrong is added to `problems`."""
    findings: list[Finding] = []
    rules = None if document.value is None else shaped(SampleRules, document.value, findings)
    problems += [*document.problems, *map(document.problem, findings)]
    return rules
