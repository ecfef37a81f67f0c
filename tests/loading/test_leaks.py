"""What looks like a secret and what does not. The secrets are put together here, so that no scanner trips over this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from prober.loading.declarations import load
from prober.model.errors import ConfigurationError
from prober.text import is_secret_name, leaks, redact

BODY = "a1B2" * 10
SECRETS = [
    "sk-" + BODY,
    "sk-proj-" + BODY,
    "sk-ant-api03-" + BODY,
    "xoxb-" + "1234567890-" + BODY,
    "AIza" + BODY,
    "ghp_" + BODY,
    "github_pat_" + BODY,
    "hf_" + BODY,
    "gsk_" + BODY,
    "xai-" + BODY,
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "Bearer " + BODY,
    "https://hooks.slack.com/" + "services/T0/B0/" + BODY,
    "https://user:" + "pass@example.com",
    "https://example.com/v1?key=" + BODY,
    "eyJ" + BODY + ".eyJ" + BODY + "." + BODY,
    "-----BEGIN RSA " + "PRIVATE KEY-----",
]
HARMLESS = [
    "sk-learn is a library",
    "a task-management-system-for-4-teams",
    "the bearer of bad news",
    "Bearer tokens are explained in RFC 6750",
    "https://api.example.com:8443/v1?api-version=2024-10-21",
    "What is AKIA?",
    "mailto:someone@example.com",
    "ratio 3:4@home",
    "OPENAI_API_KEY",
    "hf_transfer",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", 'key: "{}"', "see ({}), or not"])
def test_secrets_are_found_and_redacted(secret: str, around: str) -> None:
    text = around.format(secret)
    assert leaks(text)
    assert BODY not in redact(text)
    assert "pass@" not in redact(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_texts_stay(text: str) -> None:
    assert not leaks(text)
    assert redact(text) == text


@pytest.mark.slow
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "text",
    [
        "owner: '{}'\n",
        "'{}': 1\n",
        "owner: team # {}\n",
        "owner: [{{'{}': 1}}]\n",
        "schedule: {{every: '{}', cron: '{}'}}\n",
        "endpoints: ['{}']\n",
        "owner: *{}\n",
        'owner: "\\q{}"\n',
        "owner: !{} x\n",
        "probes: [{{id: a, prompt: a, expect: [{{type: '{}'}}, {{type: max-length, value: '{}'}}]}}]\n",
    ],
)
def test_no_message_repeats_a_secret(secret: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "set.yaml").write_text(text.replace("{}", secret).replace("{{", "{").replace("}}", "}"))
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    said = repr(caught.value.problems) + str(caught.value)
    assert BODY not in said
    assert "pass@" not in said
    assert secret not in said


@pytest.mark.parametrize(
    "name", ["api_key", "apikey", "API-KEY", "x-api-key", "Authorization", "password", "auth_token"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["api_key_env", "max_tokens", "keyword", "tokens", "top_logprobs"])
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("probe", "is_valid"),
    [
        ("  - id: a\n    prompt: Is SECRET a key?  # example key\n", True),
        ("  - id: a\n    prompt: |  # example key\n      Is this\n      SECRET a key?\n", True),
        ("  - {id: a, prompt: Hi, expect: [{type: contains, value: SECRET}]}  # example key\n", True),
        ("  - id: a\n    prompt: Is SECRET a key?  # an example\n", False),
        ("  - id: a  # example key\n    prompt: Is SECRET a key?\n", False),
        ("  - id: a\n    prompt: Hi\n# SECRET  # example key\n", False),
    ],
)
def test_an_example_of_a_secret_is_allowed_in_a_probe_where_it_is_marked(
    tmp_path: Path, probe: str, is_valid: bool
) -> None:
    (tmp_path / "endpoints.yaml").write_text("endpoints:\n  demo: {provider: scripted, model: m}\n")
    text = "owner: us\nendpoints: [demo]\nschedule: {every: 1h}\nprobes:\n" + probe.replace("SECRET", "sk-" + BODY)
    (tmp_path / "set.yaml").write_text(text)
    if is_valid:
        assert load(tmp_path).sets
        return
    with pytest.raises(ConfigurationError, match="looks like a secret"):
        load(tmp_path)


def test_a_key_of_an_endpoint_is_no_example(tmp_path: Path) -> None:
    (tmp_path / "endpoints.yaml").write_text(
        f"endpoints:\n  demo: {{provider: openai, model: 'sk-{BODY}'}}  # example key\n"
    )
    (tmp_path / "set.yaml").write_text(
        "owner: us\nendpoints: [demo]\nschedule: {every: 1h}\nprobes: [{id: a, prompt: a}]\n"
    )
    with pytest.raises(ConfigurationError, match="looks like a secret"):
        load(tmp_path)
