"""Probes that stand for several: texts from files, and values in place of `{{name}}`. What is sent is known at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from prober.loading.lines import Finding, Where
from prober.loading.suggestions import did_you_mean
from prober.loading.template_values import Fault, Row, constants_of, content_of, rows_from
from prober.text import quoted, short

_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_OTHER: Final = re.compile(r"\{\{\{[^{}\n]{0,80}\}\}\}|\{\{[^{}\n]{0,80}\}\}|\{%[^\n]{0,80}?%\}|<%[=-][^\n]{0,80}?%>")
_ENVIRONMENT: Final = re.compile(r"\$\{[A-Z_][A-Z0-9_]*\}|\bos\.environ/\w+|\{\{\s*env\.\w+\s*\}\}|\A\s*env:\w+\s*\Z")
_FILE: Final = re.compile(
    r"\A\s*(?:(?i:file):\s*(?://)?|@)?(?P<path>[\w./-]+\.(?:txt|md|j2|jinja2?|json|ya?ml|prompt))\s*\Z"
)
_ADDRESS: Final = re.compile(r"(?i)\A\s*[a-z][a-z0-9+.-]*://\S+\s*\Z|\A\s*(?:exec|python|javascript|package):\S+\s*\Z")
"""A text that is nothing but an address or a command."""
_SINGLE: Final = re.compile(r"(?<![\w{}$#%^\\\"'`])\{[A-Za-z_][A-Za-z0-9_]+\}(?![\w{}\"'`])")
"""A name in single braces: not in quotes, nor in a formula."""
_STAND_IN: Final = re.compile(
    r"%\([A-Za-z_]\w*\)[sd]\b|\{file:[\w./-]+\}|\[(?:INSERT|YOUR|ADD|ENTER|PASTE)\b[^\[\]\n]{0,60}\]"
    r"|\A\s*(?:<[\w -]{1,60}>|<<[\w -]{1,60}>>|\[[A-Z][A-Z_ ]{2,60}\]|\$[A-Za-z_]\w*|YOUR [A-Z ]{1,60} HERE|TODO|FIXME"
    r"|(?:os\.environ|os\.getenv|process\.env)[^\n ]{1,80})\s*\Z"
)
"""What else is filled in elsewhere, by a tool or by hand: in a text, or as the whole of it."""
_BY_PLACE_OR_MARK: Final = re.compile(
    r"(?<![\w{}$^\\)\]])(?<![=∈∉∪∩∖⊂⊆] )\{0\}(?![\w{}])(?!.?\.format)|#\{[A-Za-z_][\w.]{0,40}\}"
    r"|(?<![\w<])<<(?!(?:interface|abstract|enumeration|stereotype|include|extends?|entity|service)>>)"
    r"[A-Za-z_]\w{0,40}>>(?![\w>])"
    r"|(?<!\w)__(?!(?:FILE|LINE|FUNCTION|DATE|TIME|VA_ARGS|DIR|CLASS|METHOD|NAMESPACE|COUNTER|DEV|NOTE|IMPORTANT|WARNING"
    r"|NOT|NEVER|ALWAYS|ONLY|MUST|ALL|YES|NO)__)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__(?!\w)"
    r"|(?<![\w$\\/='])\$\{[A-Za-z_]\w[\w.]{0,40}\}(?![\w$^/'])"
    r"|(?<![\w%'])%(?!(?i:path|temp|tmp|windir|appdata|comspec|home\w+|user\w+|system\w+|program\w+|local\w+|public|os"
    r"|computername|date|time|cd|random|errorlevel)%)[A-Za-z_]\w{1,40}%(?![\w%'\\])"
    r"|(?<![\w%'])%\{(?!(?:http|time|size|url|num)_)[a-z_]\w{1,40}\}(?![\w'])"
    r"|(?<![\w\[])\[\[[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\]\](?![\w\]])"
    r"|(?<![\w#@])(?P<mark>##|@@)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?P=mark)(?![\w#@])"
    r"|(?<![\w{}$#^\\'])\{(?!this\.|self\.)[a-z_]\w*(?:\.[a-z_]\w*|\[\w+\])+\}(?![\w{}'])"
)
"""`{0}`, `#{topic}`, `<<topic>>`, `__TOPIC__`, `${topic}`, `%TOPIC%`, `%{topic}`, `[[TOPIC]]`, `##TOPIC##`,
`{order.id}`: not what C, PHP, UML, a shell or an emphasis writes like that."""
_CODE: Final = re.compile(
    r"```.*?```|`[^`\n]*`|\"[^\"\n]*\""
    r"|^[ \t]*(?:[$>] |(?:@?echo|export|set|cd|rm|cp|mv|curl|docker|sudo|const|let|var|return|import)\b)"
    r"(?=[^\n]*[$%={(])[^\n]*[^\n.?!:]$|^[^\n]*(?:[;{]|=>)[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
"""Code and quoted texts, in which they may be meant; what is nothing else between its quotes is none."""
_TEXTS: Final[Sequence[str]] = ("prompt", "system", "messages")
_AS_IT_STANDS: Final = "or template: false to send it as it stands"
MOST_CHARACTERS: Final = 20_000_000
"""Of all texts of a set, filled in: a short file could stand for more than fits into memory."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A probe set with every probe that is asked."""

    raw: dict[str, JsonValue]
    places: Sequence[int]
    """Probe → the place of the one in the file that it comes from."""
    findings: Sequence[Finding]

    def as_written(self, finding: Finding) -> Finding:
        """A finding about a probe that is asked → the same about the probe in the file."""
        return Finding(
            self._place(finding.where),
            finding.message,
            None if finding.line_of is None else self._place(finding.line_of),
        )

    def _place(self, where: Where) -> Where:
        if len(where) > 1 and where[0] == "probes" and isinstance(where[1], int):
            return ("probes", self.places[where[1]], *where[2:])
        return where


def expanded(raw: Mapping[str, JsonValue], folder: Path) -> Expanded:
    """Every probe of a set with its texts filled in; what cannot be filled in is reported and stays as it was."""
    probes = raw.get("probes")
    findings: list[Finding] = []
    constants: Row = {}
    try:
        constants = constants_of(raw.get("vars"), folder)
    except Fault as fault:
        findings.append(Finding(("vars",), str(fault)))
    if not isinstance(probes, list):
        return Expanded(dict(raw), (), findings)
    asked: list[JsonValue] = []
    places: list[int] = []
    left = _CharactersLeft(MOST_CHARACTERS)
    for place, probe in enumerate(probes):
        made = [probe]
        if isinstance(probe, dict) and not left.is_used_up:
            made = _expanded(probe, constants, folder, ("probes", place), findings, left)
        asked += made
        places += [place] * len(made)
    return Expanded({**raw, "probes": asked}, places, findings)


class _CharactersLeft:
    """For the filled-in texts of a set."""

    def __init__(self, characters: int) -> None:
        self._characters = characters

    @property
    def is_used_up(self) -> bool:
        return self._characters < 0

    def take(self, texts: Sequence[JsonValue], values: Row) -> bool:
        """Count the texts with these values in them, before they are filled in. False: the set has too many."""
        for text in _strings([*texts]):
            self._characters -= len(text) + sum(len(values.get(name, "")) for name in _VARIABLE.findall(text))
        return not self.is_used_up


def _expanded(
    probe: dict[str, JsonValue],
    constants: Row,
    folder: Path,
    here: Where,
    findings: list[Finding],
    left: _CharactersLeft,
) -> list[JsonValue]:
    if probe.get("template") is False:
        if probe.get("vars") is not None:
            findings.append(
                Finding((*here, "vars"), "template: false sends every text as it stands; remove one of the two")
            )
        return [probe]
    before = len(findings)

    def read(name: str) -> JsonValue:
        return _mapped(probe[name], lambda text: _from_file(text, folder, (*here, name), findings))

    texts: dict[str, JsonValue] = {name: read(name) for name in _TEXTS if name in probe}
    try:
        rows = rows_from(probe.get("vars"), folder)
    except Fault as fault:
        findings.append(Finding((*here, "vars"), str(fault)))
        return [probe]
    named: set[str] = set()
    unread = {finding.where for finding in findings[before:]}
    for field, text in texts.items():
        if (*here, field) in unread:
            continue
        known = {*constants, *(rows[0][1] if rows else {})}
        findings += [Finding((*here, field), fault) for one in _strings(text) for fault in _faults(one, known, named)]
    named |= {name for one in _strings(probe.get("expect")) for name in _VARIABLE.findall(one)}
    for name in rows[0][1] if rows and len(findings) == before else ():
        if name not in named and name != "id":
            write = "write it into a text as {{" + short(name) + "}}, or remove it"
            message = f"no text names {quoted(name)}; {did_you_mean(name, named, write) if named else write}"
            findings.append(Finding((*here, "vars"), message))
    if len(findings) > before:
        return [probe]
    rows = rows or [("", {})]
    filled = [*texts.values(), probe.get("expect")]
    if not all(left.take(filled, constants | row) for _, row in rows):
        message = f"with this probe the texts of the set have more than {MOST_CHARACTERS:,} characters, filled in"
        findings.append(Finding(here, f"{message}; shorten texts or values, or split the file over several"))
        return [probe]
    return [_made(probe, texts, identity, constants | row) for identity, row in rows]


def _made(probe: Mapping[str, JsonValue], texts: Mapping[str, JsonValue], identity: str, values: Row) -> JsonValue:
    """One probe that is asked."""

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)

    filled = {name: _mapped(value, fill) for name, value in texts.items()}
    if "expect" in probe:
        filled["expect"] = _mapped(probe["expect"], fill)
    if identity and isinstance(probe.get("id"), str):
        filled["id"] = f"{probe['id']}/{identity}"
    return {name: value for name, value in probe.items() if name != "vars"} | filled


def _faults(text: str, known: set[str], named: set[str]) -> Iterator[str]:
    """What stands for something else in a text and cannot be filled in; `named` learns what it names."""
    if found := _ENVIRONMENT.search(text):
        yield (
            f"{quoted(found[0])}: nothing of the environment is put into a prompt, for prompts are stored and shown; "
            f"write the text itself, or vars, {_AS_IT_STANDS}"
        )
        return
    if found := _FILE.match(text):
        yield f"{quoted(text.strip())} is sent as it stands; write file://{found['path']} for its text, {_AS_IT_STANDS}"
        return
    if _ADDRESS.match(text):
        yield (
            f"{quoted(text.strip())} is sent as it stands, for nothing is fetched or run; write the text itself, "
            f"or file://prompt.txt for that of a file, {_AS_IT_STANDS}"
        )
        return
    for name in dict.fromkeys(_VARIABLE.findall(text)):
        named.add(name)
        if name not in known:
            fix = did_you_mean(name, known, "") if known else ""
            named_so = short(name)
            given = fix if fix.startswith("did you mean") else f"write vars: {{{named_so}: …}}, {_AS_IT_STANDS}"
            yield f"no value for {{{{{named_so}}}}}; {given}"
    for found in _OTHER.finditer(text):
        if not _VARIABLE.fullmatch(found[0]):
            yield f"{quoted(found[0])}: only names are filled in, such as {{{{city}}}}; write one, {_AS_IT_STANDS}"
            return


def sent_as_written(raw: Mapping[str, JsonValue]) -> Iterator[Finding]:
    """What other tools or people fill in: each probe's first. It may be meant as it is."""
    probes = raw.get("probes")
    for place, probe in enumerate(probes if isinstance(probes, list) else ()):
        if not isinstance(probe, dict) or probe.get("template") is False:
            continue
        for field in _TEXTS:
            texts = list(_strings(probe.get(field)))
            if found := next(filter(None, map(_SINGLE.search, texts)), None):
                fix = f"write {{{found[0]}}} and vars to fill it in, {_AS_IT_STANDS}"
            elif found := next(filter(None, map(_stand_in, texts)), None):
                fix = f"write the text itself, or {{{{name}}}} and vars to fill it in, {_AS_IT_STANDS}"
            else:
                continue
            yield Finding(("probes", place, field), f"{quoted(found[0].strip())} is sent as it is written; {fix}")
            break


def _stand_in(text: str) -> re.Match[str] | None:
    if found := _STAND_IN.search(text):
        return found
    plain = _CODE.sub(lambda code: code[0] if _BY_PLACE_OR_MARK.fullmatch(code[0].strip('"`')) else "", text)
    return _BY_PLACE_OR_MARK.search(plain)


def _mapped(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    """The value with every text in it changed; names of fields stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(one, change) for one in value]
    if isinstance(value, dict):
        return {name: one if name in ("role", "type") else _mapped(one, change) for name, one in value.items()}
    return value


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _from_file(text: str, folder: Path, where: Where, findings: list[Finding]) -> str:
    """The text that a `file://…` stands for."""
    if not text.startswith("file://"):
        return text
    try:
        return content_of(text, folder).rstrip("\n")
    except Fault as fault:
        findings.append(Finding(where, str(fault)))
        return text
