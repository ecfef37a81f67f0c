"""`prober versions`: every edit of a probe or an endpoint, and how to go back."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from typing import Annotated

import typer

from prober.alerts.phrases import minute
from prober.cli.database import open_store
from prober.cli.mark import words
from prober.cli.options import AsJson, Database
from prober.cli.output import Json, of_time, print_json, say
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError
from prober.model.version import Mark, Version
from prober.status.as_json import of_mark
from prober.store import versions as stored
from prober.text import quoted

app = typer.Typer(add_completion=False)


@app.command()
def versions(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A probe (`set/id`) or an endpoint; all without it."),
    ] = None,
    print_: Annotated[
        int | None,
        typer.Option("--print", metavar="N", help="Print version N as it was declared."),
    ] = None,
    diff: Annotated[
        tuple[int, int] | None,
        typer.Option("--diff", metavar="N M", help="Show what changed from version N to version M."),
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """List the versions of probes and endpoints, with commit, author and marks; print one as it was."""
    with open_store(database, read_only=True) as store:
        every, marks = store.query(stored.history), store.query(stored.marks)
    names = sorted({one.name for one in every})
    if name is not None and name not in names:
        known = did_you_mean(name, names) if names else "the database holds none yet"
        raise ConfigurationError(f"there is no version of {quoted(name)}; {known}")
    found = [one for one in every if name in (None, one.name)]
    if print_ is not None or diff is not None:
        if name is None:
            raise ConfigurationError("--print and --diff need a NAME")
        say(_of(found, print_).content.rstrip() if print_ is not None else _diff(found, *(diff or (0, 0))))
        return 0
    if as_json:
        about = [one for one in marks if name in (None, one.what)]
        print_json({"versions": [_as_json(one) for one in found], "marks": [of_mark(one) for one in about]})
    elif not found:
        say("No version yet: `prober once` and `prober run` keep what they find declared.")
    else:
        for each in names if name is None else [name]:
            say(*_words([one for one in found if one.name == each], [one for one in marks if one.what == each]))
        deploys = [one for one in marks if one.what not in names]
        say(*(words(one) for one in deploys if name is None))
    return 0


def _of(found: Sequence[Version], number: int) -> Version:
    for one in found:
        if one.number == number:
            return one
    raise ConfigurationError(f"there is no version {number}; there are 1 to {found[-1].number}")


def _diff(found: Sequence[Version], old: int, new: int) -> str:
    before, after = _of(found, old), _of(found, new)
    lines = unified_diff(
        before.content.splitlines(), after.content.splitlines(), f"version {old}", f"version {new}", lineterm="", n=2
    )
    return "\n".join(lines) or "They are the same."


def _words(found: Sequence[Version], marks: Sequence[Mark]) -> list[str]:
    newest = found[-1]
    lines = [f"{newest.name} ({newest.kind}), version {newest.number} is current"]
    for one in found:
        by = f", {one.provenance.commit} by {one.provenance.author}" if one.provenance.commit else ""
        lines.append(f"  v{one.number} {one.digest} since {minute(one.at)}{by}")
    lines += [f"  {words(one)}" for one in marks]
    good = next((one.ref for one in reversed(marks) if one.kind == "known-good"), "")
    if good.startswith("v") and good != f"v{newest.number}":
        lines.append(f"  to go back: prober versions {newest.name} --print {good[1:]}")
    return lines


def _as_json(one: Version) -> Json:
    return {
        "kind": one.kind, "name": one.name, "number": one.number, "digest": one.digest, "at": of_time(one.at),
        "commit": one.provenance.commit, "author": one.provenance.author, "content": one.content,
    }  # fmt: skip
