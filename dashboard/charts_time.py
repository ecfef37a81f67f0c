"""Altair charts beside the channels: who answered, latency, before and now, replies as a map. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from dashboard.charts import AFTER, BEFORE, Mark, at_label, rules, time_axis
from dashboard.formatting import number, one_line, round_name
from prober.judging.explain.probe import Distribution
from prober.status.probe import MapDot
from prober.store.pages.over_time import RoundLine

COLOURS: Final = (BEFORE, AFTER, "#009E73", "#CC79A7", "#808080", "#A08A00", "#A05AC8")
"""Okabe and Ito's, made to stand out from white and near-black; nothing hangs on colour alone: there is a shape, a
dash, a place or a tooltip as well."""
SHAPES: Final = ("circle", "diamond", "square", "triangle-up", "cross", "triangle-down", "triangle-right")
DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4])
MOST: Final = len(COLOURS)
"""Most series in one chart."""
OTHERS: Final = "all others"
SINCE: Final = "since the change"
_WITH_LEGEND: Final = 260


def ribbon(lines: Sequence[RoundLine], marked: Sequence[Mark]) -> alt.LayerChart:
    """Who the provider said answered: shares of each round's replies, as a ribbon."""
    sizes: dict[str, float] = {}
    for line in lines:
        for name, n in line.identities.items():
            sizes[one_line(name, 60)] = sizes.get(one_line(name, 60), 0.0) + n
    names = common(sizes, MOST if len(sizes) <= MOST else MOST - 1)
    names += [OTHERS] * (len(sizes) > MOST)
    rows = []
    for line in lines:
        whole = sum(line.identities.values())
        if not whole:
            continue
        shares = dict.fromkeys(names, 0.0)
        for name, n in line.identities.items():
            shares[one_line(name, 60) if one_line(name, 60) in shares else OTHERS] += n / whole
        rows += [
            {"at": at_label(line.round, line.at).isoformat(), "round": round_name(line.round), "who": who,
             "share": share, "reads": f"{share:.0%} of {whole:,}"}
            for who, share in shares.items()
        ]  # fmt: skip
    area = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_area(interpolate="step", line=False, opacity=0.85)
        .encode(
            x=time_axis(),
            y=alt.Y("share:Q", title=None, stack=True, scale=alt.Scale(domain=[0, 1]),
                    axis=alt.Axis(format=".0%", tickCount=5)),
            color=colour("who", names),
            tooltip=[alt.Tooltip("who:N", title="answered by"), alt.Tooltip("reads:N", title="share"),
                     alt.Tooltip("round:N", title="round (UTC)")],
        )
    )  # fmt: skip
    return alt.LayerChart(layer=[area, *rules(marked)], height=_WITH_LEGEND)


def latency(lines: Sequence[RoundLine], marked: Sequence[Mark]) -> alt.LayerChart:
    """Median and 90th percentile (p90) of each round's latency, in seconds."""
    rows = [
        {"at": at_label(line.round, line.at).isoformat(), "round": round_name(line.round), "of": of, "seconds": seconds,
         "reads": f"{number(seconds)} s"}
        for line in lines
        for of, seconds in (("median", line.latency_half_s), ("p90", line.latency_most_s))
        if seconds is not None
    ]  # fmt: skip
    line = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=True)
        .encode(
            x=time_axis(),
            y=alt.Y("seconds:Q", title=None, axis=alt.Axis(tickCount=5)),
            color=colour("of", ["median", "p90"], "stroke"),
            strokeDash=dash("of", ["median", "p90"]),
            tooltip=[alt.Tooltip("of:N", title="statistic"), alt.Tooltip("reads:N", title="latency"),
                     alt.Tooltip("round:N", title="round (UTC)")],
        )
    )  # fmt: skip
    return alt.LayerChart(layer=[line, *rules(marked)], height=_WITH_LEGEND)


def then_and_now(one: Distribution) -> alt.Chart:
    """Shares of a channel's categories in the reference, and in the newest replies beside them."""
    labels = [one_line(label, 40) or "nothing" for label in one.labels]
    labels = [f"{label} ({n + 1})" if labels.count(label) > 1 else label for n, label in enumerate(labels)]
    rows = [
        {"category": label, "when": side, "share": share, "reads": f"{share:.1%}", "n": n}
        for n, (label, then, now) in enumerate(zip(labels, one.then, one.now, strict=True))
        for side, share in (("reference", then), ("now", now))
    ]
    sides = ["reference", "now"]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows), height=50 + 40 * len(labels))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 1]),
                    axis=alt.Axis(format=".0%", tickCount=5)),
            y=alt.Y("category:N", title="", sort=alt.SortField("n"), axis=alt.Axis(labelLimit=160)),
            yOffset=alt.YOffset("when:N", sort=sides),
            color=alt.Color("when:N", scale=alt.Scale(domain=sides, range=[BEFORE, AFTER]), legend=None),
            tooltip=[alt.Tooltip("category:N", title="category"), alt.Tooltip("when:N", title="when"),
                     alt.Tooltip("reads:N", title="share")],
        )
    )  # fmt: skip
    return chart


def embedding(dots: Sequence[MapDot], changed: str | None) -> alt.Chart:
    """Replies as dots; near means alike. An epoch has a colour and a shape, and so has a change that is not over, which
    began with round `changed`."""

    def stretch(one: MapDot) -> str:
        if changed is not None and one.round >= changed:
            return SINCE
        return f"from {round_name(one.epoch)} (UTC)" if one.epoch else "first epoch"

    rows = [
        {"x": one.dot.x, "y": one.dot.y, "epoch": stretch(one), "round": round_name(one.round),
         "probe": one_line(one.probe, 60), "text": one_line(one.text, 120)}
        for one in dots
    ]  # fmt: skip
    names = list(dict.fromkeys(str(row["epoch"]) for row in rows))
    still = alt.Axis(labels=False, ticks=False, title="", domain=False, grid=False)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows), height=320)
        .mark_point(filled=True, size=50, opacity=0.7)
        .encode(
            x=alt.X("x:Q", axis=still),
            y=alt.Y("y:Q", axis=still),
            color=colour("epoch", names, None),
            shape=alt.Shape("epoch:N", scale=alt.Scale(domain=names, range=_of(SHAPES, names)), title=""),
            tooltip=[alt.Tooltip("text:N", title="reply"), alt.Tooltip("probe:N", title="probe"),
                     alt.Tooltip("round:N", title="round (UTC)"), alt.Tooltip("epoch:N", title="epoch")],
        )
    )  # fmt: skip
    return chart


def common(sizes: dict[str, float], most: int) -> list[str]:
    """The largest, by name where they are alike."""
    return sorted(sizes, key=lambda name: (-sizes[name], name))[:most]


def colour(field: str, names: Sequence[str], symbol: str | None = "square") -> alt.Color:
    """A colour for each name, and what it stands for below the chart."""
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=list(names), range=_of(COLOURS, names)),
        legend=legend(names, symbol),
    )


def legend(names: Sequence[str], symbol: str | None = "square") -> alt.Legend | None:
    """None where there is nothing to tell apart."""
    longest = max(map(len, names), default=0)
    columns = 1 if longest > 24 else 2 if longest > 12 else 4
    if len(names) < 2:
        return None
    return alt.Legend(orient="bottom", title=None, columns=columns, labelLimit=420, symbolType=symbol or alt.Undefined)


def dash(field: str, names: Sequence[str]) -> alt.StrokeDash:
    """A dash for each name."""
    return alt.StrokeDash(
        f"{field}:N", scale=alt.Scale(domain=list(names), range=_of(DASHES, names)),
        legend=legend(names, "stroke"),
    )  # fmt: skip


def _of(choices: Sequence[Any], names: Sequence[str]) -> list[Any]:
    return [choices[n % len(choices)] for n in range(len(names))]
