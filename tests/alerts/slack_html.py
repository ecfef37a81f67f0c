"""Block Kit as a page that looks about as Slack does, so that people can see what they will read.

`python -m tests.alerts.slack_html docs/images` draws the pictures of docs/operating/slack.md from the very payloads that are
sent; it needs Chromium (`CHROMIUM` names another than /usr/bin/chromium).
"""

from __future__ import annotations

import base64
import html
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prober.alerts.slack.blocks import evidence_blocks, news_blocks, root_blocks, slack_blocks
from prober.alerts.slack.buttons import reason_modal
from prober.alerts.slack.picture import alt_text, history_png
from prober.model.notice import Notice
from tests.alerts.notices import HISTORY, NAMED, PLAIN, edited

Blocks = Sequence[Mapping[str, Any]]
STYLE = """
body{font:15px/1.45 Lato,'DejaVu Sans',sans-serif;color:#1d1c1d;background:#fff;margin:0;padding:16px 20px;width:720px}
.m{display:flex;gap:10px;margin:0 0 14px}.a{flex:0 0 36px;height:36px;border-radius:6px;background:#1264a3;color:#fff;
text-align:center;line-height:36px;font-weight:700}.b{flex:1;min-width:0}.n{font-weight:700}.app{background:#ddd;
font-size:10px;border-radius:2px;padding:1px 3px;font-weight:400}.t{color:#616061;font-size:12px;font-weight:400}
h3{font-size:18px;margin:2px 0 6px;overflow-wrap:anywhere}p{margin:2px 0;white-space:pre-wrap;overflow-wrap:anywhere}
ul,ol{margin:2px 0;padding-left:24px}.f{display:grid;grid-template-columns:1fr 1fr;gap:4px 12px;margin:4px 0}
.f div{white-space:pre-wrap;overflow-wrap:anywhere}button{font:700 13px sans-serif;border:1px solid #bbb;background:#fff;
border-radius:4px;padding:5px 11px;margin:6px 8px 0 0}button.primary{background:#007a5a;border-color:#007a5a;color:#fff}
button.danger{background:#e01e5a;border-color:#e01e5a;color:#fff}a{color:#1264a3;text-decoration:none}
.thread{border-left:3px solid #ddd;margin-left:17px;padding-left:20px}img{max-width:100%;border:1px solid #ddd}
.modal{border:1px solid #bbb;border-radius:8px;padding:14px 18px;width:480px;box-shadow:0 6px 20px #0003}
textarea{width:100%;height:64px;border:1px solid #868686;border-radius:4px;box-sizing:border-box}
"""


def page(*parts: str) -> str:
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{''.join(parts)}"


def message(blocks: Blocks, more: str = "") -> str:
    head = "<div class=n>Canary prober <span class=app>APP</span> <span class=t>06:00</span></div>"
    return f"<div class=m><div class=a>C</div><div class=b>{head}{''.join(map(_block, blocks))}{more}</div></div>"


def thread(*parts: str) -> str:
    return f"<div class=thread>{''.join(parts)}</div>"


def modal(view: Mapping[str, Any]) -> str:
    foot = "".join(
        f"<button class={style}>{_said(view[name])}</button>"
        for name, style in (("close", ""), ("submit", "primary"))
        if name in view
    )
    return f"<div class=modal><h3>{_said(view['title'])}</h3>{''.join(map(_block, view['blocks']))}{foot}</div>"


def picture(notice: Notice) -> str:
    data = history_png(notice)
    assert data is not None
    coded = base64.b64encode(data).decode()
    return f'<img alt="{html.escape(alt_text(notice))}" src="data:image/png;base64,{coded}">'


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{_said(block['text'])}</h3>"
        case "section" if "fields" in block:
            return f"<div class=f>{''.join(f'<div>{_said(one)}</div>' for one in block['fields'])}</div>"
        case "section":
            return f"<p>{_said(block['text'])}</p>"
        case "rich_text":
            return "".join(map(_rich, block["elements"]))
        case "actions":
            return "".join(map(_element, block["elements"]))
        case "input":
            return f"<p><b>{_said(block['label'])}</b></p><textarea></textarea>"
    raise ValueError(block["type"])


def _rich(element: Mapping[str, Any]) -> str:
    if element["type"] == "rich_text_list":
        tag = "ol" if element["style"] == "ordered" else "ul"
        return f"<{tag}>{''.join(f'<li>{_inline(one)}</li>' for one in element['elements'])}</{tag}>"
    return f"<p>{_inline(element)}</p>"


def _inline(section: Mapping[str, Any]) -> str:
    said = []
    for one in section["elements"]:
        text = html.escape(one.get("text", one.get("url", "")) if one["type"] != "date" else _date(one))
        if one["type"] == "link":
            text = f"<a>{text}</a>"
        said.append(f"<b>{text}</b>" if one.get("style", {}).get("bold") else text)
    return "".join(said)


def _date(one: Mapping[str, Any]) -> str:
    """As a reader in Berlin sees it on 1 February 2026 at 11:00."""
    at, now = datetime.fromtimestamp(one["timestamp"], ZoneInfo("Europe/Berlin")), datetime(2026, 2, 1, 10, tzinfo=UTC)
    hours = (now - at) / timedelta(hours=1)
    number, unit = (abs(hours), "hour") if abs(hours) < 24 else (abs(hours) / 24, "day")
    size = f"{number:.0f} {unit}{'' if round(number) == 1 else 's'}"
    day = {0: "today", 1: "yesterday"}.get((now.astimezone(at.tzinfo).date() - at.date()).days, f"{at:%b} {at.day}")
    tokens = {"date_short_pretty": day, "time": f"{at:%H:%M}", "ago": f"{size} ago" if hours >= 0 else f"in {size}"}
    return str(one["format"]).format(**tokens)


def _element(one: Mapping[str, Any]) -> str:
    if one["type"] == "static_select":
        return f"<button>{_said(one['placeholder'])} ▾</button>"
    return f"<button class={one.get('style', '')}>{_said(one['text'])}</button>"


def _said(text: Mapping[str, Any]) -> str:
    return html.escape(text["text"])


PAGES: dict[str, Callable[[], str]] = {
    "slack-incident": lambda: page(message(root_blocks(NAMED["first_minutes"], interactive=True))),
    "slack-thread": lambda: page(
        message(
            root_blocks(edited(NAMED["acknowledged"], history=HISTORY, history_channel="length"), interactive=True)
        ),
        thread(
            message(evidence_blocks(PLAIN, interactive=True)),
            message([], picture(edited(PLAIN, history=HISTORY, history_channel="length"))),
            message(news_blocks(NAMED["acknowledged"], interactive=True)),
        ),
    ),
    "slack-accept": lambda: page(modal(reason_modal("accept", 12, "acme/gpt-4o", ""))),
    "slack-states": lambda: page(
        *(
            message(root_blocks(NAMED[name], interactive=True))
            for name in ("identity_drill", "muted", "recovered", "cause_changed", "fact")
        )
    ),
    "slack-later": lambda: page(
        message(news_blocks(NAMED["reminded"], interactive=True)),
        message(root_blocks(NAMED["unacknowledged"], interactive=True)),
        message(slack_blocks(NAMED["digest"])),
    ),
    "slack-private": lambda: page(message(evidence_blocks(_private()))),
}
"""Picture → its page."""


def _private() -> Notice:
    from prober.text import private

    return private(NAMED["private"])


def main(folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, content in PAGES.items():
            tab = browser.new_page(viewport={"width": 760, "height": 100}, device_scale_factor=1.25)
            tab.set_content(content())
            tab.screenshot(path=str(folder / f"{name}.png"), full_page=True)
            print(folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
