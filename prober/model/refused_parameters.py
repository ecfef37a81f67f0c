"""Parameters that a known model, or a version of an API, does not take: one table, each row with its source.

Only what is certain belongs here: a wrong row stops asks that would have been answered, a missing one costs a 400 that
names the parameter. Of a model that no row names, nothing is said. What an endpoint declares under `capabilities`
counts before the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from prober.model.declaration import Endpoint, Probe
from prober.model.providers import PROVIDERS, version_of

CAPABILITY_PARAMETERS: Final[Mapping[str, frozenset[str]]] = {
    "temperature": frozenset({"temperature"}),
    "top_p": frozenset({"top_p", "topP"}),
    "logprobs": frozenset({"logprobs", "top_logprobs", "responseLogprobs"}),
    "seed": frozenset({"seed", "random_seed"}),
    "tools": frozenset({"tools", "tool_choice", "parallel_tool_calls", "toolConfig"}),
}
"""Capability → the parameters that need it, as providers spell them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What models do not take."""

    provider: str
    models: str
    """Their whole names, as a pattern."""
    parameters: str
    """Names, with a blank between them."""
    source: str
    """Where the provider says so, or what it answers."""
    fix: str = "leave it out"
    api: str = ""
    """Only by this API of the provider; empty for each."""
    beside: str = ""
    """Only beside this other parameter."""
    while_reasoning: bool = False
    """Only where a reasoning effort other than none is declared."""
    takes_default: bool = True
    """The parameter is taken with the value that it has anyway."""


_DEFAULTS: Final[Mapping[str, JsonValue]] = {
    "temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "logprobs": False, "logit_bias": {},
}  # fmt: skip

_NESTS: Final = ("generationConfig", "generation_config", "inferenceConfig")

_DATED: Final = r"(-\d{4}-\d\d-\d\d)?"
_REASONING: Final = r"(o1(-mini|-preview|-pro)?|o3(-mini|-pro)?|o4-mini|gpt-5(-mini|-nano|-pro|-codex)?)" + _DATED
"""OpenAI's models that always reason."""
_GPT_5_X: Final = r"gpt-5\.\d+(-mini|-nano|-pro|-codex|-codex-mini|-codex-max)?" + _DATED
"""Those that reason where the request asks for it."""
_SAMPLING: Final = "temperature top_p presence_penalty frequency_penalty logprobs top_logprobs logit_bias"
_OPENAI_GUIDE: Final = "https://platform.openai.com/docs/guides/latest-model (parameter compatibility)"
_AZURE_GUIDE: Final = "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning (not supported)"
_CLAUDE: Final = r"([a-z]{2,6}\.)?(anthropic\.)?claude-"
"""Of AWS and Google as well."""

TABLE: Final[tuple[Refusal, ...]] = (
    Refusal("openai", _REASONING, _SAMPLING, _AZURE_GUIDE),
    Refusal(
        "openai", rf"{_REASONING}|{_GPT_5_X}", "max_tokens", fix="write max_completion_tokens", api="chat",
        source="400 Unsupported parameter: 'max_tokens' is not supported with this model",
    ),
    Refusal(
        "openai", _GPT_5_X, "temperature top_p logprobs top_logprobs", _OPENAI_GUIDE, while_reasoning=True,
        fix="leave it out, or declare a reasoning effort of none",
    ),
    Refusal(
        "openai", rf"(o1|o3(-mini)?|o4-mini){_DATED}", "parallel_tool_calls", takes_default=False,
        source="400 Unsupported parameter: 'parallel_tool_calls' is not supported with this model",
    ),
    Refusal(
        "openai", rf"gpt-4o(-mini)?-search-preview{_DATED}", "temperature presence_penalty",
        source="400 Model incompatible request argument supplied", takes_default=False,
    ),
    Refusal(
        "openai", "deepseek-reasoner", "logprobs top_logprobs",
        source="https://api-docs.deepseek.com/guides/reasoning_model (will trigger an error)",
    ),
    Refusal(
        "openai", r"grok-4(-0709|-latest)?|grok-3-mini(-fast)?(-latest|-beta)?",
        "presence_penalty frequency_penalty stop",
        source="https://docs.x.ai/docs/guides/reasoning (not supported by reasoning models)",
    ),
    Refusal(
        "anthropic", ".*", "logprobs top_logprobs seed", takes_default=False,
        source="https://docs.claude.com/en/api/messages (there is no such field)",
    ),
    Refusal(
        "anthropic", rf"{_CLAUDE}opus-4-[789]([-@].*)?", "temperature top_p top_k", takes_default=False,
        source="400 `temperature` is deprecated for this model",
    ),
    Refusal(
        "anthropic", rf"{_CLAUDE}(opus-4-1|(opus|sonnet|haiku)-4-[56])([-@].*)?", "top_p", beside="temperature",
        source="400 `temperature` and `top_p` cannot both be specified for this model", takes_default=False,
        fix="leave one of temperature and top_p out",
    ),
    Refusal(
        "bedrock", ".*", "logprobs top_logprobs", takes_default=False,
        source="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (no such field)",
    ),
)  # fmt: skip


def refused_parameters(endpoint: Endpoint, probe: Probe | None = None) -> Mapping[str, str]:
    """Everything an ask would send that the model is known or declared not to take → how to fix it."""
    declared = [name for name in _sent(endpoint.parameters) if _declared(endpoint, name) is False]
    if probe is not None and probe.tools and endpoint.capabilities.tools is False:
        declared.append("tools")
    if probe is not None and probe.system and endpoint.capabilities.system is False:
        declared.append("system")
    return dict(sorted({**known_refusals(endpoint), **dict.fromkeys(declared, "leave it out")}.items()))


def known_refusals(endpoint: Endpoint) -> Mapping[str, str]:
    """Parameters of the endpoint that its model is known not to take → how to fix it."""
    sent = _sent(endpoint.parameters)
    return {
        name: f"{fix}, or say under capabilities that it does" if _capability(name) else fix
        for name, fix in _known(endpoint, sent)
        if _declared(endpoint, name) is None
    }


def _known(endpoint: Endpoint, sent: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    version = PROVIDERS[endpoint.provider].versions.get(version_of(endpoint))
    for name in version.refused & sent.keys() if version is not None else ():
        yield name, "leave it out"
    for row in TABLE:
        if row.provider != endpoint.provider or not re.fullmatch(row.models, endpoint.model):
            continue
        if row.api not in ("", endpoint.api) or (row.beside and row.beside not in sent):
            continue
        if row.while_reasoning and not _reasons(endpoint.parameters):
            continue
        for name in row.parameters.split():
            if name in sent and not (row.takes_default and name in _DEFAULTS and sent[name] == _DEFAULTS[name]):
                yield name, row.fix


def _reasons(parameters: Mapping[str, JsonValue]) -> bool:
    reasoning = parameters.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else parameters.get("reasoning_effort")
    return effort not in (None, "none")


def _capability(parameter: str) -> str | None:
    return next((name for name, needed_by in CAPABILITY_PARAMETERS.items() if parameter in needed_by), None)


def _declared(endpoint: Endpoint, parameter: str) -> bool | None:
    """Whether `capabilities` say that the model takes it; None where they do not say."""
    capability = _capability(parameter)
    declared: bool | None = None if capability is None else getattr(endpoint.capabilities, capability)
    return declared


def _sent(parameters: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The parameters, and those that are one level deeper because a provider's format wants them there."""
    deeper = [value for name in _NESTS if isinstance(value := parameters.get(name), dict)]
    return {name: value for group in (*deeper, parameters) for name, value in group.items()}
