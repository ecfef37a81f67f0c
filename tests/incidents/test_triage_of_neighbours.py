"""What other endpoints tell of a change: one that differed before it tells nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from prober.incidents.triage.assembled import Watched, assembled
from prober.incidents.triage.material import Asked
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply

AT = datetime(2026, 3, 2, tzinfo=UTC)


def asked(label: str) -> Round:
    said = tuple(
        Observation("series", "set/probe", sample, Reply(at=AT, text="yes"), Fingerprint({"text.choice": "yes"}))
        for sample in range(4)
    )
    return Round(label, "twin", AT, said)


def test_a_neighbour_that_differed_before_is_no_control() -> None:
    rounds = [asked(f"{number:04}") for number in range(12)]
    own = Watched("own", "m", "p", rounds[:6], rounds[6:])
    twin = Watched("twin", "m", "p", rounds[:6], rounds[6:])
    changed = Watched("changed", "m", "p", rounds[:6], rounds[6:], is_changed_before=True)
    found = assembled(own, [twin, changed], AT, asked=Asked(48)).neighbours
    assert [one.moved for one in found] == [False, None]
