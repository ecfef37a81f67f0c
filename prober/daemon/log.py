"""What the daemon writes to its log: one line a round, and every fault once, without a secret."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import format_tb

from prober.alerts import Alerter
from prober.alerts.phrases import thousands
from prober.model.decision import Decision
from prober.model.errors import ClaimLost, ProberError
from prober.service.run_round import RoundResult
from prober.text import count

logger = logging.getLogger("prober.daemon")
_DUE: ContextVar[str] = ContextVar("due", default="")
"""When the round was due that this thread is about."""


class JsonLines(logging.Formatter):
    """One JSON object a line, for `PROBER_LOG=json`. The ids that a line is about are keys of their own.

    `round` is the label of a round that was judged, and of others the time they were due.
    """

    def format(self, record: logging.LogRecord) -> str:
        ids = {name: getattr(record, name, None) for name in ("round", "incident", "notice")}
        ids["round"] = ids["round"] or _DUE.get()
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "message": record.getMessage(),
            **{name: value for name, value in ids.items() if value},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as(form: str) -> None:
    """Write the log as `text`, as it is by default, or as `json`."""
    if form == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())


@contextmanager
def about_round(due: datetime) -> Iterator[None]:
    """What this thread logs inside is about the round due then."""
    token = _DUE.set(due.isoformat())
    try:
        yield
    finally:
        _DUE.reset(token)


def log_remarks(alerters: Iterable[Alerter]) -> None:
    """What a channel cannot do, once at the start, so that nobody waits for it."""
    for alerter in alerters:
        if remark := getattr(alerter, "remark", ""):
            logger.warning("%s: %s", alerter.name, remark)


def log_round(about: str, result: RoundResult) -> None:
    """Such as `round 2026-03-01T06:00:00+00:00 of billing on gpt: quiet, evidence 0.4 of 365; 12 asks (label)`."""
    if result.outcome == "busy":
        logger.debug("%s: another worker has it, or another round of this endpoint", about)
        return
    judgement = result.judgement
    if result.trouble is not None and result.trouble.event is not None:
        log_decision(result.trouble, judgement.round if judgement else "")
    if judgement is None:
        logger.warning("%s is missed: %s", about, result.reason, extra={"incident": _id_of(result.trouble)})
        return
    asks = count(result.asked, "ask")
    if result.failures:
        reasons = ", ".join(f"{reason} ×{times}" for reason, times in Counter(result.failures).most_common())
        asks = f"{len(result.failures)} of {count(result.asked, 'ask')} failed: {reasons}"
    if result.reason:
        asks = f"{asks}; the others were not made: {result.reason}"
    empty = Counter(one.reply.empty_because for one in result.observations if one.reply.empty_because)
    asks += "".join(f"; {times} empty: {why}" for why, times in empty.most_common())
    says_nothing = bool(empty) and empty.total() == result.asked - len(result.failures)
    again = result.confirmation.due_at if result.confirmation else None
    logger.log(
        logging.WARNING
        if result.failures or result.reason or says_nothing or judgement.state == "alarm"
        else logging.INFO,
        "%s: %s, evidence %s of %s; %s%s (%s)",
        about,
        f"{judgement.state}, {judgement.missing}" if judgement.missing else judgement.state,
        thousands(judgement.e_value),
        thousands(judgement.threshold),
        asks,
        f"; asked again at {again:%H:%M:%S}" if again else "",
        judgement.round,
        extra={"round": judgement.round, "incident": _id_of(result.decision) or _id_of(result.trouble)},
    )


def log_decision(decision: Decision, round_label: str = "") -> None:
    """What became of an incident, such as `incident 7 of gpt: reminder_due`; by which round, where one was judged."""
    incident = decision.incident
    if incident is not None:
        about = f"incident {incident.id} of {incident.endpoint}" if incident.id else incident.endpoint
        cause = f" ({incident.cause})" if incident.cause else ""
        ids = {"round": round_label, "incident": _id_of(decision)}
        logger.warning("%s: %s%s", about, decision.reason, cause, extra=ids)


def _id_of(decision: Decision | None) -> int | None:
    return decision.incident.id if decision is not None and decision.incident is not None else None


def log_freshness(endpoint: str, decision: Decision) -> None:
    """An endpoint that has gone stale, or is fresh again."""
    if decision.event is not None:
        logger.log(logging.WARNING if decision.event == "stale" else logging.INFO, "%s is %s", endpoint, decision.event)


def log_fault(doing: str, error: Exception) -> None:
    """What was raised on purpose in its own words; of anything else where it happened and what kind it is."""
    if isinstance(error, ClaimLost):
        logger.info("%s: %s", doing, error)
    elif isinstance(error, ProberError):
        logger.error("%s: %s", doing, error)
    else:
        # Not its message: that could hold an address or a header with a secret.
        logger.error("%s: crashed: %s\n%s", doing, type(error).__name__, "".join(format_tb(error.__traceback__)))


@contextmanager
def reported(doing: str) -> Iterator[None]:
    """What goes wrong inside is logged, and the daemon goes on."""
    try:
        yield
    except Exception as error:
        log_fault(doing, error)


class Noted:
    """Says once that nothing can be sent to a collector, and once that it can again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._was_good = True

    def __call__(self, is_good: bool) -> None:
        if is_good != self._was_good:
            self._was_good = is_good
            if is_good:
                logger.info("OpenTelemetry: %s arrive again", self._what)
            else:
                logger.warning("OpenTelemetry: %s do not arrive; rounds go on, and the oldest are dropped", self._what)
