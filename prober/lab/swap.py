"""The swap experiment of a triage: one thing at a time is put back as it was, and the endpoint is asked again.

The sides are asked in turns, block by block, within one budget; then their replies are compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from prober.asking import Provider
from prober.asking.gates import Gate, says_unreached
from prober.incidents.triage.material import Edit
from prober.judging.channels import CHANNELS
from prober.judging.noninferiority import Evidence, Looks
from prober.judging.strata import FEATURES
from prober.lab.compare import Compared, compare
from prober.lab.gate.run import ALL_CHECKS, outcomes_of
from prober.lab.gate.sides import AskedSide, Probes
from prober.loading.reply_log import LoggedReply
from prober.model.declaration import Endpoint
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.evidence import NONE, Round
from prober.model.reply import Reply
from prober.model.triage import Answer, Swapped
from prober.model.version import Version
from prober.status.triage import BEFORE, REPLIES, gather
from prober.store import Transaction, versions
from prober.store.pages import over_time
from prober.store.rounds import label_at
from prober.text import count

ALPHA: Final = 0.01
"""Chance that one comparison finds a difference where there is none."""
LEAST: Final = 12
"""Replies of either side from which on no difference found counts as none."""
SAMPLES: Final = 6
"""Replies to each prompt that a side should have: fewer prompts are asked rather than fewer samples."""
MARGIN: Final = 0.2
"""By how much more of its replies must fail for the present model to count as worse than the fallback."""
SNAPSHOTS: Final = frozenset({"snapshot", "model_name"})
"""Kinds of facts that name what can be asked for as a model."""
_CHANNELS: Final = {name: CHANNELS[name] for name in FEATURES}
OpenProvider = Callable[[Endpoint], Provider]


@dataclass(frozen=True, slots=True)
class Before:
    """What was declared, served and answered before the moment in question."""

    probes: Probes = field(default_factory=dict)
    """`set/probe id` → the probe as it was; of those that were edited since."""
    endpoint: Endpoint | None = None
    """The endpoint as it was, if it was edited since."""
    model: str = ""
    """The snapshot that the provider named before, if it names another now."""
    rounds: Sequence[Round] = ()


@dataclass(frozen=True, slots=True)
class Experiment:
    """What the swap experiment found."""

    found: tuple[Swapped, ...]
    asks: int
    """Made."""
    refused: str = ""
    """Why fewer were made than the budget holds."""

    @property
    def is_unreached(self) -> bool:
        """Whether it ended because the endpoint answers nothing."""
        return says_unreached(self.refused)


def before(tx: Transaction, endpoint: str, since: datetime) -> Before:
    """What is known of the time before. Only reads."""
    material = gather(tx, endpoint, since)
    probes = {}
    for edit in material.prompt_edits:
        found = _version_before(tx, edit, since)
        if found is not None and (probe := versions.probe_of(found)) is not None:
            probes[edit.name] = probe
    old = next((one for edit in material.endpoint_edits if (one := _version_before(tx, edit, since))), None)
    return Before(
        probes=probes,
        endpoint=versions.endpoint_of(old) if old is not None else None,
        model=next((one.was for one in material.facts if one.kind in SNAPSHOTS and one.was not in ("", NONE)), ""),
        rounds=over_time.rounds_between(tx, endpoint, "", label_at(since), BEFORE, REPLIES, newest=True),
    )


def _version_before(tx: Transaction, edit: Edit, since: datetime) -> Version | None:
    known = [one for one in versions.history(tx, edit.name) if one.at < since]
    return known[-1] if known else None


@dataclass
class _Side:
    """An endpoint with prompts, and what it answered."""

    asked: AskedSide
    replies: dict[str, list[Reply]] = field(default_factory=dict)

    def take(self, keys: Sequence[str]) -> int:
        """Ask each of these once; how many asks were made."""
        made = [(key, one) for key, one in zip(keys, self.asked.block(keys), strict=True) if one is not None]
        for key, reply in made:
            self.replies.setdefault(key, []).append(reply)
        return len(made)


def experiment(
    endpoint: Endpoint,
    probes: Probes,
    before: Before,
    open_provider: OpenProvider,
    clock: Callable[[], datetime],
    *,
    budget: int,
    fallback: Endpoint | None = None,
    gates_of: Callable[[Endpoint, Probes], Sequence[Gate]] = lambda endpoint, probes: (),
    progress: Callable[[int], object] = lambda asks: None,
) -> Experiment:
    """Ask the old prompt of the present model, the new prompt of the last snapshot and the fallback, and the old
    parameters, as far as there are such, in at most `budget` asks, and as far as the gates admit them.

    Raises ConfigurationError if the budget does not hold one block.
    """
    old_prompts = {**probes, **{key: probe for key, probe in before.probes.items() if key in probes}}
    edited = [key for key in sorted(before.probes) if key in probes]
    others = _others(endpoint, before, fallback)
    with ExitStack() as stack:

        def side(of: Endpoint, prompts: Probes, number: int) -> _Side:
            provider = stack.enter_context(closing(open_provider(of)))
            return _Side(AskedSide(of.name, of, prompts, provider, clock, number, gates_of(of, prompts)))

        old = side(endpoint, old_prompts, 0)
        new = side(endpoint, probes, 1) if edited else old
        sides = {name: side(of, probes, 0) for name, of in others.items()}
        every = [old, *([new] if edited else []), *sides.values()]
        # A fallback is another model: only what is checked can be compared with it.
        in_order = sorted(probes, key=lambda key: (fallback is not None and not probes[key].expect, key))
        keys = (edited or in_order)[: max(1, budget // (len(every) * SAMPLES))]
        cost = len(every) * len(keys)
        if budget < cost:
            raise ConfigurationError(
                f"one block of the experiment takes {count(cost, 'ask')}; raise --ask to that at least"
            )
        asks, refused = 0, ""
        while asks + cost <= budget and not refused:
            for one in tuple(every):
                asks += one.take(keys)
                if says_unreached(one.asked.ended) and one not in (old, new):
                    every.remove(one)  # such as a snapshot that is retired: the others can be compared without it
                elif one.asked.ended:
                    refused = refused or one.asked.ended
                if says_unreached(refused):
                    break
            progress(asks)
    stored = _stored(before.rounds, set(keys))
    found = [_differs("old_prompt_differs", old.replies, new.replies, probes)] if edited else []
    if stored:
        moved = _differs("old_prompt_moved", stored, old.replies, old_prompts)
        if edited and moved.answer == "no":  # what moves other prompts need not move these few
            moved = replace(moved, answer="unknown", details=f"{moved.details}; only edited prompts were asked")
        found.append(moved)
    for name, of in sides.items():
        judge = _passes if name == "fallback_passes" else _differs
        found.append(judge(name, of.replies, new.replies, probes))
    return Experiment(tuple(found), asks, refused)


def _others(endpoint: Endpoint, before: Before, fallback: Endpoint | None) -> dict[str, Endpoint]:
    """Check → the endpoint that is asked today's prompts beside the present one."""
    others = {}
    if before.model and before.model != endpoint.model:
        others["old_model_differs"] = endpoint.model_copy(update={"model": before.model})
    if fallback is not None:
        others["fallback_passes"] = fallback
    if before.endpoint is not None:
        others["old_parameters_differ"] = before.endpoint
    return others


def _stored(rounds: Sequence[Round], keys: set[str]) -> dict[str, list[Reply]]:
    found: dict[str, list[Reply]] = {}
    for one in (one for round_ in rounds for one in round_.observations if one.fingerprint is not None):
        if one.probe in keys:
            found.setdefault(one.probe, []).append(one.reply)
    return found


def _differs(
    name: str, reference: Mapping[str, list[Reply]], candidate: Mapping[str, list[Reply]], probes: Probes
) -> Swapped:
    try:
        found = compare(_log(reference, probes), _log(candidate, probes), ALPHA, channels=_CHANNELS)
    except NotEnough:
        return Swapped(name, "unknown", f"too few replies to compare{_failures(reference, candidate)}")
    first, second = found.replies
    counts = f"{count(second, 'reply')} against {first}"
    if found.verdict == "changed":
        moved = "; ".join(f"{one.channel} {one.words}".strip() for one in found.channels if one.changed)
        return Swapped(name, "yes", f"they differ: {moved} ({counts})")
    answer: Answer = "no" if found.verdict == "same" and min(found.replies) >= LEAST else "unknown"
    return Swapped(name, answer, f"no difference found ({counts}{_too_few(found)})")


def _too_few(found: Compared) -> str:
    return ", too few to be sure" if found.verdict != "same" or min(found.replies) < LEAST else ""


def _passes(
    name: str, reference: Mapping[str, list[Reply]], candidate: Mapping[str, list[Reply]], probes: Probes
) -> Swapped:
    """Whether the fallback passes checks that the present model fails: by the gate's statistic."""
    evidence = Evidence(MARGIN)
    checked = [key for key in reference if probes[key].expect and key in candidate]
    for number in range(max((len(reference[key]) for key in checked), default=0)):
        pairs = [
            (reference[key][number], candidate[key][number], probes[key])
            for key in checked
            if number < min(len(reference[key]), len(candidate[key]))
        ]
        evidence = evidence.after(
            [
                (outcomes_of(first, probe)[ALL_CHECKS], outcomes_of(second, probe)[ALL_CHECKS])
                for first, second, probe in pairs
                if first.answered and second.answered
            ]
        )
    words = (
        f"the fallback passes {evidence.passed_reference} of {evidence.pairs}, "
        f"the present model {evidence.passed_candidate}{_failures(reference, candidate)}"
    )
    if not evidence.pairs:
        return Swapped(name, "unknown", f"no probe with checks was answered by both{_failures(reference, candidate)}")
    said = Looks(2 * ALPHA).after(1.0, [evidence]).verdict
    answers: dict[str, Answer] = {"worse": "yes", "not_worse": "no"}
    return Swapped(name, answers.get(said, "unknown"), words)


def _failures(*sides: Mapping[str, list[Reply]]) -> str:
    failed = [one.error for side in sides for replies in side.values() for one in replies if one.error]
    return f"; {count(len(failed), 'ask')} failed, the last with {failed[-1]}" if failed else ""


def _log(replies: Mapping[str, list[Reply]], probes: Probes) -> list[LoggedReply]:
    return [
        LoggedReply(f"{number:06d}", "swap", key, reply, prompt=probes[key].prompt, expect=probes[key].expect)
        for key, of in replies.items()
        for number, reply in enumerate(of)
    ]
