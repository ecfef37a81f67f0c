"""A round that was asked elsewhere, judged and kept as if the daemon had asked it. Nobody is notified."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prober.incidents.lifecycle import decide
from prober.incidents.routing import NOBODY
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import StoreError
from prober.model.evidence import Judgement, Round
from prober.model.incident import LEARNT
from prober.service.carry_out import carry_out
from prober.store import Store, declared, incidents, judge_state, replies, rounds


def import_round(
    store: Store,
    endpoint: Endpoint,
    probe_set: str,
    round_: Round,
    probes: Mapping[str, Probe],
    judgement: Judgement,
    memory: str,
    together: tuple[str, ...] = (),
) -> bool:
    """Keep a judged round, at once or not at all; False where it is here already.

    `round_.at` is its due time and gives its label; `probes` says what is asked in each series; `memory` is the judge's
    after it. Raises StoreError where the endpoint has a later round: rounds are judged in order.
    """
    if round_.at is None:
        raise StoreError(f"round {round_.label} of {endpoint.name} has no time; a stored round must have one")
    with store.write() as tx:
        for series, probe in probes.items():
            declared.remember_series(tx, series, probe)
        round_id = rounds.due(tx, endpoint, probe_set, round_.at)
        if rounds.get(tx, round_id).state == "completed":
            return False
        claim = rounds.claim(tx, round_id, "import", round_.at, 0.0)
        if claim is None:
            raise StoreError(
                f"round {round_.label} of {endpoint.name} is claimed by another process; try again when it is done"
            )
        if datetime.fromisoformat(claim.round.label) != round_.at:
            raise StoreError(
                f"round {round_.label} of {endpoint.name} is older than its newest round; "
                "import rounds in order of time"
            )
        replies.record(tx, claim, round_.observations)
        key = endpoint.content_hash
        standing = incidents.open_change(tx, key)
        decision = decide(standing, judgement, endpoint.name, key, round_.at, together)
        rounds.complete(tx, claim, judgement, round_.at)
        judge_state.keep_memory(tx, key, memory)
        if decision.reason in LEARNT:
            carry_out(tx, decision, NOBODY, round_.at)
    return True
