"""Find the probes that say most about an endpoint, and what is odd about it, within a budget of tokens.

checks     the same open prompts again and again: temperature ignored? replies cached?       findings
scan       thousands of short prompts from `pool`, successive halving by `scores`            asker
logprobs   what was listed against what was said, over all replies of the scan
writing    the best, mixed in kind, as an ordinary probe set
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from prober.asking import Provider
from prober.asking.gates import Gate
from prober.lab.discover.asker import GivenUp, PatientAsker
from prober.lab.discover.checks import Finding, asks_for_logprobs, cache_finding, check, temperature_of
from prober.lab.discover.logprobs import logprob_findings
from prober.lab.discover.scan import ENOUGH, Tried, blocks_of, choose, pool, scan
from prober.model.declaration import Endpoint
from prober.model.errors import ConfigurationError, Problem
from prober.model.reply import Reply
from prober.text import count

__all__ = ["Discovered", "Finding", "Search", "discover"]


@dataclass(frozen=True, slots=True)
class Discovered:
    """What came of it."""

    chosen: tuple[Tried, ...] = ()
    """The best probes, best first."""
    tried: tuple[Tried, ...] = ()
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What could not be checked, and why."""
    spent_tokens: int = 0
    """By this run and earlier ones it went on from."""
    asks: int = 0
    """Made by this run."""
    recalled: int = 0
    """Replies known from earlier runs."""
    given_up: Reply | None = field(default=None, repr=False)
    """The last of several failed asks, where the endpoint does not answer."""
    declared_budget: str = ""
    """What the declared budget said that ended the asking early; empty where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for, and how much may be spent."""

    budget_tokens: int
    """Earlier runs included."""
    wanted: int
    """Probes to keep."""
    seed: int
    """Decides which prompts are tried first."""
    progress: Path
    """The reply log to go on with, or to begin."""
    reply_limit: int | None
    """Most output tokens of one reply; None where the endpoint declares no limit."""


def discover(
    endpoint: Endpoint,
    provider: Provider,
    search: Search,
    *,
    clock: Callable[[], datetime],
    pause: Callable[[float], object],
    report: Callable[[int], object] = lambda spent: None,
    gates: Sequence[Gate] = (),
) -> Discovered:
    """Ask within the budget; go on from the progress that there is. See `PatientAsker` for the arguments.

    Deterministic in the seed and the replies. Raises ConfigurationError for a progress file that cannot be used, or
    that holds more tokens than the budget.
    """
    tried: list[Tried] = []
    findings: list[Finding] = []
    unchecked: list[str] = []
    given_up: Reply | None = None
    progress = search.progress
    with PatientAsker(
        provider, search.budget_tokens, search.reply_limit, progress, clock, pause, report, gates
    ) as asker:
        if asker.spent > search.budget_tokens:
            message = (
                f"{count(asker.spent, 'token')} spent so far; raise --budget-tokens above that, or move this file away"
            )
            raise ConfigurationError([Problem(str(progress), 0, "", message)])
        recalled = asker.known
        try:
            checked = check(asker, endpoint, search.seed)
            findings += [checked.finding] if checked.finding else []
            unchecked += [checked.unchecked] if checked.unchecked else []
            if not any(finding.kind == "reply_cache" for finding in findings):  # behind a cache nothing can be found
                scan(asker, endpoint, pool(search.seed), tried)
        except GivenUp as given:
            given_up = given.reply
            findings += filter(None, [cache_finding([given.reply])])
        findings += _logprobs(endpoint, tried, unchecked)
        return Discovered(
            chosen=tuple(_best(tried, search.wanted)),
            tried=tuple(tried),
            findings=tuple(findings),
            unchecked=tuple(unchecked),
            spent_tokens=asker.spent,
            asks=asker.asked,
            recalled=recalled,
            given_up=given_up,
            declared_budget=asker.declared_budget,
        )


def _best(tried: Sequence[Tried], wanted: int) -> list[Tried]:
    known = [one for one in tried if len(one.replies) >= ENOUGH]
    return [known[index] for index in choose([o.candidate.kind for o in known], [o.score for o in known], wanted)]


def _logprobs(endpoint: Endpoint, tried: Sequence[Tried], unchecked: list[str]) -> list[Finding]:
    wanted = asks_for_logprobs(endpoint.parameters)
    if not wanted and not any(reply.top_logprobs for one in tried for reply in one.replies):
        unchecked.append("log-probabilities: the endpoint's parameters do not ask for them")
    return logprob_findings(blocks_of(tried), temperature_of(endpoint.parameters), wanted)
