r"""Two logs as answers that can be compared; what may change places if nothing changed; how permutations are drawn.

Each answer has a side, a round and a stratum. A stratum is what it may be compared within: its probe where the logs
share probes, everything where they do not.

Under the null hypothesis the sides of some *things* are arbitrary labels, so the data as they are and the data with
labels permuted are equally likely. Which things, from the most cautious down:

- `rounds`: whole rounds between the logs, among rounds that asked the same probes. Scatter between rounds is then part
  of the null. Needs enough rounds on both sides that alpha can be reached.
- `rounds of a probe`: each probe's rounds, independently of the other probes'. Where there are several rounds, but too
  few to permute whole.
- `replies`: the replies of each probe. Where each side is one round; with one reply a side this is a flip of sides. A
  changed model and an odd round cannot be distinguished then.
- `prompts`: whole prompts between the logs, where they share none.

A *unit* is what has one reading and one label; a thing is one unit, or with `rounds` all units of a round.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import lgamma
from math import log as ln
from typing import Final, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from prober.fingerprint.fingerprint import fingerprint
from prober.loading.reply_log import LoggedReply, line_of
from prober.model.declaration import Check, Probe
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.evidence import Fingerprint

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Item = TypeVar("Item", bound=Hashable)

CELLS: Final = 2_000_000
"""Labels held in memory at once."""
Exchanged = Literal["prompts", "rounds", "rounds of a probe", "replies"]
"""What the test permutes between the logs, so what the promise covers: see `exchange`."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Units in strata, and the things whose labels are permuted."""

    kind: Exchanged
    unit_of_answer: Ints
    """Index of each answer's unit."""
    stratum: Ints
    """Stratum of each unit, ascending from 0 without gaps."""
    thing: Ints
    """Index of each unit's thing."""
    group: Ints
    """Group of each thing: labels are permuted within a group."""
    candidate: Bools
    """Label of each thing as it was seen."""

    @property
    def labels(self) -> Bools:
        """Shape (units,): which were the candidate's."""
        return self.candidate[self.thing]

    @property
    def log_least_p(self) -> float:
        """ln of the least p-value any data could give: a share of one arrangement, or of two mirrored ones."""
        sizes = np.bincount(self.group)
        ones = np.bincount(self.group, weights=self.candidate)
        arrangements = sum(_log_choose(n, k) for n, k in zip(sizes.tolist(), ones.tolist(), strict=True))
        mirrored = bool((2 * ones == sizes).all())
        return min(0.0, (ln(2) if mirrored else 0.0) - arrangements)

    def permutations(self, count: int, rng: np.random.Generator) -> Iterator[Bools]:
        """Labels of units, pieces of shape (rows, units); the first row is what was seen, then `count` permutations."""
        yield self.labels[None, :]
        rows = max(1, CELLS // len(self.stratum))
        for start in range(0, count, rows):
            yield self._shuffled(min(rows, count - start), rng)[:, self.thing]

    def _shuffled(self, rows: int, rng: np.random.Generator) -> Bools:
        labels = np.empty((rows, len(self.group)), dtype=np.bool_)
        for members in of_equal_size(self.group):
            seen = np.broadcast_to(self.candidate[members], (rows, *members.shape))
            labels[:, members] = rng.permuted(seen, axis=2)
        return labels


def of_equal_size(group: Ints) -> Iterator[Ints]:
    """Members of the groups of one size, shape (groups, size); then those of the next."""
    order, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    starts = np.cumsum(sizes) - sizes
    for size in np.unique(sizes).tolist():
        yield order[starts[sizes == size][:, None] + np.arange(size)]


def exchange(gathered: Gathered, least_p: float) -> Exchange:
    """The most cautious exchange that fits; whole rounds only where a p-value of `least_p` can be reached so."""
    if not gathered.paired:
        return _prompts(gathered.answers)
    sides = [{answer.round for answer in gathered.answers if answer.candidate is side} for side in (False, True)]
    if max(map(len, sides)) == 1:
        return _within_probes(gathered.answers, "replies", range(len(gathered.answers)))
    places = [(answer.key, answer.candidate, answer.round) for answer in gathered.answers]
    blocks = _within_probes(gathered.answers, "rounds of a probe", places)
    whole = _rounds(gathered, blocks)
    return whole if whole.log_least_p <= ln(least_p) else blocks


def needed(gathered: Gathered, least_p: float) -> str:
    """How much would be enough for a p-value of `least_p`, for a person."""
    if gathered.paired:
        flips = int(np.ceil(1 + ln(1 / least_p) / ln(2)))
        return f"with one reply a probe on each side at least {flips} shared probes are needed, with more replies fewer"
    half = next(n for n in range(1, 1000) if ln(2) - _log_choose(2 * n, n) <= ln(least_p))
    return f"at least {half} prompts on each side are needed"


def _prompts(answers: Sequence[Answer]) -> Exchange:
    units, unit_of_answer = _numbered([(answer.key, answer.candidate) for answer in answers])
    return Exchange(
        kind="prompts",
        unit_of_answer=unit_of_answer,
        stratum=np.zeros(len(units), dtype=np.int64),
        thing=np.arange(len(units)),
        group=np.zeros(len(units), dtype=np.int64),
        candidate=np.array([candidate for _, candidate in units]),
    )


def _within_probes(answers: Sequence[Answer], kind: Exchanged, places: Sequence[Hashable]) -> Exchange:
    """`places`: answers of equal place are one unit."""
    _, key_of_answer = _numbered([answer.key for answer in answers])
    units, unit_of_answer = _numbered(
        [(int(key), place, answer.candidate) for key, place, answer in zip(key_of_answer, places, answers, strict=True)]
    )
    stratum = np.array([key for key, _, _ in units], dtype=np.int64)
    return Exchange(
        kind=kind,
        unit_of_answer=unit_of_answer,
        stratum=stratum,
        thing=np.arange(len(units)),
        group=stratum,
        candidate=np.array([candidate for _, _, candidate in units]),
    )


def _rounds(gathered: Gathered, blocks: Exchange) -> Exchange:
    """The same units, but all of one round move together."""
    first: dict[int, Answer] = {}
    for unit, answer in zip(blocks.unit_of_answer.tolist(), gathered.answers, strict=True):
        first.setdefault(unit, answer)
    rounds, thing = _numbered([(first[unit].candidate, first[unit].round) for unit in range(len(first))])
    _, group = _numbered([tuple(sorted(gathered.kinds[place])) for place in rounds])
    return Exchange(
        kind="rounds",
        unit_of_answer=blocks.unit_of_answer,
        stratum=blocks.stratum,
        thing=thing,
        group=group,
        candidate=np.array([candidate for candidate, _ in rounds]),
    )


def _numbered(items: Sequence[Item]) -> tuple[list[Item], Ints]:
    """Distinct items in order of appearance, and the number of each item among them."""
    numbers: dict[Item, int] = {}
    return list(dict.fromkeys(items)), np.array([numbers.setdefault(item, len(numbers)) for item in items])


def _log_choose(n: float, k: float) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


Key: TypeAlias = tuple[str, str, str]
"""Probe, prompt, system: an edited prompt is another probe. The last two are empty where a log does not say them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered ask."""

    key: Key
    candidate: bool
    round: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Gathered:
    """What can be compared."""

    answers: tuple[Answer, ...]
    """By key, side and round; the order does not depend on the order of the logs' lines."""
    paired: bool
    kinds: dict[tuple[bool, str], frozenset[Key]]
    """(candidate, round) → the probes asked in it, answered or not. Only rounds of one kind may change places."""
    same_endpoint: bool
    """Whether both logs are of one endpoint, so that who answers is evidence and not a choice."""
    failed: tuple[int, int]
    unmatched: int


def gather(reference: Iterable[LoggedReply], candidate: Iterable[LoggedReply]) -> Gathered:
    """Leave out failed asks, match probes, fingerprint the rest.

    Raises:
        ConfigurationError: a log holds several endpoints, so it is not one behaviour.
        NotEnough: a log holds no answer.
    """
    logs = [sorted(log, key=line_of) for log in (reference, candidate)]
    endpoints = [_one_endpoint(log, name) for log, name in zip(logs, ("reference", "candidate"), strict=True)]
    prompts = all(logged.prompt is not None for log in logs for logged in log)
    asked = [[(_key(logged, prompts), logged) for logged in log] for log in logs]
    answered = [[(key, logged) for key, logged in log if logged.reply.answered] for log in asked]
    keys = [{key for key, _ in log} for log in answered]
    shared = keys[0] & keys[1]
    kept = shared or keys[0] | keys[1]
    checks = _checks(answered)
    answers = [
        Answer(key, side == 1, logged.round, _fingerprint(logged, checks[key]))
        for side, log in enumerate(answered)
        for key, logged in log
        if key in kept
    ]
    rounds: dict[tuple[bool, str], set[Key]] = {}
    for side, log in enumerate(asked):
        for key, logged in log:
            if key in kept:
                rounds.setdefault((side == 1, logged.round), set()).add(key)
    return Gathered(
        answers=tuple(sorted(answers, key=lambda answer: (answer.key, answer.candidate, answer.round))),
        paired=bool(shared),
        kinds={place: frozenset(probes) for place, probes in rounds.items()},
        same_endpoint=endpoints[0] == endpoints[1],
        failed=(len(asked[0]) - len(answered[0]), len(asked[1]) - len(answered[1])),
        unmatched=len(keys[0] ^ keys[1]) if shared else 0,
    )


def _one_endpoint(log: Sequence[LoggedReply], name: str) -> str:
    endpoints = sorted({logged.endpoint for logged in log})
    if len(endpoints) > 1:
        shown = ", ".join(endpoint[:60] for endpoint in endpoints[:5])
        raise ConfigurationError(
            f"the {name} log holds replies of {len(endpoints)} endpoints ({shown}); give a log of one endpoint"
        )
    if not any(logged.reply.answered for logged in log):
        what = "no answered reply: every ask in it failed" if log else "no reply"
        raise NotEnough(f"the {name} log holds {what}; give a log with at least one answer")
    return endpoints[0]


def _key(logged: LoggedReply, prompts: bool) -> Key:
    return (logged.probe, (logged.prompt or "") if prompts else "", (logged.system or "") if prompts else "")


def _checks(answered: Sequence[Sequence[tuple[Key, LoggedReply]]]) -> dict[Key, tuple[Check, ...]]:
    """One yardstick for both sides of a probe: what the reference expects, else what the candidate does."""
    checks: dict[Key, tuple[Check, ...]] = {}
    for log in answered:
        for key, logged in log:
            checks[key] = checks.get(key) or logged.expect
    return checks


def _fingerprint(logged: LoggedReply, expect: tuple[Check, ...]) -> Fingerprint:
    probe = Probe.model_construct(id=logged.probe, prompt=logged.prompt, system=logged.system, expect=expect)
    return fingerprint(logged.reply, probe)
