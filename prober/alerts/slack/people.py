"""Who may press buttons: users, and members of user groups."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Final

from slack_sdk import WebClient

from prober.alerts.slack.errors import BAD_LUCK
from prober.model.errors import ConfigurationError

REMEMBERED_S: Final = 300.0
"""How long the members of a group are believed."""
_ID = re.compile(r"[UWS][A-Z0-9]{2,40}")


class People:
    """Ids of users and groups; none at all means everyone who sees the message. Safe to share by threads."""

    def __init__(self, ids: frozenset[str], client: WebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._users = frozenset(one for one in ids if not one.startswith("S"))
        self._groups = ids - self._users
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._members: frozenset[str] = frozenset()
        self._read_at: float | None = None

    def may(self, user: str) -> bool:
        """Whether a user may act. Where a group cannot be read, nobody is let in by it who was not before."""
        if not self._users and not self._groups:
            return True
        return user in self._users or (bool(self._groups) and user in self._group_members())

    def _group_members(self) -> frozenset[str]:
        with self._lock:
            now = self._clock()
            if self._read_at is None or now - self._read_at >= REMEMBERED_S:
                try:
                    found = [self._client.usergroups_users_list(usergroup=group) for group in sorted(self._groups)]
                except BAD_LUCK:
                    return self._members
                self._members = frozenset(str(user) for answer in found for user in answer.get("users") or [])
                self._read_at = now
            return self._members


def ids_of(text: str) -> frozenset[str]:
    """`U012AB3CD, S0614TZR7` → ids. Raises `ConfigurationError`."""
    ids = [one.strip() for one in text.split(",") if one.strip()]
    wrong = [one for one in ids if not _ID.fullmatch(one)]
    if wrong:
        raise ConfigurationError(
            f"PROBER_SLACK_ALLOWED holds {wrong[0]!r}, which is no id; write ids of users (U…) or user groups (S…), "
            "with commas between"
        )
    return frozenset(ids)
