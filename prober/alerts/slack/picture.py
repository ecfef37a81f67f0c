"""The history of the channel that moved most, as a picture: where it was, where it is, and how the evidence grew."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

from prober.alerts.phrases import when
from prober.model.notice import ChangeNews, Notice, Point
from prober.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_POINTS: Final = 2
MOST_POINTS: Final = 200
_INK, _REFERENCE, _SINCE = "#1d1c1d", "#1264a3", "#e01e5a"
_HIGHEST_LOG10: Final = 30.0
"""Evidence beyond it is drawn there: it says nothing more."""


def history_png(notice: Notice) -> bytes | None:
    """A PNG of 900 × 450 pixels; None where the history has too few points.

    Raises `ImportError` where matplotlib, of the extra `pictures`, is not installed.
    """
    change = notice.about
    if not isinstance(change, ChangeNews):
        return None
    points = change.history[-MOST_POINTS:]
    if sum(math.isfinite(point.value) for point in points) < LEAST_POINTS or not change.moved:
        return None
    # Slow to import, and wanted by one process in many. Without pyplot there is no state that threads would share.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), dpi=100, layout="constrained")
    values, evidence = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    onset = _onset(points, change.onset)
    values.set_xlim(-0.5, len(points) - 0.5)
    _draw_values(values, points, onset)
    _draw_evidence(evidence, points, change.threshold, onset)
    channel, name = (visible(text, 60, lines=False) for text in (change.history_channel, notice.endpoint))
    details = (f"set {change.history_set}" if change.history_set else "", change.history_unit)
    unit = "".join(f", {visible(one, 40, lines=False)}" for one in details if one)
    # `$…$` would be typeset as mathematics, or refused as bad mathematics.
    values.set_title(f"{channel} of {name}{unit}", loc="left", fontsize=11, parse_math=False)
    places = sorted({0, len(points) // 2, len(points) - 1})
    evidence.set_xticks(places, [when(points[place].label) for place in places], parse_math=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def alt_text(notice: Notice) -> str:
    """What the picture shows, for those who do not see it; empty where there is none."""
    change = notice.about
    if not isinstance(change, ChangeNews):
        return ""
    moved = next((one for one in change.moved if one.channel == change.history_channel), change.moved[0])
    channel, words = (visible(text, 200, lines=False) for text in (moved.channel, moved.words))
    rounds = f"{len(change.history[-MOST_POINTS:])} rounds"
    of_set = f" of set {visible(change.history_set, 60, lines=False)}" if change.history_set else ""
    return f"History of {channel} over {rounds}{of_set}: {words or 'it moved'}."


def _draw_values(axes: Axes, points: tuple[Point, ...], onset: int) -> None:
    rounds = range(len(points))
    axes.plot(rounds, [_finite(point.reference) for point in points], "--", color=_REFERENCE, label="reference")
    axes.plot(rounds, [_finite(point.value) for point in points], ".-", color=_INK, label="each round")
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    _dress(axes, onset)


def _draw_evidence(axes: Axes, points: tuple[Point, ...], threshold: float, onset: int) -> None:
    axes.plot(range(len(points)), [_log10(point.e_value) for point in points], color=_INK)
    if math.isfinite(threshold) and threshold > 0:
        axes.axhline(_log10(threshold), linestyle=":", color=_SINCE, label="threshold of the alarm")
        axes.legend(loc="upper left", fontsize=8, frameon=False)
    axes.set_ylabel("evidence, powers of 10", fontsize=8)
    _dress(axes, onset)


def _dress(axes: Axes, onset: int) -> None:
    axes.axvspan(onset - 0.5, axes.get_xlim()[1], zorder=0, color=_SINCE, alpha=0.08)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _onset(points: tuple[Point, ...], onset: str) -> int:
    """Place of the first round thought changed."""
    return next((place for place, point in enumerate(points) if point.label >= onset), len(points) - 1)


def _finite(number: float) -> float:
    """Matplotlib leaves a gap at NaN; what is infinite, or too large to be drawn, is left out as well."""
    return number if abs(number) < 1e100 else math.nan


def _log10(e_value: float) -> float:
    if math.isnan(e_value):
        return math.nan
    return math.log10(min(max(e_value, 0.1), 10.0**_HIGHEST_LOG10))
