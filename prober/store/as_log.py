"""Stored replies as lines of a reply log: with series and checks, so that they are judged again as they were."""

from __future__ import annotations

from prober.loading.reply_log import LoggedReply, line_of
from prober.store.pages.views import StoredReply


def logged(stored: StoredReply) -> LoggedReply:
    return LoggedReply(
        round=stored.round,
        endpoint=stored.endpoint,
        probe=stored.probe,
        reply=stored.reply,
        prompt=stored.prompt,
        system=stored.system,
        expect=stored.expect,
        series=stored.series,
    )


def log_line(stored: StoredReply) -> str:
    """Without its end of line."""
    return line_of(logged(stored))
