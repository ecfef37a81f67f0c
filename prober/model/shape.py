"""The base of all that is declared in files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

Duration = Annotated[str, Field(pattern=r"^\d+(\.\d+)?\s*(s|m|h|d)$")]
"""Such as `90s`, `30m`, `6h`, `1d`."""

Days = Annotated[str, Field(pattern=r"^[1-9]\d{0,4}\s*d$")]
"""Such as `90d`."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=120)]


def seconds(duration: str) -> float:
    """A `Duration` → seconds. Raises ValueError where it is none."""
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", duration.strip())
    if parts is None:
        raise ValueError(f"{duration[:40]!r} is not a duration")
    return float(parts[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[parts[2]]


class Shape(BaseModel):
    """Frozen, and unknown keys are errors. What validates is built when first used: few verbs read every file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Pydantic's, without the values of cached properties: those of a changed copy are others."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied
