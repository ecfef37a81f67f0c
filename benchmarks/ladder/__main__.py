"""`python -m benchmarks.ladder [RUNG…] [--again] [--choose]`: record it, 50 minutes on a core of its own."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.ladder import recorder
from benchmarks.ladder.probes import first_token
from benchmarks.ladder.recording import path_of, read
from benchmarks.ladder.rungs import ALL


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ladder", description="Record the ladder of changes.")
    parser.add_argument("rungs", nargs="*", metavar="RUNG", help=f"of {', '.join(ALL)}; all of them without any")
    parser.add_argument("--again", action="store_true", help="record anew what was recorded")
    parser.add_argument(
        "--choose", action="store_true", help="choose the one-token probes anew, and record all of it again"
    )
    chosen = parser.parse_args()
    if unknown := [name for name in chosen.rungs if name not in ALL]:
        parser.error(f"unknown rung {unknown[0]!r}; write one of {', '.join(ALL)}")
    names = list(ALL) if chosen.choose else chosen.rungs or list(ALL)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory(prefix="ladder-") as folder:
        log = Path(folder) / "server.log"
        if chosen.choose or not first_token():
            recorder.choose_probes(log, say)
        if chosen.again or chosen.choose:
            for name in names:
                path_of(name).unlink(missing_ok=True)
        for name in names:
            if "first" not in read(name):
                recorder.record_first(ALL[name], log, say)
        for name in names:
            recorder.record_texts(ALL[name], log, say)


if __name__ == "__main__":
    main()
