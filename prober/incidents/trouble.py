"""Trouble: an endpoint that cannot be asked, or only sometimes. It has its own incident, and is never a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from prober.incidents.lifecycle import closed
from prober.incidents.severity import severity, worst
from prober.model.decision import Decision, Reason
from prober.model.declaration import Severity
from prober.model.incident import SEVERITIES, TROUBLES, Trouble, TroubleKind
from prober.model.watch import Health

OPENS_AFTER: Final = 3
"""Failed rounds in a row after which trouble opens: one may fail by bad luck."""
CLOSES_AFTER: Final = 2
"""Rounds in a row that succeed, after which it is over. As many that fail for another reason make that the cause."""
STRETCH: Final = 12
"""Rounds over which failed asks add up where no three rounds in a row fail."""
MOST_FAILED: Final = 0.25
"""Share of the asks of a stretch from which on it is trouble. It is over when the share has fallen below half of it."""
FULL: Final = 0.9
"""Share of the asks that must have been answered for a round to open a change while there is trouble: what an ailing
provider still answers is no fair sample of its answers."""


def trouble(
    open_trouble: Trouble | None,
    rounds: Sequence[Health],
    endpoint: str,
    endpoint_hash: str,
    now: datetime,
    rules: Mapping[str, Severity] | None = None,
    in_maintenance: bool = False,
) -> Decision:
    """The newest rounds of an endpoint, oldest first, at most `STRETCH` → whether there is trouble."""
    if not rounds:
        return Decision("quiet", open_trouble)
    failed = rounds[-1].is_failed
    alike = _alike(rounds)
    lately = _since_outage(rounds)
    share = _failed_share(lately)
    if open_trouble is not None:
        comes_and_goes = open_trouble.failed_share is not None and not (failed and alike >= OPENS_AFTER)
        if failed or (comes_and_goes and share >= MOST_FAILED / 2):
            return _goes_on(open_trouble, rounds, share if comes_and_goes else None, now, rules)
        if alike < CLOSES_AFTER:
            return Decision("recovering", open_trouble)
        return Decision("rounds_succeed", closed(open_trouble, "recovered", "", "", now), event="trouble_over")
    fails_often = len(lately) >= STRETCH and share >= MOST_FAILED
    if failed and alike >= OPENS_AFTER:
        first: Health = rounds[-alike]
        reason: Reason = "rounds_failed"
    elif fails_often:
        first, reason = next(one for one in lately if one.failed or one.is_failed), "asks_failed"
    else:
        return Decision("failing" if failed else "quiet")
    if in_maintenance:
        return Decision("in_maintenance")
    last = _newest_failure(rounds)
    incident = Trouble(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind=kind_of(last.failure),
        onset=first.label,
        detected_round=rounds[-1].label,
        opened_at=now,
        cause=last.failure or "no reply",
        detail=last.detail,
        failed_share=share if reason == "asks_failed" else None,
        notified_at=now,
    )
    return Decision(reason, replace(incident, severity=severity(incident, rules)), event="trouble")


def _goes_on(
    standing: Trouble,
    rounds: Sequence[Health],
    share: float | None,
    now: datetime,
    rules: Mapping[str, Severity] | None,
) -> Decision:
    """Trouble that is not over: whether its cause is another by now, and in which words the provider says so."""
    newest = [one for one in rounds if one.failure][-CLOSES_AFTER:]
    kinds = {kind_of(one.failure) for one in newest}
    last = _newest_failure(rounds)
    said = replace(standing, detail=last.detail, failed_share=share)
    if len(newest) < CLOSES_AFTER or len(kinds) > 1 or kind_of(last.failure) == standing.kind:
        same_kind = kind_of(last.failure) == standing.kind
        said = replace(said, cause=last.failure or standing.cause) if same_kind else standing
        return Decision("still_failing", standing) if said == standing else Decision("cause_refreshed", said)
    other = replace(said, kind=kind_of(last.failure), cause=last.failure, cause_before=standing.cause)
    level = worst([standing.severity, severity(other, rules)])
    # What a mute covered was less than this.
    louder = SEVERITIES.index(level) > SEVERITIES.index(standing.severity)
    state = "open" if standing.state == "muted" and louder else standing.state
    until = standing.muted_until if state == "muted" else None
    other = replace(other, severity=level, state=state, muted_until=until)
    # Older versions called it `provider_error` whatever the cause was; that name is no news.
    if state == "muted" or kind_of(standing.cause) == other.kind:
        return Decision("cause_refreshed", replace(other, cause_before=standing.cause_before))
    return Decision("cause_changed", replace(other, notified_at=now), event="cause_changed")


def _alike(rounds: Sequence[Health]) -> int:
    """Newest rounds in a row that went as the last one did."""
    alike = 0
    while alike < len(rounds) and rounds[-1 - alike].is_failed == rounds[-1].is_failed:
        alike += 1
    return alike


def _since_outage(rounds: Sequence[Health]) -> Sequence[Health]:
    """The rounds after the last run of failed ones that was trouble by itself: it must not count twice."""
    for i in range(len(rounds), OPENS_AFTER - 1, -1):
        if all(one.is_failed for one in rounds[i - OPENS_AFTER : i]):
            return rounds[i:]
    return rounds


def _failed_share(rounds: Sequence[Health]) -> float:
    """Of the asks; a round that was not asked at all has failed as a whole. 0 where there is none."""
    usual = max((one.asked for one in rounds), default=0) or 1
    asked = sum(one.asked or usual for one in rounds)
    return sum(one.failed if one.asked else usual for one in rounds) / asked if rounds else 0.0


def _newest_failure(rounds: Sequence[Health]) -> Health:
    return next((one for one in reversed(rounds) if one.failure), rounds[-1])


def inhibits(open_trouble: Trouble | None, round_: Health) -> bool:
    """Whether a round may open nothing, and tells nothing of what is open."""
    return round_.is_failed or (open_trouble is not None and round_.answered < FULL)


def kind_of(failure: str) -> TroubleKind:
    """The diagnosis word of a named failure."""
    name = failure.partition(":")[0]
    named = {"missing_key": "unauthorized", "missing_library": "unauthorized"}.get(name, name)
    return named if named in TROUBLES else "provider_error"  # type: ignore[return-value]  # it is one of these
