"""once --confirm and status: a suspicious round is confirmed, and a round that waits is shown."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from prober.model.evidence import Judgement
from prober.service import run_round
from prober.store import Store, rounds
from prober.store.pages import overview
from tests.cli.conftest import Run
from tests.cli.world import write_probes

once = import_module("prober.cli.once")  # the package has a name `once` of its own


@pytest.fixture
def suspicious(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(store, endpoint, round_, promise, now):
        judgement = Judgement(round_.label, "suspected", 0.5 * promise.threshold, promise.threshold)
        return run_round.Judged(judgement, "{}", ())

    monkeypatch.setattr(run_round, "judge", judge)


@pytest.mark.slow
@pytest.mark.usefixtures("suspicious")
def test_once_asks_one_round_unless_asked_to_confirm(prober: Run, home: Path) -> None:
    write_probes(home, confirm={"rounds": 2, "pause": "0s"})
    (one,) = prober("once", "--json").json["rounds"]
    assert (one["judgement"]["state"], one["confirmation"]) == ("suspected", "switched_off")
    said = prober("once", "--confirm", "--json")
    assert [one["confirmation"] for one in said.json["rounds"]] == ["confirm", "confirm", "rounds_used"]
    assert said.code == 0
    with Store.open(f"sqlite:///{home / 'prober.db'}") as store:
        assert [bool(view.confirms) for view in reversed(store.query(overview.recent_rounds))] == [
            False,
            False,
            True,
            True,
        ]


@pytest.mark.slow
@pytest.mark.usefixtures("suspicious")
def test_once_says_when_it_asks_again_and_waits_until_then(
    prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_probes(home, confirm={"rounds": 1, "pause": "90m"})
    waits = []
    monkeypatch.setattr(once, "time", SimpleNamespace(sleep=waits.append))  # others sleep too
    said = prober("once", "--confirm").out
    assert "a confirmation round is due at " in said
    assert said.count("canary on bot: suspected") == 2
    assert waits[0] == 0.0
    assert 5300 < waits[1] <= 5400


@pytest.mark.slow
@pytest.mark.usefixtures("suspicious")
def test_a_confirmation_that_waits_is_shown(prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_probes(home, confirm={"pause": "1h"})

    def interrupted(wait_s: float) -> None:
        if wait_s:
            raise KeyboardInterrupt

    monkeypatch.setattr(once, "time", SimpleNamespace(sleep=interrupted))  # others sleep too
    prober("once", "--confirm")
    with Store.open(f"sqlite:///{home / 'prober.db'}") as store:
        (waiting,) = store.query(rounds.unfinished, run_round.now_utc() + timedelta(hours=2))
    (one,) = prober("status", "--json").json["endpoints"]
    assert one["confirmation_due_at"].startswith(f"{waiting.due_at:%Y-%m-%dT%H:%M:%S}")
    words = " ".join(prober("status").out.split())
    assert f"next round at {waiting.due_at:%Y-%m-%d %H:%M}" in words


def test_plan_says_how_often_suspicion_may_be_asked_about(prober: Run, home: Path) -> None:
    write_probes(home, confirm={"rounds": 3, "per_day": 5})
    words = " ".join(prober("plan").out.split())
    assert "at most one in 365 scheduled rounds" in words
    assert (
        "Confirmation: a suspicious round is followed at once by up to 3 more rounds, at most 5 a day (10 asks) for one probe set."
        in words
    )
    assert prober("plan", "--json").json["endpoints"][0]["confirm"]["per_day"] == 5
    write_probes(home, confirm={"rounds": 0})
    assert "Confirmation" not in " ".join(prober("plan").out.split())
