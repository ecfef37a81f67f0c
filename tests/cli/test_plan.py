"""What `prober plan` says of budgets."""

from __future__ import annotations

import pytest

from prober.cli.costs import PlannedLimit


@pytest.mark.parametrize(
    ("limit", "most", "planned", "is_bound", "words"),
    [
        ("asks_per_hour", 60, 3.0, False, "60 asks an hour; the plan takes about 3 asks."),
        ("asks_per_hour", 1, 1.0, False, "1 ask an hour; the plan takes about 1 ask."),
        (
            "tokens_per_month",
            1,
            2e3,
            True,
            "1 token in 30 days; the plan may take more, at most 2,000 tokens; rounds may be missed.",
        ),
        ("dollars_per_day", 1.0, 2.0, False, "$1.00 a day; the plan takes more, about $2.00; rounds will be missed."),
        ("dollars_per_day", 1.0, 0.0, False, "$1.00 a day; the plan takes about $0."),
        (
            "dollars_per_day",
            1.0,
            None,
            False,
            "$1.00 a day; what the plan takes is not known: a price, or the length of answers, is missing.",
        ),
        (
            "tokens_per_hour",
            10,
            None,
            False,
            "10 tokens an hour; what the plan takes is not known: the length of answers is missing.",
        ),
    ],
)
def test_a_limit_and_what_the_plan_takes_of_it(
    limit: str, most: float, planned: float | None, is_bound: bool, words: str
) -> None:
    assert PlannedLimit("bot", limit, most, planned, is_bound).words == f"bot: {words}"
