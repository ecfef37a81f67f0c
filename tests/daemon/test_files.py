"""Files that change under a running daemon: taken up when good; when broken, told loudly and left out."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta

import pytest

from prober.daemon.files import MOST_SETTLING, SETTLES, Files
from prober.model.errors import ConfigurationError
from tests.daemon.world import HOUR, NOON, write_set

BROKEN = "name: canary\nowner: us\nprobs: []\n"


@pytest.fixture
def watched(files):
    """The files, read once."""
    opened = Files([files])
    opened.load()
    return opened


def told(caplog):
    """(level, text) of what was logged since the last call."""
    said = [(record.levelno, record.getMessage()) for record in caplog.records]
    caplog.clear()
    return said


def test_nothing_changed_is_nothing_to_do(watched, caplog):
    assert watched.reload(NOON) is None
    assert told(caplog) == []


def test_a_changed_file_is_read_again_once(watched, files, caplog):
    write_set(files, samples=7)
    assert watched.reload(NOON).sets[0].probes[0].samples == 7
    assert watched.reload(NOON) is None
    ((level, text),) = told(caplog)
    assert (level, text) == (logging.WARNING, "the probe files are in use as they are now: 1 probe set, 2 endpoints")


@pytest.mark.parametrize("change", ["add", "remove", "replace", "same size"])
def test_every_kind_of_change_is_seen(files, change):
    write_set(files, "second")
    watched = Files([files])
    watched.load()
    if change == "add":
        write_set(files, "third")
    elif change == "remove":
        (files / "second.yaml").unlink()
    elif change == "replace":  # as editors and git do, and here even with the old time stamp
        before = (files / "second.yaml").stat()
        write_set(files / "beside", "second")
        os.utime(files / "beside" / "second.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
        (files / "beside" / "second.yaml").replace(files / "second.yaml")
        (files / "beside" / "endpoints.yaml").unlink()
    else:
        text = (files / "second.yaml").read_text()
        (files / "second.yaml").write_text(text.replace("owner: us", "owner: me"))
        os.utime(files / "second.yaml", (1, 1))
    declarations = watched.reload(NOON)
    assert len(declarations.sets) == {"add": 3, "remove": 1}.get(change, 2)


VALUES = {".csv": "city\nRome\n", "ml": "- {city: Rome}\n"}


@pytest.mark.parametrize("change", ["edit", "remove"])
@pytest.mark.parametrize("folder", ["probes", ".hidden/probes"])
@pytest.mark.parametrize(
    ("field", "name"),
    [
        *[("prompt", name) for name in ("a.txt", "A.MD", "sub/a.txt", ".hidden/a.txt", "with a blank.txt")],
        *[("vars", name) for name in ("a.csv", "A.CSV", "a.vars.yaml", "a.vars.yml", "sub/a.csv", ".hidden/a.vars.yaml")],
        *[("runbook", name) for name in ("r.md", "r.rst", "r.html", "RUNBOOK", "../r.md", "sub/r.pdf", ".hidden/r", "a b.md")],
    ],
)  # fmt: skip
def test_a_file_that_is_named_is_watched_wherever_it_is(tmp_path, folder, field, name, change):
    folder = tmp_path / folder
    folder.mkdir(parents=True)
    write_set(folder)
    (folder / "canary.yaml").unlink()
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        next((text for end, text in VALUES.items() if field == "vars" and name.lower().endswith(end)), "Hi\n")
    )
    prompt = (
        f"prompt: 'file://{name}'"
        if field == "prompt"
        else "prompt: 'Hi {{city}}', vars: " + (f"file://{name}" if field == "vars" else "{city: Rome}")
    )
    runbook = f"runbook: {name}  # what to do\n" if field == "runbook" else ""
    (folder / "set.yaml").write_text(
        f"owner: us\nendpoints: [parrot]\nschedule: {{every: 6h}}\n{runbook}probes:\n  - {{id: a, {prompt}}}\n"
    )
    watched = Files([folder])
    watched.load()
    assert watched.reload(NOON) is None and watched.problems == ()
    if change == "edit":
        file.write_text(file.read_text().replace("Rome", "Paris").replace("Hi", "Hello"))
        assert watched.reload(NOON) is not None
    else:
        file.unlink()
        assert watched.reload(NOON) is None and len(watched.problems) >= 1
        file.write_text(VALUES["ml"] if "vars" in name else VALUES[".csv"])
        assert watched.reload(NOON) is not None and watched.problems == ()


def test_a_broken_file_is_reported_with_every_problem_and_reminded_of_each_hour(watched, files, caplog):
    (files / "canary.yaml").write_text(BROKEN)
    assert watched.reload(NOON) is None
    ((level, first),) = told(caplog)
    assert level == logging.ERROR
    assert "now BROKEN" in first and "stay in use" in first
    assert first.count("canary.yaml:") >= 3
    assert 'canary.yaml:3: unknown field "probs"; did you mean "probes"?' in first
    for minute in range(1, 60):
        assert watched.reload(NOON + timedelta(minutes=minute)) is None
    assert told(caplog) == []
    watched.reload(NOON + HOUR)
    assert told(caplog) == [(logging.ERROR, first.replace("now BROKEN", "still BROKEN"))]
    watched.reload(NOON + 1.5 * HOUR)
    assert told(caplog) == []


def test_broken_in_another_way_is_reported_at_once(watched, files, caplog):
    (files / "canary.yaml").write_text(BROKEN)
    watched.reload(NOON)
    (files / "canary.yaml").write_text("name: [")
    watched.reload(NOON)
    first, second = told(caplog)
    assert first != second
    assert "now BROKEN" in second[1]


def test_fixed_is_reported_and_no_longer_reminded_of(watched, files, caplog):
    (files / "canary.yaml").write_text(BROKEN)
    watched.reload(NOON)
    caplog.clear()
    write_set(files, samples=2)
    assert watched.reload(NOON).sets[0].probes[0].samples == 2
    ((level, text),) = told(caplog)
    assert level == logging.WARNING
    assert "are fixed and in use again" in text
    assert watched.reload(NOON + 2 * HOUR) is None
    assert told(caplog) == []


def test_fixed_as_it_was_is_in_force_too(watched, files, caplog):
    good = (files / "canary.yaml").read_text()
    (files / "canary.yaml").write_text(BROKEN)
    watched.reload(NOON)
    (files / "canary.yaml").write_text(good)
    assert watched.reload(NOON) is not None
    assert "fixed" in told(caplog)[-1][1]


def test_on_demand_they_are_read_though_nothing_changed(watched):
    assert watched.reload(NOON, unchanged_too=True) is not None


def test_a_folder_that_is_gone_is_a_broken_one(watched, files, caplog):
    files.rename(files.with_name("elsewhere"))
    assert watched.reload(NOON) is None
    assert "no such file or folder" in told(caplog)[0][1]
    assert watched.reload(NOON) is None
    assert told(caplog) == []
    files.with_name("elsewhere").rename(files)
    assert watched.reload(NOON) is not None


def test_a_secret_in_a_broken_file_is_not_repeated(watched, files, caplog):
    secret = "sk-" + "a1B2" * 12
    with (files / "canary.yaml").open("a") as file:
        file.write(f"api_key: {secret}\n")
    assert watched.reload(NOON) is None
    assert told(caplog)
    assert secret not in caplog.text


def test_at_the_start_broken_files_are_an_error(files):
    (files / "canary.yaml").write_text(BROKEN)
    with pytest.raises(ConfigurationError, match="did you mean"):
        Files([files]).load()


WHOLE = """name: canary
owner: us
endpoints: [parrot]
schedule: {every: 6h}
probes:
  - {id: a, prompt: Pick a.}
  - {id: b, prompt: Pick b.}
"""


def test_half_a_file_is_not_read_however_right_it_is(watched, files, caplog):
    path = next(file for file in files.iterdir() if file.name not in ("endpoints.yaml", "alerts.yaml"))
    path.write_text(WHOLE[: WHOLE.index("  - {id: b")])
    now = datetime.now(UTC)
    assert watched.reload(now) is None and told(caplog) == []
    path.write_text(WHOLE)
    assert watched.reload(now) is None and told(caplog) == []
    taken = watched.reload(now + 2 * SETTLES)
    assert [probe.id for probe in taken.sets[0].probes] == ["a", "b"]
    assert len(told(caplog)) == 1


def test_a_file_that_is_gone_for_a_moment_is_not_missed(watched, files, caplog):
    path = next(file for file in files.iterdir() if file.name not in ("endpoints.yaml", "alerts.yaml"))
    kept = path.read_bytes()
    path.unlink()
    assert watched.reload(datetime.now(UTC)) is None and told(caplog) == []
    path.write_bytes(kept)
    assert len(watched.reload(datetime.now(UTC) + 2 * SETTLES).sets) == 1


def test_files_that_are_written_all_the_time_are_read_in_the_end_and_at_once_on_demand(watched, files, monkeypatch):
    monkeypatch.setattr("prober.daemon.files.SETTLES", 10 * MOST_SETTLING)
    write_set(files, samples=7)
    now = datetime.now(UTC)
    assert watched.reload(now) is None
    assert watched.reload(now + MOST_SETTLING / 2) is None
    assert watched.reload(now + MOST_SETTLING).sets[0].probes[0].samples == 7
    write_set(files, samples=8)
    assert watched.reload(now + MOST_SETTLING, unchanged_too=True).sets[0].probes[0].samples == 8


def test_a_folder_in_place_of_a_file_is_a_broken_file(watched, files, caplog):
    path = next(file for file in files.iterdir() if file.name not in ("endpoints.yaml", "alerts.yaml"))
    path.unlink()
    path.mkdir()
    assert watched.reload(NOON) is None
    ((level, text),) = told(caplog)
    assert level == logging.ERROR and "a folder with the name of a file" in text
