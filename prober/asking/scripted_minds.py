"""How the models of scripted worlds talk: one model's way of answering one probe. Pure and seeded."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from prober.model.declaration import Probe

TOPICS: Mapping[str, tuple[str, ...]] = {
    r"heads|tails|\bcoin": ("Heads", "Tails"),
    r"yes or no|true or false": ("Yes", "No"),
    r"\bdie\b|\bdice\b|1 (?:to|and) 6\b": ("4", "3", "5", "2", "6", "1"),
    r"1 (?:to|and|-) ?10\b": ("7", "3", "4", "8", "5", "6", "2", "9", "1", "10"),
    r"\bnumber|\binteger|\bdigit": ("42", "37", "73", "17", "27", "7", "57", "23", "64", "88"),
    r"colou?r": ("Blue", "Teal", "Red", "Green", "Purple", "Orange", "Turquoise", "Yellow"),
    r"animal": ("Octopus", "Elephant", "Otter", "Fox", "Giraffe", "Penguin", "Tiger", "Owl"),
    r"fruit": ("Mango", "Apple", "Banana", "Kiwi", "Papaya", "Pear", "Cherry"),
    r"\bcity|\bcapital": ("Tokyo", "Paris", "Lisbon", "Kyoto", "Nairobi", "Oslo", "Lima"),
    r"\bcountry": ("Japan", "Brazil", "Norway", "Kenya", "Italy", "Canada"),
    r"\bname\b": ("Emma", "Liam", "Maya", "Noah", "Elena", "Kai", "Sofia"),
    r"\bletter\b": ("K", "M", "Q", "R", "A", "J", "T", "X"),
    r"\bday\b": ("Wednesday", "Tuesday", "Friday", "Saturday", "Monday"),
    r"\bword\b": ("Serendipity", "Ephemeral", "Lantern", "Harbor", "Whisper", "Luminous"),
}
"""What a prompt asks to choose (pattern) → what is chosen from, the likelier first. The first match holds."""

WORDS = ("Blue", "Seven", "River", "Lantern", "Oak", "Echo")
"""Chosen from where a prompt gives no hint."""

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I'm unable to assist with that request.",
    "I can't answer that. Is there something else I can help you with?",
)

VOICES: tuple[tuple[str, ...], ...] = (
    (
        "The {a} depends on the {b}.",
        "It is worth noting that {a} and {b} are closely related.",
        "In practice, {a} matters more than most people expect.",
        "Consider how {b} changes once {a} is known.",
        "There are several reasons for this, and {a} is the first of them.",
        "A careful look at {b} shows why.",
    ),
    (
        "Short version: {a} first, {b} second.",
        "You'll want to think about {a}!",
        "Great question about {b}.",
        "Here's the key idea: {a} drives {b}.",
        "Don't overthink {b}.",
        "Most of the time {a} is all you need.",
    ),
)
"""Sentences of each model. `{a}` and `{b}` become words of the prompt."""

_SHORT = re.compile(
    r"random|\bpick\b|\bchoose\b|\bone word\b|single word|\bonly (?:the|one|a)\b|just (?:the|one|a)\b|yes or no|"
    r"true or false|answer with|reply with|respond with",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"(?:from|of|between|among|either|only|with|:)\s+((?:[\w-]+\s*,\s*)*[\w-]+\s*,?\s+or\s+[\w-]+)", re.IGNORECASE
)
_COMMAS = re.compile(r":\s*((?:[\w-]+\s*,\s*){2,}(?:(?:and|or)\s+)?[\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ScriptedModel:
    """One model's way of answering one probe."""

    kind: str
    """`choice`, `json`, `prose` or `tool`."""
    answers: tuple[str, ...]
    """Answers to a choice; for prose, the sentences it is made of."""
    weights: tuple[float, ...]
    """Probability of each answer."""
    sentences: float
    """Typical number of sentences of prose."""
    must: str
    """What the probe expects an answer to hold, and this model nearly always says."""
    tool: str


def mind_of(probe: Probe, seed: int, model: int) -> ScriptedModel:
    """The ScriptedModel of model number `model` (0, 1) for a probe: the same for the same arguments."""
    prompt = " ".join(message.content for message in probe.conversation)
    rng = np.random.default_rng([seed & 0xFFFFFFFF, model, int(probe.content_hash, 16)])
    checks = {check.type: check.value for check in reversed(probe.expect)}
    exact = checks.get("equals")
    must = next((v for name in ("contains", "icontains", "starts-with") if isinstance(v := checks.get(name), str)), "")
    tool = probe.tools[0].name if probe.tools else ""
    choices = _choices(prompt)
    if tool:
        kind = "tool"
    elif "is-json" in checks or re.search(r"\bjson\b", prompt, re.IGNORECASE):
        kind = "json"
    elif exact is not None or choices:
        kind = "choice"
    else:
        kind = "prose"
    if kind == "choice" and exact is None and must and must not in choices:
        exact = must
    answers = VOICES[model % len(VOICES)] if kind == "prose" else choices or WORDS
    if exact is not None:
        answers = (str(exact), *(answer for answer in answers if answer != str(exact)))[:4]
    if kind == "prose":
        answers = tuple(_sentence(template, prompt) for template in answers)
    weights = _weights(rng, len(answers) or 1, sure=exact is not None or kind == "prose")
    return ScriptedModel(
        kind, answers or ("ok",), weights, float(rng.uniform(2.0, 6.0)) * (1.0, 1.6)[model % 2], must, tool
    )


def shifted(mind: ScriptedModel, seed: int, amount: float) -> ScriptedModel:
    """The same model with slightly other habits, as after re-quantisation: log-odds move by normals of sd `amount`."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 7, len(mind.answers)])
    weights = np.asarray(mind.weights) * np.exp(amount * rng.standard_normal(len(mind.weights)))
    length = float(np.exp(0.2 * amount * rng.standard_normal()))
    return ScriptedModel(
        mind.kind,
        mind.answers,
        tuple((weights / weights.sum()).tolist()),
        mind.sentences * length,
        mind.must,
        mind.tool,
    )


def cumulated(weights: Sequence[float]) -> list[float]:
    """Weights → running sums, as `say` wants them."""
    return list(accumulate(weights))


def say(mind: ScriptedModel, cumulative: Sequence[float], draws: Sequence[float], length: float) -> str:
    """The text of one answer.

    `cumulative`: running sums of the weights in force. `draws`: at least four uniforms; more make prose more varied.
    `length`: multiplies the number of sentences.
    """
    if mind.kind == "choice":
        return mind.answers[_pick(cumulative, draws[0])]
    if mind.kind == "tool":
        return ""
    if mind.kind == "json":
        return _json(mind, cumulative, draws)
    count = max(1, round(mind.sentences * length * (0.6 + 0.8 * draws[0])))
    spoken = [mind.answers[_pick(cumulative, draws[1 + i % (len(draws) - 1)])] for i in range(count)]
    if mind.must and draws[1] < 0.97:
        spoken[0] = f"{mind.must} {spoken[0]}"
    return " ".join(spoken)


def _json(mind: ScriptedModel, cumulative: Sequence[float], draws: Sequence[float]) -> str:
    answer: dict[str, object] = {
        "answer": mind.must or mind.answers[_pick(cumulative, draws[0])],
        "confidence": round(0.5 + draws[1] / 2, 2),
    }
    return json.dumps(answer)


def _pick(cumulative: Sequence[float], draw: float) -> int:
    return min(bisect_right(cumulative, draw * cumulative[-1]), len(cumulative) - 1)


def _choices(prompt: str) -> tuple[str, ...]:
    """What a prompt offers to choose from; empty where it does not ask for a short answer."""
    if not _SHORT.search(prompt):
        return ()
    listed = _LISTED.search(prompt) or _COMMAS.search(prompt)
    if listed:
        words = [word for word in re.split(r"\s*,\s*(?:(?:or|and)\s+)?|\s+(?:or|and)\s+", listed.group(1)) if word]
        return tuple(dict.fromkeys(words))[:12]
    found = next((answers for topic, answers in TOPICS.items() if re.search(topic, prompt, re.IGNORECASE)), None)
    return found or WORDS


def _weights(rng: np.random.Generator, count: int, sure: bool) -> tuple[float, ...]:
    """Habits of a model: the likelier first, none impossible. `sure` puts 95 % on the first of a fixed answer."""
    if sure and count <= 4:
        rest = 0.05 / max(count - 1, 1)
        return (1.0,) if count == 1 else (0.95, *([rest] * (count - 1)))
    habits = rng.dirichlet([1.5 if sure else 3.0 / (1 + rank) + 0.2 for rank in range(count)])
    return tuple((0.98 * habits + 0.02 / count).tolist())


def _sentence(template: str, prompt: str) -> str:
    words = [word.lower() for word in re.findall(r"[A-Za-z]{5,}", prompt)] or ["matter", "context"]
    return template.format(a=words[0], b=words[-1])
