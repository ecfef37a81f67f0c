"""The shape of a quality objective."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from prober.model.shape import Duration, Name, Shape, seconds

Percent = Annotated[str, Field(pattern=r"^\d{1,2}(\.\d+)?\s*%$")]
"""Such as `95 %`, `99.5%`."""
Measure: TypeAlias = Literal["passed", "right", "refused", "answered"]


def percent(text: str) -> float:
    """A `Percent` → a share."""
    return float(text.rstrip(" %")) / 100


class Objective(Shape):
    """What share of the replies of a probe set must be good, over a window of time."""

    name: Name
    """Unique in its set."""
    measure: Measure = "passed"
    """Which replies are so: they `passed` all their checks, are `right` (by checks that know the answer) or `refused`;
    or asks that were `answered`."""
    at_least: Percent | None = None
    """The share that must be so, such as `95 %`."""
    at_most: Percent | None = None
    """The share that may be so; instead of `at_least`."""
    window: Duration = "28d"
    """Over which time, from `1h` to `90d`."""

    @property
    def allowed(self) -> float:
        """Share of replies that may be bad: not as `at_least` wants, or as `at_most` does not."""
        return 1 - percent(self.at_least) if self.at_least is not None else percent(self.at_most or "0 %")

    @property
    def window_s(self) -> float:
        return seconds(self.window)
