"""The runbooks that are shipped: in the wheel inside the package, in a checkout beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from prober.model.errors import ConfigurationError


def runbook(name: str, numbers: Mapping[str, str]) -> str:
    """The text of a runbook, with the numbers of an incident in place of `{name}`. Raises ConfigurationError."""
    try:
        text = (folder() / f"{name}.md").read_text(encoding="utf-8")
    except OSError:
        raise ConfigurationError(f"there is no runbook {name} in {folder()}; reinstall canary-prober") from None
    return re.sub(r"\{(\w+)\}", lambda found: numbers.get(found[1], found[0]), text)


def folder() -> Path:
    """Where they are."""
    package = Path(__file__).parents[1]
    inside = package / "runbooks"
    return inside if inside.is_dir() else package.parent / "runbooks"
