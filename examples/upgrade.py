"""Ask two endpoints the same probes, a few rounds each, and say whether they behave alike.

    python examples/upgrade.py probes/ SET REFERENCE CANDIDATE [ROUNDS]

`prober gate` answers the question with an error rate in both directions, and stops as soon as it can decide; this shows
the parts that it is made of.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from prober import ask, compare, load, write_log


def main(folder: str, set_name: str, reference: str, candidate: str, rounds: int = 8) -> int:
    declared = load(folder)
    by_name = {one.name: one for one in declared.sets}
    if set_name not in by_name:
        sys.exit(f"there is no probe set {set_name}; there are {', '.join(by_name)}")
    began = datetime.now(UTC)
    replies = {
        name: [
            reply
            for number in range(rounds)
            for reply in ask(declared.endpoint(name), by_name[set_name], now=began + timedelta(minutes=number))
        ]
        for name in (reference, candidate)
    }
    for name, said in replies.items():
        write_log(f"{name}.jsonl", said)  # `prober compare` and `prober replay` read it
    result = compare(replies[reference], replies[candidate], alpha=0.01)
    print(f"{result.verdict}: {result.probes} probes, {result.replies[0]} and {result.replies[1]} replies")
    for one in result.channels:
        if one.changed:
            print(f"  {one.channel}: {one.words} (p = {one.p_value:.2g})")
    return {"same": 0, "changed": 1}.get(result.verdict, 3)


if __name__ == "__main__":
    folder, set_name, reference, candidate, *more = sys.argv[1:]
    sys.exit(main(folder, set_name, reference, candidate, *map(int, more)))
