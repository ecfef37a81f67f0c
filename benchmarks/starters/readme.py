"""The measured columns of `probes/README.md`: what the sets cost, and which changes moved each probe."""

from __future__ import annotations

import re
from typing import Final

from benchmarks.ladder.rungs import BASE
from benchmarks.part import RESULTS
from benchmarks.starters import PART, Moved
from benchmarks.starters.recorder import AGAIN, STARTERS, starters
from prober.cli.plan import planned
from prober.model.declaration import Endpoint, ProbeSet
from prober.prices import MILLION

README: Final = STARTERS / "README.md"
OUTPUT_TOKENS: Final = 200
PRICES: Final = ((0.1, 0.4), (0.4, 1.6), (2.0, 8.0))
"""Dollars for a million tokens in and out: those of gpt-4.1-nano, gpt-4.1-mini and gpt-4.1 in genai-prices 0.2."""
_DAYS: Final = 365.25 / 12
_SHORT: Final = {
    "q4_0": "quantised",
    "temperature-0.6": "temperature",
    "system-prompt": "system prompt",
    "noise-0.1": "damaged",
}


def filled(text: str) -> str:
    """The README with these columns as they are now; probes that were not measured keep theirs empty."""
    kept = PART.kept(RESULTS)
    moved = {one.name: one for one in kept.result.probes} if kept else {}
    costs = {one.name: _cost(one) for one in starters().sets}
    section, lines = "", list[str]()
    for line in text.splitlines():
        if line.startswith("## "):
            section = line[3:]
        row = re.match(r"\| `([\w-]+)` \| (.*) \|[^|]*\|$", line)
        cost = re.match(r"\| \[([\w-]+)\]", line)
        if row:
            cell = _changes(moved.get(f"{section}/{row[1]}"))
            line = f"| `{row[1]}` | {row[2]} | {cell} |"  # noqa: PLW2901
        elif cost:
            line = f"| [{cost[1]}](#{cost[1]}) | {costs[cost[1]]} |"  # noqa: PLW2901
        lines.append(line)
    return "\n".join(lines) + "\n"


def _changes(probe: Moved | None) -> str:
    if probe is None:
        return ""
    moved = [change for change, channels in probe.channels.items() if channels or change in probe.recounted]
    return ", ".join(_SHORT[change] for change in moved if change not in (BASE, AGAIN))


def _cost(one: ProbeSet) -> str:
    declarations = starters()
    endpoint = declarations.endpoint(one.endpoints[0])
    limited = Endpoint.model_validate({**endpoint.model_dump(), "parameters": {"max_tokens": OUTPUT_TOKENS}})
    plan = planned(declarations, one, limited)
    tokens = plan.input_tokens_per_day, plan.asks_per_day * OUTPUT_TOKENS
    dollars = [
        sum(price * count for price, count in zip(prices, tokens, strict=True)) / MILLION * _DAYS for prices in PRICES
    ]
    return " | ".join([f"{plan.asks_per_day:,.0f}", f"{tokens[0]:,.0f}", *(f"${each:.2f}" for each in dollars)])
