"""The pytest plugin: the gate and the comparison as assertions, in the fixture `canary`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest


class Canary:
    """Assertions about models. Imports what they need only when they are called: every pytest run loads this file."""

    def assert_not_worse(
        self,
        probes: str | Path = "probes",
        *,
        reference: str,
        candidate: str | None = None,
        model: str | None = None,
        margin: float = 10,
        alpha: float = 0.05,
        budget: int = 600,
        unchanged: bool = False,
    ) -> None:
        """Fails where `prober gate` refuses the candidate or cannot decide. `margin` in percentage points."""
        from prober.lab.gate.declared import NamedSide, gate_declared, probes_of
        from prober.lab.gate.report import words
        from prober.lab.gate.run import GateRule
        from prober.service.declarations import declarations_in
        from prober.service.gates import VerbGates
        from prober.settings import Settings
        from prober.store import Store

        declarations = declarations_in(Path(probes))
        asked = probes_of(declarations.sets)
        old, new = NamedSide(reference, asked), NamedSide(candidate or reference, asked, model)
        rule = GateRule(margin=margin / 100, alpha=alpha, budget=budget, unchanged=unchanged)
        with VerbGates(declarations, lambda: Store.open(Settings().database_url), _now) as gates:
            said = gate_declared(declarations, old, new, rule, gates)
        if said.outcome != "not_worse":
            pytest.fail("\n".join(words(said)), pytrace=False)

    def assert_unchanged(self, reference: str | Path, candidate: str | Path, *, alpha: float = 0.01) -> None:
        """Fails where `prober compare` says that two reply logs differ, or that there is too little to say."""
        from prober.lab.compare import compare
        from prober.loading.reply_log import read

        found = compare(read(reference), read(candidate), alpha)
        if found.verdict != "same":
            moved = [f"{one.channel} {one.words}".strip() for one in found.channels if one.changed]
            pytest.fail(f"{found.verdict}: {'; '.join(moved) or found.missing}", pytrace=False)


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def canary() -> Canary:
    """`canary.assert_not_worse(...)` and `canary.assert_unchanged(...)`."""
    return Canary()
