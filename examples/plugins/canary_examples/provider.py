"""Parley, an invented server: one POST with a question, one answer with a text and its model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from prober.asking.wire.format import BrokenWire, Request, count_of, dig, explained, text_of
from prober.model.declaration import Endpoint, Probe
from prober.model.providers import ProviderRow
from prober.model.reply import Reply


class Parley:
    """POST /answer. Pure: HTTP, keys, timeouts and failures are the prober's."""

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {"stream": "Parley does not stream; take it out"} if endpoint.stream else {}

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        question = "\n\n".join(message.content for message in probe.conversation)
        return Request("/answer", {"model": endpoint.model, "system": probe.system, "question": question})

    def has_content(self, event: object) -> bool:
        return False

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        raise BrokenWire("Parley does not stream")

    def read(self, body: object, at: datetime) -> Reply:
        text = dig(body, "answer")
        if not isinstance(text, str):
            raise BrokenWire("there is no text under `answer`")
        return explained(
            Reply(
                at=at,
                text=text,
                model=text_of(dig(body, "model")),
                input_tokens=count_of(dig(body, "tokens", "in")),
                output_tokens=count_of(dig(body, "tokens", "out")),
            )
        )


PARLEY = ProviderRow(
    formats={"chat": "canary_examples.provider:Parley"},
    address="https://parley.example/v1",
    key_variable="PARLEY_API_KEY",
)
