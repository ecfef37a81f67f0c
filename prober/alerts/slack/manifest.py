"""The Slack app: its manifest, a link that creates it, and a message that shows whether it works."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from prober.alerts.keys import Json
from prober.model.notice import DaemonNews, Notice

SCOPES: Final[Mapping[str, str]] = {
    "chat:write": "without it nothing is sent",
    "channels:history": "without it a message whose delivery was uncertain may appear twice",
    "groups:history": "without it a message in a private channel may appear twice",
    "files:write": "without it threads have no picture",
    "usergroups:read": "without it groups in PROBER_SLACK_ALLOWED have no members",
}
"""What the Slack app should be allowed to do."""
MANIFEST: Final[Json] = {
    "display_information": {"name": "Canary prober"},
    "features": {"bot_user": {"display_name": "Canary prober", "always_online": True}},
    "oauth_config": {"scopes": {"bot": list(SCOPES)}},
    "settings": {"interactivity": {"is_enabled": True}, "socket_mode_enabled": True},
}


def manifest_link() -> str:
    """Opens Slack's page for a new app, filled in."""
    manifest = json.dumps(MANIFEST, separators=(",", ":"))
    return "https://api.slack.com/apps?" + urlencode({"new_app": 1, "manifest_json": manifest})


def trial_message(now: datetime, dashboard_url: str) -> Notice:
    """A notice that nothing happened."""
    return Notice(
        id=0,
        alerter="slack",
        attempts=0,
        event="test",
        severity="info",
        at=now,
        source=None,
        about=DaemonNews("sent by prober init"),
        dashboard_url=dashboard_url,
        reason="test",
    )
