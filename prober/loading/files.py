"""Which files are meant by the paths a user names, and what is in them or keeps them from being read."""

from __future__ import annotations

import codecs
import difflib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import yaml

from prober.loading.lines import CURLY, Document, TooMuch, document, unreadable
from prober.model.errors import LogError, Problem
from prober.text import short

MAX_BYTES = 1_000_000
TEXTS = (".txt", ".md", ".csv", ".vars.yaml", ".vars.yml")
"""Ends of the names of files that probe sets may name."""
_NAMED = re.compile(r"""(?:\bfile://|\brunbook["']?[ \t]*:[ \t]*["']?(?!https?://))([^\s"',}\]#][^"'\n,}\]#]{0,300})""")
_SUFFIXES = (".yaml", ".yml")
_SYNTAX: tuple[tuple[str, str], ...] = (
    (r"found character '\\t'", "a tab where YAML needs spaces; indent with spaces"),
    (r"found character '(.)' that cannot start", r"a text may not begin with \1; put it in quotes"),
    (r"expected alphabetic or numeric character", "a text that begins with * or & needs quotes; put it in quotes"),
    (r"found undefined alias '(.*)'", r"the alias *\1 is defined nowhere; put the text in quotes if no alias is meant"),
    (r"found unexpected end of stream", "a quote is opened here and never closed; close it"),
    (r"could not find expected ':'", "a field name without a colon, or a text over several lines; write name: value"),
    (r"mapping values are not allowed here", 'a second ": " on one line; put a text that holds ": " in quotes'),
    (r"expected <block end>", "the indentation does not fit the lines above; align it with its neighbours"),
    (
        r"expected ',' or '\]'",
        "a list is opened with [ and not closed; close it with ], or put the texts inside in quotes",
    ),
    (r"expected ',' or '\}'", "opened with { and not closed; close it with }, or put the texts inside in quotes"),
    (r"but found another document", "a second document begins; write it into a file of its own"),
    (r"incompatible YAML document|expected a digit|duplicate YAML", "a %YAML line that is not read; remove it"),
    (r"found undefined tag handle '(.*)'", r"the tag \1… is not known; remove it, or put the text in quotes"),
    (r"found duplicate anchor", "an anchor (&name) is defined twice; rename one"),
    (r"special characters are not allowed", "a control character; remove it, or save the file as plain text"),
    (r"unknown escape character '(.)'", r"\\\1 is not an escape inside double quotes; use single quotes, or \\\\"),
)
_OPENED_AT = re.compile(r"unexpected end of stream|expected ',' or ")
"""Faults best seen where the thing was opened, not where the reader gave up."""


_CONFLICT = re.compile(r"<{7} |>{7} ")
_LINES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("(^|[:,{\\[-])\\s*[\u201c-\u201f\u00ab]"), CURLY),
    (
        re.compile(r"^[ \t]*[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]"),
        "begins with blanks that YAML does not take for such, as web pages have them; indent with plain spaces",
    ),
    (
        re.compile(r"^\s*(\{%|\{\{)"),
        "{{ or {% of a template of another program; let that program fill the file in first, or put the text in quotes",
    ),
    (
        re.compile(r":\s+(\{[^{}]*\}|\{\{[^{}]*\}\}|\[[^\[\]]*\])\s*[^\s,\]}#]"),
        "a text that begins with { or [ needs quotes; put it in quotes",
    ),
    (
        re.compile(r":\s+('[^']*'\s*[^\s,\]}#:']|\"[^\"]*\"\s*[^\s,\]}#:\"])"),
        "the quotes are closed within the text; write '' for each ' inside '…', or \\\" for each \" inside \"…\"",
    ),
)
"""How a line looks in which the reader gave up → what is wrong with it, where it says more than the reader."""


def holds_endpoints(path: Path) -> bool:
    """Whether a file declares endpoints, by its name, as for alerts."""
    return _kind(path) == "endpoints"


def holds_alerts(path: Path) -> bool:
    """Whether a file says who is notified of what."""
    return _kind(path) == "alerts"


def holds_budgets(path: Path) -> bool:
    """Whether a file says what owners, and everything, may cost."""
    return _kind(path) == "budgets"


def holds_samples(path: Path) -> bool:
    """Whether a file says what of live samples is kept."""
    return _kind(path) == "samples"


def holds_sets(path: Path) -> bool:
    """Whether a file declares a probe set: any other."""
    return _kind(path) not in {"endpoints", "alerts", "budgets", "samples"}


def _kind(path: Path) -> str:
    return path.name.lower().removesuffix(path.suffix.lower()).split(".")[-1]


def find(paths: Sequence[str | Path], problems: list[Problem]) -> list[Path]:
    """All files of folders, hidden ones left out, and single files with endpoints and alerts beside them; each once."""
    found: dict[str, Path] = {}
    for path in map(Path, paths):
        try:
            for file in _files_of(path, problems):
                found.setdefault(os.path.realpath(file), file)
        except OSError as error:
            message = f"cannot be read ({error.strerror}); check that it exists and may be read"
            problems.append(Problem(path.as_posix(), 0, "", message))
    if not paths:
        problems.append(Problem("", 0, "", "no path is named; name the folder of your probe files, such as probes/"))
    return sorted(found.values())


def find_texts(paths: Sequence[str | Path]) -> list[Path]:
    """All files in which probe sets under these paths may have texts and values; to see whether one changed."""
    below: list[Path] = []
    for folder in sorted({path if path.is_dir() else path.parent for path in map(Path, paths)}):
        with suppress(OSError):  # of a folder that goes while it is looked through
            below += _not_hidden(folder, [file for file in folder.rglob("*") if file.name.lower().endswith(TEXTS)])
    return below


def find_named(files: Sequence[Path]) -> list[Path]:
    """What these files name as a text, as values or as a runbook, wherever it is, and whether or not it is there."""
    named: list[Path] = []
    for file in files:
        if file.is_file():
            with suppress(OSError), file.open("rb") as opened:
                text = opened.read(MAX_BYTES).decode("utf-8", errors="replace")
                named += [file.parent / name.strip() for name in _NAMED.findall(text) if "\0" not in name]
    return named


def read(path: Path) -> Document:
    """Read one file. Bad files are not raised but returned, so that one call can report all files."""
    shown = path.as_posix()
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            message = "a folder with the name of a file; remove it (to mount a file that does not exist makes one)"
            return unreadable(shown, 0, message)
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            return unreadable(shown, 0, "neither a file nor a folder; remove it, or put a file there")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return unreadable(shown, 0, f"cannot be read ({error.strerror}); check that it exists and may be read")
    if len(content) > MAX_BYTES:
        return unreadable(shown, 0, f"larger than {MAX_BYTES // 1_000_000} MB; split it into several files")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return unreadable(shown, line, "not UTF-8 text; save the file as UTF-8")
    try:
        return document(shown, text)
    except yaml.YAMLError as error:
        line, message = explained(text, error)
        return unreadable(shown, line, message)
    except RecursionError:
        return unreadable(shown, 0, "nested far too deeply; nest it less")
    except TooMuch as error:
        return unreadable(shown, error.line, error.message)


def _beside(path: Path) -> str | None:
    """What is beside a path that does not exist and has almost its name: a folder, or a YAML file."""
    with suppress(OSError):
        there = [one.name for one in path.parent.iterdir() if one.is_dir() or one.suffix in _SUFFIXES]
        if near := difflib.get_close_matches(path.name, there, n=1, cutoff=0.75):
            return (path.parent / near[0]).as_posix()
    return None


def _files_of(path: Path, problems: list[Problem]) -> list[Path]:
    if path.is_dir():
        files = _yaml_below(path)
        if not any(holds_sets(file) for file in files):
            message = "holds no probe set; write one, such as canary.yaml, or name another folder"
            problems.append(Problem(path.as_posix(), 0, "", message))
        return files
    if path.is_file():
        return [path, *(file for file in _yaml_in(path.parent) if not holds_sets(file))]
    shown = path.as_posix()
    if path.exists():
        problems.append(Problem(shown, 0, "", "neither a file nor a folder; name the folder of your probe files"))
        return []
    if near := _beside(path):
        problems.append(Problem(shown, 0, "", f"no such file or folder; did you mean {near}?"))
        return []
    if path.suffix:  # no name for a folder
        shown = path.parent.as_posix()
    message = f"no such file or folder; name the folder of your probe files, or let `prober init {shown}` write some"
    shown = path.as_posix()
    problems.append(Problem(shown, 0, "", message))
    return []


def _yaml_below(folder: Path) -> list[Path]:
    return _not_hidden(folder, [path for path in folder.rglob("*") if _is_declaring(path)])


def _not_hidden(folder: Path, files: Sequence[Path]) -> list[Path]:
    """Those that are not below a hidden folder within this one, which may be hidden itself."""
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _yaml_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _is_declaring(path)]


def _is_declaring(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and _kind(path) != "vars"


def explained(text: str, error: yaml.YAMLError) -> tuple[int, str]:
    """(line, message) of a YAML error, in words that name the fix."""
    if isinstance(error, yaml.MarkedYAMLError):
        fault = error.problem or error.context or ""
        mark = error.problem_mark or error.context_mark
        if _OPENED_AT.search(fault) and error.context_mark is not None:
            mark = error.context_mark
        line = mark.line + 1 if mark is not None else 0
    elif isinstance(error, yaml.reader.ReaderError):
        fault, line = error.reason, text.count("\n", 0, error.position) + 1
    else:
        fault, line = str(error), 0
    lines = text.splitlines()
    if conflict := next((number for number, one in enumerate(lines, start=1) if _CONFLICT.match(one)), None):
        return (
            conflict,
            "a merge conflict of git; keep one side, and remove the lines <<<<<<<, =======, >>>>>>>",
        )
    for looks, explained in _LINES if 0 < line <= len(lines) else ():
        if looks.search(lines[line - 1]):
            return line, explained
    for pattern, words in _SYNTAX:
        if match := re.search(pattern, fault):
            said = match.expand(words)
            return line, said.replace(match[1], short(match[1])) if match.lastindex else said
    return line, f"not valid YAML ({short(fault)}); check the indentation and quotes around this line"


_NO_JSON: Final = (
    (rb"PAR1", "a Parquet file; write it as JSON Lines, with pandas: to_json(PATH, orient='records', lines=True)"),
    (rb"\x28\xb5\x2f\xfd", "packed by zstd; unpack it with unzstd, or pack it with gzip"),
    (rb"BZh|\xfd7zXZ|7z\xbc\xaf", "packed; unpack it, or pack it with gzip"),
    (rb"SQLite format 3", "a database; write its replies as a log with: prober export"),
    (rb"version https://git-lfs", "a Git LFS pointer in place of the file; fetch the file with: git lfs pull"),
    (
        rb"(?i)\s*<(!doctype html|html)",
        "a web page, perhaps one to sign in, or a report; download the file itself; in place of a report of "
        "promptfoo's, write JSON, with: promptfoo eval --output results.json",
    ),
    (rb"(<\?xml[^>]*>)?\s*<promptfoo", "XML of promptfoo's; write JSON, with: promptfoo eval --output results.json"),
    (rb"\s*<", "XML; write it as JSON"),
    (rb"\s*#", "text that begins with a comment; leave the comment out"),
    (rb"(?i)sep=.\s*$", "a table that begins with a line for a spreadsheet; leave that line out"),
    (rb"[A-Za-z]\w*:( |$)", "YAML or plain text; write it as JSON"),
)
"""How files begin that are neither JSON nor a table we read → what they are, and what to do."""


_COLUMNS: Final = frozenset({"round", "endpoint", "probe"})
"""Columns of our own that a table must have."""


def why_not_json(line: bytes, number: int, error: Exception) -> str:
    """Why a line of JSON Lines cannot be read, and what to do. `number`: which of the file."""
    for beginning, what in _NO_JSON if number == 1 else ():
        if re.match(beginning, line.removeprefix(codecs.BOM_UTF8)):
            return f"not JSON: it is {what}"
    columns = {name.strip(' "') for name in line[:1000].decode(errors="replace").lower().strip().split(",")}
    if number == 1 and len(columns & _COLUMNS) > 1 and not line.lstrip().startswith((b"{", b"[")):
        lacks = (
            f"has no column {', '.join(sorted(_COLUMNS - columns))}" if _COLUMNS - columns else "is not in lower case"
        )
        return f"a table whose first line {lacks}; write round,endpoint,probe,text there"
    if number == 1 and (names := _columns(line)):
        return (
            f"a table with the columns {names_of(names)}; a table of replies has round,endpoint,probe,text, separated "
            "by commas, semicolons or tabs; `prober import --help` names the tools whose files are read"
        )
    if b"\0" in line[:1000]:
        return "not JSON: it holds NUL bytes, so it is no text; save the file as UTF-8, one JSON object a line"
    if isinstance(error, UnicodeDecodeError):
        byte, column = error.object[error.start : error.start + 1].hex(), error.start + 1
        fix = "save the file as UTF-8, as with: iconv -f LATIN1 -t UTF-8"
        return f"not UTF-8 text: byte 0x{byte} in column {column}; {fix}"
    if isinstance(error, json.JSONDecodeError) and line.rstrip().endswith(b"},"):
        return "a comma behind the JSON object; leave it out: every line is one JSON object"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON ({error.msg}); every line is one JSON object"
    reason = "nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
    return f"not JSON ({reason}); every line is one JSON object"


def _columns(line: bytes) -> list[str]:
    """The names in a line that may be the first of a table; else none."""
    text = line.removeprefix(codecs.BOM_UTF8)[:4000].decode(errors="replace").strip()
    if text[:1] in ("{", "[") or (not text.isprintable() and "\t" not in text):
        return []
    between = max(",;\t|", key=text.count)
    names = [name.strip(' "') for name in text.split(between)]
    return names if len(names) > 1 and all(len(name) <= _LONGEST_NAME for name in names) and any(names) else []


_LONGEST_NAME: Final = 60
"""Characters of the name of a column; longer ones are prose."""
_MOST_NAMES: Final = 8


def names_of(names: Iterable[str]) -> str:
    """Names that a file holds, for an error: the first few of them."""
    found = [name for name in names if name]
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return ", ".join(short(name) for name in found[:_MOST_NAMES]) + more


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Write here, and it takes the name of `path` when it is whole. Raises LogError where it cannot be written."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.touch(mode=0o600)  # prompts and replies are their owner's
        yield draft
        draft.replace(path)
    except OSError as error:
        message = f"cannot be written ({error.strerror}); choose another place"
        raise LogError([Problem(str(path), 0, "", message)]) from error
    finally:
        draft.unlink(missing_ok=True)
