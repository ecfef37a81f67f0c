"""Objectives that are written in OpenSLO v1 (https://github.com/OpenSLO/OpenSLO): the part of it that says what
`Objective` says. Fields beyond that are refused by name, so that none is ignored in silence."""

# ruff: noqa: N815  # the names of fields are OpenSLO's
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from prober.loading.lines import Finding
from prober.loading.validation_errors import shaped
from prober.model.objective import Measure
from prober.model.shape import Duration, Name, Shape


class _Spec(Shape):
    """What is measured."""

    measure: Measure = "passed"
    seconds: float | None = None
    dollars: float | None = None


class _Source(Shape):
    type: Literal["canary-prober"]
    spec: _Spec = _Spec()


class _Metric(Shape):
    metricSource: _Source


class _Ratio(Shape):
    """Exactly one of `good` and `bad`; all replies of the set are the total."""

    counter: bool = True
    good: _Metric | None = None
    bad: _Metric | None = None


class _IndicatorSpec(Shape):
    ratioMetric: _Ratio


class _Indicator(Shape):
    metadata: JsonValue = None
    spec: _IndicatorSpec


class _Window(Shape):
    duration: Duration
    isRolling: Literal[True] = True


class _Target(Shape):
    """Exactly one of `target` and `targetPercent`."""

    displayName: str = ""
    target: Annotated[float, Field(gt=0, lt=1)] | None = None
    targetPercent: Annotated[float, Field(gt=0, lt=100)] | None = None


class _SloSpec(Shape):
    description: str = ""
    service: str = ""
    indicator: _Indicator
    timeWindow: Annotated[tuple[_Window, ...], Field(min_length=1)]
    budgetingMethod: Literal["Occurrences"]
    objectives: Annotated[tuple[_Target, ...], Field(min_length=1)]


class _Metadata(Shape):
    name: Name
    displayName: str = ""


class Slo(Shape):
    apiVersion: Literal["openslo/v1"]
    kind: Literal["SLO"]
    metadata: _Metadata
    spec: _SloSpec


def objectives_of(raw: Mapping[str, JsonValue], findings: list[Finding]) -> dict[str, JsonValue]:
    """The `objectives` of a raw probe set, those in OpenSLO as ours; empty where it has no list of them. What has no
    equivalent is added to `findings`."""
    written = raw.get("objectives")
    if not isinstance(written, list):
        return {}
    return {"objectives": [_as_ours(one, index, findings) for index, one in enumerate(written)]}


def _as_ours(raw: JsonValue, index: int, findings: list[Finding]) -> JsonValue:
    if not isinstance(raw, dict) or "apiVersion" not in raw:
        return raw
    faults: list[Finding] = []
    slo = shaped(Slo, raw, faults)
    faults.extend(_choices(slo) if slo else ())
    findings.extend(replace(one, where=("objectives", index, *one.where), line_of=one.line_of and
                            ("objectives", index, *one.line_of)) for one in faults)  # fmt: skip
    if slo is None or faults:
        # In its place, so that nothing else is said of it.
        return {"name": f"objective-{index}", "measure": "answered", "at_least": "50 %"}
    ratio, target = slo.spec.indicator.spec.ratioMetric, slo.spec.objectives[0]
    metric = ratio.good or ratio.bad
    percent = target.targetPercent if target.target is None else 100 * target.target
    assert metric is not None and percent is not None
    wanted = {"at_least": f"{percent:.10g} %"} if ratio.good else {"at_most": f"{100 - percent:.10g} %"}
    measured = metric.metricSource.spec.model_dump(exclude_none=True)
    return {"name": slo.metadata.name, "window": slo.spec.timeWindow[0].duration, **measured, **wanted}


def _choices(slo: Slo) -> Iterator[Finding]:
    ratio, target = slo.spec.indicator.spec.ratioMetric, slo.spec.objectives[0]
    for name, items in (("timeWindow", slo.spec.timeWindow), ("objectives", slo.spec.objectives)):
        if len(items) > 1:
            yield Finding(
                ("spec", name),
                f"holds {len(items)}, which cannot be one objective; write one, and an SLO for each other",
            )
    if (ratio.good is None) == (ratio.bad is None):
        message = "write either good or bad: the replies that its metricSource counts"
        yield Finding(("spec", "indicator", "spec", "ratioMetric"), message)
    if (target.target is None) == (target.targetPercent is None):
        yield Finding(("spec", "objectives", 0), "write either target or targetPercent, such as target: 0.95")
