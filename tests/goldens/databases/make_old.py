"""Makes one `v….sql.gz` with the code of the time: how the databases beside this file came to be.

    git worktree add ../old COMMIT
    PYTHONPATH=../old:. python tests/goldens/databases/make_old.py tests/goldens/databases/v0001.sql.gz

| version | commit | |
|---|---|---|
| 0001 | 8fcafef | with `--drop round.confirms --drop watch.suspected_since --as 0001`: see below |
| 0002 | 8fcafef | |
| 0003 | 3f2a813 | with `--without daemon --as 0003`: no commit had this version alone, and 0004 only adds that table |
| 0004 | 3f2a813 | |
| 0005 | 639d534 | |
| 0006 | a6ecae0 | |

Migration 0001 got columns until 9db21e7, when 0002 was there already: no commit made a database of version 0001 as the
migrations know it today. What earlier commits made says that it is of version 0001, and lacks these columns; no
migration adds them, and today's prober refuses it (`no such column: endpoint.origin`).

They are history, and are not made again when the prober changes; a new version gets a file of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

from tests.goldens.world import Clock, World, on_day

ENDPOINTS = {
    "swapped": {
        "provider": "scripted",
        "model": "parrot-1",
        "parameters": {"world": "refusal", "strength": 1.0, "seed": 3, "changes_at": on_day(7.5).isoformat()},
        "reference": {"rounds": 6, "hours": 24},
    },
    "down": {
        "provider": "scripted",
        "model": "parrot-2",
        "parameters": {"world": "outage", "seed": 4, "changes_at": on_day(5.5).isoformat()},
        "reference": {"rounds": 6, "hours": 24},
    },
}
CANARY = {
    "name": "canary",
    "owner": "team",
    "runbook": "https://runbooks.example/canary",
    "endpoints": ["swapped"],
    "schedule": {"every": "1d"},
    "probes": [
        {"id": "colour", "prompt": "Pick a random colour. Answer with one word.", "samples": 5},
        {
            "id": "ticket",
            "prompt": 'Summarise as JSON with the keys "topic" and "urgent": my card was charged twice.',
            "expect": [{"type": "is-json"}],
        },
    ],
}
SMALL = {
    "name": "small",
    "owner": "team",
    "endpoints": ["down"],
    "schedule": {"every": "1d"},
    "probes": [{"id": "animal", "prompt": "Pick a random animal. Answer with one word."}],
}
DAYS = 12


def declare(home: Path) -> None:
    folder = home / "probes"
    folder.mkdir()
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": ENDPOINTS}))
    (folder / "canary.yaml").write_text(json.dumps(CANARY))
    (folder / "small.yaml").write_text(json.dumps(SMALL))


def make(home: Path) -> None:
    world = World(home, Clock(on_day(0)))
    declare(home)
    for day in range(DAYS):
        world.now = on_day(day)
        world.prober("once", "probes")
    world.prober("incidents", "acknowledge", 1, "--by", "ana")
    world.prober("status")
    print(world.transcript()[-2500:], file=sys.stderr)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--without", default="")
    arguments.add_argument("--drop", action="append", default=[])
    arguments.add_argument("--as", dest="version", default="")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        make(Path(home))
        with closing(sqlite3.connect(Path(home) / "prober.db")) as database:
            if given.without:
                database.execute(f"DROP TABLE {given.without}")
            for column in given.drop:
                table, _, name = column.partition(".")
                assert database.execute(f"SELECT count({name}) FROM {table}").fetchone() == (0,), "nothing is lost"
                database.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
            if given.version:
                database.execute("UPDATE alembic_version SET version_num = ?", (given.version,))
            database.commit()
            text = "\n".join(database.iterdump()) + "\n"
    given.output.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(len(text), given.output.stat().st_size, text[text.rindex("alembic_version") :][:60], file=sys.stderr)
