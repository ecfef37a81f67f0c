"""What evidence is made of: fingerprints, observations and rounds; verdicts and judgements; findings. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Final, Literal

from prober.model.reply import Reply

State = Literal["insufficient_evidence", "quiet", "suspected", "alarm"]
Kind = Literal["identity_change", "behaviour_change", "contract_break"]
"""From the least serious to the most."""
Between = tuple[str, str]
"""Labels of the first and the last round of a stretch, both within it."""


IDENTITY_PARTS: Final = ("model", "system_fingerprint")
"""What names the model. What varies independently of it (tier, region, route) is apart: as parts of one name, five
fingerprints on three routes would be fifteen names, each of them too rare."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The features of one reply, as numbers and categories. Keys are `<feature>.<name>`, such as `text.characters`."""

    categories: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Feature → why it could not be read. A feature is never silently absent."""

    @property
    def identity(self) -> str | None:
        """Who answered, as one name such as `model=gpt-x system_fingerprint=fp_1`; None where nothing was said."""
        said = {part: self.categories.get(f"identity.{part}", "(none)") for part in IDENTITY_PARTS}
        return " ".join(f"{part}={value}" for part, value in said.items() if value != "(none)") or None


@dataclass(frozen=True, slots=True)
class Observation:
    """One reply in its place: which series it belongs to, and its fingerprint."""

    series: str
    """Content hash of the endpoint + content hash of the probe; only equal series are ever compared."""
    probe: str
    """`set/probe id`, for people."""
    sample: int
    """0-based index among the samples of this probe in this round."""
    reply: Reply
    fingerprint: Fingerprint | None
    """None where the ask failed, or before it was taken."""
    place: int = field(default=0, compare=False)
    """Among the asks of the round. Replies are read in this order, whichever came first."""


@dataclass(frozen=True, slots=True)
class Round:
    """One batch of asks put to one endpoint at one time: the unit of evidence."""

    label: str
    """Sorts in time order within an endpoint: ISO 8601 UTC, or a zero-padded number."""
    endpoint: str
    at: datetime | None
    """When it began, UTC; None where a log does not say."""
    observations: tuple[Observation, ...]
    name: str = ""
    """What a log calls it, where that does not sort in time order; else empty, and the label is its name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one channel says of one round."""

    channel: str
    e_value: float
    """The channel's e-detector: evidence for a change at some past round. Compare with `Judgement.threshold`."""
    value: float
    """The channel's reading of this round, in `unit`; NaN where the round has none."""
    reference_value: float
    """What the same reading is in the reference."""
    unit: str
    """Unit of `value`, such as `ratio to reference`, `share of replies`."""
    effect: float
    """`value` since the onset minus the reference's, in `unit`."""
    words: str
    """The effect as a person says it, such as `34 % longer` or `refuses 11 % (was 2 %)`."""
    onset: str | None
    """Label of the first round this channel thinks changed; None while it thinks none."""
    series: tuple[str, ...]
    """Series that moved most, strongest first; at most five."""
    log_e: float = -inf
    """ln `e_value`, which does not stop at the largest double; −∞ is no evidence at all."""
    onset_between: Between | None = None
    """Where the onset is with 90 % belief, given that there is one; None while the channel has not `moved`."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all channels together say of one round of one endpoint."""

    round: str
    """The round's label."""
    state: State
    e_value: float
    """Weighted mean of the channels' e-detectors; without a change its mean time to `threshold` keeps the promise."""
    threshold: float
    """Rounds between false alarms, as promised."""
    verdicts: tuple[Verdict, ...] = ()
    """One a channel, strongest first."""
    onset: str | None = None
    kind: Kind | None = None
    missing: str = ""
    """While evidence is insufficient: how much is missing. While it is enough and not confirmed: why not."""
    onset_between: Between | None = None
    """Where the onset is with 90 % belief; that of the channel `onset` is taken from."""
    is_odd: bool = False
    """Whether the round is more extreme than every round of the reference."""
    is_provisional: bool = False
    """Whether it compares two stretches of rounds, because there is no reference yet."""
    is_growing: bool = False
    """Whether the evidence grew by more than a round adds on average while nothing changes."""
    repeats_s: float = 0.0
    """Rounds at most so many seconds apart repeat one another, as far as the reference shows."""

    @property
    def moved(self) -> tuple[Verdict, ...]:
        """The channels whose own evidence passes a tenth of the threshold, strongest first."""
        return moved(self.verdicts, self.threshold)


def moved(verdicts: Sequence[Verdict], threshold: float) -> tuple[Verdict, ...]:
    """Those whose own evidence passes a tenth of the threshold, in their order."""
    return tuple(verdict for verdict in verdicts if verdict.e_value >= threshold / 10)


FactKind = Literal[
    "requested_model",  # another model answers than was asked for
    "model_name",  # the name of the model that answered
    "snapshot",  # the dated or resolved name that a gateway gives beside it
    "fingerprint",  # the provider's own `system_fingerprint`
    "serving",  # where and how it was served: tier, region, deployment, route
    "token_count",  # how many input tokens the same prompt is
    "metadata",  # what the endpoint says of itself: files, digests, builds
    "empty",  # replies without a word where there always was one
    "check",  # a declared check that always held, and holds in no reply
]


NONE: Final = "(none)"
"""The value of a part that is not sent."""
FACT_TITLES: Final[Mapping[FactKind, str]] = {
    "requested_model": "another model than requested",
    "model_name": "served model",
    "snapshot": "served snapshot",
    "fingerprint": "system fingerprint",
    "token_count": "input tokens of the same prompt",
    "empty": "replies",
    "check": "declared checks",
}
"""As people say it; the others by the name of their part."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A changed value that the provider itself reports, or that is deterministic. No statistics are involved, so it
    cannot be a false alarm and does not count against the promise. Its values are hostile text."""

    round: str
    """Label of the first round that shows it."""
    kind: FactKind
    part: str
    """What says so, such as `model`, `header.x-sha` or `input_tokens`."""
    was: str
    """The commonest value before; `(none)` where the part was not sent."""
    now: str
    """The commonest new value. `is` in JSON."""
    seen: int = 0
    """Replies of that round that show it; 0 where it is not in replies."""
    of: int = 0
    """Replies of that round that could."""
    probes: tuple[str, ...] = ()
    """Which show it, where it depends on the probe; else none."""
    known: tuple[str, ...] = ()
    """Values known before. It is over when no others come any more."""

    @property
    def is_whole(self) -> bool:
        """Whether no reply of the round has a value that was known."""
        return self.seen == self.of

    @property
    def title(self) -> str:
        """What it is about, such as `served model` or `header x-sha`."""
        name = self.part.removeprefix("header.").removeprefix("body:").removeprefix("metadata.")
        return FACT_TITLES.get(self.kind) or name.replace("_", " ")

    @property
    def words(self) -> str:
        """Such as `served model: gpt-x-0613 → gpt-x-1106, seen in 18 of 18 replies`."""
        shown = f", seen in {self.seen} of {self.of} {'reply' if self.of == 1 else 'replies'}" if self.of else ""
        where = f" to {self.probes[0]}" if len(self.probes) == 1 else f" to {len(self.probes)} probes"
        return f"{self.title}: {self.was} → {self.now}{shown}{where if self.probes else ''}"


@dataclass(frozen=True, slots=True)
class Share:
    """The share of the replies that changed, at least. Shares are of one."""

    at_least: float
    low: float
    high: float
    """Interval of `at_least`, 95 % over all probes together."""
    changed_rounds: int = 0
    rounds: int = 0
    """Where whole rounds changed and others not at all: how many, of how many. Both 0 where that cannot be said."""

    @property
    def words(self) -> str:
        """Such as `at least 16 % of the replies (10–22 %)`."""
        at_least, low, high = (f"{100 * one:.0f}" for one in (self.at_least, self.low, self.high))
        whole = f"; it comes in whole rounds: {self.changed_rounds} of {self.rounds} changed" if self.rounds else ""
        return f"at least {at_least} % of the replies ({low}–{high} %){whole}"


Direction = Literal["", "worse", "better"]
"""How a channel moved; empty where it is neither better nor worse."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How one channel moved, counted in the replies."""

    channel: str
    words: str
    """Such as `refuses 11 % (was 2 %)`."""
    replies: int
    """Replies since the onset that the words are about."""
    reference_replies: int
    direction: Direction = ""
    is_clear: bool = False
    """Whether the counts alone show it, without the channel's statistic."""
    follows: bool = False
    """Whether it only follows from an improvement: replies that were good before are as they were."""

    @property
    def is_harmless(self) -> bool:
        """Whether it is an improvement, or follows from one."""
        return self.direction == "better" or self.follows


def headline(moved: Sequence[tuple[str, str, Direction]], facts: Sequence[Fact] = ()) -> str:
    """What moved, in half a line, from the name, words and direction of each channel, the gravest first: what is worse
    for sure (two channels, and how many more), else the gravest. Where that is only who answers, `facts` have better
    words: both names."""
    graver = [one for one in moved if one[2] == "worse"] or moved[:1]
    if facts and [channel for channel, _, _ in graver] == ["identity"]:
        return facts_headline(facts)
    more = f" and {len(graver) - 2} more" if len(graver) > 2 else ""
    words = ", ".join(words for _, words, _ in graver[:2]) + more
    return f"better: {words}" if graver and graver[0][2] == "better" else words


def facts_headline(facts: Sequence[Fact]) -> str:
    """The gravest of some facts in half a line, such as `served model gpt-x-0613 → gpt-x-1106 and 1 more`."""
    more = f" and {len(facts) - 1} more" if len(facts) > 1 else ""
    return "".join(f"{one.title} {one.was} → {one.now}{more}" for one in facts[:1])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reply is kept, within its endpoint and series."""

    round: str
    """Label of the round."""
    sample: int


@dataclass(frozen=True, slots=True)
class Example:
    """Two replies to one probe that show the change: one of the answers that became rarer, one of those that grew."""

    series: str
    reference: Place
    recent: Place


@dataclass(frozen=True, slots=True)
class Findings:
    """What the replies before and since the onset show."""

    shifts: tuple[Shift, ...] = ()
    """One a channel that moved, the gravest first."""
    share: Share | None = None
    """How much of the traffic changed, at least; None where that is not clear, or where it may be all of it."""
    examples: tuple[Example, ...] = ()
    """The most telling first, at most three."""
