"""A YAML file as plain JSON values, with the line of every field, and without YAML's surprises."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from pydantic import JsonValue
from yaml.composer import Composer

from prober.loading.foreign import OFF, ON
from prober.model.errors import Problem
from prober.text import LEAKED, leaks, one_line, short

Where: TypeAlias = tuple[str | int, ...]
"""Keys and 0-based indexes from the top of a file down to one value."""

MAX_DEPTH = 40
MAX_WEIGHT = 3_000_000
"""Characters, and thirty-two for each value, once aliases are written out: keeps a small file from growing huge."""

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?[eE][+-]?[0-9]{1,4}")
_CURLY = re.compile("[\u2018-\u201f\u00ab\u2039].*[\u2018-\u201f\u00bb\u203a]", re.DOTALL)
_CURLY_END = re.compile("^[\u2018-\u201f\u00ab\u2039]|[\u2018-\u201f\u00bb\u203a]$")
CURLY = "YAML takes curly quotes for a part of the text; write straight quotes (around curly ones that are meant)"
_EXAMPLE = re.compile(r"#\s*example key\s*$")
_FREE = frozenset({"vars", "parameters", "headers", "query"})
"""Fields whose names inside are not ours."""
_NO_TRUTH: tuple[Where, ...] = tuple((name,) for name in (*OFF, *ON))
_PROSE: tuple[Where, ...] = (("prompt",), ("system",), ("content",), ("value",), ("description",))
"""Fields whose texts may hold a #."""
_NO_COMMENT = re.compile(r"#[^\s#!].*")
"""A # with no blank behind it: more often a part of a text than a comment."""
_NO_CHARACTER = re.compile(r"\\U(?!000[0-9a-fA-F]|0010)[0-9a-fA-F]{8}")
"""An escape in double quotes beyond the last character of Unicode."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in one place of a file, before it has a line."""

    where: Where
    message: str
    """What is wrong; what to write."""
    line_of: Where | None = None
    """The place whose line it bears, where that is another than `where`."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read."""

    path: str
    """As the user named it."""
    value: JsonValue = None
    """None where the file could not be read at all; `problems` then says why."""
    lines: Mapping[Where, int] = field(default_factory=dict)
    """The 1-based line of every value: of its key in a mapping, of its dash in a list."""
    problems: tuple[Problem, ...] = ()
    spoiled: frozenset[Where] = frozenset()
    """Places already complained of, whose values are only stand-ins."""
    remarks: tuple[Problem, ...] = ()
    """What is valid, but may be a mistake."""

    def problem(self, finding: Finding) -> Problem:
        """The finding with its line: that of the nearest place above it that the file really has."""
        known = finding.where if finding.line_of is None else finding.line_of
        while known and known not in self.lines:
            known = known[:-1]
        return Problem(self.path, self.lines.get(known, 1), dotted(finding.where), one_line(finding.message))


def dotted(where: Where) -> str:
    """`("probes", 1, "id")` → `probes.1.id`."""
    return ".".join(short(str(step)) for step in where)


def document(shown: str, text: str) -> Document:
    """The text of one file, read. Raises yaml.YAMLError, RecursionError or TooMuch."""
    node = _composed(text)
    if node is None:
        return unreadable(shown, 1, "the file is empty; write a probe set, or delete the file")
    lines = text.split("\n")
    builder = _Builder(lines)
    value = builder.build(node, ())
    bare = Document(shown, lines=builder.lines)
    problems = [bare.problem(finding) for finding in builder.findings]
    # Comments are shared with their file.
    for number, line in enumerate(lines, start=1):
        if leaks(line) and number not in builder.leaking:
            problems.append(Problem(shown, number, "", LEAKED))
    if not isinstance(value, dict):
        problems.append(Problem(shown, 1, "", f"a file holds fields, not {_kind(value)}; write lines such as name: …"))
        value = None
    else:
        # For anchors, and for notes to other programs.
        value = {name: one for name, one in value.items() if not name.startswith("x-")}
    spoiled = frozenset(finding.line_of or finding.where for finding in builder.findings)
    remarks = tuple(bare.problem(finding) for finding in builder.remarks)
    return Document(shown, value, builder.lines, tuple(problems), spoiled, remarks)


def rows_of(shown: str, text: str) -> tuple[JsonValue, tuple[Problem, ...]]:
    """The values of a file that may hold anything, and what is wrong with them. Raises as `document` does."""
    node = _composed(text)
    if node is None:
        return None, ()
    builder = _Builder()
    value = builder.build(node, ())
    bare = Document(shown, lines=builder.lines)
    return value, tuple(bare.problem(finding) for finding in builder.findings)


class _Reader(Composer, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Tokens are read in C; nodes are put together in Python, where nesting too deep is an error and no crash."""

    def __init__(self, text: str) -> None:
        super(Composer, self).__init__(text)
        Composer.__init__(self)


def _composed(text: str) -> yaml.Node | None:
    """The top node; None of an empty file. Raises yaml.YAMLError or RecursionError."""
    if "\t" not in text:  # of which the two readers allow different ones
        try:
            return yaml.compose(text, Loader=_Reader)
        except (yaml.YAMLError, UnicodeError):
            pass  # the reader in Python reports it in the words that are explained
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (ValueError, OverflowError) as error:  # the reader lets numbers pass that Python has no character for
        if (found := _NO_CHARACTER.search(text)) is None:
            raise yaml.YAMLError(str(error)) from None
        line = text.count("\n", 0, found.start()) + 1
        raise TooMuch(line, f"{found[0]} is no character: the last is \\U0010FFFF; write another") from None


def unreadable(shown: str, line: int, message: str) -> Document:
    """A file of which nothing could be read, and why."""
    return Document(shown, problems=(Problem(shown, line, "", one_line(message)),))


class TooMuch(Exception):
    """What a file holds cannot be turned into values: too deep, too many, without end."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Builder:
    """Turns YAML nodes into JSON values, and notes where each one stood."""

    def __init__(self, text: Sequence[str] = ()) -> None:
        """`text`: the lines of the file. Those that end so say that a text of a probe holds an example of a secret."""
        self._text = text
        self._examples = frozenset(number for number, line in enumerate(text) if _EXAMPLE.search(line))
        self.lines: dict[Where, int] = {}
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = []
        self.leaking: set[int] = set()
        """Lines of values that hold secrets, or examples of them."""
        self._weight = 0
        self._inside: set[int] = set()
        """Nodes that are being built: an alias of one of them would never end."""

    def build(self, node: yaml.Node, where: Where) -> JsonValue:
        self._weigh(node, where)
        if id(node) in self._inside:
            raise TooMuch(
                node.start_mark.line + 1,
                "the anchor (&name) here holds an alias (*name) of itself, so it never ends; remove the alias",
            )
        self._inside.add(id(node))
        value = self._built(node, where)
        self._inside.discard(id(node))
        return value

    def _built(self, node: yaml.Node, where: Where) -> JsonValue:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self._item(item, (*where, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            self._look_for_secrets(node, where)
            return self._scalar(node, where)
        return self._refuse_tag(node, where)

    def _refuse_tag(self, node: yaml.Node, where: Where) -> JsonValue:
        stand_in = node.value or "?" if isinstance(node, yaml.ScalarNode) else None
        fix = "remove it"
        if node.tag.lower() in ("!include", "!file", "!inc"):
            fix = "write file:// before the name of a text file, or put the text here"
        elif node.tag.lower() in ("!env", "!env_var", "!var"):
            fix = "write the value itself; variables of the environment have fields of their own, such as api_key_env"
        return self._refuse(where, f"the tag {short(node.tag)} is not allowed; {fix}", stand_in)

    def _weigh(self, node: yaml.Node, where: Where) -> None:
        self._weight += 32 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
        if self._weight > MAX_WEIGHT:
            raise TooMuch(
                node.start_mark.line + 1,
                "too many values in one file once its aliases (*name) are written out; split it, or use fewer aliases",
            )
        if len(where) > MAX_DEPTH:
            raise TooMuch(node.start_mark.line + 1, f"nested deeper than {MAX_DEPTH} levels; nest it less")

    def _item(self, node: yaml.Node, where: Where) -> JsonValue:
        self.lines[where] = node.start_mark.line + 1
        return self.build(node, where)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> JsonValue:
        merges = [value for key, value in node.value if key.tag == _TAG + "merge"]
        inherited: dict[str, JsonValue] = {}
        for value in merges:
            for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = self.build(part, where)
                if isinstance(merged, dict):
                    inherited = merged | inherited
                else:
                    self._refuse(where, "<< takes in the fields of an alias (*name) only; write <<: *name")
        own: dict[str, JsonValue] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                continue
            line = key_node.start_mark.line + 1
            key = self._key(key_node, where, line)
            if key is None:
                continue
            here = (*where, key)
            if key in own:
                self.lines[here] = line
                self._refuse(here, f'"{short(key)}" is written twice, first on line {first[key]}; keep one')
                continue
            self.lines[here] = first[key] = line
            self._look_for_secrets(key_node, here)
            own[key] = self.build(value_node, here)
        return inherited | own

    def _look_for_secrets(self, node: yaml.ScalarNode, where: Where) -> None:
        if leaks(node.value):
            if where[:1] != ("probes",) or node.start_mark.line not in self._examples:
                self.findings.append(Finding(where, LEAKED))
            self.leaking.update(range(node.start_mark.line + 1, node.end_mark.line + 2))

    def _key(self, node: yaml.Node, where: Where, line: int) -> str | None:
        if isinstance(node, yaml.ScalarNode) and not node.style and _CURLY_END.search(node.value):
            self.lines[*where, short(node.value)] = line
            self.findings.append(Finding(where, CURLY, line_of=(*where, short(node.value))))
            return None
        if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "str" and not _unsendable(node.value):
            return str(node.value)
        text = short(node.value) if isinstance(node, yaml.ScalarNode) else "a list or mapping"
        self.lines[*where, text] = line
        message = f"{text} is not a field name; put it in quotes if it is one"
        self.findings.append(Finding(where, message, line_of=(*where, text)))
        return None

    def _scalar(self, node: yaml.ScalarNode, where: Where) -> JsonValue:
        text = str(node.value)
        kind = node.tag.removeprefix(_TAG)
        if not node.style and _CURLY.fullmatch(text):
            return self._refuse(where, CURLY, text)
        if kind in {"str", "value"}:
            if kind == "str" and not node.style and _EXPONENT.fullmatch(text):
                return self._float(text, where)
            if fault := _unsendable(text):
                return self._refuse(where, fault, "?")
            if not node.style and where[-1:] in _PROSE and (cut := _NO_COMMENT.match(self._behind(node))):
                message = f'the text ends before "{cut[0][:20]}", which YAML takes for a comment; '
                fix = "put the text in quotes if it goes on, or a blank behind # if that is a comment"
                self.remarks.append(Finding(where, message + fix))
            return text
        if kind == "null":
            if not node.value and self._behind(node).startswith("#") and where[-1:] in _PROSE:
                return self._refuse(where, "# begins a comment, so the text is empty; put the text in quotes", "?")
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        is_ours = not _FREE.intersection(where)
        if kind == "bool" and is_ours and where[-1:] in _NO_TRUTH:  # its shape says what to write
            return text.lower() in {"yes", "on"}
        if kind == "bool":
            meant = "true" if text.lower() in {"yes", "on"} else "false"
            return self._refuse(
                where, f'YAML reads {text} as {meant}; write {meant}, or "{text}" in quotes if it is a text', text
            )
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if kind == "float":
            return self._float(text, where)
        if kind == "timestamp":
            return self._refuse(where, f'YAML reads {text} as a date; write "{text}" in quotes', text)
        if kind == "int" and is_ours and where[-1:] == ("every",):
            return text
        if kind == "int":
            plainly = "" if ":" in text else "it plainly, or "
            meant = text.zfill(5) if re.fullmatch(r"\d:\d\d", text) else text
            message = f'YAML may read {short(text)} as another number; write {plainly}"{short(meant)}" in quotes'
            return self._refuse(where, message, text)
        return self._refuse_tag(node, where)

    def _behind(self, node: yaml.ScalarNode) -> str:
        """What stands behind a plain scalar on its last line."""
        line, column = node.end_mark.line, node.end_mark.column
        return self._text[line][column:].strip() if line < len(self._text) else ""

    def _float(self, text: str, where: Where) -> JsonValue:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        message = f'{short(text)} is not a plain number; write one, or "{short(text)}" in quotes'
        return self._refuse(where, message, text)

    def _refuse(self, where: Where, message: str, stand_in: str | None = None) -> JsonValue:
        self.findings.append(Finding(where, message))
        return stand_in


def _unsendable(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character, which can be neither stored nor sent; remove it"
    if _SURROGATE.search(text):
        return "holds half of a Unicode pair (\\ud800 to \\udfff); write the whole character"
    return None


def _kind(value: JsonValue) -> str:
    return "a list" if isinstance(value, list) else "a single value"
