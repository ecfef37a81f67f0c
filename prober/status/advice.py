"""What to say about an incident beside its numbers: what it means, what to do first, how sure it is, which runbook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prober.alerts.kinds import words_of
from prober.alerts.phrases import chance
from prober.incidents.measured import RULES
from prober.incidents.runbooks import RUNBOOKS, choose
from prober.judging.runaway import YEARS
from prober.model.errors import ConfigurationError
from prober.model.incident import Change, Incident, Measured
from prober.model.triage import Triage


@dataclass(frozen=True, slots=True)
class Advice:
    """Nothing in it comes from outside."""

    title: str
    """The kind of incident."""
    means: str
    """How bad it is, in sentences."""
    first: str
    """What to look at first."""
    by_chance: str
    """How often chance alone would do it, such as `about once in 22 years`; empty where it is certain."""
    runbook: str
    """Name of the shipped runbook that fits; empty where none does."""

    @property
    def runbook_title(self) -> str:
        return RUNBOOKS.get(self.runbook, "")


def title(incident: Incident) -> str:
    """Its kind as a person says it, such as `Runaway spending`."""
    return words_of(incident).title


def advice(incident: Incident, false_alarms_per_year: float, triage: Triage | None) -> Advice:
    kind = words_of(incident)
    odds = ""
    if isinstance(incident, Change):
        odds = chance(incident.e_value, incident.threshold, false_alarms_per_year).removeprefix("by chance ")
    if isinstance(incident, Measured):
        odds = RULES[incident.kind].by_chance
        if incident.kind == "runaway" and incident.e_value:
            odds = f"once in {YEARS:g} years at most"
    named = triage.runbook if triage is not None else ""
    return Advice(kind.title, kind.bad, kind.check, odds, named or choose(incident))


def runbook_text(name: str, numbers: Mapping[str, str]) -> str:
    """A shipped runbook as Markdown, with `numbers` in place of its `{names}`. Raises ConfigurationError."""
    try:
        text = (_folder() / f"{name}.md").read_text(encoding="utf-8")
    except OSError:
        raise ConfigurationError(f"there is no runbook {name} in {_folder()}; reinstall canary-prober") from None
    return re.sub(r"\{(\w+)\}", lambda found: numbers.get(found[1], found[0]), text)


def _folder() -> Path:
    """Where the runbooks are: in the wheel inside the package, in a checkout beside it."""
    package = Path(__file__).parents[1]
    inside = package / "runbooks"
    return inside if inside.is_dir() else package.parent / "runbooks"
