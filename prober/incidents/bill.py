"""Where the bill of the team's own traffic stands: the incident as it would open now. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from prober.incidents.measured import Measurement, label_of, opened_as
from prober.judging.runaway import CALM, Spending
from prober.model.bill import Bill, BilledDay, BillUnit, Spender
from prober.model.incident import Measured
from prober.prices import dollars

UNITS: Final = 1_000_000_000
"""How many units are a dollar, in what is compared with the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStanding:
    """What a look at the bill of one feature or account found."""

    name: str
    endpoint: str
    """The endpoint of a feature; of an account, the name once more."""
    endpoint_hash: str = ""
    of: str
    """Such as `live samples of support on gpt`."""
    period: str
    """What the plan is of: `an hour` or `a day`."""
    unit: BillUnit
    spender: Spender
    settled: Spending
    """After the newest whole hour or day."""
    newest: Spending
    """With what is known of those that are not over."""
    threshold: float
    day: str
    """The newest day, or one just before it that is beyond its limit."""
    day_least: float
    """What it cost at least, in dollars: the lower end of the interval of an estimate."""
    day_words: str
    """What it cost, such as `$512 (estimated from 1 % of the calls; 95 %: $488 to $536)`."""
    loop: tuple[str, datetime] | None = None
    """In words, and when it began."""


def bill(before: Measured | None, stands: BillStanding, now: datetime) -> Measurement:
    """A loop opens at once, as does a day beyond its limit; spending opens at the threshold. It is over when none of
    them holds, and spending was in plan for `CALM` hours or days."""
    spender, newest = stands.spender, stands.newest
    ended_at = before.closed_at if before is not None and before.state == "closed" else None
    most = spender.dollars_per_day
    if stands.loop is not None:
        words, onset = stands.loop
        cause = f"{stands.name} runs in a loop: {words}"
    elif most is not None and stands.day_least > most:
        onset = datetime.fromisoformat(stands.day).replace(tzinfo=UTC)
        cause = f"{stands.name} cost {stands.day_words} on {stands.day}, more than {dollars(most)} a day"
    elif _spends(stands):
        onset = datetime.fromisoformat(newest.onset)
        cause = f"{stands.name} {spending_words(newest, stands.unit)}"
        ended_at = None  # what was spent before it ended counts no more
    else:
        return Measurement(closes_as="recovered")
    owner = f", owner {spender.owner}" if spender.owner else ""
    planned = ""
    if newest.is_learnt:
        planned = f"; planned is about {_amount(newest.round_tokens, stands.unit)} {stands.period} at most"
    found = opened_as(
        "bill", stands.name, stands.endpoint, stands.endpoint_hash, label_of(onset), label_of(now), now, cause,
        f"{stands.of}{owner}: {stands.day_words} on {stands.day}{planned}",
    )  # fmt: skip
    found = replace(found, e_value=newest.e_value, threshold=stands.threshold)
    return Measurement(found=found, already_closed=ended_at is not None and onset <= ended_at)


def _spends(stands: BillStanding) -> bool:
    if stands.settled.is_open:
        return stands.settled.calm < CALM
    return stands.newest.is_learnt and stands.newest.e_value >= stands.threshold


def spending_words(known: Spending, unit: BillUnit) -> str:
    """In half a line, such as `costs 12 times the plan`."""
    times = max(known.spent_rounds, 1.0) / max(known.planned_rounds, 1.0)
    said = f"{times:,.1f}" if times < 10 else f"{times:,.0f}"
    return f"{'costs' if unit == 'dollars' else 'takes'} {said} times the plan"


def _amount(number: float, unit: BillUnit) -> str:
    return dollars(number / UNITS) if unit == "dollars" else f"{number:,.0f} tokens"


def day_words(day: BilledDay, unit: BillUnit, share: float) -> str:
    """Such as `about $512.00 (estimated from 1 % of the calls; 95 %: $488.00 to $536.00)`."""
    if unit == "tokens" or (day.unpriced and not day.dollars):
        said = f"{day.tokens:,.0f} tokens, of unknown price"
        return said if share == 1 else f"about {said} (estimated from {100 * share:g} % of the calls)"
    said = dollars(day.dollars)
    if share < 1:
        between = f"95 %: {dollars(day.low)} to {dollars(day.high)}"
        said = f"about {said} (estimated from {100 * share:g} % of the calls; {between})"
    return said if not day.unpriced else f"{said}, without {day.unpriced:,.0f} calls of unknown price"


def month_words(one: Bill, now: datetime) -> str:
    """What the month cost so far, such as `about $812.00 (95 %: $790.00 to $834.00)`; only tokens where no price is
    known."""
    total, low, high = one.month(now)
    days = [each for each in one.days if each.day >= f"{now.astimezone(UTC):%Y-%m-01}"]
    unpriced = sum(each.unpriced for each in days)
    about = "about " if one.share < 1 else ""
    if days and not total and unpriced:
        return f"{about}{sum(each.tokens for each in days):,.0f} tokens, of unknown price"
    between = f" (95 %: {dollars(low)} to {dollars(high)})" if one.share < 1 else ""
    without = f", without {about}{unpriced:,.0f} calls of unknown price" if unpriced else ""
    return f"{about}{dollars(total)}{between}{without}"


def bill_words(one: Bill, now: datetime) -> str:
    """In one line. May hold hostile text."""
    what = f"account {one.name}" if one.is_account else f"{one.name} on {one.endpoint}"
    owner = f" ({one.owner})" if one.owner else ""
    whole = f"own traffic of {what}{owner}"
    if one.problem:
        read = f"; last read {one.read_at:%Y-%m-%d %H:%M} UTC" if one.read_at else ""
        return f"{whole}: the cost report could not be read: {one.problem}{read}"
    newest = f", {day_words(one.newest, 'dollars', one.share)} on {one.newest.day}" if one.newest else ""
    return f"{whole}: {month_words(one, now)} this month{newest}"
