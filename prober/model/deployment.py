"""What a router in front of the providers can send asks to."""

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
