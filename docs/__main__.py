"""`python -m docs` (`make reference`): writes again what pages of reference take from the code.

A part of a page between `<!-- generated: KIND NAME -->` and `<!-- end -->` is a row of `KINDS` applied to the name. A
test holds that the pages are as this would write them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from prober.alerts.pagerduty import ACTIONS
from prober.api.app import openapi_document
from prober.cli import VERBS, load_verb
from prober.incidents.events import EVENTS
from prober.model import alerting, bill, budget, comparison, connection, declaration, objective, reference
from prober.model.providers import PROVIDERS
from prober.model.shape import Shape
from prober.settings import Settings
from prober.status.metrics import METRICS

DOCS: Final = Path(__file__).parent
_PART: Final = re.compile(r"(<!-- generated: (\w+) ?(\w*) -->\n).*?(<!-- end -->)", flags=re.S)

SHAPES: Final[Mapping[str, type[Shape]]] = {
    name: shape
    for module in (bill, declaration, budget, connection, alerting, objective, comparison, reference)
    for name, shape in vars(module).items()
    if isinstance(shape, type) and issubclass(shape, Shape) and shape.__module__ == module.__name__
}
"""Everything that is declared in files, by name."""

_DEFAULT_IN_WORDS: Final = {
    ("ProbeSet", "name"): "the file's name without .yaml",
    ("Tool", "parameters"): "no arguments",
    ("Digest", "severities"): "`[info]`",
}
_MORE: Final = {
    ("Endpoint", "capabilities"): "#capabilities",
    ("Endpoint", "timeouts"): "#timeouts",
    ("Endpoint", "budget"): "#budget",
    ("ProbeSet", "budget"): "#budget",
    ("Budget", "dollars_per_hour"): "#price",
    ("Endpoint", "price"): "#price",
    ("Budgets", "own_traffic"): "../operating/costs.md#your-own-bill",
    ("Endpoint", "false_alarms_per_year"): "../mathematics/promise.md",
    ("Endpoint", "reference"): "#referencerule",
    ("Endpoint", "confirm"): "#confirm",
    ("Endpoint", "severity"): "../operating/incidents.md#severity",
    ("Endpoint", "maintenance"): "#maintenance",
    ("Endpoint", "gate"): "#versiongate",
    ("Endpoint", "metadata"): "../operating/facts.md#metadata",
    ("ReferenceRule", "warm_up"): "#warmup",
    ("Alerts", "quiet_hours"): "#quiethours",
    ("Alerts", "digest"): "#digest",
    ("Alerts", "weekly_report"): "#weeklyreport",
    ("Alerts", "reminders"): "#reminders",
    ("ProbeSet", "schedule"): "#schedule",
    ("ProbeSet", "vars"): "#templates",
    ("ProbeSet", "objectives"): "#objective",
    ("ProbeSet", "canary"): "#canary",
    ("ProbeSet", "shadow"): "#shadow",
    ("ProbeSet", "keep_replies"): "../operating/database.md#how-long-replies-are-kept",
    ("Probe", "vars"): "#templates",
    ("Probe", "expect"): "#check",
    ("Settings", "slack_app_token"): "../operating/slack.md",
    ("Settings", "webhook_url"): "webhook.md",
    ("Settings", "heartbeat_url"): "../operating/dead-mans-switch.md",
    ("Settings", "dashboard_actions"): "../operating/dashboard.md#acting-on-an-incident",
}
"""Field → where more of it is said."""


def fields(name: str) -> str:
    """The fields of one shape, as the files write them."""
    shape = SHAPES[name]
    rows = [
        (f"`{field}`", _default(shape, field), _meaning(shape, field))
        for field in shape.model_fields
        if field in shape.__annotations__
    ]
    return _table(("field", "default", "meaning"), rows)


def variables(_: str) -> str:
    """Environment variables."""
    rows = [
        (f"`{field.validation_alias}`", _default(Settings, name), _meaning(Settings, name))
        for name, field in Settings.model_fields.items()
    ]
    return _table(("variable", "default", "meaning"), rows)


def metrics(_: str) -> str:
    rows = [
        (f"`prober_{name}`", ", ".join(f"`{label}`" for label in labels.split()), help_)
        for name, (help_, labels) in METRICS.items()
    ]
    return _table(("metric", "labels", "value"), rows)


def addresses(_: str) -> str:
    """Of the HTTP service, from its OpenAPI document."""
    document: dict[str, Any] = dict(openapi_document())
    rows = [
        (f"`{method.upper()} {path}`", said["summary"], ", ".join(sorted(said["responses"])),
         "no" if said.get("security") == [] else "yes")
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]  # fmt: skip
    return _table(("address", "answers", "status codes", "token"), rows)


def verbs(_: str) -> str:
    """Every verb with its arguments and options, from the parser itself."""
    return "\n".join(part for verb in VERBS for part in _command(load_verb(verb), ["prober", verb]))


def pager_actions(_: str) -> str:
    """What PagerDuty is sent of each event."""
    rows = [
        (", ".join(f"`{event}`" for event, rule in EVENTS.items() if rule.phase == phase), action)
        for phase, action in (*((one, f"`{ACTIONS[one]}`") for one in ACTIONS), (None, "nothing"))
    ]
    return _table(("event", "action"), rows)


def schemas(_: str) -> str:
    files = [*sorted((DOCS / "schemas").glob("*.json")), DOCS / "webhook.schema.json"]
    rows = [
        (
            f"[{one.name}](../{one.relative_to(DOCS).as_posix()})",
            re.sub("^prober .*?--json", r"`\g<0>`", json.loads(one.read_text(encoding="utf-8"))["title"]),
        )
        for one in files
    ]
    return _table(("schema", "of what"), rows)


def example(case: str) -> str:
    """The first table that a verb printed in a case of the goldens, which a test holds to the code."""
    said = (DOCS.parent / "tests" / "goldens" / "expected" / case / "said.txt").read_text(encoding="utf-8")
    table = [line.rstrip() for line in said.splitlines()[3:]]
    return "\n".join(["```text", *takewhile(lambda line: line[:1].strip(), table), "```"])


KINDS: Final[Mapping[str, Callable[[str], str]]] = {
    "fields": fields,
    "variables": variables,
    "metrics": metrics,
    "addresses": addresses,
    "verbs": verbs,
    "schemas": schemas,
    "pager_actions": pager_actions,
    "example": example,
}
"""What a page may take from the code."""


def written(page: str) -> str:
    """A page with its generated parts written again."""
    return _PART.sub(lambda part: f"{part[1]}\n{KINDS[part[2]](part[3])}\n{part[4]}", page)


def pages() -> Iterator[Path]:
    """Those that have generated parts."""
    return (path for path in sorted(DOCS.rglob("*.md")) if _PART.search(path.read_text(encoding="utf-8")))


def _command(command: Any, names: list[str]) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if len(inner) == 0:
        context = command.make_context(names[-1], [], resilient_parsing=True)
        records = [(one, one.get_help_record(context)) for one in command.get_params(context)]
        rows = [
            (
                f"`{' '.join(one.get_usage_pieces(context)) if one.param_type_name == 'argument' else record[0]}`",
                re.sub(r"\[default: \(([^()]*)\)", r"[default: \1", record[1]),
            )
            for one, record in records
            if record is not None and record[0] != "--help"
        ]
        yield f"### `{' '.join(names)}`\n"
        yield " ".join((command.help or "").split()) + "\n"
        yield _table(("argument", "meaning"), rows) if rows else ""
    for name, one in inner.items():
        yield from _command(one, [*names, name])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    first, *others = [f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines]
    return "\n".join([first, "|---" * len(head) + "|", *others]) + "\n"


def _default(shape: type[BaseModel], name: str) -> str:
    if (shape.__name__, name) in _DEFAULT_IN_WORDS:
        return _DEFAULT_IN_WORDS[shape.__name__, name]
    field = shape.model_fields[name]
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if value is None or value == "":
        return "none" if value is None else "empty"
    if isinstance(value, BaseModel) or value == ():
        return "`{}`" if isinstance(value, BaseModel) else "`[]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(shape: type[BaseModel], name: str) -> str:
    said = shape.model_fields[name].description or ""
    if (shape.__name__, name) == ("Endpoint", "provider"):
        said += " " + ", ".join(f"`{one}`" for one in PROVIDERS) + "."
    more = _MORE.get((shape.__name__, name))
    return f"{said} ([more]({more}))" if more else said


if __name__ == "__main__":
    for path in pages():
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
