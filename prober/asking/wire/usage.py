"""Where each wire format counts tokens, and what the counts mean. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from prober.asking.wire.format import Path, count_of, dig, first_of, snaked, total_of

_CHAT_CACHED: Final[tuple[Path, ...]] = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_tokens_details", "cache_read_input_tokens"),
    ("prompt_cache_hit_tokens",),  # DeepSeek
    ("num_cached_tokens",),  # Mistral
    ("cached_tokens",),  # Together, Moonshot
    ("cache_read_input_tokens",),  # Databricks
    ("input_tokens_details", "cached_tokens"),
    ("cache_read_tokens",),
    ("prompt_cache_tokens",),
    ("cached_content_token_count",),  # Gemini's names
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where one wire format keeps its counts: the first place that holds a count is read."""

    input: tuple[Path, ...]
    output: tuple[Path, ...]
    reasoning: tuple[Path, ...]
    cached: tuple[Path, ...]
    total: tuple[Path, ...] = (("total_tokens",), ("total_token_count",))


CHAT: Final = Places(
    input=(
        ("prompt_tokens",),
        ("input_tokens",),
        ("prompt_eval_count",),
        ("input_token_count",),
        ("prompt_token_count",),
    ),
    output=(
        ("completion_tokens",),
        ("output_tokens",),
        ("predicted_n",),
        ("eval_count",),
        ("generated_token_count",),  # watsonx
        ("candidates_token_count",),
    ),
    reasoning=(
        ("completion_tokens_details", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens"),
        ("completion_tokens_details", "thinking_tokens"),
        ("completion_tokens_details", "reasoning"),
        ("reasoning_tokens",),  # Kimi on Azure
        ("num_reasoning_tokens",),
        ("thinking_tokens",),
        ("thoughts_tokens",),
        ("thoughts_token_count",),
    ),
    cached=_CHAT_CACHED,
)
RESPONSES: Final = Places(
    input=(("input_tokens",), ("prompt_tokens",)),
    output=(("output_tokens",), ("completion_tokens",)),
    reasoning=(("output_tokens_details", "reasoning_tokens"), ("reasoning_tokens",)),
    cached=_CHAT_CACHED,
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The counts of one reply, as `Reply` means them; None where the provider did not say."""

    input: int | None
    output: int | None
    reasoning: int | None
    cached: int | None


def tokens_of(usage: object, places: Places) -> Tokens:
    """Counts of a usage object.

    OpenAI counts reasoning within the output. xAI, Grok on Azure and Gemini's OpenAI-compatible address count it
    beside, and some do not report it at all; the total, which is what is billed, shows which.
    """
    usage = snaked(usage)
    counted = Tokens(
        first_of(count_of, usage, places.input),
        first_of(count_of, usage, places.output),
        first_of(count_of, usage, places.reasoning),
        first_of(count_of, usage, places.cached),
    )
    if counted.input is None and dig(usage, "cache_n") is not None:  # llama.cpp: those read, and those known already
        counted = replace(counted, input=total_of(dig(usage, "prompt_n"), dig(usage, "cache_n")))
    total = first_of(count_of, usage, places.total)
    if counted.input is None or counted.output is None:
        return counted
    reasoning = counted.reasoning or 0
    if total is None:
        # More reasoning than output: the two are counted apart.
        return replace(counted, output=counted.output + reasoning) if reasoning > counted.output else counted
    beside = total - counted.input - counted.output
    # More reasoning than output cannot be inside of it, whatever the total leaves out (Perplexity).
    if reasoning and (beside >= reasoning or reasoning > counted.output):
        return replace(counted, output=counted.output + reasoning)
    if counted.reasoning is None and beside > 0 and beside != counted.cached:
        return replace(counted, output=counted.output + beside, reasoning=beside)
    return counted
