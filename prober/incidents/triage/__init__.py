"""Which of the things that can change did change? Named checks, answered from what is stored, and a ranking of causes.

Pure: `prober.status.triage` reads what the checks need.
"""

from __future__ import annotations

from datetime import datetime

from prober.incidents.runbooks import choose
from prober.incidents.triage.material import Material
from prober.incidents.triage.ranking import further, named, rank
from prober.incidents.triage.tree import checks
from prober.model.triage import Triage


def triage(material: Material, now: datetime) -> Triage:
    """Walk the tree and rank the causes."""
    answered = checks(material)
    ranking = rank(answered, material.endpoint)
    causes = named(ranking, answered)
    return Triage(
        endpoint=material.endpoint,
        since=material.since,
        at=now,
        checks=answered,
        ranking=ranking,
        named=causes,
        further=further(causes, answered),
        runbook=choose(material.change or material.trouble, causes),
    )
