"""Whether the model that answered is the one that was asked for: a dated snapshot of an alias is."""

from __future__ import annotations

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[-_@:.\s]+")
_STAGES: Final = frozenset({"latest", "preview", "exp", "experimental", "beta", "stable", "default", "free", "online"})
"""Words that say how far a model is, not which it is."""


def is_requested(requested: str, served: str) -> bool:
    """Whether `served` may be what the provider calls `requested`, such as `gpt-4o-2024-08-06` for `gpt-4o`.

    Providers add dates and versions, and gateways the name of an owner. What distinguishes models may not differ:
    `gpt-4o-mini` is not `gpt-4o`, `llama-3-8b` not `llama-3-70b`, `gpt-4-turbo` not `gpt-3.5-turbo`.
    """
    wanted, answered = _parts(requested), _parts(served)
    if _names(wanted) != _names(answered):
        return False
    is_alias = "latest" in wanted
    numbers, found = _numbers(wanted), _numbers(answered)
    return is_alias or found[: len(numbers)] == numbers


def _parts(name: str) -> tuple[str, ...]:
    bare = name.strip().casefold().rpartition("/")[2]
    return tuple(part for part in _SEPARATORS.split(bare) if part)


def _names(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(part for part in parts if not _is_version(part) and part not in _STAGES))


def _numbers(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in parts if _is_version(part))


def _is_version(part: str) -> bool:
    return re.fullmatch(r"v?\d+", part) is not None
