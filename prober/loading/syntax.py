"""What PyYAML says of broken YAML, in words that name the mend."""

from __future__ import annotations

import re

import yaml

from prober.loading.quoting import short

_SYNTAX: tuple[tuple[str, str], ...] = (
    (r"found character '\\t'", "a tab where YAML wants spaces; indent with spaces"),
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
    (r"found duplicate anchor", "an anchor (&name) is defined twice; rename one"),
    (r"special characters are not allowed", "a control character; remove it, or save the file as plain text"),
    (r"unknown escape character '(.)'", r"\\\1 is no escape inside double quotes; use single quotes, or \\\\"),
)
_OPENED_AT = re.compile(r"unexpected end of stream|expected ',' or ")
"""Faults best seen where the thing was opened, not where the reader gave up."""


def explain(text: str, error: yaml.YAMLError) -> tuple[int, str]:
    """(line, message) of a YAML error, in words that name the mend."""
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
    for pattern, words in _SYNTAX:
        if match := re.search(pattern, fault):
            return line, match.expand(words)
    return line, f"not valid YAML ({short(fault)}); check the indentation and quotes around this line"
