"""`prober ingest`: samples of production traffic, tagged by feature."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from prober.alerts.phrases import minute
from prober.cli.database import open_store
from prober.cli.options import AsJson, Database, now_utc
from prober.cli.output import Json, bars, complain, of_time, print_json, say
from prober.cli.reply_logs import From, replies_of
from prober.judging.samples import words_of
from prober.loading.samples import rules_in, sample_of
from prober.model.errors import ConfigurationError, LogError
from prober.model.sample import SIDE_WORDS, SampleRules, Taken
from prober.service.samples import take_in
from prober.status.samples import FeatureStatus, feature_statuses
from prober.store import Store
from prober.text import count, one_line, quoted

app = typer.Typer(add_completion=False)

LOOKS_EVERY_S: Final = 5.0
SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".json", ".csv", ".eval")


@app.command()
def ingest(
    logs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="LOG", help="Reply logs, files of other tools, or folders of them."),
    ] = None,
    feature: Annotated[
        str | None,
        typer.Option(
            "--feature", metavar="NAME", help="Feature of samples that name none.", show_default="the probe's name"
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules", metavar="FILE", help="A file that says what is kept, and how much.", show_default="the defaults"
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep running: take in files as they appear in the folders.")
    ] = False,
    tool: From = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Take in samples of production traffic, and show what shifted: what users ask, and what is answered.

    They are kept apart from probes, without text and without personal data unless the rules say otherwise. A sample
    is stored once, so after an interruption ingest the same file again. Without a log, shows what is stored.

    Exit code 1 if the newest windows of a feature shifted, 3 if no feature has enough samples, else 0.
    """
    if watch and not logs:
        raise ConfigurationError("--watch needs a folder; write prober ingest FOLDER --watch")
    declared = rules_in(rules) if rules else SampleRules()
    seen: dict[Path, tuple[int, int]] = {}
    with open_store(database) as store:
        taken = _take(store, _files(logs or []), feature, tool, declared, seen)
        while watch:  # until it is stopped
            time.sleep(LOOKS_EVERY_S)
            more = [one for one in _files(logs or []) if seen.get(one) != _state(one)]
            for one in more:
                try:
                    say(_taken_words(_take(store, [one], feature, tool, declared, seen)))
                except LogError as error:  # a file that is being written; it is read again once it has changed
                    complain(str(error))
                    seen[one] = _state(one)
        found = store.query(feature_statuses)
    if as_json:
        print_json({"taken": _taken(taken), "features": [as_object(one) for one in found]})
    else:
        nothing = "No samples are stored; `prober ingest FILE` takes some in."
        say(_taken_words(taken) if logs or found else nothing, *(line for one in found for line in words(one)))
    return exit_code(found)


def exit_code(found: Iterable[FeatureStatus]) -> int:
    states = {state(one) for one in found}
    return 1 if "shifted" in states else 0 if "steady" in states else 3


def state(one: FeatureStatus) -> str:
    """`shifted` while the windows since a shift are still becoming the reference; `gathering`, or `steady`."""
    judged = [side.judgement for side in one.sides.values() if side.judgement is not None]
    recent = [
        shift
        for shift in one.shifts
        if (held := one.sides[shift.side].judgement) is not None
        and (held.state in ("insufficient_evidence", "alarm") or held.is_provisional)
    ]
    if recent or any(shift.is_clear for shift in one.scores.values()):
        return "shifted"
    return "gathering" if all(held.state == "insufficient_evidence" for held in judged) else "steady"


def words(one: FeatureStatus) -> list[str]:
    counts = one.counts
    lines = [
        f"{counts.name} on {counts.endpoint}: {state(one)}; {count(counts.stored, 'sample')}, "
        f"{counts.failed:,} without a reply, {counts.dropped:,} dropped"
    ]
    for side, held in one.sides.items():
        if held.judgement is not None:
            missing = f": {words_of(held.judgement.missing, side)}" if held.judgement.missing else ""
            lines.append(f"  {SIDE_WORDS[side]}: {held.judgement.state.replace('_', ' ')}{missing}")
    lines += [f"  {SIDE_WORDS[each.side]} shifted at {minute(each.onset)}: {each.words}" for each in one.shifts]
    lines += [
        f"  score {each.words}{' (shifted)' if each.is_clear else ''}; newest day against the week before"
        for each in one.scores.values()
    ]
    return [one_line(line) for line in lines]


def as_object(one: FeatureStatus) -> Json:
    counts = one.counts
    return {
        "endpoint": counts.endpoint,
        "feature": counts.name,
        "state": state(one),
        "stored": counts.stored,
        "failed": counts.failed,
        "dropped": counts.dropped,
        "newest_at": of_time(counts.newest_at),
        "sides": {
            side: {
                "judged_until": of_time(held.judged_until),
                "state": held.judgement.state if held.judgement else "insufficient_evidence",
                "e_value": held.judgement.e_value if held.judgement else 0.0,
                "threshold": held.judgement.threshold if held.judgement else None,
                "missing": held.judgement.missing if held.judgement else "no window is over yet",
            }
            for side, held in one.sides.items()
        },
        "shifts": [
            {"side": each.side, "onset": of_time(each.onset), "found_at": of_time(each.found_at), "words": each.words}
            for each in one.shifts
        ],
        "scores": {
            name: {"p_value": each.p_value, "shifted": each.is_clear, "rose": each.rose, "words": each.words}
            for name, each in one.scores.items()
        },
    }


def _take(
    store: Store,
    files: list[Path],
    feature: str | None,
    tool: str | None,
    rules: SampleRules,
    seen: dict[Path, tuple[int, int]],
) -> Taken:
    with bars() as shown:

        def batches() -> Iterator[Taken]:
            for file in files:
                state_ = _state(file)
                replies = replies_of([file], shown, tool)
                samples = (sample_of(one, str(file), i, feature) for i, one in enumerate(replies, start=1))
                yield take_in(store, samples, rules, now_utc())
                seen[file] = state_

        total = Taken()
        for one in batches():
            total = total.plus(one)
    return total


def _files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those of folders. Raises ConfigurationError."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [one for one in sorted(path.iterdir()) if one.name.endswith(SUFFIXES) and one.name[0] != "."]
        elif path.exists():
            found.append(path)
        else:
            raise ConfigurationError(f"{quoted(str(path))}: no such file or folder; give the path of a log")
    return found


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)  # gone meanwhile
    return found.st_size, found.st_mtime_ns


def _taken(taken: Taken) -> Json:
    return {
        "samples": taken.samples,
        "stored": taken.stored,
        "dropped": taken.dropped,
        "known": taken.known,
        "too_old": taken.too_old,
        "personal_data": dict(taken.personal_data),
    }


def _taken_words(taken: Taken) -> str:
    found = ", ".join(f"{times:,} {kind}" for kind, times in sorted(taken.personal_data.items())) or "none"
    return (
        f"{count(taken.samples, 'sample')}: {taken.stored:,} stored, {taken.known:,} already stored, "
        f"{taken.dropped:,} dropped, {taken.too_old:,} too old; personal data removed: {found}"
    )
