"""What an endpoint answered to one ask: the word every package shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

Failure = Literal[
    "unreachable",  # no connection: DNS, refused, reset, TLS
    "timeout",  # connect, read or the whole took too long
    "rate_limited",  # too many asks for now; waiting helps
    "out_of_credit",  # money or a quota has run out; somebody has to pay
    "unauthorized",  # the key is wrong, or may not do this
    "model_not_found",  # the provider knows no such model
    "model_retired",  # the model was taken out of service
    "not_found",  # any other 404: the address is wrong
    "unsupported_parameter",  # names a parameter we sent
    "context_length",  # the prompt, or what was asked for, is longer than the model takes
    "bad_request",  # any other 4xx
    "bad_output",  # the model wrote what its own server rejects, such as a tool call that breaks its schema
    "provider_error",  # 5xx
    "cached",  # a cache answered in place of the model; the error of such a reply is `invalid_reply`
    "invalid_reply",  # 200, but not what the wire format says
    "too_large",  # the body passed the cap
    "missing_key",  # the environment has no such secret
    "missing_library",  # the library that signs in to the endpoint's cloud is not installed
]
"""Why there is no reply. A failed ask never reaches a detector; a refusal is not a failure."""
_OF_THE_REQUEST: Final = frozenset({"not_found", "unsupported_parameter", "context_length", "bad_request"})


def is_refused_request(failure: str) -> bool:
    """Whether the provider does not accept what was sent: neither its outage nor a matter of keys or limits."""
    return failure.partition(":")[0] in _OF_THE_REQUEST


Ending = Literal[
    "complete",  # the model said all it had to say, or met a stop word
    "length",  # a limit ended the answer: of output, or of the context window
    "tool_call",  # the model waits for a tool
    "filtered",  # the provider, the model or a filter declined
    "bad_call",  # the model called a tool in a way that the provider could not read or did not allow
    "bad_output",  # the provider could not read what the model wrote
    "paused",  # the provider stopped in the middle of a turn, and would go on if asked
    "no_image",  # an image was expected, and there is none
    "failed",  # the provider broke off; what came so far is no answer
    "other",  # the provider does not say why, or in a word that is not known
]
"""What a finish reason means, the same for all providers."""

LARGEST_COUNT: Final = 2**31 - 1
"""No answer has more tokens; a larger number is a mistake, and would break what stores or adds it."""

_REASONS: Final[Mapping[Ending, str]] = {
    "complete": "stop end_turn stop_sequence complete completed eos eos_token",
    # Bedrock and Anthropic name the window apart; Cohere's first interface calls it an error.
    "length": "length max_tokens max_output_tokens max_completion_tokens model_length model_context_window_exceeded "
    "error_limit",
    "tool_call": "tool_calls tool_call tool_use function_call",
    "filtered": "content_filter content_filtered guardrail_intervened refusal safety recitation language blocklist "
    "prohibited_content spii model_armor jailbreak image_safety image_prohibited_content image_recitation sensitive "
    "moderation error_toxic blocked content_blocked content_policy_violation policy_violation",
    "bad_call": "malformed_function_call unexpected_tool_call too_many_tool_calls missing_thought_signature "
    "malformed_tool_use malformed_tool_call function_call_filter",
    "bad_output": "malformed_response malformed_model_output repetition_truncation",
    "paused": "pause_turn compaction",
    "no_image": "no_image image_other",
    "failed": "error timeout time_limit cancelled canceled user_cancel abort aborted network_error "
    "insufficient_system_resource failed",
}
ENDINGS: Final[Mapping[str, Ending]] = MappingProxyType(
    {reason: ending for ending, reasons in _REASONS.items() for reason in reasons.split()}
)
"""Finish reason in lower case → what it means: those that the public references of OpenAI (both interfaces), Anthropic,
Google, Amazon, Cohere, Mistral, Ollama, DeepSeek, watsonx, Z.ai and the common servers list."""

_BY_LETTERS: Final[Mapping[str, Ending]] = {reason.replace("_", ""): ending for reason, ending in ENDINGS.items()}


def ending_of(finish_reason: str | None) -> Ending:
    """What a finish reason means. Some add why after a colon, as in `content_filter: PROHIBITED_CONTENT`."""
    general, _, why = (finish_reason or "").partition(":")
    return _BY_LETTERS.get(_letters(general)) or _BY_LETTERS.get(_letters(why)) or "other"


def _letters(reason: str) -> str:
    """`content_filter`, `content-filter` and `contentFilter` are one word."""
    return "".join(filter(str.isalnum, reason.lower()))


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool the model asked to call."""

    name: str
    arguments: str
    """As the provider sent them, JSON text that may be broken."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one ask, or why nothing did. Never interpreted here."""

    at: datetime
    """When asked, UTC."""
    text: str | None = None
    """The answer; empty text is an answer, None is none."""
    empty_because: str = ""
    """Why an answer without a word, a tool call or a refusal says nothing."""
    error: str | None = None
    """A `Failure`, or a word of another tool's log; None when there is an answer."""
    error_detail: str = ""
    """The provider's own words, shortened, without secrets."""
    cached_by: str = ""
    """Whose cache gave this reply, or how that shows; empty where the model did. It is a failed ask."""
    retry_after_s: float | None = None
    """What a 429 or 503 asked us to wait."""
    model: str | None = None
    """The resolved model, as the provider said."""
    requested_model: str | None = None
    """The model that was asked for, where a log says so; else the endpoint declares it."""
    reply_id: str | None = None
    """The provider's id of this reply; one seen before came from a cache."""
    system_fingerprint: str | None = None
    service_tier: str | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    """The provider's structured refusal, where it has one."""
    tool_calls: tuple[ToolCall, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Allow-listed response headers, lower-case names."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    """Output tokens that are never shown."""
    cached_tokens: int | None = None
    top_logprobs: tuple[tuple[str, float], ...] = ()
    """(token, natural-log probability) of the first output token, best first."""
    latency_s: float | None = None
    ttft_s: float | None = None
    """Time to first token; only where the endpoint declares `stream: true`."""

    @property
    def ending(self) -> Ending:
        return ending_of(self.finish_reason)

    @property
    def answered(self) -> bool:
        return self.error is None and self.text is not None

    @property
    def failure(self) -> str | None:
        """The named reason why this is no observation of the model: `cached`, or the error."""
        return "cached" if self.cached_by else self.error

    @property
    def said(self) -> str:
        """What a person would call the answer."""
        calls = (f"{call.name}({call.arguments})" for call in self.tool_calls)
        return self.text or self.refusal or "\n".join(calls)

    @property
    def all_output_tokens(self) -> int | None:
        """Output tokens, hidden reasoning within; None where the provider did not say."""
        if self.output_tokens is None:
            return None
        reasoning = self.reasoning_tokens or 0
        # More reasoning than output: this provider counts the two apart.
        return self.output_tokens + (reasoning if reasoning > self.output_tokens else 0)

    @property
    def tokens(self) -> int | None:
        """Input and output tokens, hidden reasoning within; None where the provider did not say."""
        output = self.all_output_tokens
        return None if output is None or self.input_tokens is None else self.input_tokens + output
