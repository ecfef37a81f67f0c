"""Which deployments of a router are to be blocked, and which unblocked, by the verdicts of their endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prober.model.deployment import Deployment

BLOCKED_FOR: Final = ("changed", "unreachable")
"""Verdicts for which a deployment is blocked."""


@dataclass(frozen=True, slots=True)
class RouterStep:
    """A deployment that is to be blocked or unblocked, or that is left as it is although its verdict is bad."""

    deployment: Deployment
    verdict: str
    """Verdict of its endpoint."""
    block: bool | None
    """None: it would be the last one of its group, so nothing is done."""


def router_steps(deployments: Sequence[Deployment], verdicts: Mapping[str, str]) -> tuple[RouterStep, ...]:
    """What is to be done, first what is unblocked. `verdicts`: endpoint → its verdict for a router.

    A deployment is ours only where it says so. The last one of a group that is not blocked stays, whatever its verdict:
    a watch must not take a service down. A verdict that says nothing (`unknown`, `degraded`) changes nothing.
    """
    ours = [one for one in deployments if one.is_ours and one.endpoint in verdicts]
    back = [one for one in ours if one.is_blocked and verdicts[one.endpoint] == "ok"]
    left: dict[str, int] = {}
    for one in deployments:
        left[one.group] = left.get(one.group, 0) + (not one.is_blocked or one in back)
    steps = [RouterStep(one, "ok", block=False) for one in back]
    for one in ours:
        if one.is_blocked or (verdict := verdicts[one.endpoint]) not in BLOCKED_FOR:
            continue
        is_last = left[one.group] <= 1
        left[one.group] -= not is_last
        steps.append(RouterStep(one, verdict, block=None if is_last else True))
    return tuple(steps)
