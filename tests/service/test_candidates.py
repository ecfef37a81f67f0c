"""A candidate is asked beside what is in force: an edited prompt before it takes its place, and a shadow endpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zlib import crc32

import pytest

from prober.asking.scripted_minds import cumulated, mind_of, say
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.model.comparison import Canary, Candidate, Shadow
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.errors import ConfigurationError
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.model.version import Provenance
from prober.service import candidates, run_round
from prober.store import Store, declared, notices, versions
from prober.store import candidates as stored
from prober.store.pages import overview
from tests.pages import is_shown, sample

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOT = Endpoint(
    name="bot", provider="openai", model="parrot-1", reference=ReferenceRule(rounds=8, hours=0, asked_again=0)
)
HERON = Endpoint(name="heron", provider="openai", model="heron-1")
OLD = 'Summarise as JSON with the keys "topic" and "urgent": my card was charged twice.'


class Fake:
    """Knows the truth: prompts that ask for a chat break the JSON; another model answers from `swapped_at` on."""

    def __init__(self, swapped_at: datetime | None = None) -> None:
        self.swapped_at = swapped_at
        self.prompts: list[str] = []

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        self.prompts.append(probe.prompt or "")
        is_swapped = self.swapped_at is not None and now >= self.swapped_at
        base = Probe(id=probe.id, prompt=OLD if probe.id == "ticket" else probe.prompt)
        mind = mind_of(base, 7, int(is_swapped))
        draw = (crc32(f"{sample} {now}".encode()) % 997) / 997
        text = say(mind, cumulated(mind.weights), [draw, (draw * 7) % 1, 0.3, 0.4, 0.5], 1.0)
        if "chat" in (probe.prompt or "") and draw < 0.8:
            text = f"Sure, here it is:\n{text}"
        tokens = 10 + len(probe.prompt or "") // 4
        return Reply(at=now, text=text, model=endpoint.model, input_tokens=tokens, output_tokens=5, latency_s=0.4)

    def close(self) -> None:
        pass


def declare(prompt: str = OLD, canary: Canary | None = None, shadow: Shadow | None = None) -> ProbeSet:
    colours = Probe(id="colour", prompt="Pick a random colour. Answer with one word.", samples=8)
    ticket = Probe(id="ticket", prompt=prompt, expect=(Check(type="is-json"),), samples=4)
    return ProbeSet(
        name="shop", owner="us", endpoints=("bot",), schedule=Schedule(every="1h"), probes=(ticket, colours),
        canary=canary, shadow=shadow,
    )  # fmt: skip


def remember(store: Store, probe_set: ProbeSet, now: datetime) -> None:
    store.change(declared.remember, (probe_set,), (BOT, HERON), now)
    new = store.query(versions.unknown, versions.contents((probe_set,), (BOT,)))
    store.change(versions.add, new, Provenance(), now)


def play(store: Store, fake: Fake, probe_set: ProbeSet, first: int, rounds: int) -> tuple[Candidate, ...]:
    """Hourly rounds, as the daemon makes them; how the candidates stand after them."""
    remember(store, probe_set, START + first * HOUR)
    routing, promise, stand = Routing(("log",)), Promise(1.0, 8766, BOT.reference), tuple[Candidate, ...]()
    for number in range(first, first + rounds):
        at = START + number * HOUR
        asked = candidates.in_force(store, probe_set, BOT, at)
        done = run_round.run(asked, BOT, promise, fake, store, routing, at, clock=lambda at=at: at)  # type: ignore[misc]
        assert done.judgement is not None
        stand = candidates.ask_beside(
            store, probe_set, asked, BOT, done.observations, done.judgement.round,
            {"heron": HERON}.__getitem__, lambda endpoint: fake, routing, lambda at=at: at,  # type: ignore[misc]
        ) or stand  # fmt: skip
    return stand


def told(store: Store) -> list[str]:
    return [one.cause or "" for one in store.query(notices.recent, limit=100) if one.event == "compared"]


def test_a_prompt_that_is_not_worse_is_told_once_and_waits_for_a_person() -> None:
    canary = Canary(rounds=6, margin=20)
    with Store.in_memory() as store:
        fake = Fake()
        play(store, fake, declare(canary=canary), 0, 3)
        fake.prompts.clear()
        (stand,) = play(store, fake, declare(OLD + " Be brief.", canary), 3, 8)
        assert (stand.state, stand.rounds, stand.verdict) == ("compared", 6, "not_worse")
        assert "passes its checks as before" in stand.words and "as long" in stand.words
        assert [stand.title in one for one in told(store)] == [True], "once"
        assert is_shown(sample("operating/candidates.md", "prompt shop/"), told(store)[0]), told(store)
        assert fake.prompts.count(OLD) == 8 * 4, "what is in force is asked until somebody accepts the edit"
        assert fake.prompts.count(OLD + " Be brief.") == 6 * 4
        candidates.settle(store, stand.id, True, "ada", "fine", START + 12 * HOUR)
        fake.prompts.clear()
        play(store, fake, declare(OLD + " Be brief.", canary), 12, 1)
        assert OLD not in fake.prompts
        assert [one.ref for one in store.query(versions.marks, "shop/ticket")] == ["v2"]


def test_a_prompt_that_breaks_json_is_told_early_and_rolled_back_by_rule() -> None:
    canary = Canary(rounds=50, accept="if_not_worse")
    with Store.in_memory() as store:
        fake = Fake()
        play(store, fake, declare(canary=canary), 0, 3)
        play(store, fake, declare("Let us chat. " + OLD, canary), 3, 30)
        (stand,) = store.query(stored.found)
        assert (stand.state, stand.verdict, stand.actor) == ("rolled_back", "worse", "rule")
        assert stand.rounds < 20 and "passes its checks less often" in stand.words
        assert "rolled back by rule" in told(store)[0]
        asked = candidates.in_force(store, declare("Let us chat. " + OLD, canary), BOT, START + 40 * HOUR)
        assert asked.probes[0].prompt == OLD
        assert store.query(stored.pairs, stand.id) == [], "its replies are deleted"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_model_change_in_the_hour_of_the_edit_is_still_seen(swapped: bool) -> None:
    canary = Canary(rounds=12, share=0.5)
    with Store.in_memory() as store:
        edited_at = START + 24 * HOUR
        fake = Fake(edited_at if swapped else None)
        play(store, fake, declare(canary=canary), 0, 24)
        play(store, fake, declare(OLD + " Be brief.", canary), 24, 24)
        (view,) = [one for one in store.query(overview.endpoints) if one.name == "bot"]
        (stand,) = store.query(stored.found)
        assert (view.open_incident is not None) is swapped
        assert (stand.rounds, stand.verdict) == (12, "not_worse"), "both versions met the same model"


def test_a_second_edit_is_compared_with_what_is_in_force_and_the_first_is_superseded() -> None:
    canary = Canary(rounds=9)
    with Store.in_memory() as store:
        fake = Fake()
        play(store, fake, declare(canary=canary), 0, 2)
        play(store, fake, declare(OLD + " Now.", canary), 2, 2)
        play(store, fake, declare(OLD + " Please.", canary), 4, 2)
        first, second = store.query(stored.found)
        assert (first.state, second.state, second.reference, second.number) == ("superseded", "running", 1, 3)
        with pytest.raises(ConfigurationError):
            candidates.settle(store, first.id, True, "ada", "", START)


def test_a_shadow_is_asked_beside_for_as_long_as_declared_and_reported_once() -> None:
    shadow = Shadow(candidate="heron", lasts="10h", share=0.5, margin=20)
    with Store.in_memory() as store:
        fake = Fake()
        play(store, fake, declare(shadow=shadow), 0, 16)
        (stand,) = store.query(stored.found)
        assert (stand.kind, stand.title, stand.state, stand.rounds) == ("endpoint", "heron against bot", "compared", 5)
        assert stand.verdict == "not_worse"
        assert len(told(store)) == 1
