"""What is frozen: a case is a function that plays something out in an empty folder, and gives files of text."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from prober.asking import open_provider
from prober.incidents.routing import NOBODY
from prober.loading.declarations import load as load_files
from prober.service import run_round
from prober.service.declare import remember
from prober.store import Store
from tests.goldens import declared
from tests.goldens.databases.make_old import DAYS, declare
from tests.goldens.declared import LIFE_ALERTS, canary, scripted, write
from tests.goldens.world import Clock, Hook, World, listening, modelled, on_day, posts, pretty, send_everywhere, verbs

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
    """What the judge remembers of every endpoint, whole, whichever part of it is stored apart."""
    rows = world.tables()["memory"]
    for row in rows:
        del row["digest"]
        for channel, repeats in (row.pop("constant") or {}).items():
            statistic = row["memory"]["channels"][channel]["statistic"]
            statistic["null"] = in_place(statistic["null"], "echoes", repeats, before="base")
    return pretty(rows)


def in_place(fields: dict[str, object], name: str, value: object, before: str) -> dict[str, object]:
    """The fields with one more, where it stood."""
    keys = list(fields)
    keys.insert(keys.index(before), name)
    return {key: value if key == name else fields[key] for key in keys}


def watch(world: World, days: range, *arguments: str) -> None:
    """A round of every probe set on each of these days."""
    for day in days:
        world.now = on_day(day)
        world.prober("once", *arguments)


# Verbs


LOOKING: tuple[list[object], ...] = (
    ["validate", "probes"],
    ["plan"],
    ["status"],
    ["status", "--expect-every", "2d"],
    ["incidents", "list"],
    ["incidents", "show", 1],
    ["incidents", "maintenance"],
    ["reference"],
    ["db", "info"],
)


@case()
def verbs_that_look(world: World) -> Files:
    """Every verb that reports, on one fixed store: the object on standard output, and the exit code."""
    load(world)
    declare(world.home)
    world.prober("db", "upgrade", "--json")
    for verb in LOOKING:
        world.prober(*verb, "--json")
    world.prober("status", "--metrics")
    return {"said.txt": world.transcript()}


@case(slow=True)
def verbs_in_words(world: World) -> Files:
    """The same for people."""
    load(world)
    declare(world.home)
    world.prober("db", "upgrade")
    for verb in LOOKING:
        world.prober(*verb)
    world.prober("incidents", "list", "--endpoint", "down")
    world.prober("status", "--expect-every", "2h")
    world.prober("status", "--expect-every", "2h", "--notify", "--json")
    return {"said.txt": world.transcript()}


@case(slow=True)
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


@case(slow=True)
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
        ["status", "--notify"],
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


@case(slow=True)
def declarations(world: World) -> Files:
    """Hashes of what is asked and of whom, of the starters and of odd ones; an endpoint that does not answer."""
    declared.starters(world.home)
    for verb in (["validate"], ["plan"]):
        world.prober(*verb, "--json")
    world.prober("once", "--set", "refusal", "--json")
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
def judged(world: World) -> Files:
    """The shortest way through most of the prober: a small log, judged, compared, and taken into a store."""
    lines = gzip.decompress((HERE / "databases" / "judged.jsonl.gz").read_bytes()).decode().splitlines(keepends=True)
    changed = on_day(7.5).isoformat()
    (world.home / "all.jsonl").write_text("".join(lines))
    (world.home / "before.jsonl").write_text("".join(line for line in lines if json.loads(line)["round"] < changed))
    (world.home / "after.jsonl").write_text("".join(line for line in lines if json.loads(line)["round"] >= changed))
    world.prober("replay", "all.jsonl", "--reference", 6, "--json")
    world.prober("compare", "before.jsonl", "after.jsonl", "--json")
    world.prober("import", "all.jsonl", "--json")
    return {"said.txt": world.transcript(), "memory.json.gz": memories(world)}


@case(slow=True)
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


@case(slow=True)
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
        "memory.json.gz": memories(world),
        "database.json.gz": pretty(world.tables()),
    }


@case(slow=True)
def confirmed(world: World) -> Files:
    """Suspicion that is asked about again at once: the clock goes on while the prober sleeps."""
    confirm = {"rounds": 4, "pause": "90s"}
    write(world.home, {"swapped": scripted("refusal", strength=1.0, confirm=confirm)}, canary("swapped"))
    watch(world, range(DAYS - 2), "--confirm", "--json")
    world.prober("status", "--json")
    return {"said.txt.gz": world.transcript(), "rounds.json.gz": pretty(world.tables()["round"])}


def live(world: World, hook: Hook, hours: range, presses: Mapping[int, list[object]] | None = None) -> None:
    """A round of everything at each of these hours, followed by what people do then; posts noted as they come."""
    for hour in hours:
        world.now = on_day(hour / 24)
        world.prober("once", "--json", out=False)
        for press in [(presses or {}).get(hour)]:
            if press:
                world.now += timedelta(minutes=10)
                world.prober(*press, "--json")
        if hook.received:
            world.note(posts(hook))


def life(world: World, endpoints: Mapping[str, object], hours: range, presses: Mapping[int, list[object]]) -> Files:
    """The life of what happens to these endpoints: every message to every channel, and how it stands at the end."""
    write(world.home, endpoints, canary(*endpoints, tags=["pager"]), alerts=LIFE_ALERTS)
    with listening() as hook:
        world.channels(hook)
        live(world, hook, hours, presses)
    told = world.transcript()
    for verb in (
        ["status"],
        ["incidents", "list"],
        *(["incidents", "show", one] for one in range(1, 5)),
        ["reference"],
    ):
        world.prober(*verb, "--json")
    tables = world.tables()
    owed = {name: tables[name] for name in ("notice", "press", "incident", "epoch", "watch", "tally")}
    return {"told.txt.gz": told, "standing.txt.gz": world.transcript(), "tables.json.gz": pretty(owed)}


@case(slow=True)
def life_worse(world: World) -> Files:
    """Opened, in hand, worse, muted, no longer muted, reminded, accepted, and a new reference."""
    by = ["--by", "ana", "--reason", "a reason"]
    presses: dict[int, list[object]] = {
        24 * 12: ["incidents", "acknowledge", 1, *by],
        24 * 16: ["incidents", "mute", 1, "--for", "30h", *by],
        24 * 21: ["incidents", "accept", 1, *by],
    }
    return life(world, {"swapped": scripted("refusal", strength=1.0)}, range(0, 24 * 24, 24), presses)


COLOURS = ("red", "red", "blue", "red", "green", "blue", "red")
OTHERS = ("mauve", "ochre", "mauve", "teal", "mauve", "mauve", "ochre")
REFUSED = "I'm sorry, but I can't help with that."


def lived(world: World, stories: Mapping[int, str], days: range) -> Files:
    """The life of an endpoint over HTTP, whose model is as one of the stories says from that day on."""
    story = "usual"

    def say(prompt: str, before: int) -> tuple[str, str]:
        if story == "refuses":
            return REFUSED, "model-1"
        colours = COLOURS if story == "usual" else OTHERS
        text = colours[before * 3 % 7] if "colour" in prompt else '{"topic": "card", "urgent": true}'
        return text, "model-2" if story == "renamed" else "model-1"

    endpoint = {
        "provider": "openai",
        "model": "model-1",
        "base_url": "http://model.example/v1",
        "parameters": {"temperature": 1, "max_tokens": 60},
        "price": {"input_per_million": 2, "output_per_million": 8},
        "reference": {"rounds": 6, "hours": 24},
        "concurrency": 1,
    }
    write(world.home, {"bot": endpoint}, canary("bot", tags=["pager"]), alerts=LIFE_ALERTS)
    with listening() as hook, modelled(say) as model:
        world.channels(hook)
        world.environment["HTTP_PROXY"] = model.proxy
        for day in days:
            story = stories.get(day, story)
            live(world, hook, range(24 * day, 24 * day + 1))
        requests = model.requests[:6]
    told = world.transcript()
    for verb in (["incidents", "list"], ["incidents", "show", 1], ["plan"], ["status"]):
        world.prober(*verb, "--json")
    tables = world.tables()
    owed = {name: tables[name] for name in ("notice", "press", "incident", "epoch", "watch")}
    return {
        "asked.txt": "\n".join(requests),
        "told.txt.gz": told,
        "standing.txt.gz": world.transcript(),
        "tables.json.gz": pretty(owed),
        "memory.txt": memory_hash(world),
    }


@case(slow=True)
def life_passing(world: World) -> Files:
    """A change that is over soon: opened, passed, recovered."""
    return lived(world, {8: "refuses", 11: "usual"}, range(18))


@case(slow=True)
def life_superseded(world: World) -> Files:
    """A change that stays, and another after it: opened, superseded, opened again."""
    return lived(world, {7: "others", 16: "renamed"}, range(22))


@case(slow=True)
def life_trouble(world: World) -> Files:
    """An endpoint that cannot be asked for a day: trouble, muted, and over; and one without a budget."""
    endpoints = {
        "down": scripted("outage", day=2.1),
        "poor": scripted("still", budget={"asks_per_day": 6}),
    }
    presses: dict[int, list[object]] = {66: ["incidents", "acknowledge", 1, "--by", "ana"]}
    return life(world, endpoints, range(0, 24 * 5, 6), presses)


@case(slow=True)
def life_together(world: World) -> Files:
    """Three endpoints of one provider, of which two change at the same time."""
    endpoints = {
        "first": scripted("refusal", strength=1.0, seed=3),
        "second": scripted("refusal", strength=1.0, seed=5, model="parrot-2"),
        "third": scripted("still", seed=7, model="parrot-3"),
    }
    return life(world, endpoints, range(0, 24 * 18, 24), {24 * 17: ["incidents", "close", 1, "--by", "bo"]})


@case(slow=True)
def silent_daemon(world: World) -> Files:
    """A daemon that sent no heartbeat for a day is reported once, and expected rounds are missed."""
    load(world)
    world.prober("db", "upgrade")
    with closing(sqlite3.connect(world.home / "prober.db")) as database:
        began, seen = (f"{moment:%Y-%m-%d %H:%M:%S.000000}" for moment in (on_day(0), on_day(DAYS - 1)))
        database.execute(
            "INSERT INTO daemon (worker, started_at, seen_at, endpoints) VALUES ('host-1', ?, ?, ?)",
            (began, seen, '["swapped", "down"]'),
        )
        database.commit()
    with listening() as hook:
        world.channels(hook)
        for _ in range(2):
            world.prober("status", "--expect-every", "2h", "--notify")
            world.note(posts(hook))
            world.now += timedelta(hours=1)
    world.prober("status", "--json")
    world.prober("status", "--metrics")
    return {"said.txt": world.transcript()}


@case(slow=True)
def digest(world: World) -> Files:
    """What waits for the morning and for the end of quiet hours; and what is private."""
    alerts = {
        "timezone": "Europe/Berlin",
        "routes": [{"to": ["webhook"]}, {"to": ["slack"], "private": True, "owners": ["team"]}],
        "digest": {"at": "09:00", "severities": ["info", "warning"]},
        "quiet_hours": {"start": "12:30", "end": "15:00"},
        "reminders": {"critical": "4h", "warning": "12h", "info": "1d"},
    }
    maintenance = [{"begins": "2026-03-10T11:00Z", "lasts": "3h", "why": "upgrade"}]
    mild = dict.fromkeys(("choice", "format", "refusal", "text", "length", "embedding", "exact"), "info")
    severity = {**mild, "expectation": "warning"}
    endpoints = {"swapped": scripted("refusal", strength=1.0, maintenance=maintenance, severity=severity)}
    write(world.home, endpoints, canary("swapped"), alerts=alerts)
    with listening() as hook:
        world.channels(hook)
        live(world, hook, range(0, 24 * 18, 24))
    return {"told.txt.gz": world.transcript(), "notices.json": pretty(world.tables()["notice"])}


WORLDS = ("still", "swap", "identity", "outage")
"""The others differ in what is asked, which tests of the scripted provider hold, and not in how it is told."""


def asked(world: World, kind: str) -> Files:
    """A scripted world, asked for sixteen days: the log, what replay and compare say of it, and the memory."""
    write(world.home, {kind: scripted(kind, day=9.1)}, canary(kind))
    for day in range(16):
        world.now = on_day(day)
        world.prober("once", out=False)
    world.transcript()
    text = log_of(world, "all.jsonl")
    lines = text.splitlines(keepends=True)
    (world.home / "first.jsonl").write_text("".join(lines[: len(lines) // 2]))
    (world.home / "second.jsonl").write_text("".join(lines[len(lines) // 2 :]))
    world.prober("replay", "all.jsonl", "--reference", 6, "--json")
    world.prober("compare", "first.jsonl", "second.jsonl", "--json")
    return {"all.jsonl.gz": text, "said.txt": world.transcript(), "memory.txt": memory_hash(world)}


def memory_hash(world: World) -> str:
    """Stands for a memory where the whole text would be long."""
    return f"sha256 of the memory: {hashlib.sha256(memories(world).encode()).hexdigest()}\n"


def _add_world(kind: str) -> None:
    def play(world: World) -> Files:
        return asked(world, kind)

    CASES[f"world_{kind}"] = Case(play, slow=True)


for _kind in WORLDS:
    _add_world(_kind)


@case(slow=True)
def hours(world: World) -> Files:
    """Four rounds a day, of days that differ: the memory goes by days."""
    write(world.home, {"moody": scripted("swap", clustering=60, day=8.1)}, canary("moody", schedule={"every": "6h"}))
    for hour in range(0, 24 * 12, 6):
        world.now = on_day(hour / 24)
        world.prober("once", out=False)
    world.transcript()
    world.prober("status", "--json")
    world.prober("reference", "--json")
    world.prober("export", "--output", "all.jsonl")
    world.prober("replay", "all.jsonl", "--json")
    return {"said.txt.gz": world.transcript(), "memory.json.gz": memories(world)}


# Databases of earlier versions


def opened(world: World, version: str) -> Files:
    """What the prober of today makes of a database that the prober of that version left."""
    load(world, version)
    declare(world.home)
    for verb in (
        ["status"],
        ["db", "upgrade"],
        ["db", "info"],
        ["status"],
        ["incidents", "list"],
        ["incidents", "show", 1],
        ["reference"],
        ["plan"],
    ):
        world.prober(*verb, "--json")
    exported = log_of(world, "all.jsonl")
    upgraded = world.tables()
    watch(world, range(DAYS, DAYS + 2), "probes", "--json")
    world.prober("status", "--json")
    return {
        "said.txt.gz": world.transcript(),
        "all.jsonl.gz": exported,
        "upgraded.json.gz": pretty({name: rows for name, rows in upgraded.items() if name not in BULKY}),
        "schema.txt": schema(world),
        "memory.txt": memory_hash(world),
    }


BULKY = ("reply", "memory")
"""Tables that the export and the hash of the memory stand for."""


def schema(world: World) -> str:
    """What makes the tables and indexes, in the order of their names."""
    with closing(sqlite3.connect(world.home / "prober.db")) as database:
        made = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name")
        return "".join(f"{row[0]};\n" for row in made)


def _add_old(version: str) -> None:
    def play(world: World) -> Files:
        return opened(world, version)

    CASES[f"old_{version}"] = Case(play, slow=True)


for _version in VERSIONS:
    _add_old(_version)


# What takes long


@case(slow=True)
def power(world: World) -> Files:
    """What a plan would catch, and what each probe tells, with a fixed seed."""
    load(world)
    declare(world.home)
    world.prober("db", "upgrade")
    world.prober("power", "swapped", "--replications", 5, "--json")
    world.prober("power", "swapped", "--replications", 5, "--seed", 1)
    return {"said.txt.gz": world.transcript()}


@case(slow=True)
def drill(world: World) -> Files:
    """A drill of every change, told to every channel. Only how long each step took is left out."""
    load(world)
    declare(world.home)
    world.prober("db", "upgrade")
    with listening() as hook:
        world.channels(hook)
        for change in ("refusal", "wording", "identity", "nonsense"):
            world.prober("drill", "down", "--change", change, "--json", shown=_untimed)
            world.prober("drill", "swapped", "--change", change, "--json", shown=_untimed)
            world.note(posts(hook))
    return {"said.txt.gz": world.transcript()}


def _untimed(line: str) -> str:
    return re.sub(r'"seconds": [0-9.e-]+', '"seconds": "left out"', line)


@case(slow=True)
def discover(world: World) -> Files:
    """Probes found in a scripted world, the file that is written, and the same command once more."""
    write(world.home, {"bot": scripted("still")}, canary("bot"))
    world.prober("discover", "bot", "--budget-tokens", 6000, "--probes", 5, "--json")
    found = (world.home / "probes" / "discovered-bot.yaml").read_text(encoding="utf-8")
    world.prober("discover", "bot", "--budget-tokens", 6000, "--probes", 5)
    world.prober("validate", "--json")
    return {"said.txt": world.transcript(), "discovered-bot.yaml": found}


@case(slow=True)
def doctor(world: World) -> Files:
    """What is looked at and found; of this machine only the version of Python is told, and left out."""
    load(world)
    declare(world.home)
    world.prober("db", "upgrade")
    world.transcript()

    def shown(line: str) -> str:
        return re.sub(r'(?<=[ "])3\.\d+\.\d+\b', "PYTHON", line)

    world.prober("doctor", "--json", shown=shown)
    world.environment["SLACK_BOT_TOKEN"] = "xoxb-not-a-real-token"
    world.prober("doctor", shown=shown)
    return {"said.txt": world.transcript()}


@case(slow=True)
def power_of_choice(world: World) -> Files:
    """What a starter set would catch: the example in docs/mathematics/power.md, which `python -m docs` takes from here."""
    world.prober("init", "--set", "choice", out=False)
    plan = load_files(world.home / "probes")
    (probe_set,), (endpoint,) = plan.sets, plan.endpoints
    with Store.open(f"sqlite:///{world.home}/prober.db") as store, closing(open_provider(endpoint)) as provider:
        remember(store, plan, [], on_day(0))
        for number in range(49):  # twelve days of a reference, and a round that completes it
            world.now = at = on_day(number / 4)
            run_round.run(probe_set, endpoint, plan.promise(endpoint), provider, store, NOBODY, at,
                          clock=lambda at=at: at)  # fmt: skip
    world.transcript()
    world.prober("power", "--replications", 20)
    return {"said.txt": world.transcript()}


@case(slow=True)
def init(world: World) -> Files:
    """The starters as they are written."""
    world.prober("init", "own")
    world.prober("init", "own")
    world.prober("validate", "own", "--json")
    return {
        "said.txt": world.transcript(),
        **{path.name: path.read_text(encoding="utf-8") for path in sorted((world.home / "own").iterdir())},
    }


# Recorded replies of real endpoints


def corpus(name: str) -> Path:
    """A recorded log: where PROBER_CORPORA says, or else beside the checkout. Raises Missing."""
    folder = Path(os.environ.get("PROBER_CORPORA") or declared.ROOT.parent / "shared" / "corpora")
    path = folder / f"{name}.jsonl.gz"
    if not path.exists():
        raise Missing(f"no {path.name} where PROBER_CORPORA says, or in ../shared/corpora")
    return path


def _add_recorded(name: str, *verb: object) -> None:
    """A verb on recorded logs, which are named at its end."""

    def play(world: World) -> Files:
        for log in (one for one in verb if str(one).endswith(".jsonl.gz")):
            (world.home / str(log)).symlink_to(corpus(str(log).removesuffix(".jsonl.gz")).resolve())
        world.prober(*verb, "--json")
        return {"said.txt": world.transcript()}

    CASES[name] = Case(play, slow=True)


_add_recorded("recorded_swap_days", "replay", "together-mistral-swap.jsonl.gz", "--reference", 20)
for _task in ("leetcode", "sensitiveq"):  # the third has ten times as many; tests/corpora compares it
    for _model in ("gpt35", "gpt4"):
        _logs = [f"llmdrift-{_task}-{_model}-{_month}.jsonl.gz" for _month in ("march", "june")]
        _add_recorded(f"recorded_{_task}_{_model}", "compare", *_logs)


@case()
def notices(world: World) -> Files:
    """Every notice that tests name, as each channel that posts is sent it."""
    from tests.alerts.notices import NAMED

    with listening() as hook:
        world.channels(hook)
        with world.entered():
            logged = send_everywhere(NAMED)
        sent = hook.taken()
    by_channel: dict[str, list[str]] = {}
    for path, _, body in sent:
        by_channel.setdefault(path.split("/")[1], []).append(pretty(json.loads(body)))
    return {"log.txt": logged, **{f"{channel}.json.gz": "".join(bodies) for channel, bodies in by_channel.items()}}
