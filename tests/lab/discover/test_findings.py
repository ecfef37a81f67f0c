"""Temperature ignored, replies cached: every liar is found, and nobody honest is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from prober.lab.discover.asker import PatientAsker
from prober.lab.discover.checks import (
    OPEN,
    SHARE,
    Checked,
    Variety,
    asks_for_logprobs,
    at_temperature,
    cache_finding,
    check,
    equal_share,
    temperature_of,
    variety_finding,
)
from prober.model.connection import Capabilities
from prober.model.declaration import Endpoint
from prober.model.reply import Reply
from tests.lab.discover.worlds import START, Clock, Gateway, Model, endpoint, prompt_only, whole_request


def checked(tmp_path: Path, provider: object, bot: Endpoint | None = None, budget: int = 50_000) -> Checked:
    clock = Clock()
    bot = bot or endpoint()
    with PatientAsker(provider, budget, 20, tmp_path / "progress.jsonl", clock, clock.pause) as asker:
        return check(asker, bot, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_an_honest_model_is_not_accused(tmp_path: Path, seed: int) -> None:
    assert checked(tmp_path, Model(seed=seed)) == Checked(None, "")


@pytest.mark.slow
@pytest.mark.parametrize("declared", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        (lambda: Gateway(Model(), temperature=0.0), "temperature_ignored"),
        (lambda: Gateway(Model(), temperature=1.0), "temperature_ignored"),
        (lambda: Gateway(Model(), key=whole_request), "reply_cache"),
        (lambda: Gateway(Model(), key=prompt_only), "reply_cache"),
        (lambda: Gateway(Model(), key=prompt_only, temperature=0.0), "reply_cache"),
    ],
    ids=["always-cold", "always-hot", "cached", "cached-by-prompt", "cold-and-cached"],
)
def test_a_dishonest_gateway_is_found(tmp_path: Path, provider, kind: str, declared: float) -> None:
    found = checked(tmp_path, provider(), endpoint(temperature=declared)).finding
    assert found is not None and found.kind == kind


def test_a_cache_as_slow_as_the_model_is_found_by_its_key(tmp_path: Path) -> None:
    class Slow(Gateway):
        def ask(self, *arguments) -> Reply:
            return replace(super().ask(*arguments), latency_s=0.5)

    found = checked(tmp_path, Slow(Model(), key=whole_request)).finding
    assert found is not None and found.kind == "reply_cache"
    assert "slightly different temperatures" in found.words


def test_prompts_that_are_read_once_only_are_no_cache_of_replies(tmp_path: Path) -> None:
    """Servers keep what they read of a prompt: a second ask is quicker, whatever it answers."""

    class Reads(Gateway):
        def ask(self, bot, probe, sample, now) -> Reply:
            known = any(probe.prompt.startswith(text) and text in self.kept for text in OPEN.values())
            reply = super().ask(bot, probe, sample, now)
            self.kept[probe.prompt] = reply
            return replace(reply, latency_s=0.02 if known else 0.5)

    found = checked(tmp_path, Reads(Model(), temperature=0.0)).finding
    assert found is not None and found.kind == "temperature_ignored"


def test_our_own_seed_is_blamed_before_anybody_else(tmp_path: Path) -> None:
    class Seeded(Model):
        def ask(self, bot, probe, sample, now) -> Reply:
            return super().ask(bot, probe, 0, now)

    found = checked(tmp_path, Seeded(), endpoint(seed=5)).finding
    assert found is not None and found.kind == "fixed_seed"
    unseeded = checked(tmp_path / "..", Gateway(Model(), temperature=0.0), endpoint()).finding
    assert unseeded is not None and unseeded.kind == "temperature_ignored"


def test_where_no_temperature_can_be_set_it_is_said(tmp_path: Path) -> None:
    bot = Endpoint(name="bot", provider="scripted", model="m")
    assert checked(tmp_path, Model(), bot).unchecked.startswith("temperature: it cannot be set")
    fixed = bot.model_copy(update={"model": "another"})
    found = checked(tmp_path, Gateway(Model(), temperature=0.0), fixed).finding
    assert found is not None and found.kind == "no_variety"


def test_a_model_that_takes_no_temperature_is_asked_as_declared(tmp_path: Path) -> None:
    class Strict(Model):
        def ask(self, bot, probe, sample, now) -> Reply:
            if "temperature" in bot.parameters:
                return Reply(at=now, error="unsupported_parameter")
            return super().ask(bot, probe, sample, now)

    bot = endpoint().model_copy(update={"parameters": {"max_tokens": 20}})
    assert checked(tmp_path, Strict(), bot) == Checked(
        None, "temperature: it cannot be set for this endpoint, so nobody can see whether it is ignored"
    )


def test_too_small_a_budget_promises_nothing(tmp_path: Path) -> None:
    found = checked(tmp_path, Gateway(Model(), temperature=0.0), budget=300)
    assert found.finding is None
    assert "too little budget" in found.unchecked


def test_checks_take_their_share_and_little_more(tmp_path: Path) -> None:
    clock = Clock()
    with PatientAsker(Model(reasoning=14), 5_000, 20, tmp_path / "progress.jsonl", clock, clock.pause) as asker:
        check(asker, endpoint(), seed=1)
        assert 0 < asker.spent < SHARE * 5_000 + 3 * 60


def test_a_cache_that_says_so_is_trusted() -> None:
    hit = Reply(at=START, error="invalid_reply", headers={"cf-aig-cache-status": "HIT"})
    found = cache_finding([hit, Reply(at=START, text="Tea")])
    assert found is not None and "Cloudflare's gateway" in found.words
    assert cache_finding([Reply(at=START, text="Tea", headers={"x-cache": "MISS"})]) is None


def test_pairs_are_counted_within_prompts() -> None:
    def replies(*texts: str) -> list[Reply]:
        return [Reply(at=START, text=text) for text in texts]

    assert equal_share([replies("a", "a", "b"), replies("a", "a", "a")]) == pytest.approx(4 / 6)
    assert equal_share([replies("a", "b")]) is None
    assert equal_share([]) is None
    assert variety_finding(Variety(repeated=[replies("a", "a")])) is None


def test_the_temperature_is_set_where_the_provider_wants_it() -> None:
    google = Endpoint(
        name="g",
        provider="google",
        model="m",
        parameters={"generationConfig": {"maxOutputTokens": 5, "temperature": 0}},
    )
    assert at_temperature(google, 0.5).parameters == {"generationConfig": {"maxOutputTokens": 5, "temperature": 0.5}}
    bare = google.model_copy(update={"parameters": {}})
    assert at_temperature(bare, 0.5).parameters == {"generationConfig": {"temperature": 0.5}}
    assert temperature_of(google.parameters) == 0
    assert temperature_of({"max_tokens": 5}) is None
    assert at_temperature(endpoint(), 0.5).parameters["temperature"] == 0.5
    assert at_temperature(Endpoint(name="s", provider="scripted", model="m"), 1.0) is None
    refusing = endpoint().model_copy(update={"capabilities": Capabilities(temperature=False)})
    assert at_temperature(refusing, 1.0) is None


def test_logprobs_are_asked_for_in_every_dialect() -> None:
    assert asks_for_logprobs({"logprobs": True})
    assert asks_for_logprobs({"generationConfig": {"responseLogprobs": True}})
    assert not asks_for_logprobs({"logprobs": False, "max_tokens": 5})
