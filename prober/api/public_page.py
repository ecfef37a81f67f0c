"""A status page and a badge that a team may publish: names, states and times. Texts of replies are never in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from prober.alerts.phrases import minute
from prober.status.endpoint_status import EndpointStatus, State
from prober.text import visible

COLOURS: Final[dict[State, str]] = {
    "changed": "#b3261e", "unreachable": "#b3261e", "stale": "#8a6100", "suspected": "#8a6100",
    "gathering": "#4f5b66", "paused": "#4f5b66", "quiet": "#1b6e33",
}  # fmt: skip
"""State → background; white text on each has a contrast of at least 4.5 to 1."""

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;"
    "background:#fff}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #ddd}b{color:#fff;padding:.1rem .5rem;border-radius:.3rem;font-weight:600}"
)


def status_page(statuses: Sequence[EndpointStatus], now: datetime) -> str:
    """The whole page: HTML without scripts and without anything from elsewhere."""
    rows = "".join(
        f'<tr><td>{_name(one)}</td><td><b style="background:{COLOURS[one.state]}">{one.state}</b></td>'
        f"<td>{_time(one.since)}</td><td>{_time(one.completed_at)}</td></tr>"
        for one in statuses
    )
    head = "<tr><th>Endpoint</th><th>State</th><th>Since</th><th>Last round</th></tr>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Status of endpoints</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="60">'
        f"<style>{_STYLE}</style></head><body><h1>Status of endpoints</h1>"
        f"<table>{head}{rows}</table><p>As of {_time(now)}.</p></body></html>"
    )


def badge(one: EndpointStatus) -> str:
    """An SVG: the endpoint's name and its state."""
    name, left, right = _name(one), 12 + 7 * len(visible(one.name, 64, lines=False)), 12 + 7 * len(one.state)
    text = 'y="14" fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{name}: {one.state}"><title>{name}: {one.state}</title>'
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{COLOURS[one.state]}"/>'
        f'<text x="{left / 2:g}" {text}>{name}</text><text x="{left + right / 2:g}" {text}>{one.state}</text></svg>'
    )


def _name(one: EndpointStatus) -> str:
    return escape(visible(one.name, 64, lines=False))


def _time(at: datetime | None) -> str:
    return "unknown" if at is None else escape(minute(at))
