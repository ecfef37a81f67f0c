"""Text for people: times, ages, numbers, hostile text made harmless; in privacy mode, hashes instead of text. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from difflib import SequenceMatcher
from html import escape
from itertools import groupby
from typing import TypeVar

from prober.incidents.clock import by_clock_ahead
from prober.model.incident import Change, Incident
from prober.model.notice import Comparison, Moved
from prober.status.probe import EmbeddingMap, ProbePage
from prober.store.pages.probes import ProbeView
from prober.store.views import ChannelPoint, EndpointView, ReplyView
from prober.text import escaped, measured, span, unquoted
from prober.text import number as number  # noqa: PLC0414  # pages and messages write numbers alike

_UNIT = re.compile(r"(?<=\d) (?=%|(?:ms|s|min|h|d|USD)\b)")
CUT_CHARACTERS = 4_000
CUT_LINES = 200
DIFFED = 400
"""Words of each text that are compared; the time grows with the product of both."""

# A quoted text, or a command, is one piece, so that it is code as a whole or not at all.
_PIECE = re.compile(r"[^\s“`]*(?:“[^”]*”|`[^`]*`)\S*|\S+")
# No character that begins markup, an emoji code, mathematics or a link: an underscore only inside a word, a colon only
# before a space or in a time, and never two hyphens, of which Streamlit makes a dash.
_PLAIN = re.compile(
    r"(?!.*(?:--|(?<!\w)_|_(?!\w)|www\.))(?:[\w %.,;()'’“”×→·≥≤±−–/+?!-]|:(?= )|\d:(?=\d\d(?!\d|:)))+", re.I
)
# What makes a list, or a line across the page, of the line that it begins.
_BEGINS_A_LIST = re.compile(r"\d+[.)]$|[^\w(“]|_")


@dataclass(frozen=True, slots=True)
class Shown:
    """A hostile text, ready for `st.code` or `st.text`."""

    text: str
    cut: int
    """Characters left out at the end."""


def legible(text: str) -> str:
    """`text` with every character that would hide, reorder or break the page as an escape such as `\\u200b`."""
    return escaped(text.replace("\r\n", "\n"))


def shown(text: str, characters: int = CUT_CHARACTERS, lines: int = CUT_LINES) -> Shown:
    """A reply for a page: cut, then made legible."""
    kept = "\n".join(text[:characters].split("\n")[:lines])
    return Shown(legible(kept), len(text) - len(kept))


def one_line(text: str, characters: int = 200) -> str:
    """A hostile text for a cell, an option or a tooltip: no markup is read there."""
    line = " ".join(legible(text[: 4 * characters]).split())
    return line if len(line) <= characters else line[: characters - 1] + "…"


def inline(text: str, characters: int = 200) -> str:
    """A hostile text inside Streamlit markdown: words that cannot be read as markup as they are, the others as code.

    A code span is the one place where markdown, emoji codes, links, colours and formulas are all left alone.
    """
    pieces = _PIECE.findall(one_line(text, characters)) or [" "]
    runs = groupby(range(len(pieces)), lambda n: _is_plain(pieces, n))
    shown = [(is_plain, " ".join(pieces[n] for n in places)) for is_plain, places in runs]
    return " ".join(joined(run) if is_plain else code(run) for is_plain, run in shown)


def _is_plain(pieces: Sequence[str], n: int) -> bool:
    if n == 0 and _BEGINS_A_LIST.match(pieces[0]):
        return False
    if pieces[n] == "=":
        return 0 < n < len(pieces) - 1
    return _PLAIN.fullmatch("".join(map(_alike, pieces[n])) + " " * (n < len(pieces) - 1)) is not None


def _alike(character: str) -> str:
    """What markup takes a character for. Only ASCII marks up: an accent belongs to its letter, and the punctuation of
    other scripts is punctuation, so that a right-to-left sentence is not cut into pieces."""
    if character.isascii() or character.isalnum():
        return character
    return "a" if unicodedata.category(character).startswith("M") else "."


def code(text: str) -> str:
    """A hostile line as code, whole."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"{fence}{text}{fence}"


def joined(text: str) -> str:
    """With a no-break space between a number and its unit, so that no line ends between them."""
    return _UNIT.sub("\u00a0", text)


def moment(label: str) -> datetime | None:
    """The time that a round's label names, in UTC; None if it names none."""
    if label.isdigit():
        return None
    try:
        at = datetime.fromisoformat(label)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def when(at: datetime, zone: tzinfo = UTC) -> str:
    """`2026-01-29 14:05 UTC`, or as clocks in `zone` show it: `2026-01-29 15:05 CET`."""
    at = (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(zone)
    return f"{at:%Y-%m-%d %H:%M %Z}"


def round_name(label: str, zone: tzinfo = UTC) -> str:
    """A round's label as people read it: its time, or the label itself."""
    at = moment(label)
    return when(at, zone) if at else one_line(label, 60)


def by_clock(incident: Incident) -> str:
    """What is written behind the time at which an incident began; empty unless that time is from a clock that was
    ahead."""
    return by_clock_ahead(moment(incident.onset), incident.opened_at)


def began(incident: Incident, zone: tzinfo = UTC) -> str:
    """The first round of an incident. May be hostile."""
    return round_name(incident.onset, zone) + by_clock(incident)


def incident_number(text: str) -> int | None:
    """The number of an incident from a link; None if it is not a valid number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def compared(reference: str, recent: str) -> tuple[str, str]:
    """Both texts as HTML, every character of them escaped: words that only the first has as `<del>`, words that only
    the second has as `<ins>`. Compares the first `DIFFED` words; cut like `shown`."""
    old, new = (re.findall(r"\s+|[^\s]+", shown(text).text) for text in (reference, recent))
    sides: tuple[list[str], list[str]] = ([], [])
    matched = SequenceMatcher(None, old[: 2 * DIFFED], new[: 2 * DIFFED], autojunk=False)
    for kind, i, j, k, m in matched.get_opcodes():
        for side, words_, tag in ((sides[0], old[i:j], "del"), (sides[1], new[k:m], "ins")):
            text = escape("".join(words_))
            side.append(text if kind == "equal" or not text else f"<{tag}>{text}</{tag}>")
    rest = escape("".join(old[2 * DIFFED :])), escape("".join(new[2 * DIFFED :]))
    return "".join(sides[0]) + rest[0], "".join(sides[1]) + rest[1]


def ago(at: datetime, now: datetime) -> str:
    return joined(f"{span(now - at)} ago")


def share(e_value: float, threshold: float) -> float:
    """Evidence as a share of the threshold on a log scale: 0 is none, 1 or more is enough. Without a threshold, 0."""
    if math.isnan(e_value) or e_value <= 1 or threshold <= 0:
        return 0.0
    if threshold <= 1:
        return 1.0
    return math.log(min(e_value, 1e300)) / math.log(threshold)


def percent(share: float | None) -> str:
    """`34 %`, `0.4 %`; empty for None."""
    if share is None:
        return ""
    return joined(f"{100 * share:.1f} %" if 0 < share < 0.1 or 0.9 < share < 1 else f"{100 * share:.0f} %")


def listed(items: list[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b, c and 4 more`."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def comparison(one: Comparison) -> Comparison:
    return Comparison(one.probe, measured(one.prompt), measured(one.reference), measured(one.recent))


def words(said: str) -> str:
    """What is said of a channel, without the answers it quotes."""
    return unquoted(Moved("", 0.0, said))


def points(seen: Iterable[ChannelPoint]) -> tuple[ChannelPoint, ...]:
    return tuple(replace(one, words=words(one.words)) for one in seen)


AnIncident = TypeVar("AnIncident", bound=Incident)


def incident(one: AnIncident) -> AnIncident:
    if not isinstance(one, Change):
        return one
    shifts = tuple(replace(shift, words=words(shift.words)) for shift in one.findings.shifts)
    verdicts = tuple(replace(verdict, words=words(verdict.words)) for verdict in one.verdicts)
    return replace(one, verdicts=verdicts, findings=replace(one.findings, shifts=shifts))


def endpoint(one: EndpointView) -> EndpointView:
    opened = incident(one.open_incident) if one.open_incident else None
    return replace(one, channels=points(one.channels), open_incident=opened)


def probe(one: ProbeView) -> ProbeView:
    # What is expected of an answer may say what it is.
    return replace(one, prompt=measured(one.prompt), system=one.system and measured(one.system), expect=())


def probe_page(one: ProbePage) -> ProbePage:
    """Categories of a channel may be answers: they are numbered instead."""
    return replace(
        one,
        probe=probe(one.probe),
        answers=tuple(replace(answer, text=measured(answer.text)) for answer in one.answers),
        distributions=tuple(
            replace(each, labels=tuple(f"category {n + 1}" for n in range(len(each.labels))))
            for each in one.distributions
        ),
        checks=tuple(replace(check, label=f"expectation {n + 1}") for n, check in enumerate(one.checks)),
    )


def reply(one: ReplyView) -> ReplyView:
    text = None if one.text is None else measured(one.text)
    return replace(one, prompt=measured(one.prompt), text=text, error_detail="")


def embedding_map(one: EmbeddingMap) -> EmbeddingMap:
    return replace(one, dots=tuple(replace(dot, text=measured(dot.text)) for dot in one.dots))
