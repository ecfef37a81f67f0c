"""What verbs print: lines, tables and progress bars for people, one JSON object for programs; how to fix failures.

Hostile text becomes visible here. JSON shapes shared by several verbs are here or in `prober.status.as_json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TextIO

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from prober.model.reply import Failure
from prober.model.watch import CACHE_OFF
from prober.status.as_json import Json as Json  # noqa: PLC0414  # shapes that verbs print
from prober.status.as_json import of_fact as of_fact  # noqa: PLC0414
from prober.status.as_json import of_facts as of_facts  # noqa: PLC0414
from prober.status.as_json import of_findings as of_findings  # noqa: PLC0414
from prober.status.as_json import of_incident as of_incident  # noqa: PLC0414
from prober.status.as_json import of_time as of_time  # noqa: PLC0414
from prober.status.as_json import of_verdict as of_verdict  # noqa: PLC0414
from prober.status.as_json import plain
from prober.text import visible

if TYPE_CHECKING:
    from prober.judging.promise import Promise
    from prober.model.evidence import Judgement
    from prober.model.triage import Ranked, Triage

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
    """Lines on standard output, as they are: neither wrapped nor coloured."""
    _print(sys.stdout, lines)


def complain(*lines: str) -> None:
    """Lines on standard error."""
    _print(sys.stderr, lines)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, is_plain: bool = False) -> None:
    """A table on standard output; a cell is one line.

    `is_plain`: without rules, and never folded, also on a terminal. That is a hundred times as fast.
    """
    cells = [[visible(cell, LONGEST_CELL, lines=False) for cell in row] for row in rows]
    on = screen()
    if is_plain or not on.is_terminal:
        widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
        padded = (
            [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
            for row in (columns, *cells)
        )
        say(*("  ".join(row).rstrip() for row in padded))
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in cells:
        shown.add_row(*map(Text, row))
    on.print(shown)


def print_json(content: Mapping[str, object]) -> None:
    """One JSON object on one line; numbers that JSON does not have become null."""
    typer.echo(json.dumps(plain(content), ensure_ascii=True, allow_nan=False))


def figure(number: float) -> str:
    """`4,320`, `24`, `0.143`: at least three digits, never an exponent for what people count."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def bars() -> Progress:
    """Progress bars on standard error, removed when done; none if it is not a terminal."""
    on = screen(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=on, transient=True, disable=not on.is_terminal)


def _print(stream: TextIO, lines: Iterable[str]) -> None:
    stream.write("".join(f"{visible(line, LONGEST_LINE)}\n" for line in lines))
    stream.flush()  # a reader that has gone away is noticed now


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


def of_triage(one: Triage) -> Json:
    return {
        "endpoint": one.endpoint,
        "since": of_time(one.since),
        "at": of_time(one.at),
        "verdict": one.verdict,
        "causes": list(one.named),
        "words": one.words,
        "ranking": [_ranked(ranked) for ranked in one.ranking],
        "checks": [
            {
                "name": check.name,
                "question": check.question,
                "answer": check.answer,
                "details": check.details,
                "link": check.link,
            }
            for check in one.checks
        ],
        "further": [each.name for each in one.further],
        "runbook": one.runbook or None,
    }


def _ranked(one: Ranked) -> Json:
    return {
        "cause": one.cause,
        "probability": round(one.probability, 4),
        "for": list(one.supporting),
        "against": list(one.opposing),
        "settles": one.settles,
    }


def of_promise(promise: Promise) -> Json:
    return {"false_alarms_per_year": promise.false_alarms_per_year, "rounds_per_year": promise.rounds_per_year}


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
    "cached": CACHE_OFF,
    "bad_output": "the model wrote what its own server rejects, such as a tool call that breaks its schema",
    "bad_request": "read what the provider says: `parameters` or a probe asks for something it refuses",
    "provider_error": "the provider failed; try again later",
    "invalid_reply": "the address answers, but not in the wire format of `provider`; check `base_url` and `api`",
    "too_large": "lower `max_tokens` in `parameters`, or raise `max_reply_bytes`",
    "missing_key": "set that variable, or fix the file or command that the key comes from",
    "missing_library": "install the extra that is named, where the prober runs",
}
"""Failure → what to do."""


NOT_REACHED: Final = frozenset({"unreachable", "timeout", "rate_limited", "provider_error", "too_large"})
"""Failures of an ask that no configuration causes for certain."""


def fix_of(failure: str) -> str:
    """What to do; empty for failures that only other tools' logs name."""
    return next((fix for name, fix in FIXES.items() if name == failure), "")


DELIVERY_FIXES: Final[Mapping[str, str]] = {
    "channel_not_found": "write the channel's id, and invite the bot to it",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel, or name another",
    "channel_is_archived": "unarchive the channel, or create an incoming webhook for another",
    "restricted_action": "let the bot post in the channel, or name another",
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
    "gave up": "find out why the receiver does not take it",
}
"""How the reason of a permanent failure starts → what to do."""
_TOKEN_WORDS: Final = ("auth", "token", "account_inactive")


def delivery_fix(reason: str) -> str:
    """What to do about a notice that failed permanently."""
    known = next((fix for start, fix in DELIVERY_FIXES.items() if reason.startswith(start)), "")
    if not known and any(word in reason.split(":", maxsplit=1)[0] for word in _TOKEN_WORDS):
        return "set a valid Slack token"
    return known or "fix what it says"
