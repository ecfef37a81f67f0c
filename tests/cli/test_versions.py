"""`prober versions` and `prober mark`: the team's own edits and deploys, and how to go back."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.world import write_probes


def edit(home: Path, prompt: str) -> None:
    path = home / "probes" / "canary.yaml"
    content = json.loads(path.read_text())
    content["probes"][0]["prompt"] = prompt
    path.write_text(json.dumps(content))


@pytest.fixture
def edited(prober: Run, home: Path) -> Path:
    """A probe that was edited and edited back, asked once each time."""
    write_probes(home)
    for prompt in ("Name one colour.", "Name two colours.", "Name one colour."):
        edit(home, prompt)
        prober("once")
    return home


def test_every_edit_is_a_version_and_going_back_is_one_too(prober: Run, edited: Path) -> None:
    found = prober("versions", "--json").json["versions"]
    prompts = [one for one in found if one["kind"] == "prompt"]
    assert [(one["name"], one["number"]) for one in prompts] == [("canary/colour", n) for n in (1, 2, 3)]
    assert prompts[0]["digest"] == prompts[2]["digest"] != prompts[1]["digest"]
    assert [(one["name"], one["number"]) for one in found if one["kind"] == "endpoint"] == [("bot", 1)]
    prober("once")
    assert len(prober("versions", "--json").json["versions"]) == len(found), "nothing was edited"
    assert "-prompt: Name one colour." in prober("versions", "canary/colour", "--diff", 1, 2).out
    assert "prompt: Name two colours." in prober("versions", "canary/colour", "--print", 2).out


@pytest.mark.slow
def test_marks_name_the_way_back(prober: Run, edited: Path) -> None:
    assert prober("mark", "known-good", "--what", "canary/colour", "--ref", "v2", "--by", "ada").code == 0
    assert prober("mark", "deploy", "--what", "shop", "--ref", "abc123", "--note", "new cart", "--by", "ada").code == 0
    said = prober("versions").out
    assert "canary/colour (prompt), version 3 is current" in said
    assert "to go back: prober versions canary/colour --print 2" in said
    assert "deploy shop abc123, by ada: new cart" in said


@pytest.mark.slow
def test_the_commit_and_its_author_are_kept(prober: Run, home: Path) -> None:
    write_probes(home)
    git = ["git", "-C", str(home), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "-q"], ["add", "probes"], ["commit", "-qm", "probes"]):
        subprocess.run([*git, *arguments], check=True)
    prober("once")
    edit(home, "Name two colours.")
    prober("once")
    first, second = prober("versions", "canary/colour", "--json").json["versions"]
    assert (first["author"], second["author"]) == ("Ada", "Ada")
    assert second["commit"] == first["commit"] + "+", "the second was not committed"


@pytest.mark.slow
def test_wrong_usage_is_2(prober: Run, edited: Path) -> None:
    wrong: list[tuple[tuple[object, ...], str]] = [
        (("versions", "canary/color"), "did you mean"),
        (("versions", "canary/colour", "--print", 9), "there are 1 to 3"),
        (("versions", "--print", 1), "need a NAME"),
        (("mark", "good", "--what", "x"), "write deploy or known-good"),
        (("mark", "known-good", "--what", "nothing"), "there is no version of"),
        (("mark", "deploy", "--what", "shop"), "ref is missing"),
        (("mark", "deploy", "--what", " \n", "--ref", "a"), "what is empty"),
        (("mark", "deploy", "--what", "shop", "--ref", "a" * 201), "ref has 201 characters; write at most 200"),
        (("mark", "deploy", "--what", "shop", "--ref", "a", "--note", "a" * 9000), "note has 9,000 characters"),
        (("mark", "known-good", "--what", "canary/colour", "--ref", "v99"), "there is no version v99 of"),
    ]
    for arguments, said in wrong:
        done = prober(*arguments)
        assert done.code == 2 and said in done.err, arguments
