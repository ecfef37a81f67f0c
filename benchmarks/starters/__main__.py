"""`python -m benchmarks.starters [--readme]`: record what is missing of the starter probes, or fill in their README.

Recording takes about half an hour on a core of its own. `python -m benchmarks starters` then compares.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.starters.readme import README, filled
from benchmarks.starters.recorder import record


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starters", description="Record the starter probes.")
    parser.add_argument("--readme", action="store_true", help="record nothing, fill in probes/README.md")
    if parser.parse_args().readme:
        README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="starters-") as folder:
        record(
            Path(folder) / "server.log", lambda text: print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)
        )


if __name__ == "__main__":
    main()
