"""Scripted worlds: what they say is a pure function, and each world changes when and as it says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from prober.asking import open_provider
from prober.asking.scripted import WORLDS, World
from prober.model.declaration import Check, Endpoint, Message, Probe, Tool
from prober.model.errors import ConfigurationError
from prober.model.reply import Reply

CHANGE = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE, AFTER, MUCH_LATER = CHANGE - timedelta(hours=1), CHANGE + timedelta(hours=1), CHANGE + timedelta(days=60)
CHOICE = Probe(id="animal", prompt="Pick a random animal. Reply with one word.")
PROSE = Probe(id="prose", prompt="Explain how photosynthesis produces oxygen.")
JSON = Probe(id="json", prompt="Name a city as a JSON object.", expect=(Check(type="is-json"),))


def endpoint(**parameters: object) -> Endpoint:
    declared = {"seed": 7, "changes_at": CHANGE.isoformat(), **parameters}
    declared = {name: value for name, value in declared.items() if value is not None}
    return Endpoint.model_validate({"name": "s", "provider": "scripted", "model": "m-1", "parameters": declared})


def world(name: str, **parameters: object) -> World:
    return World.of(endpoint(world=name, **parameters))


def replies(of: World, probe: Probe, now: datetime, count: int = 400) -> list[Reply]:
    return [of.reply(probe, sample, now) for sample in range(count)]


def texts(of: World, probe: Probe, now: datetime, count: int = 400) -> list[str]:
    return [reply.text or "" for reply in replies(of, probe, now, count)]


def distance(left: Sequence[str], right: Sequence[str]) -> float:
    """Total variation between two samples, 0 to 1."""
    a, b = Counter(left), Counter(right)
    return sum(abs(a[key] / len(left) - b[key] / len(right)) for key in a | b) / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("clustering", [None, 100])
def test_a_reply_is_a_pure_function(name: str, clustering: float | None) -> None:
    one, other = world(name, clustering=clustering), world(name, clustering=clustering)
    asks = [(probe, s, now) for probe in (CHOICE, PROSE, JSON) for s in range(5) for now in (BEFORE, AFTER)]
    backwards = {(*ask[1:], ask[0].id): other.reply(*ask) for ask in reversed(asks)}
    for probe, sample, now in asks:
        same_content = Probe.model_validate(probe.model_dump() | {"id": "renamed", "samples": 9})
        assert one.reply(same_content, sample, now) == backwards[sample, now, probe.id]


def test_seed_sample_time_and_content_each_matter() -> None:
    plain = world("still")
    assert texts(plain, CHOICE, BEFORE) != texts(world("still", seed=8), CHOICE, BEFORE)
    assert texts(plain, CHOICE, BEFORE) != texts(plain, CHOICE, AFTER)
    assert len(set(texts(plain, CHOICE, BEFORE))) > 3
    assert texts(plain, CHOICE, BEFORE) != texts(
        plain, CHOICE.model_copy(update={"prompt": CHOICE.prompt + "!"}), BEFORE
    )


def test_a_story_moved_in_time_stays_the_same():
    probe = Probe(id="p", prompt="Pick a random colour. Answer with one word.")
    told = []
    for start in (CHANGE, CHANGE + timedelta(days=400)):
        moved = World.of(
            Endpoint(
                name="s",
                provider="scripted",
                model="m",
                parameters={
                    "world": "swap",
                    "clustering": 50,
                    "starts_at": start.isoformat(),
                    "changes_at": (start + timedelta(days=5)).isoformat(),
                },
            )
        )
        told.append([moved.reply(probe, 0, start + timedelta(days=day)).text for day in range(10)])
    assert told[0] == told[1]
    assert len(set(told[0])) > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_nothing_changes_before_its_time_or_without_one(name: str) -> None:
    still = world("still")
    for probe in (CHOICE, PROSE, JSON):
        assert replies(world(name), probe, BEFORE, 50) == replies(still, probe, BEFORE, 50)
        assert replies(world(name, changes_at=None), probe, AFTER, 50) == replies(still, probe, AFTER, 50)
        assert replies(world(name, strength=0), probe, AFTER, 50) == replies(still, probe, AFTER, 50)


@pytest.mark.parametrize("name", [name for name, script in WORLDS.items() if script.change == "other"])
def test_worlds_of_another_model(name: str) -> None:
    sampled = world(name)
    share = {"swap": 1.0, "mixture": 1.0, "drift": 0.5, "transient": 1.0}[name]
    now = CHANGE + timedelta(days=15) if name == "drift" else AFTER
    assert sampled.share(now) == share
    still, moved = texts(world("still"), PROSE, now), texts(sampled, PROSE, now)
    met = sum(a != b for a, b in zip(still, moved, strict=True)) / len(still)
    assert met == pytest.approx(share * WORLDS[name].strength, abs=0.08)
    assert (sampled.share(MUCH_LATER) > 0) == (name != "transient")


@pytest.mark.slow
def test_swap_moves_the_choices_and_requantised_moves_them_less() -> None:
    still = texts(world("still"), CHOICE, AFTER, 3000)
    shifts = {name: distance(still, texts(world(name), CHOICE, AFTER, 3000)) for name in ("swap", "requantised")}
    assert 0.03 < shifts["requantised"] < shifts["swap"]
    again = distance(still, texts(world("still"), CHOICE, AFTER + timedelta(hours=1), 3000))
    assert again < 0.03 + 1 / 3000**0.5


def test_verbosity_is_longer() -> None:
    still, longer = (sum(map(len, texts(world(name), PROSE, AFTER))) for name in ("still", "verbosity"))
    assert longer / still == pytest.approx(1.5, abs=0.1)
    assert any("My answer is" in text for text in texts(world("verbosity"), CHOICE, AFTER))


def test_refusals_are_structured() -> None:
    refused = [reply for reply in replies(world("refusal"), CHOICE, AFTER) if reply.refusal]
    assert len(refused) / 400 == pytest.approx(0.3, abs=0.08)
    assert all(reply.answered and reply.finish_reason == "content_filter" for reply in refused)
    assert not any(reply.refusal for reply in replies(world("refusal"), CHOICE, BEFORE))


def test_format_adds_fences_and_blanks() -> None:
    assert all(json.loads(text) for text in texts(world("format"), JSON, BEFORE))
    assert all(text.startswith("```json\n") and text.endswith("\n```") for text in texts(world("format"), JSON, AFTER))
    assert all(text.startswith(" ") for text in texts(world("format"), CHOICE, AFTER))


def test_identity_rotates_and_the_answers_stay() -> None:
    identity = world("identity")
    before = {reply.system_fingerprint for reply in replies(identity, CHOICE, BEFORE)}
    after = {reply.system_fingerprint for reply in replies(identity, CHOICE, AFTER)}
    assert len(before) == len(after) == 2 and not before & after
    assert texts(identity, CHOICE, AFTER) == texts(world("still"), CHOICE, AFTER)


def test_an_outage_fails_for_a_day() -> None:
    failed = Counter(reply.error for reply in replies(world("outage"), CHOICE, AFTER))
    assert set(failed) == {"rate_limited", "provider_error"}
    assert all(reply.error_detail and not reply.answered for reply in replies(world("outage"), CHOICE, AFTER))
    assert all(reply.answered for reply in replies(world("outage"), CHOICE, CHANGE + timedelta(days=1)))


@pytest.mark.slow
def test_clustering_makes_days_differ_and_hours_of_a_day_not() -> None:
    clustered, noon = world("still", clustering=20), datetime(2026, 1, 5, 12, tzinfo=UTC)
    day = texts(clustered, CHOICE, noon, 3000)
    assert distance(day, texts(clustered, CHOICE, noon + timedelta(hours=3), 3000)) < 0.05
    others = [distance(day, texts(clustered, CHOICE, noon + timedelta(days=d), 3000)) for d in range(1, 6)]
    assert sum(others) / 5 > 0.1


@pytest.mark.parametrize(
    ("prompt", "answers"),
    [
        ("Flip a coin. Answer with only heads or tails.", {"heads", "tails"}),
        ("Choose at random from red, green, or blue.", {"red", "green", "blue"}),
        ("Answer with only yes, no or maybe: is water wet?", {"yes", "no", "maybe"}),
        ("Pick one word: alpha, beta, gamma and delta", {"alpha", "beta", "gamma", "delta"}),
        ("Pick a random number between 1 and 10.", set("123456789") | {"10"}),
    ],
)
def test_choices_are_among_what_was_offered(prompt: str, answers: set[str]) -> None:
    said = set(texts(world("still"), Probe(id="p", prompt=prompt), BEFORE))
    assert len(said) >= 2
    assert said <= answers


def test_expectations_are_met_nearly_always() -> None:
    for check, holds in (
        (Check(type="equals", value="4"), lambda text: text == "4"),
        (Check(type="contains", value="Paris"), lambda text: "Paris" in text),
    ):
        for prompt in ("What is it? Answer with only the answer.", "Tell me about it at length."):
            said = texts(world("still"), Probe(id="p", prompt=prompt, expect=(check,)), BEFORE)
            assert sum(map(holds, said)) / len(said) > 0.9


def test_tools_are_called_and_hostile_prompts_are_prompts() -> None:
    (reply,) = replies(world("still"), Probe(id="t", prompt="Go", tools=(Tool(name="look"),)), BEFORE, 1)
    assert [call.name for call in reply.tool_calls] == ["look"] and reply.finish_reason == "tool_calls"
    for prompt in ("{a} {0} %s \x00", "\U0001f600" * 50, "<!channel>", "JSON", "pick one of , , or ,"):
        assert world("still").reply(Probe(id="h", messages=(Message(role="user", content=prompt),)), 0, BEFORE).answered


def test_metadata_looks_like_a_providers() -> None:
    reply = world("still").reply(PROSE, 0, BEFORE)
    assert (reply.model, reply.at, reply.finish_reason) == ("m-1", BEFORE, "stop")
    assert reply.input_tokens and reply.output_tokens and reply.latency_s


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"world": "swop"}, "s.parameters.world: unknown world 'swop'; did you mean 'swap'?"),
        ({"world": "zzz"}, "s.parameters.world: unknown world 'zzz'; write one of still, swap"),
        ({"world": 3}, "unknown world 3"),
        ({"sed": 3}, "s.parameters.sed: unknown parameter 'sed'; did you mean 'seed'?"),
        ({"seed": "x"}, "s.parameters.seed: 'x' is not a whole number; write one such as 7"),
        ({"strength": 2}, "s.parameters.strength: 2 is not between 0 and 1"),
        ({"clustering": 0}, "s.parameters.clustering: 0 is not a positive number"),
        ({"changes_at": "soon"}, "s.parameters.changes_at: 'soon' is not a moment; write ISO 8601"),
        ({"changes_at": 5}, "s.parameters.changes_at: 5 is not a moment"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_fix(parameters: dict[str, object], words: str) -> None:
    declared = endpoint(**parameters)
    with pytest.raises(ConfigurationError) as raised:
        open_provider(declared).ask(declared, CHOICE, 0, BEFORE)
    assert words in str(raised.value)
    assert len(raised.value.problems) == 1


def test_every_wrong_parameter_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        world("swop", seed=0.5, strength=True, clustering="much", changes_at="soon", temperature=1)
    assert len(raised.value.problems) == 6


def test_the_provider_asks_the_world() -> None:
    declared = endpoint(world="swap")
    provider = open_provider(declared)
    assert provider.ask(declared, CHOICE, 3, AFTER) == World.of(declared).reply(CHOICE, 3, AFTER)
    provider.close()
