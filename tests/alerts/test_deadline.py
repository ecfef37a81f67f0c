"""Every sending ends, however the receiver answers."""

from __future__ import annotations

import threading

import pytest

from prober.alerts.post import post, within
from prober.model.notice import Outcome
from tests.alerts.hook import listening


def test_a_receiver_that_answers_byte_by_byte_is_given_up() -> None:
    with listening() as hook:
        hook.status = -2
        assert post(hook.url, b"{}", {}, "receipt", timeout_s=0.2) == Outcome(False, "timeout: not over within 0.4 s")


def test_what_a_sending_gives_or_raises_is_handed_on() -> None:
    def broken() -> Outcome:
        raise ValueError("no")

    assert within(60, lambda: Outcome(True, "sent")) == Outcome(True, "sent")
    with pytest.raises(ValueError, match="no"):
        within(60, broken)


def test_a_sending_that_is_given_up_does_not_hold_up_the_end_of_the_process() -> None:
    let_go = threading.Event()

    def hanging() -> Outcome:
        let_go.wait(60)
        return Outcome(True, "sent")

    assert within(0.01, hanging).reason == "timeout: not over within 0.01 s"
    assert all(one.daemon for one in threading.enumerate() if one.name == "sending")
    let_go.set()
