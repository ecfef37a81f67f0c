"""A notice as Slack sees it: Block Kit blocks, and the notification's text. Pure. What can be pressed: `buttons`.

Only plain and rich text is used, never `mrkdwn`. Neither is parsed as markup, so no reply can mention a channel, forge
a link or close a code block. Times are date elements, which Slack shows in the reader's own time zone. Links are
rich-text links rather than buttons: a button, even one that only opens an address, makes Slack call the app back.

Limits, of which each has its share here (https://docs.slack.dev/reference/block-kit/blocks): 50 blocks, header 150
characters, field 2,000, 10 fields, block_id 255. Slack also refuses messages whose blocks together pass about 12,000
characters; it does not document how it counts, so the texts of one message stay under `TEXTS_LIMIT`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

from prober.alerts.digest import Listed
from prober.alerts.keys import Json, notice_key
from prober.alerts.message import Message, Pair, compose, current, evidence
from prober.alerts.phrases import TITLE_LIMIT
from prober.alerts.slack.buttons import Block, buttons, plain
from prober.incidents.events import EVENTS
from prober.model.declaration import Severity
from prober.model.notice import IncidentNews, Notice
from prober.text import link, mrkdwn, visible

TEXTS_LIMIT = 9_000
"""Characters of all texts and addresses of one message together."""
LISTS_LIMIT: Final = 6_000
"""Characters of the lines of its lists together."""
FALLBACK_LIMIT = 3_000
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d UTC)")
"""As `prober.alerts.phrases.minute` writes them."""
MARKS: dict[Severity, str] = {"info": "🔵", "warning": "🟠", "critical": "🔴"}
STATE_MARKS = {"acknowledged": "👀", "muted": "🔕", "closed": "✅"}


def slack_blocks(notice: Notice) -> list[Block]:
    """All in one message, most important first, for a channel that can only be posted to."""
    message = compose(notice)
    blocks = [_header(marked(notice, message.title))]
    if message.paragraphs:
        blocks.append(_rich(_section(*_labelled(message.paragraphs))))
    return _named(notice, "whole", [*blocks, *_shown(message), *_todo(message)])


def root_blocks(notice: Notice, *, interactive: bool) -> list[Block]:
    """The incident as it is now: the one message that is edited in place, with its buttons."""
    message = current(notice, ages=False)
    said = [_section(*_labelled(message.paragraphs))] if message.paragraphs else []
    blocks = [_header(marked(notice, message.title)), _rich(*said, _links(message))]
    row = buttons(notice) if interactive else None
    return _named(notice, "root", [*blocks, row] if row else blocks)


def evidence_blocks(notice: Notice, *, interactive: bool = False) -> list[Block]:
    """What shows it, for the thread and for a modal: channels in words, replies side by side, what to do now."""
    message = evidence(notice, buttons=interactive)
    return _named(notice, "evidence", [*_shown(message), *_todo(message)])


def news_blocks(notice: Notice, *, interactive: bool = False) -> list[Block]:
    """What happened since, for the thread."""
    message = compose(notice, buttons=interactive)
    # Which endpoint it is stands above; an alarm says all of it, for it may be read in the channel alone.
    said = tuple(one for one in message.paragraphs if one[0] != "Endpoint")
    title = _text(marked(notice, message.title), bold=True)
    blocks = [_rich(_section(title), *([_section(*_labelled(said))] if said else []))]
    # The links stand above as well.
    rule = EVENTS[notice.event]
    is_whole = rule.details != "none" and (rule.shows_evidence or rule.broadcasts)
    todo = _todo(message if is_whole else replace(message, links=()))
    return _named(notice, "news", [*blocks, *_shown(message), *todo])


def fallback_text(notice: Notice) -> str:
    """What notifications and screen readers get, and the whole message where Slack refuses the blocks."""
    return _fallback(notice, compose(notice))


def root_text(notice: Notice) -> str:
    """`fallback_text` of `root_blocks`."""
    return _fallback(notice, current(notice))


def evidence_text(notice: Notice) -> str:
    """`fallback_text` of `evidence_blocks`."""
    message = evidence(notice)
    return _fallback(notice, replace(message, title=f"{message.title} · {current(notice).title}"))


def _fallback(notice: Notice, message: Message) -> str:
    lines = [
        marked(notice, message.title),
        *(f"{label}: {sentence}" for label, sentence in message.paragraphs),
        *message.moved,
    ]
    lines += [f"{label}: {address}" for label, address in message.links]
    return mrkdwn("\n".join(lines), FALLBACK_LIMIT)


def _named(notice: Notice, part: str, blocks: list[Block]) -> list[Block]:
    key = notice_key(notice)
    return [{**block, "block_id": f"{key}.{part}.{place}"} for place, block in enumerate(blocks)]


def marked(notice: Notice, title: str) -> str:
    """The first line, with a mark that stands for the severity: `🔴 support-bot: checks pass 73 % (was 100 %)`."""
    about, phase = notice.about, EVENTS[notice.event].phase
    if isinstance(about, IncidentNews):
        mark = STATE_MARKS.get(about.state, MARKS[notice.severity])
    else:
        mark = STATE_MARKS["closed"] if phase == "resolved" else MARKS[notice.severity] if phase else ""
    said = title.removeprefix(f"{notice.severity.title()} · ") if mark in MARKS.values() else title
    return visible(f"{mark} {said}".strip(), TITLE_LIMIT, lines=False)


def _header(title: str) -> Block:
    return {"type": "header", "text": plain(title)}


def _shown(message: Message) -> list[Block]:
    """What shows it: lists, and replies side by side."""
    lists = _within(LISTS_LIMIT, message.lists)
    return [*map(_listed, lists), *(block for pair in message.pairs for block in _pair(pair))]


def _pair(pair: Pair) -> list[Block]:
    """Fields stand in two columns."""
    cells = ("Reference", "Recent", pair.reference, pair.recent)
    return [
        _rich(_section(_text(f"Probe {pair.probe}", bold=True), _text(f"\n{pair.prompt}"))),
        {"type": "section", "fields": [*map(plain, cells)]},
    ]


def _todo(message: Message) -> list[Block]:
    """What to do now, and where; no block where there is neither."""
    steps = [_section(_text("What to do now", bold=True)), _list("ordered", message.todo)] if message.todo else []
    links = [_links(message)] if message.links else []
    return [_rich(*steps, *links)] if steps or links else []


def _within(limit: int, lists: Sequence[Listed]) -> list[Listed]:
    """Their first lines, as long as there is room, and how many more there are."""
    shown: list[Listed] = []
    for title, items in lists:
        kept = [total for total in accumulate(map(len, items)) if total <= limit]
        limit -= max(kept, default=0)
        more = [f"and {len(items) - len(kept)} more"] if len(kept) < len(items) else []
        shown.append((title, (*items[: len(kept)], *more)))
    return shown


def _listed(one: Listed) -> Block:
    title, items = one
    return _rich(_section(_text(title, bold=True)), _list("bullet", items))


def _labelled(paragraphs: tuple[tuple[str, str], ...]) -> list[Json]:
    elements: list[Json] = []
    for place, (label, sentence) in enumerate(paragraphs):
        elements += [_text(("\n" if place else "") + label, bold=True), *_dated(f": {sentence}")]
    return elements


def _links(message: Message) -> Json:
    elements: list[Json] = []
    for label, address in message.links:
        lead = "\n" if elements else ""
        if link(address):
            elements += [_text(f"{lead}{label}: "), {"type": "link", "url": address}]
        else:
            elements.append(_text(f"{lead}{label}: {address}"))
    return _section(*elements)


def _rich(*elements: Json) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _section(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def _list(style: str, items: tuple[str, ...]) -> Json:
    return {"type": "rich_text_list", "style": style, "elements": [_section(*_dated(item)) for item in items]}


def _dated(text: str) -> list[Json]:
    """Text whose times are date elements: as the reader's clock says them, the first with how long ago that was."""
    elements: list[Json] = []
    for place, part in enumerate(_TIME.split(text)):
        if place % 2 == 0:
            elements += [_text(part)] if part else []
            continue
        try:
            at = datetime.strptime(part, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
        except ValueError:  # a text that only looks like one
            elements.append(_text(part))
            continue
        ago = " ({ago})" if place == 1 else ""
        look = "{date_short_pretty} at {time}" + ago
        elements.append({"type": "date", "timestamp": int(at.timestamp()), "format": look, "fallback": part})
    return elements


def _text(text: str, *, bold: bool = False) -> Json:
    element: dict[str, Json] = {"type": "text", "text": text}
    return {**element, "style": {"bold": True}} if bold else element
