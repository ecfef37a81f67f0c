from __future__ import annotations

import sys

import pytest

from dashboard import APP, serve_command
from prober.cli import main


def test_the_command_stays_on_this_machine_and_notifies_nobody():
    command = serve_command(8501)
    assert command[:4] == [sys.executable, "-m", "dashboard", "run"]
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert options["--server.address"] == "127.0.0.1"
    assert options["--server.port"] == "8501"
    assert options["--browser.gatherUsageStats"] == "false"
    assert options["--server.headless"] == "true"


def test_every_option_is_one_that_streamlit_knows():
    from streamlit import config

    known = config.get_config_options()
    assert [name for name in serve_command(8501)[5::2] if name.removeprefix("--") not in known] == []


def test_the_page_it_names_exists():
    assert APP.is_file()
    assert APP.with_name("icon.svg").is_file()


def test_another_address_is_taken_as_given():
    assert "0.0.0.0" in serve_command(80, "0.0.0.0")


def test_without_streamlit_the_verb_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dashboard.find_spec", lambda name: None)
    assert main(["dashboard"]) == 2
    assert "pip install 'canary-prober[dashboard]'" in capsys.readouterr().err
