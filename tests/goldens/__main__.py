"""`python -m tests.goldens --write` makes every expected file anew; with names, those of these cases.

Look at the difference before you commit it: a golden that is written without a look proves nothing.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.goldens.cases import CASES, Missing
from tests.goldens.files import EXPECTED, write


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.goldens", description=__doc__)
    arguments.add_argument("--write", action="store_true", required=True, help="write the expected files")
    arguments.add_argument("cases", nargs="*", metavar="CASE", help=f"one of {', '.join(CASES)}")
    given = arguments.parse_args()
    if unknown := set(given.cases) - set(CASES):
        arguments.error(f"unknown case: {', '.join(sorted(unknown))}")
    missing = False
    for name in given.cases or CASES:
        began = time.perf_counter()
        try:
            files = write(name)
        except Missing as error:
            print(f"{name}: LEFT AS IT WAS, {error}")
            missing = True
            continue
        print(f"{name}: {len(files)} files, {time.perf_counter() - began:.1f} s")
    if not given.cases:
        for stale in {path.name for path in EXPECTED.iterdir()} - set(CASES):
            print(f"expected/{stale} belongs to no case: remove it")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
