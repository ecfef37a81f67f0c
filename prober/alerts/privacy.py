"""Privacy mode: hashes and measures instead of text. What this makes of a notice holds no word of a prompt or reply."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Final

from prober.model.notice import ChangeNews, Comparison, Digest, Moved, Notice

_QUOTED: Final = re.compile("“.*”", re.DOTALL)
# Greedy: a reply may hold such quotation marks itself, and everything between the first and the last may be its own.


def private(notice: Notice) -> Notice:
    """The notice without what was asked and answered; itself where it is not to be private."""
    if not notice.private:
        return notice
    match notice.about:
        case ChangeNews() as change:
            return replace(
                notice,
                about=replace(
                    change,
                    moved=tuple(replace(moved, words=unquoted(moved)) for moved in change.moved),
                    comparisons=tuple(
                        Comparison(one.probe, measured(one.prompt), measured(one.reference), measured(one.recent))
                        for one in change.comparisons
                    ),
                ),
            )
        case Digest(items):
            shown = tuple(replace(item, words=_unquoted(item.words)) for item in items)
            return replace(notice, about=Digest(shown))
        case _:
            return notice


def measured(text: str) -> str:
    """Such as `sha256 2c26b46b68ff, 3 characters, 1 line`: equal texts look equal, and nothing of them is shown."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    lines = text.count("\n") + 1
    return f"sha256 {digest}, {len(text):,} characters, {lines:,} line{'' if lines == 1 else 's'}"


def unquoted(moved: Moved) -> str:
    """What is said of a channel, without the answers it quotes."""
    return _unquoted(moved.words)


def _unquoted(words: str) -> str:
    return _QUOTED.sub("an answer", words)
