"""The shape of a quality objective."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from prober.model.shape import Duration, Name, Shape, seconds

Percent = Annotated[str, Field(pattern=r"^\d{1,2}(\.\d+)?\s*%$")]
"""Such as `95 %`, `99.5%`."""
Measure: TypeAlias = Literal["passed", "right", "refused", "answered", "faster_than", "cheaper_than"]


def percent(text: str) -> float:
    """A `Percent` → a share."""
    return float(text.rstrip(" %")) / 100


class Objective(Shape):
    """What share of the replies of a probe set must be good, over a window of time."""

    name: Name
    """Unique in its set."""
    measure: Measure = "passed"
    """What is counted: replies that `passed` all their checks, are `right` (by checks that know the answer) or
    `refused`; asks that were `answered`; answers that came `faster_than` a number of `seconds`, or were
    `cheaper_than` a number of `dollars`."""
    seconds: float | None = Field(None, gt=0, le=3600)
    """For `faster_than`, which includes a reply of exactly this time: with `at_least: 95 %` the 95th percentile of
    the latency is at most this."""
    dollars: float | None = Field(None, gt=0)
    """For `cheaper_than`: the cost of one reply, by the price of its endpoint."""
    at_least: Percent | None = None
    """The smallest share allowed, such as `95 %`."""
    at_most: Percent | None = None
    """The largest share allowed; instead of `at_least`."""
    window: Duration = "28d"
    """The time that it covers, from `1h` to `90d`."""

    @property
    def words(self) -> str:
        """Which replies: `passed`, `faster than 2 s`, `cheaper than $0.002`."""
        if self.measure == "faster_than":
            return f"faster than {self.seconds:g} s"
        return f"cheaper than ${self.dollars:g}" if self.measure == "cheaper_than" else self.measure

    @property
    def allowed(self) -> float:
        """Share of replies that may be bad: not as `at_least` wants, or as `at_most` does not."""
        return 1 - percent(self.at_least) if self.at_least is not None else percent(self.at_most or "0 %")

    @property
    def window_s(self) -> float:
        return seconds(self.window)
