"""A notice as Slack sees it: Block Kit blocks, and the text of the notification. Pure.

Only `header` and `rich_text` blocks are used. Their texts are not parsed as markup, so no reply can mention a channel,
forge a link or close a code block. Links are rich-text links rather than buttons: a button, even one that only opens an
address, makes Slack call the app back, and warns the reader of an app that does not answer.

Limits, of which each has its share here (https://docs.slack.dev/reference/block-kit/blocks): 50 blocks, header 150
characters, block_id 255. Slack also refuses messages whose blocks together pass about 12,000 characters; it does not
document how it counts, so the texts of one message stay under `TEXTS_LIMIT`.
"""

from __future__ import annotations

from prober.alerts.hostile import link, mrkdwn
from prober.alerts.message import Json, Message, Pair, compose, notice_key
from prober.notice import Notice

Block = dict[str, Json]

TEXTS_LIMIT = 9_000
"""Characters of all texts and addresses of one message together."""
FALLBACK_LIMIT = 3_000


def slack_blocks(notice: Notice) -> list[Block]:
    """The message, most important first: what, how sure, how bad, what moved, both replies, what to do now."""
    message = compose(notice)
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": message.title, "emoji": False}},
        _rich(_section(*_labelled(message.paragraphs))),
    ]
    if message.moved:
        blocks.append(_rich(_section(_text("What moved", bold=True)), _list("bullet", message.moved)))
    blocks += [_pair(pair) for pair in message.pairs]
    blocks.append(_rich(_section(_text("What to do now", bold=True)), _list("ordered", message.todo), _links(message)))
    key = notice_key(notice)
    return [{**block, "block_id": f"{key}.{place}"} for place, block in enumerate(blocks)]


def fallback_text(notice: Notice) -> str:
    """What notifications and screen readers get, and the whole message where Slack refuses the blocks."""
    message = compose(notice)
    lines = [message.title, *(f"{label}: {sentence}" for label, sentence in message.paragraphs), *message.moved]
    lines += [f"{label}: {address}" for label, address in message.links]
    return mrkdwn("\n".join(lines), FALLBACK_LIMIT)


def _pair(pair: Pair) -> Block:
    return _rich(
        _section(_text(f"Probe {pair.probe}", bold=True), _text(f"\n{pair.prompt}")),
        _section(_text("Reference", bold=True)),
        _preformatted(pair.reference),
        _section(_text("Recent", bold=True)),
        _preformatted(pair.recent),
    )


def _labelled(paragraphs: tuple[tuple[str, str], ...]) -> list[Json]:
    elements: list[Json] = []
    for place, (label, sentence) in enumerate(paragraphs):
        elements += [_text(("\n" if place else "") + label, bold=True), _text(f": {sentence}")]
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
    return {"type": "rich_text_list", "style": style, "elements": [_section(_text(item)) for item in items]}


def _preformatted(text: str) -> Json:
    return {"type": "rich_text_preformatted", "elements": [_text(text)]}


def _text(text: str, *, bold: bool = False) -> Json:
    element: dict[str, Json] = {"type": "text", "text": text}
    return {**element, "style": {"bold": True}} if bold else element
