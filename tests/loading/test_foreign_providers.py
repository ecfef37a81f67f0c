"""A provider and a model as other tools write them: what is suggested is right when it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from prober.loading.declarations import load
from prober.model.errors import ConfigurationError

SET = "owner: us\nendpoints: [e]\nschedule: {every: 6h}\nprobes: [{id: a, prompt: Hi}]\n"

MEANT = {
    "openai:gpt-4o": "{provider: openai, model: gpt-4o}",
    "openai:chat:gpt-4o-2024-08-06": "{provider: openai, model: gpt-4o-2024-08-06}",
    "openai:responses:gpt-5": "{provider: openai, api: responses, model: gpt-5}",
    "openai/gpt-4o": "{provider: openai, model: gpt-4o}",
    "Openai:GPT-4o": "{provider: openai, model: GPT-4o}",
    "openai: gpt-4o": "{provider: openai, model: gpt-4o}",
    "anthropic/claude-sonnet-4": "{provider: anthropic, model: claude-sonnet-4, parameters: {max_tokens: 1024}}",
    "anthropic:messages:claude-3-5-haiku": "{provider: anthropic, model: claude-3-5-haiku, parameters: {max_tokens: 1024}}",
    "gemini/gemini-2.5-pro": "{provider: google, model: gemini-2.5-pro}",
    "google:gemini-2.5-pro": "{provider: google, model: gemini-2.5-pro}",
    "azure:chat:mine": "{provider: openai, base_url: https://my-resource.openai.azure.com/openai/v1, model: mine}",
    "ollama:chat:llama3.2:3b": "{provider: openai, base_url: http://localhost:11434/v1, model: llama3.2:3b}",
    "openrouter:meta-llama/llama-3": "{provider: openai, base_url: https://openrouter.ai/api/v1, model: meta-llama/llama-3}",
    "groq/llama-3.3": "{provider: openai, base_url: https://api.groq.com/openai/v1, model: llama-3.3}",
    "together_ai/meta/llama": "{provider: openai, base_url: https://api.together.xyz/v1, model: meta/llama}",
    "mistral:mistral-large-latest": "{provider: openai, base_url: https://api.mistral.ai/v1, model: mistral-large-latest}",
    "xai:grok-4": "{provider: openai, base_url: https://api.x.ai/v1, model: grok-4}",
    "bedrock:anthropic.claude-sonnet-4-v1:0": "{provider: bedrock, base_url: "
    "https://bedrock-runtime.eu-west-1.amazonaws.com, model: anthropic.claude-sonnet-4-v1:0}",
}


def problems(folder: Path, endpoint: str) -> list[str]:
    (folder / "endpoints.yaml").write_text(f"endpoints:\n  e: {endpoint}\n", encoding="utf-8")
    (folder / "set.yaml").write_text(SET, encoding="utf-8")
    try:
        load(folder)
    except ConfigurationError as error:
        return [problem.message for problem in error.problems]
    return []


@pytest.mark.parametrize("text", MEANT)
def test_an_endpoint_that_is_a_text_is_written_as_fields(text: str, tmp_path: Path) -> None:
    (said,) = problems(tmp_path, f'"{text}"')
    assert said.endswith(f"; write {MEANT[text]}")
    assert not [each for each in problems(tmp_path, MEANT[text]) if "api_key" not in each]


@pytest.mark.parametrize("text", MEANT)
def test_a_provider_with_a_model_in_it_is_taken_apart(text: str, tmp_path: Path) -> None:
    found = [each for each in problems(tmp_path, f'{{provider: "{text}"}}') if each.startswith("unknown provider")]
    (fix,) = (each.partition("; write ")[2] for each in found)
    fields = fix.replace(" and model: ", ", model: ")
    assert not [
        each for each in problems(tmp_path, f"{{{fields}, parameters: {{max_tokens: 9}}}}") if "api_key" not in each
    ]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("opnai", 'did you mean "openai"?'),
        ("claude", "write provider: anthropic"),
        ("Mistral AI", "write provider: openai and base_url: https://api.mistral.ai/v1"),
        ("vertex:gemini-2.5-pro", "write openai, anthropic, google, bedrock or scripted"),
        ("openai:embedding:text-embedding-3-large", "write openai, anthropic, google, bedrock or scripted"),
        ("file://provider.py", "write openai, anthropic, google, bedrock or scripted"),
        ("exec:python provider.py", "write openai, anthropic, google, bedrock or scripted"),
        ("https://api.example.com/v1", "write openai, anthropic, google, bedrock or scripted"),
    ],
)
def test_another_name_of_a_provider(name: str, fix: str, tmp_path: Path) -> None:
    (said,) = problems(tmp_path, f'{{provider: "{name}", model: m}}')
    assert f"; {fix}" in said
