"""Are the log-probabilities real? What a provider lists for the first token, held against what was said. Pure.

The listing belongs to the prompt, the first token of each reply is drawn from it. So the two can be held against one
another, prompt by prompt. Providers cut off the tail before they draw (top_p, min_p, top_k) and list before or after
they apply the temperature, so only what survives both is compared: the likeliest tokens, relative to each other, at the
more charitable of the two temperatures; and all others together, of which there may be fewer than listed, never more.

A listing that stays the same while texts vary is no sign by itself: an honest, deterministic server does that.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prober.lab.discover.checks import Finding
from prober.model.reply import Reply
from prober.text import count

SLACK = 0.01
"""Rounding: so far a log-probability may lie above 0, and a sum of probabilities above 1."""
FEWEST_PROMPTS = 4
FEWEST_REPLIES = 20
FAR = 6.0
"""Standard deviations beyond which listing and texts disagree: the null is approximate, so gross differences only."""
HEAD = 0.8
"""The likeliest tokens up to this share of probability are compared one by one."""
RARE = 0.1
"""A token less likely than this, relative to the likeliest, may have been cut off before drawing."""
UNLIKE = 0.1
"""Where fewer texts than this begin with a listed token, the listing is of something else."""


@dataclass(frozen=True, slots=True)
class Block:
    """Replies to one prompt whose number did not depend on what they say."""

    prompt: str
    """Anything that tells prompts apart."""
    replies: Sequence[Reply]


def logprob_findings(blocks: Sequence[Block], temperature: float | None, wanted: bool) -> list[Finding]:
    """What is wrong with the listings; empty where nothing is, or too little was seen.

    `temperature`: as declared, None for the provider's own. `wanted`: whether log-probabilities were asked for.
    """
    replies = [reply for block in blocks for reply in block.replies]
    listed = [reply for reply in replies if reply.top_logprobs]
    if not listed:
        if wanted and len(replies) >= FEWEST_PROMPTS:
            words = "Log-probabilities are asked for, and no reply has any: take them out of `parameters`."
            return [Finding("logprobs_missing", words)]
        return []
    impossible = sum(not _possible(reply) for reply in listed)
    if impossible:
        return [
            Finding(
                "logprobs_impossible",
                f"{impossible} of {count(len(listed), 'reply')} list log-probabilities above 0, or "
                "probabilities that sum to more than 1: they are no probabilities. Do not rely on them.",
            )
        ]
    found = [_frozen(blocks), _compared([each for each in blocks if _is_listing(each)], temperature)]
    return [finding for finding in found if finding]


def _possible(reply: Reply) -> bool:
    values = [value for _, value in reply.top_logprobs]
    return max(values) <= SLACK and sum(math.exp(min(value, 1.0)) for value in values) <= 1 + SLACK


def _frozen(blocks: Sequence[Block]) -> Finding | None:
    """Figures of different prompts never agree to the last digit, unless they are made up or kept."""
    prompts: dict[tuple[float, ...], set[str]] = defaultdict(set)
    for block in blocks:
        for reply in block.replies:
            figures = tuple(value for _, value in reply.top_logprobs if -50 < value < -1e-4)
            if figures:  # 0 and very low values stand for certain and impossible, and are common to many
                prompts[figures].add(block.prompt)
    everyone = set().union(*prompts.values())
    shared: set[str] = set().union(*(each for each in prompts.values() if len(each) > 1))
    if len(everyone) < FEWEST_PROMPTS or 2 * len(shared) < len(everyone):
        return None
    return Finding(
        "logprobs_frozen",
        f"{len(shared)} of {len(everyone)} prompts share their log-probabilities with another prompt, to the last "
        "digit: they are made up, or a cache keeps them. Do not rely on them.",
    )


def _is_listing(block: Block) -> bool:
    """Whether the candidates are listed, not the chosen token alone; hidden reasoning comes before the text."""
    return all(len(reply.top_logprobs) > 1 and not reply.reasoning_tokens for reply in block.replies)


def _compared(blocks: Sequence[Block], temperature: float | None) -> Finding | None:
    heads = [(claim_of(block.replies[0]), block) for block in blocks if block.replies]
    usable = [(claim, block) for claim, block in heads if claim]
    replies = sum(len(block.replies) for _, block in usable)
    if replies < FEWEST_REPLIES or len({block.prompt for _, block in usable}) < FEWEST_PROMPTS:
        return None
    begun = sum(begins(reply.text or "", claim) is not None for claim, block in usable for reply in block.replies)
    if begun < UNLIKE * replies:
        return Finding(
            "logprobs_unrelated",
            f"{begun} of {replies} replies begin with a token that was listed for them: the listing is made up, or of "
            "tokens that are not shown. Do not rely on it.",
        )
    if temperature is not None and temperature < 0.05:
        return None  # the likeliest token is always taken, and a listing of any shape agrees with that
    far = min(disagreement(usable, heat) for heat in {1.0, temperature or 1.0})
    if far <= FAR:
        return None
    return Finding(
        "logprobs_disagree",
        f"What {replies} replies begin with lies {far:.0f} standard deviations from the listed probabilities: they "
        "are made up, of another model, or of another prompt. Do not rely on them.",
    )


def claim_of(reply: Reply) -> Mapping[str, float]:
    """Beginning → listed probability. Tokens that begin alike count as the shortest of them: a text that begins with
    the longer one begins with both. Empty where a blank token is likely, for texts may come without it."""
    claim: dict[str, float] = {}
    for token, value in sorted(reply.top_logprobs, key=lambda pair: len(pair[0].strip())):
        bare = token.strip()
        if not bare:
            if value > math.log(RARE):
                return {}
            continue
        whole = begins(bare, claim) or bare
        claim[whole] = claim.get(whole, 0.0) + math.exp(min(value, 0.0))
    return claim


def begins(text: str, claim: Mapping[str, float]) -> str | None:
    """What a text begins with, of what was claimed."""
    bare = text.lstrip()
    return next((token for token in claim if bare.startswith(token)), None)


def disagreement(usable: Sequence[tuple[Mapping[str, float], Block]], temperature: float) -> float:
    """Standard deviations between what was claimed and what was said, pooled over blocks; the larger of two.

    Within the head, Pearson's X² of n replies over k shares q has mean k - 1 and variance
    2 (k - 1) + (Σ 1/q - k² - 2k + 2) / n, exactly, however few replies there are. Beyond the head, the number of
    replies is at most binomial; tokens cut off make it smaller, and so does a temperature below 1.
    """
    excess = variance = beyond = beyond_variance = 0.0
    for claim, block in usable:
        said = Counter(begins(reply.text or "", claim) for reply in block.replies)
        head = list(_head(claim))
        tempered = [claim[token] ** (1 / temperature) for token in head]
        shares = [value / sum(tempered) for value in tempered]
        counts = [said[token] for token in head]
        n, k, every = sum(counts), len(head), len(block.replies)
        if n and k > 1:
            excess += sum((c - n * q) ** 2 / (n * q) for c, q in zip(counts, shares, strict=True)) - (k - 1)
            variance += 2 * (k - 1) + (sum(1 / q for q in shares) - k * k - 2 * k + 2) / n
        rest = min(1.0, max(0.0, 1 - sum(claim[token] for token in head)))
        beyond += every - n - every * rest
        beyond_variance += every * max(rest * (1 - rest), 0.01)
    within = excess / math.sqrt(variance) if variance else 0.0
    outside = beyond / math.sqrt(beyond_variance) if beyond_variance and temperature <= 1 else 0.0
    return max(within, outside)


def _head(claim: Mapping[str, float]) -> Iterator[str]:
    """The likeliest tokens, which no usual way of cutting the tail takes away."""
    ranked = sorted(claim, key=lambda token: -claim[token])
    total = 0.0
    for token in ranked:
        if total >= HEAD or claim[token] < RARE * claim[ranked[0]]:
            return
        total += claim[token]
        yield token
