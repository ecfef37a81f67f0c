"""Facts: what is news, what is not, and how it is confirmed."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest

from prober.judging import facts
from prober.judging.facts import FactMemory
from prober.judging.facts.readings import is_requested, read
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def said(values, probe="p", tokens=20.0, check=None, text="yes", part="model"):
    """One reply a value, of one part."""
    return [
        Observation(
            series=f"series {probe}",
            probe=probe,
            sample=i,
            reply=Reply(at=NOON, text=text),
            fingerprint=Fingerprint(
                categories={f"identity.{part}": value} | ({} if check is None else {"expectation.all": check}),
                numbers={"identity.input_tokens": tokens},
            ),
        )
        for i, value in enumerate(values)
    ]


def round_of(i, observations, **known):
    return read(Round(f"{i:04}", "e", None, tuple(observations)), **known)


def told(rounds, again=None):
    """(round, kind, was, now) of every fact; `again`: round → what asking again brings."""
    memory, found = FactMemory(), []
    for i, observations in enumerate(rounds):
        once_more = None if again is None else round_of(i, again.get(i, ()))
        memory, new = facts.advance(memory, round_of(i, observations), once_more)
        memory = facts.decode(facts.encode(memory))
        found += [(int(fact.round), fact.kind, fact.was, fact.now) for fact in new]
    return found


def of_fingerprints(values, replies=4):
    return [
        said(value if isinstance(value, list) else [value] * replies, part="system_fingerprint") for value in values
    ]


def drawn(rng, names, rounds, replies=4):
    """Every reply has one of some names."""
    return [[rng.choice(names) for _ in range(replies)] for _ in range(rounds)]


def always_new(rng, rounds):
    """Every reply has a name of its own."""
    return [[f"fp{number}" for number in numbers] for numbers in drawn(rng, range(10**6), rounds)]


def turning(names, rounds):
    """Every round has one of some names."""
    return [names[i * 2 % len(names)] for i in range(rounds)]


RNG = random.Random(5)
WORLDS = {
    "still": (["a"] * 30, []),
    "another from the second changed round of a young endpoint": (["a", "a", "b", "b"], [(2, "fingerprint", "a", "b")]),
    "the same again is no news": (["a"] * 5 + ["b"] * 5 + ["a"] * 5 + ["b"] * 5, [(5, "fingerprint", "a", "b")]),
    "a third": (["a"] * 5 + ["b"] * 5 + ["c"] * 5, [(5, "fingerprint", "a", "b"), (10, "fingerprint", "b", "c")]),
    "new with every reply": (always_new(RNG, 60), []),
    "eight in turn, by reply": (drawn(RNG, "abcdefgh", 60), []),
    "five in turn, by round": (turning("abcde", 60), []),
    "five in turn, all replaced": (turning("abcde", 30) + turning("vwxyz", 30), [(30, "fingerprint", "a", "v")]),
    "one reply of another kind is confirmed when it comes again": (
        ["a"] * 9 + [["a", "a", "b", "a"]] + ["a"] * 9 + [["a", "b", "a", "a"]],
        [(9, "fingerprint", "a", "b")],
    ),
    "it ceases to be sent, and begins again": (
        ["a"] * 5 + ["(none)"] * 5 + ["a"] * 5,
        [(5, "fingerprint", "a", "(none)")],
    ),
    "it begins": (["(none)"] * 5 + ["a"] * 5, [(5, "fingerprint", "(none)", "a")]),
    "it becomes another with every reply": (
        ["a"] * 5 + always_new(RNG, 20),
        [(5, "fingerprint", "a", facts.VARIES)],
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_value_never_seen_is_news_where_the_part_is_settled(name):
    values, expected = WORLDS[name]
    assert told(of_fingerprints(values)) == expected


def test_another_model_name_is_a_fact_in_the_second_round_ever():
    assert told([said(["m-1"] * 4), said(["m-2"] * 4)]) == [(1, "model_name", "m-1", "m-2")]


def test_parts_stand_alone():
    """A fingerprint that is new with every reply hides no other model name."""
    rounds = []
    for i in range(60):
        observations = said([f"m-{1 if i < 40 else 2}"] * 4)
        for place, one in enumerate(observations):
            one.fingerprint.categories["identity.system_fingerprint"] = f"fp {i} {place}"
        rounds.append(observations)
    assert told(rounds) == [(40, "model_name", "m-1", "m-2")]


def test_token_counts_of_several_probes_are_one_fact():
    rounds = [[*said(["m"], "p", 20.0 + 2 * (i > 2)), *said(["m"], "q", 30.0 + 2 * (i > 2))] for i in range(6)]
    memory = FactMemory()
    for i, observations in enumerate(rounds):
        memory, found = facts.advance(memory, round_of(i, observations))
        if i == 3:
            assert [one.words for one in found] == [
                "input tokens of the same prompt: 20 → 22, seen in 2 of 2 replies to 2 probes"
            ]
        else:
            assert not found


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([["pass"] * 3] * 4 + [["fail"] * 3] * 3, [(4, "check", "holds", "fails")]),
        ([["pass"] * 3] * 4 + [["pass", "fail", "fail"], ["fail"] * 3], []),  # it fails now and then
        ([["pass"]] * 4 + [["fail"]] * 3, []),  # too few to say that it always held
        ([["fail"] * 3] * 4, []),
    ],
)
def test_a_check_that_always_held_and_holds_in_no_sample(outcomes, expected):
    rounds = [[one for outcome in round_ for one in said(["m"], check=outcome)] for round_ in outcomes]
    assert told(rounds) == expected


def test_empty_replies_where_they_never_were():
    rounds = [said(["m"] * 3)] * 4 + [said(["m"] * 3, text="")]
    assert told(rounds) == [(4, "empty", "not empty", "empty")]


def test_asking_again_confirms_at_once_or_not():
    rounds = [said(["m-1"])] * 3 + [said(["m-2"])] + [said(["m-1"])] * 3
    assert told(rounds, {3: said(["m-2"])}) == [(3, "model_name", "m-1", "m-2")]
    assert told(rounds, {3: said(["m-1"])}) == []
    # Where asking again was not possible, the next round confirms it.
    assert told([*rounds[:4], said(["m-2"])], {}) == [(3, "model_name", "m-1", "m-2")]


def test_a_check_that_holds_when_asked_again_is_no_fact():
    rounds = [[*said(["m"] * 3, check="pass")]] * 4 + [said(["m"] * 3, check="fail")] * 2
    assert told(rounds, {4: said(["m"], check="pass"), 5: said(["m"], check="fail")}) == []
    assert told(rounds, {4: said(["m"], check="fail")}) == [(4, "check", "holds", "fails")]


def test_what_is_asked_again_is_one_ask_for_each_kind_of_news():
    memory = facts.learn(round_of(i, [*said(["m-1"], "p"), *said(["m-1"], "q")]) for i in range(5))
    assert facts.ask_again(memory, round_of(5, said(["m-1"]))) == facts.Again()
    assert facts.ask_again(memory, round_of(5, said(["m-2"]))).series == ("series p",)
    both = round_of(5, [*said(["m-2"], "p", 21.0), *said(["m-2"], "q", 21.0)])
    assert facts.ask_again(memory, both).series == ("series p",)


def test_metadata_is_news_of_its_own():
    memory = facts.learn(round_of(i, said(["m"]), metadata={"digest": "1"}) for i in range(3))
    changed = round_of(3, said(["m"]), metadata={"digest": "2"})
    assert facts.ask_again(memory, changed) == facts.Again((), metadata=True)
    memory, found = facts.advance(memory, changed, changed)
    assert [one.words for one in found] == ["digest: 1 → 2"]
    # A round in which it did not answer says nothing.
    assert facts.advance(memory, round_of(4, said(["m"])), round_of(4, ()))[1] == ()


def test_it_is_over_when_only_known_values_come():
    memory = facts.learn(round_of(i, said(["m-1"] * 2)) for i in range(3))
    _, (fact,) = facts.advance(memory, round_of(3, said(["m-2"] * 2)))
    assert not facts.is_over(fact, round_of(4, said(["m-2"] * 2)))
    assert not facts.is_over(fact, round_of(4, said(["m-1", "m-2"])))
    assert facts.is_over(fact, round_of(4, said(["m-1"] * 2)))


@pytest.mark.parametrize(
    ("requested", "served", "is_it"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4", "gpt-4-0613", True),
        ("openai/gpt-5", "gpt-5", True),
        ("mistral-small-latest", "mistral-small-2506", True),
        ("gemini-2.5-flash", "models/gemini-2.5-flash-preview-09-2025", True),
        ("llama-3:free", "meta/llama-3", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20", False),
        ("gpt-3.5-turbo", "gpt-4-turbo", False),
        ("llama-3.1-70b", "llama-3.1-8b", False),
    ],
)
def test_a_snapshot_is_what_was_requested(requested, served, is_it):
    assert is_requested(requested, served) is is_it


def test_another_model_than_requested_is_a_fact_of_the_first_round():
    rounds = [said(["llama-8b"] * 2)] * 3
    memory, found = facts.advance(FactMemory(), round_of(0, rounds[0], requested="llama-70b"))
    assert [(one.kind, one.was, one.now) for one in found] == [("requested_model", "llama-70b", "llama-8b")]
    assert facts.advance(memory, round_of(1, rounds[1], requested="llama-70b"))[1] == ()


@pytest.mark.slow
def test_what_is_remembered_is_bounded():
    memory = FactMemory()
    for i in range(300):
        observations = said([f"fp {i} {j}" for j in range(20)], part="system_fingerprint")
        memory, _ = facts.advance(memory, round_of(i, observations))
    assert len(json.dumps(facts.encode(memory))) < 20_000
