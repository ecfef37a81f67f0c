"""What a model takes and how it answers, learnt by a few asks before it is declared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from prober.asking import Provider, open_provider
from prober.asking.interface import Describes
from prober.fingerprint.caches import cache_hit
from prober.lab.discover.checks import OPEN
from prober.loading.declarations import load
from prober.model.declaration import Endpoint, Probe, Tool
from prober.model.errors import ConfigurationError
from prober.model.refused_parameters import known_refusals
from prober.model.reply import Reply
from prober.service.gates import VerbGates

_PLAIN: Final[dict[str, object]] = {"temperature": 1, "max_tokens": 200}
PARAMETERS: Final[Mapping[str, Sequence[Mapping[str, object]]]] = {
    "openai": (
        _PLAIN | {"logprobs": True, "top_logprobs": 5},
        _PLAIN,
        {"max_tokens": 200},
        {"max_completion_tokens": 1000},  # reasoning takes part of it
    ),
    "anthropic": (_PLAIN, {"max_tokens": 200}),
    "google": (
        {"generationConfig": {"temperature": 1, "maxOutputTokens": 1000}},
        {"generationConfig": {"maxOutputTokens": 1000}},
    ),
    "bedrock": ({"inferenceConfig": {"temperature": 1, "maxTokens": 200}}, {"inferenceConfig": {"maxTokens": 200}}),
}
"""Provider → parameters to try, those that show most about the model first."""
REFUSED: Final = frozenset({"bad_request", "unsupported_parameter"})
"""Failures that say that the model does not take what it was sent."""
_HELLO: Final = Probe(id="hello", prompt="Name one colour. Answer with one word.")
_OPEN: Final = Probe(id="open", prompt=OPEN["numbers"])
_TOOL: Final = Tool(name="get_time", description="The time in a city.", parameters={"type": "object", "properties": {}})


@dataclass(frozen=True, slots=True)
class Learnt:
    """An endpoint as it is to be declared, and what it answered."""

    declared: Mapping[str, object]
    reply: Reply | None
    """To the first ask; None where nothing was asked. A failure where the model does not answer at all."""
    takes_tools: bool = True
    findings: tuple[str, ...] = ()
    """What it takes, what it does not, and what is odd; a sentence each."""

    @property
    def answers(self) -> bool:
        return self.reply is not None and self.reply.failure in (None, "cached", "empty")


def learn(name: str, declared: Mapping[str, object], gates: VerbGates, *, deeper: bool = True) -> Learnt:
    """Ask up to four times for parameters that the model takes; with `deeper`, four times more for the rest.

    `declared` is the endpoint without parameters. Never raises for bad luck; ConfigurationError in the words of
    `validate` for what no file may declare; NotEnough where a gate refuses an ask.
    """
    found = Learnt(declared, None)
    for trying in _worth_trying(name, declared):
        endpoint = endpoint_of(name, trying)
        with closing(open_provider(endpoint)) as provider:
            found = Learnt(trying, gates.ask(provider, endpoint, _HELLO))
            if found.answers and deeper:
                return _deeper(found, endpoint, provider, gates)
        if found.answers or found.reply is None or found.reply.failure not in REFUSED:
            break
    return found


def undeclared(name: str, declared: Mapping[str, object]) -> Learnt:
    """With the parameters that would be tried first, unasked. Raises ConfigurationError as `learn` does."""
    trying = next(_worth_trying(name, declared))
    endpoint_of(name, trying)
    return Learnt(trying, None)


def _worth_trying(name: str, declared: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """With each set of parameters that the model is not known to refuse."""
    for parameters in PARAMETERS[str(declared["provider"])]:
        trying: dict[str, Any] = {**declared, "parameters": dict(parameters)}
        if not known_refusals(Endpoint.model_construct(name=name, **trying)):
            yield trying


def endpoint_of(name: str, declared: Mapping[str, object]) -> Endpoint:
    """As any file would be read. Raises ConfigurationError in the words that `validate` has."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "endpoints.yaml")
        file.write_text(yaml.safe_dump({"endpoints": {name: dict(declared)}}), encoding="utf-8")
        try:
            (endpoint,) = load(file).endpoints
        except ConfigurationError as error:
            raise ConfigurationError([replace(each, path="", line=0) for each in error.problems]) from None
    return endpoint


def _deeper(found: Learnt, endpoint: Endpoint, provider: Provider, gates: VerbGates) -> Learnt:
    """Tools, a seed, a cache in between, and what the endpoint says of itself."""
    assert found.reply is not None
    tooled = gates.ask(provider, endpoint, _HELLO.model_copy(update={"tools": (_TOOL,)}))
    tools = tooled.failure not in REFUSED
    open_ = [gates.ask(provider, endpoint, _OPEN, sample) for sample in range(2)]
    takes = {
        "temperature": "temperature" in str(endpoint.parameters),
        "log-probabilities": bool(found.reply.top_logprobs),
        "a seed": _takes_seed(endpoint, provider, gates),
        "tools": tools,
    }
    findings = [_listed("It takes", takes, True), _listed("It does not take", takes, False), _cache(found.reply, open_)]
    if isinstance(provider, Describes) and (said := provider.describe(endpoint).values):
        findings.append(f"The server reports: {', '.join(sorted(said))}; another value will be a fact.")
    declared = found.declared if tools else {**found.declared, "capabilities": {"tools": False}}
    if not found.reply.top_logprobs:  # some servers ignore what they do not know
        sent = {name: value for name, value in endpoint.parameters.items() if name not in ("logprobs", "top_logprobs")}
        declared = {**declared, "parameters": sent}
    return replace(found, declared=declared, takes_tools=tools, findings=tuple(filter(None, findings)))


def _takes_seed(endpoint: Endpoint, provider: Provider, gates: VerbGates) -> bool | None:
    """None where the format has none."""
    if endpoint.provider != "openai":
        return None
    seeded = endpoint.model_copy(update={"parameters": {**endpoint.parameters, "seed": 7}})
    if known_refusals(seeded):
        return False
    return gates.ask(provider, seeded, _HELLO).failure not in REFUSED


def _listed(begin: str, takes: Mapping[str, bool | None], wanted: bool) -> str:
    names = [name for name, does in takes.items() if does is wanted]
    return f"{begin} {', '.join(names)}." if names else ""


def _cache(first: Reply, twice: Sequence[Reply]) -> str:
    """The same random numbers twice are no chance."""
    if whose := next(filter(None, (cache_hit(reply.headers) for reply in (first, *twice))), None):
        return f"A cache answers in place of the model ({whose}): switch it off for the prober."
    texts = [reply.text for reply in twice if reply.answered]
    if len(texts) == 2 and texts[0] == texts[1]:
        return "Twice the same random numbers: a cache, a fixed seed, or no temperature. `prober discover` examines it."
    return ""
