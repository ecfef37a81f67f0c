"""Samples that pages print, held against what is really said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[1] / "docs"


def sample(page: str, beginning: str) -> str:
    """The block of text on a page that begins so."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = (one for one in re.findall(r"^```text\n(.*?)^```", text, flags=re.M | re.S) if one.startswith(beginning))
    return str(found)


def is_shown(block: str, said: str) -> bool:
    """Whether a page's block is what is said: numbers and white space may differ, and `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in _masked(block).split("…"))
    return re.fullmatch(pattern, _masked(said), flags=re.S) is not None


def _masked(text: str) -> str:
    return " ".join(re.sub(r"\d[\d.,]*(?<=\d)", "#", text).split())
