"""Options that verbs share, and what they lead to: settings, times. None needs the store; those about declarations and
reply logs are apart, because what reads these is slow to import."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from prober.cli.environment import Database as Database  # noqa: PLC0414  # an option that verbs share, too
from prober.cli.environment import settings_of as settings_of  # noqa: PLC0414
from prober.loading.durations import duration_meant
from prober.model.errors import ConfigurationError
from prober.model.shape import seconds
from prober.text import count, quoted

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

Public: TypeAlias = Annotated[bool, typer.Option("--public", help="The status page and the badges need no token.")]
PostedSamples: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--rules", metavar="FILE", help="What is kept of posted samples, as for `prober ingest`.",
        show_default="the defaults",
    ),
]  # fmt: skip
LogFormat: TypeAlias = Annotated[
    Literal["text", "json"] | None,
    typer.Option("--log-format", help="How the log is written.", show_default="PROBER_LOG, or else text"),
]
Vantage: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--vantage",
        metavar="NAME",
        help="Where this process is: it asks endpoints of this vantage, and those that name none.",
        show_default="PROBER_VANTAGE",
    ),
]
Why: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the incident.")]
By: TypeAlias = Annotated[
    str | None,
    typer.Option("--by", metavar="WHO", help="Who acts.", show_default="the logged-in user"),
]


def me() -> str:
    """The logged-in user. Raises ConfigurationError if the system names none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ConfigurationError("this system does not name the logged-in user; give --by NAME") from None


def now_utc() -> datetime:
    return datetime.now(UTC)


def duration(option: str, text: str, most_days: int = 365) -> timedelta:
    """What an option such as `--for` says. Raises ConfigurationError."""
    try:
        time_s = seconds(text)
    except ValueError:
        said = {"yesterday": "1 day", "last week": "7 days"}.get(text.strip().lower(), text.removesuffix(" ago"))
        meant = duration_meant(said, in_days=False)
        fix = f"write {meant}" if meant else "write a number with s, m, h or d, like 2h"
        raise ConfigurationError(f"{option}: {quoted(text)} is not a time; {fix}") from None
    if not 0 < time_s <= 86_400 * most_days:
        raise ConfigurationError(f"{option}: {quoted(text)} must be more than 0 and at most {count(most_days, 'day')}")
    return timedelta(seconds=time_s)
