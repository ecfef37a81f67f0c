"""The one record of a YAML file, with bounds on depth and on what aliases write out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from prober.loading.other_tools.tools import Record, problem

MOST_YAML: Final = 30_000_000
"""Values, and characters in them, that a YAML file may have once its aliases are written out."""
MOST_DEEP: Final = 200


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as JavaScript writes it (version 1.2): `12:30`, `yes` and dates are texts."""

    yaml_implicit_resolvers: Mapping[str, object] = {}


for _kind, _pattern, _starts in (
    ("bool", r"(?:true|false)\Z", "tf"),
    ("null", r"(?:null|~|)\Z", ["n", "~", ""]),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})\Z", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?\Z", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), list(_starts))


def yaml_record(path: Path, text: str) -> Record:
    """What a YAML file holds. Raises LogError, also where it would fill the memory or end the process."""
    try:
        _check_depth(text)
        whole = yaml.load(text, Loader=_Loader)
        if _values(whole, {}) > MOST_YAML:
            raise problem(path, 0, "it is too large once its aliases (*name) are written out")
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or str(error)
        raise problem(path, mark.line + 1 if mark else 0, f"cannot be read as YAML ({words})") from error
    if not isinstance(whole, dict):
        raise problem(path, 1, "is YAML, and holds no results of promptfoo's")
    return whole


def _check_depth(text: str) -> None:
    """Raises ValueError before the reader, which is written in C, would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEEP:
            raise ValueError("nested too deeply")


def _values(value: object, counted: dict[int, int]) -> int:
    """How many values and characters there are, once aliases are written out. Raises ValueError where one stands within
    itself."""
    if isinstance(value, bytes):
        raise ValueError("it holds bytes (!!binary), which are no text")  # noqa: TRY004
    if not isinstance(value, dict | list | tuple | set):
        return 1 + (len(value) if isinstance(value, str) else 0)
    inner = (*value, *value.values()) if isinstance(value, dict) else value
    if id(value) not in counted:
        counted[id(value)] = -1
        counted[id(value)] = 1 + sum(_values(one, counted) for one in inner)
    if counted[id(value)] < 0:
        raise ValueError("a value within itself")
    return counted[id(value)]
