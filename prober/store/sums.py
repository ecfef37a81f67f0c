"""What the replies of one round come to: sums for the tallies of its day, and the columns of its line and points."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from prober.model.evidence import Judgement, Observation
from prober.model.reply import Reply
from prober.store.rows import RoundRow

_KEYED: Final = tuple(f"expectation.{kind}(" for kind in
                      ("equals", "contains", "icontains", "contains-any", "starts-with", "regex"))  # fmt: skip
"""Checks that know the right answer, as a fingerprint names them."""
_LARGEST: Final = 2**31 - 1
"""A larger number in a reply counts as this: providers may say anything."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What was asked and came back, added up: what one round adds to a tally. The fields are the columns."""

    rounds: int = 0
    """Completed."""
    missed: int = 0
    judged: int = 0
    """Rounds that were judged against a complete reference."""
    promised: float = 0.0
    """False alarms that these may raise at most, on average: the sum of 1 / threshold."""
    asks: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    """Reasoning among them."""
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    """Input tokens that came from the provider's cache."""
    uncounted: int = 0
    """Answers whose provider did not say what they took: tokens and dollars are at least what stands here."""
    timed: int = 0
    """Answers whose time is known."""
    latency_s: float = 0.0
    """Of these, together."""
    checked: int = 0
    """Answers that were held against the expectations of their probe."""
    passed: int = 0
    """Of these, that met every one."""
    keyed: int = 0
    """Single checks that know the right answer: equals, contains, icontains, contains-any, starts-with, regex."""
    right: int = 0
    """Of these, that held."""
    refused: int = 0
    from_cache: int = 0
    """Replies that a cache gave."""
    characters: int = 0
    confirming_asks: int = 0
    """How many of the asks were made in confirmation rounds."""
    confirming_input_tokens: int = 0
    confirming_output_tokens: int = 0

    def plus(self, other: Sums) -> Sums:
        return total_of([self, other])

    @property
    def answered(self) -> int:
        return self.asks - self.failed

    @property
    def pass_rate(self) -> float | None:
        """Share of the checked answers that meet all expectations."""
        return _share(self.passed, self.checked)

    @property
    def accuracy(self) -> float | None:
        """Share of the checks that know the right answer, and hold."""
        return _share(self.right, self.keyed)

    @property
    def refusal_rate(self) -> float | None:
        return _share(self.refused, self.answered)

    @property
    def failure_rate(self) -> float | None:
        return _share(self.failed, self.asks)

    @property
    def mean_characters(self) -> float | None:
        return _share(self.characters, self.answered)

    @property
    def mean_latency_s(self) -> float | None:
        return _share(self.latency_s, self.timed)


def total_of(every: Sequence[Sums]) -> Sums:
    """All of them together."""
    return Sums(**{one.name: sum(getattr(sums, one.name) for sums in every) for one in fields(Sums)})


def sums_of(row: RoundRow, judgement: Judgement | None, observations: Sequence[Observation]) -> Sums:
    """Of a round and all that it holds."""
    return sums(observations, judgement, confirms=row.confirms is not None)


def sums(observations: Sequence[Observation], judgement: Judgement | None, *, confirms: bool = False) -> Sums:
    """Of one round; without a judgement it was missed. `confirms`: it was asked beside the schedule, for a suspicion or
    the reference."""
    replies = [one.reply for one in observations]
    answers = [reply for reply in replies if reply.error is None]
    prints = [one.fingerprint for one in observations if one.fingerprint is not None]
    took = _latencies(observations)
    counted = judgement is not None and judgement.state != "insufficient_evidence" and judgement.threshold > 0
    said = [one.categories for one in prints]
    checks = [outcome == "pass" for one in said for name, outcome in one.items() if name.startswith(_KEYED)]
    passes = [one["expectation.all"] == "pass" for one in said if "expectation.all" in one]
    input_tokens = _tokens([reply.input_tokens for reply in replies])
    output_tokens = _tokens([reply.output_tokens for reply in replies])
    return Sums(
        rounds=int(judgement is not None),
        missed=int(judgement is None),
        judged=int(counted),
        promised=1 / judgement.threshold if judgement is not None and counted else 0.0,
        asks=len(replies),
        failed=len(replies) - len(answers),
        from_cache=sum(bool(reply.cached_by) for reply in replies),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        reasoning_tokens=_tokens([reply.reasoning_tokens for reply in replies]),
        cached_tokens=_tokens([reply.cached_tokens for reply in replies]),
        uncounted=sum(reply.input_tokens is None or reply.output_tokens is None for reply in answers),
        timed=len(took),
        latency_s=math.fsum(took),
        checked=len(passes),
        passed=sum(passes),
        keyed=len(checks),
        right=sum(checks),
        refused=sum(one.get("refusal.refused") == "yes" for one in said),
        characters=sum(len(reply.text or "") for reply in answers),
        confirming_asks=len(replies) * confirms,
        confirming_input_tokens=input_tokens * confirms,
        confirming_output_tokens=output_tokens * confirms,
    )


def line(row: RoundRow, observations: Sequence[Observation]) -> dict[str, Any]:
    """The columns of a LineRow."""
    took = _latencies(observations)
    said = Counter(one.fingerprint.identity or "(none)" for one in observations if one.fingerprint is not None)
    return {
        "endpoint": row.endpoint,
        "label": row.label,
        "at": row.completed_at,
        "asked": len(observations),
        "failed": sum(one.reply.error is not None for one in observations),
        "identities": json.dumps(dict(said)),
        "latency_half_s": _within(took, 0.5),
        "latency_most_s": _within(took, 0.9),
        "replies": json.dumps(
            [_time_and_tokens(one.reply) for one in observations if one.reply.error is None], separators=(",", ":")
        ),
    }


def points(row: RoundRow, judgement: Judgement) -> list[dict[str, Any]]:
    """The columns of its PointRows, one a channel."""
    return [
        {
            "endpoint": row.endpoint,
            "channel": verdict.channel,
            "label": row.label,
            "at": row.completed_at,
            "e_value": float(verdict.e_value),
            "value": float(verdict.value),
            "reference_value": float(verdict.reference_value),
            "unit": verdict.unit,
            "words": verdict.words,
        }
        for verdict in {one.channel: one for one in judgement.verdicts}.values()
    ]


def _latencies(observations: Sequence[Observation]) -> list[float]:
    """Of the answers, shortest first, seconds."""
    said = [_latency(one.reply) for one in observations if one.reply.error is None]
    return sorted(seconds for seconds in said if seconds is not None)


def _latency(reply: Reply) -> float | None:
    """Seconds; None where it is not known, or what a log says is no time."""
    said = reply.latency_s
    return said if said is not None and 0 <= said < math.inf else None


def _time_and_tokens(reply: Reply) -> list[float | None]:
    took, counts = _latency(reply), (reply.input_tokens, reply.output_tokens)
    return [took and round(took, 3), *(None if one is None else _tokens([one]) for one in counts)]


def _tokens(said: Sequence[int | None]) -> int:
    return sum(min(max(one or 0, 0), _LARGEST) for one in said)


def _within(took: Sequence[float], share: float) -> float | None:
    """The time within which this share of the answers came; `took` is sorted."""
    return took[math.ceil(share * len(took)) - 1] if took else None


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
