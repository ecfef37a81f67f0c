"""What verbs print: lines, tables and progress bars for people, one JSON object for programs; how to fix failures.

Hostile text becomes visible here. `as_json` shapes shared by several verbs are here as well.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from prober.model.evidence import Findings
from prober.model.incident import Change, Facts, Trouble
from prober.model.reply import Failure
from prober.text import visible

if TYPE_CHECKING:
    from prober.judging.promise import Promise
    from prober.model.evidence import Fact, Judgement, Verdict
    from prober.model.incident import Incident

Json = dict[str, object]

PLAIN_WIDTH = 10_000
"""Columns of a file or a pipe, where lines are never wrapped."""
LONGEST_LINE = 4_000
LONGEST_CELL = 200


class Screen(Console):
    """A console that raises when its reader has gone away."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def screen(*, stderr: bool = False) -> Screen:
    """Standard output or error; no colours and no wrapping unless it is a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Screen(file=stream, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False, markup=False)


def say(*lines: str) -> None:
    """Lines on standard output."""
    _print(screen(), lines)


def complain(*lines: str) -> None:
    """Lines on standard error."""
    _print(screen(stderr=True), lines)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output; a cell is one line."""
    on = screen()
    shown = Table(box=box.SIMPLE_HEAD if on.is_terminal else None, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(visible(cell, LONGEST_CELL, lines=False)) for cell in row))
    if on.is_terminal:
        on.print(shown)
        return
    with on.capture() as captured:
        on.print(shown)
    say(*(line.rstrip() for line in captured.get().splitlines()))


def print_json(content: Mapping[str, object]) -> None:
    """One JSON object on one line; numbers that JSON does not have become null."""
    typer.echo(json.dumps(_plain(content), ensure_ascii=True, allow_nan=False))


def count(number: float, thing: str) -> str:
    """`1 probe`, `2 probes`, `4,320 rounds`, `0.5 days`."""
    return f"{number:,.0f} {thing}s" if number >= 100 else f"{number:g} {thing}{'' if number == 1 else 's'}"


def figure(number: float) -> str:
    """`4,320`, `24`, `0.143`: at least three digits, never an exponent for what people count."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def bars() -> Progress:
    """Progress bars on standard error, removed when done; none if it is not a terminal."""
    on = screen(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=on, transient=True, disable=not on.is_terminal)


def _print(on: Screen, lines: Iterable[str]) -> None:
    for line in lines:
        on.print(Text(visible(line, LONGEST_LINE)), soft_wrap=True)


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case float():
            return value if math.isfinite(value) else None
        case _:
            return value


def of_time(at: datetime | None) -> str | None:
    from prober.alerts.phrases import iso

    return None if at is None else iso(at)


def of_verdict(verdict: Verdict) -> Json:
    return {
        "channel": verdict.channel,
        "e_value": verdict.e_value,
        "effect": verdict.effect,
        "unit": verdict.unit,
        "words": verdict.words,
    }


def of_judgement(judgement: Judgement) -> Json:
    return {
        "round": judgement.round,
        "state": judgement.state,
        "e_value": judgement.e_value,
        "threshold": judgement.threshold,
        "missing": judgement.missing,
        "onset": judgement.onset,
        "onset_between": judgement.onset_between,
        "kind": judgement.kind,
        "channels": [of_verdict(verdict) for verdict in judgement.verdicts],
    }


def of_promise(promise: Promise) -> Json:
    return {"false_alarms_per_year": promise.false_alarms_per_year, "rounds_per_year": promise.rounds_per_year}


def of_findings(findings: Findings) -> Json:
    return {
        "moved": [asdict(shift) for shift in findings.shifts],
        "share": None if findings.share is None else asdict(findings.share),
    }


def of_fact(fact: Fact) -> Json:
    return {
        "round": fact.round,
        "kind": fact.kind,
        "part": fact.part,
        "was": fact.was,
        "is": fact.now,
        "seen": fact.seen,
        "of": fact.of,
        "probes": list(fact.probes),
    }


def of_facts(incidents: Sequence[Facts]) -> list[Json]:
    return [
        {"incident": one.id, "severity": one.severity, "state": one.state, **of_fact(fact)}
        for one in incidents
        for fact in one.facts
    ]


def in_short(incident: Incident) -> str:
    """Evidence, facts, or the cause."""
    from prober.alerts.phrases import thousands

    if isinstance(incident, Change):
        return f"{thousands(incident.e_value)} of {thousands(incident.threshold)}"
    return incident.words if isinstance(incident, Facts) else incident.cause


def of_incident(incident: Incident) -> Json:
    """Trouble has every key of a change, which say that nothing moved."""
    change = incident if isinstance(incident, Change) else None
    return {
        "id": incident.id,
        "endpoint": incident.endpoint,
        "state": incident.state,
        "kind": incident.kind,
        "onset": incident.onset,
        "onset_between": change.onset_between if change else None,
        "course": change.course if change else "unknown",
        "passed": change.back_since if change else None,
        "detected_round": incident.detected_round,
        "opened_at": of_time(incident.opened_at),
        "closed_at": of_time(incident.closed_at),
        "close_reason": incident.close_reason,
        "severity": incident.severity,
        "cause": incident.cause,
        "detail": incident.detail if isinstance(incident, Trouble) else "",
        "cause_before": incident.cause_before if isinstance(incident, Trouble) else "",
        "failed_share": incident.failed_share if isinstance(incident, Trouble) else None,
        "acknowledged_at": of_time(incident.acknowledged_at),
        "muted_until": of_time(incident.muted_until),
        "actor": incident.actor,
        "note": incident.note,
        "e_value": change.e_value if change else 0.0,
        "threshold": change.threshold if change else 0.0,
        "channels": [of_verdict(verdict) for verdict in change.verdicts] if change else [],
        "facts": [of_fact(fact) for fact in incident.facts] if isinstance(incident, Change | Facts) else [],
        **of_findings(change.findings if change else Findings()),
    }


FIXES: Final[Mapping[Failure, str]] = {
    "unreachable": "check `base_url`, the network, and that the server runs",
    "timeout": "the provider is slow; try again, or raise `timeouts` of the endpoint",
    "rate_limited": "ask less often, or raise the limit with the provider",
    "unauthorized": "check the key in the variable that `api_key_env` names, and its permissions",
    "out_of_credit": "add credit, or raise the spending limit with the provider; waiting does not help",
    "model_not_found": "check `model`: the provider has no such model, or this key may not use it",
    "model_retired": "the provider took the model out of service; choose its successor as `model`",
    "not_found": "check `base_url` and `api`: there is no such address",
    "unsupported_parameter": "change the parameter as the provider says (another value, another name), or remove it",
    "context_length": "shorten the prompt, or lower the output limit in `parameters`",
    "cached": "switch the cache of the gateway off for the prober; docs/operating/caches.md says how",
    "bad_output": "the model wrote what its own server rejects, such as a tool call that breaks its schema",
    "bad_request": "read what the provider says: `parameters` or a probe asks for something it refuses",
    "provider_error": "the provider failed; try again later",
    "invalid_reply": "the address answers, but not in the wire format of `provider`; check `base_url` and `api`",
    "too_large": "lower `max_tokens` in `parameters`, or raise `max_reply_bytes`",
    "missing_key": "set the variable that is named, or fix the file or command that the key comes from",
}
"""Failure → what to do."""


def fix_of(failure: str) -> str:
    """What to do; empty for failures that only other tools' logs name."""
    return next((fix for name, fix in FIXES.items() if name == failure), "")


DELIVERY_FIXES: Final[Mapping[str, str]] = {
    "channel_not_found": "write the channel's id, and invite the bot to it",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel, or name another",
    "missing_scope": "give the Slack app the scopes it needs, and install it again",
    "not_configured": "set its variables where the daemon runs",
    "not_slack": "check the address: something other than Slack answers there",
    "redirected": "write the final address",
    "http_400": "check the key or address: the receiver says the message is invalid",
    "http_401": "check the key or address: the receiver refuses it",
    "http_403": "check the key or address: the receiver refuses it",
    "http_404": "check the address: the receiver does not know it",
    "http_410": "check the address: it no longer exists",
    "no_service": "create a new incoming webhook",
    "gave up": "find out why the receiver was unreachable for days",
}
"""How the reason of a permanent failure starts → what to do."""
_TOKEN_WORDS: Final = ("auth", "token", "account_inactive")


def delivery_fix(reason: str) -> str:
    """What to do about a notice that failed permanently."""
    known = next((fix for start, fix in DELIVERY_FIXES.items() if reason.startswith(start)), "")
    if not known and any(word in reason.split(":", maxsplit=1)[0] for word in _TOKEN_WORDS):
        return "set a valid Slack token"
    return known or "fix what it says"
