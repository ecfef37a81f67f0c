"""Nothing lost, nothing twice, in order: whatever kills the sender, and however long Slack is away."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from random import Random

import pytest

from prober.incidents.routing import Routing
from prober.model.decision import Action, ActionName
from prober.service.act import try_to_act
from prober.service.deliver import LEASE_S, LONGEST_WAIT_S
from prober.store import Store, notices
from prober.store import incidents as stored_incidents
from prober.store import notices as stored_notices
from tests.alerts.killed import bear, deliver_all
from tests.alerts.slack_server import SlackServer
from tests.store.world import alarm, complete, declare, judge, verdict

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFE: tuple[ActionName | None, ...] = (None, "acknowledge", "mute", "unmute", "accept")
"""Of an incident; None opens it."""
MOST_REQUESTS = 12
"""More than two notices take."""
Message = Mapping[str, object]


class World:
    """A store in which something happens whenever it is asked to, and every happening owes Slack a notice."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.hours = count(1)
        self.steps = cycle(LIFE)
        declare(store)
        for _ in range(3):
            complete(store, START + next(self.hours) * HOUR, judgement=judge("", "quiet", verdict(e_value=1.0)))

    def happen(self) -> None:
        at = START + next(self.hours) * HOUR
        action = next(self.steps)
        if action is None:
            alarm(self.store, at)
        else:
            try_to_act(
                self.store,
                self.store.query(stored_incidents.recent, limit=1)[0].id,
                Action(action, "alice", "because"),
                Routing(("slack",)),
                at,
            )

    @property
    def waiting(self) -> int:
        newest = self.store.query(notices.recent, limit=100)  # what is older went before them
        return sum(one.state in ("owed", "claimed") for one in newest if one.alerter == "slack")


def everything_is_there_once_and_in_order(world: World, slack: SlackServer) -> None:
    told = [one for one in reversed(world.store.query(stored_notices.recent, limit=10**6)) if one.alerter == "slack"]
    assert {one.state for one in told} == {"sent"}
    incidents = [one.id for one in reversed(world.store.query(stored_incidents.recent, limit=10**6))]
    assert len(slack.roots) == len(incidents)
    for incident, root in zip(incidents, slack.roots, strict=True):
        events = [one.event for one in told if one.incident_id == incident]
        thread = [part_of(message) for message in slack.thread(root)]
        # The evidence and the picture go with the first notice, and each later one is one message.
        assert thread == ["evidence", "picture", *["news"] * (len(events) - 1)]
        receipts = [one.receipt for one in told if one.incident_id == incident]
        shown = [root, *[message for message in slack.thread(root) if part_of(message) == "news"]]
        assert receipts == [f"{message['channel']}/{message['ts']}" for message in shown]
    keys = Counter(key_of(message) for message in slack.messages if "metadata" in message)
    assert set(keys.values()) == {1}
    stamps = [float(one.receipt.partition("/")[2]) for one in told]
    assert stamps == sorted(stamps)


def part_of(message: Message) -> str:
    return "picture" if message.get("files") else str(message["metadata"]["event_payload"]["part"])  # type: ignore[index]


def key_of(message: Message) -> tuple[str, str]:
    about = message["metadata"]["event_payload"]  # type: ignore[index]
    return str(about["notice"]), str(about["part"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[World, str]]:
    url = f"sqlite:///{tmp_path / 'prober.db'}?timeout=60"
    with Store.open(url) as store:
        yield World(store), url


def test_a_sender_that_is_killed_at_random_moments(world: tuple[World, str], slack: SlackServer) -> None:
    here, url = world
    kills, rng, now = 8, Random(7), START + 10_000 * HOUR
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    mother = context.Process(target=bear, args=(url, slack.base_url, theirs))
    mother.start()
    here.happen()
    ours.send(now)
    assert ours.recv() is None
    killed = 0
    while killed < kills:
        while here.waiting < 2:
            here.happen()
        # A sender that comes later than any lease and any wait of the one that was killed.
        now += timedelta(seconds=LEASE_S + LONGEST_WAIT_S)
        ours.send(now)
        sender = ours.recv()
        # A life is as long as it takes to ask so many things of Slack, whatever the machine; some live to the end.
        last = len(slack.requests) + rng.randrange(MOST_REQUESTS)
        while len(slack.requests) < last and not ours.poll(0.001):
            pass
        if not ours.poll(rng.uniform(0, 0.01)):  # somewhere in the work; nothing below depends on where
            with suppress(ProcessLookupError):
                os.kill(sender, signal.SIGKILL)
        ended = ours.recv()
        killed += ended == -signal.SIGKILL
        assert ended in (0, -signal.SIGKILL)
        slack.settle()
    ours.send(None)
    mother.join()
    now += timedelta(seconds=LEASE_S + LONGEST_WAIT_S)
    deliver_all(here.store, slack.base_url, now)
    assert here.waiting == 0
    everything_is_there_once_and_in_order(here, slack)
    tried = [one.attempts for one in here.store.query(stored_notices.recent, limit=10**6) if one.alerter == "slack"]
    assert sum(tried) - len(tried) >= kills / 4, "few were killed with a notice in hand"
    print(f"{killed} kills, {len(tried)} notices, {sum(tried)} tries, {len(slack.messages)} messages")


@pytest.mark.parametrize(
    "down",
    ["lost", "server_error", "rate_limited", "not_json"],
)
def test_a_day_of_outage_with_changes_inside(world: tuple[World, str], slack: SlackServer, down: str) -> None:
    """What happens meanwhile is all told once, and in order, when Slack is back."""
    here, _ = world
    now = START + 10_000 * HOUR
    here.happen()
    deliver_all(here.store, slack.base_url, now)
    assert len(slack.roots) == 1
    slack.down = down
    for hour in range(24):
        now += HOUR
        if hour % 3 == 0:
            here.happen()
        deliver_all(here.store, slack.base_url, now)
    assert here.waiting == 8 and len(slack.messages) == 3
    slack.down = ""
    now += timedelta(seconds=LONGEST_WAIT_S)
    deliver_all(here.store, slack.base_url, now)
    assert here.waiting == 0
    everything_is_there_once_and_in_order(here, slack)


def test_an_outage_that_comes_and_goes(world: tuple[World, str], slack: SlackServer) -> None:
    """Each request may be lost before or after it was carried out."""
    here, _ = world
    rng, now = Random(7), START + 10_000 * HOUR
    for _ in range(2 * len(LIFE)):
        here.happen()
        slack.next.extend(rng.choices(["", "posted_but_lost", "lost", "server_error"], k=4))
        deliver_all(here.store, slack.base_url, now)
        now += timedelta(seconds=LEASE_S + LONGEST_WAIT_S)
    slack.next.clear()
    while here.waiting:
        now += timedelta(seconds=LONGEST_WAIT_S)
        deliver_all(here.store, slack.base_url, now)
    missing = sum(not message.get("files") for message in slack.messages)
    assert missing == len({key_of(message) for message in slack.messages if "metadata" in message})
