"""Options that verbs share, and what they lead to: declarations, settings, times, reply logs. None needs the store."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer
from rich.progress import Progress

from prober.cli.environment import Database as Database  # noqa: PLC0414  # an option that verbs share, too
from prober.cli.environment import settings_of as settings_of  # noqa: PLC0414
from prober.cli.output import complain
from prober.loading import Declarations
from prober.loading.durations import duration_meant
from prober.loading.other_tools import OWN, TOOLS, read
from prober.loading.reply_log import LoggedReply
from prober.loading.suggestions import did_you_mean
from prober.model.declaration import Endpoint, Probe, ProbeSet
from prober.model.errors import ConfigurationError
from prober.model.shape import seconds
from prober.service.declarations import declarations_in
from prober.text import count, quoted

Paths: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders or files with probe sets.", show_default="probes/", metavar="PATHS"),
]
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
Logs: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="LOG", help="Reply logs, .jsonl or .jsonl.gz; or files of other tools.")
]
From: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TOOL",
        help=f"Whose files these are: {', '.join((OWN, *TOOLS))}.",
        show_default="recognised by their shape",
    ),
]
Reference: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--reference",
        metavar="N",
        min=2,
        help="The first N rounds are the reference.",
        show_default="as an export says, or else the first 12 that span a week",
    ),
]
FalseAlarms: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--false-alarms-per-year",
        metavar="X",
        min=1e-6,
        max=365.0,
        help="False alarms a year that you accept.",
        show_default="as an export says, or else 1",
    ),
]
RoundsPerYear: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--rounds-per-year",
        metavar="N",
        min=1e-6,
        help="Rounds a year that are scheduled for an endpoint.",
        show_default="as an export says, or else from the times in the log",
    ),
]


def me() -> str:
    """The logged-in user. Raises ConfigurationError if the system names none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ConfigurationError("this system does not name the logged-in user; give --by NAME") from None


def now_utc() -> datetime:
    return datetime.now(UTC)


def declared(paths: Sequence[Path] | None) -> Declarations:
    """What the files declare; by default those in `probes/`. Raises ConfigurationError."""
    return declarations_in(*(paths or [Path("probes")]))


def chosen(
    declarations: Declarations, set_name: str | None, endpoint_name: str | None
) -> list[tuple[ProbeSet, Endpoint]]:
    """Every pair of probe set and endpoint, or only those with these names. Raises ConfigurationError."""
    sets = chosen_sets(declarations, set_name)
    if endpoint_name is not None:
        declarations.endpoint(endpoint_name)
    pairs = [
        (probe_set, declarations.endpoint(name))
        for probe_set in sets
        for name in probe_set.endpoints
        if endpoint_name in (None, name)
    ]
    if not pairs:
        raise ConfigurationError(f"no probe set asks {quoted(endpoint_name or '')}; name it under `endpoints:` of one")
    return pairs


def chosen_sets(declarations: Declarations, set_name: str | None) -> list[ProbeSet]:
    """Every probe set, or only the one of this name. Raises ConfigurationError."""
    names = [one.name for one in declarations.sets]
    if set_name is not None and set_name not in names:
        raise ConfigurationError(f"unknown probe set {quoted(set_name)}; {did_you_mean(set_name, names)}")
    return [one for one in declarations.sets if set_name in (None, one.name)]


def chosen_probes(declarations: Declarations, set_name: str | None) -> dict[str, Probe]:
    """`set/probe id` → probe, as `chosen_sets`."""
    from prober.lab.gate.declared import probes_of  # not at the top: it asks and compares, which few verbs do

    return probes_of(chosen_sets(declarations, set_name))


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


def replies_of(logs: Sequence[Path], shown: Progress, tool: str | None = None) -> Iterator[LoggedReply]:
    """Every reply of every log, in order; says on standard error what of other tools' files was left out.

    Raises LogError, or ConfigurationError for a tool that is not known.
    """
    if tool not in (None, OWN, *TOOLS):
        raise ConfigurationError(f"unknown tool {quoted(tool or '')}; {did_you_mean(tool or '', [OWN, *TOOLS])}")
    for log in logs:
        task = shown.add_task(f"Reading {log.name}", total=_size(log))
        yield from read(log, tool, lambda count, task=task: shown.advance(task, count), complain)  # type: ignore[misc]


def _size(log: Path) -> int | None:
    """Bytes once unpacked; of a gzip file, what its last four bytes say. None if unknown."""
    try:
        with log.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(-4 if packed else 0, 2)
            return int.from_bytes(file.read(4), "little") if packed else file.tell()
    except OSError:
        return None
