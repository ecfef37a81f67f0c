"""The prober in a program of your own: `from prober import load, ask, fingerprint_of, compare, judge`.

No database, no schedule and no notices: these are the steps between them, and replies are the same lines that a reply
log holds. What is wrong raises `ConfigurationError` (files, arguments) or `NotEnough` (evidence); bad luck with an
endpoint is a reply with an `error`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from prober.asking import open_provider
from prober.asking.asker import Asker
from prober.asking.interface import Ask
from prober.fingerprint.fingerprint import fingerprint as fingerprint_of
from prober.judging.promise import Promise
from prober.lab.compare import Compared, compare
from prober.lab.replay import Alarm, Replayed, noted, promise_for, replay, rounds_of
from prober.loading.declarations import Declarations
from prober.loading.other_tools import read as read_any
from prober.loading.reply_log import LoggedReply
from prober.loading.reply_log import write as write_log
from prober.model.declaration import Endpoint, Probe, ProbeSet, series_key
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.evidence import Fingerprint
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.service.declarations import declarations_in as load

__all__ = [
    "Alarm", "Compared", "ConfigurationError", "Declarations", "Endpoint", "Fingerprint", "LoggedReply", "NotEnough",
    "Probe", "ProbeSet", "Replayed", "Reply", "ask", "compare", "fingerprint_of", "judge", "load", "read_log",
    "write_log",
]  # fmt: skip


def ask(endpoint: Endpoint, probes: ProbeSet | Sequence[Probe], *, now: datetime | None = None) -> list[LoggedReply]:
    """One round: every probe as often as its `samples`, at most `concurrency` asks at once, none of them repeated.

    The budget of the endpoint is kept in a database, so it does not count here.

    Args:
        endpoint: as `load` gives it; its key is read from the environment.
        probes: a set, or some probes.
        now: the time of the round, UTC, if it is not the present one; it becomes the label of the round.

    Returns:
        The replies in the order of the probes; an ask that failed is a reply with an `error`.

    Raises:
        ConfigurationError: what every ask would meet, such as an address that is none.
    """
    begun = now or datetime.now(UTC)
    pairs = [
        (probe, sample)
        for probe in (probes.probes if isinstance(probes, ProbeSet) else probes)
        for sample in range(probe.samples)
    ]
    asks = [
        Ask(endpoint, probe, sample, series_key(endpoint, probe), place) for place, (probe, sample) in enumerate(pairs)
    ]
    with closing(open_provider(endpoint)) as provider:
        asker = Asker(provider, lambda: now or datetime.now(UTC), endpoint.concurrency)
        answers = sorted((one for some in asker.ask(asks) for one in some), key=lambda one: one.ask.place)
    return [
        LoggedReply(
            round=begun.isoformat(),
            endpoint=endpoint.name,
            probe=answer.ask.probe.id,
            reply=answer.reply,
            prompt=answer.ask.probe.prompt,
            system=answer.ask.probe.system,
            expect=answer.ask.probe.expect,
            series=answer.ask.series,
        )
        for answer in answers
    ]


def judge(
    replies: Iterable[LoggedReply],
    *,
    reference: int | ReferenceRule | None = None,
    false_alarms_per_year: float | None = None,
    rounds_a_year: float | None = None,
) -> list[Replayed]:
    """Judge replies round by round, as the daemon would have; what `prober replay` does.

    Args:
        replies: of any number of endpoints, in any order.
        reference: the first so many rounds, or a rule; without it, as an export says, or twelve rounds over a week.
        false_alarms_per_year: the promise, for each endpoint; without it, as an export says, or 1.
        rounds_a_year: how often rounds come; without it, as an export says, or as often as their times say.

    Returns:
        One result for each endpoint, by name: its alarms, facts, and the judgement of every round.

    Raises:
        NotEnough: there is no reply.
        ConfigurationError: labels of rounds of one endpoint are of several kinds.
    """
    promises: dict[str, Promise] = {}
    by_endpoint = rounds_of(noted(replies, promises))
    if not by_endpoint:
        raise NotEnough("there is no reply; there is nothing to judge")
    return [
        replay(rounds, promise_for(rounds, promises.get(name), reference, false_alarms_per_year, rounds_a_year))
        for name, rounds in sorted(by_endpoint.items())
    ]


def read_log(path: str | Path, tool: str | None = None) -> Iterator[LoggedReply]:
    """Replies of a reply log, or of a file of another tool (`promptfoo`, `lm-eval`, …), found out by its shape.

    Raises LogError, a ConfigurationError that names path:line.
    """
    return read_any(Path(path), tool, lambda count: None, lambda words: None)
