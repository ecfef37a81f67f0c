"""The channels: what each reads from a fingerprint, and how it says what it saw. `CHANNELS` is the whole table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from prober.fingerprint import structure, text
from prober.judging.statistic.readings import Digest, Reading, Recurring, TopTokens
from prober.model.evidence import IDENTITY_PARTS, NONE, Direction, Fingerprint, Kind
from prober.model.plugins import installed
from prober.text import count


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of `CHANNELS`. Channels complement each other; each feeds the same statistic (`clustered`)."""

    name: str
    read: Callable[[Fingerprint], Reading | None]
    """Fingerprint → name, number, vector or first tokens; None where there is nothing to read."""
    unit: str
    """Unit of the value shown in its history."""
    words: Callable[[float, float], str]
    """(recent value, reference value) → the effect as a person says it; unused where readings are names."""
    show: Callable[[float, float], float] = lambda value, reference: value
    """(mean reading, mean reading of the reference) → the value shown, in `unit`."""
    atoms: tuple[float, ...] = ()
    """The only numbers it can read, where these are known."""
    difference: str = ""
    """Unit of the difference of two readings, where it is not `unit`."""
    parts: Callable[[Fingerprint], Mapping[str, Recurring]] | None = None
    """Of what is the endpoint's, so that it differs for all probes or for none: part → value. Each part is a series of
    its own over all probes, and `read` gives all of them as one name."""
    kind: Kind = "behaviour_change"
    """The diagnosis when this channel moves."""
    gravity: int = 5
    """What is said first when several channels moved: 0 is the gravest."""
    better: Literal["", "higher", "lower"] = ""
    """Where its value lies after an improvement; empty where another value is neither better nor worse."""

    @property
    def is_endpoint_wide(self) -> bool:
        return self.parts is not None

    def by_series(self, series: str, fingerprint: Fingerprint) -> Mapping[str, Reading]:
        """Series of the statistic → what is read for it, from a reply to the probe of `series`."""
        if self.parts is not None:
            return self.parts(fingerprint)
        reading = self.read(fingerprint)
        return {} if reading is None else {series: reading}

    def direction(self, recent: float, reference: float) -> Direction:
        """Of a move between two values."""
        if not self.better or recent == reference:
            return ""
        return "better" if (recent > reference) == (self.better == "higher") else "worse"


def percent(share: float) -> str:
    """A share as a person writes it: `0.3 %`, `11 %`."""
    value = abs(round(100 * share, 6))  # no minus before a zero, nor a fraction that arithmetic left
    return f"{value:.1f} %" if 0 < value < 1 or 99 < value < 100 else f"{value:.0f} %"


def answer_words(channel: str, label: str) -> str:
    """What a channel of names read, as people say it: `a JSON object`, `region: eu`. An answer stays as it is."""
    if channel == "format":
        return structure.in_words(label)
    if channel == "reply_type":
        return text.type_in_words(label)
    if channel != "serving":
        return label
    return ", ".join(f"{name.replace('_', ' ')}: {value}" if mark else name for name, mark, value in
                     (part.partition("=") for part in label.split("|")))  # fmt: skip


FACTOR_FROM: Final = 10.0
"""Ratios from this one on are written as a factor, smaller ones as a percentage of change."""

LABEL: Final = 60
"""Characters of an answer that are shown."""


def quoted_answer(channel: str, label: str) -> str:
    """`answer_words` in quotes, cut where they are long."""
    words = answer_words(channel, label)
    return f"“{words if len(words) <= LABEL else words[: LABEL - 1] + '…'}”"


def ratio(value: float, reference: float) -> float:
    """Of what two logarithms stand for."""
    return math.exp(min(value - reference, 50.0))


def relative(ratio: float, more: str, less: str, times: str) -> str:
    """A ratio as a person says it: `34 % longer`, or `40 times as long`, for nobody reads `3900 % longer`."""
    if ratio >= FACTOR_FROM:
        return f"{ratio:,.0f} {times}"
    return f"{percent(abs(ratio - 1))} {more if ratio >= 1 else less}"


def longer(recent: float, reference: float) -> str:
    return relative(recent / reference, "longer", "shorter", "times as long")


def _name(key: str) -> Callable[[Fingerprint], str | None]:
    return lambda fingerprint: fingerprint.categories.get(key)


def _no_words(recent: float, reference: float) -> str:
    """Of channels that read names: which name became commoner says more than a number."""
    return ""


def who(fingerprint: Fingerprint) -> Mapping[str, Recurring]:
    """Each part is judged as a distribution of its own: a value that alternates is no evidence, a value never seen is.
    As one name, five fingerprints in three regions would be fifteen names, each of them too rare. That a part begins or
    ceases to be sent is a fact, and no evidence."""
    said = {part: fingerprint.categories.get(f"identity.{part}", NONE) for part in IDENTITY_PARTS}
    return {part: Recurring(value) for part, value in said.items() if value != NONE}


def served(fingerprint: Fingerprint) -> Mapping[str, Recurring]:
    names = {f"identity.{part}" for part in IDENTITY_PARTS}
    return {
        key.removeprefix("identity.").removeprefix("header."): Recurring(value)
        for key, value in sorted(fingerprint.categories.items())
        if key.startswith("identity.") and key not in names and value != NONE
    }


def route(fingerprint: Fingerprint) -> str | None:
    """All that was served as one name."""
    return " ".join(f"{part}={value}" for part, value in served(fingerprint).items()) or None


def input_tokens(fingerprint: Fingerprint) -> str | None:
    tokens = fingerprint.numbers.get("identity.input_tokens")
    return None if tokens is None else count(tokens, "input token")


def exact_text(fingerprint: Fingerprint) -> Digest | None:
    digest = fingerprint.categories.get("text.exact")
    return None if digest is None else Digest(digest)


def first_tokens(fingerprint: Fingerprint) -> TopTokens | None:
    key = "logprobs.token."
    pairs = tuple((name.removeprefix(key), p) for name, p in fingerprint.numbers.items() if name.startswith(key))
    return TopTokens(pairs) if pairs else None


def log_characters(fingerprint: Fingerprint) -> float | None:
    characters = fingerprint.numbers.get("text.characters")
    return None if characters is None else round(math.log1p(characters), 6)


def log_reasoning_tokens(fingerprint: Fingerprint) -> float | None:
    tokens = fingerprint.numbers.get("usage.reasoning_tokens")
    return None if tokens is None else round(math.log1p(max(tokens, 0.0)), 6)


def embedded(fingerprint: Fingerprint) -> tuple[float, ...] | None:
    return next((vector for key, vector in fingerprint.vectors.items() if key.startswith("embedding.")), None)


def refused(fingerprint: Fingerprint) -> float | None:
    said = fingerprint.categories.get("refusal.refused")
    return None if said is None else float(said == "yes")


def passed(fingerprint: Fingerprint) -> float | None:
    said = fingerprint.categories.get("expectation.all")
    return None if said is None else float(said == "pass")


_ALL: Final = (
    Channel(  # who says it answered: the resolved model and its fingerprint
        name="identity",
        read=lambda fingerprint: fingerprint.identity,
        unit="mean share of this identity in the reference",
        words=_no_words,
        parts=who,
        kind="identity_change",
        gravity=2,
    ),
    Channel(  # where and how it says it was served: tier, region, deployment, and the provider behind a router
        name="serving",
        read=route,
        unit="mean share of this route in the reference",
        words=_no_words,
        parts=served,
        kind="identity_change",
        gravity=3,
    ),
    Channel(  # how many input tokens the unchanged prompt was: decided by tokenizer and chat template alone
        name="tokens",
        read=input_tokens,
        unit="mean share of this count in the reference",
        words=_no_words,
        kind="identity_change",
        gravity=4,
    ),
    Channel(  # which answer was chosen: the whole answer where it is short, else its first word
        name="choice",
        read=_name("text.choice"),
        unit="mean share of this answer in the reference",
        words=_no_words,
        gravity=7,
    ),
    Channel(  # which very text was answered, where texts come again, as at a low temperature
        name="exact",
        read=exact_text,
        unit="mean share of this text in the reference",
        words=_no_words,
        gravity=8,
    ),
    Channel(  # how likely the first tokens were
        name="logprobs",
        read=first_tokens,
        unit="mean distance of ln p from the reference",
        words=lambda recent, reference: f"first-token ln p {recent:.2f} from the reference's (was {reference:.2f})",
        gravity=9,
    ),
    Channel(  # how long the answer is: ln(1 + characters), paired by probe
        name="length",
        read=log_characters,
        unit="ratio to the reference",
        words=longer,
        show=ratio,
        difference="ln ratio",
    ),
    Channel(  # how long it thinks before it answers: ln(1 + hidden reasoning tokens), paired by probe
        name="reasoning",
        read=log_reasoning_tokens,
        unit="ratio to the reference",
        words=lambda recent, reference: f"thinks {longer(recent, reference)}",
        show=ratio,
        difference="ln ratio",
    ),
    Channel(  # what the answer looks like: JSON, fences, lists, headings, white space at its ends
        name="format",
        read=_name("structure.shape"),
        unit="mean share of this format in the reference",
        words=_no_words,
        gravity=6,
    ),
    Channel(  # what sort of reply it is: script, how it ended, coarse size, whether it repeats itself
        name="reply_type",
        read=_name("text.reply_type"),
        unit="mean share of this type in the reference",
        words=_no_words,
    ),
    Channel(  # which language it is in, where there are words enough to tell
        name="language",
        read=_name("language.name"),
        unit="mean share of this language in the reference",
        words=_no_words,
        gravity=3,
    ),
    Channel(  # surface style: the text's character n-grams
        name="text",
        read=lambda fingerprint: fingerprint.vectors.get("text.grams"),
        unit="cosine distance to the reference's mean",
        words=lambda recent, reference: (
            f"wording moved: distance from the reference {recent:.2f} (was {reference:.2f})"
        ),
        gravity=7,
    ),
    Channel(  # what the answer is about
        name="embedding",
        read=embedded,
        unit="cosine distance to the reference's mean",
        words=lambda recent, reference: f"topic moved: distance from the reference {recent:.2f} (was {reference:.2f})",
        gravity=7,
    ),
    Channel(  # whether the model declined to answer
        name="refusal",
        read=refused,
        unit="share of replies",
        words=lambda recent, reference: f"refuses {percent(recent)} (was {percent(reference)})",
        atoms=(0.0, 1.0),
        gravity=1,
        better="lower",
    ),
    Channel(  # whether the answer passes every check its probe declares under `expect`
        name="expectation",
        read=passed,
        unit="share of replies",
        words=lambda recent, reference: f"checks pass {percent(recent)} (was {percent(reference)})",
        atoms=(0.0, 1.0),
        kind="contract_break",
        gravity=0,
        better="higher",
    ),
)
_OWN: Final = {channel.name: channel for channel in _ALL}
CHANNELS: Final[Mapping[str, Channel]] = _OWN | installed("canary_prober.channels", Channel, _OWN)
"""Every channel by name, those of installed packages too (`prober.model.plugins`).

Adding one is a row above and a page in `docs/`; the contract suite finds it by itself."""
