"""The overview and a badge that a team may publish: names, states, severities and times of endpoints.

Neither reads anything else of an endpoint, so that no prompt, reply, check, reason, error, model or owner can be in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from prober.alerts.phrases import minute
from prober.status.endpoint_status import EndpointStatus, Shown
from prober.status.strip import DAYS, DayState, counted, until_now
from prober.text import count, visible

COLOURS: Final[dict[Shown, str]] = {
    "changed": "#b3261e", "unreachable": "#b3261e", "not asked": "#8a6100", "stale": "#8a6100",
    "suspected": "#8a6100", "gathering": "#4f5b66", "paused": "#4f5b66", "quiet": "#1b6e33",
}  # fmt: skip
"""State → background; white text on each has a contrast of at least 4.5 to 1."""
MEANINGS: Final[dict[Shown, str]] = {
    "unreachable": "does not answer",
    "not asked": "the model is not asked, for a reason on our side; callers may reach it all the same",
    "changed": "answers differ from the reference",
    "stale": "was not asked lately",
    "suspected": "may have changed; being checked",
    "gathering": "the reference is being gathered",
    "paused": "maintenance",
    "quiet": "answers as the reference did",
}
"""For readers who know none of our words."""
_DAYS: Final[dict[DayState, tuple[int, str]]] = {
    "unknown": (3, "#9aa0a6"), "quiet": (7, "#2e8b4a"), "silent": (10, "#b07c00"), "not asked": (10, "#b07c00"),
    "facts": (10, "#6b7785"), "suspected": (13, "#b07c00"), "changed": (17, "#d03a30"), "unreachable": (20, "#d03a30"),
}  # fmt: skip
"""State of a day → height of its bar in pixels, and its colour: the worse the higher."""
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #8885;overflow-wrap:anywhere}b{color:#fff;padding:.1rem .5rem;border-radius:.3rem;"
    "font-weight:600;white-space:nowrap}small{display:block}svg{max-width:100%}"
    "@media(max-width:40rem){thead{display:none}tr,td{display:block}td{border:0;padding:.1rem 0}"
    "tr{border-bottom:1px solid #8885;padding:.6rem 0}}"
)


def status_page(statuses: Sequence[EndpointStatus], strips: Mapping[str, Sequence[DayState]], now: datetime) -> str:
    """The whole page, endpoints in the order given: HTML without scripts and without anything from elsewhere."""
    rows = "".join(
        f'<tr><td>{_name(one)}</td><td><b style="background:{COLOURS[one.shown]}">{one.shown}</b>'
        f"<small>{_meaning(one)}</small></td>"
        f"<td>{_strip(until_now(strips.get(one.name, ()), one.shown))}</td>"
        f"<td>{f'since {_time(one.since)}' if one.since else ''}"
        f"{f' until {_time(one.paused_until)}' if one.paused_until else ''}"
        f"<small>last round {_time(one.completed_at)}</small></td></tr>"
        for one in statuses
    )
    head = f"<thead><tr><th>Endpoint</th><th>State</th><th>Last {DAYS} days</th><th>When</th></tr></thead>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Status of endpoints</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="60">'
        f"<style>{_STYLE}</style></head><body><main><h1>Status of endpoints</h1><p>{_headline(statuses)}</p>"
        f"<table>{head}<tbody>{rows}</tbody></table><p>As of {_time(now)}.</p></main></body></html>"
    )


def badge(one: EndpointStatus) -> str:
    """An SVG: the endpoint's name and its state."""
    name, state = _name(one), one.shown
    left, right = (12 + 7 * len(words) for words in (visible(one.name, 64, lines=False), state))
    text = 'y="14" fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{name}: {state}"><title>{name}: {state}</title>'
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{COLOURS[state]}"/>'
        f'<text x="{left / 2:g}" {text}>{name}</text><text x="{left + right / 2:g}" {text}>{state}</text></svg>'
    )


def _headline(statuses: Sequence[EndpointStatus]) -> str:
    """How many are in each state, in the order in which the endpoints are."""
    said = ", ".join(f"{n} {state}" for state, n in Counter(one.shown for one in statuses).items())
    return f"{count(len(statuses), 'endpoint')}: {said}." if said else "Nothing is watched yet."


def _meaning(one: EndpointStatus) -> str:
    return f"{MEANINGS[one.shown]}{f', {one.severity}' if one.severity else ''}"


def _strip(days: Sequence[DayState]) -> str:
    bars = "".join(
        f'<rect x="{6 * n}" y="{20 - _DAYS[day][0]}" width="5" height="{_DAYS[day][0]}" fill="{_DAYS[day][1]}"/>'
        for n, day in enumerate(days)
    )
    words = counted(days)
    size = f'width="{6 * DAYS}" height="20" viewBox="0 0 {6 * DAYS} 20"'
    return f'<svg {size} role="img" aria-label="{words}"><title>{words}</title>{bars}</svg><small>{words}</small>'


def _name(one: EndpointStatus) -> str:
    return escape(visible(one.name, 64, lines=False))


def _time(at: datetime | None) -> str:
    return "unknown" if at is None else escape(minute(at))
