"""The whole search, in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from prober.asking import Provider
from prober.lab.discover import Discovered, Search, discover
from prober.lab.discover.asker import PATIENCE
from prober.lab.discover.scan import ENOUGH, RUNGS
from prober.loading import reply_log
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError
from prober.model.reply import Reply
from tests.lab.discover.worlds import Clock, Faked, Gateway, Model, borders, endpoint, everyday, listing, whole_request

Run = Callable[..., Discovered]


@pytest.fixture
def search(tmp_path: Path) -> Run:
    def run(
        provider: Provider, budget: int = 12_000, bot: Endpoint | None = None, wanted: int = 4, seed: int = 0,
        name: str = "progress",
    ) -> Discovered:  # fmt: skip
        clock = Clock()
        return discover(
            bot or endpoint(), provider,
            Search(budget_tokens=budget, wanted=wanted, seed=seed, reply_limit=20, progress=tmp_path / f"{name}.jsonl"),
            clock=clock, pause=clock.pause,
        )  # fmt: skip

    return run


def ids(found: Discovered) -> list[str]:
    return [one.candidate.probe.id for one in found.chosen]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
def test_border_inputs_are_found_among_many_that_say_nothing(search: Run, seed: int) -> None:
    found = search(Model(borders(0.2)), seed=seed, wanted=3)
    assert len(found.chosen) == 3
    for one in found.chosen:
        assert set(one.answers) == {"Tea", "Oak"}
        assert len(one.replies) >= ENOUGH
    assert len(found.tried) >= 40
    assert found.findings == ()


@pytest.mark.slow
def test_the_budget_goes_to_those_that_promise_most(search: Run) -> None:
    found = search(Model(borders(0.2)), budget=20_000)
    dull = [one for one in found.tried if len(one.answers) == 1]
    assert all(len(one.replies) <= RUNGS[0] for one in dull)
    asked = sum(len(one.replies) for one in found.tried)
    assert sum(len(one.replies) for one in found.tried if len(one.answers) > 1) > asked / 2
    assert 0.8 * 20_000 < found.spent_tokens <= 20_000


@pytest.mark.slow
def test_the_found_are_better_than_the_first_that_come(search: Run) -> None:
    found = search(Model(everyday), budget=40_000, wanted=8)

    def truth(one) -> float:
        p = np.array(list(everyday(one.candidate.probe.prompt or "").values()))
        return float((1 - (p**2).sum()) / np.sqrt(max((p > 0.02).sum() - 1, 1)) / one.tokens_per_ask)

    best, any_ = np.mean([truth(one) for one in found.chosen]), np.mean([truth(one) for one in found.tried])
    assert best > 1.1 * any_
    assert len({one.candidate.kind for one in found.chosen}) >= 4


@pytest.mark.parametrize("stop", [1, 5, 37, 90, 200, 300])
@pytest.mark.slow
def test_a_search_that_was_stopped_goes_on_to_the_same_end(search: Run, stop: int) -> None:
    class Stopped(Model):
        def ask(self, bot: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            if len(self.asked) >= stop:
                raise KeyboardInterrupt
            return super().ask(bot, probe, sample, now)

    whole = Model(borders(0.2))
    undisturbed = search(whole, name="whole")
    first, second = Stopped(borders(0.2)), Model(borders(0.2))
    with pytest.raises(KeyboardInterrupt):
        search(first)
    resumed = search(second)
    assert ids(resumed) == ids(undisturbed)
    assert resumed.spent_tokens == undisturbed.spent_tokens
    assert resumed.recalled == stop
    assert sorted([*first.asked, *second.asked]) == sorted(whole.asked)


@pytest.mark.slow
def test_a_second_run_asks_nothing_new_and_a_larger_budget_goes_on(search: Run) -> None:
    model = Model(borders(0.2))
    first = search(model)
    asked = len(model.asked)
    again = search(model)
    assert (ids(again), len(model.asked)) == (ids(first), asked)
    assert again.asks == 0
    more = search(model, budget=24_000)
    assert len(more.tried) > len(first.tried)
    assert more.recalled >= asked
    assert len({*model.asked}) + 20 > len(model.asked) - 36  # checks ask one prompt at several temperatures


@pytest.mark.slow
def test_a_budget_below_what_was_spent_is_refused(search: Run) -> None:
    search(Model(borders(0.2)))
    with pytest.raises(ConfigurationError, match=r"tokens spent so far; raise --budget-tokens"):
        search(Model(borders(0.2)), budget=500)


@pytest.mark.slow
@pytest.mark.parametrize("budget", [1, 50, 150, 700, 3_000])
def test_no_budget_is_passed_however_small(search: Run, tmp_path: Path, budget: int) -> None:
    model = Model(borders(0.5), reasoning=12)
    found = search(model, budget=budget)
    logged = sum(line.reply.tokens or 0 for line in reply_log.read(tmp_path / "progress.jsonl"))
    assert found.spent_tokens == logged <= budget


@pytest.mark.slow
def test_the_same_seed_finds_the_same(search: Run) -> None:
    one, two = search(Model(everyday), name="a"), search(Model(everyday), name="b")
    assert ids(one) == ids(two)
    assert ids(search(Model(everyday), name="c", seed=9)) != ids(one)


@pytest.mark.slow
def test_an_endpoint_that_never_varies_has_no_probes(search: Run) -> None:
    found = search(Gateway(Model(everyday), temperature=0.0))
    assert found.chosen == ()
    assert [finding.kind for finding in found.findings] == ["temperature_ignored"]
    assert found.tried


def test_behind_a_cache_nothing_is_tried(search: Run) -> None:
    model = Model(everyday)
    found = search(Gateway(model, key=whole_request))
    assert [finding.kind for finding in found.findings] == ["reply_cache"]
    assert (found.tried, found.chosen) == ((), ())
    assert found.spent_tokens < 12_000 / 4


@pytest.mark.slow
def test_made_up_log_probabilities_are_found_on_the_way(search: Run) -> None:
    def of_another(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
        return listing(everyday(f"another {prompt}"))

    bot = endpoint(logprobs=True, top_logprobs=6)
    fake = search(Faked(Model(everyday), of_another), bot=bot, name="fake")
    assert [finding.kind for finding in fake.findings] == ["logprobs_disagree"]
    assert fake.chosen
    honest = search(Model(everyday, listed=6), bot=bot)
    assert (honest.findings, honest.unchecked) == ((), ())


@pytest.mark.slow
def test_choosing_the_most_balanced_accuses_nobody(search: Run) -> None:
    """The scan keeps prompts because of what was said: what is compared must not depend on that."""
    bot = endpoint(logprobs=True, top_logprobs=6)
    for seed in range(3):
        model = Model(everyday, listed=6, seed=seed)
        assert search(model, budget=20_000, bot=bot, seed=seed, name=str(seed)).findings == ()


@pytest.mark.slow
def test_log_probabilities_that_never_come_are_missed(search: Run) -> None:
    found = search(Model(everyday), bot=endpoint(logprobs=True))
    assert [finding.kind for finding in found.findings] == ["logprobs_missing"]
    assert search(Model(everyday), name="none").unchecked == (
        "log-probabilities: the endpoint's parameters do not ask for them",
    )


@pytest.mark.slow
def test_an_endpoint_that_goes_away_is_given_up_with_what_was_found(search: Run) -> None:
    class Dying(Model):
        def ask(self, bot: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            if len(self.asked) >= 300:
                return Reply(at=now, error="unreachable", error_detail="refused")
            return super().ask(bot, probe, sample, now)

    found = search(Dying(borders(0.2)))
    assert found.given_up is not None and found.given_up.error == "unreachable"
    assert found.tried
    back = search(Model(borders(0.2)))
    assert back.given_up is None
    assert back.recalled == 300


def test_a_cache_that_says_so_is_found_though_nothing_is_answered(search: Run) -> None:
    class Hit(Model):
        def ask(self, bot: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            self.asked.append((probe.id, sample))
            return Reply(at=now, error="invalid_reply", headers={"helicone-cache": "HIT"})

    model = Hit()
    found = search(model)
    assert [finding.kind for finding in found.findings] == ["reply_cache"]
    assert found.given_up is not None
    assert len(model.asked) <= PATIENCE + endpoint().concurrency


@pytest.mark.parametrize("text", ["", "\x00\ud800", "<!channel> [red]x", "# comment\nprobes: []", "x" * 100_000])
@pytest.mark.slow
def test_hostile_answers_are_answers(search: Run, text: str) -> None:
    class Hostile(Model):
        def ask(self, bot: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            reply = super().ask(bot, probe, sample, now)
            return reply if reply.text != "Tea" else Reply(at=now, text=text, input_tokens=20, output_tokens=1)

    found = search(Hostile(borders(0.5)))
    assert found.chosen
    assert all(len(one.answers) == 2 for one in found.chosen)
