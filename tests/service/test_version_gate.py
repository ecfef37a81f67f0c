"""The gate by itself: a new version of the model is compared with the replies stored before it, within its budget."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.loading.declarations import load
from prober.model.comparison import VersionGate
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.errors import ConfigurationError
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.model.retirement import Retirement
from prober.service import run_round
from prober.service.version_gate import pin_words, run_version_gate
from prober.store import Store, candidates, declared, notices, retirements
from tests.pages import is_shown, sample

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOT = Endpoint(
    name="bot", provider="openai", model="parrot", fallback="reserve", gate=VersionGate(asks=60),
    reference=ReferenceRule(rounds=30, hours=0, asked_again=0),
)  # fmt: skip
SET = ProbeSet(
    name="shop", owner="us", endpoints=("bot",), schedule=Schedule(every="1h"),
    probes=(
        Probe(id="order", prompt="Say one.", expect=(Check(type="contains", value="one"),), samples=2),
        Probe(id="ticket", prompt="Say two.", expect=(Check(type="contains", value="two"),), samples=2),
    ),
)  # fmt: skip


class Fake:
    """Serves another snapshot from `swapped_at` on, which answers `ticket` wrongly where it is `broken`."""

    def __init__(self, broken: bool) -> None:
        self.broken, self.swapped_at = broken, START + 12 * HOUR
        self.models: list[str] = []
        self.failing = False

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        self.models.append(endpoint.model)
        if self.failing:
            return Reply(at=now, error="unauthorized")
        is_new = now >= self.swapped_at or endpoint.model != "parrot"
        text = "one" if probe.id == "order" else "three" if is_new and self.broken else "two"
        return Reply(
            at=now, text=text, model="parrot-0601" if is_new else "parrot-0301", input_tokens=4, output_tokens=1,
            latency_s=0.4,
        )  # fmt: skip

    def close(self) -> None:
        pass


def play(store: Store, fake: Fake, rounds: int, probe_set: ProbeSet = SET) -> None:
    store.change(declared.remember, (probe_set,), (BOT,), START)
    for number in range(rounds):
        at = START + number * HOUR
        run_round.run(probe_set, BOT, Promise(1.0, 8766, BOT.reference), fake, store, Routing(("log",)), at, clock=lambda at=at: at)  # type: ignore[misc]  # fmt: skip


def gate(store: Store, fake: Fake, endpoint: Endpoint = BOT, stops_after: int = 10_000, probe_set: ProbeSet = SET):
    left = iter(range(stops_after + 1))
    return run_version_gate(
        store, endpoint, (probe_set,), lambda one: fake, Routing(("log",)), lambda: START + 30 * HOUR,
        lambda: next(left) == stops_after,
    )  # fmt: skip


def told(store: Store) -> list[str]:
    return [one.cause or "" for one in store.query(notices.recent, limit=100) if one.event == "version_compared"]


@pytest.mark.slow
@pytest.mark.parametrize("broken", [False, True])
def test_a_new_snapshot_is_compared_with_the_stored_replies_and_told_once(broken: bool) -> None:
    with Store.in_memory() as store:
        fake = Fake(broken)
        play(store, fake, 14)
        store.change(retirements.looked, "bot", "parrot", ("parrot-0301", "parrot-0601"), START)
        fake.models.clear()
        (one,) = gate(store, fake)
        assert (one.kind, one.state) == ("version", "compared")
        assert len(fake.models) <= 60
        if broken:
            assert one.verdict == "worse"
            assert "worse on 1 of your 2 probes: shop/ticket passes 0 % instead of 100 %" in one.words
            assert "pin `model: parrot-0301`, which the provider still lists" in one.words
        else:
            assert one.verdict == "not_worse" and one.words.startswith("regression-free for your 2 probes (")
        assert gate(store, fake) == (), "once"
        (cause,) = told(store)
        assert "parrot-0301 → parrot-0601" in cause and one.words in cause
        if broken:
            assert is_shown(sample("operating/gate.md", "incident 12"), cause), cause


@pytest.mark.slow
def test_a_run_that_is_broken_off_goes_on_and_the_budget_holds() -> None:
    endpoint = BOT.model_copy(update={"gate": VersionGate(asks=9)})
    with Store.in_memory() as store:
        fake = Fake(broken=False)
        play(store, fake, 14)
        fake.models.clear()
        assert gate(store, fake, endpoint, stops_after=2) == ()
        assert len(fake.models) == 4
        (running,) = store.query(candidates.found, "")
        assert not store.change(candidates.take, running.id, 0), "the first block was asked"
        (one,) = gate(store, fake, endpoint)
        assert len(fake.models) == 8
        assert one.verdict == "undecided"
        assert "undecided for your 2 probes" in one.words and "8 asks" in one.words


@pytest.mark.slow
def test_a_successor_is_compared_before_the_model_retires() -> None:
    said = Retirement("parrot", date(2026, 3, 20), "shutdown", "model_list", "shutdown_date", "heron")
    with Store.in_memory() as store:
        fake = Fake(broken=True)
        play(store, fake, 10)
        store.change(retirements.keep, "bot", "parrot", [said], ["model_list"])
        fake.models.clear()
        (one,) = gate(store, fake)
        assert set(fake.models) == {"heron"}
        assert one.title == "heron against the stored replies of bot" and one.verdict == "worse"
        assert "stay on parrot until 2026-03-20, then send callers to reserve" in one.words


@pytest.mark.slow
def test_blocks_share_the_breaker_of_what_is_stored() -> None:
    """A successor with a refused key: the first block opens the breaker, and until its pause is over no further block
    is asked, nor spent."""
    four = SET.model_copy(update={"probes": (*SET.probes, *(Probe(id=name, prompt=name) for name in ("a", "b")))})
    said = Retirement("parrot", date(2026, 3, 20), "shutdown", "model_list", "shutdown_date", "heron")
    with Store.in_memory() as store:
        fake = Fake(broken=False)
        play(store, fake, 10, four)
        store.change(retirements.keep, "bot", "parrot", [said], ["model_list"])
        fake.models.clear()
        fake.failing = True
        assert gate(store, fake, probe_set=four) == ()
        assert fake.models == ["heron"] * 3
        (running,) = store.query(candidates.found, "")
        assert gate(store, fake, probe_set=four) == () and len(fake.models) == 3
        assert store.query(candidates.get, running.id) == running


def test_what_to_pin() -> None:
    assert "pin `model: a`" in pin_words(BOT, "a", ["a", "b"])
    assert "does not list a any more; send callers to reserve" in pin_words(BOT, "a", ["b"])
    assert "declare `fallback:`" in pin_words(BOT.model_copy(update={"fallback": None}), "", [])


def test_a_fallback_is_another_declared_endpoint(tmp_path: Path) -> None:
    one = "{provider: openai, model: m, fallback: "
    (tmp_path / "endpoints.yaml").write_text(f"endpoints:\n  a: {one}b}}\n  b: {one}b}}\n  c: {one}d}}\n")
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path)
    said = [str(one) for one in raised.value.problems]
    assert any("an endpoint cannot be its own fallback" in one for one in said)
    assert any("unknown endpoint 'd'" in one or 'unknown endpoint "d"' in one for one in said), said
