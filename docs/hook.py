"""What mkdocs does not do by itself: the navigation is the list in `index.md`, and files of the project outside `docs/`
that a page links to are part of the site, so that no link leads nowhere."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PROJECT = "project/"
"""Where in the site files from outside `docs/` are."""
_LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)#\s]+)(?=[)#])")
_BLOCK = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", flags=re.M | re.S)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Sections of `index.md` become sections of the navigation, and its links their pages."""
    config.nav = [{"Home": "index.md"}]
    for section in re.split(r"^## ", (DOCS / "index.md").read_text(encoding="utf-8"), flags=re.M)[1:]:
        title, body = section.split("\n", 1)
        links = re.findall(r"\[([^]]+)\]\(([^)#]+)\)", body)
        config.nav.append({title: [{" ".join(name.split()): _uri(DOCS / link)} for name, link in links]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Whatever is linked from a page, or from a page that is part of the site because it is linked."""
    todo = sorted(DOCS.rglob("*.md"))
    seen = set(todo)
    while todo:
        for target in _targets(todo.pop()):
            if target not in seen and target.is_file() and DOCS not in target.parents:
                seen.add(target)
                files.append(File.generated(config, _uri(target), abs_src_path=str(target)))
                todo += [target] if target.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as they are in the site."""
    del config, files
    source = Path(page.file.abs_src_path or "")
    here = posixpath.dirname(page.file.src_uri)

    def moved(found: re.Match[str]) -> str:
        return posixpath.relpath(_uri((source.parent / found[1]).resolve()), here or ".")

    return _LINK.sub(moved, markdown)


def _targets(page: Path) -> Iterator[Path]:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return ((page.parent / link).resolve() for link in _LINK.findall(text))


def _uri(path: Path) -> str:
    """Of a file, in the site."""
    path = path.resolve()
    if DOCS in path.parents:
        return path.relative_to(DOCS).as_posix()
    return PROJECT + path.relative_to(ROOT).as_posix() if ROOT in path.parents else path.as_posix()
