"""What `budgets.yaml` says of the team's own traffic: every mistake with its line and how to fix it."""

from __future__ import annotations

from pathlib import Path

import pytest

from prober.loading.declarations import load
from prober.model.errors import ConfigurationError

SET = "owner: us\nendpoints: [e]\nschedule: {every: 1h}\nprobes:\n  - {id: a, prompt: Hello}\n"
ENDPOINTS = "endpoints:\n  e: {provider: scripted, model: m}\n"
ACCOUNT = "own_traffic:\n  accounts:\n    main: {{provider: openai, admin_key_env: ADMIN_KEY{}}}\n"


def write(folder: Path, budgets: str) -> None:
    for name, text in (("endpoints", ENDPOINTS), ("set", SET), ("budgets", budgets)):
        (folder / f"{name}.yaml").write_text(text)


def test_what_is_right_is_loaded_and_a_key_that_is_not_set_here_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ACCOUNT.format(", every: 6h") + "  features:\n    support: {share: 0.01, max_steps: null}\n")
    monkeypatch.delenv("ADMIN_KEY", raising=False)
    found = load(tmp_path)
    own = found.budgets.own_traffic
    assert own.features["support"].share == 0.01 and own.features["support"].max_steps is None
    assert own.accounts["main"].every_s == 6 * 3600
    assert [str(one) for one in found.warnings if "ADMIN_KEY" in str(one)] == [
        f"{tmp_path}/budgets.yaml:3: own_traffic.accounts.main.admin_key_env: environment variable ADMIN_KEY is not set "
        "here; set it where the prober runs"
    ]
    monkeypatch.setenv("ADMIN_KEY", "x")
    assert not [one for one in load(tmp_path).warnings if "ADMIN_KEY" in str(one)]


@pytest.mark.parametrize(
    ("budgets", "says"),
    [
        (ACCOUNT.format(", every: 5m"), "every: more often than once an hour; write 1h or more, such as 1d"),
        (ACCOUNT.format(", base_url: 'http://proxy.example'"),
         "base_url: would send the key unencrypted over the network; write https://"),
        (ACCOUNT.format(", base_url: 'https://me:pw@proxy.example'"), "put it in an environment variable"),
        (ACCOUNT.format(", base_url: nowhere"), "base_url: not an http address; write one such as"),
        (ACCOUNT.format(", every: daily"), "every: "),
        (ACCOUNT.replace("openai", "mistral").format(""), "provider: "),
        (ACCOUNT.replace("ADMIN_KEY", "sk-admin-1234").format(""), "admin_key_env: "),
        ("own_traffic:\n  features:\n    support: {share: 0}\n", "share: "),
        ("own_traffic:\n  features:\n    support: {share: 1.5}\n", "share: "),
        ("own_traffic:\n  features:\n    support: {max_step: 3}\n", 'unknown field "max_step"; did you mean "max_steps"?'),
        ("own_traffic:\n  features:\n    support: {dollars_per_day: -1}\n", "dollars_per_day: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, budgets: str, says: str) -> None:
    write(tmp_path, budgets)
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path)
    assert f"{tmp_path}/budgets.yaml:3: own_traffic." in str(raised.value) and says in str(raised.value)
