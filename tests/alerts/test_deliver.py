"""One unit of delivery at a time: claimed, sent, then marked; never lost, and never sent by two at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.alerts.slack.bot import SlackBot, open_slack
from prober.alerts.slack.client import Pace
from prober.model.notice import Notice, Outcome
from prober.service.deliver import (
    LEASE_S,
    LONGEST_ASKED_WAIT_S,
    LONGEST_WAIT_S,
    MOST_ATTEMPTS,
    MOST_REFUSALS,
    backoff_s,
    deliver,
)
from prober.settings import Settings
from tests.alerts.notices import PLAIN, edited
from tests.alerts.slack_server import CHANNEL, TOKEN, SlackServer

START = datetime(2026, 2, 1, tzinfo=UTC)


@dataclass
class Owed:
    notice: Notice
    due: datetime = START
    state: str = "owed"
    reason: str = ""


@dataclass
class MemoryOutbox:
    """An Outbox as the protocol describes it, in a list."""

    owed: list[Owed]
    journal: list[str] = field(default_factory=list)

    def claim_notice(self, now: datetime, lease_s: float, dashboard_url: str) -> Notice | None:
        for entry in self.owed:
            if entry.state in ("owed", "claimed") and entry.due <= now:
                claimed = edited(entry.notice, dashboard_url=dashboard_url)
                entry.notice = edited(entry.notice, attempts=entry.notice.attempts + 1)
                entry.state, entry.due = "claimed", now + timedelta(seconds=lease_s)
                self.journal.append(f"claim {claimed.id}")
                return claimed
        return None

    def settle_notice(self, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
        [entry] = [entry for entry in self.owed if entry.notice.id == notice_id]
        entry.state = "sent" if outcome.sent else "owed" if retry_at else "failed"
        entry.due, entry.reason = retry_at or now, outcome.reason
        self.journal.append(f"settle {notice_id} {entry.state}")


@dataclass
class Scripted:
    """An alerter whose outcomes are given beforehand."""

    outcomes: list[Outcome | Exception]
    name: str = "slack"
    seen: list[Notice] = field(default_factory=list)
    before_send: Callable[[], None] = lambda: None

    def send(self, notice: Notice) -> Outcome:
        self.before_send()
        self.seen.append(notice)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def outbox(*notices: Notice) -> MemoryOutbox:
    return MemoryOutbox([Owed(notice) for notice in notices or (PLAIN,)])


SENT = Outcome(True, "sent")


def test_nothing_owed_is_none() -> None:
    assert deliver(MemoryOutbox([]), [], lambda: START, "http://d.example") is None


def test_one_notice_is_claimed_sent_and_only_then_marked() -> None:
    box = outbox(PLAIN, edited(PLAIN, id=8))
    alerter = Scripted([SENT], before_send=lambda: box.journal.append("send"))
    delivery = deliver(box, [alerter], lambda: START, "http://d.example")
    assert delivery is not None and delivery.outcome == SENT and delivery.retry_at is None
    assert box.journal == ["claim 7", "send", "settle 7 sent"]
    assert alerter.seen[0].dashboard_url == "http://d.example"


def test_each_notice_goes_to_its_own_alerter() -> None:
    slack, webhook = Scripted([SENT]), Scripted([SENT], name="webhook")
    deliver(outbox(edited(PLAIN, alerter="webhook")), [slack, webhook], lambda: START, "")
    assert (len(slack.seen), len(webhook.seen)) == (0, 1)


def test_an_alerter_no_longer_configured_fails_for_good_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    box = outbox(edited(PLAIN, alerter="pager"))
    deliver(box, [Scripted([])], lambda: START, "")
    assert box.owed[0].state == "failed"
    assert "not_configured: pager" in box.owed[0].reason
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "NOT delivered" in caplog.text


def test_a_permanent_error_fails_for_good_and_loudly(caplog: pytest.LogCaptureFixture) -> None:
    box = outbox()
    deliver(box, [Scripted([Outcome(False, "channel_not_found", permanent=True)])], lambda: START, "")
    assert box.owed[0].state == "failed"
    assert "channel_not_found" in caplog.text and caplog.records[0].levelno == logging.ERROR


@pytest.mark.parametrize(
    ("attempts", "asked", "wait_s"),
    [
        (0, None, 30.0),
        (1, None, 60.0),
        (3, None, 240.0),
        (6, None, 1920.0),
        (7, None, 3600.0),
        (90, None, 3600.0),
        (0, 7.0, 30.0),
        (0, 100.0, 100.0),
        (0, 7200.0, 7200.0),
        (0, 1e12, LONGEST_ASKED_WAIT_S),
    ],
)
def test_the_next_try_waits_longer_each_time_and_at_least_as_asked(
    attempts: int, asked: float | None, wait_s: float
) -> None:
    box = outbox(edited(PLAIN, attempts=attempts))
    delivery = deliver(box, [Scripted([Outcome(False, "rate_limited", retry_after_s=asked)])], lambda: START, "")
    assert delivery is not None and delivery.retry_at == START + timedelta(seconds=wait_s)
    assert box.owed[0].state == "owed"


@given(st.integers(0, 10**6))
def test_waits_grow_and_have_an_end(attempts: int) -> None:
    assert 30 <= backoff_s(attempts) <= backoff_s(attempts + 1) <= LONGEST_WAIT_S


def test_the_wait_is_counted_from_the_end_of_the_try() -> None:
    times = iter([START, START + timedelta(seconds=50)])
    delivery = deliver(outbox(), [Scripted([Outcome(False, "timeout")])], lambda: next(times), "")
    assert delivery is not None and delivery.retry_at == START + timedelta(seconds=80)


def test_it_gives_up_in_the_end(caplog: pytest.LogCaptureFixture) -> None:
    box = outbox(edited(PLAIN, attempts=MOST_ATTEMPTS - 1))
    delivery = deliver(box, [Scripted([Outcome(False, "timeout")])], lambda: START, "")
    assert delivery is not None and delivery.outcome == Outcome(
        False, f"gave up after {MOST_ATTEMPTS} tries: timeout", permanent=True
    )
    assert box.owed[0].state == "failed" and caplog.records[0].levelno == logging.ERROR


@pytest.mark.parametrize(
    ("reason", "most"), [("a_word_of_next_year", MOST_REFUSALS), ("server_error: 503", MOST_ATTEMPTS)]
)
def test_a_message_that_alone_is_refused_does_not_hold_up_later_news_for_days(reason: str, most: int) -> None:
    for attempts, state in ((most - 2, "owed"), (most - 1, "failed")):
        box = outbox(edited(PLAIN, attempts=attempts))
        deliver(box, [Scripted([Outcome(False, reason)])], lambda: START, "")
        assert box.owed[0].state == state


def test_a_fault_in_an_alerter_stops_nobody_and_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    box = outbox(PLAIN, edited(PLAIN, id=8))
    alerter = Scripted([RuntimeError("https://hooks.example/secret"), SENT])
    deliver(box, [alerter], lambda: START, "")
    deliver(box, [alerter], lambda: START, "")
    assert [entry.state for entry in box.owed] == ["owed", "sent"]
    assert "RuntimeError" in box.owed[0].reason and "secret" not in caplog.text + box.owed[0].reason


def test_a_crash_between_sending_and_marking_sends_again_after_the_lease() -> None:
    box = outbox()
    with pytest.raises(KeyboardInterrupt):
        deliver(box, [Scripted([], before_send=_crash)], lambda: START, "")
    assert deliver(box, [Scripted([SENT])], lambda: START + timedelta(seconds=LEASE_S - 1), "") is None
    again = Scripted([SENT])
    assert deliver(box, [again], lambda: START + timedelta(seconds=LEASE_S), "") is not None
    assert again.seen[0].attempts == 1, "the crashed try counts, so that the alerter looks before it posts"
    assert box.owed[0].state == "sent"


def _crash() -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["posted_but_hang", "posted_but_lost", "hang", "lost", "server_error", "rate_limited"])
def test_whatever_happens_to_the_first_answer_slack_shows_the_notice_once(slack: SlackServer, lost: str) -> None:
    settings = Settings(slack_bot_token=TOKEN, slack_channel=CHANNEL, slack_base_url=slack.base_url)  # type: ignore[arg-type]
    slack.next.append(lost)
    box, now = outbox(), START
    for _ in range(5):
        alerter = open_slack(settings)
        assert isinstance(alerter, SlackBot)
        alerter.client.timeout = slack.patience_s()  # type: ignore[assignment]
        alerter = edited(alerter, pace=Pace(interval_s=0))
        deliver(box, [alerter], lambda now=now: now, "http://localhost:8501")  # type: ignore[misc]
        now += timedelta(hours=1)
    assert box.owed[0].state == "sent"
    assert (len(slack.roots), len(slack.messages)) == (1, 2)


def test_in_privacy_mode_no_alerter_is_given_a_prompt_or_a_reply() -> None:
    alerter = Scripted([SENT, SENT])
    deliver(outbox(edited(PLAIN, private=True)), [alerter], lambda: START, "")
    deliver(outbox(PLAIN), [alerter], lambda: START, "")
    assert "The reduced rate" not in repr(alerter.seen[0].about.comparisons)
    assert "The reduced rate" in repr(alerter.seen[1].about.comparisons)
