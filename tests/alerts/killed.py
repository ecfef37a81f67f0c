"""What is killed: a process that delivers, as the daemon does, until nothing is due."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from multiprocessing.connection import Connection
from unittest.mock import patch

from prober.alerts.log import LogAlerter
from prober.alerts.slack.bot import SlackBot, open_slack
from prober.alerts.slack.client import Pace
from prober.alerts.slack.picture import LEAST_POINTS
from prober.model.notice import Notice
from prober.service.deliver import StoredOutbox, deliver
from prober.settings import Settings
from prober.store import Store
from tests.alerts.slack_server import APP_TOKEN, CHANNEL, TOKEN

PICTURE = b"\x89PNG\r\n\x1a\n"
"""Instead of a drawn one: drawing would take most of a sender's life."""


def deliver_all(store: Store, base_url: str, now: datetime) -> int:
    """Everything that is due; how many there were."""
    settings = Settings(
        slack_bot_token=TOKEN, slack_app_token=APP_TOKEN, slack_channel=CHANNEL, slack_base_url=base_url
    )  # type: ignore[arg-type]
    alerter = open_slack(settings)
    assert isinstance(alerter, SlackBot)
    bot, count = replace(alerter, pace=Pace(interval_s=0)), 0
    with patch("prober.alerts.slack.bot.history_png", _picture):
        while deliver(StoredOutbox(store), [bot, LogAlerter()], lambda: now, "http://localhost:8501"):
            count += 1
    return count


def bear(database: str, base_url: str, parent: Connection) -> None:
    """A sender for every time that comes in: its process id goes out, and when it is dead, how it ended.

    Senders are forked from a process that has done it before, so that their lives are not spent on getting ready.
    """
    with Store.open(database) as store:
        deliver_all(store, base_url, parent.recv())
        parent.send(None)
        while (now := parent.recv()) is not None:
            store.close()  # no connection is shared
            sender = os.fork()
            if sender == 0:
                code = 1
                try:
                    deliver_all(store, base_url, now)
                    code = 0
                finally:
                    os._exit(code)
            parent.send(sender)
            parent.send(os.waitstatus_to_exitcode(os.waitpid(sender, 0)[1]))


def _picture(notice: Notice) -> bytes | None:
    return PICTURE if len(notice.about.history) >= LEAST_POINTS else None
