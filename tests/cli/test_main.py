"""Errors become exit codes and one clear line; help comes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prober import cli
from prober.cli import output
from prober.model.errors import ClaimLost, ConfigurationError, LogError, NotEnough, Problem, StoreError
from tests.cli.conftest import Run
from tests.cli.world import write_probes

ROOT = Path(cli.__file__).parents[2]


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_is_loaded_by_its_name_and_says_what_it_does(prober: Run, verb: str) -> None:
    done = prober(verb, "--help")
    assert done.code == 0
    assert f"prober {verb}" in done.out
    stem = " ".join(cli.VERBS[verb].split()[:3]).rstrip(".,:;")
    assert stem in " ".join(done.out.split())


def test_help_lists_every_verb(prober: Run) -> None:
    done = prober("--help")
    assert all(f" {verb} " in done.out for verb in cli.VERBS)


HEAVY = {
    "alembic", "apprise", "apscheduler", "botocore", "matplotlib", "opentelemetry", "pyarrow", "scipy", "starlette",
    "streamlit", "tokenizers", "wordllama", "prober.daemon", "prober.lab", "prober.fingerprint.fingerprint",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], {"numpy", "scipy", "sqlmodel", "httpx", "streamlit", "slack_sdk", "pydantic"}),
        (["dashboard", "--help"], {"numpy", "sqlmodel", "httpx", "streamlit", "slack_sdk", "prober.loading"}),
        (["validate", "probes"], HEAVY | {"sqlalchemy", "prober.store"}),
        (["status", "--help"], HEAVY),
        (["mark", "--help"], HEAVY),
        (["incidents", "--help"], HEAVY),
    ],
)
def test_nobody_waits_for_what_is_not_needed(arguments: list[str], heavy: set[str]) -> None:
    script = (
        f"import sys; from prober.cli import main; main({arguments}); found = {heavy} & set(sys.modules); "
        "sys.exit(str(found) if found else 0)"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("arguments", [["validte"], ["status", "--nonsense"], ["replay"], ["incidents", "show"]])
def test_wrong_usage_is_2(prober: Run, arguments: list[str]) -> None:
    done = prober(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage:" in done.err


@pytest.mark.parametrize(
    ("arguments", "said", "unsaid"),
    [
        ("stauts", "Did you mean 'status'?", ""),
        ("daemon probes", "Did you mean 'run'?", "'demo'"),
        ("start", "Did you mean 'run'?", "'status'"),
        ("check probes", "Did you mean 'validate'?", ""),
        ("ls", "Did you mean 'status'?", ""),
        ("incidents ls", "Did you mean 'list'?", ""),
        ("incidents ack 1", "Did you mean 'acknowledge'?", ""),
        ("db migrate", "Did you mean 'upgrade'?", ""),
        ("help status", "Write prober --help", ""),
        ("status --jsn", "Possible options: --json", ""),
        ("once --only bot", "No such option: --only", "--json"),
        ("report --since 3d", "No such option: --since", "--json"),
        ("incidents show latest", '"latest" is not the number of an incident; `prober incidents list` shows them', ""),
        ("incidents mute 1 --for 2hours", "write 2h", ""),
        ("db prune --older-than fortnightly", "write 14d", ""),
        ("import a --from promptfo", 'did you mean "promptfoo"?', ""),
    ],
)
def test_wrong_usage_names_what_is_right(prober: Run, arguments: str, said: str, unsaid: str) -> None:
    done = prober(*arguments.split())
    words = " ".join(part.strip("│╭╰─╮╯ ") for part in done.err.splitlines())
    assert done.code == 2
    assert said in words, words
    assert not unsaid or unsaid not in words


def test_a_path_that_is_misspelt_is_named(prober: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_probes(tmp_path)
    for wrong, right in (
        ("prob", "probes"),
        ("probes/canry.yaml", "probes/canary.yaml"),
        ("probes/canary.yml", "probes/canary.yaml"),
    ):
        assert f"did you mean {right}?" in prober("validate", wrong).err
        assert prober("validate", right).code == 0
    assert "or let `prober init others` write some" in prober("validate", "others/safety.yaml").err


def test_a_setting_that_cannot_be_read_says_what_is(prober: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBER_LOG", "secret-word")
    done = prober("status")
    assert "PROBER_LOG ('text' or 'json' is read)" in done.err and "secret-word" not in done.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigurationError([Problem("a.yaml", 3, "x", "why"), Problem("b.yaml", 0, "", "how")]), 2,
         "a.yaml:3: x: why\nb.yaml: how\n"),
        (LogError("broken"), 2, "broken\n"),
        (StoreError("locked"), 2, "locked\n"),
        (ClaimLost("gone"), 2, "gone\n"),
        (NotEnough("too little"), 3, "too little\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
        (PermissionError(13, "Permission denied", "x.db"), 2, "x.db: Permission denied\n"),
        (ZeroDivisionError("by \x1b[31mzero"), 2,
         "this is a bug: ZeroDivisionError: by \\x1b[31mzero; run with PROBER_DEBUG=1 for the traceback\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)  # fmt: skip
def test_what_verbs_raise_becomes_an_exit_code(
    prober: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("prober.cli.status.open_store", fail)
    done = prober("status")
    assert (done.code, done.out, done.err) == (code, "", said)


def test_debug_shows_the_traceback(
    home: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("prober.cli.status.open_store", fail)
    monkeypatch.setenv("PROBER_DEBUG", "1")
    assert cli.main(["status"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_version_is_said(prober: Run) -> None:
    done = prober("--version")
    assert done.code == 0
    assert done.out.startswith("canary-prober")


def test_json_has_no_number_that_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": ("\ud800", None, True)})
    assert capsys.readouterr().out == '{"a": null, "b": [null, 1.5], "c": ["\\ud800", null, true]}\n'


def test_hostile_text_is_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("[red]x[/red] \x1b[2J \x00 \u202e")
    output.table(["a"], [["two\nlines [bold]"]])
    out = capsys.readouterr().out
    assert "[red]x[/red] \\x1b[2J \\x00 \\u202e" in out
    assert "two\\nlines [bold]" in out


def test_a_huge_line_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("x" * 1_000_000)
    assert len(capsys.readouterr().out) == output.LONGEST_LINE + 1
