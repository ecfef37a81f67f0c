"""The demo's story, played on scripted worlds: caught, missed, too early, interrupted; the real model under `model`."""

from __future__ import annotations

import io
import os
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from prober.lab.demo import run
from prober.lab.demo.run import Ending, run_demo
from prober.lab.demo.server import ServerError
from prober.lab.demo.weights import DemoUnavailable
from prober.lab.demo.worlds import scripted_world
from prober.loading.declarations import load
from prober.model.errors import ConfigurationError
from prober.model.notice import Outcome
from prober.store import Store, incidents
from prober.store import notices as stored_notices
from prober.store.pages import overview

QUIET, CHANGED = 9, 10


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in list(os.environ):
        if name.startswith(("SLACK_", "PROBER_")) and name != "PROBER_CACHE_DIR":
            monkeypatch.delenv(name)


@pytest.fixture
def play(monkeypatch, tmp_path):
    """Play a short scripted world, altered by `parameters` and `fields`; gives exit code and what was on the screen."""

    def play(parameters=None, **fields):
        with scripted_world() as whole:
            changes_at = whole.due(fields.pop("changes_after", QUIET))
            declared = whole.endpoint.parameters | {"changes_at": changes_at.isoformat()} | (parameters or {})
            endpoint = whole.endpoint.model_copy(update={"parameters": declared})
        prose = [probe.model_copy(update={"samples": 4}) for probe in whole.probe_set.probes if probe.id == "blue-sky"]
        few = whole.probe_set.model_copy(update={"probes": tuple(prose)})
        world = replace(
            whole, probe_set=few, endpoint=endpoint, **{"quiet_rounds": QUIET, "changed_rounds": CHANGED} | fields
        )

        @contextmanager
        def short_scene():
            yield world

        monkeypatch.setattr(run, "scripted_world", short_scene)
        output = io.StringIO()
        code = run_demo(scripted=True, dashboard=False, console=Console(file=output, width=120))
        return code, output.getvalue()

    return play


def stored(tmp_path):
    (database,) = tmp_path.glob("canary-prober-demo-*/demo.db")
    return Store.open(f"sqlite:///{database}", read_only=True)


@pytest.fixture
def opened(monkeypatch):
    """(port, database URL) of every dashboard that was opened; each is ended by Ctrl-C at once."""
    opened = []

    class Child:
        def wait(self):
            raise KeyboardInterrupt

    @contextmanager
    def page(port, database_url, log):
        opened.append((port, database_url))
        yield Child()

    monkeypatch.setattr(run, "page", page)
    return opened


@pytest.mark.slow
def test_thirty_scripted_days_end_with_the_change_caught(tmp_path, opened):
    output = io.StringIO()
    assert run_demo(scripted=True, dashboard=True, console=Console(file=output, width=120)) == 0
    with scripted_world() as world, stored(tmp_path) as store:
        rounds = store.query(overview.recent_rounds, limit=100)
        (incident,) = store.query(incidents.recent)
        (told,) = store.query(stored_notices.recent)
    assert len(rounds) == 30
    assert {each.state for each in rounds} == {"completed"}
    assert max(each.due_at for each in rounds) - min(each.due_at for each in rounds) == timedelta(days=29)
    earliest, latest = (label[:10] for label in incident.onset_between)
    assert earliest <= world.due(world.quiet_rounds).isoformat()[:10] <= latest
    assert (told.alerter, told.state) == ("terminal", "sent")
    shown = output.getvalue()
    assert "Caught in round" in shown
    assert f"What explains it: prober triage {world.endpoint.name} --database sqlite:///{tmp_path}" in shown
    assert f"The dashboard is open at http://127.0.0.1:{opened[0][0]}/?incident={incident.id} until Ctrl-C." in shown
    assert "The message to Slack" in shown
    assert "reference |" in shown
    for bar in ("8/8", "12/12", "10/10"):
        assert bar in shown


def caught_in(shown):
    return int(shown.split("Caught in round ")[1].split()[0])


@pytest.mark.slow
def test_it_goes_on_for_a_while_after_the_catch_and_no_longer(play, tmp_path):
    code, shown = play(rounds_after_catch=0)
    assert code == 0
    with stored(tmp_path) as store:
        assert len(store.query(overview.recent_rounds, limit=100)) == QUIET + caught_in(shown) < QUIET + CHANGED


@pytest.mark.slow
def test_nothing_changed_is_nothing_caught(play):
    code, shown = play(parameters={"world": "still"})
    assert code == 1
    assert "Not caught." in shown
    assert "The message to Slack" not in shown


@pytest.mark.slow
def test_an_alarm_before_the_change_is_no_catch_and_ends_it(play, tmp_path):
    code, shown = play(changes_after=8, quiet_rounds=28)
    assert code == 1
    assert "False alarm" in shown
    with stored(tmp_path) as store:
        assert len(store.query(overview.recent_rounds, limit=100)) <= 28


@pytest.mark.parametrize(
    ("alarmed_at", "code", "words"),
    [
        (None, 1, "Not caught."),
        (8, 1, "False alarm: round 9 of 9 before the change raised one."),
        (9, 0, "Caught in round 1 after the change; the 9 rounds before it raised no alarm."),
        (11, 0, "Caught in round 3 after the change"),
    ],
)
def test_endings(alarmed_at, code, words):
    ending = Ending(9, alarmed_at)
    assert ending.exit_code == code
    assert ending.words.startswith(words)


@pytest.mark.slow
def test_a_configured_channel_is_reported_too(play, monkeypatch):
    notices = []

    class Recorded:
        name = "slack"

        def send(self, notice):
            notices.append(notice)
            return Outcome(True, "sent")

    monkeypatch.setattr(run, "open_alerters", lambda settings: (Recorded(),))
    code, shown = play(rounds_after_catch=0)
    assert code == 0
    assert [notice.endpoint for notice in notices] == ["scripted"]
    assert "The message to Slack" in shown


# What surrounds the story


@pytest.fixture
def end(monkeypatch):
    """Run the demo with a story that goes as `story` says."""

    def end(story, dashboard=False, scripted=True):
        monkeypatch.setattr(run, "play", lambda *_: story())
        output = io.StringIO()
        code = run_demo(scripted=scripted, dashboard=dashboard, console=Console(file=output, width=120))
        return code, output.getvalue()

    return end


def test_ctrl_c_in_the_middle_ends_it_in_order(end):
    def story():
        raise KeyboardInterrupt

    code, shown = end(story)
    assert code == 1
    assert "Stopped." in shown


def test_sigterm_is_taken_as_ctrl_c_and_given_back_afterwards(end):
    before = signal.getsignal(signal.SIGTERM)
    code, shown = end(lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert code == 1
    assert "Stopped." in shown
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("alarmed_at", "earned"), [(9, 0), (None, 1)])
def test_ctrl_c_at_the_dashboard_keeps_the_exit_code(end, opened, alarmed_at, earned):
    code, shown = end(lambda: Ending(9, alarmed_at), dashboard=True)
    assert code == earned
    ((port, database_url),) = opened
    assert f"The dashboard is open at http://127.0.0.1:{port} until Ctrl-C." in shown
    assert database_url.removeprefix("sqlite:///") in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        DemoUnavailable("xllamacpp is not installed"),
        ServerError("the model server ended with code -4"),
        OSError(28, "No space left on device"),
    ],
)
def test_without_the_model_it_says_so_and_goes_on_scripted(end, monkeypatch, fault):
    def unavailable(home, progress):
        raise fault

    monkeypatch.setattr(run, "real_world", unavailable)
    code, shown = end(lambda: Ending(9, 9), scripted=False)
    assert code == 0
    assert f"No real model: {fault}. Going on with scripted replies." in shown


def test_a_half_configured_channel_is_an_error_before_anything_is_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-0-not-a-token")
    with pytest.raises(ConfigurationError) as caught:
        run_demo(scripted=True, dashboard=False, console=Console(file=io.StringIO()))
    assert "xoxb" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# Scenes


@pytest.mark.parametrize("name", ["probes.yaml", "scripted.yaml"])
def test_its_probe_sets_are_what_a_team_could_declare(tmp_path, name):
    """The same file, beside a file of endpoints, passes every rule of loading."""
    source = Path(run.__file__).with_name(name)
    endpoints = {
        "smollm2": {"provider": "openai", "model": "any", "base_url": "http://127.0.0.1:8080/v1"},
        "scripted": {"provider": "scripted", "model": "any"},
    }
    (wanted,) = yaml.safe_load(source.read_text())["endpoints"]
    (tmp_path / "endpoints.yaml").write_text(yaml.safe_dump({"endpoints": {wanted: endpoints[wanted]}}))
    (tmp_path / "demo.yaml").write_bytes(source.read_bytes())
    (loaded,) = load(tmp_path).sets
    assert loaded.name == "demo"
    assert len({probe.content_hash for probe in loaded.probes}) == len(loaded.probes)


def test_the_comments_count_right():
    for name in ("probes.yaml", "scripted.yaml"):
        source = Path(run.__file__).with_name(name).read_text()
        asks = sum(probe.get("samples", 1) for probe in yaml.safe_load(source)["probes"])
        assert f"{asks} asks" in source


@pytest.mark.parametrize("before", [None, "example.com"])
def test_no_proxy_stands_between_the_demo_and_its_server(monkeypatch, before):
    from prober.lab.demo.worlds import no_proxy_to_this_machine

    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    if before:
        monkeypatch.setenv("no_proxy", before)
    with no_proxy_to_this_machine():
        assert os.environ["no_proxy"] == (f"{before},127.0.0.1" if before else "127.0.0.1")
    assert os.environ.get("no_proxy") == before


def test_brackets_in_a_reply_are_no_markup(monkeypatch):
    monkeypatch.setattr(run, "plain_text", lambda notice: "reference | [bold]Tea[/bold] [/nonsense]")
    output = io.StringIO()
    assert run.TerminalAlerter(Console(file=output)).send(None).sent
    assert "[bold]Tea[/bold] [/nonsense]" in output.getvalue()


@pytest.mark.slow
def test_the_page_is_ended_with_the_block(monkeypatch, tmp_path):
    """A stand-in for the dashboard; the real one has tests of its own."""
    listen = "import http.server, os, sys; print(os.environ['PROBER_DATABASE_URL'], flush=True); "
    listen += (
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()"
    )
    monkeypatch.setattr(run, "serve_command", lambda port: [sys.executable, "-c", listen, str(port)])
    port = run.free_port()
    with run.page(port, "sqlite:///some.db", tmp_path / "page.log") as child:
        assert not run.is_free(port)
        assert child.poll() is None
    assert child.poll() is not None
    assert (tmp_path / "page.log").read_text().startswith("sqlite:///some.db")


def test_a_taken_port_is_left_alone(monkeypatch):
    monkeypatch.setattr(run, "is_free", lambda port: True)
    assert run.page_port() == 8501
    monkeypatch.setattr(run, "is_free", lambda port: False)
    assert run.page_port() != 8501


@pytest.mark.model
def test_the_real_model_is_caught_changing(tmp_path):
    output = io.StringIO()
    assert run_demo(scripted=False, dashboard=False, console=Console(file=output, width=120)) == 0, output.getvalue()
    shown = output.getvalue()
    assert "No real model" not in shown
    assert "Caught in round" in shown
    assert "smollm2-135m-instruct" in shown
    with stored(tmp_path) as store:
        (endpoint,) = store.query(overview.endpoints)
    assert endpoint.failed_asks == 0
