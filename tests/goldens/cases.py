"""What is frozen: a case is a function that plays something out in an empty folder, and gives files of text."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.goldens import declared
from tests.goldens.databases.make_old import DAYS, declare
from tests.goldens.declared import LIFE_ALERTS, canary, scripted, write
from tests.goldens.world import Clock, World, listening, on_day, posts, pretty, send_everywhere, verbs

HERE = Path(__file__).parent
VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006")

Files = Mapping[str, str]
"""Name under `expected/<case>/` → content. Names that end in `.gz` are packed there."""


class Missing(Exception):
    """What a case needs is not here; says what."""


@dataclass(frozen=True)
class Case:
    play: Callable[[World], Files]
    slow: bool


CASES: dict[str, Case] = {}


def case(slow: bool = False) -> Callable[[Callable[[World], Files]], Callable[[World], Files]]:
    def add(play: Callable[[World], Files]) -> Callable[[World], Files]:
        CASES[play.__name__] = Case(play, slow)
        return play

    return add


def played(name: str, home: Path) -> Files:
    """The files of a case, made anew in an empty folder."""
    return CASES[name].play(World(home, Clock(on_day(0))))


# What is used by several


def load(world: World, version: str = VERSIONS[-1]) -> None:
    """The database of the watched world as the prober of that version left it, the day after its last round."""
    text = gzip.decompress((HERE / "databases" / f"v{version}.sql.gz").read_bytes()).decode()
    for old in world.home.glob("prober.db*"):
        old.unlink()
    with closing(sqlite3.connect(world.home / "prober.db")) as database:
        database.executescript(text)
    world.now = on_day(DAYS)


def log_of(world: World, name: str, *arguments: str) -> str:
    """The text of an export."""
    world.prober("export", "--output", name, *arguments)
    return (world.home / name).read_text(encoding="utf-8")


def memories(world: World) -> str:
    """What the judge remembers of every endpoint, as it is stored."""
    return pretty(world.tables()["memory"])


def watch(world: World, days: range, *arguments: str) -> None:
    """A round of every probe set on each of these days."""
    for day in days:
        world.now = on_day(day)
        world.prober("once", *arguments)


# Verbs


@case()
def verbs_that_look(world: World) -> Files:
    """Every verb that reports, on one fixed store: the object on standard output, the words, the exit code."""
    load(world)
    declare(world.home)
    world.prober("db", "upgrade", "--json")
    for verb in (
        ["validate", "probes"],
        ["plan"],
        ["status"],
        ["status", "--expect-every", "2d"],
        ["status", "--expect-every", "2h"],
        ["incidents", "list"],
        ["incidents", "list", "--endpoint", "down"],
        ["incidents", "show", 1],
        ["incidents", "maintenance"],
        ["reference"],
        ["db", "info"],
    ):
        world.prober(*verb)
        world.prober(*verb, "--json")
    world.prober("status", "--metrics")
    world.prober("status", "--expect-every", "2h", "--tell", "--json")
    return {"said.txt": world.transcript()}


@case()
def verbs_that_act(world: World) -> Files:
    """What people do to an incident and to an endpoint, and what is owed and told for it."""
    load(world)
    declare(world.home)
    world.prober("db", "upgrade")
    by = ["--by", "ana", "--json"]
    with listening() as hook:
        world.channels(hook)
        for action in (
            ["incidents", "acknowledge", 1, "--by", "bo", "--reason", "[b]looking[/b]"],
            ["incidents", "mute", 1, "--for", "4h", "--reason", "known", *by],
            ["incidents", "unmute", 1, *by],
            ["incidents", "unmute", 1, *by],
            ["incidents", "maintenance", "swapped", "--for", "2h", "--reason", "upgrade", *by],
            ["incidents", "maintenance", "--json"],
            ["incidents", "maintenance", "swapped", "--end", *by],
            ["incidents", "accept", 1, "--reason", "new version", *by],
            ["incidents", "accept", 1, *by],
            ["incidents", "show", 1, "--json"],
            ["reference", "--json"],
            ["reference", "reset", "down", "--reason", "other cache", *by],
            ["reference"],
            ["status", "--json"],
        ):
            world.now += timedelta(minutes=10)
            world.prober(*action)
            if hook.received:
                world.note(posts(hook))
        accepted = world.transcript()
        load(world)
        world.prober("db", "upgrade")
        world.prober("incidents", "close", 1, "--reason", "rolled back", *by)
        world.note(posts(hook))
    return {"said.txt": accepted, "closed.txt": world.transcript()}


@case()
def usage(world: World) -> Files:
    """What is wrong is said on standard error, with an exit code."""
    for wrong in (
        ["nonsense"],
        ["statsu"],
        ["status", "--nonsense"],
        ["incidents"],
        ["incidents", "show"],
        ["incidents", "show", "one"],
        ["status"],
        ["status", "--json"],
        ["status", "--expect-every", "soon"],
        ["status", "--tell"],
        ["incidents", "list", "--json"],
        ["incidents", "acknowledge", 1],
        ["reference", "--json"],
        ["reference", "reset", "bot", "--reason", "x"],
        ["export", "--output", "all.jsonl"],
        ["db", "info"],
        ["drill", "bot"],
        ["validate"],
        ["validate", "nowhere", "--json"],
        ["plan"],
        ["once"],
        ["run"],
        ["power"],
        ["discover", "bot"],
        ["replay"],
        ["replay", "missing.jsonl"],
        ["compare", "missing.jsonl", "missing.jsonl", "--json"],
        ["import", "missing.jsonl"],
        ["status", "--database", "nonsense"],
        ["status", "--database", "mysql://user:secret@host/database"],
        ["status", "--database", "sqlite://"],
        ["db", "upgrade", "--database", "sqlite:///no/such/folder/prober.db"],
    ):
        world.prober(*wrong, shown=_unboxed)
    assert list(world.home.iterdir()) == [], "what is wrong leaves nothing behind"
    (world.home / "empty.jsonl").write_text("")
    (world.home / "broken.jsonl").write_text('{"round": "1", "endpoint": "e", "probe": "p", "text": "t"}\n{"round"\n')
    (world.home / "text.db").write_text("not a database at all, but a text that is long enough to be looked at" * 20)
    for wrong in (
        ["replay", "empty.jsonl", "--json"],
        ["replay", "broken.jsonl"],
        ["compare", "empty.jsonl", "empty.jsonl", "--json"],
        ["compare", "broken.jsonl", "empty.jsonl"],
        ["import", "broken.jsonl", "--json"],
        ["status", "--database", "sqlite:///text.db"],
        ["db", "upgrade", "--database", "sqlite:///text.db"],
    ):
        world.prober(*wrong)
    write(world.home, {"bot": scripted("still")}, canary("bot"))
    (world.home / "probes" / "canary.yaml").write_text(
        "owner: a\nendpoints: [bto]\nschedule: {every: 1d}\nprobes:\n  - {promt: x}\n"
    )
    for verb in (["validate", "probes"], ["validate", "--json"], ["plan"], ["once"], ["run"]):
        world.prober(*verb)
    write(world.home, {"bot": scripted("still")}, canary("bot"))
    for wrong in (
        ["once", "--set", "canaries"],
        ["once", "--endpoint", "bto"],
        ["power", "bto"],
        ["discover", "bto"],
        ["discover", "bot", "--output", "probes/endpoints.yaml"],
    ):
        world.prober(*wrong)
    world.environment["PROBER_WEBHOOK_SECRET"] = "alone"
    world.prober("once")
    world.environment = {"SLACK_BOT_TOKEN": "xoxb-not-a-real-token"}
    world.prober("once")
    world.environment = {"PROBER_DASHBOARD_ACTIONS": "perhaps"}
    world.prober("once")
    return {"said.txt": world.transcript()}


def _unboxed(line: str) -> str:
    """Typer draws its own complaints into a box, and where it believes in a terminal in colours."""
    return re.sub(r"\s{2,}", " ", re.sub(r"[─╭╮╰╯│]+", "|", re.sub(r"\x1b\[[0-9;]*m", "", line)))


@case()
def help_(world: World) -> Files:
    """The verbs there are."""
    return {"verbs.txt": "".join(f"{name}: {words}\n" for name, words in verbs().items())}


# Declarations


@case()
def declarations(world: World) -> Files:
    """Hashes of what is asked and of whom, of the starters and of odd ones; an endpoint that does not answer."""
    declared.starters(world.home)
    for verb in (["validate"], ["plan"]):
        world.prober(*verb, "--json")
    world.prober("once", "--set", "safety", "--json")
    starters = world.tables()
    shutil.rmtree(world.home / "probes")
    write(world.home, declared.ODD_ENDPOINTS, declared.ODD_SET)
    for verb in (["validate"], ["plan"], ["once", "--database", "sqlite:///odd.db"]):
        world.prober(*verb, "--json")
    odd = world.tables("odd.db")
    kept = ("endpoint", "probe_set", "series", "watch")
    return {
        "said.txt": world.transcript(),
        "starters.json": pretty({name: starters[name] for name in kept}),
        "odd.json": pretty({name: odd[name] for name in kept}),
    }


# Logs


@case()
def logs(world: World) -> Files:
    """A store as a reply log; the log judged again, held against another, and taken into another store."""
    load(world)
    world.prober("db", "upgrade")
    text = log_of(world, "all.jsonl")
    world.prober("export", "--output", "swapped.jsonl.gz", "--endpoint", "swapped")
    world.prober("export", "--output", "nobody.jsonl", "--endpoint", "nobody")
    lines = [line for line in text.splitlines(keepends=True) if json.loads(line)["endpoint"] == "swapped"]
    changed = on_day(7.5).isoformat()
    (world.home / "before.jsonl").write_text("".join(line for line in lines if json.loads(line)["round"] < changed))
    (world.home / "after.jsonl").write_text("".join(line for line in lines if json.loads(line)["round"] >= changed))
    (world.home / "first.jsonl").write_text("".join(lines[: len(lines) // 3]))
    (world.home / "second.jsonl").write_text("".join(lines[len(lines) // 3 : 2 * len(lines) // 3]))
    for verb in (
        ["replay", "all.jsonl"],
        ["replay", "all.jsonl", "--reference", 6],
        ["replay", "swapped.jsonl.gz", "--reference", 6, "--false-alarms-per-year", 12],
        ["replay", "swapped.jsonl.gz", "--reference", 6, "--rounds-per-year", 1000],
        ["compare", "before.jsonl", "after.jsonl"],
        ["compare", "first.jsonl", "second.jsonl"],
        ["compare", "first.jsonl", "second.jsonl", "--alpha", 0.2],
        ["import", "all.jsonl", "--database", "sqlite:///imported.db"],
        ["import", "all.jsonl"],
    ):
        world.prober(*verb, "--json")
    world.prober("replay", "all.jsonl", "--reference", 6)
    world.prober("compare", "before.jsonl", "after.jsonl")
    world.prober("status", "--database", "sqlite:///imported.db", "--json")
    return {"said.txt": world.transcript(), "all.jsonl.gz": text}


# A scripted world, asked


@case()
def watched(world: World) -> Files:
    """From nothing to an alarm: what is said of each round, posted, remembered and stored."""
    write(world.home, {"swapped": scripted("refusal", strength=1.0)}, canary("swapped"))
    with listening() as hook:
        world.channels(hook)
        watch(world, range(DAYS), "--json")
        posted = posts(hook)
    return {
        "said.txt.gz": world.transcript(),
        "posted.txt": posted,
        "memory.json": memories(world),
        "database.json.gz": pretty(world.tables()),
    }


@case()
def notices(world: World) -> Files:
    """Every notice that tests name, as each channel that posts is sent it."""
    from tests.alerts.notices import NAMED

    with listening() as hook:
        world.channels(hook)
        with world.entered():
            send_everywhere(NAMED)
        sent = hook.taken()
    by_channel: dict[str, list[str]] = {}
    for path, _, body in sent:
        by_channel.setdefault(path.split("/")[1], []).append(pretty(json.loads(body)))
    return {f"{channel}.json.gz": "".join(bodies) for channel, bodies in by_channel.items()}
