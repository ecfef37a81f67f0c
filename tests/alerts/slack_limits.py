"""What Slack's documentation says a message, a view and their parts may be, and its word where they are more.

https://docs.slack.dev/reference/block-kit/blocks, …/block-elements, …/views, and the errors of `chat.postMessage`.
Lengths are counted in UTF-16 units, the strictest way a receiver may count.
"""

from __future__ import annotations

import json
import re

BLOCKS_TEXT_LIMIT = 12_000
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100


def refusal(body: dict[str, object]) -> str | None:
    """Slack's error word for a message that passes one of its limits; None where it would be posted."""
    text, blocks = body.get("text", ""), body.get("blocks", [])
    if not isinstance(text, str) or not isinstance(blocks, list):
        return "invalid_blocks_format" if isinstance(text, str) else "invalid_arguments"
    if not text and not blocks:
        return "no_text"
    if units(text) > 40_000:
        return "msg_too_long"
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "invalid_arguments"
    if len(blocks) > MESSAGE_BLOCKS or not valid_blocks(blocks, inputs=False):
        return "invalid_blocks"
    if sum(units(text) for text in texts(blocks)) > BLOCKS_TEXT_LIMIT:
        return "msg_blocks_too_long"
    return _metadata_refusal(body.get("metadata"))


def view_refusal(view: object) -> str | None:
    """Slack's error word for a modal; None where it would open."""
    if not isinstance(view, dict) or view.get("type") != "modal":
        return "invalid_arguments"
    blocks = view.get("blocks", [])
    valid = (
        _valid_text(view.get("title"), 24, ("plain_text",))
        and _valid_text(view.get("submit", {"type": "plain_text", "text": "x"}), 24, ("plain_text",))
        and _valid_text(view.get("close", {"type": "plain_text", "text": "x"}), 24, ("plain_text",))
        and units(str(view.get("callback_id", ""))) <= 255
        and units(str(view.get("private_metadata", ""))) <= 3000
        and isinstance(blocks, list)
        and 0 < len(blocks) <= VIEW_BLOCKS
        and valid_blocks(blocks, inputs=True)
        # An input without a submit button is refused.
        and ("submit" in view or all(block["type"] != "input" for block in blocks))
    )
    return None if valid else "invalid_arguments"


def valid_blocks(blocks: list[dict[str, object]], *, inputs: bool) -> bool:
    names = [block["block_id"] for block in blocks if isinstance(block, dict) and "block_id" in block]
    return len(set(map(str, names))) == len(names) and all(_valid_block(block, inputs) for block in blocks)


def texts(node: object) -> list[str]:
    """Every text and address in blocks."""
    if isinstance(node, list):
        return [text for item in node for text in texts(item)]
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key in ("text", "url") and isinstance(value, str)]
    return own + [text for value in node.values() for text in texts(value)]


def dates(node: object) -> list[dict[str, object]]:
    """Every date element in blocks."""
    if isinstance(node, list):
        return [date for item in node for date in dates(item)]
    if not isinstance(node, dict):
        return []
    return [node] if node.get("type") == "date" else [date for value in node.values() for date in dates(value)]


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _metadata_refusal(metadata: object) -> str | None:
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        return "invalid_metadata_format"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", str(metadata["event_type"])):
        return "invalid_metadata_schema"
    return "metadata_too_large" if len(json.dumps(metadata)) > 8_000 else None


def _valid_block(block: object, inputs: bool) -> bool:
    if not isinstance(block, dict) or not 0 < units(str(block.get("block_id", "x"))) <= 255:
        return False
    match block.get("type"):
        case "header":
            return _valid_text(block.get("text"), 150, ("plain_text",))
        case "section":
            fields = block.get("fields", [])
            return (
                ("text" in block or bool(fields))
                and _valid_text(block.get("text", {"type": "mrkdwn", "text": "x"}), 3000)
                and len(fields) <= 10
                and all(_valid_text(one, 2000) for one in fields)
            )
        case "rich_text":
            return bool(block.get("elements")) and all(_valid_rich(element) for element in block["elements"])
        case "actions":
            elements = block.get("elements", [])
            ids = [one.get("action_id") for one in elements]
            return 0 < len(elements) <= 25 and len(set(ids)) == len(ids) and all(map(_valid_element, elements))
        case "input":
            return (
                inputs
                and _valid_text(block.get("label"), 2000, ("plain_text",))
                and _valid_text(block.get("hint", {"type": "plain_text", "text": "x"}), 2000, ("plain_text",))
                and _valid_element(block.get("element"))
            )
        case "divider":
            return True
    return False


def _valid_rich(element: object) -> bool:
    if not isinstance(element, dict) or not isinstance(element.get("elements"), list) or not element["elements"]:
        return False
    if element["type"] == "rich_text_list":
        return element.get("style") in ("bullet", "ordered") and all(
            one.get("type") == "rich_text_section" and _valid_rich(one) for one in element["elements"]
        )
    return element["type"] in ("rich_text_section", "rich_text_preformatted", "rich_text_quote") and all(
        _valid_inline(one) for one in element["elements"]
    )


def _valid_inline(one: dict[str, object]) -> bool:
    if one.get("type") == "text":
        return set(one) <= {"type", "text", "style"} and isinstance(one["text"], str) and one["text"] != ""
    if one.get("type") == "date":
        known = set(one) <= {"type", "timestamp", "format", "timezone", "url", "fallback", "style"}
        return known and type(one.get("timestamp")) is int and _valid_date_format(one.get("format"))
    return one.get("type") == "link" and _valid_url(one.get("url"))


DATE_TOKENS = {
    "day_divider_pretty", "date_num", "date_slash", "date_long", "date_long_full", "date_long_pretty", "date",
    "date_pretty", "date_short", "date_short_pretty", "time", "time_secs", "ago",
}  # fmt: skip


def _valid_date_format(look: object) -> bool:
    tokens = re.findall(r"\{([^}]*)\}", look) if isinstance(look, str) else []
    return bool(tokens) and set(tokens) <= DATE_TOKENS


def _valid_element(one: object) -> bool:
    if not isinstance(one, dict) or not 0 < units(str(one.get("action_id", ""))) <= 255:
        return False
    match one.get("type"):
        case "button":
            return (
                _valid_text(one.get("text"), 75, ("plain_text",))
                and units(str(one.get("value", ""))) <= 2000
                and one.get("style", "primary") in ("primary", "danger")
                and _valid_url(one.get("url", "https://x"))
            )
        case "static_select":
            options = one.get("options", [])
            return (
                _valid_text(one.get("placeholder"), 150, ("plain_text",))
                and 0 < len(options) <= 100
                and all(
                    _valid_text(option.get("text"), 75, ("plain_text",))
                    and 0 < units(str(option.get("value", ""))) <= 150
                    for option in options
                )
            )
        case "plain_text_input":
            return 0 <= int(one.get("min_length", 0)) <= int(one.get("max_length", 3000)) <= 3000
    return False


def _valid_url(url: object) -> bool:
    return isinstance(url, str) and re.fullmatch(r"https?://[!-~]+", url) is not None and len(url) <= 3000


def _valid_text(text: object, limit: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> bool:
    return isinstance(text, dict) and text.get("type") in kinds and 0 < units(str(text.get("text", ""))) <= limit
