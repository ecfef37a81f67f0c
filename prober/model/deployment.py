"""A deployment of a router, such as a LiteLLM proxy, and what is to be done about it. Types only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deployment:
    """One way for a router to reach a model. Its texts come from the router."""

    id: str
    group: str
    """The name by which callers ask for it; several deployments may share it."""
    endpoint: str = ""
    """The endpoint of the prober that watches it; empty where it names none."""
    is_ours: bool = False
    """Whether it says that the prober may block and unblock it."""
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class RouterStep:
    """A deployment that is to be blocked or unblocked, or that is left as it is although its verdict is bad."""

    deployment: Deployment
    verdict: str
    """Of its endpoint."""
    block: bool | None
    """None: it would be the last one of its group, so nothing is done."""
