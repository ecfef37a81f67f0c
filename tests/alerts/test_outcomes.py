"""Each way of failing has its own name."""

from __future__ import annotations

import ssl
from http.client import BadStatusLine, IncompleteRead
from urllib.error import URLError

import pytest

from prober.alerts.post import of_failure, of_status, seconds_to_wait
from prober.model.notice import Outcome


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "timeout"),
        (URLError(TimeoutError()), "timeout"),
        (ConnectionResetError(), "connection_lost"),
        (BrokenPipeError(), "connection_lost"),
        (BadStatusLine("x"), "connection_lost"),
        (IncompleteRead(b""), "connection_lost"),
        (URLError(ConnectionRefusedError()), "unreachable"),
        (URLError("no host given"), "unreachable"),
        (URLError(ssl.SSLCertVerificationError()), "tls_failed"),
        (OSError(113, "no route"), "unreachable"),
    ],
)
def test_no_answer_may_come_later(error: OSError, reason: str) -> None:
    assert of_failure(error) == Outcome(False, reason)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 405, 410, 413])
def test_what_a_person_must_fix_is_permanent(status: int) -> None:
    assert of_status(status, "9").permanent


@pytest.mark.parametrize("status", [408, 409, 421, 425, 429, 500, 502, 503, 504])
def test_what_passes_is_not(status: int) -> None:
    assert not of_status(status, None).permanent


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [(None, None), ("", None), ("7", 7.0), ("0.5", 0.5), ("-1", None), ("nan", None), ("inf", None), ("soon", None)],
)
def test_only_a_number_of_seconds_is_waited_for(header: str | None, wait_s: float | None) -> None:
    assert seconds_to_wait(header) == wait_s
