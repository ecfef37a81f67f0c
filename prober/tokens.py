"""The most tokens that an ask may take, before it is made: the prompt, the declared limit, and hidden reasoning."""

from __future__ import annotations

import json
from collections import deque
from math import ceil
from typing import Final

from prober.model.declaration import Probe
from prober.model.reply import Reply

UNLIMITED: Final = 512
"""Output tokens set aside for an ask where the endpoint declares no limit, until ENOUGH_SEEN replies were seen."""
ENOUGH_SEEN: Final = 12
MARGIN: Final = 3
"""Afterwards, so many times the longest of them."""
OVERHEAD: Final = 64
"""Input tokens set aside beyond the bytes of a prompt, for what a provider puts around it."""
REMEMBERED: Final = 1000
"""Newest replies of which the hidden reasoning is remembered."""
HIDDEN: Final = 0.99
"""Quantile of the tokens beyond the declared limit that is set aside."""

CHARACTERS_PER_TOKEN: Final = 4
"""Roughly, for English; other languages need more tokens."""

_LIMITS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"})
"""Parameters that limit the tokens of an answer, as providers name them."""


class TokenEstimate:
    """The most tokens that an ask may take, learnt from the replies to others."""

    def __init__(self, reply_limit: int | None) -> None:
        """`reply_limit`: the most output tokens of one reply, None where the endpoint declares no limit."""
        self._limit = reply_limit
        self._seen = self._longest = 0
        self._overhead = OVERHEAD
        self._counted: dict[str, int] = {}
        """Content of a probe → input tokens, as the provider counted them last."""
        self._beyond: deque[int] = deque(maxlen=REMEMBERED)
        """Output tokens of each reply beyond the declared limit: reasoning that the limit does not stop."""

    def of(self, probe: Probe) -> tuple[int, int]:
        """Input and output tokens. A prompt that the provider never counted is never more tokens than bytes."""
        counted = self._counted.get(probe.content_hash) if self._counted else None
        sent = _bytes(probe) + self._overhead if counted is None else counted
        if self._limit is not None:
            return sent, self._limit + self._hidden()
        return sent, max(MARGIN * self._longest, 0 if self._seen >= ENOUGH_SEEN else UNLIMITED)

    def learn(self, probe: Probe, reply: Reply) -> None:
        """What providers add to a prompt, and how long replies get, is known from the replies."""
        self._seen += reply.answered
        took = reply.all_output_tokens or 0
        self._longest = max(self._longest, took)
        if reply.answered and self._limit is not None:
            self._beyond.append(max(0, took - self._limit))
        if reply.input_tokens is not None and reply.input_tokens > 0:
            self._overhead = max(self._overhead, reply.input_tokens - _bytes(probe))
            self._counted[probe.content_hash] = reply.input_tokens

    def _hidden(self) -> int:
        return sorted(self._beyond)[ceil(HIDDEN * len(self._beyond)) - 1] if self._beyond else 0


def output_limit(parameters: object) -> int | None:
    """The most tokens of one answer that the parameters allow; None if they set no limit."""
    if not isinstance(parameters, dict):
        return None
    for name, value in parameters.items():
        is_limit = name in _LIMITS and isinstance(value, int) and value > 0  # llama.cpp takes -1 for "no limit"
        found = value if is_limit else output_limit(value)
        if found is not None:
            return found
    return None


def _bytes(probe: Probe) -> int:
    said = [probe.system or "", *(message.content for message in probe.conversation)]
    said += [tool.model_dump_json() for tool in probe.tools]
    return sum(len(text.encode(errors="replace")) for text in said)


def input_tokens(probe: Probe) -> int:
    """Of one ask, estimated where no provider counted them."""
    sent = [message.content for message in probe.conversation] + [probe.system or ""]
    sent += [json.dumps(tool.model_dump()) for tool in probe.tools]
    return ceil(sum(map(len, sent)) / CHARACTERS_PER_TOKEN)
